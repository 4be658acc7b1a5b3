// tests/actors/protocol_layout.hpp: the bytes of a type in words, and whether its field list has all its members.
#pragma once

#include "actors/protocol/known_words.hpp"

#include <map>
#include <utility>

namespace rialto::actors::protocol {

struct anything {
  template <class T>
  operator T() const; // said, never made
};
template <class T, std::size_t... I>
constexpr bool is_made_of(std::index_sequence<I...>) {
  return requires {
    T{(void(I), anything{})...};
  };
}
/// Of an aggregate.
template <class T, std::size_t N = 0>
constexpr std::size_t members_of() {
  if constexpr (is_made_of<T>(std::make_index_sequence<N + 1>{}))
    return members_of<T, N + 1>();
  else
    return N;
}

template <class T>
constexpr std::size_t fields_of() {
  std::size_t count = std::tuple_size_v<decltype(std::declval<T&>().fields())>;
  if constexpr (requires(T & x) { x.passing_fields(); })
    count += std::tuple_size_v<decltype(std::declval<T&>().passing_fields())>;
  return count;
}

template <class T>
struct layout;
template <class T>
[[nodiscard]] std::string layout_of() {
  return layout<T>::text();
}
template <class Tuple>
struct layouts;
template <class... T>
struct layouts<std::tuple<T...>> {
  static std::string text() {
    return (std::string() + ... + (layout_of<std::remove_cvref_t<T>>() + ' '));
  }
};

/// Names of fields in their order, and what each is.
template <class T>
struct layout {
  static std::string text() {
    if constexpr (std::is_enum_v<T>) {
      constexpr auto range = words_of(T{});
      return "word " + std::to_string(static_cast<unsigned>(range.first)) + ".." +
             std::to_string(static_cast<unsigned>(range.last)) + " of " + std::to_string(sizeof(T));
    } else if constexpr (std::is_arithmetic_v<T>) {
      return (std::is_signed_v<T> ? 'i' : 'u') + std::to_string(8 * sizeof(T));
    } else if constexpr (requires(T & x) { x.fields(); }) {
      static_assert(fields_of<T>() == members_of<T>(), "RIALTO_FIELDS has every member");
      std::string all(T::field_names());
      all += " { " + layouts<decltype(std::declval<T&>().fields())>::text();
      if constexpr (requires(T & x) { x.passing_fields(); }) {
        all += "and " + std::string(T::passing_field_names()) + ' ';
        all += layouts<decltype(std::declval<T&>().passing_fields())>::text();
      }
      return all + '}';
    } else {
      return layout_of<decltype(T::value)>(); // a number with a unit
    }
  }
};
template <>
struct layout<std::string> {
  static std::string text() { return "text"; }
};
template <class T>
struct layout<std::vector<T>> {
  static std::string text() { return "list of " + layout_of<T>(); }
};
template <class K, class V>
struct layout<std::map<K, V>> {
  static std::string text() { return "map of " + layout_of<K>() + " to " + layout_of<V>(); }
};
template <class T>
struct layout<std::optional<T>> {
  static std::string text() { return "perhaps " + layout_of<T>(); }
};
template <class... T>
struct layout<std::variant<T...>> {
  static std::string text() { return "one of { " + layouts<std::tuple<T...>>::text() + '}'; }
};
template <>
struct layout<link_envelope> {
  static std::string text() {
    return layouts<std::tuple<entity_id, entity_id, std::uint64_t, link_message, std::uint64_t,
                              std::optional<order_view>>>::text();
  }
};

/// Of the items of a frame.
template <class Frame>
[[nodiscard]] std::string layout_of_items() {
  return layout_of<typename decltype(Frame::items)::value_type>();
}

} // namespace rialto::actors::protocol

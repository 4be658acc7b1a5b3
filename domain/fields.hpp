// domain/fields.hpp: one list of a struct's members, read by codecs, hashes, dumps and tests.
//
// The room: RIALTO_FIELDS(a, b, c) inside an aggregate names its members once. Journal codecs,
// state hashes and `journal dump` walk that list, so they cannot disagree about what a struct
// holds. The order is the wire order: append at the end, and give a changed layout a new version
// tag (storage/event_codec). The list has all members (tests/actors/protocol_test.cpp counts those
// that cross nodes); one that may not be written has a list of its own, RIALTO_PASSING_FIELDS.
#pragma once

#include <string_view>
#include <tuple>

#define RIALTO_FIELDS(...)                                                                         \
  [[nodiscard]] auto fields() {                                                                    \
    return std::tie(__VA_ARGS__);                                                                  \
  }                                                                                                \
  [[nodiscard]] auto fields() const {                                                              \
    return std::tie(__VA_ARGS__);                                                                  \
  }                                                                                                \
  [[nodiscard]] static constexpr std::string_view field_names() {                                  \
    return #__VA_ARGS__;                                                                           \
  }

/// For a struct without members.
#define RIALTO_NO_FIELDS()                                                                         \
  [[nodiscard]] std::tuple<> fields() const {                                                      \
    return {};                                                                                     \
  }                                                                                                \
  [[nodiscard]] static constexpr std::string_view field_names() {                                  \
    return "";                                                                                     \
  }

/// Members beside RIALTO_FIELDS that go from node to node and are written nowhere (byte_use::passing).
#define RIALTO_PASSING_FIELDS(...)                                                                 \
  [[nodiscard]] auto passing_fields() {                                                            \
    return std::tie(__VA_ARGS__);                                                                  \
  }                                                                                                \
  [[nodiscard]] auto passing_fields() const {                                                      \
    return std::tie(__VA_ARGS__);                                                                  \
  }                                                                                                \
  [[nodiscard]] static constexpr std::string_view passing_field_names() {                          \
    return #__VA_ARGS__;                                                                           \
  }

namespace rialto {

template <class T>
concept has_fields = requires(T x) {
  x.fields();
  { T::field_names() } -> std::convertible_to<std::string_view>;
};

} // namespace rialto

// domain/bytes.hpp: a struct to bytes and back, by its field list. Little-endian, no padding, no
// alignment.
//
// The room: snapshots, state hashes and the journal's event bodies all use this one encoding. Maps
// that are encoded must be ordered (std::map): iteration order is part of the bytes, and a reader takes
// no other. A reader never reads beyond its end: a short or bad input sets failed() and yields zeros.
//
// What goes from node to node (actors/protocol) has the same encoding, and the members beside that are written nowhere.
#pragma once

#include "domain/fields.hpp"
#include "domain/ring.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace rialto {

static_assert(std::endian::native == std::endian::little, "the journal is little-endian");

/// kept: written to a disk or into a hash. passing: between nodes, RIALTO_PASSING_FIELDS too.
enum class byte_use : std::uint8_t { kept, passing };

class byte_writer {
public:
  explicit byte_writer(std::string& out, byte_use use = byte_use::kept) : out_(out), use_(use) {}

  template <class T>
  void put(const T& x) {
    if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
      static_assert(!std::is_floating_point_v<T>, "money is never a float");
      char raw[sizeof(T)];
      std::memcpy(raw, &x, sizeof(T));
      out_.append(raw, sizeof(T));
    } else if constexpr (requires { x.fields(); }) {
      std::apply([this](const auto&... field) { (put(field), ...); }, x.fields());
      if constexpr (requires { x.passing_fields(); })
        if (use_ == byte_use::passing)
          std::apply([this](const auto&... field) { (put(field), ...); }, x.passing_fields());
    } else {
      put(x.value); // counted<> and ids
    }
  }
  void put(const std::string& x) {
    put(static_cast<std::uint32_t>(x.size()));
    out_.append(x);
  }
  template <class T>
  void put(const std::vector<T>& x) {
    put_range(x);
  }
  template <class T>
  void put(const std::deque<T>& x) {
    put_range(x);
  }
  template <class T>
  void put(const ring<T>& x) {
    put(static_cast<std::uint32_t>(x.size()));
    for (std::size_t i = 0; i < x.size(); ++i) put(x[i]);
  }
  template <class K, class V>
  void put(const std::map<K, V>& x) {
    put_range(x);
  }
  template <class A, class B>
  void put(const std::pair<A, B>& x) {
    put(x.first);
    put(x.second);
  }
  template <class T>
  void put(const std::optional<T>& x) {
    put(x.has_value());
    if (x) put(*x);
  }
  template <class T, std::size_t N>
  void put(const std::array<T, N>& x) {
    for (const auto& item : x) put(item);
  }
  template <class... T>
  void put(const std::variant<T...>& x) {
    put(static_cast<std::uint8_t>(x.index()));
    std::visit([this](const auto& held) { put(held); }, x);
  }

private:
  template <class Range>
  void put_range(const Range& x) {
    put(static_cast<std::uint32_t>(x.size()));
    for (const auto& item : x) put(item);
  }
  std::string& out_;
  byte_use use_;
};

class byte_reader {
public:
  explicit byte_reader(std::string_view in, byte_use use = byte_use::kept) : in_(in), use_(use) {}

  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] std::size_t left() const { return in_.size(); }
  [[nodiscard]] bool done() const { return !failed_ && in_.empty(); }
  /// One field, the last of all, may be missing; it then keeps its default.
  void expect_without_last() { lacks_last_ = true; }
  /// It was missing.
  [[nodiscard]] bool was_without_last() const { return lacked_last_; }
  /// Marks the input as bad; every later read yields zeros.
  void fail() {
    failed_ = true;
    in_ = {};
  }

  template <class T>
  void get(T& x) {
    if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
      if (in_.size() < sizeof(T)) {
        fail();
        x = T{};
        return;
      }
      if constexpr (std::is_same_v<T, bool>) { // another byte in a bool is undefined behaviour
        if (static_cast<unsigned char>(in_[0]) > 1) {
          fail();
          x = false;
          return;
        }
      }
      std::memcpy(&x, in_.data(), sizeof(T));
      in_.remove_prefix(sizeof(T));
    } else if constexpr (requires { x.fields(); }) {
      std::apply([this](auto&... field) { (get_field(field), ...); }, x.fields());
      if constexpr (requires { x.passing_fields(); })
        if (use_ == byte_use::passing)
          std::apply([this](auto&... field) { (get(field), ...); }, x.passing_fields());
    } else {
      get(x.value);
    }
  }
  void get(std::string& x) {
    const auto text = take(size());
    x.assign(text.data(), text.size());
  }
  template <class T>
  void get(std::vector<T>& x) {
    get_sequence(x);
  }
  template <class T>
  void get(std::deque<T>& x) {
    get_sequence(x);
  }
  template <class T>
  void get(ring<T>& x) {
    get_sequence(x);
  }
  template <class K, class V>
  void get(std::map<K, V>& x) {
    x.clear();
    for (auto n = size(); n > 0 && !failed_; --n) {
      std::pair<K, V> item;
      get(item.first);
      get(item.second);
      if (!x.empty() && !(x.rbegin()->first < item.first)) fail();
      if (!failed_) x.emplace_hint(x.end(), std::move(item));
    }
  }
  template <class T>
  void get(std::optional<T>& x) {
    const auto has = get<bool>();
    x.reset();
    if (has) get(x.emplace());
  }
  template <class T, std::size_t N>
  void get(std::array<T, N>& x) {
    for (auto& item : x) get(item);
  }
  template <class... T>
  void get(std::variant<T...>& x) {
    const auto index = get<std::uint8_t>();
    if (index >= sizeof...(T)) return fail();
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      ((I == index ? get(x.template emplace<I>()) : void()), ...);
    }
    (std::index_sequence_for<T...>{});
  }
  template <class T>
  [[nodiscard]] T get() {
    T x{};
    get(x);
    return x;
  }
  /// The next n bytes; empty and failed() if there are fewer.
  [[nodiscard]] std::string_view take(std::size_t n) {
    if (n > in_.size()) {
      fail();
      return {};
    }
    const auto text = in_.substr(0, n);
    in_.remove_prefix(n);
    return text;
  }

private:
  template <class T>
  void get_field(T& x) {
    if (lacks_last_ && in_.empty() && !failed_) {
      lacks_last_ = false; // a second one is too many
      lacked_last_ = true;
      x = T{};
      return;
    }
    get(x);
  }
  [[nodiscard]] std::uint32_t size() {
    const auto n = get<std::uint32_t>();
    if (n > in_.size()) { // every element takes at least a byte, so a larger count is garbage
      fail();
      return 0;
    }
    return n;
  }
  template <class Sequence>
  void get_sequence(Sequence& x) {
    x.clear();
    for (auto n = size(); n > 0 && !failed_; --n) get(x.emplace_back());
  }
  std::string_view in_;
  byte_use use_;
  bool failed_ = false, lacks_last_ = false, lacked_last_ = false;
};

template <class T>
[[nodiscard]] std::string to_bytes(const T& x) {
  std::string out;
  byte_writer{out}.put(x);
  return out;
}

/// A 64-bit hash of bytes (FNV-1a over 8-byte words, finished with a murmur mix). Stable: it is
/// written to snapshots.
[[nodiscard]] std::uint64_t hash64(std::string_view bytes, std::uint64_t seed = 0);

} // namespace rialto

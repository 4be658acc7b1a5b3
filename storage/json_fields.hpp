// storage/json_fields.hpp: any struct with RIALTO_FIELDS as a line of JSON, for dumps and the inspector.
//
// The room: every member by its name, in its order; members that hold secrets are left out whatever struct
// they are of. Counts of units are numbers.
#pragma once

#include "domain/fields.hpp"
#include "domain/words.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace rialto::storage {

/// A password or token hash, or the sealed secret of an API key: never in a dump.
inline bool is_secret(std::string_view field) {
  return field == "password_hash" || field == "refresh_hash" || field == "secret";
}

/// Bytes of the character `text` (not empty) starts with; 0 if it is not UTF-8.
inline std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((static_cast<unsigned char>(text[i]) & 0xc0) != 0x80) return 0;
  const auto second = static_cast<unsigned char>(text[1]);
  if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || // overlong, surrogate
      (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
    return 0;
  return length;
}

class json_writer {
public:
  explicit json_writer(std::string& out) : out_(out) {}

  void put(std::string_view text) {
    static constexpr char digits[] = "0123456789abcdef";
    out_ += '"';
    for (std::size_t at = 0; at < text.size();) {
      const auto byte = static_cast<unsigned char>(text[at]);
      const auto length = utf8_length(text.substr(at));
      if (length == 0) {
        out_ += "\\ufffd"; // not UTF-8: a line must stay readable by any JSON parser
      } else if (byte == '"' || byte == '\\') {
        out_ += '\\';
        out_ += text[at];
      } else if (byte < 0x20 || byte == 0x7f) {
        out_ += "\\u00";
        out_ += digits[byte >> 4];
        out_ += digits[byte & 15];
      } else {
        out_ += text.substr(at, length);
      }
      at += length == 0 ? 1 : length;
    }
    out_ += '"';
  }
  void put(bool x) { out_ += x ? "true" : "false"; }
  template <class T>
  requires(std::is_integral_v<T> && !std::is_same_v<T, bool>) void put(T x) {
    char text[24];
    const auto [end, problem] = std::to_chars(text, text + sizeof text, x);
    static_cast<void>(problem); // 24 characters hold any 64-bit number
    out_.append(text, end);
  }
  template <class T>
  requires std::is_enum_v<T>
  void put(T x) {
    if constexpr (requires { to_text(x); }) {
      if (const auto word = to_text(x); !word.empty()) return put(word);
    }
    put(static_cast<std::uint32_t>(x)); // reject_reason: its journal number
  }
  template <class T>
  void put(const std::optional<T>& x) {
    if (!x) {
      out_ += "null";
      return;
    }
    put(*x);
  }
  template <class T>
  void put(const std::vector<T>& all) {
    out_ += '[';
    bool is_first = true;
    for (const auto& one : all) {
      if (!is_first) out_ += ',';
      is_first = false;
      put(one);
    }
    out_ += ']';
  }
  template <class T>
  requires has_fields<T>
  void put(const T& x) {
    out_ += '{';
    put_fields(x, true);
    out_ += '}';
  }
  template <class T>
  requires(!has_fields<T> && requires(const T& x) { x.value; }) void put(const T& x) {
    put(x.value);
  }

  /// name:value pairs without the braces.
  template <class T>
  void put_fields(const T& x, bool is_first) {
    auto names = T::field_names();
    const auto put_one = [&](const auto& field) {
      const auto comma = names.find(',');
      auto name = names.substr(0, comma);
      names.remove_prefix(comma == std::string_view::npos ? names.size() : comma + 1);
      name.remove_prefix(std::min(name.find_first_not_of(" \n\t"), name.size()));
      if (is_secret(name)) return;
      if (!is_first) out_ += ',';
      is_first = false;
      put(name);
      out_ += ':';
      put(field);
    };
    std::apply([&](const auto&... field) { (put_one(field), ...); }, x.fields());
  }

private:
  std::string& out_;
};

/// {"id":7,"price":100,...}
template <class T>
[[nodiscard]] std::string fields_to_json(const T& x) {
  std::string out;
  json_writer(out).put(x);
  return out;
}

} // namespace rialto::storage

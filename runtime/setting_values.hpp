// runtime/setting_values.hpp: the kinds of value a setting can have, and the only way from text to them.
//
// The room: pure functions. read_value() says why not in one sentence that follows the setting's name
// ("must be ..."); text_of() writes what read_value() reads back to the same value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::runtime {

/// Bounds of a value; which of them count depends on its kind.
struct value_rule {
  std::int64_t min = 0;
  std::int64_t max = 0;                  // whole numbers: both ends inclusive; text: bytes at most
  std::vector<std::string> allowed = {}; // not empty: the text is one of these
};

/// An IP address with a port: "127.0.0.1:8080", "[::1]:8080" or "localhost:8080". Port 0: any free one.
struct listen_address {
  std::string host;
  std::uint16_t port = 0;

  [[nodiscard]] bool is_loopback() const;
  friend bool operator==(const listen_address&, const listen_address&) = default;
};

/// Where market data comes from: "none", "sim", "replay:FILE[@SPEED]" or "binance".
struct feed_choice {
  enum class kind : std::uint8_t { none, sim, replay, binance };
  kind source = kind::none;
  std::string file;                    // of a replay
  std::int64_t speed_permille = 1'000; // 1000: as recorded; 0: as fast as possible

  friend bool operator==(const feed_choice&, const feed_choice&) = default;
};

/// "a, b, c": no blanks inside a word.
struct word_list {
  std::vector<std::string> words;

  friend bool operator==(const word_list&, const word_list&) = default;
};

/// No control characters but tabs: what one line of a config file can hold.
[[nodiscard]] bool is_plain_text(std::string_view text);

/// Read `text` into `value`. True, or false with the broken rule in `why`; `value` is then unchanged.
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, std::string& value,
                              std::string& why);
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, std::int64_t& value,
                              std::string& why);
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, bool& value,
                              std::string& why);
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, listen_address& value,
                              std::string& why);
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, feed_choice& value,
                              std::string& why);
[[nodiscard]] bool read_value(std::string_view text, const value_rule&, word_list& value,
                              std::string& why);

[[nodiscard]] std::string text_of(const std::string& value);
[[nodiscard]] std::string text_of(std::int64_t value);
[[nodiscard]] std::string text_of(bool value);
[[nodiscard]] std::string text_of(const listen_address& value);
[[nodiscard]] std::string text_of(const feed_choice& value);
[[nodiscard]] std::string text_of(const word_list& value);

/// What the values look like, for help: "whole number, 1 to 64".
[[nodiscard]] std::string shape_of(const value_rule&, const std::string*);
[[nodiscard]] std::string shape_of(const value_rule&, const std::int64_t*);
[[nodiscard]] std::string shape_of(const value_rule&, const bool*);
[[nodiscard]] std::string shape_of(const value_rule&, const listen_address*);
[[nodiscard]] std::string shape_of(const value_rule&, const feed_choice*);
[[nodiscard]] std::string shape_of(const value_rule&, const word_list*);

} // namespace rialto::runtime

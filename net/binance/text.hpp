// net/binance/text.hpp: numbers and words as Binance's clients read them.
//
// The room: pure functions from units to text. A decimal is a string with eight decimals, never with an exponent; times are
// milliseconds, or microseconds where the request asks for them.
#pragma once

#include "domain/instrument.hpp"
#include "net/json.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <string_view>
#include <type_traits>

namespace rialto::net::binance {

enum class time_unit : std::uint8_t { millisecond, microsecond };

/// Appends texts and whole numbers as they are.
template <class... Pieces>
void add(std::string& out, const Pieces&... pieces) {
  const auto add_one = [&out](const auto& piece) {
    if constexpr (std::is_integral_v<std::decay_t<decltype(piece)>>) {
      char digits[24];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, piece).ptr);
    } else {
      out += piece;
    }
  };
  (add_one(pieces), ...);
}

[[nodiscard]] inline std::string decimal(amount_units amount) {
  return format_decimal8(amount.value, 8);
}
[[nodiscard]] inline std::string decimal(price_ticks price, const instrument& spec) {
  return format_decimal8(price.value * spec.tick_size.value, 8);
}
[[nodiscard]] inline std::string decimal(quantity_lots size, const instrument& spec) {
  return format_decimal8(size.value * spec.lot_size.value, 8);
}
/// 1000 ppm as "0.00100000".
[[nodiscard]] inline std::string decimal(rate_ppm rate) {
  return format_decimal8(rate.value * 100, 8);
}
[[nodiscard]] inline std::int64_t time_of(timestamp_ns at, time_unit unit) {
  return at.value / (unit == time_unit::millisecond ? 1'000'000 : 1'000);
}
/// A time sent by a client: 16 digits are microseconds, fewer milliseconds. Beyond the year 2255 all times are the same.
[[nodiscard]] inline timestamp_ns time_from(std::int64_t sent) {
  constexpr std::int64_t latest_ms = 9'000'000'000'000;
  if (sent >= 1'000'000'000'000'000) return {std::min(sent, latest_ms * 1'000) * 1'000};
  return {std::min(sent, latest_ms) * 1'000'000};
}
[[nodiscard]] inline std::string_view bool_text(bool value) {
  return value ? "true" : "false";
}

/// Joins what `put_one(out, item)` writes of each item: [a,b].
template <class Items, class Put>
void add_list(std::string& out, const Items& items, Put put_one) {
  out += '[';
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out += ',';
    is_first = false;
    put_one(item);
  }
  out += ']';
}

} // namespace rialto::net::binance

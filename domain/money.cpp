#include "domain/money.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

namespace {
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
}

std::optional<std::int64_t> parse_decimal8(std::string_view text) {
  if (text.empty() || text.size() > 40) return {};
  __int128 units = 0;
  int decimals = -1; // digits after the point; -1 before it
  bool has_digit = false;
  for (const char c : text) {
    if (c == '.') {
      if (decimals >= 0 || !has_digit) return {};
      decimals = 0;
    } else if (c >= '0' && c <= '9') {
      has_digit = true;
      if (decimals >= asset_decimals) {
        if (c != '0') return {};
        continue;
      }
      units = units * 10 + (c - '0');
      if (decimals >= 0) ++decimals;
      if (units > int64_max) return {};
    } else {
      return {};
    }
  }
  if (decimals == 0) return {}; // "1."
  for (int i = decimals < 0 ? 0 : decimals; i < asset_decimals; ++i) units *= 10;
  if (units > int64_max) return {};
  return static_cast<std::int64_t>(units);
}

std::string format_decimal8(std::int64_t units, int decimals_min) {
  const bool negative = units < 0;
  auto rest = negative ? 0 - static_cast<std::uint64_t>(units) : static_cast<std::uint64_t>(units);
  char digits[32];
  char* at = digits + sizeof digits;
  int decimals = asset_decimals;
  while (decimals > decimals_min && rest % 10 == 0) {
    rest /= 10;
    --decimals;
  }
  for (int i = 0; i < decimals; ++i, rest /= 10) *--at = static_cast<char>('0' + rest % 10);
  if (decimals > 0) *--at = '.';
  do {
    *--at = static_cast<char>('0' + rest % 10);
    rest /= 10;
  } while (rest != 0);
  if (negative) *--at = '-';
  return {at, static_cast<std::size_t>(digits + sizeof digits - at)};
}

std::optional<std::int64_t> scale(std::int64_t value, std::int64_t numerator,
                                  std::int64_t denominator, rounding way) {
  const auto product = static_cast<__int128>(value) * numerator;
  auto result = product / denominator;
  if (way == rounding::up && product % denominator != 0) ++result;
  if (result > int64_max) return {};
  return static_cast<std::int64_t>(result);
}

amount_units fee_on(amount_units received, rate_ppm rate) {
  // |rate| is at most 10^6 (check(instrument)), so the result never exceeds `received`.
  constexpr std::int64_t ppm = 1'000'000;
  std::int64_t product = 0;
  if (static_cast<std::uint64_t>(received.value) <= int64_max / 2 &&
      !__builtin_mul_overflow(received.value, rate.value, &product) &&
      product <= int64_max - ppm) // a 128-bit division costs ten times as much
    return {product > 0 ? (product + ppm - 1) / ppm : product / ppm};
  if (rate.value < 0) // and what is received with it stays an amount
    return {-std::min(*scale(received.value, -rate.value, 1'000'000, rounding::down),
                      int64_max - received.value)};
  return {*scale(received.value, rate.value, 1'000'000, rounding::up)};
}

} // namespace rialto

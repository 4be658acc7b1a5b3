// domain/money.hpp: integers with units, and the only way between them and text.
//
// The room: no floating point, no implicit way back to int64_t. A price is a count of ticks, a
// quantity a count of lots, an amount a count of the asset's smallest unit; instrument.hpp converts
// between them, exactly.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rialto {

/// A 64-bit count of one unit. Counts of different units neither compare nor add.
template <class Unit>
struct counted {
  std::int64_t value = 0;

  friend constexpr auto operator<=>(counted, counted) = default;
  friend constexpr counted operator+(counted a, counted b) { return {a.value + b.value}; }
  friend constexpr counted operator-(counted a, counted b) { return {a.value - b.value}; }
  constexpr counted operator-() const { return {-value}; }
  constexpr counted& operator+=(counted b) {
    value += b.value;
    return *this;
  }
  constexpr counted& operator-=(counted b) {
    value -= b.value;
    return *this;
  }
};

using price_ticks = counted<struct price_ticks_unit>;     // multiples of instrument.tick_size
using quantity_lots = counted<struct quantity_lots_unit>; // multiples of instrument.lot_size
using amount_units = counted<struct amount_units_unit>;   // the asset's smallest unit: 10^-8
using timestamp_ns = counted<struct timestamp_ns_unit>;   // since the Unix epoch, UTC
using rate_ppm = counted<struct rate_ppm_unit>;           // parts per million of an amount

/// Decimals of every asset: the smallest unit is 10^-8 of the whole one.
inline constexpr int asset_decimals = 8;
inline constexpr std::int64_t units_per_whole = 100'000'000;

/// Reads a plain decimal ("12", "0.00012300", at most 8 significant decimals, no sign, exponent or
/// blanks) as a count of 10^-8. Empty if malformed, longer than 40 characters, finer than 10^-8 or
/// above int64.
[[nodiscard]] std::optional<std::int64_t> parse_decimal8(std::string_view text);

/// Writes a count of 10^-8 with `decimals_min` to 8 decimals; trailing zeros beyond `decimals_min`
/// are dropped.
[[nodiscard]] std::string format_decimal8(std::int64_t units, int decimals_min = 0);

[[nodiscard]] inline std::optional<amount_units> parse_amount(std::string_view text) {
  const auto units = parse_decimal8(text);
  return units ? std::optional{amount_units{*units}} : std::nullopt;
}
[[nodiscard]] inline std::string format_amount(amount_units amount) {
  return format_decimal8(amount.value);
}

enum class rounding : std::uint8_t { down, up };

/// value * numerator / denominator in 128 bits, rounded as said (value >= 0, numerator >= 0,
/// denominator > 0). Empty on overflow of int64.
[[nodiscard]] std::optional<std::int64_t> scale(std::int64_t value, std::int64_t numerator,
                                                std::int64_t denominator, rounding way);

/// The fee on a received amount (received >= 0, |rate| <= 10^6 ppm), rounded up to the next smallest unit: against
/// the payer. A negative rate gives a rebate (a negative fee), whose size is rounded down: against who gets it.
[[nodiscard]] amount_units fee_on(amount_units received, rate_ppm rate);

} // namespace rialto

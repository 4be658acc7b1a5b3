// domain/instrument.hpp: what one market trades, and the exact way between text, ticks, lots and
// amounts.
//
// I1  tick_size x lot_size is a whole number of the quote asset's smallest unit, so every notional
// is exact and only
//     fees round. check() refuses an instrument for which this does not hold.
#pragma once

#include "domain/fee_schedule.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/order_filters.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rialto {

/// Open: trades. post_only: only orders that rest. cancel_only: no new order. halted: neither new
/// nor cancelled by users. auction: orders rest, crossed or not, until all trade at one price.
enum class market_status : std::uint8_t {
  open = 1,
  post_only = 2,
  cancel_only = 3,
  halted = 4,
  auction = 5
};

/// Why an auction runs: an operator called it, or a trade would have moved the price too far.
enum class auction_cause : std::uint8_t { called = 1, volatility = 2 };

/// How prices come about: users trade with each other, or a feed's book is laid in as liquidity of
/// the house.
enum class market_mode : std::uint8_t { own = 1, mirrored = 2 };

struct instrument {
  market_id market;
  std::string symbol;      // "BTCUSDT": 2 to 20 characters A-Z 0-9
  std::string base, quote; // "BTC", "USDT": 1 to 10 characters A-Z 0-9
  amount_units tick_size;  // quote units per whole base unit and tick
  amount_units lot_size;   // base units per lot
  amount_units notional_min;
  quantity_lots quantity_min{1}, quantity_max{9'000'000'000};
  rate_ppm maker_fee{1'000}, taker_fee{1'000}; // charged in the asset received
  rate_ppm collar{50'000};                     // market orders hold reference price x (1 + collar)
  market_status status = market_status::open;
  market_mode mode = market_mode::own;
  rate_ppm band;      // how far from the last price orders may be and execute; 0: anywhere
  rate_ppm halt_move; // a trade further from the window's price starts an auction; 0: none does
  std::int64_t halt_window_seconds = 300;
  std::int64_t halt_seconds = 300;   // how long an auction takes if nobody says otherwise
  std::vector<fee_tier> fee_tiers{}; // above maker_fee and taker_fee, which hold below the first
  order_filters filters{};

  /// Of a window or an auction.
  static constexpr std::int64_t span_seconds_max = 86'400;

  RIALTO_FIELDS(market, symbol, base, quote, tick_size, lot_size, notional_min, quantity_min,
                quantity_max, maker_fee, taker_fee, collar, status, mode, band, halt_move,
                halt_window_seconds, halt_seconds, fee_tiers, filters)
  friend bool operator==(const instrument&, const instrument&) = default;

  /// Quote units per tick and lot; whole by I1.
  [[nodiscard]] std::int64_t units_per_tick_lot() const {
    return static_cast<std::int64_t>(static_cast<__int128>(tick_size.value) * lot_size.value /
                                     units_per_whole);
  }
};

/// The field and the rule that an instrument breaks, as "lot_size: ..."; empty if it is sound.
[[nodiscard]] std::string check(const instrument& spec);

/// Reads "0.00012300" exactly. Empty if malformed, out of range, zero or between two ticks.
[[nodiscard]] std::optional<price_ticks> parse_price(std::string_view text, const instrument& spec);
/// Empty if malformed, out of range, zero or between two lots.
[[nodiscard]] std::optional<quantity_lots> parse_quantity(std::string_view text,
                                                          const instrument& spec);
/// Decimals as fine as the tick, no fewer: "61837.60".
[[nodiscard]] std::string format_price(price_ticks price, const instrument& spec);
[[nodiscard]] std::string format_quantity(quantity_lots size, const instrument& spec);

/// Price times size in quote units; exact by I1. Empty on overflow.
[[nodiscard]] inline std::optional<amount_units> notional(price_ticks price, quantity_lots size,
                                                          std::int64_t units_per_tick_lot) {
  std::int64_t ticks_lots = 0, units = 0;
  if (__builtin_mul_overflow(price.value, size.value, &ticks_lots)) return {};
  if (__builtin_mul_overflow(ticks_lots, units_per_tick_lot, &units)) return {};
  return amount_units{units};
}
[[nodiscard]] inline std::optional<amount_units> notional(price_ticks price, quantity_lots size,
                                                          const instrument& spec) {
  return notional(price, size, spec.units_per_tick_lot());
}
/// Lots in base units.
[[nodiscard]] std::optional<amount_units> base_amount(quantity_lots size, const instrument& spec);

} // namespace rialto

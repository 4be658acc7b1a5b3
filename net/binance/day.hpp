// net/binance/day.hpp: what tickers say of the last day, in REST and on streams. Pure functions of a look at a market.
#pragma once

#include "actors/gate.hpp"
#include "net/binance/text.hpp"
#include "storage/tape_store.hpp"

namespace rialto::net::binance {

/// A signed difference of prices.
[[nodiscard]] inline std::string change(price_ticks from, price_ticks to, const instrument& spec) {
  return format_decimal8((to.value - from.value) * spec.tick_size.value, 8);
}

/// How much more in percent, with three decimals, to the nearest: "-1.234".
[[nodiscard]] std::string percent(price_ticks from, price_ticks to);
/// Quote volume for base volume.
[[nodiscard]] std::string average(const candle& over, const instrument& spec);

struct trade_span {
  std::int64_t first = -1, last = -1;
};
/// Ids of the window's `count` trades, of which `last` is the newest; a market's are contiguous but for where a node
/// was ended.
[[nodiscard]] trade_span span_of(std::uint64_t last, std::uint64_t count);
/// The same of the trades that a look saw last.
[[nodiscard]] trade_span ids_of(storage::tape_store& tape, const actors::market_look& seen,
                                std::uint64_t count);
/// The price a window began with: of one without trades the last one.
[[nodiscard]] inline price_ticks opening_of(const actors::market_look& seen) {
  return seen.day.trades == 0 ? seen.last_price : seen.day.open;
}

} // namespace rialto::net::binance

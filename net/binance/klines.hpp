// net/binance/klines.hpp: ranges of candles as Binance asks for them: oldest first from a time on, or the newest up to
// one, in a time zone.
//
// The room: pure reading; any thread. What a candle of an interval is says domain/candle_series.hpp; here is which of them
// are wanted. Every call looks at a bounded number.
//
//   K1  in another time zone days, weeks and months begin there: they are summed from the longest stored candles that
//       divide interval and zone
//   K2  intervals in which there is no candle are left out
#pragma once

#include "domain/candle.hpp"
#include "domain/instrument.hpp"
#include "storage/tape_store.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace rialto::net::binance {

/// Hours and minutes east of UTC, from -12:00 to +14:00: "8", "-03:30". In nanoseconds.
[[nodiscard]] std::optional<std::int64_t> parse_time_zone(std::string_view text);

struct kline_request {
  market_id market;
  candle_interval interval = candle_interval::m1;
  std::int64_t offset_ns = 0;           // of the time zone
  std::optional<timestamp_ns> from, to; // of open times, both included
  std::uint32_t limit = 500;
  std::optional<candle> running; // of stored_base(): the candle of now
  timestamp_ns now;
};

/// The stored interval that those asked for are made of.
[[nodiscard]] candle_interval stored_base(candle_interval interval, std::int64_t offset_ns);
/// When the interval that holds `at` begins, and when the one that begins at `open` ends.
[[nodiscard]] timestamp_ns open_of(timestamp_ns at, candle_interval interval,
                                   std::int64_t offset_ns);
[[nodiscard]] timestamp_ns close_of(timestamp_ns open, candle_interval interval,
                                    std::int64_t offset_ns);
/// Takes what came later into a candle; one without trades says only that nothing happened.
void merge(candle& into, const candle& more);
/// What takers bought, in quote: their part of the volume at the average price, which is what a candle keeps.
[[nodiscard]] amount_units taker_quote(const candle& one);
/// The average price of the last average_minutes before `wish.now`; without a trade the last price.
inline constexpr int average_minutes = 5;
[[nodiscard]] std::string average_price(storage::tape_store& tape, const kline_request& wish,
                                        const instrument& spec, price_ticks last);
/// Oldest first: from `from` on, or the newest up to `to`.
[[nodiscard]] std::vector<candle> klines(storage::tape_store& tape, const kline_request& wish);

} // namespace rialto::net::binance

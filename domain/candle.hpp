// domain/candle.hpp: open, high, low, close and volume per interval, built from the tape.
//
// Intervals are aligned to the Unix epoch in UTC. A candle closes when a trade or the clock passes
// its end; an interval without a trade gets a flat candle at the last close, so a series has no
// holes while the market runs.
#pragma once

#include "domain/market_events.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace rialto {

enum class candle_interval : std::uint8_t {
  s1 = 1,
  m1 = 2,
  m5 = 3,
  m15 = 4,
  h1 = 5,
  h4 = 6,
  d1 = 7
};
inline constexpr candle_interval all_candle_intervals[] = {
  candle_interval::s1, candle_interval::m1, candle_interval::m5, candle_interval::m15,
  candle_interval::h1, candle_interval::h4, candle_interval::d1};
[[nodiscard]] std::int64_t length_ns(candle_interval interval);
[[nodiscard]] std::string_view to_string(candle_interval interval); // "1m"
[[nodiscard]] std::optional<candle_interval> parse_candle_interval(std::string_view text);

struct candle {
  timestamp_ns open_time;
  price_ticks open, high, low, close;
  quantity_lots volume, taker_buy_volume;
  amount_units quote_volume;
  std::uint64_t trades = 0;
  RIALTO_FIELDS(open_time, open, high, low, close, volume, taker_buy_volume, quote_volume, trades)
  friend bool operator==(const candle&, const candle&) = default;
};

/// Builds one market's candles of one interval. Flat candles are made for at most `flat_max` empty
/// intervals in a row; a longer silence is left as a gap.
class candle_builder {
public:
  explicit candle_builder(candle_interval interval, std::int64_t units_per_tick_lot,
                          std::uint32_t flat_max = 1'000);
  /// Takes a trade; appends candles that it closed. A trade older than the open candle is counted
  /// in late() and left out.
  void add(const tape_entry& trade, std::vector<candle>& closed);
  /// Time passes without a trade; appends candles that it closed.
  void advance(timestamp_ns now, std::vector<candle>& closed);
  /// Goes on from a stored open candle after a restart.
  void resume(const candle& open);
  [[nodiscard]] const std::optional<candle>& current() const { return open_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }

private:
  candle_interval interval_;
  std::int64_t units_per_tick_lot_;
  std::uint32_t flat_max_;
  std::optional<candle> open_; // without a trade yet: flat at the last close
  std::uint32_t flats_ = 0;    // flat ones closed in a row
  std::uint64_t late_ = 0;
};

} // namespace rialto

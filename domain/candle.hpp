// domain/candle.hpp: open, high, low, close and volume per interval, built from the tape.
//
// Intervals are aligned to the Unix epoch in UTC, weeks to Monday and months to their first day. A candle closes when a trade or the clock passes
// its end; an interval without a trade gets a flat candle at the last close, so a series has no
// holes while the market runs. Of a time in which trades could not be heard nothing is made: what
// ran then is partial, and silence is a hole.
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
  d1 = 7,
  // Derived from the ones above when they are read (candle_series.hpp).
  m3 = 8,
  m30 = 9,
  h2 = 10,
  h6 = 11,
  h8 = 12,
  h12 = 13,
  d3 = 14,
  w1 = 15,
  month = 16
};
/// Those that are built and stored, shortest first.
inline constexpr candle_interval all_candle_intervals[] = {
  candle_interval::s1, candle_interval::m1, candle_interval::m5, candle_interval::m15,
  candle_interval::h1, candle_interval::h4, candle_interval::d1};
/// Those that are derived, shortest first.
inline constexpr candle_interval derived_candle_intervals[] = {
  candle_interval::m3, candle_interval::m30, candle_interval::h2,
  candle_interval::h6, candle_interval::h8,  candle_interval::h12,
  candle_interval::d3, candle_interval::w1,  candle_interval::month};
inline constexpr std::string_view candle_interval_names =
  "1s, 1m, 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w, 1M";
[[nodiscard]] bool is_derived(candle_interval interval);
/// What a derived one is made of: the longest stored one of which it is a whole number.
[[nodiscard]] candle_interval base_of(candle_interval interval);
/// A month: 31 days. Ends are told by end_of().
[[nodiscard]] std::int64_t length_ns(candle_interval interval);
/// The start of the interval that `at` falls into.
[[nodiscard]] timestamp_ns start_of(candle_interval interval, timestamp_ns at);
/// The end of the interval that starts at `open_time`: the start of the next one.
[[nodiscard]] timestamp_ns end_of(candle_interval interval, timestamp_ns open_time);
[[nodiscard]] std::string_view to_string(candle_interval interval); // "1m"
[[nodiscard]] std::optional<candle_interval> parse_candle_interval(std::string_view text);

struct candle {
  timestamp_ns open_time;
  price_ticks open, high, low, close;
  quantity_lots volume, taker_buy_volume;
  amount_units quote_volume;
  std::uint64_t trades = 0;
  bool is_open = false;      // kept while it runs; replaced without a word
  bool is_partial = false;   // something is missing: candles it is made of, or trades
  bool is_corrected = false; // once closed with other values
  RIALTO_FIELDS(open_time, open, high, low, close, volume, taker_buy_volume, quote_volume, trades,
                is_open, is_partial, is_corrected)
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
  /// True: from now on trades happen that nobody hears of. False: they are all heard from `now` on.
  void set_deaf(bool is_deaf, timestamp_ns now);
  [[nodiscard]] const std::optional<candle>& current() const { return open_; }
  [[nodiscard]] std::uint64_t late() const { return late_; }

private:
  candle_interval interval_;
  std::int64_t units_per_tick_lot_;
  std::uint32_t flat_max_;
  std::optional<candle> open_; // without a trade yet: flat at the last close
  std::uint32_t flats_ = 0;    // flat ones closed in a row
  std::uint64_t late_ = 0;
  bool is_deaf_ = false;
  bool knows_price_ =
    true; // a trade was heard since the deaf time, so silence means that nobody trades
  timestamp_ns heard_from_;
};

} // namespace rialto

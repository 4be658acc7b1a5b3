#include "domain/candle.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

struct interval_row {
  candle_interval interval;
  std::int64_t seconds;
  std::string_view name;
};
constexpr interval_row rows[] = {
  {candle_interval::s1, 1, "1s"},      {candle_interval::m1, 60, "1m"},
  {candle_interval::m5, 300, "5m"},    {candle_interval::m15, 900, "15m"},
  {candle_interval::h1, 3'600, "1h"},  {candle_interval::h4, 14'400, "4h"},
  {candle_interval::d1, 86'400, "1d"},
};

const interval_row& row_of(candle_interval interval) {
  const auto at = std::find_if(std::begin(rows), std::end(rows),
                               [&](const auto& row) { return row.interval == interval; });
  return at == std::end(rows) ? rows[0] : *at;
}

/// The start of the interval that `at` falls into.
timestamp_ns start_of(timestamp_ns at, std::int64_t length) {
  auto rest = at.value % length;
  if (rest < 0) rest += length;
  return {at.value - rest};
}

candle flat(timestamp_ns at, price_ticks price) {
  candle made;
  made.open_time = at;
  made.open = made.high = made.low = made.close = price;
  return made;
}

/// Volumes stop at the largest number rather than wrap.
template <class Count>
void add_capped(Count& sum, Count more) {
  if (__builtin_add_overflow(sum.value, more.value, &sum.value)) sum.value = int64_max;
}

} // namespace

std::int64_t length_ns(candle_interval interval) {
  return row_of(interval).seconds * second_ns;
}

std::string_view to_string(candle_interval interval) {
  return row_of(interval).name;
}

std::optional<candle_interval> parse_candle_interval(std::string_view text) {
  for (const auto& row : rows)
    if (row.name == text) return row.interval;
  return {};
}

candle_builder::candle_builder(candle_interval interval, std::int64_t units_per_tick_lot,
                               std::uint32_t flat_max)
    : interval_(interval), units_per_tick_lot_(units_per_tick_lot), flat_max_(flat_max) {}

void candle_builder::advance(timestamp_ns now, std::vector<candle>& closed) {
  const auto length = length_ns(interval_);
  const auto start = start_of(now, length);
  if (!open_ || start <= open_->open_time) return;
  if (open_->trades > 0) {
    flats_ = 0;
    closed.push_back(*open_);
  } else if (flats_ < flat_max_) {
    ++flats_;
    closed.push_back(*open_);
  }
  const auto close = open_->close;
  for (auto at = open_->open_time.value + length; at < start.value && flats_ < flat_max_;
       at += length, ++flats_)
    closed.push_back(flat({at}, close));
  open_ = flat(start, close);
}

void candle_builder::add(const tape_entry& trade, std::vector<candle>& closed) {
  advance(trade.at, closed);
  const auto start = start_of(trade.at, length_ns(interval_));
  if (!open_) open_ = flat(start, trade.price);
  if (start < open_->open_time) {
    ++late_;
    return;
  }
  auto& now = *open_;
  if (now.trades == 0)
    now.open = now.high = now.low = trade.price; // the flat one gets its own open
  now.high = std::max(now.high, trade.price);
  now.low = std::min(now.low, trade.price);
  now.close = trade.price;
  add_capped(now.volume, trade.size);
  if (!trade.buyer_is_maker) add_capped(now.taker_buy_volume, trade.size);
  const auto value = notional(trade.price, trade.size, units_per_tick_lot_);
  add_capped(now.quote_volume, value.value_or(amount_units{int64_max}));
  ++now.trades;
}

void candle_builder::resume(const candle& open) {
  open_ = open;
  flats_ = 0;
}

} // namespace rialto

#include "domain/candle.hpp"

#include <algorithm>
#include <chrono>
#include <limits>

namespace rialto {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

struct interval_row {
  candle_interval interval;
  std::int64_t seconds;
  std::string_view name;
  candle_interval base;
};
using i = candle_interval; // keeps the table narrow
constexpr interval_row rows[] = {
  {i::s1, 1, "1s", i::s1},       {i::m1, 60, "1m", i::m1},
  {i::m3, 180, "3m", i::m1},     {i::m5, 300, "5m", i::m5},
  {i::m15, 900, "15m", i::m15},  {i::m30, 1'800, "30m", i::m15},
  {i::h1, 3'600, "1h", i::h1},   {i::h2, 7'200, "2h", i::h1},
  {i::h4, 14'400, "4h", i::h4},  {i::h6, 21'600, "6h", i::h1},
  {i::h8, 28'800, "8h", i::h4},  {i::h12, 43'200, "12h", i::h4},
  {i::d1, 86'400, "1d", i::d1},  {i::d3, 259'200, "3d", i::d1},
  {i::w1, 604'800, "1w", i::d1}, {i::month, 2'678'400, "1M", i::d1},
};
constexpr std::int64_t monday_ns = 4 * 86'400 * second_ns; // 1970-01-05, the first one

const interval_row& row_of(candle_interval interval) {
  const auto at = std::find_if(std::begin(rows), std::end(rows),
                               [&](const auto& row) { return row.interval == interval; });
  return at == std::end(rows) ? rows[0] : *at;
}

timestamp_ns start_of(timestamp_ns at, std::int64_t length, std::int64_t offset = 0) {
  auto rest = (at.value - offset) % length;
  if (rest < 0) rest += length;
  return {at.value - rest};
}

std::chrono::year_month month_of(timestamp_ns at) {
  using namespace std::chrono;
  const year_month_day day(floor<days>(sys_time<nanoseconds>(nanoseconds(at.value))));
  return day.year() / day.month();
}

timestamp_ns first_of(std::chrono::year_month month) {
  using namespace std::chrono;
  return {sys_time<nanoseconds>(sys_days(month / 1)).time_since_epoch().count()};
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

bool is_derived(candle_interval interval) {
  return base_of(interval) != interval;
}

candle_interval base_of(candle_interval interval) {
  return row_of(interval).base;
}

timestamp_ns start_of(candle_interval interval, timestamp_ns at) {
  if (interval == candle_interval::month) return first_of(month_of(at));
  return start_of(at, length_ns(interval), interval == candle_interval::w1 ? monday_ns : 0);
}

timestamp_ns end_of(candle_interval interval, timestamp_ns open_time) {
  if (interval == candle_interval::month)
    return first_of(month_of(open_time) + std::chrono::months(1));
  return {open_time.value + length_ns(interval)};
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
  } else if (flats_ < flat_max_ && !open_->is_partial) {
    ++flats_;
    closed.push_back(*open_);
  }
  if (is_deaf_ || !knows_price_) {
    open_.reset();
    return;
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
  if (!open_) {
    open_ = flat(start, trade.price);
    open_->is_partial = is_deaf_ || start < heard_from_;
  }
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
  knows_price_ |= !is_deaf_;
}

void candle_builder::resume(const candle& open) {
  open_ = open;
  open_->is_open = false; // how it is stored, not what it will be
  open_->is_partial |= is_deaf_ || open_->open_time < heard_from_;
  flats_ = 0;
}

void candle_builder::set_deaf(bool is_deaf, timestamp_ns now) {
  is_deaf_ = is_deaf;
  knows_price_ = false;
  heard_from_ = now;
  if (open_) open_->is_partial = true;
}

} // namespace rialto

#include "domain/candle_series.hpp"

#include <algorithm>
#include <limits>
#include <tuple>

namespace rialto {

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

auto prices_of(const candle& one) {
  return std::tie(one.open, one.high, one.low, one.close, one.volume);
}
auto details_of(const candle& one) {
  return std::tie(one.taker_buy_volume, one.quote_volume, one.trades);
}
/// Some sources tell prices and volume alone.
bool says_less(const candle& one) {
  return one.volume.value > 0 && details_of(one) == details_of(candle{});
}

/// Volumes stop at the largest number rather than wrap.
template <class Count>
void add_capped(Count& sum, Count more) {
  if (__builtin_add_overflow(sum.value, more.value, &sum.value)) sum.value = int64_max;
}

void add_part(candle& sum, const candle& part) {
  sum.high = std::max(sum.high, part.high);
  sum.low = std::min(sum.low, part.low);
  sum.close = part.close;
  add_capped(sum.volume, part.volume);
  add_capped(sum.taker_buy_volume, part.taker_buy_volume);
  add_capped(sum.quote_volume, part.quote_volume);
  sum.trades += part.trades;
  sum.is_partial |= part.is_partial || part.is_open;
  sum.is_corrected |= part.is_corrected;
}

} // namespace

candle_change take_candle(candle& known, const candle& next) {
  const bool is_final = !known.is_open && !known.is_partial;
  if (is_final && (next.is_open || next.is_partial)) return candle_change::same;
  if (!known.is_open && next.is_open) return candle_change::same;
  const bool are_equal = prices_of(known) == prices_of(next);
  const bool is_mark_kept = known.is_open == next.is_open && known.is_partial == next.is_partial;
  if (are_equal && is_mark_kept && (details_of(known) == details_of(next) || says_less(next)))
    return candle_change::same;
  const bool is_correction = is_final && (!are_equal || !says_less(known));
  const bool was_corrected = known.is_corrected;
  known = next;
  known.is_corrected |= was_corrected || is_correction;
  return is_correction ? candle_change::corrected : candle_change::completed;
}

std::vector<candle> roll_up(const std::vector<candle>& parts, candle_interval shorter,
                            candle_interval longer, timestamp_ns closed_by) {
  std::vector<candle> made;
  timestamp_ns end{std::numeric_limits<std::int64_t>::min()};
  std::int64_t count = 0;
  const auto finish = [&] {
    if (made.empty()) return;
    auto& last = made.back();
    last.is_open = end > closed_by;
    if (last.is_open)
      last.is_partial = false; // what is missing may only not have happened yet
    else
      last.is_partial |= count != (end.value - last.open_time.value) / length_ns(shorter);
  };
  for (const auto& part : parts) {
    if (part.open_time < end) {
      add_part(made.back(), part);
      ++count;
      continue;
    }
    finish();
    made.push_back(part);
    made.back().is_partial |= part.is_open;
    made.back().open_time = start_of(longer, part.open_time);
    end = end_of(longer, made.back().open_time);
    count = 1;
  }
  finish();
  return made;
}

std::vector<candle_gap> gaps_of(const std::vector<candle>& candles, candle_interval interval) {
  std::vector<candle_gap> found;
  for (std::size_t i = 1; i < candles.size(); ++i) {
    const auto from = end_of(interval, candles[i - 1].open_time);
    const auto to = candles[i].open_time;
    if (from < to) found.push_back({from, to, (to.value - from.value) / length_ns(interval)});
  }
  return found;
}

} // namespace rialto

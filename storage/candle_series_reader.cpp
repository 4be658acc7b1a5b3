#include "storage/candle_series_reader.hpp"

#include "domain/candle_series.hpp"

#include <algorithm>

namespace rialto::storage {

namespace {

constexpr timestamp_ns latest{9'000'000'000'000'000'000}; // the year 2255: a month more still fits

/// Puts the running candle where it belongs, unless a closed one is there.
void join(std::vector<candle>& stored, std::optional<candle> running, const candle_wish& wish) {
  if (!running || running->open_time < wish.from || running->open_time >= wish.to) return;
  running->is_open = true;
  const auto at = std::lower_bound(
    stored.begin(), stored.end(), running->open_time,
    [](const candle& one, timestamp_ns open_time) { return one.open_time < open_time; });
  if (at == stored.end())
    stored.push_back(*running);
  else if (at->open_time == running->open_time && at->is_open)
    *at = *running;
}

void keep_newest(std::vector<candle>& candles, std::uint32_t limit) {
  if (candles.size() > limit) candles.erase(candles.begin(), candles.end() - limit);
}

/// Parts of the newest `windows` windows at least, oldest first; pages go backwards.
std::vector<candle> read_parts(tape_store& tape, const candle_wish& parts, candle_interval interval,
                               std::uint32_t windows) {
  std::vector<candle> pages; // newest first
  auto cursor = parts.to;
  std::uint32_t seen = 0;
  timestamp_ns window{-1};
  for (;;) {
    const auto page = tape.candles(parts.market, parts.interval, parts.from, cursor, parts.limit);
    for (auto one = page.rbegin(); one != page.rend(); ++one) {
      const auto start = start_of(interval, one->open_time);
      if (start != window) ++seen;
      window = start;
      pages.push_back(*one);
    }
    if (page.size() < parts.limit || seen > windows) break;
    cursor = page.front().open_time;
  }
  std::reverse(pages.begin(), pages.end());
  return pages;
}

std::vector<candle> derive(tape_store& tape, candle_wish wish, const std::optional<candle>& running,
                           timestamp_ns now) {
  const auto base = base_of(wish.interval);
  candle_wish parts{wish.market, base, start_of(wish.interval, wish.from), {}, 0};
  if (parts.from < wish.from) parts.from = end_of(wish.interval, parts.from);
  parts.to = end_of(wish.interval, start_of(wish.interval, {wish.to.value - 1}));
  if (parts.from >= parts.to) return {};
  const auto parts_each = length_ns(wish.interval) / length_ns(base);
  parts.limit = static_cast<std::uint32_t>(
    std::min<std::int64_t>(tape_store::rows_max, (std::int64_t{wish.limit} + 1) * parts_each));
  auto stored = read_parts(tape, parts, wish.interval, wish.limit);
  join(stored, running, parts);
  // A window that the running part belongs to is open, even when the clock has just passed its end.
  const auto closed_by = running ? std::min(now, running->open_time) : now;
  return roll_up(stored, base, wish.interval, closed_by);
}

} // namespace

std::vector<candle> read_candles(tape_store& tape, const candle_wish& wish,
                                 const std::optional<candle>& running, timestamp_ns now) {
  auto bounded = wish;
  bounded.limit = std::min(wish.limit, tape_store::rows_max);
  bounded.to = std::min(wish.to, latest);
  if (bounded.from >= bounded.to || bounded.limit == 0) return {};
  std::vector<candle> made;
  if (is_derived(wish.interval)) {
    made = derive(tape, bounded, running, now);
  } else {
    made = tape.candles(wish.market, wish.interval, bounded.from, bounded.to, bounded.limit);
    join(made, running, bounded);
    for (auto& one : made) // what a crash left open is all there will ever be of it
      one.is_open = (one.is_open && running && one.open_time >= running->open_time) ||
                    end_of(wish.interval, one.open_time) > now;
  }
  keep_newest(made, bounded.limit);
  return made;
}

} // namespace rialto::storage

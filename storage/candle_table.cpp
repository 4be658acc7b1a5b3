#include "storage/candle_table.hpp"

#include <algorithm>
#include <tuple>

namespace rialto::storage {

namespace {

constexpr std::int64_t mark_open = 1, mark_partial = 2, mark_corrected = 4;
constexpr std::uint32_t no_limit = UINT32_MAX;

constexpr std::string_view columns =
  "open_time, open, high, low, close, volume, taker_buy_volume, quote_volume, trades, marks";

candle read(const statement& row) {
  candle one;
  int column = 0;
  std::apply([&](auto&... field) { ((field.value = row.integer(column++)), ...); },
             std::tie(one.open_time, one.open, one.high, one.low, one.close, one.volume,
                      one.taker_buy_volume, one.quote_volume));
  one.trades = row.number(column++);
  const auto marks = row.integer(column);
  one.is_open = (marks & mark_open) != 0;
  one.is_partial = (marks & mark_partial) != 0;
  one.is_corrected = (marks & mark_corrected) != 0;
  return one;
}

std::int64_t marks_of(const candle& one) {
  return (one.is_open ? mark_open : 0) | (one.is_partial ? mark_partial : 0) |
         (one.is_corrected ? mark_corrected : 0);
}

} // namespace

candle_table::candle_table(database& on) {
  const auto select = std::string("SELECT ").append(columns).append(" FROM candles ");
  newest_ = on.prepare(select + "WHERE market = ? AND interval = ? AND open_time >= ? AND "
                                "open_time < ? ORDER BY open_time DESC LIMIT ?");
  known_ = on.prepare(select + "WHERE market = ? AND interval = ? AND open_time = ?");
  put_ = on.prepare(std::string("INSERT OR REPLACE INTO candles(market, interval, ")
                      .append(columns)
                      .append(") VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
}

void candle_table::newest(market_id market, candle_interval interval, timestamp_ns from,
                          timestamp_ns to, std::uint32_t limit,
                          const std::function<void(const candle&)>& take) {
  newest_.with(market, interval, from, to, limit);
  while (newest_.step()) take(read(newest_));
}

std::optional<candle_change> candle_table::put(market_id market, candle_interval interval,
                                               candle& next) {
  std::optional<candle_change> change;
  known_.with(market, interval, next.open_time);
  if (known_.step()) {
    auto known = read(known_);
    known_.reset();
    change = take_candle(known, next);
    next = known;
  }
  if (change != candle_change::same)
    put_.run(market, interval, next.open_time, next.open, next.high, next.low, next.close,
             next.volume, next.taker_buy_volume, next.quote_volume, next.trades, marks_of(next));
  return change;
}

void candle_table::put_counted(market_id market, candle_interval interval, candle next,
                               bool is_counted, candle_import& done) {
  const auto change = put(market, interval, next);
  if (change == candle_change::corrected) done.corrections.push_back({interval, next});
  if (!is_counted) return;
  if (!change)
    ++done.added;
  else if (*change == candle_change::same)
    ++done.same;
  else if (*change == candle_change::completed)
    ++done.completed;
  else
    ++done.corrected;
}

/// Window by window of those that a new candle falls into; neighbours are read together.
void candle_table::roll_up_into(market_id market, candle_interval shorter, candle_interval longer,
                                const std::vector<candle>& closed, timestamp_ns closed_by,
                                candle_import& done) {
  std::vector<candle> parts;
  for (std::size_t i = 0; i < closed.size();) {
    const auto from = start_of(longer, closed[i].open_time);
    auto to = from;
    for (; i < closed.size() && start_of(longer, closed[i].open_time) <= to; ++i)
      to = end_of(longer, start_of(longer, closed[i].open_time));
    parts.clear();
    newest(market, shorter, from, to, no_limit, [&](const candle& one) { parts.push_back(one); });
    std::reverse(parts.begin(), parts.end());
    for (const auto& made : roll_up(parts, shorter, longer, closed_by))
      put_counted(market, longer, made, false, done);
  }
}

candle_import candle_table::import_all(market_id market, candle_interval interval,
                                       const std::vector<candle>& closed, timestamp_ns closed_by) {
  candle_import done;
  for (const auto& one : closed) put_counted(market, interval, one, true, done);
  auto shorter = interval;
  for (const auto longer : all_candle_intervals) {
    if (length_ns(longer) <= length_ns(interval)) continue;
    roll_up_into(market, shorter, longer, closed, closed_by, done);
    shorter = longer;
  }
  auto& all = done.corrections;
  std::stable_sort(all.begin(), all.end(),
                   [](const auto& a, const auto& b) { return a.now.open_time < b.now.open_time; });
  if (all.size() > tape_store::corrections_max)
    all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(tape_store::corrections_max));
  return done;
}

} // namespace rialto::storage

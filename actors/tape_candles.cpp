#include "actors/tape_candles.hpp"

#include "actors/past_candles.hpp"
#include "domain/candle_series.hpp"

#include <algorithm>

namespace rialto::actors {

namespace {
constexpr std::int64_t disorder_ns =
  10'000'000'000; // a feed's trades have its times, ours have ours
} // namespace

std::vector<tape_entry> trades_since(storage::tape_store& tape, market_id market,
                                     timestamp_ns from) {
  std::vector<tape_entry> newest;
  std::uint64_t before = 0;
  for (bool is_more = true; is_more && newest.size() < trades_read_max;) {
    const auto page = tape.trades(market, before, storage::tape_store::rows_max);
    is_more = page.size() == storage::tape_store::rows_max;
    for (const auto& one : page) {
      if (one.at.value < from.value - disorder_ns) {
        is_more = false;
        break;
      }
      if (one.at >= from) newest.push_back(one);
    }
    if (!page.empty()) before = page.back().trade.value;
  }
  std::reverse(newest.begin(), newest.end());
  return newest;
}

tape_end candles_of_tape_end(storage::tape_store& tape, market_id market, const instrument& spec) {
  tape_end end;
  auto& made = end.candles;
  const auto last = tape.trades(market, 0, 1);
  if (last.empty()) return end;
  const auto at = last.front().at;
  const auto minute = start_of(candle_interval::m1, at);
  const auto trades = trades_since(tape, market, minute);
  end.last_trade = trades.empty() ? 0 : trades.back().trade.value;
  std::optional<candle> of_minute;
  for (const auto interval : {candle_interval::s1, candle_interval::m1}) {
    candle_builder builder(interval, spec.units_per_tick_lot());
    std::vector<candle> closed;
    for (const auto& one : trades) builder.add(one, closed);
    if (!builder.current()) return {};
    made.emplace_back(interval, *builder.current());
    of_minute = builder.current();
  }
  for (const auto interval : all_candle_intervals) {
    if (interval <= candle_interval::m1) continue;
    const auto begin = start_of(interval, at);
    const auto stored = tape.candles(market, interval, begin, {begin.value + 1}, 1);
    auto minutes = tape.candles(market, candle_interval::m1, begin, minute, 1'440);
    minutes.push_back(*of_minute);
    auto rolled = roll_up(minutes, candle_interval::m1, interval, begin).back();
    // The stored one may lack the last seconds, and the sum the minutes that were never stored.
    const bool is_stored_better = !stored.empty() && stored.front().trades > rolled.trades;
    auto& one = made.emplace_back(interval, is_stored_better ? stored.front() : rolled).second;
    one.is_partial =
      is_stored_better ? stored.front().is_partial : !stored.empty() && stored.front().is_partial;
  }
  return end;
}

void go_on_with_tape(storage::tape_store& tape, market_id market, market_faces& face) {
  if (face.candles.current(candle_interval::s1)) return; // a restarted actor goes on with the face
  const auto end = candles_of_tape_end(tape, market, face.market.spec());
  for (const auto& [interval, open] : end.candles) face.candles.resume(interval, open);
  face.candles.leave_out(end.last_trade);
}

void make_candles_anew(storage::tape_store& tape, const public_faces& faces, edge& out,
                       market_id market, timestamp_ns from, timestamp_ns now) {
  const auto face = faces.find(market);
  if (!face) return;
  const auto spec = face->market.spec();
  const auto trades = trades_since(tape, market, start_of(candle_interval::m1, from));
  const auto closed_of = [&](candle_interval interval) {
    candle_builder builder(interval, spec.units_per_tick_lot());
    std::vector<candle> closed;
    for (const auto& one : trades) builder.add(one, closed);
    builder.advance(now, closed);
    const auto running = face->candles.current(interval);
    std::erase_if(closed, [&](const candle& one) {
      return running && one.open_time >= running->open_time; // it has all of its trades
    });
    return closed;
  };
  const auto seconds = closed_of(candle_interval::s1);
  if (!seconds.empty()) {
    const timestamp_ns to{seconds.back().open_time.value + 1};
    const auto before = tape.candles(market, candle_interval::s1, seconds.front().open_time, to,
                                     storage::tape_store::rows_max);
    tape.put_candles(market, candle_interval::s1, seconds);
    auto after = tape.candles(market, candle_interval::s1, seconds.front().open_time, to,
                              storage::tape_store::rows_max);
    std::erase_if(after, [&](const candle& one) {
      return std::find(before.begin(), before.end(), one) != before.end();
    });
    if (after.size() > storage::tape_store::corrections_max)
      after.erase(after.begin(), after.end() - storage::tape_store::corrections_max);
    std::vector<channel_message> messages;
    face->candles.correct(candle_interval::s1, after, messages);
    out.broadcast(std::move(messages));
  }
  const auto minutes = closed_of(candle_interval::m1);
  if (!minutes.empty())
    take_past_candles(tape, faces, out, market, candle_interval::m1, minutes, now);
}

} // namespace rialto::actors

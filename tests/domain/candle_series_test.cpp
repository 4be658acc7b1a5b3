#include "domain/candle_series.hpp"
#include "domain/time_text.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace rialto;
using rialto::testing::seeds;

namespace {

constexpr std::int64_t minute = 60'000'000'000;
constexpr timestamp_ns far_future{9'000'000'000'000'000'000};

timestamp_ns at(const char* text) {
  return *parse_time(text);
}

candle sample() {
  candle made;
  made.open_time = {7 * minute};
  made.open = {10};
  made.high = {12};
  made.low = {9};
  made.close = {11};
  made.volume = {100};
  made.taker_buy_volume = {40};
  made.quote_volume = {1'050};
  made.trades = 5;
  return made;
}

candle changed(candle one, void (*how)(candle&)) {
  how(one);
  return one;
}

/// S3 in the plainest way: every window looks at every part.
std::vector<candle> slow_roll_up(const std::vector<candle>& parts, candle_interval shorter,
                                 candle_interval longer, timestamp_ns closed_by) {
  std::map<std::int64_t, std::vector<candle>> windows;
  for (const auto& part : parts) windows[start_of(longer, part.open_time).value].push_back(part);
  std::vector<candle> made;
  for (const auto& [start, mine] : windows) {
    candle sum;
    sum.open_time = {start};
    sum.open = mine.front().open;
    sum.close = mine.back().close;
    sum.low = mine.front().low;
    bool is_whole = true;
    for (const auto& one : mine) {
      sum.high = std::max(sum.high, one.high);
      sum.low = std::min(sum.low, one.low);
      sum.volume += one.volume;
      sum.taker_buy_volume += one.taker_buy_volume;
      sum.quote_volume += one.quote_volume;
      sum.trades += one.trades;
      is_whole = is_whole && !one.is_partial && !one.is_open;
      sum.is_corrected = sum.is_corrected || one.is_corrected;
    }
    const auto end = end_of(longer, sum.open_time);
    for (auto moment = sum.open_time; moment < end; moment = end_of(shorter, moment))
      is_whole = is_whole && std::any_of(mine.begin(), mine.end(), [&](const candle& one) {
                   return one.open_time == moment;
                 });
    sum.is_open = end > closed_by;
    sum.is_partial = !sum.is_open && !is_whole;
    made.push_back(sum);
  }
  return made;
}

} // namespace

TEST_CASE("candle_series: every interval starts where its calendar says") {
  struct row {
    candle_interval interval;
    const char* start;
    const char* end;
  };
  const auto moment = at("2024-02-29T13:47:12.345Z"); // a Thursday
  const row rows[] = {
    {candle_interval::m3, "2024-02-29T13:45:00Z", "2024-02-29T13:48:00Z"},
    {candle_interval::m30, "2024-02-29T13:30:00Z", "2024-02-29T14:00:00Z"},
    {candle_interval::h2, "2024-02-29T12:00:00Z", "2024-02-29T14:00:00Z"},
    {candle_interval::h6, "2024-02-29T12:00:00Z", "2024-02-29T18:00:00Z"},
    {candle_interval::h8, "2024-02-29T08:00:00Z", "2024-02-29T16:00:00Z"},
    {candle_interval::h12, "2024-02-29T12:00:00Z", "2024-03-01T00:00:00Z"},
    {candle_interval::d3, "2024-02-29T00:00:00Z", "2024-03-03T00:00:00Z"}, // 6,594 x 3 days
    {candle_interval::w1, "2024-02-26T00:00:00Z", "2024-03-04T00:00:00Z"}, // a Monday
    {candle_interval::month, "2024-02-01T00:00:00Z", "2024-03-01T00:00:00Z"},
    {candle_interval::d1, "2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"},
  };
  for (const auto& one : rows) {
    CAPTURE(to_string(one.interval));
    CHECK(start_of(one.interval, moment) == at(one.start));
    CHECK(end_of(one.interval, at(one.start)) == at(one.end));
    CHECK(start_of(one.interval, at(one.start)) == at(one.start));
    CHECK(start_of(one.interval, {at(one.end).value - 1}) == at(one.start));
  }
  CHECK(end_of(candle_interval::month, at("2023-12-01T00:00:00Z")) == at("2024-01-01T00:00:00Z"));
  for (const auto interval : derived_candle_intervals) {
    CHECK(is_derived(interval));
    CHECK(parse_candle_interval(to_string(interval)) == interval);
    CHECK_FALSE(is_derived(base_of(interval)));
    CHECK(length_ns(interval) % length_ns(base_of(interval)) == 0);
  }
  for (const auto interval : all_candle_intervals) CHECK_FALSE(is_derived(interval));
}

TEST_CASE("candle_series: what is final, what completes, what corrects") {
  const auto known = sample();
  const auto other = changed(known, [](candle& c) { c.high = {13}; });
  const auto less = changed(known, [](candle& c) {
    c.taker_buy_volume = {};
    c.quote_volume = {};
    c.trades = 0;
  });
  const auto open = changed(other, [](candle& c) { c.is_open = true; });
  const auto partial = changed(other, [](candle& c) { c.is_partial = true; });
  struct row {
    candle known, next;
    candle_change change;
    bool is_corrected;
    bool is_next_kept;
  };
  const row rows[] = {
    {known, known, candle_change::same, false, true},
    {known, other, candle_change::corrected, true, true},
    {known, less, candle_change::same, false, false},
    {less, known, candle_change::completed, false, true},
    {less, less, candle_change::same, false, true},
    {known, open, candle_change::same, false, false},
    {open, known, candle_change::completed, false, true},
    {open, open, candle_change::same, false, true},
    {known, partial, candle_change::same, false, false},
    {partial, known, candle_change::completed, false, true},
    {partial, open, candle_change::same, false, false},
    {partial, other, candle_change::completed, false, true},
    {open, partial, candle_change::completed, false, true},
  };
  for (std::size_t i = 0; i < std::size(rows); ++i) {
    CAPTURE(i);
    auto kept = rows[i].known;
    CHECK(take_candle(kept, rows[i].next) == rows[i].change);
    CHECK(kept.is_corrected == rows[i].is_corrected);
    kept.is_corrected = false;
    CHECK(kept == (rows[i].is_next_kept ? rows[i].next : rows[i].known));
  }
  auto kept = known;
  take_candle(kept, other);
  take_candle(kept, known); // back again: it was corrected all the same
  CHECK(kept.is_corrected);
  CHECK(take_candle(kept, known) == candle_change::same);
  CHECK(kept.is_corrected);
}

TEST_CASE("candle_series: a longer candle is the sum of its parts, whatever is missing") {
  constexpr std::pair<candle_interval, candle_interval> ways[] = {
    {candle_interval::m1, candle_interval::m5},   {candle_interval::m1, candle_interval::m3},
    {candle_interval::m15, candle_interval::m30}, {candle_interval::h1, candle_interval::h6},
    {candle_interval::h4, candle_interval::d1},   {candle_interval::d1, candle_interval::d3},
    {candle_interval::d1, candle_interval::w1},   {candle_interval::d1, candle_interval::month}};
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    simulation::random random(seed);
    const auto [shorter, longer] = ways[random.below(std::size(ways))];
    std::vector<candle> parts;
    auto moment = start_of(shorter, at("2024-01-20T05:00:00Z"));
    for (int i = 0; i < 200; ++i) {
      moment = end_of(shorter, moment);
      if (random.below(8) == 0) continue;
      candle one;
      one.open_time = moment;
      one.open.value = 100 + static_cast<std::int64_t>(random.below(100));
      one.close.value = 100 + static_cast<std::int64_t>(random.below(100));
      one.high.value =
        std::max(one.open, one.close).value + static_cast<std::int64_t>(random.below(9));
      one.low.value =
        std::min(one.open, one.close).value - static_cast<std::int64_t>(random.below(9));
      one.volume.value = static_cast<std::int64_t>(random.below(1'000));
      one.taker_buy_volume.value = one.volume.value / 3;
      one.quote_volume.value = one.volume.value * 150;
      one.trades = random.below(50);
      one.is_partial = random.below(30) == 0;
      one.is_open = random.below(40) == 0;
      one.is_corrected = random.below(20) == 0;
      parts.push_back(one);
    }
    const auto closed_by = random.below(2) == 0 ? far_future : parts[parts.size() / 2].open_time;
    CHECK(roll_up(parts, shorter, longer, closed_by) ==
          slow_roll_up(parts, shorter, longer, closed_by));
  }
  CHECK(roll_up({}, candle_interval::m1, candle_interval::h1, far_future).empty());
}

TEST_CASE("candle_series: gaps are told with their first missing candle and their length") {
  std::vector<candle> candles(4);
  candles[0].open_time = {10 * minute};
  candles[1].open_time = {11 * minute};
  candles[2].open_time = {296 * minute};
  candles[3].open_time = {298 * minute};
  const std::vector<candle_gap> wanted{{{12 * minute}, {296 * minute}, 284},
                                       {{297 * minute}, {298 * minute}, 1}};
  CHECK(gaps_of(candles, candle_interval::m1) == wanted);
  CHECK(gaps_of({}, candle_interval::m1).empty());
}

#include "domain/candle_series.hpp"
#include "storage/candle_series_reader.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr market_id btc{1};
constexpr std::int64_t minute_ns = 60'000'000'000, hour_ns = 60 * minute_ns, day_ns = 24 * hour_ns;

std::vector<candle> series(candle_interval interval, std::size_t count, std::int64_t from = 0) {
  std::vector<candle> made(count);
  for (std::size_t i = 0; i < count; ++i) {
    auto& one = made[i];
    const auto n = static_cast<std::int64_t>(i);
    one.open_time.value = from + n * length_ns(interval);
    one.open = one.low = {100 + n % 7};
    one.close = one.high = {110 + n % 11};
    one.volume = {1 + n % 5};
    one.trades = 2;
  }
  return made;
}

std::vector<std::int64_t> opens(const std::vector<candle>& all, std::int64_t unit) {
  std::vector<std::int64_t> made;
  for (const auto& one : all) made.push_back(one.open_time.value / unit);
  return made;
}

} // namespace

TEST_CASE("candle_series_reader: the running candle follows the stored ones, a closed one stays") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  auto stored = series(candle_interval::m1, 3);
  stored[2].is_open = true;
  tape->put_candles(btc, candle_interval::m1, stored);
  auto running = stored[2];
  running.is_open = false;
  running.close = {105};
  const auto read = [&](std::int64_t from, std::int64_t to, std::uint32_t limit) {
    return read_candles(*tape, {btc, candle_interval::m1, {from}, {to}, limit}, running,
                        {2 * minute_ns + 5});
  };
  auto all = read(0, INT64_MAX, 10);
  REQUIRE(all.size() == 3);
  CHECK(all[2].close.value == 105);
  CHECK(all[2].is_open);
  CHECK_FALSE(all[1].is_open);
  CHECK(opens(read(0, INT64_MAX, 2), minute_ns) == std::vector<std::int64_t>{1, 2});
  CHECK(read(0, 2 * minute_ns, 10).size() == 2);
  CHECK(read(2 * minute_ns, 2 * minute_ns, 10).empty());
  running = stored[1]; // closed and stored meanwhile
  running.close = {1};
  CHECK(read(0, INT64_MAX, 10)[1].close == stored[1].close);
  running.open_time.value = 3 * minute_ns;
  all = read(0, INT64_MAX, 10);
  CHECK(opens(all, minute_ns) == std::vector<std::int64_t>{0, 1, 2, 3});
  CHECK_FALSE(all[1].is_open);
}

TEST_CASE("candle_series_reader: derived intervals are the sums of all their parts, page by page") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  const auto days = series(candle_interval::d1, 12'000); // more than one page, until 2002
  tape->put_candles(btc, candle_interval::d1, days);
  const timestamp_ns now{days.back().open_time.value + day_ns};
  const auto months =
    read_candles(*tape, {btc, candle_interval::month, {0}, {INT64_MAX}, 1'000}, {}, now);
  CHECK(months == roll_up(days, candle_interval::d1, candle_interval::month, now));
  REQUIRE(months.size() == 395);
  CHECK(months.back().is_open);
  const auto some =
    read_candles(*tape, {btc, candle_interval::month, {0}, {INT64_MAX}, 12}, {}, now);
  CHECK(some == std::vector<candle>(months.end() - 12, months.end()));
  // Paging back with `to` gives the same series.
  std::vector<candle> paged;
  for (timestamp_ns to{INT64_MAX};;) {
    const auto page = read_candles(*tape, {btc, candle_interval::month, {0}, to, 100}, {}, now);
    if (page.empty()) break;
    paged.insert(paged.begin(), page.begin(), page.end());
    to = page.front().open_time;
  }
  CHECK(paged == months);
  const auto weeks =
    read_candles(*tape, {btc, candle_interval::w1, {0}, {60 * day_ns}, 100}, {}, now);
  CHECK(opens(weeks, day_ns) == std::vector<std::int64_t>{4, 11, 18, 25, 32, 39, 46, 53});
  CHECK_FALSE(weeks[0].is_partial);
}

TEST_CASE("candle_series_reader: the running part makes the running derived candle") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  const auto hours = series(candle_interval::h1, 3);
  tape->put_candles(btc, candle_interval::h1, hours);
  auto running = series(candle_interval::h1, 1, 3 * hour_ns)[0];
  running.high = {500};
  const auto read = [&](std::int64_t now) {
    return read_candles(*tape, {btc, candle_interval::h2, {0}, {INT64_MAX}, 10}, running, {now});
  };
  const auto all = read(3 * hour_ns + 1);
  REQUIRE(all.size() == 2);
  CHECK_FALSE(all[0].is_open);
  CHECK(all[1].is_open);
  CHECK_FALSE(all[1].is_partial);
  CHECK(all[1].high.value == 500);
  CHECK(all[1].volume == hours[2].volume + running.volume);
  CHECK(read(4 * hour_ns + 1)[1].is_open); // the clock has passed its end, the candle maker has not
}

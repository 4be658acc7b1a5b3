#include "domain/candle.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

using namespace rialto;
using rialto::testing::seeds;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t start = 1'700'000'000 * second; // a whole second, no whole minute

tape_entry trade(std::int64_t at, std::int64_t price, std::int64_t size, bool seller_took = false) {
  static std::uint64_t number = 0;
  return {{++number}, {price}, {size}, seller_took, {at}};
}

/// What the room's comment says, in the plainest way: group by interval, fill the holes.
std::vector<candle> slow_candles(const std::vector<tape_entry>& trades, std::int64_t until,
                                 std::int64_t length, std::int64_t units, std::uint32_t flat_max) {
  std::map<std::int64_t, std::vector<tape_entry>> groups;
  for (const auto& one : trades) groups[one.at.value / length].push_back(one);
  std::vector<candle> all;
  std::uint32_t flats = 0;
  const auto end = until / length; // the interval that is still open
  for (auto i = groups.empty() ? end : groups.begin()->first; i < end; ++i) {
    candle made;
    made.open_time = {i * length};
    const auto group = groups.find(i);
    if (group == groups.end()) {
      made.open = made.high = made.low = made.close =
        std::prev(groups.lower_bound(i))->second.back().price;
      if (flats++ < flat_max) all.push_back(made);
      continue;
    }
    flats = 0;
    made.open = made.low = group->second.front().price;
    for (const auto& one : group->second) {
      made.high = std::max(made.high, one.price);
      made.low = std::min(made.low, one.price);
      made.close = one.price;
      made.volume += one.size;
      if (!one.buyer_is_maker) made.taker_buy_volume += one.size;
      made.quote_volume.value += one.price.value * one.size.value * units;
      ++made.trades;
    }
    all.push_back(made);
  }
  return all;
}

std::filesystem::path recorded(const std::string& name) {
  if (const char* data = std::getenv("RIALTO_DATA")) return std::filesystem::path(data) / name;
  const char* source = std::getenv("RIALTO_SOURCE_DIR");
  const auto root = source != nullptr ? std::filesystem::path(source)
                                      : std::filesystem::path(__FILE__).parent_path() / ".." / "..";
  return root / ".." / "shared" / "data" / name;
}

/// A gzipped text, or empty with a printed reason.
std::string read_recorded(const std::string& name) {
  const auto path = recorded(name);
  if (!std::filesystem::exists(path)) {
    MESSAGE("skipped: recorded data " << name << " is not here");
    return {};
  }
  const auto command = "gzip -dc '" + path.string() + "'";
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  REQUIRE(pipe != nullptr);
  std::string text;
  std::array<char, 65'536> part{};
  while (const auto count = std::fread(part.data(), 1, part.size(), pipe.get()))
    text.append(part.data(), count);
  REQUIRE(!text.empty());
  return text;
}

std::int64_t decimal8(const std::string& text) {
  const auto point = text.find('.'); // a recording's float noise is beyond the eighth decimal
  const auto value = parse_decimal8(point == std::string::npos ? text : text.substr(0, point + 9));
  REQUIRE(value.has_value());
  return *value;
}

std::vector<std::string> split(const std::string& line, char by) {
  std::vector<std::string> parts;
  std::istringstream in(line);
  for (std::string part; std::getline(in, part, by);) parts.push_back(part);
  return parts;
}

} // namespace

TEST_CASE("candle: intervals have names and lengths") {
  for (const auto interval : all_candle_intervals) {
    const auto name = to_string(interval);
    CHECK(parse_candle_interval(name) == interval);
    CHECK(length_ns(interval) > 0);
    CHECK(86'400 * second % length_ns(interval) == 0);
  }
  CHECK(to_string(candle_interval::h4) == "4h");
  CHECK(length_ns(candle_interval::h4) == 14'400 * second);
  CHECK(!parse_candle_interval("2m"));
  CHECK(!parse_candle_interval(""));
}

TEST_CASE("candle: trades make a bar, the next interval's trade or the clock closes it") {
  candle_builder builder(candle_interval::s1, 2);
  std::vector<candle> closed;
  CHECK(!builder.current());
  builder.advance({start}, closed); // nothing traded yet: no candle
  CHECK(!builder.current());
  builder.add(trade(start + 1, 100, 5), closed);
  builder.add(trade(start + 2, 103, 1, true), closed);
  builder.add(trade(start + 3, 99, 2), closed);
  builder.add(trade(start + second - 1, 101, 1), closed);
  builder.advance({start + second - 1}, closed);
  CHECK(closed.empty());
  const candle expected{
    {start}, {100}, {103}, {99}, {101}, {9}, {8}, {std::int64_t{2} * (500 + 103 + 198 + 101)}, 4};
  CHECK(builder.current() == expected);
  builder.advance({start + second}, closed);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0] == expected);
  CHECK(builder.current()->close == price_ticks{101}); // flat so far
  CHECK(builder.current()->trades == 0);
  builder.add(trade(start + second + 5, 90, 1), closed);
  CHECK(builder.current()->open == price_ticks{90}); // its own open, not the last close
  CHECK(builder.current()->high == price_ticks{90});
  CHECK(closed.size() == 1);
}

TEST_CASE("candle: a trade older than the open candle is counted and left out") {
  candle_builder builder(candle_interval::m1, 1);
  std::vector<candle> closed;
  builder.add(trade(start, 100, 1), closed);
  builder.advance({start + 60 * second}, closed);
  const auto before = builder.current();
  builder.add(trade(start, 50, 1), closed);
  CHECK(builder.late() == 1);
  CHECK(builder.current() == before);
  CHECK(closed.size() == 1);
}

TEST_CASE("candle: silence makes flat candles up to the bound, then a gap") {
  for (const bool stepwise : {false, true}) {
    candle_builder builder(candle_interval::s1, 1, 3);
    std::vector<candle> closed;
    builder.add(trade(start, 100, 1), closed);
    for (std::int64_t s = 1; stepwise && s < 10; ++s) builder.advance({start + s * second}, closed);
    builder.add(trade(start + 10 * second, 105, 1), closed);
    builder.advance({start + 12 * second}, closed);
    std::vector<std::int64_t> times;
    for (const auto& one : closed) times.push_back((one.open_time.value - start) / second);
    CHECK(times == std::vector<std::int64_t>{0, 1, 2, 3, 10, 11});
    CHECK(closed[1].close == price_ticks{100});
    CHECK(closed[1].trades == 0);
    CHECK(closed[5].open == price_ticks{105});
  }
}

TEST_CASE("candle: goes on from a stored open candle") {
  candle_builder first(candle_interval::m5, 1), second_builder(candle_interval::m5, 1);
  std::vector<candle> closed;
  first.add(trade(start, 100, 1), closed);
  second_builder.resume(*first.current());
  first.add(trade(start + 1, 101, 2), closed);
  second_builder.add(trade(start + 1, 101, 2), closed);
  CHECK(first.current() == second_builder.current());
}

TEST_CASE("candle: volumes stop at the largest number") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  candle_builder builder(candle_interval::d1, 1'000);
  std::vector<candle> closed;
  for (int i = 0; i < 3; ++i) builder.add(trade(start, most / 2, most / 2), closed);
  CHECK(builder.current()->volume.value == most);
  CHECK(builder.current()->quote_volume.value == most);
}

TEST_CASE("candle: any tape is what slow grouping says, for every interval") {
  for (const auto seed : seeds(60)) {
    CAPTURE(seed);
    simulation::random throws(seed);
    const std::int64_t pause = std::int64_t{1} << throws.between(25, 43); // 30 ms to 2.4 hours
    std::vector<tape_entry> trades;
    auto at = start;
    for (int i = 0; i < 300; ++i) {
      at += throws.between(0, pause);
      trades.push_back(
        trade(at, throws.between(90, 110), throws.between(1, 9), throws.chance(0.5)));
    }
    for (const auto interval : all_candle_intervals) {
      CAPTURE(to_string(interval));
      candle_builder builder(interval, 3, 50);
      std::vector<candle> closed;
      for (const auto& one : trades) {
        if (throws.chance(0.3)) builder.advance({one.at.value - throws.between(0, 1'000)}, closed);
        builder.add(one, closed);
      }
      const auto until = at + throws.between(0, 100 * pause);
      builder.advance({until}, closed);
      CHECK(builder.late() == 0); // the clock was never ahead of a trade
      CHECK(closed == slow_candles(trades, until, length_ns(interval), 3, 50));
    }
  }
}

TEST_CASE("candle: recorded trades roll up as slow grouping does" *
          doctest::test_suite("recordings")) {
  const auto text = read_recorded("trades/BTCUSDT-trades-20240808_20240809.derived.csv.gz");
  if (text.empty()) return;
  std::vector<tape_entry> trades; // ticks of 0.01, lots of 0.00001
  for (const auto& line : split(text, '\n')) {
    const auto cells = split(line, ',');
    REQUIRE(cells.size() >= 6);
    trades.push_back({{std::stoull(cells[0])},
                      {decimal8(cells[1]) / 1'000'000},
                      {decimal8(cells[2]) / 1'000},
                      cells[5] == "True",
                      {std::stoll(cells[4]) * 1'000'000}});
  }
  REQUIRE(trades.size() == 19'904);
  const auto until = trades.back().at.value + 86'400 * second;
  for (const auto interval : all_candle_intervals) {
    CAPTURE(to_string(interval));
    candle_builder builder(interval, 10);
    std::vector<candle> closed;
    for (const auto& one : trades) builder.add(one, closed);
    builder.advance({until}, closed);
    CHECK(builder.late() == 0);
    CHECK(closed == slow_candles(trades, until, length_ns(interval), 10, 1'000));
  }
}

TEST_CASE("candle: a recorded week of minutes rolls up to the recorded hours" *
          doctest::test_suite("recordings")) {
  const auto minutes = read_recorded("klines/BTCUSDT-1m-20210219_20210225.trading-signals.json.gz");
  const auto hours = read_recorded("klines/BTCUSDT-1h-20210101_20210620.freqtrade.json.gz");
  if (minutes.empty() || hours.empty()) return;
  std::map<std::int64_t, std::array<std::int64_t, 5>> wanted; // by open time in ns
  for (const auto& row : split(hours, '[')) {
    const auto cells = split(row.substr(0, row.find(']')), ',');
    if (cells.size() != 6) continue;
    auto& bar = wanted[std::stoll(cells[0]) * 1'000'000];
    for (std::size_t i = 0; i < 5; ++i) bar[i] = decimal8(cells[i + 1]);
  }
  candle_builder builder(candle_interval::h1, 1);
  std::vector<candle> closed;
  std::map<std::string, std::string> bar; // of the object being read
  for (const auto& line : split(minutes, '\n')) {
    const auto colon = line.find("\": ");
    if (colon != std::string::npos) {
      auto value = line.substr(colon + 3);
      std::erase_if(value, [](char c) { return c == '"' || c == ','; });
      bar[line.substr(line.find('"') + 1, colon - line.find('"') - 1)] = value;
    } else if (line.find('}') != std::string::npos) {
      const auto at = std::stoll(bar.at("openTimeInMillis")) * 1'000'000;
      const char* const moves[] = {"open", "high", "low", "close"};
      for (const auto* move : moves) // ticks of 0.01, and lots of 10^-8 traded at the open
        builder.add(trade(at, decimal8(bar.at(move)) / 1'000'000,
                          move == moves[0] ? decimal8(bar.at("volume")) : 0),
                    closed);
    }
  }
  builder.advance({builder.current()->open_time.value + 3'600 * second}, closed);
  REQUIRE(closed.size() == 168);
  for (const auto& one : closed) {
    CAPTURE(one.open_time.value);
    const auto& bar_wanted = wanted.at(one.open_time.value);
    CHECK(one.open.value * 1'000'000 == bar_wanted[0]);
    CHECK(one.high.value * 1'000'000 == bar_wanted[1]);
    CHECK(one.low.value * 1'000'000 == bar_wanted[2]);
    CHECK(one.close.value * 1'000'000 == bar_wanted[3]);
    CHECK(one.volume.value == bar_wanted[4]);
  }
}

TEST_CASE(
  "candle_builder: of a time that was not heard nothing is made, and what ran then is partial") {
  constexpr std::int64_t minute = 60 * second;
  candle_builder builder(candle_interval::m1, 1);
  std::vector<candle> closed;
  const auto hear = [&](std::int64_t at) { builder.add(trade(at, 100, 1), closed); };
  const auto times = [&] {
    std::vector<std::pair<std::int64_t, bool>> made; // minute, is_partial
    for (const auto& one : closed) made.emplace_back(one.open_time.value / minute, one.is_partial);
    closed.clear();
    return made;
  };
  using rows = std::vector<std::pair<std::int64_t, bool>>;
  hear(10 * minute);
  builder.advance({12 * minute}, closed);
  CHECK(times() == rows{{10, false}, {11, false}}); // silence that was heard

  hear(12 * minute + 5 * second);
  builder.set_deaf(true, {12 * minute + 30 * second});
  builder.advance({14 * minute}, closed);
  CHECK(times() == rows{{12, true}});
  CHECK_FALSE(builder.current());
  hear(14 * minute + second); // not all is missed
  builder.set_deaf(false, {16 * minute + 20 * second});
  builder.advance({17 * minute}, closed);
  CHECK(times() == rows{{14, true}}); // nobody knows the price of 15 and 16

  builder.set_deaf(true, {18 * minute});
  builder.set_deaf(false, {18 * minute + 20 * second});
  hear(18 * minute + 30 * second);
  builder.advance({20 * minute}, closed);
  CHECK(times() == rows{{18, true}, {19, false}});
  hear(20 * minute + 30 * second);
  builder.advance({21 * minute}, closed);
  CHECK(times() == rows{{20, false}});

  // A flat one in which the time begins says nothing; a stored one goes on as partial.
  builder.set_deaf(true, {21 * minute + second});
  builder.advance({22 * minute}, closed);
  CHECK(times().empty());
  candle stored;
  stored.open_time = {22 * minute};
  stored.trades = 1;
  builder.resume(stored);
  CHECK(builder.current()->is_partial);
}

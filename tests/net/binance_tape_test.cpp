// Trades by id and time, aggregates and klines, from a tape with holes.
#include "net/binance/klines.hpp"
#include "net/binance/tape_reader.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <unistd.h>

namespace rialto::net::binance {

namespace {

constexpr market_id market{7};
constexpr std::int64_t second = 1'000'000'000, minute = 60 * second, hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

/// A tape in a directory that goes with it.
class scratch_tape {
public:
  scratch_tape() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("rialto-binance-" + std::to_string(getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
    tape = storage::open_tape_store(path_.string());
  }
  ~scratch_tape() {
    tape.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  void add(std::uint64_t id, std::int64_t price, std::int64_t size, std::int64_t at,
           bool buyer_is_maker = false) {
    tape->append(market, {{{id}, {price}, {size}, buyer_is_maker, {at}}});
  }
  std::unique_ptr<storage::tape_store> tape;

private:
  std::filesystem::path path_;
};

template <class Rows>
std::vector<std::uint64_t> ids(const Rows& rows) {
  std::vector<std::uint64_t> out;
  for (const auto& one : rows)
    if constexpr (requires { one.trade; })
      out.push_back(one.trade.value);
    else
      out.push_back(one.first.value);
  return out;
}
using numbers = std::vector<std::uint64_t>;

candle candle_at(std::int64_t open, std::int64_t price, std::int64_t volume) {
  candle one;
  one.open_time = {open};
  one.open = {price};
  one.high = {price + 2};
  one.low = {price - 2};
  one.close = {price + 1};
  one.volume = {volume};
  one.quote_volume = {volume * price};
  one.trades = volume == 0 ? 0 : 3;
  return one;
}

} // namespace

TEST_CASE("binance tape: trades by id and time, across holes") {
  scratch_tape at;
  for (std::uint64_t id = 1; id <= 5; ++id)
    at.add(id, 100, 1, static_cast<std::int64_t>(id) * second);
  for (std::uint64_t id = 20'001; id <= 20'005; ++id) // a node was ended in between
    at.add(id, 100, 1, static_cast<std::int64_t>(id) * second);
  const tape_reader reader(*at.tape, market);
  CHECK(ids(reader.newest(3)) == numbers{20'003, 20'004, 20'005});
  CHECK(ids(reader.from_id(0, 3)) == numbers{1, 2, 3});
  CHECK(ids(reader.from_id(4, 4)) == numbers{4, 5, 20'001, 20'002});
  CHECK(ids(reader.from_id(6, 1)) == numbers{20'001});
  CHECK(reader.from_id(20'006, 10).empty());
  CHECK(reader.first_at({3 * second}) == 3);
  CHECK(reader.first_at({0}) == 1);
  CHECK(ids(reader.from_id(reader.first_at({3 * second + 1}), 1)) == numbers{4});
  CHECK(ids(reader.from_id(reader.first_at({6 * second}), 1)) == numbers{20'001});
  CHECK(reader.from_id(reader.first_at({20'006 * second}), 1).empty());
  CHECK(tape_reader(*at.tape, {8}).newest(3).empty());
}

TEST_CASE(
  "binance tape: fills of one taker at one price are one aggregate, numbered by the first") {
  scratch_tape at;
  at.add(1, 100, 1, second);
  at.add(2, 100, 2, second);           // with 1
  at.add(3, 101, 3, second);           // another price
  at.add(4, 101, 4, second, true);     // another side
  at.add(5, 101, 5, 2 * second, true); // another time
  at.add(6, 101, 6, 2 * second, true); // with 5
  const tape_reader reader(*at.tape, market);
  const auto all = reader.aggregates_from(0, {INT64_MAX}, 10);
  REQUIRE(ids(all) == numbers{1, 3, 4, 5});
  CHECK(all[0].last == trade_id{2});
  CHECK(all[0].size == quantity_lots{3});
  CHECK(all[3].size == quantity_lots{11});
  CHECK(ids(reader.newest_aggregates(2)) == numbers{4, 5});
  CHECK(reader.newest_aggregates(1)[0].size == quantity_lots{11});
  CHECK(ids(reader.aggregates_from(2, {INT64_MAX}, 10)) == numbers{3, 4, 5}); // 2 is within one
  CHECK(ids(reader.aggregates_from(4, {INT64_MAX}, 1)) == numbers{4});
  CHECK(ids(reader.aggregates_from(0, {2 * second}, 10)) == numbers{1, 3, 4});
  CHECK(ids(reader.aggregates_until({2 * second}, 2)) == numbers{3, 4});
  CHECK(reader.aggregates_until({second}, 2).empty());
}

TEST_CASE("binance tape: an aggregate of more trades than one look is whole") {
  scratch_tape at;
  for (std::uint64_t id = 1; id <= 2'500; ++id) at.add(id, 100, 1, second);
  at.add(2'501, 100, 1, 2 * second);
  const tape_reader reader(*at.tape, market);
  const auto all = reader.aggregates_from(1, {INT64_MAX}, 5);
  REQUIRE(all.size() == 2);
  CHECK(all[0].size == quantity_lots{2'500});
  CHECK(reader.newest_aggregates(2)[0].size == quantity_lots{2'500});
}

TEST_CASE("binance klines: intervals begin where Binance's do") {
  const auto open = [](const char* name, std::int64_t at, std::int64_t offset = 0) {
    return open_of({at}, *parse_candle_interval(name), offset).value;
  };
  const std::int64_t wednesday = 1'700'045'999 * second; // 2023-11-15T10:59:59Z
  CHECK(open("1m", wednesday) == 1'700'045'940 * second);
  CHECK(open("3m", wednesday) == 1'700'045'820 * second);
  CHECK(open("12h", wednesday) == 1'700'006'400 * second);
  CHECK(open("1d", wednesday) == 1'700'006'400 * second);
  CHECK(open("1w", wednesday) == 1'699'833'600 * second);           // Monday the 13th
  CHECK(open("1M", wednesday) == 1'698'796'800 * second);           // the first of November
  CHECK(open("1d", wednesday, 8 * hour) == 1'699'977'600 * second); // midnight in Singapore
  CHECK(close_of({1'698'796'800 * second}, *parse_candle_interval("1M"), 0).value ==
        1'701'388'800 * second);
  CHECK(parse_time_zone("8") == 8 * hour);
  CHECK(parse_time_zone("-3:30") == -(3 * hour + 30 * minute));
  CHECK(parse_time_zone("05:45") == 5 * hour + 45 * minute);
  for (const auto* bad : {"", "15", "-13", "1:61", "x", "1:", "8:07"})
    CHECK_FALSE(parse_time_zone(bad));
  CHECK(stored_base(*parse_candle_interval("3m"), 0) == candle_interval::m1);
  CHECK(stored_base(*parse_candle_interval("12h"), 0) == candle_interval::h4);
  CHECK(stored_base(*parse_candle_interval("1M"), 0) == candle_interval::d1);
  CHECK(stored_base(*parse_candle_interval("1d"), 8 * hour) == candle_interval::h4);
  CHECK(stored_base(*parse_candle_interval("1d"), 5 * hour + 45 * minute) == candle_interval::m15);
}

TEST_CASE("binance klines: longer intervals are made of kept ones; ranges as documented") {
  scratch_tape at;
  const std::int64_t start = 20'000 * day;
  std::vector<candle> minutes;
  for (int i = 0; i < 60; ++i) minutes.push_back(candle_at(start + i * minute, 100 + i, 10));
  at.tape->put_candles(market, candle_interval::m1, minutes);
  kline_request wish;
  wish.market = market;
  wish.now = timestamp_ns{start + 60 * minute};
  wish.interval = *parse_candle_interval("3m");
  SUBCASE("the newest") {
    wish.limit = 2;
    const auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 2);
    CHECK(found[1].open_time.value == start + 57 * minute);
    CHECK(found[1].open == price_ticks{157});
    CHECK(found[1].close == price_ticks{160});
    CHECK(found[1].high == price_ticks{161});
    CHECK(found[1].low == price_ticks{155});
    CHECK(found[1].volume == quantity_lots{30});
    CHECK(found[1].trades == 9);
  }
  SUBCASE("from a time on, oldest first, beginning within the range") {
    wish.from = timestamp_ns{start + 1};
    wish.limit = 3;
    const auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 3);
    CHECK(found[0].open_time.value == start + 3 * minute);
    wish.from = timestamp_ns{0}; // long before the first
    CHECK(klines(*at.tape, wish)[0].open_time.value == start);
  }
  SUBCASE("between two times, both included") {
    wish.from = timestamp_ns{start + 3 * minute};
    wish.to = timestamp_ns{start + 9 * minute};
    const auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 3);
    CHECK(found[2].open_time.value == start + 9 * minute);
    CHECK(found[2].volume == quantity_lots{30});
  }
  SUBCASE("up to a time") {
    wish.to = timestamp_ns{start + 8 * minute};
    wish.limit = 2;
    const auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 2);
    CHECK(found[1].open_time.value == start + 6 * minute);
    CHECK(found[1].volume == quantity_lots{30});
  }
  SUBCASE("the running candle replaces the stored one, or comes after it") {
    wish.interval = *parse_candle_interval("1m");
    wish.limit = 2;
    auto last = minutes.back();
    last.open_time.value += minute;
    last.is_open = true;
    at.tape->put_candles(market, candle_interval::m1, {last});
    wish.running = candle_at(start + 60 * minute, 500, 7);
    auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 2);
    CHECK(found[1].open == price_ticks{500});
    wish.running = candle_at(start + 61 * minute, 600, 7);
    found = klines(*at.tape, wish);
    REQUIRE(found.size() == 2);
    CHECK(found[0].open == price_ticks{159});
    CHECK(found[1].open == price_ticks{600});
  }
  SUBCASE("a gap is left out, and what comes after it is found") {
    at.tape->put_candles(market, candle_interval::m1, {candle_at(start + 30 * day, 900, 1)});
    wish.interval = *parse_candle_interval("1m");
    wish.from = timestamp_ns{start + 58 * minute};
    const auto found = klines(*at.tape, wish);
    REQUIRE(found.size() == 3);
    CHECK(found[2].open == price_ticks{900});
  }
}

} // namespace rialto::net::binance

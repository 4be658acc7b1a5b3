// Stream names, requests of stream connections and depth windows: pure functions of texts and changes.
#include "net/binance/depth_window.hpp"
#include "net/binance/stream_names.hpp"
#include "net/binance/stream_request.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

std::string error_of(const std::string& text) {
  const auto wish = binance::parse_stream_request(text);
  return wish.why ? std::to_string(wish.why->code) + " " + wish.why->text : "";
}

std::string name_of(const std::string& text) {
  const auto topic = binance::parse_stream_name(text);
  if (!topic) return "none";
  return std::to_string(static_cast<int>(topic->kind)) + " " + topic->symbol + " " +
         std::string(to_string(topic->interval)) + " " + std::to_string(topic->levels) +
         (topic->is_fast ? " fast" : "") + (topic->offset_ns != 0 ? " east" : "");
}

} // namespace

TEST_CASE("binance streams: a name means one topic, and what is none is none") {
  CHECK(name_of("btcusdt@trade") == "1 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@aggTrade") == "2 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@kline_1m") == "3 BTCUSDT 1m 0");
  CHECK(name_of("btcusdt@kline_1M") == "3 BTCUSDT 1M 0");
  CHECK(name_of("btcusdt@kline_1d@+08:00") == "3 BTCUSDT 1d 0 east");
  CHECK(name_of("btcusdt@ticker") == "4 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@miniTicker") == "5 BTCUSDT 1s 0");
  CHECK(name_of("!ticker@arr") == "6  1s 0");
  CHECK(name_of("!miniTicker@arr") == "7  1s 0");
  CHECK(name_of("btcusdt@bookTicker") == "8 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@depth") == "9 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@depth@1000ms") == "9 BTCUSDT 1s 0");
  CHECK(name_of("btcusdt@depth@100ms") == "9 BTCUSDT 1s 0 fast");
  CHECK(name_of("btcusdt@depth5") == "10 BTCUSDT 1s 5");
  CHECK(name_of("btcusdt@depth20@100ms") == "10 BTCUSDT 1s 20 fast");
  CHECK(name_of("btcusdt@avgPrice") == "11 BTCUSDT 1s 0");
  for (const auto* none :
       {"", "0", "btcusdt", "btcusdt@", "@trade", "BTCUSDT@trade", "btcusdt@Trade",
        "btcusdt@kline_7m", "btcusdt@kline_", "btcusdt@kline_1m@+09:00", "btcusdt@depth7",
        "btcusdt@depth@10ms", "btcusdt@depth5@100ms@100ms", "!trade@arr", "btc/usdt@trade",
        "abcdefghijklmnopqrstu@trade"})
    CHECK_MESSAGE(name_of(none) == "none", none);
  const auto two = binance::parse_stream_target("/ws/a@trade//b@trade", "");
  CHECK(two.names == std::vector<std::string_view>{"a@trade", "b@trade"});
  CHECK_FALSE(two.is_combined);
  CHECK(binance::parse_stream_target("/stream", "a@trade/b@trade").is_combined);
  CHECK(binance::is_stream_path("/ws"));
  CHECK(binance::is_stream_path("/ws/0"));
  CHECK_FALSE(binance::is_stream_path("/ws-api/v3"));
  CHECK_FALSE(binance::is_stream_path("/wsx"));
  CHECK_FALSE(binance::is_stream_path("/streams"));
}

TEST_CASE("binance streams: a message is a request, or an error with Binance's number") {
  const auto good = binance::parse_stream_request(
    R"({"method":"SUBSCRIBE","params":["a@trade","b@trade"],"id":"x"})");
  CHECK_FALSE(good.why);
  CHECK(good.id == R"("x")");
  CHECK(good.names.size() == 2);
  CHECK(binance::parse_stream_request(R"({"method":"LIST_SUBSCRIPTIONS","id":-7})").id == "-7");
  CHECK(binance::parse_stream_request(R"({"method":"LIST_SUBSCRIPTIONS"})").id == "null");
  const auto set =
    binance::parse_stream_request(R"({"method":"SET_PROPERTY","params":["combined",true],"id":1})");
  CHECK_FALSE(set.why);
  CHECK(set.value);
  CHECK(error_of("{").starts_with("3 Invalid JSON"));
  CHECK(error_of("").starts_with("3 Invalid JSON"));
  CHECK(error_of("[]").starts_with("2 "));
  CHECK(error_of(R"({"id":1})") == "2 Invalid request: missing field `method`");
  CHECK(error_of(R"({"method":"subscribe","id":1})")
          .starts_with("2 Invalid request: unknown variant `subscribe`"));
  CHECK(error_of(R"({"method":"SUBSCRIBE","params":["a"],"id":1.5})")
          .starts_with("2 Invalid request: request ID"));
  CHECK(error_of(R"({"method":"SUBSCRIBE","params":["a"],"id":")" + std::string(37, 'x') + R"("})")
          .starts_with("2 "));
  CHECK(error_of(R"({"method":"SUBSCRIBE","params":["a"],"id":{}})").starts_with("2 "));
  CHECK(error_of(R"({"method":"SUBSCRIBE","id":1})").starts_with("2 "));
  CHECK(error_of(R"({"method":"SUBSCRIBE","params":[],"id":1})").starts_with("2 "));
  CHECK(error_of(R"({"method":"SUBSCRIBE","params":[1],"id":1})").starts_with("2 "));
  CHECK(error_of(R"({"method":"GET_PROPERTY","params":["x"],"id":1})") == "0 Unknown property");
  CHECK(error_of(R"({"method":"SET_PROPERTY","params":["combined","yes"],"id":1})") ==
        "1 Invalid value type: expected Boolean");
  CHECK(error_of(R"({"method":"SET_PROPERTY","params":[5,true],"id":1})") ==
        "2 Invalid request: property name must be a string");
  CHECK(error_of(std::string(200'000, ' ')).starts_with("2 "));
  CHECK(error_of(std::string(100'000, '[')).starts_with("3 "));
}

TEST_CASE("depth window: whatever falls into a window, the events make the same book, without gap "
          "or overlap") {
  for (const auto seed : testing::seeds(50)) {
    CAPTURE(seed);
    simulation::random dice(seed);
    binance::depth_window window;
    std::map<std::pair<side, std::int64_t>, std::int64_t> real, built;
    std::uint64_t update = 100, told = 0;
    const auto set = [](auto& book, const level_change& one) {
      if (one.size.value == 0)
        book.erase({one.way, one.price.value});
      else
        book[{one.way, one.price.value}] = one.size.value;
    };
    const auto close = [&] {
      const auto event = window.close();
      if (!event) return;
      CHECK(event->first <= event->last);
      if (told != 0) CHECK(event->first == told + 1);
      told = event->last;
      for (const auto* side_of : {&event->bids, &event->asks})
        for (const auto& one : *side_of) set(built, one);
      for (std::size_t i = 1; i < event->bids.size(); ++i)
        CHECK(event->bids[i - 1].price > event->bids[i].price);
      for (std::size_t i = 1; i < event->asks.size(); ++i)
        CHECK(event->asks[i - 1].price < event->asks[i].price);
    };
    for (int step = 0; step < 300; ++step) {
      actors::face_change change;
      if (!dice.chance(0.1)) { // else only trades
        change.first_update = update + 1;
        update += 1 + dice.below(4);
        change.last_update = update;
        for (auto count = dice.below(5); count > 0; --count) {
          const level_change one{dice.chance(0.5) ? side::buy : side::sell,
                                 {static_cast<std::int64_t>(1 + dice.below(10))},
                                 {static_cast<std::int64_t>(dice.below(4))}};
          change.levels.push_back(one);
          set(real, one);
        }
      }
      REQUIRE(window.take(change));
      if (dice.chance(0.3)) close();
    }
    close();
    CHECK(told == update);
    CHECK(built == real);
    CHECK_FALSE(window.close());
    actors::face_change gap;
    gap.first_update = update + 2;
    gap.last_update = update + 3;
    CHECK_FALSE(window.take(gap));
  }
}

} // namespace rialto::net

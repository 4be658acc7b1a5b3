#include "actors/public_faces.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

using namespace rialto;
using namespace rialto::actors;
using nlohmann::json;

namespace {

instrument btcusdt() {
  instrument spec;
  spec.market = {1};
  spec.symbol = "BTCUSDT";
  spec.base = "BTC";
  spec.quote = "USDT";
  spec.tick_size = {1'000'000};
  spec.lot_size = {1'000};
  return spec;
}

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr timestamp_ns noon{1'723'118'400 * second_ns}; // 2024-08-08 12:00 UTC

market_publication book_news(std::uint64_t update, std::vector<level_change> levels,
                             bool is_snapshot = false) {
  market_publication news;
  news.market = {1};
  news.at = noon;
  news.first_update = news.last_update = update;
  news.levels = std::move(levels);
  news.is_snapshot = is_snapshot;
  return news;
}

market_publication trade_news(std::uint64_t id, std::int64_t price, std::int64_t size,
                              timestamp_ns at) {
  market_publication news;
  news.market = {1};
  news.at = at;
  news.trades.push_back({{id}, {price}, {size}, false, at});
  return news;
}

json data_of(const channel_message& message) {
  return json::parse(*message.bytes).at("data");
}

} // namespace

TEST_CASE("market_face: a diff changes the book and goes out with its update ids") {
  market_face face(btcusdt());
  static_cast<void>(face.apply(
    book_news(10, {{side::buy, {6'000'000}, {100}}, {side::sell, {6'000'100}, {50}}}, true)));
  CHECK(face.follows(11));
  CHECK_FALSE(face.follows(12));
  const auto out =
    face.apply(book_news(11, {{side::buy, {6'000'000}, {0}}, {side::buy, {5'999'900}, {7}}}));
  REQUIRE(out.size() == 1);
  CHECK(out[0].channel == "book.BTCUSDT");
  const auto diff = data_of(out[0]);
  CHECK(diff["type"] == "diff");
  CHECK(diff["first_update"] == 11);
  CHECK(diff["bids"] == json::parse(R"([["60000.00","0.00000"],["59999.00","0.00007"]])"));
  const auto book = data_of(face.book_snapshot());
  CHECK(book["last_update"] == 11);
  CHECK(book["bids"] == json::parse(R"([["59999.00","0.00007"]])"));
  CHECK(book["asks"] == json::parse(R"([["60001.00","0.00050"]])"));
}

TEST_CASE("market_face: a snapshot replaces the whole book") {
  market_face face(btcusdt());
  static_cast<void>(
    face.apply(book_news(1, {{side::buy, {100}, {1}}, {side::sell, {200}, {1}}}, true)));
  static_cast<void>(face.apply(book_news(9, {{side::buy, {150}, {2}}}, true)));
  const auto book = data_of(face.book_snapshot());
  CHECK(book["bids"].size() == 1);
  CHECK(book["asks"].empty());
}

TEST_CASE("market_face: a whole book tells the market's last price, whatever the tape had") {
  market_face face(btcusdt());
  auto news = book_news(10, {}, true);
  news.last_price = {6'000'000};
  static_cast<void>(face.apply(news));
  CHECK(face.reference_price().value == 6'000'000);
  static_cast<void>(face.apply(trade_news(1, 6'000'500, 5, noon)));
  CHECK(face.reference_price().value == 6'000'500);
  news.last_price = {}; // a mirrored market that has heard of no trade since its start
  static_cast<void>(face.apply(news));
  CHECK(face.reference_price().value == 6'000'500);
}

TEST_CASE("market_face: the ticker sums the last day and forgets what is older") {
  market_face face(btcusdt());
  static_cast<void>(face.apply(trade_news(1, 6'000'000, 100'000, noon))); // 1 BTC at 60,000.00
  static_cast<void>(face.apply(trade_news(2, 6'100'000, 200'000, {noon.value + 61 * second_ns})));
  const auto early = data_of(face.ticker_snapshot({noon.value + 3'600 * second_ns}));
  CHECK(early["last_price"] == "61000.00");
  CHECK(early["open_24h"] == "60000.00");
  CHECK(early["volume_24h"] == "3.00000");
  CHECK(early["quote_volume_24h"] == "182000");
  CHECK(early["trades_24h"] == 2);
  const auto late = data_of(face.ticker_snapshot({noon.value + (86'400 + 60) * second_ns}));
  CHECK(late["open_24h"] == "61000.00");
  CHECK(late["volume_24h"] == "2.00000");
  CHECK(face.ticker_if_changed(noon).has_value());
  CHECK_FALSE(face.ticker_if_changed(noon).has_value());
}

TEST_CASE("market_face: the reference price is the last trade, held between the best quotes") {
  market_face face(btcusdt());
  CHECK(face.reference_price().value == 0);
  static_cast<void>(face.apply(book_news(1, {{side::sell, {500}, {1}}}, true)));
  CHECK(face.reference_price().value == 500);
  static_cast<void>(face.apply(trade_news(1, 450, 1, noon)));
  CHECK(face.reference_price().value == 450);
  static_cast<void>(face.apply(book_news(2, {{side::buy, {470}, {1}}})));
  CHECK(face.reference_price().value == 470);
}

TEST_CASE(
  "channel_log: a client that resumes gets exactly what it missed, or is told that it cannot") {
  channel_log log("trades.X", 3);
  for (int i = 1; i <= 5; ++i) static_cast<void>(log.add(std::to_string(i), false));
  CHECK(log.since(5)->empty());
  REQUIRE(log.since(3).has_value());
  CHECK(log.since(3)->size() == 2);
  CHECK(*log.since(3)->front().bytes == R"({"channel":"trades.X","seq":4,"data":4})");
  CHECK(log.since(2)->size() == 3);
  CHECK_FALSE(log.since(1).has_value());
  CHECK_FALSE(log.since(6).has_value());
}

TEST_CASE("channel_log: a number of an earlier life is not taken for one of this life") {
  const timestamp_ns start{1'700'000'000'000'000'000};
  channel_log before("book.X", 1'000, sequence_base(start));
  channel_log after("book.X", 1'000, sequence_base({start.value + 50'000'000}));
  std::uint64_t seen = 0;
  for (int i = 0; i < 500; ++i) seen = before.add("1", false).sequence;
  for (int i = 0; i < 900; ++i) static_cast<void>(after.add("2", false));
  CHECK_FALSE(after.since(seen).has_value());
  CHECK(after.snapshot("3").sequence > seen);
  CHECK(sequence_base({4'000'000'000'000'000'000}) < std::uint64_t{1} << 53); // whole in a double
}

TEST_CASE("public_faces: channels are found by their names and nothing else") {
  public_faces faces;
  faces.add(btcusdt());
  for (const char* channel :
       {"book.BTCUSDT", "trades.BTCUSDT", "ticker.BTCUSDT", "candles.1m.BTCUSDT"}) {
    CAPTURE(channel);
    const auto message = faces.snapshot(channel, noon);
    REQUIRE(message.has_value());
    CHECK(message->channel == channel);
    CHECK(json::parse(*message->bytes)["channel"] == channel);
  }
  for (const char* channel : {"", ".", "book", "book.", "BTCUSDT", "book.ETHUSDT",
                              "candles.BTCUSDT", "candles.7m.BTCUSDT", "orders.BTCUSDT"}) {
    CAPTURE(channel);
    CHECK_FALSE(faces.snapshot(channel, noon).has_value());
  }
  REQUIRE(faces.markets()->find("BTCUSDT") != nullptr);
  CHECK(faces.markets()->find(market_id{1})->spec.base == "BTC");
  CHECK(faces.markets()->find("NONE") == nullptr);
}

TEST_CASE("candle_face: a closed candle goes out once and is handed over to be stored") {
  candle_face face(btcusdt());
  std::vector<closed_candles> closed;
  std::vector<channel_message> out;
  face.add({{{1}, {100}, {5}, false, noon}}, closed, out);
  CHECK(out.empty());
  face.advance({noon.value + second_ns / 2}, closed, out);
  CHECK(out.size() == 7); // one running candle an interval
  CHECK(out[0].conflate);
  out.clear();
  face.advance({noon.value + second_ns + 1}, closed, out);
  REQUIRE(closed.size() == 1);
  CHECK(closed[0].interval == candle_interval::s1);
  const auto done = json::parse(*out[0].bytes)["data"];
  CHECK(done["closed"] == true);
  CHECK(done["volume"] == "0.00005");
  CHECK(face.running().size() == 7);
}

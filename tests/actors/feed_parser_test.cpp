#include "actors/feed/binance_parser.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <string>

using namespace rialto;
using namespace rialto::actors;

namespace {

struct parsed {
  parse_result result = parse_result::refused;
  feed_message message;
  std::string why;
};

parsed parse(std::string_view text, std::string_view symbol = {}) {
  binance_parser parser;
  parsed made;
  made.result = parser.parse(text, symbol, made.message);
  made.why = parser.why();
  return made;
}

std::string in_stream(std::string_view stream, std::string_view data) {
  return "{\"stream\":\"" + std::string(stream) + "\",\"data\":" + std::string(data) + "}";
}

constexpr const char* trade_text =
  R"({"e":"trade","E":1723161255343,"s":"BTCUSDT","t":3735683259,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true})";
constexpr const char* depth_text =
  R"({"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":50093239189,"u":50093239202,"b":[["61737.63000000","0.00000000"],["61730.17","1.5"]],"a":[["61837.64000000","1.54698000"]]})";
constexpr const char* ticker_text =
  R"({"u":50093239212,"s":"BTCUSDT","b":"61837.63000000","B":"3.78826000","a":"61837.64000000","A":"1.54698000"})";
constexpr const char* snapshot_text =
  R"({"lastUpdateId":50093239218,"bids":[["61837.63000000","3.78826000"],["61837.62","0.617"]],"asks":[["61837.64","1.6052"]]})";
constexpr const char* statistics_text =
  R"({"e":"24hrTicker","E":1723161255343,"s":"BTCUSDT","p":"1.0","P":"0.1","w":"61000.1","x":"61000","c":"61837.63","Q":"0.1","b":"61837.63","B":"1","a":"61837.64","A":"2","o":"55100.00","h":"62745.14","l":"54730.00","v":"46400.5","q":"2700000000.12345678","O":1,"C":2,"F":3,"L":4,"n":5})";

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("binance_parser: a trade, bare and in a combined stream") {
  for (const auto& text : {std::string(trade_text), in_stream("btcusdt@trade", trade_text)}) {
    const auto got = parse(text);
    REQUIRE(got.result == parse_result::message);
    const auto& trade = std::get<feed_trade>(got.message);
    CHECK(trade.symbol == "BTCUSDT");
    CHECK(trade.id == 3'735'683'259);
    CHECK(trade.price8 == 6'183'763'000'000);
    CHECK(trade.size8 == 2'000'000);
    CHECK(trade.buyer_is_maker);
    CHECK(trade.at.value == 1'723'161'255'342'000'000);
  }
}

TEST_CASE("binance_parser: microsecond times are told from millisecond ones") {
  const auto got = parse(replaced(trade_text, "\"T\":1723161255342", "\"T\":1723161255342678"));
  REQUIRE(got.result == parse_result::message);
  CHECK(std::get<feed_trade>(got.message).at.value == 1'723'161'255'342'678'000);
}

TEST_CASE("binance_parser: a depth update has both sides in order") {
  const auto got = parse(in_stream("btcusdt@depth@100ms", depth_text));
  REQUIRE(got.result == parse_result::message);
  const auto& depth = std::get<feed_depth>(got.message);
  CHECK(depth.first_update == 50'093'239'189);
  CHECK(depth.last_update == 50'093'239'202);
  REQUIRE(depth.levels.size() == 3);
  CHECK(depth.levels[0].way == side::buy);
  CHECK(depth.levels[0].price8 == 6'173'763'000'000);
  CHECK(depth.levels[0].size8 == 0);
  CHECK(depth.levels[1].size8 == 150'000'000);
  CHECK(depth.levels[2].way == side::sell);
  CHECK(depth.levels[2].size8 == 154'698'000);
}

TEST_CASE("binance_parser: a futures update begins behind its predecessor") {
  const auto got = parse(replaced(depth_text, "\"b\":", "\"pu\":50093239100,\"b\":"));
  REQUIRE(got.result == parse_result::message);
  CHECK(std::get<feed_depth>(got.message).first_update == 50'093'239'101);
}

TEST_CASE("binance_parser: book ticker, snapshot and statistics") {
  const auto ticker = parse(in_stream("btcusdt@bookTicker", ticker_text));
  REQUIRE(ticker.result == parse_result::message);
  CHECK(std::get<feed_ticker>(ticker.message).update == 50'093'239'212);
  CHECK(std::get<feed_ticker>(ticker.message).ask_size8 == 154'698'000);

  const auto snapshot = parse(snapshot_text, "BTCUSDT");
  REQUIRE(snapshot.result == parse_result::message);
  CHECK(std::get<feed_snapshot>(snapshot.message).symbol == "BTCUSDT");
  CHECK(std::get<feed_snapshot>(snapshot.message).last_update == 50'093'239'218);
  CHECK(std::get<feed_snapshot>(snapshot.message).levels.size() == 3);

  const auto numbers = parse(statistics_text);
  REQUIRE(numbers.result == parse_result::message);
  CHECK(std::get<feed_statistics>(numbers.message).high8 == 6'274'514'000'000);
  CHECK(std::get<feed_statistics>(numbers.message).quote_volume8 == 270'000'000'012'345'678);
}

TEST_CASE("binance_parser: other kinds are ignored, not refused") {
  for (const auto& text :
       {std::string(R"({"result":null,"id":1})"), std::string(R"({"e":"aggTrade","s":"BTCUSDT"})"),
        std::string(R"({"e":"somethingNew","x":[1,2,{"y":null}]})"), std::string("{}"),
        std::string("[]"), in_stream("!ticker@arr", "[{}]"),
        in_stream("btcusdt@kline_1m", R"({"e":"kline","k":{}})"),
        in_stream("btcusdt@depth20", R"({"lastUpdateId":1,"bids":[],"asks":[]})")}) {
    CAPTURE(text);
    CHECK(parse(text).result == parse_result::ignored);
  }
}

TEST_CASE("binance_parser: what breaks a rule is refused by the name of its field") {
  struct vector {
    std::string text;
    const char* why;
  };
  const auto trade = [](std::string_view from, std::string_view to) {
    return replaced(trade_text, from, to);
  };
  const auto depth = [](std::string_view from, std::string_view to) {
    return replaced(depth_text, from, to);
  };
  const std::string price = R"("61837.63000000")";
  const vector vectors[] = {
    {"", "text: "},
    {"{", "text: "},
    {"null", "text: is not an object"},
    {"17", "text: is not an object"},
    {std::string(trade_text) + "x", "text: "},
    {trade(price, "1e400"), "text: "}, // not even a number
    {trade(price, "NaN"), "text: "},
    {trade(price, "-1"), "p: is not a decimal text"},
    {trade(price, "61837.63"), "p: is not a decimal text"},
    {trade(price, "null"), "p: is not a decimal text"},
    {trade(price, R"("1e400")"), "p: is not a plain decimal"},
    {trade(price, R"("-61837.63")"), "p: is not a plain decimal"},
    {trade(price, R"("+1")"), "p: is not a plain decimal"},
    {trade(price, R"("NaN")"), "p: is not a plain decimal"},
    {trade(price, R"("Infinity")"), "p: is not a plain decimal"},
    {trade(price, R"("")"), "p: is not a plain decimal"},
    {trade(price, R"(" 1")"), "p: is not a plain decimal"},
    {trade(price, R"("1.123456789")"), "p: is not a plain decimal"},
    {trade(price, R"("92233720369")"), "p: is not a plain decimal"},
    {trade(price, R"("90000000001")"), "p: is above 90000000000"},
    {trade(price, R"("0.00")"), "p: is zero"},
    {trade(R"("0.02000000")", R"("0")"), "q: is zero"},
    {trade(R"("t":3735683259)", R"("t":"3735683259")"), "t: is not a whole number"},
    {trade(R"("t":3735683259)", R"("t":-1)"), "t: is not a whole number"},
    {trade(R"("t":3735683259)", R"("t":1.5)"), "t: is not a whole number"},
    {trade(R"("t":3735683259)", R"("t":9000000000000000001)"), "t: is too large"},
    {trade(R"("t":3735683259)", R"("t":99999999999999999999999)"), "text: "},
    {trade(R"("t":3735683259)", R"("t":1,"t":2)"), "t: is named twice"},
    {trade(R"("t":3735683259,)", ""), "t: is missing"},
    {trade(R"("m":true)", R"("m":1)"), "m: is not true or false"},
    {trade(R"(,"m":true)", ""), "m: is missing"},
    {trade(R"("T":1723161255342)", R"("T":1e12)"), "T: is not a whole number"},
    {trade(R"("T":1723161255342)", R"("T":8000000000000000000)"), "T: is too large"},
    {trade(R"("BTCUSDT")", R"("btcusdt")"), "s: has a character outside"},
    {trade(R"("BTCUSDT")", R"("BTC/USDT")"), "s: has a character outside"},
    {trade(R"("BTCUSDT")", R"("")"), "s: is not 2 to 20 characters"},
    {trade(R"("BTCUSDT")", R"("ABCDEFGHIJKLMNOPQRSTU")"), "s: is not 2 to 20 characters"},
    {trade(R"("e":"trade")", R"("e":7)"), "e: is not a text"},
    {depth(R"("u":50093239202)", R"("u":50093239188)"), "u: is below U"},
    {depth(R"("U":50093239189,)", ""), "U: is missing"},
    {depth(R"("a":[)", R"("a":[7,)"), "a: has a level that is no list"},
    {depth(R"("a":[)", R"("a":[[],)"), "a: has a level without price and size"},
    {depth(R"("a":[)", R"("a":[["1"],)"), "a: has a level without a size"},
    {depth(R"("a":[)", R"("a":[["0","1"],)"), "a: has a level with price zero"},
    {depth(R"("a":[)", R"("a":[["1","-1"],)"), "a: is not a plain decimal"},
    {depth(R"("a":[["61837.64000000","1.54698000"]])", R"("a":{})"), "a: is not a list"},
    {depth(R"(,"a":[["61837.64000000","1.54698000"]])", ""), "a: is missing"},
    {R"({"lastUpdateId":1,"bids":[]})", "asks: is missing"},
    {R"({"lastUpdateId":-1,"bids":[],"asks":[]})", "lastUpdateId: is not a whole number"},
    {replaced(statistics_text, R"("l":"54730.00")", R"("l":"70000")"), "l: is above h"},
    {R"({"stream":"btcusdt@trade"})", "data: is missing"},
    {in_stream("btcusdt@trade", "7"), "data: is not an object"},
    {in_stream("ethusdt@trade", trade_text), "s: is not the symbol of the stream"},
    {in_stream("", trade_text), "s: is not the symbol of the stream"},
  };
  for (const auto& one : vectors) {
    const auto& [text, why] = one;
    CAPTURE(one.text);
    const auto got = parse(text, "BTCUSDT");
    CHECK(got.result == parse_result::refused);
    CAPTURE(got.why);
    CHECK(got.why.starts_with(why));
  }
}

TEST_CASE("binance_parser: sizes that no exchange sends are refused") {
  CHECK(parse(std::string(feed_text_bytes_max + 1, ' ')).why == "text: is longer than 1 MiB");
  CHECK(parse(std::string(feed_text_bytes_max, '[')).result == parse_result::refused);
  std::string levels;
  for (std::size_t i = 0; i <= feed_levels_max; ++i) levels += R"(["1","1"],)";
  levels.pop_back();
  CHECK(parse(R"({"lastUpdateId":1,"bids":[)" + levels + R"(],"asks":[]})").why ==
        "bids: has more than 20000 levels");
}

TEST_CASE("binance_parser: mutated texts are read, ignored or refused, never a crash") {
  const std::string originals[] = {in_stream("btcusdt@trade", trade_text),
                                   in_stream("btcusdt@depth@100ms", depth_text),
                                   in_stream("btcusdt@bookTicker", ticker_text), snapshot_text,
                                   in_stream("btcusdt@ticker", statistics_text)};
  static constexpr std::string_view pieces[] = {"\"",      "{",    "}", "[",     "]",
                                                ",",       ":",    "-", "1e400", "null",
                                                "\\u0000", "\xff", "0", "\"e\"", "NaN"};
  binance_parser parser;
  for (const auto seed : tests::seeds(20)) {
    CAPTURE(seed);
    tests::chance chance(seed);
    std::size_t refused = 0;
    for (int round = 0; round < 500; ++round) {
      auto text = originals[chance.below(std::size(originals))];
      for (auto edits = 1 + chance.below(4); edits > 0 && !text.empty(); --edits) {
        const auto at = chance.below(text.size());
        switch (chance.below(5)) {
        case 0: text[at] = static_cast<char>(chance.below(256)); break;
        case 1: text.erase(at, 1 + chance.below(8)); break;
        case 2: text.insert(at, pieces[chance.below(std::size(pieces))]); break;
        case 3: text.insert(at, text.substr(chance.below(text.size()), chance.below(40))); break;
        case 4: text.resize(at); break;
        }
      }
      CAPTURE(text);
      feed_message message;
      const auto result = parser.parse(text, "BTCUSDT", message);
      CHECK((result == parse_result::refused) == !parser.why().empty());
      if (result == parse_result::refused) ++refused;
      if (result != parse_result::message) continue;
      if (const auto* trade = std::get_if<feed_trade>(&message)) {
        CHECK(trade->price8 > 0);
        CHECK(trade->size8 > 0);
      }
      if (const auto* depth = std::get_if<feed_depth>(&message))
        for (const auto& level : depth->levels) CHECK((level.price8 > 0 && level.size8 >= 0));
    }
    CHECK(refused > 100); // the mutations do reach the rules
  }
}

TEST_CASE("binance_parser: how fast it reads (printed, not asserted)") {
  const std::string texts[] = {in_stream("btcusdt@trade", trade_text),
                               in_stream("btcusdt@depth@100ms", depth_text),
                               in_stream("btcusdt@bookTicker", ticker_text)};
  binance_parser parser;
  feed_message message;
  for (const auto& text : texts) {
    constexpr int rounds = 20'000;
    const auto begin = std::chrono::steady_clock::now();
    int read = 0;
    for (int i = 0; i < rounds; ++i)
      if (parser.parse(text, {}, message) == parse_result::message) ++read;
    const std::chrono::duration<double, std::micro> spent =
      std::chrono::steady_clock::now() - begin;
    CHECK(read == rounds);
    std::printf("binance_parser: %zu bytes in %.2f us\n", text.size(), spent.count() / rounds);
  }
}

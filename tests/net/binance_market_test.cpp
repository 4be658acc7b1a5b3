// Public market data in Binance's shapes, and the recorded answers they are compared with.
#include "tests/net/binance_client.hpp"

#include <doctest/doctest.h>
#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <map>

namespace rialto::net {

namespace {

/// A market in which two users have traded; its tape is written by hand, as the market's own publisher would.
struct busy_market {
  api_node node;
  trader anna;
  binance_client bot;
  busy_market() : anna(prepared()), bot(node, anna) {
    node.deposit(anna, "USDT", "1000000");
    node.deposit(anna, "BTC", "100");
    const auto order = [&](const std::string& side, const std::string& price) {
      const auto made = bot.order("symbol=BTCUSDT&side=" + side +
                                  "&type=LIMIT&timeInForce=GTC&quantity=0.5&price=" + price);
      REQUIRE_MESSAGE(made.status == 200, made.text);
    };
    for (const auto* price : {"20001", "20002", "20003"}) order("SELL", price);
    for (const auto* price : {"19999", "19998", "19997"}) order("BUY", price);
    order("BUY", "20001");
    const auto now = node.clock.now();
    const auto market = node.gate.markets()->find("BTCUSDT")->spec.market;
    node.tape().append(market, {{{1}, {2'000'100}, {50'000}, false, now}});
    candle minute;
    minute.open_time = {now.value - now.value % 60'000'000'000};
    minute.open = minute.high = minute.low = minute.close = {2'000'100};
    minute.volume = minute.taker_buy_volume = {50'000};
    minute.quote_volume = {1'000'050'000'000};
    minute.trades = 1;
    node.tape().put_candles(market, candle_interval::m1, {minute});
    node.tape().put_candles(market, candle_interval::d1, {minute});
  }
  trader prepared() {
    node.list("BTC", "USDT");
    node.list("ETH", "USDT");
    return node.sign_up("anna@example.org");
  }
};

std::string kind_of(const json& value) {
  if (value.is_number_integer()) return "integer";
  return value.type_name();
}

/// Fields by path with their kinds: "symbols[].filters[PRICE_FILTER].minPrice" -> "string".
void collect(const json& value, const std::string& path, std::map<std::string, std::string>& out) {
  if (value.is_object()) {
    for (const auto& [name, one] : value.items()) collect(one, path + "." + name, out);
  } else if (value.is_array()) {
    const bool is_row = !value.empty() && path.ends_with("[]"); // a row of a table: by position
    for (std::size_t i = 0; i < value.size(); ++i) {
      const auto& one = value[i];
      const auto filter = one.is_object() ? one.value("filterType", "") : "";
      collect(one, path + (is_row ? "[" + std::to_string(i) + "]" : "[" + filter + "]"), out);
    }
  } else {
    out[path] = kind_of(value);
  }
}

std::string recorded_file(const char* name) {
  std::filesystem::path base;
  if (const char* data = std::getenv("RIALTO_DATA"))
    base = data;
  else if (const char* source = std::getenv("RIALTO_SOURCE_DIR"))
    base = std::filesystem::path(source) / "../shared/data";
  else
    base = std::filesystem::path(__FILE__).parent_path() / "../../../shared/data";
  const auto path = base / "binance_rest" / name;
  std::error_code failed;
  return std::filesystem::exists(path, failed) ? path.string() : std::string();
}

json read_gz(const std::string& path) {
  auto* file = gzopen(path.c_str(), "rb");
  REQUIRE(file != nullptr);
  std::string text;
  std::vector<char> piece(1 << 20);
  for (int got = 0; (got = gzread(file, piece.data(), static_cast<unsigned>(piece.size()))) > 0;)
    text.append(piece.data(), static_cast<std::size_t>(got));
  gzclose(file);
  return json::parse(text);
}

} // namespace

TEST_CASE("binance market: depth, trades, klines and tickers of one market") {
  busy_market at;
  auto depth = at.node.get("/api/v3/depth?symbol=BTCUSDT&limit=2").body();
  CHECK(depth["bids"] ==
        json::parse(R"([["19999.00000000","0.50000000"],["19998.00000000","0.50000000"]])"));
  CHECK(depth["asks"] ==
        json::parse(R"([["20002.00000000","0.50000000"],["20003.00000000","0.50000000"]])"));
  CHECK(depth["lastUpdateId"].is_number_integer());
  CHECK(at.node.get("/api/v3/depth?symbol=BTCUSDT&limit=9999").status == 200); // clamped
  CHECK(at.node.get("/api/v3/trades?symbol=BTCUSDT").body() ==
        json::parse(R"([{"id":1,"price":"20001.00000000","qty":"0.50000000",
                         "quoteQty":"10000.50000000","time":)" +
                    at.bot.now_ms() + R"(,"isBuyerMaker":false,"isBestMatch":true}])"));
  CHECK(at.node.get("/api/v3/historicalTrades?symbol=BTCUSDT&fromId=1").body() == // without a key
        at.node.get("/api/v3/trades?symbol=BTCUSDT").body());
  CHECK(at.node.get("/api/v3/aggTrades?symbol=BTCUSDT").body()[0]["p"] == "20001.00000000");
  const auto kline = at.node.get("/api/v3/klines?symbol=BTCUSDT&interval=1m").body();
  REQUIRE(kline.size() == 1);
  REQUIRE(kline[0].size() == 12);
  CHECK(kline[0][6].get<std::int64_t>() - kline[0][0].get<std::int64_t>() == 59'999);
  CHECK(kline[0][5] == "0.50000000");
  CHECK(kline[0][10] == "10000.50000000");
  CHECK(kline[0][11] == "0");
  const auto ticker = at.node.get("/api/v3/ticker/24hr?symbol=BTCUSDT").body();
  CHECK(ticker["lastPrice"] == "20001.00000000");
  CHECK(ticker["bidQty"] == "0.50000000");
  CHECK(ticker["count"] == 1);
  CHECK(ticker["weightedAvgPrice"] == "20001.00000000");
  CHECK(ticker["priceChangePercent"] == "0.000");
  CHECK(at.node.get("/api/v3/ticker/24hr").body().size() == 2);
  CHECK(at.node.get(R"(/api/v3/ticker/price?symbols=["BTCUSDT"])").body() ==
        json::parse(R"([{"symbol":"BTCUSDT","price":"20001.00000000"}])"));
  CHECK(at.node.get("/api/v3/ticker/bookTicker?symbol=BTCUSDT").body()["askPrice"] ==
        "20002.00000000");
  CHECK(at.node.get("/api/v3/avgPrice?symbol=BTCUSDT").body()["price"] == "20001.00000000");
  CHECK(at.node.get("/api/v3/ticker?symbol=BTCUSDT&windowSize=1h").body()["count"] == 1);
  CHECK_FALSE(
    at.node.get("/api/v3/ticker/24hr?symbol=BTCUSDT&type=MINI").body().contains("bidQty"));
}

TEST_CASE("binance market: wrong parameters of public requests") {
  busy_market at;
  const std::pair<const char*, int> rows[] = {
    {"/api/v3/depth", -1102},
    {"/api/v3/depth?symbol=", -1105},
    {"/api/v3/depth?symbol=NOPE", -1121},
    {"/api/v3/depth?symbol=BTCUSDT&limit=0", -1130},
    {"/api/v3/depth?symbol=BTCUSDT&limit=x", -1100},
    {"/api/v3/depth?symbol=BTCUSDT&level=5", -1103},
    {"/api/v3/klines?symbol=BTCUSDT&interval=1H", -1120},
    {"/api/v3/klines?symbol=BTCUSDT&interval=1d&timeZone=99", -1100},
    {"/api/v3/aggTrades?symbol=BTCUSDT&fromId=1&startTime=1", -1128},
    {"/api/v3/exchangeInfo?symbol=NOPE", -1121},
    {"/api/v3/exchangeInfo?symbols=[%22NOPE%22]", -1121},
    {"/api/v3/exchangeInfo?symbols=x]", -1121},
    {"/api/v3/exchangeInfo?symbols=[x]", -1100},
    {"/api/v3/ticker/24hr?symbol=BTCUSDT&symbols=[%22BTCUSDT%22]", -1128},
    {"/api/v3/ticker/24hr?type=HUGE", -1130},
    {"/api/v3/ticker?windowSize=1h", -1102},
    {"/api/v3/ticker?symbol=BTCUSDT&windowSize=60m", -1130},
    {"/api/v3/historicalTrades?symbol=BTCUSDT&fromId=x", -1100},
  };
  for (const auto& [target, code] : rows) {
    CAPTURE(target);
    const auto answer = at.node.get(target);
    CHECK_MESSAGE(code_of(answer) == code, answer.text);
  }
  CHECK(at.node.get("/api/v3/exchangeInfo?symbol=NOPE").text ==
        R"({"code":-1121,"msg":"Invalid symbol."})");
}

TEST_CASE("binance market: exchangeInfo chooses, and tells the instrument's own filters") {
  busy_market at;
  CHECK(at.node.get("/api/v3/exchangeInfo").body()["symbols"].size() == 2);
  const auto one = at.node.get("/api/v3/exchangeInfo?symbol=BTCUSDT").body();
  REQUIRE(one["symbols"].size() == 1);
  CHECK(
    at.node.get(R"(/api/v3/exchangeInfo?symbols=["BTCUSDT","ETHUSDT"])").body()["symbols"].size() ==
    2);
  CHECK(at.node.get("/api/v3/exchangeInfo?symbolStatus=HALT").body()["symbols"].empty());
  CHECK(at.node.get("/api/v3/exchangeInfo?permissions=SPOT").body()["symbols"].size() == 2);
  CHECK(one["rateLimits"][0]["limit"] == 6'000);
  std::map<std::string, json> filters;
  for (const auto& filter : one["symbols"][0]["filters"]) filters[filter["filterType"]] = filter;
  CHECK(filters["PRICE_FILTER"]["tickSize"] == "0.01000000");
  CHECK(filters["LOT_SIZE"]["stepSize"] == "0.00001000");
  CHECK(filters["NOTIONAL"]["minNotional"] == "5.00000000");
}

TEST_CASE("binance market: recorded answers have the same fields and types as ours" *
          doctest::test_suite("recordings")) {
  const auto path = recorded_file("spot_public_rest_recordings.json.gz");
  if (path.empty()) {
    MESSAGE("skipped: no recorded answers on this machine");
    return;
  }
  busy_market at;
  // Theirs that ours does not have, and why.
  const auto is_explained = [](const std::string& field) {
    // MAX_POSITION, ALGO and order list counts: limits that the engine does not have are not told.
    for (const auto* filter :
         {"[MAX_POSITION]", "[MAX_NUM_ORDER_LISTS]", "[MAX_NUM_ORDER_AMENDS]", "[PERCENT_PRICE]",
          "[MAX_NUM_ORDERS]", "[MAX_NUM_ALGO_ORDERS]", "[ICEBERG_PARTS]", "[PERCENT_PRICE_BY_SIDE]",
          "[MIN_NOTIONAL]", "[EXCHANGE_MAX_NUM_ORDERS]"})
      if (field.find(filter) != std::string::npos) return true;
    // The exchange's many groups of accounts; ours have SPOT alone.
    if (field.find(".permissionSets[][") != std::string::npos && !field.ends_with("[][0]"))
      return true;
    // `permissions` is empty in ours: permissionSets says it.
    if (field.find(".permissions[]") != std::string::npos) return true;
    // The recorder's hand-made rows have a field without a name where `m` should be.
    if (field.ends_with(".") || field.ends_with("[].")) return true;
    return false;
  };
  std::map<std::string, std::map<std::string, std::string>> recorded;
  for (const auto& one : read_gz(path)) {
    const std::string target = one["path"];
    const auto& response = one["response"];
    // One object and an array of them are two shapes.
    collect(response, target + (response.is_array() ? " array" : ""),
            recorded[target + (response.is_array() ? "[]" : "")]);
  }
  const std::map<std::string, std::string> ours = {
    {"/api/v3/exchangeInfo", "/api/v3/exchangeInfo"},
    {"/api/v3/depth", "/api/v3/depth?symbol=BTCUSDT"},
    {"/api/v3/klines[]", "/api/v3/klines?symbol=BTCUSDT&interval=1m"},
    {"/api/v3/trades[]", "/api/v3/trades?symbol=BTCUSDT"},
    {"/api/v3/aggTrades[]", "/api/v3/aggTrades?symbol=BTCUSDT"},
    {"/api/v3/ticker/24hr", "/api/v3/ticker/24hr?symbol=BTCUSDT"},
    {"/api/v3/ticker/24hr[]", "/api/v3/ticker/24hr"},
    {"/api/v3/ticker/bookTicker", "/api/v3/ticker/bookTicker?symbol=BTCUSDT"},
    {"/api/v3/ticker/price", "/api/v3/ticker/price?symbol=BTCUSDT"},
    {"/api/v3/avgPrice", "/api/v3/avgPrice?symbol=BTCUSDT"}};
  std::size_t compared = 0;
  for (const auto& [shape, fields] : recorded) {
    CAPTURE(shape);
    const auto found = ours.find(shape);
    REQUIRE(found != ours.end());
    const auto answer = at.node.get(found->second);
    REQUIRE_MESSAGE(answer.status == 200, answer.text);
    std::map<std::string, std::string> mine;
    const auto base = shape.ends_with("[]") ? shape.substr(0, shape.size() - 2) + " array" : shape;
    collect(answer.body(), base, mine);
    for (const auto& [field, kind] : fields) {
      if (is_explained(field)) continue;
      ++compared;
      const auto own = mine.find(field);
      CHECK_MESSAGE(own != mine.end(), field);
      if (own != mine.end()) CHECK_MESSAGE(own->second == kind, field);
    }
  }
  CHECK(compared > 80);
}

} // namespace rialto::net

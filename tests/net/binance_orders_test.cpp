// Order entry and history in Binance's words, on the real accounts and markets.
#include "tests/net/binance_client.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct two_traders {
  api_node node;
  trader anna, bert;
  binance_client buyer, seller;

  explicit two_traders(api_settings settings = {})
      : node(std::move(settings)), anna(prepared()), bert(node.sign_up("bert@example.org")),
        buyer(node, anna), seller(node, bert) {
    node.deposit(anna, "USDT", "100000");
    node.deposit(bert, "BTC", "10");
  }
  trader prepared() {
    node.list("BTC", "USDT");
    node.list("ETH", "USDT");
    return node.sign_up("anna@example.org");
  }
  std::string free_of(binance_client& of, const std::string& asset) {
    const auto account = of.get("/api/v3/account").body();
    for (const auto& one : account["balances"])
      if (one["asset"] == asset) return one["free"];
    return "none";
  }
};

const std::string buy_limit = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC";
const std::string sell_limit = "symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC";

} // namespace

TEST_CASE(
  "binance orders: a limit order rests, is seen, fills from another user, and balances say so") {
  two_traders at;
  const auto placed =
    at.buyer.order(buy_limit + "&quantity=0.5&price=20000&newClientOrderId=x-first");
  REQUIRE_MESSAGE(placed.status == 200, placed.text);
  const auto order = placed.body();
  CHECK(order["symbol"] == "BTCUSDT");
  CHECK(order["clientOrderId"] == "x-first");
  CHECK(order["orderListId"] == -1);
  CHECK(order["price"] == "20000.00000000");
  CHECK(order["origQty"] == "0.50000000");
  CHECK(order["executedQty"] == "0.00000000");
  CHECK(order["cummulativeQuoteQty"] == "0.00000000");
  CHECK(order["status"] == "NEW");
  CHECK(order["type"] == "LIMIT");
  CHECK(order["side"] == "BUY");
  CHECK(order["fills"] == json::array());
  CHECK(placed.header("X-MBX-ORDER-COUNT-10S") == "1");
  CHECK(placed.header("X-MBX-ORDER-COUNT-1D") == "1");
  CHECK_FALSE(placed.header("X-MBX-USED-WEIGHT-1M").empty());

  const auto id = std::to_string(order["orderId"].get<std::uint64_t>());
  const auto seen = at.buyer.get("/api/v3/order", "symbol=BTCUSDT&orderId=" + id).body();
  for (const auto* name : {"symbol",
                           "orderId",
                           "orderListId",
                           "clientOrderId",
                           "price",
                           "origQty",
                           "executedQty",
                           "cummulativeQuoteQty",
                           "status",
                           "timeInForce",
                           "type",
                           "side",
                           "stopPrice",
                           "icebergQty",
                           "time",
                           "updateTime",
                           "isWorking",
                           "workingTime",
                           "origQuoteOrderQty",
                           "selfTradePreventionMode"})
    CHECK_MESSAGE(seen.contains(name), name);
  CHECK(seen["isWorking"] == true);
  CHECK(at.buyer.get("/api/v3/openOrders", "symbol=BTCUSDT").body().size() == 1);
  CHECK(at.buyer.get("/api/v3/openOrders").body().size() == 1);
  CHECK(at.buyer.get("/api/v3/openOrders", "symbol=ETHUSDT").body().empty());

  const auto sold = at.seller.order(sell_limit + "&quantity=0.2&price=20000");
  REQUIRE_MESSAGE(sold.status == 200, sold.text);
  CHECK(sold.body()["status"] == "FILLED");
  REQUIRE(sold.body()["fills"].size() == 1);
  const auto fill = sold.body()["fills"][0];
  CHECK(fill["price"] == "20000.00000000");
  CHECK(fill["qty"] == "0.20000000");
  CHECK(fill["commission"] == "4.00000000"); // 0.1 % of 4000 USDT
  CHECK(fill["commissionAsset"] == "USDT");

  const auto half =
    at.buyer.get("/api/v3/order", "symbol=BTCUSDT&origClientOrderId=x-first").body();
  CHECK(half["status"] == "PARTIALLY_FILLED");
  CHECK(half["executedQty"] == "0.20000000");
  CHECK(half["cummulativeQuoteQty"] == "4000.00000000");
  CHECK(at.free_of(at.seller, "USDT") == "3996.00000000");
  CHECK(at.free_of(at.buyer, "BTC") == "0.19980000");
  CHECK(at.free_of(at.buyer, "USDT") == "90000.00000000"); // half of it still held

  const auto trades = at.buyer.get("/api/v3/myTrades", "symbol=BTCUSDT").body();
  REQUIRE(trades.size() == 1);
  CHECK(trades[0]["id"] == fill["tradeId"]);
  CHECK(trades[0]["isMaker"] == true);
  CHECK(trades[0]["isBuyer"] == true);
  CHECK(trades[0]["commission"] == "0.00020000");
  CHECK(trades[0]["quoteQty"] == "4000.00000000");

  const auto gone = at.buyer.erase("/api/v3/order", "symbol=BTCUSDT&orderId=" + id).body();
  CHECK(gone["status"] == "CANCELED");
  CHECK(gone["origClientOrderId"] == "x-first");
  CHECK(gone["clientOrderId"] != "x-first");
  CHECK(gone["executedQty"] == "0.20000000");
  const auto again = at.buyer.erase("/api/v3/order", "symbol=BTCUSDT&orderId=" + id);
  CHECK(again.status == 400);
  CHECK(again.text == R"({"code":-2011,"msg":"Unknown order sent."})");
  const auto all = at.buyer.get("/api/v3/allOrders", "symbol=BTCUSDT").body();
  REQUIRE(all.size() == 1);
  CHECK(all[0]["status"] == "CANCELED");
}

TEST_CASE("binance orders: times in force, market orders, and what expires is answered with 200") {
  two_traders at;
  REQUIRE(at.seller.order(sell_limit + "&quantity=0.3&price=20000").status == 200);
  SUBCASE("IOC keeps what it got") {
    const auto got = at.buyer
                       .order("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=1"
                              "&price=20000")
                       .body();
    CHECK(got["status"] == "EXPIRED");
    CHECK(got["executedQty"] == "0.30000000");
    CHECK(got["timeInForce"] == "IOC");
  }
  SUBCASE("FOK is all or nothing") {
    const auto got = at.buyer
                       .order("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=FOK&quantity=1"
                              "&price=20000")
                       .body();
    CHECK(got["status"] == "EXPIRED");
    CHECK(got["executedQty"] == "0.00000000");
  }
  SUBCASE("MARKET expires when the side is empty") {
    const auto got = at.buyer.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1").body();
    CHECK(got["status"] == "EXPIRED");
    CHECK(got["executedQty"] == "0.30000000");
    CHECK(got["price"] == "0.00000000");
    CHECK(got["type"] == "MARKET");
  }
  SUBCASE("MARKET for an amount spends up to it") {
    const auto got =
      at.buyer.order("symbol=BTCUSDT&side=BUY&type=MARKET&quoteOrderQty=2000").body();
    CHECK(got["status"] == "FILLED");
    CHECK(got["executedQty"] == "0.10000000");
    CHECK(got["origQty"] == "0.10000000");
    CHECK(got["origQuoteOrderQty"] == "2000.00000000");
    CHECK(got["cummulativeQuoteQty"] == "2000.00000000");
  }
  SUBCASE("LIMIT_MAKER that would take is refused with the exact text") {
    const auto got =
      at.buyer.order("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=20000");
    CHECK(got.status == 400);
    CHECK(got.text == R"({"code":-2010,"msg":"Order would immediately match and take."})");
  }
  SUBCASE("ACK, RESULT, FULL") {
    const auto ack =
      at.buyer.order("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&quantity=1&price=10000");
    CHECK(ack.body().size() == 5);
    const auto result =
      at.buyer.order(buy_limit + "&quantity=1&price=10000&newOrderRespType=RESULT");
    CHECK(result.body().contains("workingTime"));
    CHECK_FALSE(result.body().contains("fills"));
    at.buyer.unit = "MICROSECOND";
    const auto precise = at.buyer.order(buy_limit + "&quantity=1&price=10000").body();
    CHECK(precise["transactTime"].get<std::int64_t>() > 1'000'000'000'000'000);
  }
  SUBCASE("a test places nothing, and says what would be wrong") {
    CHECK(at.buyer.post("/api/v3/order/test", buy_limit + "&quantity=1&price=10000").text == "{}");
    CHECK(at.buyer.get("/api/v3/openOrders").body().empty());
    const auto no = at.buyer.post("/api/v3/order/test", buy_limit + "&quantity=0.00001&price=1");
    CHECK(text_of(no) == "Filter failure: NOTIONAL");
    // Funds are not asked for.
    CHECK(at.buyer.post("/api/v3/order/test", buy_limit + "&quantity=100&price=10000").status ==
          200);
  }
}

TEST_CASE("binance orders: stops wait, and triggers that are reached are refused") {
  two_traders at;
  REQUIRE(at.seller.order(sell_limit + "&quantity=1&price=20000").status == 200);
  REQUIRE(at.buyer.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1").status == 200);
  const auto stop = at.buyer.order("symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC"
                                   "&quantity=0.1&price=21000&stopPrice=20500");
  REQUIRE_MESSAGE(stop.status == 200, stop.text);
  CHECK(stop.body().size() == 5); // ACK
  const auto id = std::to_string(stop.body()["orderId"].get<std::uint64_t>());
  const auto seen = at.buyer.get("/api/v3/order", "symbol=BTCUSDT&orderId=" + id).body();
  CHECK(seen["status"] == "NEW");
  CHECK(seen["isWorking"] == false);
  CHECK(seen["workingTime"] == -1);
  CHECK(seen["type"] == "STOP_LOSS_LIMIT");
  CHECK(seen["stopPrice"] == "20500.00000000");
  const auto reached = at.buyer.order("symbol=BTCUSDT&side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC"
                                      "&quantity=0.1&price=21000&stopPrice=19000");
  CHECK(reached.text == R"({"code":-2010,"msg":"Order would trigger immediately."})");
  const auto trailing = at.buyer.order("symbol=BTCUSDT&side=BUY&type=TAKE_PROFIT&quantity=0.1&"
                                       "trailingDelta=100&newOrderRespType=RESULT");
  REQUIRE_MESSAGE(trailing.status == 200, trailing.text);
  CHECK(trailing.body()["trailingDelta"] == 100);
  CHECK(trailing.body()["type"] == "TAKE_PROFIT");
  const auto iceberg =
    at.buyer.order(buy_limit + "&quantity=1&price=10000&icebergQty=0.2&newOrderRespType=RESULT");
  CHECK(iceberg.body()["icebergQty"] == "0.20000000");
}

TEST_CASE("binance orders: every wrong parameter has its code") {
  two_traders at;
  const struct {
    const char* params;
    int code;
  } rows[] = {
    {"side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1102},
    {"symbol=NOPE&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1121},
    {"symbol=btcusdt&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1121},
    {"symbol=%EF%BC%91&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1121},
    {"symbol=BTCUSDT&side=HOLD&type=LIMIT&timeInForce=GTC&quantity=1&price=1", -1117},
    {"symbol=BTCUSDT&side=BUY&type=MAGIC&timeInForce=GTC&quantity=1&price=1", -1116},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTX&quantity=1&price=1", -1115},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&quantity=1&price=1", -1102},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&price=1", -1102},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1", -1102},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=", -1105},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1e4", -1100},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=NaN", -1100},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1.000000001", -1111},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1.001", -1013},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.000001&price=10000", -1013},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0&price=10000", -1013},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.0001&price=1", -1013},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1&stopPrice=1", -1106},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1&quoteOrderQty=1",
     -1106},
    {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&price=1", -1106},
    {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&timeInForce=GTC", -1106},
    {"symbol=BTCUSDT&side=BUY&type=MARKET", -1102},
    {"symbol=BTCUSDT&side=BUY&type=STOP_LOSS&quantity=1", -1102},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=1&price=1&colour=1", -1103},
    {"symbol=BTCUSDT&symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1", -1101},
    {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newOrderRespType=ALL", -1130},
    {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&selfTradePreventionMode=X", -1130},
    {"symbol=BTCUSDT&side=BUY&type=MARKET&quantity=1&newClientOrderId=a%20b", -1100},
    {"symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=IOC&quantity=1&price=10000&icebergQty=0.1",
     -1115},
    {"symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1&price=10000", -2010},
  };
  for (const auto& row : rows) {
    CAPTURE(row.params);
    const auto answer = at.buyer.order(row.params);
    CHECK_MESSAGE(code_of(answer) == row.code, answer.text);
    CHECK(answer.status == 400);
  }
  CHECK(text_of(at.buyer.order("symbol=BTCUSDT&side=SELL&type=LIMIT&timeInForce=GTC&quantity=1"
                               "&price=10000")) ==
        "Account has insufficient balance for requested action.");
  CHECK(text_of(at.buyer.order(buy_limit + "&quantity=1&price=1.001")) ==
        "Filter failure: PRICE_FILTER");
  CHECK(text_of(at.buyer.order(buy_limit + "&quantity=0.000001&price=10000")) ==
        "Filter failure: LOT_SIZE");
  CHECK(text_of(at.buyer.order(buy_limit + "&quantity=0.0001&price=1")) ==
        "Filter failure: NOTIONAL");
}

TEST_CASE("binance orders: a client order id is unique among open orders and free afterwards") {
  two_traders at;
  const auto wish = buy_limit + "&quantity=0.1&price=10000&newClientOrderId=once";
  REQUIRE(at.buyer.order(wish).status == 200);
  at.node.wait(10); // another timestamp: another request
  const auto again = at.buyer.order(wish);
  CHECK(again.text == R"({"code":-2010,"msg":"Duplicate order sent."})");
  REQUIRE(at.buyer.erase("/api/v3/order", "symbol=BTCUSDT&origClientOrderId=once").status == 200);
  at.node.wait(10);
  CHECK(at.buyer.order(wish).status == 200);
}

TEST_CASE("binance orders: the same signed bytes are executed once") {
  two_traders at;
  const auto query = at.buyer.signed_query(buy_limit + "&quantity=0.1&price=10000");
  const auto first = at.buyer.send("POST", "/api/v3/order", query);
  REQUIRE(first.status == 200);
  const auto second = at.buyer.send("POST", "/api/v3/order", query);
  CHECK(second.status == 400);
  CHECK(second.text == R"({"code":-2010,"msg":"Duplicate order sent."})");
  CHECK(at.buyer.get("/api/v3/openOrders").body().size() == 1);
  const auto cancel = at.buyer.signed_query(
    "symbol=BTCUSDT&orderId=" + std::to_string(first.body()["orderId"].get<std::uint64_t>()));
  CHECK(at.buyer.send("DELETE", "/api/v3/order", cancel).status == 200);
  CHECK(code_of(at.buyer.send("DELETE", "/api/v3/order", cancel)) == -2011);
}

TEST_CASE("binance orders: cancel all, cancel and replace, amend") {
  two_traders at;
  CHECK(code_of(at.buyer.erase("/api/v3/openOrders", "symbol=BTCUSDT")) == -2011);
  const auto first = at.buyer.order(buy_limit + "&quantity=0.1&price=10000").body();
  const auto id = std::to_string(first["orderId"].get<std::uint64_t>());
  SUBCASE("all of a symbol") {
    REQUIRE(at.buyer.order(buy_limit + "&quantity=0.2&price=10000").status == 200);
    const auto gone = at.buyer.erase("/api/v3/openOrders", "symbol=BTCUSDT");
    REQUIRE_MESSAGE(gone.status == 200, gone.text);
    REQUIRE(gone.body().size() == 2);
    CHECK(gone.body()[0]["status"] == "CANCELED");
    CHECK(at.buyer.get("/api/v3/openOrders").body().empty());
  }
  SUBCASE("replace") {
    const auto done = at.buyer.post("/api/v3/order/cancelReplace",
                                    buy_limit +
                                      "&quantity=0.2&price=11000"
                                      "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=" +
                                      id);
    REQUIRE_MESSAGE(done.status == 200, done.text);
    CHECK(done.body()["cancelResult"] == "SUCCESS");
    CHECK(done.body()["newOrderResult"] == "SUCCESS");
    CHECK(done.body()["cancelResponse"]["status"] == "CANCELED");
    CHECK(done.body()["newOrderResponse"]["price"] == "11000.00000000");
    CHECK(at.buyer.get("/api/v3/openOrders").body().size() == 1);
  }
  SUBCASE("replace what is not there") {
    const auto stop = at.buyer.post("/api/v3/order/cancelReplace",
                                    buy_limit + "&quantity=0.2&price=11000&cancelOrderId=999"
                                                "&cancelReplaceMode=STOP_ON_FAILURE");
    CHECK(stop.status == 400);
    CHECK(stop.body()["code"] == -2022);
    CHECK(stop.body()["data"]["newOrderResult"] == "NOT_ATTEMPTED");
    CHECK(stop.body()["data"]["newOrderResponse"].is_null());
    CHECK(stop.body()["data"]["cancelResponse"]["code"] == -2011);
    const auto go = at.buyer.post("/api/v3/order/cancelReplace",
                                  buy_limit + "&quantity=0.2&price=11000&cancelOrderId=999"
                                              "&cancelReplaceMode=ALLOW_FAILURE");
    CHECK(go.status == 409);
    CHECK(go.body()["code"] == -2021);
    CHECK(go.body()["data"]["cancelResult"] == "FAILURE");
    CHECK(go.body()["data"]["newOrderResult"] == "SUCCESS");
  }
  SUBCASE("replace with what is refused") {
    const auto poor = at.buyer.post("/api/v3/order/cancelReplace",
                                    buy_limit +
                                      "&quantity=100&price=11000"
                                      "&cancelReplaceMode=STOP_ON_FAILURE&cancelOrderId=" +
                                      id);
    CHECK(poor.status == 409);
    CHECK(poor.body()["data"]["cancelResult"] == "SUCCESS");
    CHECK(poor.body()["data"]["newOrderResponse"]["code"] == -2010);
  }
  SUBCASE("amend") {
    const auto path = "/api/v3/order/amend/keepPriority";
    const auto less = at.buyer.put(path, "symbol=BTCUSDT&newQty=0.05&orderId=" + id);
    REQUIRE_MESSAGE(less.status == 200, less.text);
    CHECK(less.body()["amendedOrder"]["qty"] == "0.05000000");
    CHECK(code_of(at.buyer.put(path, "symbol=BTCUSDT&newQty=0.2&orderId=" + id)) == -2038);
  }
  SUBCASE("cancel restrictions") {
    CHECK(code_of(at.buyer.erase(
            "/api/v3/order",
            "symbol=BTCUSDT&cancelRestrictions=ONLY_PARTIALLY_FILLED&orderId=" + id)) == -2011);
    CHECK(
      at.buyer.erase("/api/v3/order", "symbol=BTCUSDT&cancelRestrictions=ONLY_NEW&orderId=" + id)
        .status == 200);
  }
  SUBCASE("of another symbol it is not known") {
    CHECK(code_of(at.buyer.erase("/api/v3/order", "symbol=ETHUSDT&orderId=" + id)) == -2011);
    CHECK(code_of(at.buyer.get("/api/v3/order", "symbol=ETHUSDT&orderId=" + id)) == -2013);
    CHECK(code_of(at.seller.get("/api/v3/order", "symbol=BTCUSDT&orderId=" + id)) == -2013);
  }
}

TEST_CASE("binance orders: lists") {
  two_traders at;
  REQUIRE(at.seller.order(sell_limit + "&quantity=1&price=20000").status == 200);
  REQUIRE(at.buyer.order("symbol=BTCUSDT&side=BUY&type=MARKET&quantity=0.1").status == 200);
  const auto oco = at.seller.post(
    "/api/v3/orderList/oco",
    "symbol=BTCUSDT&side=SELL&quantity=0.5&aboveType=LIMIT_MAKER&abovePrice=25000"
    "&belowType=STOP_LOSS_LIMIT&belowStopPrice=15000&belowPrice=14900&belowTimeInForce=GTC"
    "&listClientOrderId=pair");
  REQUIRE_MESSAGE(oco.status == 200, oco.text);
  CHECK(oco.body()["contingencyType"] == "OCO");
  CHECK(oco.body()["listOrderStatus"] == "EXECUTING");
  CHECK(oco.body()["listClientOrderId"] == "pair");
  CHECK(oco.body()["orders"].size() == 2);
  CHECK(oco.body()["orderReports"][1]["type"] == "STOP_LOSS_LIMIT");
  const auto list = std::to_string(oco.body()["orderListId"].get<std::uint64_t>());
  CHECK(at.seller.get("/api/v3/orderList", "orderListId=" + list).body()["orders"].size() == 2);
  CHECK(at.seller.get("/api/v3/openOrderList").body().size() == 1);
  const auto gone = at.seller.erase("/api/v3/orderList", "symbol=BTCUSDT&orderListId=" + list);
  REQUIRE_MESSAGE(gone.status == 200, gone.text);
  CHECK(gone.body()["listOrderStatus"] == "ALL_DONE");
  CHECK(at.seller.get("/api/v3/openOrderList").body().empty());
  const auto otoco = at.buyer.post(
    "/api/v3/orderList/otoco",
    "symbol=BTCUSDT&workingType=LIMIT&workingSide=BUY&workingPrice=18000&workingQuantity=0.1"
    "&workingTimeInForce=GTC&pendingSide=SELL&pendingQuantity=0.1&pendingAboveType=LIMIT_MAKER"
    "&pendingAbovePrice=22000&pendingBelowType=STOP_LOSS&pendingBelowStopPrice=16000");
  REQUIRE_MESSAGE(otoco.status == 200, otoco.text);
  CHECK(otoco.body()["contingencyType"] == "OTO");
  CHECK(otoco.body()["orderReports"][1]["status"] == "PENDING_NEW");
}

TEST_CASE("binance orders: history by number, time and limit") {
  two_traders at;
  REQUIRE(at.seller.order(sell_limit + "&quantity=5&price=10000").status == 200);
  std::vector<std::uint64_t> orders, trades;
  std::vector<std::int64_t> times;
  for (int i = 0; i < 5; ++i) {
    at.node.wait(1'000);
    const auto one = at.buyer.order(buy_limit + "&quantity=0.1&price=10000").body();
    orders.push_back(one["orderId"]);
    times.push_back(one["transactTime"]);
    trades.push_back(one["fills"][0]["tradeId"]);
  }
  const auto ids = [&](const std::string& path, const std::string& params, const char* name) {
    std::vector<std::uint64_t> found;
    const auto answer = at.buyer.get(path, "symbol=BTCUSDT" + params);
    REQUIRE_MESSAGE(answer.status == 200, answer.text);
    for (const auto& one : answer.body()) found.push_back(one[name]);
    return found;
  };
  using numbers = std::vector<std::uint64_t>;
  const auto number = [](auto value) { return std::to_string(value); };
  CHECK(ids("/api/v3/allOrders", "", "orderId") == orders);
  CHECK(ids("/api/v3/allOrders", "&limit=2", "orderId") == numbers{orders[3], orders[4]});
  CHECK(ids("/api/v3/allOrders", "&limit=2&orderId=" + number(orders[1]), "orderId") ==
        numbers{orders[1], orders[2]});
  CHECK(ids("/api/v3/allOrders", "&startTime=" + number(times[3]), "orderId") ==
        numbers{orders[3], orders[4]});
  CHECK(ids("/api/v3/allOrders", "&startTime=" + number(times[1]) + "&endTime=" + number(times[2]),
            "orderId") == numbers{orders[1], orders[2]});
  CHECK(ids("/api/v3/myTrades", "", "id") == trades);
  CHECK(ids("/api/v3/myTrades", "&fromId=" + number(trades[2]) + "&limit=2", "id") ==
        numbers{trades[2], trades[3]});
  CHECK(ids("/api/v3/myTrades", "&orderId=" + number(orders[1]), "id") == numbers{trades[1]});
  CHECK(ids("/api/v3/myTrades", "&endTime=" + number(times[1]) + "&limit=1", "id") ==
        numbers{trades[1]});
  CHECK(code_of(at.buyer.get("/api/v3/allOrders", "symbol=BTCUSDT&startTime=1&endTime=90000000")) ==
        -1127);
  CHECK(code_of(at.buyer.get("/api/v3/myTrades", "symbol=BTCUSDT&fromId=1&startTime=1")) == -1128);
}

} // namespace rialto::net

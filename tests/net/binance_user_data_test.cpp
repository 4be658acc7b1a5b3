// User data streams in Binance's words, on the real accounts and markets, against what REST says.
#include "tests/net/binance_streams.hpp"

namespace rialto::net {

namespace {

using binance::user_data;

/// Sees Anna's events over the WebSocket API.
struct watched_market : streaming_market {
  web_socket_id socket;
  watched_market() : socket(node.connect("/ws-api/v3")) {
    node.port.sent.clear();
    CHECK(subscribe() == 0);
  }
  std::int64_t subscribe() {
    const auto answer =
      call("userDataStream.subscribe.signature", buyer.signed_params(json::object()));
    REQUIRE_MESSAGE(answer["status"] == 200, answer.dump());
    return answer["result"]["subscriptionId"];
  }
  /// The answer; what else came waits in `others`.
  json call(const std::string& method, const json& params) {
    return answer_to(node, socket, {{"id", "q"}, {"method", method}, {"params", params}});
  }
  json answer_to(api_node& at, web_socket_id id, const json& message) {
    json answer;
    node.api().message(id, message.dump(), false);
    at.run_until([&] {
      for (auto& one : at.heard(id)) {
        if (one.contains("status"))
          answer = one;
        else
          others.push_back(one);
      }
      return !answer.is_null();
    });
    return answer;
  }
  /// Events since the last call.
  std::vector<json> events() {
    for (auto& one : node.heard(socket)) others.push_back(one);
    std::vector<json> out;
    for (auto& one : std::exchange(others, {})) out.push_back(one.value("event", one));
    return out;
  }
  static std::string words(const std::vector<json>& events) {
    std::string out;
    for (const auto& one : events) {
      out += out.empty() ? "" : " ";
      const std::string kind = one["e"];
      out += kind == "executionReport"
               ? one["x"].get<std::string>() + "/" + one["X"].get<std::string>()
             : kind == "outboundAccountPosition" ? "position"
             : kind == "listStatus"              ? "list/" + one["L"].get<std::string>()
                                                 : kind;
    }
    return out;
  }
  std::string heard_words() { return words(events()); }
  json order(binance_client& of, const std::string& params) {
    const auto made = of.order("symbol=BTCUSDT&" + params);
    REQUIRE_MESSAGE(made.status == 200, made.text);
    return made.body();
  }
  std::vector<json> others;
};

} // namespace

TEST_CASE(
  "user data: an order rests, fills in parts and is cancelled; fields and digits are REST's") {
  watched_market at;
  const auto placed = at.order(
    at.buyer, "side=BUY&type=LIMIT&timeInForce=GTC&price=20000&quantity=0.5&newClientOrderId=x-1");
  auto events = at.events();
  REQUIRE(at.words(events) == "NEW/NEW position");
  const auto fresh = events[0];
  for (const auto* name : {"E", "g", "i", "T", "t", "I", "O", "W"})
    CHECK_MESSAGE(fresh[name].is_number_integer(), name);
  for (const auto* name : {"w", "m", "M"}) CHECK_MESSAGE(fresh[name].is_boolean(), name);
  for (const auto* name : {"s", "c", "S", "o", "f", "q", "p", "P", "F", "C", "x",
                           "X", "r", "l", "z", "L", "n", "Z", "Y", "Q", "V"})
    CHECK_MESSAGE(fresh[name].is_string(), name);
  CHECK(fresh["N"].is_null());
  CHECK(fresh["i"] == placed["orderId"]);
  CHECK(fresh["c"] == "x-1");
  CHECK(fresh["C"] == "");
  CHECK(fresh["S"] == "BUY");
  CHECK(fresh["o"] == "LIMIT");
  CHECK(fresh["f"] == "GTC");
  CHECK(fresh["q"] == placed["origQty"]);
  CHECK(fresh["p"] == placed["price"]);
  CHECK(fresh["g"] == -1);
  CHECK(fresh["t"] == -1);
  CHECK(fresh["w"] == true);
  CHECK(fresh["r"] == "NONE");
  CHECK(fresh["V"] == placed["selfTradePreventionMode"]);
  CHECK(events[1]["B"] ==
        json::array({{{"a", "USDT"}, {"f", "9990000.00000000"}, {"l", "10000.00000000"}}}));

  at.sell("20000", "0.2");
  events = at.events();
  REQUIRE(at.words(events) == "TRADE/PARTIALLY_FILLED position");
  const auto fill = events[0];
  const auto trade = at.buyer.get("/api/v3/myTrades", "symbol=BTCUSDT").body()[0];
  const std::pair<const char*, const char*> same[] = {
    {"t", "id"},         {"i", "orderId"},         {"l", "qty"},     {"L", "price"},
    {"n", "commission"}, {"N", "commissionAsset"}, {"m", "isMaker"}, {"Y", "quoteQty"},
    {"T", "time"},       {"g", "orderListId"}};
  for (const auto& [name, of_rest] : same) CHECK_MESSAGE(fill[name] == trade[of_rest], name);
  CHECK(fill["z"] == "0.20000000");
  CHECK(fill["Z"] == "4000.00000000");
  CHECK(fill["w"] == true);
  const auto account = at.buyer.get("/api/v3/account").body();
  for (const auto& balance : events[1]["B"])
    for (const auto& row : account["balances"])
      if (row["asset"] == balance["a"]) {
        CHECK(row["free"] == balance["f"]);
        CHECK(row["locked"] == balance["l"]);
      }
  CHECK(events[1]["B"].size() == 2);

  const auto gone =
    at.buyer.erase("/api/v3/order", "symbol=BTCUSDT&origClientOrderId=x-1&newClientOrderId=c-1")
      .body();
  events = at.events();
  REQUIRE(at.words(events) == "CANCELED/CANCELED position");
  CHECK(events[0]["c"] == "c-1");
  CHECK(events[0]["C"] == "x-1");
  CHECK(events[0]["c"] == gone["clientOrderId"]);
  CHECK(events[0]["z"] == "0.20000000");
  CHECK(events[0]["w"] == false);
}

TEST_CASE(
  "user data: takers report NEW, every fill, and what is dropped; one position at the end") {
  watched_market at;
  at.sell("20000", "0.1");
  at.sell("20001", "0.1");
  at.order(at.buyer, "side=BUY&type=LIMIT&timeInForce=IOC&price=20001&quantity=0.5");
  CHECK(at.heard_words() ==
        "NEW/NEW TRADE/PARTIALLY_FILLED TRADE/PARTIALLY_FILLED EXPIRED/EXPIRED position");
  at.sell("20000", "0.1");
  at.order(at.buyer, "side=BUY&type=MARKET&quoteOrderQty=1000");
  const auto events = at.events();
  CHECK(at.words(events) == "NEW/NEW TRADE/FILLED position");
  CHECK(events[0]["Q"] == "1000.00000000");
  CHECK(events[1]["o"] == "MARKET");
  // Refused by the market after the account took it: one report.
  at.sell("20000", "0.1");
  CHECK(at.events().size() == 0);
  const auto refused =
    at.buyer.order("symbol=BTCUSDT&side=BUY&type=LIMIT_MAKER&price=20000&quantity=0.1");
  CHECK(code_of(refused) == -2010);
  const auto told = at.events();
  REQUIRE(at.words(told).starts_with("REJECTED/REJECTED"));
  CHECK(told[0]["r"] == "WOULD_MATCH_IMMEDIATELY");
}

TEST_CASE("user data: stops, amendments, prevented trades and linked orders have their words") {
  watched_market at;
  at.trade("20000", "0.1");
  static_cast<void>(at.events());
  const auto stop = at.order(
    at.buyer,
    "side=BUY&type=STOP_LOSS_LIMIT&timeInForce=GTC&stopPrice=20100&price=20200&quantity=0.1");
  auto events = at.events();
  REQUIRE(at.words(events) == "NEW/NEW position");
  CHECK(events[0]["w"] == false);
  CHECK(events[0]["P"] == "20100.00000000");
  CHECK(events[0]["o"] == "STOP_LOSS_LIMIT");
  CHECK_FALSE(events[0].contains("W"));
  static_cast<void>(at.sell("20100", "0.1"));
  at.buy("20100", "0.1"); // Anna's own order trades there: her stop is due
  events = at.events();
  const auto triggered = std::find_if(events.begin(), events.end(), [&](const json& one) {
    return one["e"] == "executionReport" && one["i"] == stop["orderId"];
  });
  REQUIRE(triggered != events.end());
  CHECK((*triggered)["x"] == "NEW");
  CHECK((*triggered)["w"] == true);
  CHECK((*triggered).contains("W"));

  const auto resting = at.buy("19000", "0.5");
  static_cast<void>(at.events());
  const auto amended = at.buyer.put("/api/v3/order/amend/keepPriority",
                                    "symbol=BTCUSDT&newQty=0.3&orderId=" +
                                      std::to_string(resting["orderId"].get<std::uint64_t>()));
  REQUIRE_MESSAGE(amended.status == 200, amended.text);
  events = at.events();
  REQUIRE(at.words(events).starts_with("REPLACED/NEW"));
  CHECK(events[0]["q"] == "0.30000000");

  at.order(at.buyer, "side=SELL&type=LIMIT&timeInForce=GTC&price=19000&quantity=0.1&"
                     "selfTradePreventionMode=EXPIRE_TAKER");
  CHECK(at.heard_words().find("TRADE_PREVENTION/EXPIRED_IN_MATCH") != std::string::npos);

  static_cast<void>(at.buyer.erase("/api/v3/openOrders", "symbol=BTCUSDT"));
  static_cast<void>(at.events());
  const auto list = at.buyer.post("/api/v3/orderList/oco",
                                  "symbol=BTCUSDT&side=SELL&quantity=0.1&aboveType=LIMIT_MAKER&"
                                  "abovePrice=21000&belowType=STOP_LOSS&belowStopPrice=19000");
  REQUIRE_MESSAGE(list.status == 200, list.text);
  events = at.events();
  CHECK(at.words(events).find("list/EXECUTING") != std::string::npos);
  for (const auto& one : events)
    if (one["e"] == "listStatus") {
      CHECK(one["g"] == list.body()["orderListId"]);
      CHECK(one["c"] == "OCO");
      CHECK(one["O"].size() == 2);
    }
  static_cast<void>(at.buyer.erase("/api/v3/openOrders", "symbol=BTCUSDT"));
  const auto ended = at.words(at.events());
  CAPTURE(ended);
  CHECK(ended.find("list/ALL_DONE") != std::string::npos);
  CHECK(ended.find("list/ALL_DONE") == ended.rfind("list/ALL_DONE"));
}

TEST_CASE("user data: deposits and withdrawals are balance updates with their sign") {
  watched_market at;
  at.node.deposit(at.anna, "USDT", "12.5");
  auto events = at.events();
  REQUIRE(at.words(events) == "balanceUpdate position");
  CHECK(events[0]["a"] == "USDT");
  CHECK(events[0]["d"] == "12.50000000");
  CHECK(events[1]["B"][0]["f"] == "10000012.50000000");
}

TEST_CASE("user data: subscriptions are numbered, listed, ended; others' events are not told") {
  watched_market at;
  CHECK(at.subscribe() == 1);
  CHECK(at.call("session.subscriptions", json::object())["result"] ==
        json::array({{{"subscriptionId", 0}}, {{"subscriptionId", 1}}}));
  CHECK(at.call("session.status", json::object())["result"]["userDataStream"] == true);
  at.sell("20000", "1"); // Bert's
  CHECK(at.events().empty());
  at.buy("19000", "0.1");
  CHECK(at.events().size() == 4); // two events, twice
  CHECK(at.call("userDataStream.unsubscribe", {{"subscriptionId", 7}})["status"] == 400);
  CHECK(at.call("userDataStream.unsubscribe", {{"subscriptionId", 0}})["status"] == 200);
  auto events = at.events();
  CHECK(at.words(events) == "eventStreamTerminated");
  CHECK(at.call("userDataStream.unsubscribe", json::object())["status"] == 200);
  CHECK(at.heard_words() == "eventStreamTerminated");
  at.buy("19000", "0.1");
  CHECK(at.events().empty());
  CHECK(at.call("userDataStream.subscribe", json::object())["error"]["code"] ==
        -1002); // not logged on
  CHECK(at.call("session.logon", at.buyer.signed_params(json::object()))["status"] == 200);
  CHECK(at.call("userDataStream.subscribe", json::object())["result"]["subscriptionId"] == 2);
  at.buy("19000", "0.1");
  CHECK(at.heard_words() == "NEW/NEW position");
  CHECK(at.call("session.logout", json::object())["status"] == 200);
  CHECK(at.heard_words() == "eventStreamTerminated");
  CHECK(at.node.api().binance_user_data().subscriptions() == 0);
  CHECK(at.subscribe() == 3);
  at.node.api().closed(at.socket);
  CHECK(at.node.api().binance_user_data().subscriptions() == 0);
}

TEST_CASE("user data: at most so many subscriptions of a connection") {
  watched_market at;
  for (std::size_t i = 1; i < user_data::subscriptions_max; ++i) static_cast<void>(at.subscribe());
  CHECK(at.call("userDataStream.subscribe.signature",
                at.buyer.signed_params(json::object()))["status"] == 429);
}

TEST_CASE("user data: a listen key opens a socket, lives an hour from its last PUT, and ends what "
          "it opened") {
  streaming_market at;
  auto& node = at.node;
  const auto ask = [&](binance_client& of, const std::string& method,
                       const std::string& query = {}) {
    return of.send(method, "/api/v3/userDataStream", query);
  };
  const auto made = ask(at.buyer, "POST");
  REQUIRE_MESSAGE(made.status == 200, made.text);
  const std::string name = made.body()["listenKey"];
  CHECK(name.size() == 64);
  CHECK(ask(at.buyer, "POST").body()["listenKey"] == name); // the same while it lives
  const auto raw = node.connect("/ws/" + name),
             both = node.connect("/stream?streams=" + name + "/btcusdt@trade");
  at.buy("19000", "0.1");
  const auto bare = node.heard(raw), wrapped = node.heard(both);
  REQUIRE(bare.size() == 2);
  CHECK(bare[0]["e"] == "executionReport");
  CHECK(bare[1]["e"] == "outboundAccountPosition");
  REQUIRE(wrapped.size() == 2);
  CHECK(wrapped[0] == json{{"stream", name}, {"data", bare[0]}});

  CHECK(ask(at.seller, "PUT", "listenKey=" + name).body()["code"] == -1125); // not his
  CHECK(ask(at.buyer, "PUT", "listenKey=nosuch").body()["code"] == -1125);
  CHECK(ask(at.buyer, "PUT").body()["code"] == -1102);
  node.wait(59 * 60'000);
  CHECK(ask(at.buyer, "PUT", "listenKey=" + name).text == "{}");
  node.wait(59 * 60'000);
  static_cast<void>(node.heard(raw));
  at.buy("19000", "0.1");
  const auto late = node.heard(raw);
  CHECK_MESSAGE(late.size() == 2, json(late).dump());
  node.wait(2 * 60'000);
  const auto last = node.heard(raw);
  REQUIRE(last.size() == 1);
  CHECK(last[0]["e"] == "listenKeyExpired");
  CHECK(last[0]["listenKey"] == name);
  at.buy("19000", "0.1");
  CHECK(node.heard(raw).empty());

  const std::string next = ask(at.buyer, "POST").body()["listenKey"];
  CHECK(next != name);
  CHECK(
    node.say(raw, {{"method", "SUBSCRIBE"}, {"params", {next}}, {"id", 1}})[0]["result"].is_null());
  at.buy("19000", "0.1");
  CHECK(node.heard(raw).size() == 2);
  CHECK(ask(at.buyer, "DELETE", "listenKey=" + next).text == "{}");
  static_cast<void>(node.heard(raw));
  at.buy("19000", "0.1");
  CHECK(node.heard(raw).empty());
  CHECK(node.api().binance_user_data().subscriptions() == 0);
}

TEST_CASE("user data: a revoked or expired key ends what was opened with it, and no one else's") {
  watched_market at;
  auto& node = at.node;
  const std::string name = at.buyer.send("POST", "/api/v3/userDataStream", {}).body()["listenKey"];
  const auto raw = node.connect("/ws/" + name);
  binance_client second(node, at.anna, {{"expires_at", "2024-08-08T00:59:59Z"}});
  const auto other = node.connect("/ws-api/v3");
  CHECK(at.answer_to(node, other,
                     {{"id", 1},
                      {"method", "userDataStream.subscribe.signature"},
                      {"params", second.signed_params(json::object())}})["status"] == 200);
  const auto gone = node.ask({"DELETE", "/api/v1/api-keys/" + at.buyer.key, {}, at.anna.token});
  REQUIRE_MESSAGE(gone.status < 300, gone.text);
  CHECK(at.heard_words() == "eventStreamTerminated");
  const auto told = node.heard(raw);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["e"] == "listenKeyExpired");
  node.deposit(at.anna, "USDT", "1");
  CHECK(at.events().empty());
  CHECK(node.heard(raw).empty());
  CHECK(node.heard(other).size() == 2);
  while (node.clock.now().value < 1'723'078'800'000'000'000) node.wait(60'000); // 01:00
  const auto last = node.heard(other);
  REQUIRE(last.size() == 1);
  CHECK(last[0]["event"]["e"] == "eventStreamTerminated");
}

TEST_CASE("user data: what an account's former owner said comes too late to be told") {
  watched_market at;
  const auto news_of = [&](std::uint64_t event) {
    account_publication one;
    one.account = {at.anna.account};
    one.event_number = event;
    one.balances.push_back({"USDT", {1}, {}});
    one.moved = {1};
    at.node.api().binance_user_data().take({publication{one}});
    return at.heard_words();
  };
  static_cast<void>(at.events());
  const auto told = news_of(1'000'000);
  CHECK(!told.empty());
  CHECK(news_of(999'999).empty());
  CHECK(news_of(1'000'000) == told);
}

TEST_CASE("user data: when events may be missing, the stream ends instead of going on") {
  watched_market at;
  const std::string name = at.buyer.send("POST", "/api/v3/userDataStream", {}).body()["listenKey"];
  const auto raw = at.node.connect("/ws/" + name);
  at.buy("19000", "0.1");
  static_cast<void>(at.events());
  account_publication mark;
  mark.account = {at.anna.account};
  mark.event_number = 1'000'000;
  at.node.api().binance_user_data().take({publication{mark}});
  CHECK(at.heard_words() == "eventStreamTerminated");
  CHECK(at.node.port.closed[raw] == 1'012);
  CHECK(at.node.api().binance_user_data().subscriptions() == 0);
}

} // namespace rialto::net

// Who may: keys, signatures, times, addresses, scopes, weights; over REST and the WebSocket API.
#include "tests/net/binance_client.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct one_trader {
  api_node node;
  trader anna;
  binance_client bot;
  explicit one_trader(const json& key = json::object(), api_settings settings = {})
      : node(std::move(settings)), anna(prepared()), bot(node, anna, key) {
    node.deposit(anna, "USDT", "100000");
  }
  trader prepared() {
    node.list("BTC", "USDT");
    return node.sign_up("anna@example.org");
  }
};

const std::string limit_buy =
  "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.1&price=10000";

/// The one answer to a message.
json said(api_node& node, web_socket_id id, const json& message) {
  auto heard = node.say(id, message);
  node.run_until([&] {
    for (auto& one : node.heard(id)) heard.push_back(std::move(one));
    return !heard.empty();
  });
  REQUIRE(heard.size() == 1);
  return heard[0];
}

} // namespace

TEST_CASE("binance access: what a signed request must carry") {
  one_trader at;
  const auto path = std::string("/api/v3/account");
  CHECK(at.bot.get(path).status == 200);
  SUBCASE("no key, no key's form, an unknown key") {
    at.bot.key.clear();
    auto answer = at.bot.get(path);
    CHECK(answer.status == 401);
    CHECK(code_of(answer) == -2014);
    at.bot.key = "short";
    CHECK(code_of(at.bot.get(path)) == -2014);
    at.bot.key = std::string(64, 'a');
    answer = at.bot.get(path);
    CHECK(answer.status == 401);
    CHECK(code_of(answer) == -2015);
  }
  SUBCASE("no timestamp, no signature, a wrong one, another's") {
    CHECK(code_of(at.bot.send("GET", path, "")) == -1102);
    CHECK(code_of(at.bot.send("GET", path, "timestamp=" + at.bot.now_ms())) == -1102);
    CHECK(code_of(at.bot.send("GET", path, "timestamp=" + at.bot.now_ms() + "&signature=")) ==
          -1102);
    CHECK(code_of(at.bot.send("GET", path, "timestamp=" + at.bot.now_ms() + "&signature=00")) ==
          -1022);
    auto good = at.bot.signed_query("");
    good.back() = good.back() == '0' ? '1' : '0';
    CHECK(code_of(at.bot.send("GET", path, good)) == -1022);
    at.bot.secret[0] = at.bot.secret[0] == 'A' ? 'B' : 'A';
    CHECK(code_of(at.bot.get(path)) == -1022);
  }
  SUBCASE("a time far in the future, in any unit, is ahead of ours") {
    for (const auto* sent : {"9700000000000", "999999999999999", "1800000000000000"}) {
      const auto query = "timestamp=" + std::string(sent);
      const auto signature = hmac_hex(at.bot.secret, query);
      CHECK(code_of(at.bot.send("GET", path, query + "&signature=" + signature)) == -1021);
    }
  }
  SUBCASE("upper case hex; another order of the same parameters is another message") {
    auto query = at.bot.signed_query("omitZeroBalances=true");
    const auto split = query.find("&signature=") + 11;
    for (auto i = split; i < query.size(); ++i)
      if (query[i] >= 'a') query[i] = static_cast<char>(query[i] - 32);
    CHECK(at.bot.send("GET", path, query).status == 200);
    const auto time = "timestamp=" + at.bot.now_ms();
    const auto turned = time + "&omitZeroBalances=true" + query.substr(split - 11);
    CHECK(code_of(at.bot.send("GET", path, turned)) == -1022);
  }
  SUBCASE("the signature first, and percent-encoded by whatever rule") {
    const auto rest = "omitZeroBalances=%74rue&timestamp=" + at.bot.now_ms();
    CHECK(
      at.bot.send("GET", path, "signature=" + hmac_hex(at.bot.secret, rest) + "&" + rest).status ==
      200);
  }
  SUBCASE("query and form together") {
    const auto query = std::string("symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC");
    const auto form = "quantity=0.1&price=10000&timestamp=" + at.bot.now_ms();
    const auto signature = hmac_hex(at.bot.secret, query + form);
    CHECK(at.bot.send("POST", "/api/v3/order", query, form + "&signature=" + signature).status ==
          200);
    CHECK(code_of(at.bot.send("POST", "/api/v3/order", query,
                              form + "&quantity=0.1&signature=" + signature)) == -1101);
  }
  SUBCASE("a JSON content type without a body reads the query") {
    asked what{"POST", "/api/v3/order?" + at.bot.signed_query(limit_buy)};
    what.content_type = "application/json";
    what.headers.push_back({"X-MBX-APIKEY", at.bot.key});
    CHECK(at.node.ask(what).status == 200);
  }
  SUBCASE("too late and too early") {
    const auto late = at.bot.signed_query("");
    at.node.wait(5'001);
    auto answer = at.bot.send("GET", path, late);
    CHECK(answer.text ==
          R"({"code":-1021,"msg":"Timestamp for this request is outside of the recvWindow."})");
    const auto early = "timestamp=" + std::to_string(at.node.clock.now().value / 1'000'000 + 1'000);
    answer = at.bot.send("GET", path, early + "&signature=" + hmac_hex(at.bot.secret, early));
    CHECK(code_of(answer) == -1021);
    CHECK(text_of(answer) == "Timestamp for this request was 1000ms ahead of the server's time.");
    CHECK(code_of(at.bot.get(path, "recvWindow=60001")) == -1131);
  }
  SUBCASE("a revoked key ends at once") {
    const auto gone = at.node.ask({"DELETE", "/api/v1/api-keys/" + at.bot.key, {}, at.anna.token});
    REQUIRE_MESSAGE(gone.status < 300, gone.text);
    CHECK(code_of(at.bot.get(path)) == -2015);
  }
  SUBCASE("a bearer's token is no key") {
    asked what{"GET", path + "?" + at.bot.signed_query("")};
    what.token = at.anna.token;
    CHECK(code_of(at.node.ask(what)) == -2014);
  }
}

TEST_CASE("binance access: scopes, addresses, time of life") {
  SUBCASE("a key that may only read") {
    one_trader at(json{{"scopes", {"read"}}});
    CHECK(at.bot.get("/api/v3/account").status == 200);
    CHECK(at.bot.get("/api/v3/account").body()["canTrade"] == false);
    CHECK(code_of(at.bot.order(limit_buy)) == -2015);
    CHECK(at.bot.get("/api/v3/openOrders").body().empty());
  }
  SUBCASE("a key that may only trade") {
    one_trader at(json{{"scopes", {"trade"}}});
    CHECK(at.bot.order(limit_buy).status == 200);
    CHECK(code_of(at.bot.get("/api/v3/account")) == -2015);
  }
  SUBCASE("from elsewhere") {
    one_trader at(json{{"ip_allow", {"10.0.0.0/8"}}});
    CHECK(code_of(at.bot.get("/api/v3/account")) == -2015);
    at.bot.address = "10.1.2.3";
    CHECK(at.bot.get("/api/v3/account").status == 200);
  }
}

TEST_CASE("binance access: public requests ignore keys; unknown paths are 404") {
  one_trader at;
  CHECK(at.node.get("/api/v3/ping").text == "{}");
  CHECK(at.node.get("/api/v3/time").body()["serverTime"] == at.node.clock.now().value / 1'000'000);
  for (const auto* key : {"", "x", "unknown"}) {
    asked what{"GET", "/api/v3/exchangeInfo"};
    what.headers.push_back({"X-MBX-APIKEY", key});
    CHECK(at.node.ask(what).status == 200);
  }
  CHECK(at.node.get("/api/v3/nothing").status == 404);
  CHECK(at.node.get("/sapi/v1/nothing").status == 404);
  CHECK(at.node.get("/sapi/v1/system/status").text == R"({"status":0,"msg":"normal"})");
  CHECK(at.bot.get("/sapi/v1/asset/tradeFee").body()[0]["makerCommission"] == "0.00100000");
  CHECK(at.bot.get("/sapi/v1/capital/config/getall").text == "[]");
}

TEST_CASE("binance access: the weight of a minute, with headers and Retry-After") {
  api_settings settings;
  settings.limits_loopback = true;
  settings.binance_weight_per_minute = 50;
  one_trader at(json::object(), settings);
  auto answer = at.node.get("/api/v3/exchangeInfo");
  CHECK(answer.header("X-MBX-USED-WEIGHT-1M") == "20");
  CHECK(at.node.get("/api/v3/exchangeInfo").header("X-MBX-USED-WEIGHT-1M") == "40");
  answer = at.node.get("/api/v3/exchangeInfo");
  CHECK(answer.status == 429);
  CHECK(answer.body()["code"] == -1003);
  CHECK(std::stoi(answer.header("Retry-After")) > 0);
  CHECK(at.node.get("/api/v3/ping").status == 200); // what is left
  for (int i = 0; i < 200 && answer.status != 418; ++i)
    answer = at.node.get("/api/v3/exchangeInfo");
  CHECK(answer.status == 418);
  CHECK(answer.body()["code"] == -1003);
  CHECK(at.node.get("/api/v3/ping").status == 418);
  CHECK(at.node.ask({"GET", "/api/v3/ping", {}, {}, {}, {}, {}, "10.0.0.1"}).status == 200);
}

TEST_CASE("binance access: orders of an account in ten seconds") {
  api_settings settings;
  settings.account.orders_per_10s_max = 2;
  one_trader at(json::object(), settings);
  CHECK(at.bot.order(limit_buy + "&newClientOrderId=a").status == 200);
  CHECK(at.bot.order(limit_buy + "&newClientOrderId=b").header("X-MBX-ORDER-COUNT-10S") == "2");
  const auto no = at.bot.order(limit_buy + "&newClientOrderId=c");
  CHECK(no.status == 429);
  CHECK(no.body()["code"] == -1015);
  CHECK_FALSE(no.header("Retry-After").empty());
  const auto limits = at.bot.get("/api/v3/rateLimit/order").body();
  CHECK(limits[0]["limit"] == 2);
  CHECK(limits[0]["count"] == 2);
  CHECK(limits[1]["interval"] == "DAY");
}

TEST_CASE("binance ws-api: requests of REST as messages") {
  one_trader at;
  const auto id = at.node.connect("/ws-api/v3");
  auto answer = said(at.node, id, {{"id", 7}, {"method", "ping"}});
  CHECK(answer["id"] == 7);
  CHECK(answer["status"] == 200);
  CHECK(answer["result"] == json::object());
  CHECK(answer["rateLimits"][0]["rateLimitType"] == "REQUEST_WEIGHT");
  answer = said(at.node, id,
                {{"id", "7"}, {"method", "v3/time"}, {"params", {{"returnRateLimits", false}}}});
  CHECK(answer["id"] == "7");
  CHECK(answer["result"].contains("serverTime"));
  CHECK_FALSE(answer.contains("rateLimits"));
  answer = said(at.node, id, {{"id", nullptr}, {"method", "nothing"}});
  CHECK(answer["id"].is_null());
  CHECK(answer["status"] == 400);
  CHECK(answer["error"]["code"] == -1020);

  const json order = {{"symbol", "BTCUSDT"},  {"side", "BUY"},         {"type", "LIMIT"},
                      {"timeInForce", "GTC"}, {"quantity", "0.10000"}, {"price", "10000.00"}};
  answer = said(at.node, id,
                {{"id", 1}, {"method", "order.place"}, {"params", at.bot.signed_params(order)}});
  REQUIRE_MESSAGE(answer["status"] == 200, answer.dump());
  CHECK(answer["result"]["status"] == "NEW");
  CHECK(answer["rateLimits"][1]["rateLimitType"] == "ORDERS");
  CHECK(answer["rateLimits"][1]["count"] == 1);
  const auto number = answer["result"]["orderId"];
  answer = said(at.node, id,
                {{"id", 2},
                 {"method", "order.status"},
                 {"params", at.bot.signed_params({{"symbol", "BTCUSDT"}, {"orderId", number}})}});
  CHECK(answer["result"]["origQty"] == "0.10000000");
  answer = said(at.node, id,
                {{"id", 3},
                 {"method", "openOrders.cancelAll"},
                 {"params", at.bot.signed_params({{"symbol", "BTCUSDT"}})}});
  CHECK(answer["result"].size() == 1);
  answer = said(at.node, id,
                {{"id", 4},
                 {"method", "order.cancel"},
                 {"params", at.bot.signed_params({{"symbol", "BTCUSDT"}, {"orderId", number}})}});
  CHECK(answer["status"] == 400);
  CHECK(answer["error"] == json({{"code", -2011}, {"msg", "Unknown order sent."}}));
  answer = said(at.node, id, {{"id", 5}, {"method", "account.status"}, {"params", json::object()}});
  CHECK(answer["status"] == 401);
  CHECK(answer["error"]["code"] == -2014);
}

TEST_CASE("binance ws-api: the number's own text is signed") {
  one_trader at;
  const auto id = at.node.connect("/ws-api/v3");
  const auto time = at.bot.now_ms();
  const auto payload = "apiKey=" + at.bot.key +
                       "&price=10000.0&quantity=0.10&side=BUY&symbol=BTCUSDT&timeInForce=GTC"
                       "&timestamp=" +
                       time + "&type=LIMIT";
  auto heard = at.node.say(
    id,
    R"({"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT",)"
    R"("timeInForce":"GTC","quantity":0.10,"price":10000.0,"timestamp":)" +
      time + R"(,"apiKey":")" + at.bot.key + R"(","signature":")" +
      hmac_hex(at.bot.secret, payload) + R"("}})");
  at.node.run_until([&] {
    for (auto& one : at.node.heard(id)) heard.push_back(std::move(one));
    return !heard.empty();
  });
  CHECK_MESSAGE(heard[0]["status"] == 200, heard[0].dump());
}

TEST_CASE("binance ws-api: a connection logs on, and its messages need no signature") {
  one_trader at;
  const auto id = at.node.connect("/ws-api/v3?returnRateLimits=false&timeUnit=MICROSECOND");
  const auto now = [&] { return json(at.node.clock.now().value / 1'000'000); };
  const auto status =
    json{{"id", 1}, {"method", "account.status"}, {"params", {{"timestamp", now()}}}};
  CHECK(said(at.node, id, status)["error"]["code"] == -2014);
  auto answer = said(
    at.node, id,
    {{"id", 2}, {"method", "session.logon"}, {"params", at.bot.signed_params(json::object())}});
  REQUIRE_MESSAGE(answer["status"] == 200, answer.dump());
  CHECK(answer["result"]["apiKey"] == at.bot.key);
  CHECK(answer["result"]["returnRateLimits"] == false);
  CHECK(answer["result"]["serverTime"].get<std::int64_t>() > 1'000'000'000'000'000);
  CHECK(said(at.node, id, status)["status"] == 200);
  CHECK(said(at.node, id, {{"id", 3}, {"method", "account.status"}})["error"]["code"] == -1102);
  SUBCASE("until it logs out") {
    answer = said(at.node, id, {{"id", 4}, {"method", "session.logout"}});
    CHECK(answer["result"]["apiKey"].is_null());
  }
  SUBCASE("until its key is revoked") {
    REQUIRE(at.node.ask({"DELETE", "/api/v1/api-keys/" + at.bot.key, {}, at.anna.token}).status <
            300);
  }
  CHECK(said(at.node, id, status)["error"]["code"] == -2014);
}

} // namespace rialto::net

// Mass cancel, the dead-man timer and cancel-on-disconnect, over HTTP and the stream.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct guarded_floor {
  api_node node;
  trader anna;
  guarded_floor() {
    node.list("BTC", "USDT");
    node.list("ETH", "USDT");
    anna = node.sign_up("anna@example.org");
    node.deposit(anna, "USDT", "100000");
    node.deposit(anna, "BTC", "5");
    place("BTCUSDT", "buy", "50000.00");
    place("BTCUSDT", "sell", "60000.00");
    place("ETHUSDT", "buy", "2000.00");
  }
  void place(const std::string& symbol, const std::string& way, const std::string& price) {
    auto order = limit_order(way, price, "0.1");
    order["symbol"] = symbol;
    const auto answer = node.post("/api/v1/orders", order, anna.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
  }
  http_answer arm(const json& body) {
    return node.post("/api/v1/orders/cancel-all-after", body, anna.token);
  }
  json armed() { return node.get("/api/v1/orders/cancel-all-after", anna.token).body(); }
  std::size_t open() {
    return node.get("/api/v1/orders?status=open", anna.token).body()["items"].size();
  }
  web_socket_id connect() {
    const auto id = node.connect();
    const auto heard =
      node.say(id, json{{"id", 1}, {"op", "authenticate"}, {"access_token", anna.token}});
    REQUIRE(heard.at(0)["ok"] == true);
    return id;
  }
  json one(web_socket_id id, json message) {
    message["id"] = 2;
    const auto heard = node.say(id, message);
    REQUIRE_FALSE(heard.empty());
    return heard.front();
  }
  void drop(web_socket_id id) {
    node.api().streams().closed(id);
    while (node.run()) {
    }
  }
};

} // namespace

TEST_CASE("guards: a mass cancel says how many it means and takes a symbol and a side") {
  guarded_floor at;
  const auto cancel = [&](const std::string& query) {
    return at.node.ask({"DELETE", "/api/v1/orders" + query, {}, at.anna.token});
  };
  CHECK(cancel("?side=up").field() == "side");
  CHECK(cancel("?symbol=NONE").code() == "unknown-symbol");
  CHECK(cancel("?symbol=ETHUSDT&side=sell").body()["asked"] == 0);
  const auto sells = cancel("?side=sell").body();
  CHECK(sells["asked"] == 1);
  CHECK(sells["orders"].at(0)["side"] == "sell");
  CHECK(at.open() == 2);
  const auto socket = at.connect();
  CHECK(at.one(socket, {{"op", "order.cancel_all"}, {"side", 7}})["ok"] == false);
  const auto rest =
    at.one(socket, {{"op", "order.cancel_all"}, {"symbol", "BTCUSDT"}, {"side", "buy"}});
  CHECK(rest["result"]["asked"] == 1);
  CHECK(at.open() == 1);
  CHECK(at.one(socket, {{"op", "order.cancel_all"}})["result"]["asked"] == 1);
  CHECK(at.open() == 0);
}

TEST_CASE("guards: a mass cancel goes on by itself beyond the first thousand") {
  guarded_floor at;
  for (int i = 0; i < 1'200; ++i) {
    auto order = limit_order("buy", "1000.00", "0.01");
    REQUIRE(at.node.post("/api/v1/orders", order, at.anna.token).status == 201);
  }
  const auto all = at.node.ask({"DELETE", "/api/v1/orders", {}, at.anna.token}).body();
  CHECK(all["asked"] == 1'203);
  CHECK(all["orders"].size() == 1'000);
  CHECK(at.open() != 0);
  at.node.wait(200);
  CHECK(at.open() == 0);
}

TEST_CASE("guards: a dead-man timer fires unless it is armed again") {
  guarded_floor at;
  const auto first = at.arm({{"timeout_ms", 10'000}, {"symbol", "BTCUSDT"}});
  REQUIRE_MESSAGE(first.status == 200, first.text);
  CHECK(first.body()["kind"] == "timer");
  CHECK(first.body()["symbol"] == "BTCUSDT");
  CHECK(first.body()["timeout_ms"] == 10'000);
  CHECK(first.body()["deadline"].is_string());
  at.node.wait(9'000);
  CHECK(at.arm({{"timeout_ms", 10'000}, {"symbol", "BTCUSDT"}}).status == 200);
  at.node.wait(9'000);
  CHECK(at.open() == 3);
  CHECK(at.armed().size() == 1);
  const auto socket = at.connect();
  const auto heard =
    at.node.say(socket, json{{"id", 3}, {"op", "subscribe"}, {"channel", "guards"}});
  REQUIRE(heard.size() == 2);
  CHECK(heard[1]["data"].at(0)["symbol"] == "BTCUSDT");
  at.node.wait(1'000);
  CHECK(at.open() == 1); // the one of the other market
  CHECK(at.armed().empty());
  const auto told = at.node.heard(socket);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["channel"] == "guards");
  CHECK(told[0]["data"]["event"] == "fired");
  CHECK(told[0]["data"]["symbol"] == "BTCUSDT");
}

TEST_CASE("guards: a dead-man timer is disarmed, and wrong wishes are named") {
  guarded_floor at;
  CHECK(at.arm({{"timeout_ms", 1'000}}).body()["symbol"].is_null());
  const auto off = at.arm({{"timeout_ms", 0}});
  CHECK(off.status == 200);
  CHECK(off.body()["deadline"].is_null());
  at.node.wait(2'000);
  CHECK(at.open() == 3);
  CHECK(at.arm(json::object()).field() == "timeout_ms");
  CHECK(at.arm({{"timeout_ms", 999}}).field() == "timeout_ms");
  CHECK(at.arm({{"timeout_ms", 86'400'001}}).field() == "timeout_ms");
  CHECK(at.arm({{"timeout_ms", "5000"}}).field() == "timeout_ms");
  CHECK(at.arm({{"timeout_ms", 5'000}, {"symbol", "NONE"}}).field() == "symbol");
  CHECK(at.arm({{"timeout_ms", 5'000}, {"colour", "red"}}).code() == "unknown-field");
  CHECK(at.armed().empty());
}

TEST_CASE("guards: a connection that closes cancels at once, or after its grace") {
  guarded_floor at;
  const auto first = at.connect();
  const auto guard =
    at.one(first, {{"op", "cancel_on_disconnect"}, {"symbol", "ETHUSDT"}})["result"];
  CHECK(guard["kind"] == "connection");
  CHECK(guard["grace_ms"] == 0);
  at.node.wait(60'000); // it is renewed while the connection lives
  CHECK(at.open() == 3);
  at.drop(first);
  at.node.wait(200);
  CHECK(at.open() == 2);
  CHECK(at.armed().empty());
  const auto second = at.connect();
  CHECK(at.one(second, {{"op", "cancel_on_disconnect"}, {"grace_ms", 5'000}})["ok"] == true);
  at.drop(second);
  at.node.wait(4'000);
  CHECK(at.open() == 2);
  at.node.wait(1'000);
  CHECK(at.open() == 0);
}

TEST_CASE("guards: whoever is back within the grace keeps his orders") {
  guarded_floor at;
  const auto first = at.connect();
  CHECK(at.one(first, {{"op", "cancel_on_disconnect"}, {"grace_ms", 5'000}})["ok"] == true);
  at.drop(first);
  at.node.wait(3'000);
  const auto second = at.connect();
  CHECK(at.one(second, {{"op", "cancel_on_disconnect"}, {"grace_ms", 5'000}})["ok"] == true);
  at.node.wait(30'000);
  CHECK(at.open() == 3);
  const auto off = at.one(second, {{"op", "cancel_on_disconnect"}, {"enabled", false}});
  CHECK(off["result"]["deadline"].is_null());
  at.drop(second);
  at.node.wait(30'000);
  CHECK(at.open() == 3);
}

TEST_CASE("guards: an edge that renews no more cancels after the lease and the grace") {
  guarded_floor at;
  const auto socket = at.connect();
  CHECK(at.one(socket, {{"op", "cancel_on_disconnect"}, {"grace_ms", 3'000}})["ok"] == true);
  at.node.gate.failing = actors::delivery::unavailable; // nothing of this edge arrives
  at.node.wait(17'000);
  at.node.gate.failing.reset();
  CHECK(at.open() == 3);
  at.node.gate.failing = actors::delivery::unavailable;
  at.node.wait(1'000);
  at.node.gate.failing.reset();
  CHECK(at.open() == 0);
}

TEST_CASE("guards: the stream wants a token, and names what is wrong") {
  guarded_floor at;
  const auto nobody = at.node.connect();
  for (const auto* op : {"cancel_on_disconnect", "order.cancel_all", "order.cancel_all_after"})
    CHECK(at.one(nobody, {{"op", op}})["error"]["code"] == "unauthenticated");
  const auto socket = at.connect();
  const auto field = [&](const json& message) { return at.one(socket, message)["error"]["field"]; };
  CHECK(field({{"op", "cancel_on_disconnect"}, {"grace_ms", 300'001}}) == "grace_ms");
  CHECK(field({{"op", "cancel_on_disconnect"}, {"enabled", "yes"}}) == "enabled");
  CHECK(field({{"op", "cancel_on_disconnect"}, {"symbol", "NONE"}}) == "symbol");
  CHECK(field({{"op", "order.cancel_all_after"}}) == "timeout_ms");
  CHECK(at.one(socket, {{"op", "order.cancel_all_after"}, {"timeout_ms", 2'000}})["ok"] == true);
  at.node.wait(2'000);
  CHECK(at.open() == 0);
}

} // namespace rialto::net

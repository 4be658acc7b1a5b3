// What few orders ask for, over the API on real accounts and markets: self-trade prevention, icebergs, minimum
// quantities, orders until a date.
#include "domain/time_text.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct floor_with_one {
  api_node node;
  trader anna;
  floor_with_one() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    node.deposit(anna, "USDT", "100000");
    node.deposit(anna, "BTC", "2");
  }
  json place(const std::string& way, const std::string& price, const std::string& size,
             json more = {}) {
    auto body = limit_order(way, price, size);
    for (const auto& [name, value] : more.items()) body[name] = value;
    const auto answer = node.post("/api/v1/orders", body, anna.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
    return answer.body();
  }
  json order(const json& placed) {
    return node.get("/api/v1/orders/" + placed["order_id"].dump(), anna.token).body();
  }
  json best(const char* way) {
    const auto book = node.get("/api/v1/markets/BTCUSDT/book", {}).body();
    return book[way].empty() ? json{} : book[way][0];
  }
  json hold(const char* asset) {
    for (const auto& one : node.get("/api/v1/account/balances", anna.token).body())
      if (one["asset"] == asset) return one["hold"];
    return {};
  }
};

} // namespace

TEST_CASE(
  "order rules: self-trade prevention by order, by the account, and what both sides are told") {
  floor_with_one at;
  const auto maker = at.place("sell", "50000.00", "0.5");
  const auto taker = at.place("buy", "50000.00", "0.2", {{"self_trade_prevention", "decrement"}});
  CHECK(taker["status"] == "expired");
  CHECK(taker["reason"] == "self-trade");
  CHECK(taker["self_trade_prevention"] == "decrement");
  CHECK(taker["executed_quantity"] == "0.00000");
  CHECK(taker["prevented_quantity"] == "0.20000");
  CHECK(at.order(maker)["prevented_quantity"] == "0.20000");
  CHECK(at.order(maker)["status"] == "new");
  CHECK(at.hold("BTC") == "0.3");
  CHECK(at.hold("USDT") == "0");

  CHECK(at.node.get("/api/v1/account", at.anna.token).body()["self_trade_prevention"] == "none");
  const auto changed = at.node.ask(
    {"PATCH", "/api/v1/account", R"({"self_trade_prevention":"expire_taker"})", at.anna.token});
  REQUIRE_MESSAGE(changed.status == 200, changed.text);
  CHECK(changed.body()["self_trade_prevention"] == "expire_taker");
  const auto second = at.place("buy", "50000.00", "0.1");
  CHECK(second["self_trade_prevention"] == "expire_taker");
  CHECK(second["reason"] == "self-trade");
  CHECK(second["prevented_quantity"] == "0.00000");
  // The order's own word counts before the account's.
  const auto third = at.place("buy", "50000.00", "0.1", {{"self_trade_prevention", "none"}});
  CHECK(third["status"] == "filled");
  CHECK(at.order(maker)["executed_quantity"] == "0.10000");
}

TEST_CASE("order rules: an iceberg shows its slice and holds all of it") {
  floor_with_one at;
  const auto made = at.place("sell", "50000.00", "1", {{"display_quantity", "0.1"}});
  CHECK(made["display_quantity"] == "0.10000");
  CHECK(made["quantity"] == "1.00000");
  CHECK(at.hold("BTC") == "1");
  CHECK(at.best("asks") == json{"50000.00", "0.10000"});
  const auto bert = at.node.sign_up("bert@example.org");
  at.node.deposit(bert, "USDT", "100000");
  const auto taken =
    at.node.post("/api/v1/orders", limit_order("buy", "50000.00", "0.25"), bert.token);
  CHECK(taken.body()["status"] == "filled");
  CHECK(taken.body()["fills"].size() == 3);
  CHECK(at.best("asks") == json{"50000.00", "0.05000"});
  CHECK(at.order(made)["executed_quantity"] == "0.25000");
  CHECK(at.hold("BTC") == "0.75");
}

TEST_CASE("order rules: a minimum quantity trades at once or expires") {
  floor_with_one at;
  at.place("sell", "50000.00", "0.1");
  const auto made = at.place("buy", "50000.00", "0.5", {{"min_quantity", "0.2"}});
  CHECK(made["status"] == "expired");
  CHECK(made["reason"] == "min-quantity-unfillable");
  CHECK(made["min_quantity"] == "0.20000");
  CHECK(at.hold("USDT") == "0");
}

TEST_CASE("order rules: a gtd order tells when it expires") {
  floor_with_one at;
  const auto made = at.place("buy", "50000.00", "0.5",
                             {{"time_in_force", "gtd"}, {"expires_at", "2040-01-01T00:00:00Z"}});
  CHECK(made["status"] == "new");
  CHECK(made["expires_at"] == "2040-01-01T00:00:00.000000Z");
  CHECK(at.order(made)["time_in_force"] == "gtd");
  const auto again = at.node.post("/api/v1/orders",
                                  {{"symbol", "BTCUSDT"},
                                   {"side", "buy"},
                                   {"type", "limit"},
                                   {"price", "50000.00"},
                                   {"quantity", "0.5"},
                                   {"time_in_force", "gtd"}},
                                  at.anna.token);
  CHECK(again.code() == "expiry-invalid");
}

TEST_CASE("order rules: a stop waits, goes when its price comes, and says so") {
  floor_with_one at;
  const auto bert = at.node.sign_up("bert@example.org");
  at.node.deposit(bert, "USDT", "200000");
  const auto take = [&](const char* price, const char* size) {
    const auto answer = at.node.post("/api/v1/orders", limit_order("buy", price, size), bert.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
  };
  at.place("sell", "50000.00", "0.1");
  take("50000.00", "0.1");
  const auto stop =
    at.place("sell", "48900.00", "0.2", {{"trigger", "stop"}, {"trigger_price", "49000.00"}});
  CHECK(stop["status"] == "new");
  CHECK(stop["trigger"] == "stop");
  CHECK(stop["trigger_price"] == "49000.00");
  CHECK(stop["trail_amount"].is_null());
  CHECK(stop["triggered"] == false);
  CHECK(at.hold("BTC") == "0.2");
  CHECK(at.best("asks").is_null());
  const auto trail = at.place("sell", "40000.00", "0.3", {{"trigger", "stop"}, {"trail_bps", 250}});
  CHECK(trail["trail_bps"] == 250);
  CHECK(trail["trigger_price"].is_null());
  take("49000.00", "0.1");
  at.place("sell", "49000.00", "0.1");
  // 50,000 less 2.5 % is 48,750: the price is not there yet.
  CHECK(at.order(trail)["triggered"] == false);
  CHECK(at.order(stop)["triggered"] == true);
  CHECK(at.best("asks") == json{"48900.00", "0.20000"});
  take("48900.00", "0.2");
  CHECK(at.order(stop)["status"] == "filled");
  take("48000.00", "0.1");
  at.place("sell", "48000.00", "0.1");
  CHECK(at.order(trail)["triggered"] == true);
  const auto cancelled =
    at.node.ask({"DELETE", "/api/v1/orders/" + trail["order_id"].dump(), {}, at.anna.token});
  CHECK(cancelled.status == 200);
  CHECK(at.hold("BTC") == "0");
}

TEST_CASE("order rules: what is wrong with a trigger is named") {
  floor_with_one at;
  struct line {
    json more;
    const char *code, *field;
  };
  const line lines[] = {
    {{{"trigger", "later"}}, "invalid-field", "trigger"},
    {{{"trigger", "stop"}}, "missing-field", "trigger_price"},
    {{{"trigger_price", "49000.00"}}, "missing-field", "trigger"},
    {{{"trigger", "stop"}, {"trigger_price", "49000.001"}}, "price-off-tick", "trigger_price"},
    {{{"trigger", "stop"}, {"trail_bps", 0}}, "invalid-field", "trail_bps"},
    {{{"trigger", "stop"}, {"trail_bps", 10}, {"trail_amount", "5"}}, "invalid-field", "trail_bps"},
    {{{"trigger", "stop"}, {"trail_bps", 10}}, "no-liquidity", "quantity"}, // no trade so far
  };
  for (const auto& one : lines) {
    auto body = limit_order("sell", "48000.00", "0.1");
    for (const auto& [name, value] : one.more.items()) body[name] = value;
    const auto answer = at.node.post("/api/v1/orders", body, at.anna.token);
    CAPTURE(one.more.dump());
    CHECK(answer.code() == one.code);
    CHECK(answer.body()["field"] == one.field);
  }
}

TEST_CASE("order rules: a pegged order follows, holds by its limit and shows it") {
  floor_with_one at;
  const auto ben = at.node.sign_up("ben@example.org");
  at.node.deposit(ben, "USDT", "100000");
  at.node.deposit(ben, "BTC", "2");
  const auto bid = [&](const char* price) {
    const auto answer = at.node.post("/api/v1/orders", limit_order("buy", price, "0.1"), ben.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
    return answer.body();
  };
  const auto first = bid("49000.00");
  const auto made =
    at.place("buy", "50000.00", "0.2", {{"peg", "primary"}, {"peg_offset", "10.00"}});
  CHECK(made["peg"] == "primary");
  CHECK(made["peg_offset"] == "10.00");
  CHECK(made["price"] == "50000.00");
  CHECK(at.hold("USDT") == "10000");
  const auto levels = [&] {
    return at.node.get("/api/v1/markets/BTCUSDT/book", {}).body()["bids"];
  };
  CHECK(levels()[1] == json{"48990.00", "0.20000"});
  (void)bid("49500.00");
  at.node.wait(1'000);
  CHECK(levels()[1] == json{"49490.00", "0.20000"});
  const auto shown = at.order(made);
  CHECK(shown["price"] == "50000.00");
  CHECK(shown["status"] == "new");
  // It executes where it rests, and what its limit held beyond comes back.
  const auto sold =
    at.node.post("/api/v1/orders", limit_order("sell", "49490.00", "0.3"), ben.token);
  REQUIRE(sold.status == 201);
  CHECK(at.order(made)["executed_quote"] == "9898");
  CHECK(at.hold("USDT") == "0");
  struct line {
    json more;
    const char *code, *field;
  };
  for (const auto& one : {
         line{{{"peg", "best"}}, "invalid-field", "peg"},
         line{{{"peg_offset", "1.00"}}, "missing-field", "peg"},
         line{{{"peg", "mid"}, {"peg_offset", "0.001"}}, "price-off-tick", "peg_offset"},
         line{{{"peg", "mid"}, {"display_quantity", "0.1"}}, "peg-invalid", "peg"},
         line{{{"peg", "mid"}, {"time_in_force", "ioc"}}, "peg-invalid", "peg"},
         line{{{"peg", "primary"}}, "no-liquidity", "quantity"},
       }) {
    auto body = limit_order("sell", "40000.00", "0.2");
    for (const auto& [name, value] : one.more.items()) body[name] = value;
    const auto answer = at.node.post("/api/v1/orders", body, at.anna.token);
    CHECK(answer.code() == one.code);
    CHECK(answer.field() == one.field);
  }
}

} // namespace rialto::net

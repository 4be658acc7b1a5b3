// Orders over the API on real accounts and markets: every amount to the last digit.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

#include <set>

namespace rialto::net {

namespace {

struct floor_with_two {
  api_node node;
  trader anna, bert;
  floor_with_two() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    bert = node.sign_up("bert@example.org");
    node.deposit(anna, "USDT", "100000");
    node.deposit(bert, "BTC", "2");
  }
  http_answer order(const trader& who, const json& body) {
    return node.post("/api/v1/orders", body, who.token);
  }
  json balances(const trader& who) {
    json by_asset;
    for (const auto& one : node.get("/api/v1/account/balances", who.token).body())
      by_asset[one["asset"].get<std::string>()] = {one["available"], one["hold"]};
    return by_asset;
  }
};

std::set<std::string> keys_of(const json& object) {
  std::set<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.insert(key);
  return keys;
}

} // namespace

TEST_CASE("orders: the answer has exactly the members that were promised") {
  floor_with_two at;
  const auto placed = at.order(at.anna, limit_order("buy", "50000.00", "0.5"));
  REQUIRE_MESSAGE(placed.status == 201, placed.text);
  const auto order = placed.body();
  CHECK(keys_of(order) == std::set<std::string>{"order_id",
                                                "client_order_id",
                                                "symbol",
                                                "side",
                                                "type",
                                                "time_in_force",
                                                "status",
                                                "price",
                                                "quantity",
                                                "executed_quantity",
                                                "executed_quote",
                                                "reason",
                                                "self_trade_prevention",
                                                "prevented_quantity",
                                                "display_quantity",
                                                "min_quantity",
                                                "expires_at",
                                                "trigger",
                                                "peg",
                                                "peg_offset",
                                                "parent_id",
                                                "slicing",
                                                "list_id",
                                                "created_at",
                                                "updated_at",
                                                "fills"});
  CHECK(order["status"] == "new");
  CHECK(order["price"] == "50000.00");
  CHECK(order["quantity"] == "0.50000");
  CHECK(order["executed_quote"] == "0");
  CHECK(order["client_order_id"].is_null());
  CHECK(order["time_in_force"] == "gtc");
  CHECK(at.balances(at.anna)["USDT"] == json{"75000", "25000"});
}

TEST_CASE("orders: a fill reaches both sides, the lists and the executions") {
  floor_with_two at;
  const auto resting = at.order(at.anna, limit_order("buy", "50000.00", "0.5")).body();
  const auto taking = at.order(at.bert, limit_order("sell", "49000.00", "0.2"));
  REQUIRE_MESSAGE(taking.status == 201, taking.text);
  CHECK(taking.body()["status"] == "filled");
  CHECK(taking.body()["executed_quote"] == "10000");
  REQUIRE(taking.body()["fills"].size() == 1);
  CHECK(taking.body()["fills"][0]["price"] == "50000.00");
  CHECK(taking.body()["fills"][0]["fee"] == "10");
  CHECK(taking.body()["fills"][0]["fee_asset"] == "USDT");
  CHECK(at.balances(at.bert) == json{{"BTC", {"1.8", "0"}}, {"USDT", {"9990", "0"}}});
  CHECK(at.balances(at.anna) == json{{"BTC", {"0.1998", "0"}}, {"USDT", {"75000", "15000"}}});

  const auto path = "/api/v1/orders/" + resting["order_id"].dump();
  const auto mine = at.node.get(path, at.anna.token).body();
  CHECK(mine["status"] == "partially_filled");
  CHECK(mine["executed_quantity"] == "0.20000");
  REQUIRE(mine["fills"].size() == 1);
  CHECK(mine["fills"][0]["is_maker"] == true);

  const auto listed = at.node.get("/api/v1/orders?status=closed", at.bert.token).body();
  REQUIRE(listed["items"].size() == 1);
  CHECK(listed["items"][0]["order_id"] == taking.body()["order_id"]);
  const auto executions = at.node.get("/api/v1/executions?symbol=BTCUSDT", at.anna.token).body();
  REQUIRE(executions["items"].size() == 1);
  CHECK(executions["items"][0]["fee_asset"] == "BTC");

  const auto amended =
    at.node.ask({"PATCH", path, R"({"quantity":"0.3","price":"48000.00"})", at.anna.token});
  REQUIRE_MESSAGE(amended.status == 200, amended.text);
  CHECK(amended.body()["quantity"] == "0.30000");
  CHECK(at.balances(at.anna)["USDT"] == json{"85200", "4800"});
  const auto cancelled = at.node.ask({"DELETE", path, {}, at.anna.token});
  REQUIRE_MESSAGE(cancelled.status == 200, cancelled.text);
  CHECK(cancelled.body()["status"] == "cancelled");
  CHECK(at.balances(at.anna)["USDT"] == json{"90000", "0"});
  CHECK(at.node.ask({"DELETE", path, {}, at.anna.token}).code() == "unknown-order");
}

TEST_CASE("orders: the same client_order_id gives the same order, another body a conflict") {
  floor_with_two at;
  auto body = limit_order("buy", "50000.00", "0.1");
  body["client_order_id"] = "mine-1";
  const auto first = at.order(at.anna, body);
  CHECK(first.status == 201);
  body["price"] = "50000"; // the same meaning
  const auto again = at.order(at.anna, body);
  CHECK(again.status == 200);
  CHECK(again.body()["order_id"] == first.body()["order_id"]);
  body["price"] = "50001";
  const auto other = at.order(at.anna, body);
  CHECK(other.status == 409);
  CHECK(other.code() == "client-order-id-reused");
  CHECK(other.field() == "client_order_id");
}

TEST_CASE("orders: what is wrong is named by field and rule") {
  floor_with_two at;
  struct row {
    json change;
    int status;
    std::string code, field;
  };
  const std::vector<row> table = {
    {{{"symbol", "NOPE"}}, 404, "unknown-symbol", "symbol"},
    {{{"symbol", nullptr}}, 400, "missing-field", "symbol"},
    {{{"side", "BUY"}}, 400, "invalid-field", "side"},
    {{{"type", "stop"}}, 400, "invalid-field", "type"},
    {{{"time_in_force", "day"}}, 400, "invalid-field", "time_in_force"},
    {{{"time_in_force", "gtd"}}, 400, "expiry-invalid", "expires_at"},
    {{{"expires_at", "2040-01-01T00:00:00Z"}}, 400, "expiry-invalid", "expires_at"},
    {{{"time_in_force", "gtd"}, {"expires_at", "2001-01-01T00:00:00Z"}},
     400,
     "expiry-invalid",
     "expires_at"},
    {{{"expires_at", "tomorrow"}}, 400, "invalid-field", "expires_at"},
    {{{"display_quantity", "7"}}, 400, "display-quantity-invalid", "display_quantity"},
    {{{"display_quantity", "0.000001"}}, 400, "quantity-off-lot", "display_quantity"},
    {{{"min_quantity", "7"}}, 400, "min-quantity-invalid", "min_quantity"},
    {{{"self_trade_prevention", "maybe"}}, 400, "invalid-field", "self_trade_prevention"},
    {{{"price", "50000.001"}}, 400, "price-off-tick", "price"},
    {{{"price", 50000}}, 400, "invalid-field", "price"},
    {{{"price", "5e4"}}, 400, "invalid-field", "price"},
    {{{"price", "-1"}}, 400, "invalid-field", "price"},
    {{{"price", "0"}}, 400, "invalid-field", "price"},
    {{{"price", nullptr}}, 400, "missing-field", "price"},
    {{{"quantity", "0.000001"}}, 400, "quantity-off-lot", "quantity"},
    {{{"quantity", "99999999999"}}, 400, "invalid-field", "quantity"},
    {{{"quantity", "0.00001"}}, 400, "notional-too-small", "quantity"},
    {{{"quantity", "50"}}, 409, "insufficient-balance", "quantity"},
    {{{"quote_quantity", "10"}}, 400, "invalid-field", "quote_quantity"},
    {{{"type", "market"}}, 400, "invalid-field", "price"},
    {{{"client_order_id", "a b"}}, 400, "invalid-field", "client_order_id"},
    {{{"client_order_id", std::string(37, 'a')}}, 400, "invalid-field", "client_order_id"},
    {{{"fee", "0"}}, 400, "unknown-field", "fee"},
    {{{"account_id", 1}}, 400, "unknown-field", "account_id"},
  };
  for (const auto& one : table) {
    CAPTURE(one.change.dump());
    auto body = limit_order("buy", "50000.00", "0.1");
    body.merge_patch(one.change); // null removes
    const auto answer = at.order(at.anna, body);
    CHECK_MESSAGE(answer.status == one.status, answer.text);
    CHECK(answer.code() == one.code);
    CHECK(answer.field() == one.field);
    CHECK(answer.content_type == "application/problem+json");
  }
  CHECK(at.balances(at.anna)["USDT"] == json{"100000", "0"});
}

TEST_CASE("orders: a list is paged without hole or double, open ones first") {
  floor_with_two at;
  std::vector<std::uint64_t> expected;
  for (int i = 0; i < 7; ++i)
    expected.push_back(
      at.order(at.anna, limit_order("buy", "50000.00", "0.01")).body()["order_id"]);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(
      at.node.ask({"DELETE", "/api/v1/orders/" + std::to_string(expected[i]), {}, at.anna.token})
        .status == 200);
  std::vector<std::uint64_t> seen;
  std::string cursor;
  for (int pages = 0; pages < 20; ++pages) {
    const auto page =
      at.node
        .get("/api/v1/orders?limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor), at.anna.token)
        .body();
    CHECK(page["items"].size() <= 2);
    for (const auto& one : page["items"]) seen.push_back(one["order_id"]);
    if (page["next_cursor"].is_null()) break;
    cursor = page["next_cursor"];
  }
  std::sort(seen.begin(), seen.end(), std::greater<>());
  std::sort(expected.begin(), expected.end(), std::greater<>());
  CHECK(seen == expected);
  // Pages are full: final orders follow the last open one.
  const auto first = at.node.get("/api/v1/orders?limit=6", at.anna.token).body();
  CHECK(first["items"].size() == 6);
  CHECK(first["items"][3]["status"] == "new");
  CHECK(first["items"][4]["status"] == "cancelled");
  CHECK(at.node.get("/api/v1/orders", at.anna.token).body()["items"].size() == 7);
  CHECK(at.node.get("/api/v1/orders", at.anna.token).body()["next_cursor"].is_null());
  const auto open = at.node.get("/api/v1/orders?status=open", at.anna.token).body();
  CHECK(open["items"].size() == 4);
  CHECK(open["next_cursor"].is_null());
  CHECK(at.node.get("/api/v1/orders?cursor=nonsense", at.anna.token).field() == "cursor");
  CHECK(at.node.get("/api/v1/orders?limit=501", at.anna.token).field() == "limit");
  CHECK(at.node.get("/api/v1/orders?colour=red", at.anna.token).code() == "unknown-field");
  const auto all = at.node.ask({"DELETE", "/api/v1/orders?symbol=BTCUSDT", {}, at.anna.token});
  CHECK(all.body()["asked"] == 4);
  CHECK(all.body()["orders"].size() == 4);
  CHECK(at.balances(at.anna)["USDT"] == json{"100000", "0"});
}

TEST_CASE("orders: a list waits for what was durable when it was asked for") {
  api_node node;
  node.list("BTC", "USDT");
  const auto anna = node.sign_up("anna@example.org");
  node.deposit(anna, "USDT", "1000");
  node.gate.lists_wait = true;
  for (const std::string path : {"orders", "orders?status=closed", "executions", "ledger"}) {
    CAPTURE(path);
    const auto answer = std::make_shared<http_answer>();
    node.begin({"GET", "/api/v1/" + path, {}, anna.token}, answer);
    node.run_until([&] { return !node.gate.waiting.empty(); });
    CHECK(answer->status == 0);
    const auto waiting = std::exchange(node.gate.waiting, {});
    REQUIRE(waiting.size() == 1);
    waiting.front()();
    node.run_until([&] { return answer->status != 0; });
    CHECK(answer->status == 200);
  }
}

TEST_CASE("orders: market orders by quantity and by quote amount") {
  floor_with_two at;
  at.order(at.bert, limit_order("sell", "50000.00", "1"));
  const auto by_quote = at.order(
    at.anna,
    {{"symbol", "BTCUSDT"}, {"side", "buy"}, {"type", "market"}, {"quote_quantity", "500"}});
  REQUIRE_MESSAGE(by_quote.status == 201, by_quote.text);
  CHECK(by_quote.body()["status"] == "filled");
  CHECK(by_quote.body()["quantity"].is_null());
  CHECK(by_quote.body()["executed_quantity"] == "0.01000");
  CHECK(by_quote.body()["price"].is_null());
  const auto both = at.order(at.anna, {{"symbol", "BTCUSDT"},
                                       {"side", "buy"},
                                       {"type", "market"},
                                       {"quantity", "1"},
                                       {"quote_quantity", "500"}});
  CHECK(both.field() == "quantity");
}

TEST_CASE("orders: a node that cannot write says so, and an answer that never comes is unknown") {
  floor_with_two at;
  const auto body = limit_order("buy", "50000.00", "0.1").dump();
  at.node.gate.failing = actors::delivery::unavailable;
  const auto refused = at.node.ask({"POST", "/api/v1/orders", body, at.anna.token});
  CHECK(refused.status == 503);
  CHECK(refused.code() == "unavailable");
  CHECK(refused.header("Retry-After") == "1");
  at.node.gate.failing = actors::delivery::busy;
  CHECK(at.node.ask({"POST", "/api/v1/orders", body, at.anna.token}).code() == "busy");
  at.node.gate.failing.reset();
  REQUIRE(at.node.ask({"GET", "/api/v1/account/balances", "", at.anna.token}).status == 200);
  at.node.gate.failing = actors::delivery::unknown;
  const auto late = std::make_shared<http_answer>();
  at.node.begin({"POST", "/api/v1/orders", body, at.anna.token}, late);
  at.node.run();
  at.node.clock.advance(4'900'000'000);
  at.node.api().sweep();
  CHECK(late->status == 0);
  at.node.clock.advance(200'000'000);
  at.node.api().sweep();
  CHECK(late->status == 504);
  CHECK(late->code() == "unknown");
  const auto read = std::make_shared<http_answer>(); // only asked, so it has no fate
  at.node.begin({"GET", "/api/v1/account/balances", "", at.anna.token}, read);
  at.node.run();
  at.node.clock.advance(5'100'000'000);
  at.node.api().sweep();
  CHECK(read->status == 503);
  CHECK(read->code() == "unavailable");
}

TEST_CASE("orders: what one poll tick read leaves in one submission") {
  floor_with_two at;
  const auto body = limit_order("buy", "50000.00", "0.001").dump();
  at.node.get("/api/v1/me", at.anna.token); // the session is known from here on
  const auto before = at.node.gate.submissions;
  std::vector<std::shared_ptr<http_answer>> answers;
  for (int i = 0; i < 50; ++i) {
    answers.push_back(std::make_shared<http_answer>());
    at.node.begin({"POST", "/api/v1/orders", body, at.anna.token}, answers.back());
  }
  while (at.node.run()) {
  }
  CHECK(at.node.gate.submissions == before + 1);
  for (const auto& one : answers) CHECK(one->status == 201);
}

} // namespace rialto::net

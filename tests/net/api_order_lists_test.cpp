// Linked orders over the API: two of which one goes, an entry with its exits.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct floor_with_two {
  api_node node;
  trader anna, bert;
  floor_with_two() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    bert = node.sign_up("bert@example.org");
    for (const auto& one : {anna, bert}) {
      node.deposit(one, "USDT", "100000");
      node.deposit(one, "BTC", "2");
    }
    trade("50000.00", "0.01");
  }
  void trade(const char* price, const char* size) {
    for (const auto* way : {"sell", "buy"})
      CHECK(node.post("/api/v1/orders", limit_order(way, price, size), bert.token).status == 201);
  }
  http_answer list(const json& body) { return node.post("/api/v1/order-lists", body, anna.token); }
  json order(const json& id) { return node.get("/api/v1/orders/" + id.dump(), anna.token).body(); }
  std::string hold(const char* asset) {
    for (const auto& one : node.get("/api/v1/account/balances", anna.token).body())
      if (one["asset"] == asset) return one["hold"];
    return {};
  }
};

const json oco = {{"kind", "oco"},
                  {"symbol", "BTCUSDT"},
                  {"side", "sell"},
                  {"quantity", "1"},
                  {"take_profit_price", "55000.00"},
                  {"stop_price", "45000.00"},
                  {"client_order_id", "pair-1"}};

} // namespace

TEST_CASE("order lists: an oco holds once, and its limit ends its stop") {
  floor_with_two at;
  const auto answer = at.list(oco);
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
  const auto placed = answer.body();
  REQUIRE(placed["orders"].size() == 2);
  const auto limit = placed["orders"][0], stop = placed["orders"][1];
  CHECK(placed["list_id"] == limit["order_id"]);
  CHECK(limit["list_id"] == placed["list_id"]);
  CHECK(limit["client_order_id"] == "pair-1");
  CHECK(limit["pending"] == false);
  CHECK(stop["list_id"] == placed["list_id"]);
  CHECK(stop["type"] == "market");
  CHECK(stop["trigger_price"] == "45000.00");
  CHECK(at.hold("BTC") == "1");
  const auto again = at.list(oco);
  CHECK(again.status == 200);
  CHECK(again.body()["list_id"] == placed["list_id"]);
  CHECK(again.body()["orders"].size() == 2);
  auto other = oco;
  other["quantity"] = "0.5";
  CHECK(at.list(other).code() == "client-order-id-reused");
  CHECK(
    at.node.post("/api/v1/orders", limit_order("buy", "55000.00", "0.4"), at.bert.token).status ==
    201);
  CHECK(at.order(limit["order_id"])["executed_quantity"] == "0.40000");
  CHECK(at.order(stop["order_id"])["status"] == "cancelled");
  CHECK(at.order(stop["order_id"])["reason"] == "linked");
  CHECK(at.order(stop["order_id"])["list_id"] == placed["list_id"]);
  CHECK(at.hold("BTC") == "0.6");
}

TEST_CASE("order lists: a bracket's exits come when its entry is filled, and its stop sells") {
  floor_with_two at;
  const auto answer = at.list({{"kind", "bracket"},
                               {"symbol", "BTCUSDT"},
                               {"side", "buy"},
                               {"quantity", "0.5"},
                               {"price", "49000.00"},
                               {"take_profit_price", "55000.00"},
                               {"stop_price", "47000.00"},
                               {"stop_limit_price", "46900.00"}});
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
  const auto orders = answer.body()["orders"];
  REQUIRE(orders.size() == 3);
  CHECK(orders[0]["pending"] == false);
  CHECK(orders[1]["pending"] == true);
  CHECK(at.hold("USDT") == "24500");
  CHECK(at.hold("BTC") == "0");
  at.trade("48990.00", "0.01"); // the price, not the entry
  CHECK(
    at.node.post("/api/v1/orders", limit_order("sell", "49000.00", "0.5"), at.bert.token).status ==
    201);
  CHECK(at.order(orders[0]["order_id"])["status"] == "filled");
  // The fee of 0.1 % is paid in BTC: 0.4995 are left.
  const auto profit = at.order(orders[1]["order_id"]);
  CHECK(profit["pending"] == false);
  CHECK(profit["quantity"] == "0.49950");
  CHECK(at.hold("BTC") == "0.4995");
  CHECK(
    at.node.post("/api/v1/orders", limit_order("buy", "47000.00", "0.6"), at.bert.token).status ==
    201);
  CHECK(
    at.node.post("/api/v1/orders", limit_order("sell", "47000.00", "0.1"), at.bert.token).status ==
    201);
  CHECK(at.order(orders[2]["order_id"])["status"] == "filled");
  CHECK(at.order(orders[1]["order_id"])["reason"] == "linked");
  CHECK(at.hold("BTC") == "0");
  CHECK(at.hold("USDT") == "0");
}

TEST_CASE("order lists: cancelling one cancels the list") {
  floor_with_two at;
  const auto placed = at.list(oco).body();
  const auto answer = at.node.ask(
    {"DELETE", "/api/v1/orders/" + placed["orders"][1]["order_id"].dump(), {}, at.anna.token});
  CHECK(answer.status == 200);
  CHECK(at.order(placed["list_id"])["status"] == "cancelled");
  CHECK(at.order(placed["list_id"])["reason"] == "linked");
  CHECK(at.hold("BTC") == "0");
  // Refused as a whole: the stop's price has come already.
  auto late = oco;
  late["stop_price"] = "51000.00";
  late.erase("client_order_id");
  CHECK(at.list(late).code() == "would-trigger");
  CHECK(at.hold("BTC") == "0");
}

TEST_CASE("order lists: what is wrong with one is named") {
  floor_with_two at;
  struct line {
    json change;
    const char *code, *field;
  };
  const line lines[] = {
    {{{"kind", "pair"}}, "invalid-field", "kind"},
    {{{"take_profit_price", nullptr}}, "missing-field", "take_profit_price"},
    {{{"stop_price", nullptr}}, "missing-field", "stop_price"},
    {{{"stop_price", nullptr}, {"stop_limit_price", "44000.00"}}, "missing-field", "stop_price"},
    {{{"stop_trail_bps", 100}, {"stop_trail_amount", "5"}}, "invalid-field", "stop_trail_bps"},
    {{{"price", "50000.00"}}, "invalid-field", "kind"},
    {{{"kind", "bracket"}}, "missing-field", "price"},
    {{{"kind", "bracket"},
      {"price", "49000.00"},
      {"take_profit_price", nullptr},
      {"stop_price", nullptr}},
     "missing-field",
     "take_profit_price"},
    {{{"quantity", "3"}}, "insufficient-balance", "quantity"},
  };
  for (const auto& one : lines) {
    auto body = oco;
    for (const auto& [name, value] : one.change.items()) body[name] = value;
    const auto answer = at.list(body);
    CAPTURE(one.change.dump());
    CHECK(answer.code() == one.code);
    CHECK(answer.field() == one.field);
  }
}

} // namespace rialto::net

// TWAP and VWAP over the API: bodies, what is shown of the whole and its slices, cancels.
#include "domain/time_text.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct slicing_floor {
  api_node node;
  trader anna, bert;
  slicing_floor() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    bert = node.sign_up("bert@example.org");
    for (const auto& one : {anna, bert}) {
      node.deposit(one, "USDT", "100000");
      node.deposit(one, "BTC", "5");
    }
  }
  http_answer place(const json& more) {
    auto body = limit_order("buy", "50000.00", "1");
    body.update(json{{"slicing", "twap"}, {"slices", 4}, {"duration_seconds", 8}});
    body.update(more);
    for (auto at = body.begin(); at != body.end();)
      if (at->is_null())
        at = body.erase(at);
      else
        ++at;
    return node.post("/api/v1/orders", body, anna.token);
  }
  void offer(const char* price, const char* size) {
    REQUIRE(node.post("/api/v1/orders", limit_order("sell", price, size), bert.token).status ==
            201);
  }
  json order(const json& id) { return node.get("/api/v1/orders/" + id.dump(), anna.token).body(); }
  json items(const std::string& target) { return node.get(target, anna.token).body()["items"]; }
  std::string hold(const char* asset) {
    for (const auto& one : node.get("/api/v1/account/balances", anna.token).body())
      if (one["asset"] == asset) return one["hold"];
    return {};
  }
};

} // namespace

TEST_CASE("slices: a twap is placed, sent in slices and filled") {
  slicing_floor at;
  const auto answer = at.place({{"client_order_id", "slow-1"}});
  REQUIRE_MESSAGE(answer.status == 201, answer.text);
  const auto placed = answer.body();
  CHECK(placed["status"] == "new");
  CHECK(placed["slicing"] == "twap");
  CHECK(placed["weights"] == "equal");
  CHECK(placed["slices"] == 4);
  CHECK(placed["slices_sent"] == 0);
  CHECK(placed["next_slice_at"] == placed["start_at"]);
  CHECK(placed["parent_id"].is_null());
  CHECK(at.hold("USDT") == "50000");
  CHECK(at.place({{"client_order_id", "slow-1"}}).status == 200); // again: the same
  CHECK(at.place({{"client_order_id", "slow-1"}, {"slices", 5}}).code() ==
        "client-order-id-reused");

  at.offer("49000.00", "0.25");
  at.node.wait(1'000); // the first
  auto whole = at.order(placed["order_id"]);
  CHECK(whole["status"] == "partially_filled");
  CHECK(whole["executed_quantity"] == "0.25000");
  CHECK(whole["slices_sent"] == 1);
  at.node.wait(2'000); // nothing to take: the next one takes it up
  at.offer("50000.00", "0.6");
  at.node.wait(2'000);
  whole = at.order(placed["order_id"]);
  CHECK(whole["executed_quantity"] == "0.75000");
  CHECK(whole["slices_sent"] == 3);
  at.offer("50000.00", "0.5");
  at.node.wait(3'000);
  whole = at.order(placed["order_id"]);
  CHECK(whole["status"] == "filled");
  CHECK(whole["executed_quantity"] == "1.00000");
  CHECK(whole["executed_quote"] == "49750");
  CHECK(whole["slices_sent"] == 4);
  CHECK(whole["next_slice_at"].is_null());
  CHECK(at.hold("USDT") == "0");

  // In the lists: the whole, and its slices with their parent; each execution once, of a slice.
  std::size_t slices = 0;
  for (const auto& one : at.items("/api/v1/orders?status=closed")) {
    if (one["order_id"] == placed["order_id"]) {
      CHECK(one["slicing"] == "twap");
      CHECK(one["slices_sent"] == 4);
      CHECK(one["executed_quantity"] == "1.00000");
      CHECK(one["status"] == "filled");
    } else {
      ++slices;
      CHECK(one["parent_id"] == placed["order_id"]);
      CHECK(one["slicing"].is_null());
      CHECK(one["time_in_force"] == "ioc");
      CHECK(one["client_order_id"].is_null());
    }
  }
  CHECK(slices == 4);
  const auto fills = at.items("/api/v1/executions");
  CHECK(fills.size() == 4);
  for (const auto& one : fills) CHECK(one["order_id"] != placed["order_id"]);
}

TEST_CASE("slices: the stream tells of the whole and of its slices") {
  slicing_floor at;
  const auto socket = at.node.connect();
  REQUIRE(
    at.node.say(socket, json{{"id", 1}, {"op", "authenticate"}, {"access_token", at.anna.token}})
      .at(0)["ok"] == true);
  (void)at.node.say(socket, json{{"id", 2}, {"op", "subscribe"}, {"channel", "orders"}});
  at.offer("50000.00", "0.25");
  auto body = limit_order("buy", "50000.00", "1");
  body.update(json{
    {"id", 3}, {"op", "order.place"}, {"slicing", "twap"}, {"slices", 4}, {"duration_seconds", 4}});
  json id;
  for (const auto& one : at.node.say(socket, body))
    if (one.contains("result")) id = one["result"]["order_id"];
  REQUIRE(id.is_number());
  at.node.wait(1'000);
  bool slice_told = false, whole_told = false;
  for (const auto& one : at.node.heard(socket)) {
    if (one["channel"] != "orders") continue;
    const auto& order = one["data"];
    slice_told |= order["parent_id"] == id && order["fills"].size() == 1;
    whole_told |=
      order["order_id"] == id && order["executed_quantity"] == "0.25000" && order["fills"].empty();
  }
  CHECK(slice_told);
  CHECK(whole_told);
}

TEST_CASE("slices: cancelled alone and with all others; no amend") {
  slicing_floor at;
  const auto first = at.place(json::object()).body()["order_id"];
  CHECK(at.node
          .ask({"PATCH", "/api/v1/orders/" + first.dump(), json{{"price", "50001.00"}}.dump(),
                at.anna.token})
          .code() == "amend-not-allowed");
  const auto gone = at.node.ask({"DELETE", "/api/v1/orders/" + first.dump(), {}, at.anna.token});
  REQUIRE_MESSAGE(gone.status == 200, gone.text);
  CHECK(gone.body()["status"] == "cancelled");
  CHECK(at.hold("USDT") == "0");
  const auto second = at.place({{"start_at", "2090-01-01T00:00:00Z"}});
  CHECK(second.code() == "slicing-invalid");
  CHECK(second.field() == "slicing");
  const auto third = at.place(json::object()).body()["order_id"];
  CHECK(at.node.ask({"DELETE", "/api/v1/orders", {}, at.anna.token}).body()["asked"] == 1);
  CHECK(at.order(third)["status"] == "cancelled");
  CHECK(at.items("/api/v1/orders?status=open").empty());
  at.node.wait(3'000);
  CHECK(at.order(third)["slices_sent"] == 0);
}

TEST_CASE("slices: wrong wishes are named") {
  slicing_floor at;
  CHECK(at.place({{"slicing", "pov"}}).field() == "slicing");
  CHECK(at.place({{"slices", nullptr}}).field() == "slices");
  CHECK(at.place({{"slices", 1}}).field() == "slices");
  CHECK(at.place({{"slices", 1'001}}).field() == "slices");
  CHECK(at.place({{"slices", 9}}).field() == "slices"); // in 8 seconds
  CHECK(at.place({{"duration_seconds", nullptr}}).field() == "duration_seconds");
  CHECK(at.place({{"duration_seconds", 86'401}}).field() == "duration_seconds");
  CHECK(at.place({{"start_at", "tomorrow"}}).field() == "start_at");
  CHECK(at.place({{"slicing", nullptr}}).field() == "slices");
  CHECK(at.place({{"time_in_force", "ioc"}}).field() == "time_in_force");
  CHECK(at.place({{"type", "post_only"}}).field() == "type");
  CHECK(at.place({{"display_quantity", "0.1"}}).field() == "slicing");
  CHECK(at.place({{"quantity", "9"}}).code() == "insufficient-balance");
  CHECK(at.items("/api/v1/orders?status=open").empty());
}

TEST_CASE("slices: a vwap weighs what earlier days traded, or is equal") {
  slicing_floor at;
  const auto equal = at.place({{"slicing", "vwap"}}).body();
  CHECK(equal["slicing"] == "vwap");
  CHECK(equal["weights"] == "equal");
  const auto markets = at.node.gate.markets();
  const auto market = markets->find("BTCUSDT")->spec.market;
  constexpr std::int64_t minute = 60'000'000'000, day = 1'440 * minute;
  const auto now = at.node.clock.now().value;
  const auto start = now - now % minute + 2 * minute;
  std::vector<candle> past(2);
  for (int i = 0; i < 2; ++i) {
    past[i].open_time = {start - day + i * minute};
    past[i].volume = {i == 0 ? 100 : 300};
  }
  at.node.tape().put_candles(market, candle_interval::m1, past);
  const auto placed = at.place({{"slicing", "vwap"},
                                {"slices", 2},
                                {"duration_seconds", 120},
                                {"start_at", format_time({start})}});
  REQUIRE_MESSAGE(placed.status == 201, placed.text);
  CHECK(placed.body()["weights"] == "volume");
  at.offer("50000.00", "2");
  at.node.wait((start - now) / 1'000'000 + 1'000);
  CHECK(at.order(placed.body()["order_id"])["executed_quantity"] == "0.24999");
}

} // namespace rialto::net

// Fees, positions and statements over the API on real accounts and markets.
#include "domain/time_text.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct two_traders {
  api_node node;
  trader anna, ben;
  two_traders() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    ben = node.sign_up("ben@example.org");
    node.deposit(anna, "USDT", "100000");
    node.deposit(ben, "BTC", "2");
    node.deposit(ben, "USDT", "100000");
  }
  json place(const trader& who, const std::string& way, const std::string& price,
             const std::string& size) {
    const auto answer = node.post("/api/v1/orders", limit_order(way, price, size), who.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
    return answer.body();
  }
  /// Anna buys from Ben as the taker.
  void buy(const std::string& price, const std::string& size) {
    place(ben, "sell", price, size);
    CHECK(place(anna, "buy", price, size)["status"] == "filled");
  }
  void sell(const std::string& price, const std::string& size) {
    place(ben, "buy", price, size);
    CHECK(place(anna, "sell", price, size)["status"] == "filled");
  }
  http_answer change(const json& body) {
    return node.ask(
      {"PATCH", "/api/v1/admin/instruments/BTCUSDT", body.dump(), node.admin().token});
  }
  json positions(const trader& who, const std::string& query = {}) {
    return node.get("/api/v1/account/positions" + query, who.token).body();
  }
  http_answer fees(const std::string& query = "?symbol=BTCUSDT") {
    return node.get("/api/v1/account/fees" + query, anna.token);
  }
  json fee() { return fees().body().at(0); }
};

json tier(const char* from, const char* maker, const char* taker) {
  return {{"volume_min", from}, {"maker_fee", maker}, {"taker_fee", taker}};
}

} // namespace

TEST_CASE("money: fee tiers are set, shown and reached") {
  two_traders at;
  CHECK(at.node.get("/api/v1/instruments").body()[0]["fee_tiers"] == json::array());
  const json tiers = {tier("10000", "0.0002", "0.0008"), tier("20000", "-0.0001", "0.0005")};
  const auto changed = at.change({{"fee_tiers", tiers}});
  REQUIRE_MESSAGE(changed.status == 200, changed.text);
  CHECK(changed.body()["fee_tiers"] == tiers);
  auto fees = at.fee();
  CHECK(fees["volume_30d"] == "0");
  CHECK(fees["tier"] == 0);
  CHECK(fees["taker_fee"] == "0.001");
  CHECK(fees["next_tier"] == tiers[0]);

  at.buy("50000.00", "0.2"); // 10,000 USDT
  fees = at.fee();
  CHECK(fees["volume_30d"] == "10000");
  CHECK(fees["tier"] == 1);
  CHECK(fees["maker_fee"] == "0.0002");
  CHECK(fees["taker_fee"] == "0.0008");
  CHECK(fees["next_tier"] == tiers[1]);
  at.buy("50000.00", "0.2");
  fees = at.fee();
  CHECK(fees["tier"] == 2);
  CHECK(fees["maker_fee"] == "-0.0001");
  CHECK(fees["next_tier"].is_null());

  // As a maker Anna is paid now, from what the taker pays.
  const auto resting = at.place(at.anna, "buy", "50000.00", "0.1");
  at.place(at.ben, "sell", "50000.00", "0.1");
  const auto order =
    at.node.get("/api/v1/orders/" + resting["order_id"].dump(), at.anna.token).body();
  CHECK(order["fills"][0]["fee"] == "-0.00001");
  CHECK(order["fills"][0]["fee_asset"] == "BTC");

  // Tiers go with [].
  CHECK(at.change({{"fee_tiers", json::array()}}).body()["fee_tiers"] == json::array());
  CHECK(at.fee()["taker_fee"] == "0.001");
  CHECK(at.fee()["tier"] == 0);
}

TEST_CASE("money: a wrong schedule is refused by its field") {
  two_traders at;
  const auto field_of = [&](const json& tiers) {
    const auto answer = at.change({{"fee_tiers", tiers}});
    CHECK(answer.status >= 400);
    CHECK(answer.status < 500);
    return answer.field();
  };
  CHECK(field_of("many") == "fee_tiers");
  CHECK(field_of(json::array({"10"})) == "fee_tiers");
  CHECK(field_of(tier("1", "0", "0")) == "fee_tiers"); // not in an array
  CHECK(field_of({tier("10", "0", "0"), 5}) == "fee_tiers");
  CHECK(field_of(std::vector<json>(17, tier("1", "0", "0"))) == "fee_tiers");
  CHECK(field_of(json::array({{{"volume_min", "1"}, {"maker_fee", "0"}}})) ==
        "fee_tiers[0].taker_fee");
  CHECK(field_of({tier("1", "0", "0"), tier("2", "0.1234567", "0")}) == "fee_tiers[1].maker_fee");
  CHECK(field_of(json::array({tier("x", "0", "0")})) == "fee_tiers[0].volume_min");
  auto strange = tier("1", "0", "0");
  strange["colour"] = "red";
  CHECK(field_of(json::array({strange})) == "fee_tiers[0].colour");
  strange["colour"] = json::array({json::object()}); // objects nest once
  CHECK(field_of(json::array({strange})) == "fee_tiers[0].colour");
  CHECK(field_of({tier("5", "0", "0"), tier("5", "0", "0")}) == "fee_tiers[1].volume_min");
  CHECK(field_of(json::array({tier("5", "-0.002", "0.0005")})) == "fee_tiers[0].maker_fee");
  CHECK(at.fees("").body() == at.fees().body());
  CHECK(at.fees("?symbol=NONE").field() == "symbol");
}

TEST_CASE("money: a position is what was bought, at its average cost, against the mark") {
  two_traders at;
  REQUIRE(at.change({{"maker_fee", "0"}, {"taker_fee", "0"}}).status == 200);
  CHECK(at.positions(at.anna) == json::array());
  at.buy("40000.00", "0.1");
  at.buy("50000.00", "0.1");
  auto mine = at.positions(at.anna);
  REQUIRE(mine.size() == 1);
  CHECK(mine[0] == json{{"symbol", "BTCUSDT"},
                        {"quantity", "0.2"},
                        {"cost", "9000"},
                        {"average_price", "45000"},
                        {"realised_pnl", "0"},
                        {"mark_price", "50000.00"},
                        {"market_value", "10000"},
                        {"unrealised_pnl", "1000"}});
  at.sell("44000.00", "0.05");
  mine = at.positions(at.anna);
  CHECK(mine[0]["quantity"] == "0.15");
  CHECK(mine[0]["cost"] == "6750");
  CHECK(mine[0]["realised_pnl"] == "-50");
  CHECK(mine[0]["unrealised_pnl"] == "-150");
  at.sell("46000.00", "0.15");
  CHECK(at.positions(at.anna) == json::array());
  const auto closed = at.positions(at.anna, "?all=true");
  REQUIRE(closed.size() == 1);
  CHECK(closed[0]["quantity"] == "0");
  CHECK(closed[0]["average_price"].is_null());
  CHECK(closed[0]["realised_pnl"] == "100");
  CHECK(at.positions(at.anna, "?symbol=BTCUSDT") == closed);
  // Ben's coins were deposited: what they cost is not known, what he bought back is.
  const auto bens = at.positions(at.ben);
  REQUIRE(bens.size() == 1);
  CHECK(bens[0]["quantity"] == "0.2");
  CHECK(bens[0]["realised_pnl"] == "0");
  CHECK(at.node.get("/api/v1/account/positions?all=yes", at.anna.token).field() == "all");
  CHECK(at.node.get("/api/v1/account/positions?symbol=NONE", at.anna.token).field() == "symbol");
}

TEST_CASE("money: the positions channel sends all positions, then each that changes") {
  two_traders at;
  at.buy("40000.00", "0.1");
  const auto socket = at.node.connect();
  const auto said =
    at.node.say(socket, json{{"id", 1}, {"op", "authenticate"}, {"access_token", at.anna.token}});
  REQUIRE(said.at(0)["ok"] == true);
  const auto opened =
    at.node.say(socket, json{{"id", 2}, {"op", "subscribe"}, {"channel", "positions"}});
  REQUIRE(opened.size() == 2);
  CHECK(opened[1]["snapshot"] == true);
  CHECK(opened[1]["data"] == at.positions(at.anna));
  at.buy("50000.00", "0.1");
  const auto told = at.node.heard(socket);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["channel"] == "positions");
  const auto& now = told[0]["data"][0];
  CHECK(now["quantity"] == at.positions(at.anna)[0]["quantity"]);
  CHECK(now["cost"] == "9000");
  // Whoever was away gets the same again.
  at.sell("50000.00", "0.1");
  const auto last = at.node.heard(socket);
  const auto later = at.node.connect();
  REQUIRE(
    at.node.say(later, json{{"id", 1}, {"op", "authenticate"}, {"access_token", at.anna.token}})
      .at(0)["ok"] == true);
  const auto missed = at.node.say(later, json{{"id", 2},
                                              {"op", "subscribe"},
                                              {"channel", "positions"},
                                              {"resume_from", told[0]["seq"]}});
  REQUIRE(missed.size() == 2);
  REQUIRE(last.size() == 1);
  CHECK(missed[1] == last[0]);
}

TEST_CASE("money: a statement opens, moves and closes, and sums to the ledger") {
  two_traders at;
  const auto statement = [&](const std::string& query) {
    return at.node.get("/api/v1/account/statement" + query, at.anna.token);
  };
  const auto asset = [](const json& of, const char* name) {
    for (const auto& one : of["assets"])
      if (one["asset"] == name) return one;
    return json{};
  };
  at.node.wait(1'000);
  const auto middle = format_time(at.node.clock.now());
  at.node.wait(1'000);
  at.buy("40000.00", "0.1");
  at.sell("41000.00", "0.05");
  const auto whole = statement("").body();
  const auto dollars = asset(whole, "USDT");
  CHECK(dollars == json{{"asset", "USDT"},
                        {"opening", "0"},
                        {"deposits", "100000"},
                        {"withdrawals", "0"},
                        {"bought", "2050"},
                        {"sold", "4000"},
                        {"fees", "2.05"},
                        {"rebates", "0"},
                        {"closing", "98047.95"}});
  CHECK(asset(whole, "BTC")["closing"] == "0.0499");
  CHECK(asset(whole, "BTC")["fees"] == "0.0001");
  const auto first = statement("?to=" + middle).body();
  CHECK(asset(first, "USDT")["closing"] == "100000");
  CHECK(asset(first, "BTC").is_null());
  CHECK(first["to"] == middle);
  const auto second = statement("?from=" + middle).body();
  CHECK(asset(second, "USDT")["opening"] == "100000");
  CHECK(asset(second, "USDT")["deposits"] == "0");
  CHECK(asset(second, "USDT")["closing"] == "98047.95");
  CHECK(statement("?from=yesterday").field() == "from");
  CHECK(statement("?to=5").field() == "to");
  CHECK(statement("?from=" + middle + "&to=1990-01-01T00:00:00Z").field() == "to");
}

} // namespace rialto::net

// Bands, auctions and their publication over the API, on real accounts and markets.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct auction_floor {
  api_node node;
  trader anna, bert;
  auction_floor() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    bert = node.sign_up("bert@example.org");
    for (const auto& one : {anna, bert}) {
      node.deposit(one, "USDT", "1000000");
      node.deposit(one, "BTC", "10");
    }
  }
  http_answer patch(const json& body) {
    return node.ask(
      {"PATCH", "/api/v1/admin/instruments/BTCUSDT", body.dump(), node.admin().token});
  }
  http_answer place(const trader& by, const std::string& way, const std::string& price) {
    return node.post("/api/v1/orders", limit_order(way, price, "1"), by.token);
  }
  json ticker() { return node.get("/api/v1/markets/BTCUSDT/ticker").body(); }
};

} // namespace

TEST_CASE("auction: called by an operator, shown with its price, ended by opening") {
  auction_floor at;
  const auto started = at.patch({{"status", "auction"}, {"auction_seconds", 600}});
  REQUIRE_MESSAGE(started.status == 200, started.text);
  CHECK(at.ticker()["status"] == "auction");
  CHECK(at.ticker()["auction"]["cause"] == "called");
  CHECK(at.ticker()["auction"]["price"] == nullptr);
  CHECK(at.place(at.anna, "buy", "50100.00").body()["status"] == "new");
  const auto sell = at.place(at.bert, "sell", "50000.00").body();
  CHECK(sell["status"] == "new");
  CHECK(at.place(at.anna, "buy", "49000.00").status == 201);
  CHECK(at.place(at.bert, "sell", "50000.00").status == 201);
  const auto shown = at.ticker()["auction"];
  CHECK(shown["price"] == "50000.00");
  CHECK(shown["volume"] == "1.00000");
  CHECK(shown["imbalance"] == "1.00000");
  CHECK(shown["imbalance_side"] == "sell");
  auto ioc = limit_order("sell", "50000.00", "1");
  ioc["time_in_force"] = "ioc";
  CHECK(at.node.post("/api/v1/orders", ioc, at.bert.token).code() == "market-auction");
  auto least = limit_order("sell", "50000.00", "1");
  least["min_quantity"] = "0.5";
  CHECK(at.node.post("/api/v1/orders", least, at.bert.token).code() == "market-auction");
  const auto halt = at.patch({{"status", "halted"}});
  CHECK(halt.status == 409);
  CHECK(halt.code() == "auction-running");
  CHECK(halt.field() == "status");
  const auto opened = at.patch({{"status", "open"}});
  CHECK(opened.body()["status"] == "open");
  CHECK(at.ticker()["auction"] == nullptr);
  CHECK(at.ticker()["last_price"] == shown["price"]);
  const auto sold = at.node.get("/api/v1/orders/" + sell["order_id"].dump(), at.bert.token).body();
  CHECK(sold["status"] == "filled");
}

TEST_CASE("auction: what an instrument may say of bands, halts and auctions") {
  auction_floor at;
  const auto refused = [&](const json& body, const char* field) {
    const auto answer = at.patch(body);
    CAPTURE(answer.text);
    CHECK(answer.status == 400);
    CHECK(answer.field() == field);
  };
  refused({{"band", "1.1"}}, "band");
  refused({{"halt_move", "-0.1"}}, "halt_move");
  refused({{"halt_seconds", 0}}, "halt_seconds");
  refused({{"halt_window_seconds", 86'401}}, "halt_window_seconds");
  refused({{"auction_seconds", 5}}, "auction_seconds");
  refused({{"mode", "mirrored"}, {"halt_move", "0.1"}}, "halt_move");
  refused({{"mode", "mirrored"}, {"status", "auction"}}, "status");
  const auto set = at.patch({{"band", "0.1"}, {"halt_move", "0.05"}, {"halt_seconds", 60}}).body();
  CHECK(set["band"] == "0.1");
  CHECK(set["halt_move"] == "0.05");
  CHECK(set["halt_window_seconds"] == 300);
  CHECK(set["halt_seconds"] == 60);

  CHECK(at.place(at.anna, "buy", "50000.00").status == 201);
  CHECK(at.place(at.bert, "sell", "50000.00").status == 201);
  const auto far = at.place(at.anna, "buy", "55000.01");
  CHECK(far.code() == "price-outside-band");
  CHECK(far.field() == "price");
  // 6 % up: the market halts.
  CHECK(at.place(at.bert, "sell", "53000.00").status == 201);
  CHECK(at.place(at.anna, "buy", "53000.00").body()["status"] == "new");
  CHECK(at.ticker()["status"] == "auction");
  CHECK(at.ticker()["auction"]["cause"] == "volatility");
  CHECK(at.ticker()["auction"]["price"] == "53000.00");
}

TEST_CASE("auction: a market may be listed into one") {
  auction_floor at;
  const auto listed = at.node.post("/api/v1/admin/instruments",
                                   {{"symbol", "XRPUSDT"},
                                    {"base", "XRP"},
                                    {"quote", "USDT"},
                                    {"tick_size", "0.0001"},
                                    {"lot_size", "0.1"},
                                    {"status", "auction"},
                                    {"auction_seconds", 30}},
                                   at.node.admin().token);
  REQUIRE_MESSAGE(listed.status == 201, listed.text);
  const auto ticker = at.node.get("/api/v1/markets/XRPUSDT/ticker").body();
  CHECK(ticker["auction"]["volume"] == "0.0");
}

} // namespace rialto::net

// tests/net/binance_streams.hpp: a market that users trade in and a client that keeps a local book by Binance's documented
// procedure.
#pragma once

#include "tests/net/binance_client.hpp"
#include "tests/simulation/random.hpp"

namespace rialto::net {

/// A lot is 0.00001 BTC, a tick 0.01 USDT.
struct streaming_market {
  api_node node;
  trader anna, bert;
  binance_client buyer, seller;

  explicit streaming_market(api_settings settings = {})
      : node(free(std::move(settings))), anna(prepared()), bert(node.sign_up("bert@example.org")),
        buyer(node, anna), seller(node, bert) {
    for (const auto& one : {anna, bert}) {
      node.deposit(one, "USDT", "10000000");
      node.deposit(one, "BTC", "1000");
    }
  }
  static api_settings free(api_settings settings) {
    settings.limits_loopback = false;
    return settings;
  }
  trader prepared() {
    node.list("BTC", "USDT");
    node.list("ETH", "USDT");
    return node.sign_up("anna@example.org");
  }
  [[nodiscard]] market_id market() { return node.gate.markets()->find("BTCUSDT")->spec.market; }
  json limit(binance_client& of, const std::string& side, const std::string& price,
             const std::string& size) {
    const auto made = of.order("symbol=BTCUSDT&side=" + side +
                               "&type=LIMIT&timeInForce=GTC&price=" + price + "&quantity=" + size);
    REQUIRE_MESSAGE(made.status == 200, made.text);
    return made.body();
  }
  json buy(const std::string& price, const std::string& size) {
    return limit(buyer, "BUY", price, size);
  }
  json sell(const std::string& price, const std::string& size) {
    return limit(seller, "SELL", price, size);
  }
  /// Bert's order is taken by Anna's.
  void trade(const std::string& price, const std::string& size) {
    sell(price, size);
    buy(price, size);
  }
  /// Orders of both sides around 20,000, some of which trade, and cancels.
  void random_order(simulation::random& dice) {
    const bool buys = dice.chance(0.5);
    auto& who = buys ? buyer : seller;
    if (dice.chance(0.05)) {
      static_cast<void>(who.erase("/api/v3/openOrders", "symbol=BTCUSDT"));
      return;
    }
    const auto offset = static_cast<int>(dice.below(12)) - (buys ? 10 : 1);
    limit(who, buys ? "BUY" : "SELL", std::to_string(20'000 + offset),
          "0." + std::to_string(1 + dice.below(9)));
  }
};

/// "How to manage a local order book correctly", step by step.
class local_book {
public:
  local_book(api_node& node, const std::string& stream) : node_(&node), id_(node.connect("/ws")) {
    const auto answer = node.say(id_, {{"method", "SUBSCRIBE"}, {"params", {stream}}, {"id", 1}});
    REQUIRE(answer.size() == 1);
    REQUIRE(answer[0]["result"].is_null());
    snapshot_ = node.get("/api/v3/depth?symbol=BTCUSDT&limit=5000").body();
    last_ = snapshot_["lastUpdateId"];
    set(bids_, snapshot_["bids"]);
    set(asks_, snapshot_["asks"]);
  }

  void catch_up() {
    for (const auto& event : node_->heard(id_)) {
      const std::uint64_t first = event["U"], last = event["u"];
      REQUIRE(first <= last);
      if (event_last_ != 0) REQUIRE(first == event_last_ + 1);
      if (event_last_ == 0) REQUIRE(last_ + 1 >= first); // the snapshot does not lag the stream
      event_last_ = last;
      if (last <= last_) continue; // it is in the snapshot
      set(bids_, event["b"]);
      set(asks_, event["a"]);
      last_ = last;
    }
  }
  [[nodiscard]] bool is_synced() const {
    return last_ == node_->get("/api/v3/depth?symbol=BTCUSDT").body()["lastUpdateId"];
  }
  void check_equal() const {
    const auto rest = node_->get("/api/v3/depth?symbol=BTCUSDT&limit=5000").body();
    std::map<std::string, std::string> bids, asks;
    set(bids, rest["bids"]);
    set(asks, rest["asks"]);
    CHECK(bids == bids_);
    CHECK(asks == asks_);
  }
  [[nodiscard]] web_socket_id id() const { return id_; }

private:
  static void set(std::map<std::string, std::string>& levels, const json& rows) {
    for (const auto& row : rows) {
      if (row[1] == "0.00000000")
        levels.erase(row[0].get<std::string>());
      else
        levels[row[0].get<std::string>()] = row[1].get<std::string>();
    }
  }
  api_node* node_;
  web_socket_id id_;
  json snapshot_;
  std::uint64_t last_ = 0, event_last_ = 0;
  std::map<std::string, std::string> bids_, asks_;
};

} // namespace rialto::net

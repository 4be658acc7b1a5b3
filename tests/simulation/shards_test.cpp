// Worked cases of a lane with several shards: opened, left between two batches, lost.
#include "actors/world.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/stepped_lane.hpp"
#include "tests/simulation/traders.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::simulation;
using actors::delivery;

namespace {

using envelope = runtime::envelope<actors::trading_world>;
constexpr storage::shard_id shard_count = 16;

runtime::shard_options several() {
  runtime::shard_options options;
  options.shard_count = shard_count;
  return options;
}

/// A lane that commits when told. Entities are new, or never come back from the disk.
class shards_of_a_node final : public runtime::shard_host<actors::trading_world> {
public:
  void open(entity_id id) {
    const auto shard = at.shard_of(id);
    const auto taken = disk.take_over(shard);
    lane.adopt(shard, taken);
    at.open(shard, taken.at_epoch);
  }
  void ask(std::uint64_t token, entity_id to, actors::entity_command command) {
    std::vector<actors::request> batch{{token, to, std::move(command), {}}};
    at.submit(batch, now);
  }
  void commit() {
    auto notices = lane.commit(lane.waiting());
    for (auto& one : notices) actors::trading_shard::release_of(one, answers, published);
    at.durable(notices, now);
  }
  void commit_all() {
    while (lane.waiting() > 0) commit();
  }
  [[nodiscard]] std::size_t rows_of(entity_id id) const {
    return disk.rows(at.shard_of(id)).size();
  }
  [[nodiscard]] const actors::answer* answer_to(std::uint64_t token) const {
    for (const auto& one : answers)
      if (one.token == token) return &one;
    return nullptr;
  }

  [[nodiscard]] bool exists(entity_id id) const override { return id == on_the_disk; }
  void load(entity_id) override {}
  void save_snapshot(storage::snapshot) override {}
  void snapshot_in_background(entity_id) override {}
  [[nodiscard]] bool is_local(entity_id) const override { return true; }
  void send(envelope message) override { sent.push_back(std::move(message)); }
  void pass_on(actors::request one) override { passed_on.push_back(std::move(one)); }
  void acknowledge(entity_id sender, entity_id, std::uint64_t number) override {
    receipts.push_back({sender, number});
  }
  void restart_lane() override {}
  void entity_failed(entity_id id, const std::string& why, bool) override {
    FAIL(to_string(id) << ": " << why);
  }

  storage::simulated_journal disk;
  stepped_lane lane{disk};
  actors::trading_world world;
  actors::trading_shard at{world, *this, lane, several()};
  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<envelope> sent;
  std::vector<actors::request> passed_on;
  std::vector<storage::link_cursor> receipts;
  std::vector<actors::answer> answers;
  std::vector<publication> published;
  entity_id on_the_disk;
};

const user_id alice{1};
const account_id hers{1};
const instrument btc = instrument_of(1);

account_command of(decltype(account_command::body) body) {
  return {std::move(body), {}};
}
place_order sale(std::uint64_t id) {
  place_order order;
  order.id = {id};
  order.way = side::sell;
  order.price = {6'000'000};
  order.size = {1'000};
  order.terms = {btc.market,    btc.base,         btc.quote,        btc.units_per_tick_lot(),
                 btc.lot_size,  btc.notional_min, btc.quantity_min, btc.quantity_max,
                 btc.maker_fee, btc.taker_fee,    btc.collar,       btc.status,
                 {6'000'000}};
  return order;
}

/// An account with money and a market, in shards of their own, both here.
void begin(shards_of_a_node& node) {
  REQUIRE(node.at.shard_of(hers) != node.at.shard_of(btc.market));
  node.open(hers);
  node.open(btc.market);
  node.at.deliver({alice, hers, 1, open_account{hers, alice, "main"}, 0, {}}, node.now);
  node.ask(0, hers, of(transfer{transfer_kind::deposit, "BTC", {units_per_whole}, "r1"}));
  node.ask(0, btc.market, market_command{list_instrument{btc}});
  node.commit_all();
  node.receipts.clear();
}

} // namespace

TEST_CASE("shards: an order that touches two shards of a lane is one commit, a row in each") {
  shards_of_a_node node;
  begin(node);
  const auto accounts = node.rows_of(hers), markets = node.rows_of(btc.market);
  node.ask(7, hers, of(sale(1)));
  node.commit();
  CHECK(node.rows_of(hers) == accounts + 1);
  CHECK(node.rows_of(btc.market) == markets + 1);
  REQUIRE(node.answer_to(7) != nullptr);
  CHECK(node.answer_to(7)->how == delivery::done);
  CHECK(node.sent.empty());
}

TEST_CASE("shards: a request for a shard that is elsewhere is handed back, unexecuted") {
  shards_of_a_node node;
  begin(node);
  account_id other{2};
  while (node.at.serves(entity_id(other))) ++other.value;
  node.ask(8, other, of(get_balances{}));
  REQUIRE(node.passed_on.size() == 1);
  CHECK(node.passed_on[0].token == 8);
  CHECK(node.lane.waiting() == 0);
}

TEST_CASE("shards: a message to a shard that is elsewhere leaves behind its append") {
  shards_of_a_node node;
  begin(node);
  node.at.drop(node.at.shard_of(btc.market), node.now);
  node.ask(7, hers, of(sale(1)));
  CHECK(node.sent.empty());
  node.commit_all();
  REQUIRE(node.sent.size() == 1);
  CHECK(node.sent[0].to == entity_id(btc.market));
  CHECK(node.sent[0].token == 7);
  CHECK(node.answer_to(7) == nullptr); // the market answers
}

TEST_CASE(
  "shards: a shard that is left takes nothing more, finishes what it has, and is forgotten") {
  shards_of_a_node node;
  begin(node);
  const auto shard = node.at.shard_of(hers);
  node.ask(7, hers, of(sale(1)));
  node.at.stop(shard, node.now);
  CHECK_FALSE(node.at.is_drained(shard));
  node.ask(8, hers, of(get_balances{}));
  REQUIRE(node.passed_on.size() == 1);
  node.commit_all();
  CHECK(node.at.is_drained(shard));
  REQUIRE(node.answer_to(7) != nullptr);
  CHECK(node.answer_to(7)->how == delivery::done);
  const auto rows = node.rows_of(hers);
  node.at.drop(shard, node.now);
  CHECK(node.at.peek(hers) == nullptr);
  CHECK(node.at.peek(btc.market) != nullptr);
  node.commit_all();
  CHECK(node.rows_of(hers) == rows);
}

TEST_CASE("shards: a shard that stays after all goes on") {
  shards_of_a_node node;
  begin(node);
  const auto shard = node.at.shard_of(hers);
  node.at.stop(shard, node.now);
  node.at.resume(shard);
  node.ask(7, hers, of(sale(1)));
  node.commit_all();
  REQUIRE(node.answer_to(7) != nullptr);
  CHECK(node.answer_to(7)->how == delivery::done);
}

TEST_CASE("shards: what waits for an entity that is being loaded goes elsewhere with its shard") {
  shards_of_a_node node;
  begin(node);
  const account_id sleeping{2};
  node.on_the_disk = sleeping;
  node.open(sleeping);
  node.ask(8, sleeping, of(get_balances{}));
  node.at.deliver({btc.market, sleeping, 1, order_activated{{1}, sleeping}, 9, {}}, node.now);
  CHECK(node.passed_on.empty());
  node.at.stop(node.at.shard_of(sleeping), node.now);
  CHECK(node.passed_on.size() == 1);
  node.commit_all();
  REQUIRE(node.sent.size() == 1);
  CHECK(node.sent[0].token == 9);
}

TEST_CASE(
  "shards: a shard that somebody took over fails the lane, and the others go on without it") {
  shards_of_a_node node;
  begin(node);
  static_cast<void>(node.disk.take_over(node.at.shard_of(hers)));
  node.ask(7, hers, of(sale(1)));
  node.commit_all();
  REQUIRE(node.answer_to(7) != nullptr);
  CHECK(node.answer_to(7)->how == delivery::unavailable);
  CHECK(node.at.is_degraded());
  const auto heads = node.lane.restart();
  const auto mine = node.at.shard_of(btc.market);
  CHECK(heads.at(node.at.shard_of(hers)).at_epoch != node.at.epoch_of(node.at.shard_of(hers)));
  node.at.drop(node.at.shard_of(hers), node.now);
  node.on_the_disk = btc.market;
  node.at.lane_restarted({{mine, heads.at(mine).at_epoch}}, node.now);
  node.now.value += 1'000'000'000;
  node.at.tick(node.now); // the probe
  node.commit_all();
  CHECK_FALSE(node.at.is_degraded());
}

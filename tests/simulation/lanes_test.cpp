// Worked cases of a shard whose entities write to entities of another lane, and of a lane that fails under it.
#include "actors/world.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/stepped_lane.hpp"
#include "tests/simulation/traders.hpp"

#include <doctest/doctest.h>

#include <numeric>

using namespace rialto;
using namespace rialto::simulation;
using actors::delivery;

namespace {

using envelope = runtime::envelope<actors::trading_world>;

/// One shard on a lane that commits when told; everything of another kind than `here` is elsewhere.
class lone_shard final : public runtime::shard_host<actors::trading_world> {
public:
  explicit lone_shard(std::set<entity_kind> here) : here_(std::move(here)) {}

  void ask(std::uint64_t token, entity_id to, actors::entity_command command,
           std::vector<storage::claim> claims = {}) {
    std::vector<actors::request> batch{{token, to, std::move(command), std::move(claims)}};
    shard.submit(batch, now);
  }
  void tick_after(std::int64_t ns) {
    now.value += ns;
    shard.tick(now);
  }
  /// Commits what waits, one group, and tells the shard.
  void commit() {
    auto notices = lane.commit(lane.waiting());
    for (auto& one : notices) actors::trading_shard::release_of(one, answers, published);
    shard.durable(notices, now);
  }
  void commit_all() {
    while (lane.waiting() > 0) commit();
  }
  void open_again() {
    static_cast<void>(lane.restart());
    shard.lane_restarted({{0, 0}}, now);
  }
  [[nodiscard]] delivery how(std::uint64_t token) const {
    for (const auto& one : answers)
      if (one.token == token) return one.how;
    FAIL("no answer");
    return {};
  }

  // ---- shard_host
  [[nodiscard]] bool exists(entity_id id) const override { return id == on_the_disk; }
  void load(entity_id) override {}
  void save_snapshot(storage::snapshot) override {}
  void snapshot_in_background(entity_id) override {}
  [[nodiscard]] bool is_local(entity_id id) const override { return here_.contains(id.kind()); }
  void send(envelope message) override { sent.push_back(std::move(message)); }
  void acknowledge(entity_id sender, entity_id, std::uint64_t number) override {
    receipts.push_back({sender, number});
  }
  void restart_lane() override {}
  void entity_failed(entity_id, const std::string& why, bool) override { CHECK(why == "killed"); }

  storage::simulated_journal disk;
  stepped_lane lane{disk};
  actors::trading_world world;
  actors::trading_shard shard{world, *this, lane, {}};
  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<envelope> sent;
  std::vector<storage::link_cursor> receipts;
  std::vector<actors::answer> answers;
  std::vector<publication> published;
  entity_id on_the_disk; // the only one that can be loaded

private:
  std::set<entity_kind> here_;
};

const user_id alice{1};
const account_id hers{1};
const instrument btc = instrument_of(1);

envelope opening() {
  return {alice, hers, 1, open_account{hers, alice, "main"}, 0, {}};
}

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

/// An account with money, its market on another lane.
void open_account_with_money(lone_shard& at) {
  at.shard.deliver(opening(), at.now);
  at.ask(0, hers, of(transfer{transfer_kind::deposit, "BTC", {units_per_whole}, "r1"}));
  at.commit_all();
}

submit_order arriving(std::uint64_t id) {
  const auto order = sale(id);
  submit_order sent;
  sent.id = order.id;
  sent.account = hers;
  sent.owner = alice;
  sent.way = order.way;
  sent.type = order.type;
  sent.tif = order.tif;
  sent.price = order.price;
  sent.size = order.size;
  sent.maker_fee = btc.maker_fee;
  sent.taker_fee = btc.taker_fee;
  return sent;
}

} // namespace

TEST_CASE("lanes: nothing goes to another lane before its append, a re-send neither") {
  lone_shard at({entity_kind::account});
  open_account_with_money(at);
  at.ask(7, hers, of(sale(1)));
  at.tick_after(2'000'000'000);
  at.tick_after(2'000'000'000);
  CHECK(at.sent.empty());
  at.commit_all();
  REQUIRE(at.sent.size() >= 1);
  for (const auto& one : at.sent) CHECK(one.number == 1);
  CHECK(at.sent.front().token == 7); // the market answers
}

TEST_CASE("lanes: a receipt from another lane ends the re-sends") {
  lone_shard at({entity_kind::account});
  open_account_with_money(at);
  at.ask(0, hers, of(sale(1)));
  at.commit_all();
  CHECK_FALSE(at.shard.peek(hers)->links_out().is_drained());
  at.shard.acknowledged(hers, btc.market, 1);
  CHECK(at.shard.peek(hers)->links_out().is_drained());
  const auto sent = at.sent.size();
  at.tick_after(3'000'000'000);
  at.commit_all();
  CHECK(at.sent.size() == sent);
}

TEST_CASE(
  "lanes: a sender on another lane is told once the append is durable, and again for a repeat") {
  lone_shard at({entity_kind::account});
  at.shard.deliver(opening(), at.now);
  CHECK(at.receipts.empty());
  at.commit_all();
  REQUIRE(at.receipts.size() == 1);
  CHECK(at.receipts.front() == storage::link_cursor{alice, 1});
  at.shard.deliver(opening(), at.now);
  at.commit_all();
  CHECK(at.receipts.size() == 2);
}

TEST_CASE(
  "lanes: an order that came from another lane is not 'not done' when its market cannot append") {
  lone_shard at({entity_kind::market});
  at.ask(0, btc.market, market_command{list_instrument{btc}});
  at.commit_all();
  at.shard.deliver({hers, btc.market, 1, arriving(1), 5, {}}, at.now);
  at.disk.plan_next(storage::journal_fault::failed);
  at.commit_all();
  CHECK(at.how(5) == delivery::unknown);                               // the account sends it again
  at.shard.deliver({hers, btc.market, 1, arriving(1), 6, {}}, at.now); // while the journal is away
  at.open_again();
  at.commit_all();
  CHECK(at.how(6) == delivery::unknown);
}

TEST_CASE("lanes: within one batch of one lane, what cannot be appended is not done") {
  lone_shard at({entity_kind::market, entity_kind::account});
  at.ask(0, btc.market, market_command{list_instrument{btc}});
  open_account_with_money(at);
  at.ask(5, hers, of(sale(1)));
  at.disk.plan_next(storage::journal_fault::failed);
  at.commit_all();
  CHECK(at.how(5) == delivery::unavailable);
}

TEST_CASE("lanes: a batch that a claim cuts in two leaves the order's answer unknown") {
  lone_shard at({entity_kind::market, entity_kind::account, entity_kind::user});
  at.ask(0, btc.market, market_command{list_instrument{btc}});
  open_account_with_money(at);
  std::vector<actors::request> batch;
  batch.push_back({5, hers, of(sale(1)), {}});
  batch.push_back(
    {6,
     user_id{2},
     user_command{register_user{{2}, "b@example.org", "hash", user_role::trader, {2}}},
     {{"email:b@example.org", user_id{2}}}});
  at.shard.submit(batch, at.now);
  at.commit(); // the account's record
  at.disk.plan_next(storage::journal_fault::failed);
  at.commit_all(); // the claim, and with it the market's record
  CHECK(at.how(5) == delivery::unknown);
  CHECK(at.how(6) == delivery::unavailable);
}

TEST_CASE(
  "lanes: a user whose claim is refused has opened no account, however long the claim took") {
  lone_shard at({entity_kind::user, entity_kind::account});
  const auto enter = [&](std::uint64_t token, user_id who) {
    at.ask(
      token, who,
      user_command{register_user{who, "a@example.org", "hash", user_role::trader, {who.value}}},
      {{"email:a@example.org", who}});
  };
  enter(1, {1});
  at.commit_all();
  enter(2, {2});
  at.tick_after(2'000'000'000); // a re-send would be due
  at.commit_all();
  CHECK(at.how(2) == delivery::claim_taken);
  CHECK(at.shard.is_active(account_id{1}));
  CHECK_FALSE(at.shard.is_active(account_id{2}));
}

TEST_CASE("lanes: a wall clock that is set back does not stop the re-sends") {
  lone_shard at({entity_kind::account});
  open_account_with_money(at);
  at.ask(0, hers, of(sale(1)));
  at.commit_all();
  at.tick_after(1'100'000'000); // the first re-send
  at.commit_all();
  const auto sent = at.sent.size();
  at.now.value -= 3'600'000'000'000;
  for (int i = 0; i < 12; ++i) at.tick_after(100'000'000);
  at.commit_all();
  CHECK(at.sent.size() > sent);
}

TEST_CASE(
  "lanes: after a failure every entity shows how it stands, for its news were refused too") {
  lone_shard at({entity_kind::market});
  at.ask(0, btc.market, market_command{list_instrument{btc}});
  at.commit_all();
  const auto shown = [&] {
    std::size_t whole = 0;
    for (const auto& one : std::exchange(at.published, {}))
      if (const auto* news = std::get_if<market_publication>(&one)) whole += news->is_snapshot;
    return whole;
  };
  CHECK(shown() == 1);
  at.ask(0, btc.market, market_command{republish{}}); // news without a record
  at.ask(0, market_id{2}, market_command{list_instrument{instrument_of(2)}});
  at.disk.plan_next(storage::journal_fault::failed);
  at.commit_all();
  shown();
  at.open_again();
  at.commit_all();
  CHECK(shown() == 1);
}

// Users above accounts above orders: who is activated, watched, recovered, given up.
#include "tests/actors/running_shard.ipp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

account_command about(order_id id) {
  return {get_order{id}, {}};
}

bool is_status(const answer& came, order_status status) {
  const auto* const view = std::get_if<order_view>(&came.result);
  return came.how == delivery::done && view != nullptr && view->status == status;
}

} // namespace

TEST_CASE("supervision: an account stands below its user, a market and a user below the shard") {
  running_shard node;
  node.set_up(2);
  REQUIRE(node.row(account_id{2}));
  CHECK(node.row(account_id{2})->parent == "user/2");
  CHECK(node.row(user_id{2})->parent == "shard/0");
  CHECK(node.row(market_id{1})->parent == "shard/0");
  CHECK(node.registry.list({.kind = "order"}).empty());
}

TEST_CASE(
  "durable_router: who has his answer finds what it promised, however slow the lane's thread is") {
  running_shard node;
  node.dwell = std::chrono::milliseconds(20);
  node.set_up(5); // a deposit to each new user's account, at once
  for (std::uint64_t i = 1; i <= 5; ++i) CHECK(node.rest(i, 1).value == i);
}

TEST_CASE("supervision: a working order has an actor once it is asked for, below its account") {
  running_shard node;
  node.set_up(1);
  const auto first = node.rest(1, 1), second = node.rest(1, 2);
  CHECK(node.registry.list({.kind = "order"}).empty()); // a plain order costs no actor
  CHECK(is_status(node.ask(first, about(first)), order_status::new_order));
  REQUIRE(node.row(first));
  CHECK(node.row(first)->kind == "order");
  CHECK(node.row(first)->parent == "account/1");
  CHECK_FALSE(node.row(second));
  CHECK(node.ask(order_id{77}, about({77})).how == delivery::no_such_entity);
  // Only what is an order's: an account's other commands are not its.
  CHECK(node.ask(first, account_command{get_balances{}, {}}).how == delivery::no_such_entity);
}

TEST_CASE("supervision: orders that are in no book have an actor as well") {
  running_shard node({}, 50'000'000); // accounts that nobody asks passivate soon
  node.set_up(2);
  const auto seller = node.rest(1, 1); // a price to sell to
  place_order order;
  order.terms = node.terms();
  order.way = side::sell;
  order.price = {9'999};
  order.size = {10};
  order.id = {5'000};
  CHECK(is_status(node.ask(account_id{2}, account_command{order, {}}), order_status::filled));
  order.id = {5'001};
  order.price = {9'000};
  order.rules.emplace().trigger = {trigger_kind::stop, {9'500}, {}, {}};
  CHECK(is_status(node.ask(account_id{2}, account_command{order, {}}), order_status::new_order));
  CHECK(is_status(node.ask(order_id{5'001}, about({5'001})), order_status::new_order));
  CHECK(node.row(entity_id(order_id{5'001}))->parent == "account/2");

  order.rules.reset();
  order.id = {6'000};
  order.price = {20'000}; // nobody buys there
  auto& how = order.slicing.emplace();
  how.slices = 20;
  how.duration_ns = 600'000'000'000;
  CHECK(is_status(node.ask(account_id{2}, account_command{order, {}}), order_status::new_order));
  CHECK(node.wait_until([&] { return !node.row(entity_id(account_id{1})); }));
  CHECK(is_status(node.ask(order_id{6'000}, about({6'000})), order_status::new_order));
  CHECK(node.row(entity_id(order_id{6'000}))->parent == "account/2");
  CHECK(is_status(node.ask(order_id{6'000}, account_command{cancel{{6'000}}, {}}),
                  order_status::cancelled));
  CHECK(seller.value != 0);
}

TEST_CASE(
  "supervision: after a restart an order that goes in slices is found before its next slice") {
  const auto directory = std::make_shared<storage::temporary_directory>();
  const order_id whole{6'000};
  {
    running_shard node({}, 60'000'000'000, 20, directory);
    node.set_up(2);
    place_order order;
    order.id = whole;
    order.terms = node.terms();
    order.way = side::buy;
    order.price = {9'000};
    order.size = {10};
    auto& how = order.slicing.emplace();
    how.slices = 2;
    how.duration_ns = 80'000'000'000'000; // the second is due in eleven hours
    CHECK(is_status(node.ask(account_id{2}, account_command{order, {}}), order_status::new_order));
    REQUIRE(node.wait_until([&] {
      const auto view = std::get<order_view>(node.ask(account_id{2}, about(whole)).result);
      return view.slicing && view.slicing->sent == 1;
    }));
    for (std::int64_t step = 1; step <= 30; ++step) node.rest(1, step);
    // A snapshot covers all of the account's events: nothing else brings it back into memory.
    REQUIRE(node.wait_until([&] { return node.store().wake_times().contains(account_id{2}); }));
    for (std::int64_t step = 31; step <= 40; ++step) node.rest(1, step);
  }
  running_shard node({}, 60'000'000'000, 1'000, directory);
  REQUIRE(node.wait_until([&] { return node.find(whole) != nullptr; }));
  CHECK(is_status(node.ask(whole, about(whole)), order_status::new_order));
  CHECK(node.row(whole)->parent == "account/2");
  CHECK(is_status(node.ask(whole, account_command{cancel{whole}, {}}), order_status::cancelled));
}

TEST_CASE("supervision: a slice stands below the order it is of, and ends with its actor") {
  running_shard node;
  node.set_up(1);
  const auto whole = node.rest(1, 1), slice = node.rest(1, 2);
  caf::scoped_actor self{node.find(entity_id(whole)).home_system()};
  caf::actor found;
  self->request(node.find(account_id{1}), std::chrono::seconds(10), find_order{slice, whole})
    .receive([&](const caf::actor& one) { found = one; }, [](const caf::error&) {});
  REQUIRE(found);
  CHECK(node.row(entity_id(slice))->parent == to_string(entity_id(whole)));
  CHECK(node.row(entity_id(whole))->parent == "account/1");
  node.fail(entity_id(whole), "a bad day");
  CHECK(node.wait_until([&] { return !node.row(entity_id(slice)); }));
}

TEST_CASE("supervision: an order's actor takes commands, follows its order and ends with it") {
  running_shard node;
  node.set_up(2);
  const auto id = node.rest(1, 1);
  const auto actor = node.find(id);
  REQUIRE(actor);
  const auto state = [&] {
    order_state got;
    caf::scoped_actor self{actor.home_system()};
    self->request(actor, std::chrono::seconds(10), get_order_state{})
      .receive([&](const order_state& one) { got = one; }, [](const caf::error&) {});
    return got;
  };
  REQUIRE(node.wait_until([&] { return state().order != nullptr; }));
  CHECK(state().order->price == price_ticks{9'999});
  // Its id is its address: the one in the body does not matter.
  CHECK(node.ask(id, account_command{amend{{99}, {}, {400}, node.terms()}, {}}).how ==
        delivery::done);
  REQUIRE(node.wait_until([&] { return state().order->size == quantity_lots{400}; }));
  CHECK(state().news >= 2);
  CHECK(is_status(node.ask(id, account_command{cancel{id}, {}}), order_status::cancelled));
  CHECK(node.wait_until([&] { return !node.row(id); }));
  CHECK_FALSE(node.find(id));
}

TEST_CASE("supervision: an order's actor that nobody asks ends, and its order goes on") {
  running_shard node({.idle_ns = 30'000'000});
  node.set_up(1);
  const auto id = node.rest(1, 1);
  REQUIRE(node.find(id));
  CHECK(node.wait_until([&] { return !node.row(id); }));
  CHECK(is_status(node.ask(account_id{1}, about(id)), order_status::new_order));
  CHECK(is_status(node.ask(id, about(id)), order_status::new_order)); // activated anew
}

TEST_CASE("supervision: an order's actor that fails is started again, then given up; siblings and "
          "trading go on") {
  running_shard node({.restarts = {.restarts_max = 2, .back_off_ns = 1'000'000}});
  node.set_up(1);
  const auto weak = node.rest(1, 1), sibling = node.rest(1, 2);
  REQUIRE(node.find(weak));
  REQUIRE(node.find(sibling));
  const auto sibling_began = node.row(sibling)->started_at;
  for (std::uint32_t k = 1; k <= 3; ++k) {
    CAPTURE(k);
    REQUIRE(node.wait_until([&] { return node.find(weak) != nullptr; }));
    node.fail(weak, "a bad day");
    REQUIRE(node.wait_until([&] { return node.restarts(weak) == k; }));
  }
  REQUIRE(node.wait_until([&] { return node.is_given_up(weak); }));
  CHECK(node.row(weak)->last_failure.find("a bad day") != std::string::npos);
  CHECK_FALSE(node.find(weak));
  CHECK(node.registry.list({.kind = "order", .parent = "account/1"}).size() == 2);
  CHECK(node.row(sibling)->started_at == sibling_began);
  CHECK(is_status(node.ask(weak, account_command{cancel{weak}, {}}), order_status::cancelled));
}

TEST_CASE(
  "supervision: an account whose actor fails is recovered from the journal under its user") {
  running_shard node;
  node.set_up(2);
  const auto id = node.rest(1, 1);
  REQUIRE(node.find(id));
  const auto other_began = node.row(account_id{2})->started_at;
  node.fail(account_id{1}, "broken");
  REQUIRE(node.wait_until([&] { return node.restarts(account_id{1}) == 1; }));
  CHECK(node.wait_until(
    [&] { return is_status(node.ask(account_id{1}, about(id)), order_status::new_order); }));
  CHECK(node.wait_until([&] {
    const auto row = node.row(account_id{1});
    return row && row->parent == "user/1";
  }));
  CHECK(node.row(account_id{1})->last_failure.find("broken") != std::string::npos);
  CHECK(node.gauges.failures == 1);
  CHECK(node.row(account_id{2})->started_at == other_began);
  // The order's actor went with its supervisor, and comes when it is asked for.
  CHECK(is_status(node.ask(id, about(id)), order_status::new_order));
}

TEST_CASE(
  "supervision: a user whose actor fails is followed by one that watches the same accounts") {
  running_shard node;
  node.set_up(1);
  const auto began = node.row(account_id{1})->started_at;
  node.fail(user_id{1}, "broken");
  REQUIRE(node.wait_until([&] { return node.restarts(user_id{1}) == 1; }));
  CHECK(node.row(account_id{1})->started_at == began);
  node.fail(account_id{1}, "broken too"); // the successor notices
  CHECK(node.wait_until([&] { return node.restarts(account_id{1}) == 1; }));
}

TEST_CASE("supervision: an account that keeps failing is given up and shown, the rest trades on") {
  running_shard node;
  node.set_up(2);
  REQUIRE(node.find(account_id{1}));
  for (int k = 0; k < 6; ++k) { // the shard's limit is five within a minute
    CAPTURE(k);
    if (!node.wait_until(
          [&] { return node.find(account_id{1}) != nullptr || node.is_given_up(account_id{1}); }))
      break;
    if (node.find(account_id{1})) node.fail(account_id{1}, "poisoned");
    node.wait_until([&] { return node.restarts(account_id{1}) == std::uint32_t(k + 1); });
  }
  REQUIRE(node.wait_until([&] { return node.is_given_up(account_id{1}); }));
  CHECK(node.row(account_id{1})->parent == "user/1");
  CHECK(node.ask(account_id{1}, account_command{get_balances{}, {}}).how == delivery::unavailable);
  CHECK(node.rest(2, 5).value != 0);
}

TEST_CASE("supervision: idle accounts and users passivate, the user last") {
  running_shard node({}, 300'000'000);
  node.set_up(1);
  CHECK(node.wait_until([&] { return !node.row(account_id{1}) && !node.row(user_id{1}); }));
  REQUIRE(node.row(market_id{1})); // markets stay
  const auto id = node.rest(1, 1); // and back they come
  CHECK(node.wait_until([&] { return node.row(account_id{1}) && node.row(user_id{1}); }));
  CHECK(is_status(node.ask(id, about(id)), order_status::new_order));
}

TEST_CASE("shard: who still needs a row far behind the head gets a snapshot, so that old rows can "
          "be archived") {
  running_shard node({}, 60'000'000'000, 20);
  node.set_up(2);
  const auto has_snapshot = [&](entity_id id) {
    return node.store().load_snapshot(id).has_value();
  };
  CHECK_FALSE(has_snapshot(account_id{2}));
  for (std::int64_t step = 1; step <= 30; ++step)
    node.rest(1, step); // a row each; account 2 has none of them
  CHECK(node.wait_until([&] {
    return has_snapshot(account_id{2}) && has_snapshot(user_id{2}) && has_snapshot(market_id{1});
  }));
  CHECK(node.row(account_id{2})); // it stayed in memory
  CHECK(node.rest(2, 1).value != 0);
}

// Client order ids by the rule open_unique, orders found by them, and the counts of an account's order limits.
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;
using r = reject_reason;

namespace {

account_under_test rich() {
  account_under_test it;
  it.deposit("AAA", coins(1'000'000));
  it.deposit("BBB", coins(100'000'000));
  return it;
}

place_order named(std::uint64_t id, const std::string& name,
                  client_id_rule rule = client_id_rule::open_unique) {
  auto order = limit_order(id, side::buy, 5, 1);
  order.client_order_id = name;
  order.id_rule = rule;
  order.body_hash = rule == client_id_rule::native ? 1 : 0;
  return order;
}

order_id found(account_under_test& it, const std::string& name, market_id market = {}) {
  const auto result = it.ask(get_order_by_client_id{name, market});
  const auto* view = std::get_if<order_view>(&result);
  return view == nullptr ? order_id{} : view->id;
}

} // namespace

TEST_CASE("account: by open_unique a client order id is taken while its order is open, then free") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(named(1, "a"))));
  CHECK(why(it.ask(named(2, "a"))) == r::client_order_id_reused);
  CHECK(is_forwarded(it.ask(named(3, "b"))));
  it.fill(1, 5, 1, true);
  CHECK(is_forwarded(it.ask(named(4, "a")))); // at once, with the same body
  CHECK(why(it.ask(named(5, "a"))) == r::client_order_id_reused);
  it.pass_through_snapshot();
  CHECK(why(it.ask(named(5, "a"))) == r::client_order_id_reused);
  it.now.value += 2 * day_ns; // older than a day, and still open
  CHECK(why(it.ask(named(5, "a"))) == r::client_order_id_reused);
  CHECK(is_forwarded(it.ask(named(6, "c"))));
  CHECK(why(it.ask(named(5, "a"))) == r::client_order_id_reused);
  it.end(4, order_status::cancelled);
  CHECK(is_forwarded(it.ask(named(5, "a"))));
  it.check_replay();
}

TEST_CASE("account: the two rules of client order ids meet in one account") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(named(1, "a", client_id_rule::native))));
  CHECK(why(it.ask(named(2, "a"))) == r::client_order_id_reused); // open
  it.end(1, order_status::cancelled);
  REQUIRE(is_forwarded(it.ask(named(2, "a")))); // final: free by this rule,
  // and the native one does not give back an order that another body placed
  CHECK(why(it.ask(named(3, "a", client_id_rule::native))) == r::client_order_id_reused);
  it.check_replay();
}

TEST_CASE("account: an order is found by its client order id, the newest one of it") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(named(1, "a"))));
  CHECK(found(it, "a") == order_id{1});
  CHECK(found(it, "a", account_under_test::market) == order_id{1});
  CHECK(found(it, "a", {8}) == order_id{});
  CHECK(found(it, "") == order_id{});
  CHECK(found(it, "b") == order_id{});
  it.end(1, order_status::cancelled);
  CHECK(found(it, "a") == order_id{1}); // final, and kept
  REQUIRE(is_forwarded(it.ask(named(2, "a"))));
  CHECK(found(it, "a") == order_id{2});
  it.now.value += 2 * day_ns;
  REQUIRE(is_forwarded(it.ask(named(3, "c")))); // the entry of "a" leaves the ids of a day
  CHECK(found(it, "a") == order_id{2});
  it.end(2, order_status::cancelled);
  CHECK(found(it, "a") == order_id{2});
  it.check_replay();
}

TEST_CASE("account: a cancel by client order id, in a market, of what has or has not traded") {
  auto it = rich();
  auto order = named(1, "a");
  order.size = {2};
  REQUIRE(is_forwarded(it.ask(order)));
  CHECK(why(it.ask(cancel_by_client_id{"b"})) == r::unknown_order);
  CHECK(why(it.ask(cancel_by_client_id{""})) == r::unknown_order);
  CHECK(why(it.ask(cancel_by_client_id{"a", {8}})) == r::unknown_order);
  CHECK(why(it.ask(cancel{{1}, {8}})) == r::unknown_order);
  constexpr auto only_new = cancel_restriction::only_new,
                 only_traded = cancel_restriction::only_partially_filled;
  CHECK(why(it.ask(cancel_by_client_id{"a", {}, only_traded})) == r::cancel_restricted);
  it.fill(1, 5, 1);
  const auto no = it.ask(cancel{{1}, {}, only_new});
  CHECK(why(no) == r::cancel_restricted);
  CHECK(std::get<rejection>(no).order.executed == quantity_lots{1});
  CHECK(is_forwarded(it.ask(cancel_by_client_id{"a", account_under_test::market, only_traded})));
  CHECK(it.last_post<cancel_order>().id == order_id{1});
  it.end(1, order_status::cancelled);
  const auto gone = it.ask(cancel_by_client_id{"a"});
  CHECK(why(gone) == r::unknown_order);
  CHECK(std::get<rejection>(gone).order.status == order_status::cancelled); // what it became
  it.check_replay();
}

TEST_CASE("account: by open_unique each order of a list has a client order id of its own") {
  auto it = rich();
  place_list pair;
  auto take = limit_order(1, side::sell, 120, 1), stop = limit_order(2, side::sell, 80, 1);
  stop.rules = order_rules{};
  stop.rules->trigger = {trigger_kind::stop, {81}, {}, {}};
  take.id_rule = client_id_rule::open_unique;
  take.client_order_id = "take";
  stop.client_order_id = "take";
  pair.orders = {take, stop};
  CHECK(why(it.ask(pair)) == r::client_order_id_reused);
  pair.orders[1].client_order_id = "stop";
  REQUIRE(is_forwarded(it.ask(pair)));
  CHECK(found(it, "take") == order_id{1});
  CHECK(found(it, "stop") == order_id{2});
  CHECK(why(it.ask(named(3, "stop"))) == r::client_order_id_reused);
  it.pass_through_snapshot();
  CHECK(found(it, "stop") == order_id{2});
  it.end(2, order_status::cancelled);
  CHECK(is_forwarded(it.ask(named(3, "stop"))));
  it.check_replay();
}

TEST_CASE("account: orders of ten seconds that begin at whole tens are limited and counted") {
  auto it = rich();
  it.limits.orders_per_10s_max = 2;
  it.now = {1'700'000'009'000'000'000}; // nine seconds into a span
  std::uint64_t id = 0;
  const auto place = [&] { return it.ask(limit_order(++id, side::buy, 5, 1)); };
  const auto counts = [&] {
    return std::get<order_counts_view>(it.ask(get_order_counts{})).counts;
  };
  CHECK(counts() == order_counts{0, 0});
  const auto sent = place();
  REQUIRE(is_forwarded(sent));
  CHECK(std::get<forwarded>(sent).order.counts == order_counts{1, 1});
  CHECK(why(it.ask(limit_order(50, side::buy, 5, 0))) == r::quantity_invalid); // counts for nothing
  CHECK(why(place()) == r::none);
  CHECK(why(place()) == r::too_many_orders_now);
  CHECK(counts() == order_counts{2, 2});
  it.pass_through_snapshot();
  CHECK(why(place()) == r::too_many_orders_now);
  it.now.value += 1'000'000'000; // the next span
  CHECK(counts() == order_counts{0, 2});
  CHECK(why(place()) == r::none);
  CHECK(counts() == order_counts{1, 3});
  place_list pair;
  pair.orders = {limit_order(60, side::sell, 120, 1), limit_order(61, side::sell, 80, 1)};
  pair.orders[1].rules = order_rules{};
  pair.orders[1].rules->trigger = {trigger_kind::stop, {81}, {}, {}};
  CHECK(why(it.ask(pair)) == r::too_many_orders_now); // two are one too many
  it.check_replay();
}

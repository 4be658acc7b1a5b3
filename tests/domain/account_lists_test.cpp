// Linked orders in their account: what they hold together, and who owns it when one ends.
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

place_order stop(std::uint64_t id, side way, std::int64_t trigger, std::int64_t size) {
  auto order = market_order(id, way, size);
  order.tif = time_in_force::ioc;
  order.rules.emplace().trigger = {trigger_kind::stop, {trigger}, {}, {}};
  return order;
}

/// Sells 10 at 120, or at the market when the price falls to 80.
place_list oco_to_sell() {
  return {false, {limit_order(1, side::sell, 120, 10), stop(2, side::sell, 80, 10)}};
}
/// Buys 10 at 100; then sells them at 120, or when the price falls to 80.
place_list bracket() {
  return {true,
          {limit_order(1, side::buy, 100, 10), limit_order(2, side::sell, 120, 10),
           stop(3, side::sell, 80, 10)}};
}

} // namespace

TEST_CASE("lists: two of which one goes hold once") {
  account_under_test at;
  at.deposit("AAA", coins(10));
  const auto answer = at.ask(oco_to_sell());
  REQUIRE(std::holds_alternative<forwarded>(answer));
  CHECK(std::get<forwarded>(answer).order.list == order_id{1});
  CHECK(at.hold("AAA") == coins(10));
  CHECK(at.last_post<submit_list>().orders.size() == 2);
  CHECK(std::holds_alternative<rejection>(at.ask(amend{{1}, {121}, {}, whole_terms()})));

  SUBCASE("the limit fills in two parts") {
    at.fill(1, 120, 4);
    at.end(2, order_status::cancelled, reject_reason::linked);
    CHECK(at.hold("AAA") == coins(6));
    CHECK(at.machine.open_orders().at({1}).hold == coins(6));
    at.fill(1, 120, 6, true);
    CHECK(at.hold("AAA") == coins(0));
    CHECK(at.available("BBB") == coins(1'200));
  }
  SUBCASE("the limit fills at once") {
    at.fill(1, 120, 10, true);
    CHECK(at.hold("AAA") == coins(0));
    at.end(2, order_status::cancelled, reject_reason::linked);
    CHECK(at.available("AAA") == coins(0));
  }
  SUBCASE("the stop goes, and sells what it can") {
    at.hear(order_activated{{2}, at.id}, at.market);
    at.fill(2, 79, 4);
    at.end(1, order_status::cancelled, reject_reason::linked);
    at.end(2, order_status::expired, reject_reason::no_liquidity);
    CHECK(at.hold("AAA") == coins(0));
    CHECK(at.available("AAA") == coins(6));
    CHECK(at.available("BBB") == coins(4 * 79));
  }
  SUBCASE("one expires: the other owns the hold, and may be amended") {
    at.end(2, order_status::expired, reject_reason::no_liquidity);
    CHECK(at.hold("AAA") == coins(10));
    CHECK(std::holds_alternative<forwarded>(at.ask(amend{{1}, {}, {7}, whole_terms()})));
    at.amended(1, 120, 7);
    CHECK(at.hold("AAA") == coins(7));
  }
  SUBCASE("both are refused") {
    at.end(1, order_status::rejected, reject_reason::would_trigger);
    at.end(2, order_status::rejected, reject_reason::would_trigger);
    CHECK(at.available("AAA") == coins(10));
  }
  at.check_replay();
  at.pass_through_snapshot();
}

TEST_CASE("lists: to buy, the dearer of the two is held") {
  account_under_test at;
  at.deposit("BBB", coins(2'000));
  at.ask(place_list{false, {limit_order(1, side::buy, 90, 10), stop(2, side::buy, 120, 10)}});
  CHECK(at.hold("BBB") == coins(1'260)); // 120 x 10 and the collar of 5 %
  CHECK(at.last_post<submit_list>().orders[1].spend_max == coins(1'260));
  at.fill(1, 90, 4);
  at.end(2, order_status::cancelled, reject_reason::linked);
  CHECK(at.hold("BBB") == coins(540));
  CHECK(at.available("BBB") == coins(2'000 - 360 - 540));
  at.check_replay();
}

TEST_CASE("lists: what an entry brings is kept for its exits") {
  account_under_test at;
  at.deposit("BBB", coins(1'000));
  at.ask(bracket());
  CHECK(at.hold("BBB") == coins(1'000));
  CHECK(at.hold("AAA") == coins(0));
  CHECK(at.order(2).is_pending);

  SUBCASE("wholly, less its fees; what is less than a lot is released") {
    at.fill(1, 100, 6, false, {units_per_whole / 2});
    CHECK(at.hold("AAA") == coins(6) - amount_units{units_per_whole / 2});
    CHECK(at.available("AAA") == coins(0));
    at.fill(1, 100, 4, true, {units_per_whole / 4});
    at.hear(exits_opened{{1}, at.id, {9}}, at.market);
    CHECK(at.hold("AAA") == coins(9));
    CHECK(at.available("AAA") == amount_units{units_per_whole / 4});
    CHECK_FALSE(at.order(2).is_pending);
    CHECK(at.order(3).size == quantity_lots{9});
    at.fill(2, 120, 9, true);
    at.end(3, order_status::cancelled, reject_reason::linked);
    CHECK(at.available("BBB") == coins(1'080));
    CHECK(at.hold("AAA") == coins(0));
  }
  SUBCASE("in part: the entry is cancelled") {
    at.fill(1, 100, 6);
    at.end(1, order_status::cancelled);
    at.hear(exits_opened{{1}, at.id, {6}}, at.market);
    CHECK(at.hold("AAA") == coins(6));
    CHECK(at.available("BBB") == coins(400));
    at.hear(order_activated{{3}, at.id}, at.market);
    at.fill(3, 79, 6, true);
    at.end(2, order_status::cancelled, reject_reason::linked);
    CHECK(at.hold("AAA") == coins(0));
    CHECK(at.available("BBB") == coins(400 + 6 * 79));
  }
  SUBCASE("not at all") {
    at.end(1, order_status::cancelled);
    at.end(2, order_status::cancelled, reject_reason::linked);
    at.end(3, order_status::cancelled, reject_reason::linked);
    CHECK(at.available("BBB") == coins(1'000));
  }
  SUBCASE("its exits are cancelled, and it with them") {
    at.fill(1, 100, 6);
    at.end(2, order_status::cancelled);
    CHECK(at.hold("AAA") == coins(6));
    at.end(3, order_status::cancelled, reject_reason::linked);
    CHECK(at.available("AAA") == coins(6));
    at.end(1, order_status::cancelled, reject_reason::linked);
    CHECK(at.available("BBB") == coins(400));
  }
  CHECK(at.machine.open_orders().empty());
  at.check_replay();
  at.pass_through_snapshot();
}

TEST_CASE("lists: a repeated one is answered with its orders as they are") {
  account_under_test at;
  at.deposit("AAA", coins(10));
  auto list = oco_to_sell();
  list.orders[0].client_order_id = "pair";
  list.orders[0].body_hash = 7;
  at.ask(list);
  at.fill(1, 120, 10, true);
  list.orders[0].id = {8};
  list.orders[1].id = {9};
  const auto again = at.ask(list);
  REQUIRE(std::holds_alternative<orders_view>(again));
  const auto& orders = std::get<orders_view>(again).orders;
  REQUIRE(orders.size() == 2);
  CHECK(orders[0].status == order_status::filled);
  CHECK(orders[1].id == order_id{2});
  list.orders[0].body_hash = 8;
  CHECK(std::get<rejection>(at.ask(list)).reason == reject_reason::client_order_id_reused);
}

TEST_CASE("lists: what cannot be placed is refused, and nothing is held") {
  account_under_test at;
  at.deposit("AAA", coins(9));
  const auto why = [&](const place_list& list) {
    const auto result = at.ask(list);
    REQUIRE(std::holds_alternative<rejection>(result));
    CHECK(at.event_count() == 0);
    return std::get<rejection>(result).reason;
  };
  CHECK(why(oco_to_sell()) == reject_reason::insufficient_balance);
  at.deposit("AAA", coins(1));
  auto list = oco_to_sell();
  list.orders[1].terms.market = {8};
  CHECK(why(list) == reject_reason::list_invalid);
  list = oco_to_sell();
  list.orders[1].id = list.orders[0].id;
  CHECK(why(list) == reject_reason::already_exists);
  list = oco_to_sell();
  list.orders[1].rules.reset();
  CHECK(why(list) == reject_reason::list_invalid);
  list = bracket();
  list.orders[1].price = {};
  at.deposit("BBB", coins(1'000));
  CHECK(why(list) == reject_reason::price_invalid);
  list = oco_to_sell();
  at.limits.open_orders_max = 1;
  CHECK(why(list) == reject_reason::too_many_open_orders);
}

// What an account holds for an order that waits for a price, and how it hears that the price has come.
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

place_order waiting(place_order order, trigger_kind kind, std::int64_t price,
                    std::int64_t trail = 0, std::int64_t rate = 0) {
  order.rules.emplace().trigger = {kind, {price}, {trail}, {rate}};
  return order;
}

reject_reason refusal(const outcome& result) {
  REQUIRE(std::holds_alternative<rejection>(result));
  return std::get<rejection>(result).reason;
}

} // namespace

TEST_CASE("account: a market order that waits holds by the price at which it goes at worst") {
  struct line {
    side way;
    std::int64_t price, trail, rate;
    amount_units hold; // of 10 lots; the last price is 100, the collar 5 %
  };
  const line lines[] = {
    {side::buy, 120, 0, 0, coins(1'260)},         // 120 x 10 and the collar
    {side::buy, 120, 10, 0, coins(1'365)},        // follows from 120: goes at 130 at most
    {side::buy, 0, 10, 0, coins(1'155)},          // follows from 100: goes at 110 at most
    {side::buy, 0, 0, 50'000, {110'250'000'000}}, // goes at 105 at most
    {side::sell, 80, 0, 0, coins(10)},
    {side::sell, 0, 10, 0, coins(10)},
  };
  for (const auto& one : lines) {
    account_under_test at;
    at.deposit("AAA", coins(100));
    at.deposit("BBB", coins(10'000));
    CAPTURE(one.price);
    CAPTURE(one.trail);
    at.ask(
      waiting(market_order(1, one.way, 10), trigger_kind::stop, one.price, one.trail, one.rate));
    CHECK(at.hold(one.way == side::buy ? "BBB" : "AAA") == one.hold);
    const auto& sent = at.last_post<submit_order>();
    CHECK(sent.spend_max == (one.way == side::buy ? one.hold : amount_units{}));
    CHECK(sent.rules->trigger.price.value == one.price);
    at.check_replay();
  }
}

TEST_CASE("account: an order without any price to reckon from is refused, a stop with one is not") {
  account_under_test at;
  at.deposit("BBB", coins(10'000));
  auto order = waiting(market_order(1, side::buy, 10), trigger_kind::stop, 0, 5);
  order.terms.reference_price = {};
  CHECK(refusal(at.ask(order)) == reject_reason::no_liquidity);
  order.rules->trigger = {trigger_kind::stop, {120}, {}, {}};
  CHECK(std::holds_alternative<forwarded>(at.ask(order)));
  CHECK(refusal(at.ask(waiting(market_order(2, side::buy, 10), trigger_kind::stop, 0))) ==
        reject_reason::trigger_invalid);
  CHECK(refusal(at.ask(waiting(market_order(2, side::buy, 10), trigger_kind::stop, 0, 5, 5))) ==
        reject_reason::trigger_invalid);
}

TEST_CASE("account: a limit order that waits holds its limit; its owner is told when it goes") {
  account_under_test at;
  at.deposit("BBB", coins(10'000));
  at.ask(waiting(limit_order(1, side::buy, 125, 10), trigger_kind::stop, 120));
  CHECK(at.hold("BBB") == coins(1'250));
  CHECK_FALSE(at.order(1).is_triggered);
  static_cast<void>(at.published());
  at.hear(order_activated{{1}, at.id}, at.market);
  CHECK(at.order(1).is_triggered);
  CHECK(at.order(1).status == order_status::new_order);
  const auto told = at.published();
  REQUIRE(told.size() == 1);
  REQUIRE(told[0].order);
  CHECK(told[0].order->is_triggered);
  at.fill(1, 121, 10, true);
  CHECK(at.hold("BBB") == amount_units{});
  CHECK(at.available("BBB") == coins(10'000 - 1'210));
  CHECK(at.order(1).is_triggered); // and so it is remembered
  at.hear(order_activated{{1}, at.id}, at.market);
  CHECK(at.event_count() == 0); // it is final: nothing to say
  at.check_replay();
  at.pass_through_snapshot();
}

TEST_CASE("account: in a post-only market an order that would take may wait") {
  account_under_test at;
  at.deposit("BBB", coins(10'000));
  auto order = market_order(1, side::buy, 10);
  order.terms.status = market_status::post_only;
  CHECK(refusal(at.ask(order)) == reject_reason::market_post_only);
  order = waiting(order, trigger_kind::stop, 120);
  CHECK(std::holds_alternative<forwarded>(at.ask(order)));
}

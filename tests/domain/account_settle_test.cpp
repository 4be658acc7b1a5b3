#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

account_under_test rich() {
  account_under_test it;
  it.deposit("AAA", coins(1'000));
  it.deposit("BBB", coins(100'000));
  return it;
}

amend wish(std::uint64_t id, std::int64_t price, std::int64_t size) {
  return {{id}, {price}, {size}, whole_terms()};
}

} // namespace

TEST_CASE("account: partial fills below the limit give back the price improvement") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  it.fill(1, 98, 4, false, amount_units{4'000});
  CHECK(it.last_event<fill_settled>().released == coins(8));
  CHECK(it.hold("BBB") == coins(600));
  CHECK(it.available("BBB") == coins(100'000 - 392 - 600));
  CHECK(it.available("AAA").value == coins(1'004).value - 4'000); // the fee is of what came in
  const auto view = it.order(1);
  CHECK(view.status == order_status::partially_filled);
  CHECK(view.executed == quantity_lots{4});
  CHECK(view.executed_quote == coins(392));

  it.fill(1, 100, 1);
  CHECK(it.last_event<fill_settled>().released == amount_units{});
  it.fill(1, 97, 5, true);
  CHECK(it.last_event<fill_settled>().released == coins(15));
  CHECK(it.hold("BBB") == amount_units{});
  CHECK(it.available("BBB") == coins(100'000 - 392 - 100 - 485));
  CHECK(it.order(1).status == order_status::filled);
  CHECK(it.order(1).executed == quantity_lots{10});
  CHECK(it.machine.open_orders().empty());
  CHECK(it.books.balance_of({ledger_kind::fees, 0}, "AAA") == amount_units{4'000});
  CHECK(it.books.balance_of({ledger_kind::clearing, 7}, "BBB") == coins(977));
  CHECK(it.books.balance_of({ledger_kind::clearing, 7}, "AAA") == coins(-10));
  it.check_replay();
}

TEST_CASE("account: a sell pays base and receives quote, less the fee") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::sell, 100, 10))));
  it.fill(1, 105, 4, false, coins(1));
  CHECK(it.hold("AAA") == coins(6));
  CHECK(it.available("BBB") == coins(100'000 + 420 - 1));
  it.fill(1, 100, 6, true, -coins(2)); // a rebate
  CHECK(it.hold("AAA") == amount_units{});
  CHECK(it.available("BBB") == coins(100'000 + 419 + 602));
  CHECK(it.books.balance_of({ledger_kind::fees, 0}, "BBB") == coins(-1));
}

TEST_CASE("account: a market buy's last fill and an expiry release all that is left") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(market_order(1, side::buy, 10))));
  CHECK(it.hold("BBB") == coins(1'050));
  it.fill(1, 100, 4);
  CHECK(it.hold("BBB") == coins(650)); // nothing released: the price may still rise
  it.fill(1, 101, 6, true);
  CHECK(it.hold("BBB") == amount_units{});
  CHECK(it.available("BBB") == coins(100'000 - 1'006));

  REQUIRE(is_forwarded(it.ask(market_order(2, side::buy, 10))));
  it.fill(2, 100, 4);
  it.end(2, order_status::expired, reject_reason::no_liquidity);
  CHECK(it.last_event<order_done>().released == coins(650));
  CHECK(it.hold("BBB") == amount_units{});
  CHECK(it.order(2).status == order_status::expired);
  CHECK(it.order(2).reason == reject_reason::no_liquidity);
  CHECK(it.order(2).executed == quantity_lots{4});

  REQUIRE(is_forwarded(it.ask(limit_order(3, side::sell, 100, 10))));
  it.end(3, order_status::rejected, reject_reason::would_take);
  CHECK(it.available("AAA") == coins(1'014));
  CHECK(it.order(3).status == order_status::rejected);
}

TEST_CASE("account: messages about orders that are not open change nothing") {
  auto it = rich();
  it.fill(1, 100, 1);
  it.end(1, order_status::cancelled);
  it.amended(1, 100, 1);
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  const auto before = it.machine.state_hash();
  it.hear(order_filled{{1}, it.id, {{1}, {100}, {1}, coins(100), {}, false, it.now}, false},
          market_id{8}); // not its market
  it.hear(order_ended{{1}, account_id{99}, order_status::cancelled, {}}, it.market);
  it.hear(submit_order{}, it.market);
  CHECK(it.machine.state_hash() == before);
  it.end(1, order_status::cancelled);
  const auto after = it.machine.state_hash();
  it.end(1, order_status::cancelled);
  it.fill(1, 100, 1);
  it.amended(1, 100, 1);
  CHECK(it.event_count() == 0);
  CHECK(it.machine.state_hash() == after);
}

TEST_CASE("account: a fill that its hold cannot pay is a bug that stops it") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  const bool threw = assert_throws(true);
  CHECK_THROWS(it.fill(1, 101, 10));
  CHECK_THROWS(it.fill(1, 10, 11));
  CHECK_THROWS(it.fill(1, 10, 0));
  CHECK_THROWS(it.amended(1, 101, 10));
  assert_throws(threw);
}

TEST_CASE("account: an amend holds what more it needs, and releases what less once settled") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  it.fill(1, 100, 2);
  const auto up = it.ask(wish(1, 110, 0)); // 0: the size stays
  REQUIRE(is_forwarded(up));
  CHECK(std::get<forwarded>(up).order.price == price_ticks{100}); // not before the market says so
  CHECK(it.last_event<amend_requested>().extra_hold == coins(80));
  CHECK(it.last_event<amend_requested>().asset == "BBB");
  CHECK(it.last_post<amend_order>().price == price_ticks{110});
  CHECK(it.last_post<amend_order>().size == quantity_lots{10});
  CHECK(it.hold("BBB") == coins(880));
  CHECK(why(it.ask(wish(1, 111, 0))) == reject_reason::amend_not_allowed); // one at a time
  it.amended(1, 110, 10);
  CHECK(it.last_event<amend_settled>().released == amount_units{});
  CHECK(it.order(1).price == price_ticks{110});

  REQUIRE(is_forwarded(it.ask(wish(1, 0, 5))));
  CHECK(it.last_event<amend_requested>().extra_hold == amount_units{});
  CHECK(it.hold("BBB") == coins(880)); // it may still fill as it was
  it.amended(1, 110, 5);
  CHECK(it.hold("BBB") == coins(330));
  CHECK(it.order(1).size == quantity_lots{5});

  REQUIRE(is_forwarded(it.ask(wish(1, 120, 8))));
  CHECK(it.hold("BBB") == coins(720));
  it.amended(1, 0, 0, reject_reason::market_halted); // a "no" need not repeat the old terms
  CHECK(it.hold("BBB") == coins(330));
  CHECK(it.order(1).price == price_ticks{110});
  CHECK(it.order(1).size == quantity_lots{5});

  REQUIRE(is_forwarded(it.ask(limit_order(2, side::sell, 100, 10))));
  REQUIRE(is_forwarded(it.ask(wish(2, 90, 12))));
  CHECK(it.hold("AAA") == coins(12));
  it.amended(2, 90, 12);
  it.fill(2, 90, 12, true);
  CHECK(it.hold("AAA") == amount_units{});
  it.check_replay();
}

TEST_CASE("account: a buy amended down in price and up in size can pay fills at the old price") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  REQUIRE(is_forwarded(it.ask(wish(1, 60, 20))));
  // 20 x 60 = 1,200 would not do: 9 of the 10 may go at 100 before the market hears of it.
  CHECK(it.hold("BBB") == coins(1'600));
  it.fill(1, 100, 9);
  it.amended(1, 60, 20);
  CHECK(it.hold("BBB") == coins(std::int64_t{11} * 60));
  it.fill(1, 60, 11, true);
  CHECK(it.available("BBB") == coins(100'000 - 900 - 660));
}

TEST_CASE("account: an amend that fills up or ends before it is heard leaves no hold") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  REQUIRE(is_forwarded(it.ask(wish(1, 110, 20))));
  it.fill(1, 100, 10, true);
  CHECK(it.hold("BBB") == amount_units{});
  it.amended(1, 0, 0, reject_reason::unknown_order);
  CHECK(it.event_count() == 0);
  CHECK(it.available("BBB") == coins(99'000));
}

TEST_CASE("account: a refused amend names its rule and leaves no event") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  REQUIRE(is_forwarded(it.ask(market_order(2, side::buy, 5))));
  it.fill(1, 100, 4);
  CHECK(why(it.ask(wish(3, 1, 1))) == reject_reason::unknown_order);
  CHECK(why(it.ask(wish(2, 1, 1))) == reject_reason::amend_not_allowed); // has no limit
  CHECK(why(it.ask(wish(1, 0, 0))) == reject_reason::amend_not_allowed); // changes nothing
  CHECK(why(it.ask(wish(1, 0, 4))) == reject_reason::amend_not_allowed); // all executed
  CHECK(why(it.ask(wish(1, -1, 0))) == reject_reason::price_invalid);
  CHECK(why(it.ask(wish(1, 0, -1))) == reject_reason::quantity_invalid);
  CHECK(why(it.ask(wish(1, 0, 1'000'001))) == reject_reason::quantity_invalid);
  CHECK(why(it.ask(wish(1, 1'000'000'000, 1'000'000))) == reject_reason::notional_too_large);
  CHECK(why(it.ask(wish(1, 100'000, 0))) == reject_reason::insufficient_balance);
  auto one = wish(1, 50, 0);
  one.terms.notional_min = coins(501);
  CHECK(why(it.ask(one)) == reject_reason::notional_too_small);
  one.terms.status = market_status::cancel_only;
  CHECK(why(it.ask(one)) == reject_reason::market_cancel_only);
  one.terms.status = market_status::halted;
  CHECK(why(it.ask(one)) == reject_reason::market_halted);
  one.terms.market = {8};
  const auto result = it.ask(one);
  CHECK(why(result) == reject_reason::unknown_market);
  CHECK(std::get<rejection>(result).order == it.order(1)); // says what is known of it
}

TEST_CASE("account: cancel asks the market, again if asked again") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  for (int i = 0; i < 2; ++i) {
    REQUIRE(is_forwarded(it.ask(cancel{{1}})));
    CHECK(it.last_post<cancel_order>().id == order_id{1});
    CHECK(it.last_post<cancel_order>().account == it.id);
    CHECK(it.order(1).status == order_status::new_order);
  }
  it.end(1, order_status::cancelled);
  CHECK(it.hold("BBB") == amount_units{});
  const auto result = it.ask(cancel{{1}});
  CHECK(why(result) == reject_reason::unknown_order);
  CHECK(std::get<rejection>(result).order.status == order_status::cancelled);
  CHECK(why(it.ask(cancel{{77}})) == reject_reason::unknown_order);
}

TEST_CASE("account: publications tell of orders, fills and changed balances, numbered by events") {
  auto it = rich();
  CHECK(it.published().size() == 2); // the deposits
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 100, 10))));
  it.fill(1, 98, 4);
  (void)it.ask(cancel{{1}}); // nothing to see yet
  it.end(1, order_status::cancelled);
  const auto told = it.published();
  REQUIRE(told.size() == 3);
  CHECK(told[0].event_number == 4);
  CHECK(told[1].event_number == 5);
  CHECK(told[2].event_number == 7);
  for (const auto& one : told) {
    CHECK(one.account == it.id);
    CHECK(one.owner == it.owner);
    REQUIRE(one.order.has_value());
    CHECK(one.order->id == order_id{1});
  }
  CHECK(told[0].balances == std::vector<balance_view>{{"BBB", coins(99'000), coins(1'000)}});
  REQUIRE(told[1].order->fills.size() == 1);
  CHECK(told[1].order->fills[0].size == quantity_lots{4});
  CHECK(told[1].order->executed == quantity_lots{4});
  CHECK(told[1].balances ==
        std::vector<balance_view>{{"AAA", coins(1'004), {}}, {"BBB", coins(99'008), coins(600)}});
  CHECK(told[2].order->fills.empty());
  CHECK(told[2].order->status == order_status::cancelled);
  CHECK(told[2].balances == std::vector<balance_view>{{"BBB", coins(99'608), {}}});
  CHECK(it.published().empty());

  it.pass_through_snapshot();
  it.deposit("AAA", coins(1));
  const auto later = it.published();
  REQUIRE(later.size() == 1);
  CHECK(later[0].event_number == 8); // the count goes on
  CHECK(!later[0].order.has_value());
}

TEST_CASE("account: a mark says where the stream stands, before what happened since") {
  auto it = rich();
  it.published();
  it.machine.publish_whole();
  it.deposit("AAA", coins(1));
  const auto told = it.published();
  REQUIRE(told.size() == 2);
  CHECK(told[0].event_number + 1 == told[1].event_number);
  CHECK(!told[0].order.has_value());
  CHECK(told[0].balances.empty());
  CHECK(told[1].balances.size() == 1);
  CHECK(it.published().empty());
}

TEST_CASE("account: balances stay whole beyond what one amount can say") {
  account_under_test it;
  const amount_units most{std::numeric_limits<std::int64_t>::max()};
  it.deposit("AAA", most);
  const auto held = it.machine.balances()[0].available;
  CHECK(held == most.value);
  (void)it.machine.execute({transfer{transfer_kind::deposit, "AAA", most, "again"}, {}}, it.now,
                           it.events, it.posts);
  CHECK(it.machine.balances()[0].available == static_cast<wide_units>(most.value) * 2);
  CHECK(it.available("AAA") == most); // a view is capped
  account copy(it.id);
  std::string bytes;
  byte_writer out(bytes);
  it.machine.encode(out);
  byte_reader in(bytes);
  copy.decode(in);
  REQUIRE(in.done());
  CHECK(copy.balances()[0].available == static_cast<wide_units>(most.value) * 2);
  copy.check_invariants();
}

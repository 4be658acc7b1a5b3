#include "tests/domain/account_fixture.hpp"

#include <functional>
#include <limits>

using namespace rialto;
using namespace rialto::testing;

namespace {

constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();

account_under_test rich() {
  account_under_test it;
  it.deposit("AAA", coins(1'000));
  it.deposit("BBB", coins(100'000));
  return it;
}

} // namespace

TEST_CASE("account: exists from open_account on, which counts once") {
  account_under_test it;
  CHECK(std::holds_alternative<account_opened>(it.events.front()));
  it.hear(open_account{it.id, it.owner, "again"}, it.owner);
  CHECK(it.event_count() == 0);
  CHECK(it.events.size() == 1);

  account blank(it.id);
  std::vector<account_event> events;
  std::vector<addressed_message> posts;
  CHECK(blank.is_blank());
  CHECK(why(blank.execute({get_balances{}, {}}, {1}, events, posts)) ==
        reject_reason::unknown_account);
  // Only its owner may open it, and only itself.
  (void)blank.handle(open_account{{99}, {4}, "x"}, user_id{4}, {}, {1}, events, posts);
  (void)blank.handle(open_account{it.id, {4}, "x"}, user_id{5}, {}, {1}, events, posts);
  (void)blank.handle(order_ended{{1}, it.id, order_status::cancelled, {}}, market_id{7}, {}, {1},
                     events, posts);
  CHECK(events.empty());
  CHECK(blank.is_blank());
}

TEST_CASE("account: a refused placement names its rule and leaves no event") {
  const auto huge = place_order(limit_order(9, side::buy, int64_max / 2, 900'000));
  struct row {
    const char* what;
    std::function<void(place_order&)> change;
    reject_reason expected;
  };
  const row rows[] = {
    {"no market", [](auto& o) { o.terms.market = {}; }, reject_reason::instrument_invalid},
    {"no lot", [](auto& o) { o.terms.lot_size = {}; }, reject_reason::instrument_invalid},
    {"halted", [](auto& o) { o.terms.status = market_status::halted; },
     reject_reason::market_halted},
    {"cancel only", [](auto& o) { o.terms.status = market_status::cancel_only; },
     reject_reason::market_cancel_only},
    {"ioc where only resting orders go",
     [](auto& o) {
       o.terms.status = market_status::post_only;
       o.tif = time_in_force::ioc;
     },
     reject_reason::market_post_only},
    {"a market order where only resting orders go",
     [](auto& o) {
       o.terms.status = market_status::post_only;
       o.type = order_type::market;
       o.price = {};
     },
     reject_reason::market_post_only},
    {"limit without price", [](auto& o) { o.price = {}; }, reject_reason::price_invalid},
    {"negative price", [](auto& o) { o.price = {-1}; }, reject_reason::price_invalid},
    {"post_only without price",
     [](auto& o) {
       o.type = order_type::post_only;
       o.price = {};
     },
     reject_reason::price_invalid},
    {"market with price", [](auto& o) { o.type = order_type::market; },
     reject_reason::price_invalid},
    {"limit without size", [](auto& o) { o.size = {}; }, reject_reason::quantity_invalid},
    {"limit by quote", [](auto& o) { o.quote_quantity = coins(5); },
     reject_reason::quantity_invalid},
    {"negative size", [](auto& o) { o.size = {-5}; }, reject_reason::quantity_invalid},
    {"below quantity_min", [](auto& o) { o.terms.quantity_min = {11}; },
     reject_reason::quantity_invalid},
    {"above quantity_max", [](auto& o) { o.terms.quantity_max = {9}; },
     reject_reason::quantity_invalid},
    {"market by both", [](auto& o) { o = market_order(9, side::buy, 1, coins(100)); },
     reject_reason::quantity_invalid},
    {"market by neither", [](auto& o) { o = market_order(9, side::buy, 0); },
     reject_reason::quantity_invalid},
    {"market by negative quote", [](auto& o) { o = market_order(9, side::buy, 0, coins(-1)); },
     reject_reason::quantity_invalid},
    {"small notional", [](auto& o) { o.terms.notional_min = coins(1'001); },
     reject_reason::notional_too_small},
    {"small market notional",
     [](auto& o) {
       o = market_order(9, side::sell, 9);
       o.terms.notional_min = coins(901);
     },
     reject_reason::notional_too_small},
    {"small quote quantity",
     [](auto& o) {
       o = market_order(9, side::sell, 0, coins(900));
       o.terms.notional_min = coins(901);
     },
     reject_reason::notional_too_small},
    {"market buy without reference",
     [](auto& o) {
       o = market_order(9, side::buy, 1);
       o.terms.reference_price = {};
     },
     reject_reason::no_liquidity},
    {"market sell by quote without reference",
     [](auto& o) {
       o = market_order(9, side::sell, 0, coins(1));
       o.terms.reference_price = {};
     },
     reject_reason::no_liquidity},
    {"a notional that overflows", [&](auto& o) { o = huge; }, reject_reason::notional_too_large},
    {"a base amount that overflows",
     [](auto& o) {
       o = limit_order(9, side::sell, 1, 900'000);
       o.terms.lot_size = {int64_max / 1'000};
     },
     reject_reason::notional_too_large},
    {"a reference notional that overflows",
     [](auto& o) {
       o = market_order(9, side::buy, 900'000);
       o.terms.reference_price = {int64_max / 2};
     },
     reject_reason::notional_too_large},
    {"buy without funds", [](auto& o) { o.size = {1'001}; }, reject_reason::insufficient_balance},
    {"sell without funds", [](auto& o) { o = limit_order(9, side::sell, 100, 1'001); },
     reject_reason::insufficient_balance},
    {"market sell without funds", [](auto& o) { o = market_order(9, side::sell, 1'001); },
     reject_reason::insufficient_balance},
    {"market buy by quote without funds",
     [](auto& o) { o = market_order(9, side::buy, 0, coins(100'001)); },
     reject_reason::insufficient_balance},
    {"an asset it never had", [](auto& o) { o.terms.quote = "CCC"; },
     reject_reason::insufficient_balance},
    {"a market buy of an asset it never had",
     [](auto& o) {
       o = market_order(9, side::buy, 1);
       o.terms.quote = "CCC";
     },
     reject_reason::insufficient_balance},
    {"no order id", [](auto& o) { o.id = {}; }, reject_reason::already_exists},
  };
  auto it = rich();
  for (const auto& row : rows) {
    const auto& [what, change, expected] = row;
    CAPTURE(row.what);
    auto order = limit_order(9, side::buy, 100, 10);
    change(order);
    CHECK(why(it.ask(order)) == expected);
    CHECK(it.post_count() == 0);
  }
  CHECK(
    is_forwarded(it.ask(limit_order(9, side::buy, 100, 10)))); // the row's order itself is sound
  CHECK(why(it.ask(limit_order(9, side::buy, 100, 10))) == reject_reason::already_exists);
}

TEST_CASE("account: of several broken rules the first in the documented order is the answer") {
  auto it = rich();
  auto first = limit_order(1, side::buy, 100, 10);
  first.client_order_id = "a";
  first.body_hash = 1;
  REQUIRE(is_forwarded(it.ask(first)));
  auto order = limit_order(2, side::buy, 0, 1'000'000'000); // price, quantity and funds are wrong
  order.client_order_id = "a";
  order.body_hash = 2;
  order.terms.status = market_status::halted;
  it.limits.open_orders_max = 1;
  CHECK(why(it.ask(order)) == reject_reason::client_order_id_reused);
  order.client_order_id = "b";
  CHECK(why(it.ask(order)) == reject_reason::too_many_open_orders);
  it.limits.open_orders_max = 2;
  it.limits.orders_per_day_max = 1;
  CHECK(why(it.ask(order)) == reject_reason::too_many_orders_today);
  it.limits.orders_per_day_max = 2;
  CHECK(why(it.ask(order)) == reject_reason::market_halted);
  order.terms.status = market_status::open;
  CHECK(why(it.ask(order)) == reject_reason::price_invalid);
  order.price = {100};
  CHECK(why(it.ask(order)) == reject_reason::quantity_invalid);
  order.size = {100'000};
  CHECK(why(it.ask(order)) == reject_reason::insufficient_balance);
  order.size = {10};
  CHECK(is_forwarded(it.ask(order)));
}

TEST_CASE("account: a limit order holds exactly what it can cost") {
  auto it = rich();
  auto order = limit_order(1, side::buy, 99, 10);
  order.terms.maker_fee = {1'000};
  order.terms.taker_fee = {2'000};
  order.client_order_id = "mine";
  const auto result = it.ask(order);
  REQUIRE(is_forwarded(result));
  CHECK(it.hold("BBB") == coins(990)); // no fee: that is charged in what is received
  CHECK(it.available("BBB") == coins(100'000 - 990));
  const auto& sent = it.last_post<submit_order>();
  CHECK(it.posts.back().to == entity_id{it.market});
  CHECK(sent.id == order_id{1});
  CHECK(sent.account == it.id);
  CHECK(sent.owner == it.owner);
  CHECK(sent.price == price_ticks{99});
  CHECK(sent.size == quantity_lots{10});
  CHECK(sent.spend_max == amount_units{});
  CHECK(sent.maker_fee == rate_ppm{1'000});
  CHECK(sent.taker_fee == rate_ppm{2'000});
  CHECK(sent.created_at == it.now);
  auto view = std::get<forwarded>(result).order;
  CHECK(view.client_order_id == "mine");
  CHECK(view.status == order_status::new_order);
  CHECK(view.counts == order_counts{1, 1}); // of the placement's answer alone
  view.counts = {};
  CHECK(view == it.order(1));

  REQUIRE(is_forwarded(it.ask(limit_order(2, side::sell, 99, 10))));
  CHECK(it.hold("AAA") == coins(10));
}

TEST_CASE("account: a market buy by quantity holds the reference notional and the collar") {
  auto it = rich();
  auto order = market_order(1, side::buy, 3);
  order.terms.reference_price = {101};
  order.terms.collar = {33'333};
  REQUIRE(is_forwarded(it.ask(order)));
  const amount_units padded{31'309'989'900}; // 303 x 1.033333
  CHECK(it.hold("BBB") == padded);
  CHECK(it.last_post<submit_order>().spend_max == padded);
  CHECK(it.last_post<submit_order>().size == quantity_lots{3});

  order = market_order(2, side::buy, 1);
  order.terms.units_per_tick_lot = 1;
  order.terms.collar = {1};
  REQUIRE(is_forwarded(it.ask(order)));
  CHECK(it.last_post<submit_order>().spend_max == amount_units{101}); // 100.0001 rounded up

  REQUIRE(is_forwarded(it.ask(market_order(3, side::buy, 5'000)))); // 525,000 wanted
  CHECK(it.available("BBB") == amount_units{});
  CHECK(it.last_post<submit_order>().spend_max.value == coins(100'000).value - padded.value - 101);
  CHECK(why(it.ask(market_order(4, side::buy, 1))) == reject_reason::insufficient_balance);
}

TEST_CASE("account: a market buy by quote holds that and needs no reference price") {
  auto it = rich();
  auto order = market_order(1, side::buy, 0, coins(500));
  order.terms.reference_price = {};
  REQUIRE(is_forwarded(it.ask(order)));
  CHECK(it.hold("BBB") == coins(500));
  const auto& sent = it.last_post<submit_order>();
  CHECK(sent.quote_target == coins(500));
  CHECK(sent.spend_max == coins(500));
  CHECK(sent.size == quantity_lots{});
  CHECK(it.order(1).quote_quantity == coins(500));
}

TEST_CASE("account: a market sell by quote holds lots for a price below the reference") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(market_order(1, side::sell, 0, coins(1'001)))));
  CHECK(it.hold("AAA") == coins(11)); // 1,001 / 100 x 1.05 = 10.5105, up to a lot
  const auto& sent = it.last_post<submit_order>();
  CHECK(sent.size == quantity_lots{11}); // and never sells more than is held
  CHECK(sent.quote_target == coins(1'001));
  CHECK(sent.spend_max == amount_units{});
  CHECK(it.order(1).size == quantity_lots{});
  CHECK(it.order(1).quote_quantity == coins(1'001));

  REQUIRE(is_forwarded(it.ask(market_order(2, side::sell, 0, coins(1'000'000)))));
  CHECK(it.available("AAA") == amount_units{}); // all it has
  CHECK(it.last_post<submit_order>().size == quantity_lots{989});
  CHECK(why(it.ask(market_order(3, side::sell, 0, coins(1)))) ==
        reject_reason::insufficient_balance);
}

TEST_CASE("account: a market sell holds its size, and a post_only order is a limit order") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(market_order(1, side::sell, 7))));
  CHECK(it.hold("AAA") == coins(7));
  auto order = limit_order(2, side::sell, 200, 5);
  order.type = order_type::post_only;
  order.terms.status = market_status::post_only;
  REQUIRE(is_forwarded(it.ask(order)));
  CHECK(it.hold("AAA") == coins(12));
  CHECK(it.last_post<submit_order>().type == order_type::post_only);
}

TEST_CASE("account: extreme numbers are refused, not wrapped") {
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    dice throws(seed);
    auto it = rich();
    const auto wild = [&]() -> std::int64_t {
      switch (throws.below(5)) {
      case 0: return int64_max - throws.between(0, 3);
      case 1: return std::numeric_limits<std::int64_t>::min() + throws.between(0, 3);
      case 2: return throws.between(-3, 3);
      case 3: return std::int64_t{1} << throws.below(63);
      default: return static_cast<std::int64_t>(throws.next());
      }
    };
    for (std::uint64_t i = 1; i <= 50; ++i) {
      auto order = limit_order(i, throws.chance(0.5) ? side::buy : side::sell, wild(), wild());
      if (throws.chance(0.5)) order = market_order(i, order.way, 0, {wild()});
      if (throws.chance(0.3)) order.size = {wild()}, order.quote_quantity = {};
      order.terms.quantity_max = {int64_max};
      order.terms.reference_price = {wild()};
      if (throws.chance(0.3)) order.terms.units_per_tick_lot = wild();
      if (throws.chance(0.3)) order.terms.lot_size = {wild()};
      (void)it.ask(order); // the fixture checks books and invariants
      (void)it.ask(transfer{transfer_kind::deposit, "BBB", {wild()}, numbered("w", i)});
      (void)it.ask(transfer{transfer_kind::withdrawal, "BBB", {wild()}, numbered("v", i)});
      if (it.machine.open_orders().empty()) continue;
      const auto& [id, one] = *it.machine.open_orders().begin();
      amend wish{id, {wild()}, {wild()}, order.terms};
      (void)it.ask(wish);
    }
    it.check_replay();
  }
}

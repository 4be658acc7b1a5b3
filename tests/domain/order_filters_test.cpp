// What a market's filters take: one table per filter, then the account that asks them.
#include "domain/instrument.hpp"
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

order_rules iceberg(std::int64_t shown) {
  order_rules rules;
  rules.display = {shown};
  return rules;
}

struct price_case {
  side way;
  std::int64_t price, reference;
  r expected;
};

} // namespace

TEST_CASE(
  "order_filters: PRICE_FILTER takes a price from price_min to price_max, each 0 for none") {
  order_filters both{.price_min = {10}, .price_max = {20}};
  const auto of = [](const order_filters& filters, std::int64_t price) {
    return flaw_of_price(filters, side::buy, {price}, {15});
  };
  CHECK(of(both, 9) == r::price_outside_range);
  CHECK(of(both, 10) == r::none);
  CHECK(of(both, 20) == r::none);
  CHECK(of(both, 21) == r::price_outside_range);
  CHECK(of(both, 0) == r::none); // a market order has none
  CHECK(of({.price_min = {10}}, 1'000'000) == r::none);
  CHECK(of({.price_max = {20}}, 1) == r::none);
  CHECK(of({}, 1) == r::none);
}

TEST_CASE("order_filters: PERCENT_PRICE_BY_SIDE measures each side by its own multipliers") {
  // A buy from 0.8 to 1.3 times the reference, a sell from 0.7 to 5 times.
  const order_filters filters{
    .bid_up = {1'300'000}, .bid_down = {800'000}, .ask_up = {5'000'000}, .ask_down = {700'000}};
  const price_case cases[] = {
    {side::buy, 131, 100, r::price_outside_percent},
    {side::buy, 130, 100, r::none},
    {side::buy, 80, 100, r::none},
    {side::buy, 79, 100, r::price_outside_percent},
    {side::sell, 501, 100, r::price_outside_percent},
    {side::sell, 500, 100, r::none},
    {side::sell, 70, 100, r::none},
    {side::sell, 69, 100, r::price_outside_percent},
    {side::sell, 131, 100, r::none},
    {side::buy, 131, 0, r::none},               // no price yet
    {side::buy, 131, 101, r::none},             // 131.3 is the end
    {side::buy, INT64_MAX, INT64_MAX, r::none}, // no overflow
    {side::buy, INT64_MAX, 1, r::price_outside_percent},
  };
  for (const auto& one : cases) {
    CAPTURE(one.price);
    CAPTURE(one.reference);
    CHECK(flaw_of_price(filters, one.way, {one.price}, {one.reference}) == one.expected);
  }
}

TEST_CASE("order_filters: MARKET_LOT_SIZE bounds market orders by quantity alone") {
  const order_filters filters{.market_quantity_max = {50}};
  CHECK(flaw_of_shape(filters, order_type::market, {50}, {}) == r::none);
  CHECK(flaw_of_shape(filters, order_type::market, {51}, {}) == r::market_quantity_max);
  CHECK(flaw_of_shape(filters, order_type::market, {0}, {}) == r::none); // by quote
  CHECK(flaw_of_shape(filters, order_type::limit, {51}, {}) == r::none);
  CHECK(flaw_of_shape({}, order_type::market, {51}, {}) == r::none);
}

TEST_CASE("order_filters: ICEBERG_PARTS counts the parts that would be shown") {
  const order_filters filters{.iceberg_parts_max = 10};
  const auto of = [&](std::int64_t size, std::int64_t shown) {
    return flaw_of_shape(filters, order_type::limit, {size}, iceberg(shown));
  };
  CHECK(of(100, 10) == r::none);
  CHECK(of(101, 10) == r::too_many_parts); // the eleventh is one lot
  CHECK(of(100, 9) == r::too_many_parts);
  CHECK(of(100, 100) == r::none);
  CHECK(of(100, 0) == r::none); // no iceberg
  CHECK(flaw_of_shape({}, order_type::limit, {100}, iceberg(1)) == r::none);
}

TEST_CASE("order_filters: TRAILING_DELTA bounds a trail that is a rate; PRICE_FILTER its start") {
  const order_filters filters{
    .price_min = {10}, .price_max = {20}, .trail_min = {1'000}, .trail_max = {200'000}};
  const auto of = [&](std::int64_t price, std::int64_t rate) {
    order_rules rules;
    rules.trigger = {trigger_kind::stop, {price}, {}, {rate}};
    return flaw_of_shape(filters, order_type::market, {1}, rules);
  };
  CHECK(of(0, 999) == r::trail_outside_range);
  CHECK(of(0, 1'000) == r::none);
  CHECK(of(0, 200'000) == r::none);
  CHECK(of(0, 200'001) == r::trail_outside_range);
  CHECK(of(9, 1'000) == r::price_outside_range);
  CHECK(of(10, 1'000) == r::none);
  CHECK(of(21, 0) == r::price_outside_range);
}

TEST_CASE("order_filters: an operator's slip is named by field and rule") {
  const auto flaw = [](order_filters filters) {
    const auto text = check(filters);
    return text.substr(0, text.find(':'));
  };
  CHECK(flaw({}).empty());
  CHECK(flaw({.price_min = {-1}}) == "price_min");
  CHECK(flaw({.price_min = {5}, .price_max = {4}}) == "price_max");
  CHECK(flaw({.price_min = {5}, .price_max = {5}}).empty());
  CHECK(flaw({.market_quantity_max = {-1}}) == "market_quantity_max");
  CHECK(flaw({.bid_up = {999'999}}) == "bid_up");
  CHECK(flaw({.bid_up = {1'000'000}}).empty());
  CHECK(flaw({.bid_up = {order_filters::multiplier_max + 1}}) == "bid_up");
  CHECK(flaw({.bid_down = {1'000'001}}) == "bid_down");
  CHECK(flaw({.ask_up = {-1}}) == "ask_up");
  CHECK(flaw({.ask_down = {-1}}) == "ask_down");
  CHECK(flaw({.trail_min = {1'000'000}}) == "trail_min");
  CHECK(flaw({.trail_min = {5}, .trail_max = {4}}) == "trail_max");
}

TEST_CASE("account: an order that a filter does not take is refused; one at its edge is placed") {
  auto it = rich();
  auto order = limit_order(1, side::buy, 131, 1); // the reference is 100
  order.terms.filters.bid_up = {1'300'000};
  CHECK(why(it.ask(order)) == r::price_outside_percent);
  order.price = {130};
  CHECK(is_forwarded(it.ask(order)));
  order.id = {2};
  order.terms.filters.price_max = {129};
  CHECK(why(it.ask(order)) == r::price_outside_range);
  auto market = market_order(3, side::sell, 11);
  market.terms.filters.market_quantity_max = {10};
  CHECK(why(it.ask(market)) == r::market_quantity_max);
  market.size = {10};
  CHECK(is_forwarded(it.ask(market)));
  it.check_replay();
}

TEST_CASE("account: an amended price and quantity pass the filters again, a kept price does not") {
  auto it = rich();
  auto order = limit_order(1, side::buy, 120, 10);
  order.rules = iceberg(2);
  REQUIRE(is_forwarded(it.ask(order)));
  amend change{{1}, {121}, {}, whole_terms()};
  change.terms.filters.price_max = {110}; // narrower than when the order came
  CHECK(why(it.ask(change)) == r::price_outside_range);
  change.price = {};
  change.size = {8};
  CHECK(is_forwarded(it.ask(change)));
  it.amended(1, 120, 8);
  change.terms.filters.iceberg_parts_max = 5;
  change.size = {11};
  CHECK(why(it.ask(change)) == r::too_many_parts);
  it.check_replay();
}

TEST_CASE("account: MAX_NUM_ORDERS and MAX_NUM_ALGO_ORDERS count what is open in the market") {
  auto it = rich();
  const auto place = [&](std::uint64_t id, bool waits, market_id market = {7}) {
    auto order = limit_order(id, side::buy, 5, 1);
    order.terms.market = market;
    order.terms.filters.orders_max = 3;
    order.terms.filters.algo_orders_max = 1;
    if (waits) {
      order.rules = order_rules{};
      order.rules->trigger = {trigger_kind::stop, {200}, {}, {}};
    }
    return why(it.ask(order));
  };
  CHECK(place(1, true) == r::none);
  CHECK(place(2, true) == r::too_many_algo_orders);
  CHECK(place(3, false) == r::none);
  CHECK(place(4, false, {8}) == r::none); // another market's
  CHECK(place(5, false) == r::none);
  CHECK(place(6, false) == r::too_many_orders_here);
  it.pass_through_snapshot(); // the counts are made again
  CHECK(place(6, false) == r::too_many_orders_here);
  it.end(3, order_status::cancelled);
  CHECK(place(6, true) == r::too_many_algo_orders);
  CHECK(place(6, false) == r::none);
  it.end(1, order_status::cancelled);
  CHECK(place(7, true) == r::none);
  it.check_replay();
}

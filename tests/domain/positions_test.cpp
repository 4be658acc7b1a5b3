// Spot positions, read as a table: who bought and sold what, and what is held, what it cost and what was earned.
#include "domain/position.hpp"
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

struct line {
  const char* what;
  side way;
  std::int64_t base, notional, fee;      // the fill; the fee is in what is received
  std::int64_t quantity, cost, realised; // afterwards
};

void check(const std::vector<line>& lines) {
  position it;
  for (const auto& one : lines) {
    CAPTURE(one.what);
    it.take(one.way, {one.base}, {one.notional}, {one.fee});
    CHECK(it.quantity() == amount_units{one.quantity});
    CHECK(capped(it.cost()) == amount_units{one.cost});
    CHECK(capped(it.realised()) == amount_units{one.realised});
    CHECK(it.is_sound());
  }
}

constexpr auto buy = side::buy;
constexpr auto sell = side::sell;

} // namespace

TEST_CASE("positions: the worked example") {
  check({
    {"10 at 100", buy, 10, 1'000, 0, 10, 1'000, 0},
    {"10 at 120: 110 on average", buy, 10, 1'200, 0, 20, 2'200, 0},
    {"5 at 150 bring 750, cost 550", sell, 5, 750, 0, 15, 1'650, 200},
    {"5 at 90 bring 450, cost 550", sell, 5, 450, 0, 10, 1'100, 100},
    {"the rest: nothing held costs nothing", sell, 10, 1'000, 0, 0, 0, 0},
    {"P&L is kept", buy, 1, 100, 0, 1, 100, 0},
  });
}

TEST_CASE("positions: fees make a buy dearer and a sell cheaper, rebates the other way") {
  check({
    {"1 of 100 bought goes as fee", buy, 100, 10'000, 1, 99, 10'000, 0},
    {"all are sold, 20 of the notional go", sell, 99, 9'900, 20, 0, 0, -120},
    {"a maker gets 1 more", buy, 100, 10'000, -1, 101, 10'000, -120},
    {"and 30 more of the quote", sell, 101, 10'100, -30, 0, 0, 10},
  });
}

TEST_CASE("positions: what was not bought here has no known cost") {
  check({
    {"of deposited coins", sell, 5, 500, 0, 0, 0, 0},
    {"", buy, 4, 400, 0, 4, 400, 0},
    {"10 at 150: 4 of them are the position's", sell, 10, 1'500, 0, 0, 0, 200},
    {"", buy, 3, 300, 0, 3, 300, 200},
    {"the counted part of 1000 x 3 / 7 is rounded down", sell, 7, 1'000, 0, 0, 0, 328},
  });
}

TEST_CASE("positions: what leaves the cost is rounded up, the last unit takes the rest") {
  check({
    {"3 for 100", buy, 3, 100, 0, 3, 100, 0},
    {"33.3 leave as 34", sell, 1, 34, 0, 2, 66, 0},
    {"", sell, 1, 33, 0, 1, 33, 0},
    {"", sell, 1, 33, 0, 0, 0, 0},
  });
}

TEST_CASE("positions: the largest amounts") {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  check({
    {"", buy, most, most, 0, most, most, 0},
    {"the quantity stops at the largest amount", buy, most, most, 0, most, most, 0},
    {"all of them cost both", sell, most, most, -most, 0, 0, 0},
    {"", buy, most, most, 0, most, most, 0},
    {"a rebate as large as the notional", sell, most, most, -most, 0, 0, most},
  });
}

TEST_CASE("positions: while no sell goes beyond the position, P&L less cost is the cash that came "
          "and went") {
  dice throws(20);
  for (int session = 0; session < 200; ++session) {
    position it;
    wide_units cash = 0, held = 0;
    const auto scale = std::int64_t{1} << throws.between(2, 40);
    for (int i = 0; i < 200; ++i) {
      const bool buys = held == 0 || throws.chance(0.5);
      const auto base = throws.between(
        1, buys ? scale : std::min<std::int64_t>(scale, static_cast<std::int64_t>(held)));
      const auto notional = throws.between(0, scale);
      const auto fee =
        throws.between(-(buys ? base : notional) / 10, (buys ? base : notional) / 10);
      const auto cost = it.cost();
      it.take(buys ? buy : sell, {base}, {notional}, {fee});
      cash += buys ? -notional : notional - fee;
      const auto before = held;
      held += buys ? base - fee : -base;
      REQUIRE(it.quantity().value == held);
      REQUIRE(it.realised() - it.cost() == cash);
      REQUIRE(it.is_sound());
      // What is left keeps its average cost, less the rounding of one unit.
      if (!buys) {
        const auto left = cost * held - it.cost() * before;
        REQUIRE(left >= 0);
        REQUIRE(left < before);
      }
    }
  }
}

TEST_CASE("positions: worth at a price, rounded down and capped") {
  CHECK(worth_of({250}, {7}, 3, {100}) == amount_units{52}); // 2.5 lots of 21
  CHECK(worth_of({0}, {7}, 3, {100}) == amount_units{0});
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  CHECK(worth_of({most}, {most}, most, {1}) == amount_units{most});
  CHECK(worth_of({most}, {1}, 1, {1}) == amount_units{most});
}

TEST_CASE("positions: an account has one per market, and tells it with each fill") {
  account_under_test it;
  it.deposit("BBB", coins(1'000));
  CHECK(is_forwarded(it.ask(limit_order(1, side::buy, 100, 5))));
  (void)it.published();
  it.fill(1, 90, 2, false, {1'000});
  const auto told = it.published();
  REQUIRE(told.size() == 1);
  REQUIRE(told[0].position.has_value());
  const position_view held{account_under_test::market, {coins(2).value - 1'000}, coins(180), {}};
  CHECK(*told[0].position == held);
  it.pass_through_snapshot();
  auto all = std::get<positions_view>(it.ask(get_positions{}));
  REQUIRE(all.positions.size() == 1);
  CHECK(all.positions[0] == held);
  CHECK(std::get<positions_view>(it.ask(get_positions{{8}})).positions.empty());

  it.deposit("AAA", coins(1)); // no position
  CHECK(is_forwarded(it.ask(limit_order(2, side::sell, 100, 2))));
  it.fill(2, 100, 2, true);
  all = std::get<positions_view>(it.ask(get_positions{account_under_test::market}));
  REQUIRE(all.positions.size() == 1);
  // 1.99999 of the two sold are the position's: 199.999 were received for them.
  CHECK(all.positions[0] == position_view{account_under_test::market, {}, {}, {1'999'900'000}});
  it.check_replay();
}

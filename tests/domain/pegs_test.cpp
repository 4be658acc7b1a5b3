// Pegged orders, as tables: an action per line and what follows. References move them at most every 100 ms: "at N" is a
// second of its own, so what the line before changed is followed then.
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

using namespace rialto;
using rialto::testing::market_under_test;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}
void mirrored_market(const std::string& text) {
  table(whole_units(market_mode::mirrored)).run(text);
}

} // namespace

TEST_CASE("peg primary: follows the best price of its side, within its limit") {
  own_market(R"(
    buy A 95x5                      => A rests 95x5
    sell B 105x5                    => B rests 105x5
    buy C 100x2 peg primary 0       => C pegged within 100; C rests 95x2
    buy D 100x2 peg primary 2       => D pegged within 100; D rests 93x2
    buy E 98x1                      => E rests 98x1
    at 1                            => C to 98; D to 96
    # no further than its limit
    buy F 103x1                     => F rests 103x1
    at 2                            => C to 100; D to 100
    book                            => 103x1 100x4 98x1 95x5 | 105x5
    cancel F                        => F cancelled
    cancel E                        => E cancelled
    at 3                            => C to 95; D to 93
    # it lost its place in the queue: A is before it
    sell G 95x6                     => G takes A* 95x5; G* takes C 95x1
  )");
}

TEST_CASE("peg market: follows the best price of the other side, and never takes") {
  own_market(R"(
    sell A 105x5                    => A rests 105x5
    buy B 110x2 peg market 3        => B pegged within 110; B rests 102x2
    # without an offset it stays a tick away
    buy C 110x1 peg market 0        => C pegged within 110; C rests 104x1
    sell D 103x1                    => D* takes C* 104x1
    sell E 103x1                    => E rests 103x1
    at 1                            => B to 100
    cancel E                        => E cancelled
    at 2                            => B to 102
  )");
}

// One unit a tick and lot: what it has sold for and what it has left are an amount together, wherever it goes.
TEST_CASE("peg: it is not moved to where it might sell for more than an amount") {
  auto spec = whole_units(market_mode::own);
  spec.lot_size = {1};
  spec.quantity_max = {10'000'000'000};
  table(spec).run(R"(
    sell B 400000000x1 by 2         => B rests 400000000x1
    sell A 1x10000000000 peg primary 0 => A pegged within 1; A rests 400000000x10000000000
    buy C 400000000x9000000001 by 3 => C takes B* 400000000x1; C* takes A 400000000x9000000000
    sell D 4000000000x1 by 2        => D rests 4000000000x1
    at 1                            => A to 4000000000
    buy E 4000000000x900000001 by 3 => E takes D* 4000000000x1; E* takes A 4000000000x900000000
    sell F 40000000000x1 by 2       => F rests 40000000000x1
    at 2                            =>
    book                            => | 4000000000x100000000 40000000000x1
    buy G 4000000000x100000000 by 3 => G* takes A* 4000000000x100000000
  )");
}

TEST_CASE("peg mid: half way, rounded away from the other side") {
  own_market(R"(
    buy A 95x5                      => A rests 95x5
    sell B 104x5                    => B rests 104x5
    buy C 110x1 peg mid 0           => C pegged within 110; C rests 99x1
    sell D 90x1 peg mid 0           => D pegged within 90; D rests 100x1
    sell E 90x1 peg mid 1           => E pegged within 90; E rests 101x1
    # half way is a price: who comes second stays a tick away
    sell F 105x1                    => F rests 105x1
    buy G 96x1                      => G rests 96x1
    at 1                            =>
    cancel D                        => D cancelled
    cancel E                        => E cancelled
    at 2                            => C to 100
  )");
}

TEST_CASE("peg: without its reference it is refused; one that rests stays") {
  own_market(R"(
    buy A 100x1 peg primary 0       => A rejected no_liquidity
    buy B 95x1                      => B rests 95x1
    buy C 100x1 peg primary 0       => C pegged within 100; C rests 95x1
    # another pegged order is no reference
    cancel B                        => B cancelled
    at 1                            =>
    buy D 100x1 peg primary 0       => D rejected no_liquidity
    buy E 100x1 peg mid 0           => E rejected no_liquidity
    buy F 90x1                      => F rests 90x1
    at 2                            => C to 90
    # prices are positive
    buy G 100x1 peg primary 90      => G rejected no_liquidity
  )");
}

TEST_CASE("peg: what it does not go with") {
  own_market(R"(
    buy A 95x5                      => A rests 95x5
    buy B market 1 peg primary 0    => B rejected peg_invalid
    buy C 100x1 ioc peg primary 0   => C rejected peg_invalid
    buy D 100x2 show 1 peg primary 0 => D rejected peg_invalid
    buy E 100x2 min 1 peg primary 0 => E rejected peg_invalid
    buy F 100x2 peg primary -1      => F rejected peg_invalid
    buy G 100x2 stop 98 peg primary 0 => G rejected peg_invalid
    oco sell H 105x5 peg market 0 / sell I market 5 stop 90 => H rejected list_invalid; I rejected list_invalid
    buy J 100x2 peg primary 0       => J pegged within 100; J rests 95x2
    amend J 100x1                   => J stays amend_not_allowed
    cancel J                        => J cancelled
  )");
}

TEST_CASE("peg: it trades, ends and expires as any order") {
  own_market(R"(
    buy A 95x5                      => A rests 95x5
    sell B 105x5                    => B rests 105x5
    buy C 100x2 peg mid 0           => C pegged within 100; C rests 100x2
    buy D 100x2 until 5 peg primary 0 => D pegged within 100; D rests 95x2
    sell E 100x1                    => E* takes C 100x1
    sell F 100x1 post               => F rejected would_take
    sell G 100x1                    => G* takes C* 100x1
    at 5                            => D expired
    buy H 95x3 peg primary 0 by 2   => H pegged within 95; H rests 95x3
    sell I 95x6 by 2 stp expire_maker => I takes A* 95x5; I meets H 95x1; H expired self_trade; I rests 95x1
  )");
}

TEST_CASE("peg: statuses") {
  own_market(R"(
    buy A 95x5                      => A rests 95x5
    sell B 105x5                    => B rests 105x5
    buy C 100x2 peg primary 0       => C pegged within 100; C rests 95x2
    status post_only                =>
    buy D 97x1                      => D rests 97x1
    at 1                            => C to 97
    buy E 100x2 peg mid 0           => E pegged within 100; E rests 100x2
    status cancel_only              =>
    cancel D                        => D cancelled
    at 2                            =>
    status auction 60               => auction until 62
    buy F 100x2 peg mid 0           => F rejected market_auction
    at 3                            =>
    at 63                           => opens; C to 95
    status halted                   =>
    cancel A                        => no: market_halted
    at 64                           =>
  )");
}

TEST_CASE("peg: a band is not gone beyond") {
  auto spec = whole_units(market_mode::own);
  spec.band = {100'000};
  table(spec).run(R"(
    sell A 100x1                    => A rests 100x1
    buy B 100x1                     => B* takes A* 100x1
    buy C 98x5                      => C rests 98x5
    buy D 99x5 peg primary 3        => D pegged within 99; D rests 95x5
    buy E 91x5                      => E rests 91x5
    cancel C                        => C cancelled
    # 88 is beyond the band: it stays
    at 1                            =>
    buy F 92x1 peg primary 5        => F rejected no_liquidity
  )");
}

TEST_CASE("peg: nor a price at which it would be worth too much") {
  own_market(R"(
    sell A 100x1                    => A rests 100x1
    sell B 1x1000000 peg primary 0  => B pegged within 1; B rests 100x1000000
    cancel A                        => A cancelled
    sell C 90000x1                  => C rests 90000x1
    at 1                            =>
    sell D 1x1000000 peg primary 0  => D pegged within 1; D rejected notional_too_large
    sell E 200x1                    => E rests 200x1
    at 2                            => B to 200
  )");
}

TEST_CASE("peg: the mirrored market is a reference while it is there") {
  mirrored_market(R"(
    snapshot bid 99x5 ask 101x5     =>
    buy A 110x1 peg primary 0       => A pegged within 110; A rests 99x1
    sell B 90x1 peg market 0        => B pegged within 90; B rests 100x1
    depth bid 100x3                 => house takes B* 100x1
    depth bid 98x5 bid 99x0 bid 100x0 =>
    at 1                            => A to 98
    reset                           =>
    buy C 50x1                      => C rests 50x1
    at 2                            =>
    snapshot bid 97x5 ask 101x5     =>
    at 3                            => A to 97
  )");
}

// Binance's pegged orders do not follow (docs/decisions/0013); where a primary peg enters is the same.
TEST_CASE("peg: Binance's example of joining the best price of one's side") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    sell B 101x1                    => B rests 101x1
    sell C 90x1 peg primary 0       => C pegged within 90; C rests 100x1
    # behind the orders at that price
    buy D 100x2                     => D* takes A* 100x2
    buy E 100x1                     => E* takes C* 100x1
  )");
}

TEST_CASE("peg: a market holds a thousand") {
  market_under_test it(whole_units(market_mode::own));
  submit_order order;
  order.id = {1};
  order.account = {1};
  order.owner = {1};
  order.price = {90};
  order.size = {1};
  (void)it.run(order);
  order.rules.emplace().peg = {peg_kind::primary, {}};
  order.price = {100};
  for (std::uint64_t id = 2; id < 2 + peg_table::orders_max; ++id) {
    order.id = {id};
    REQUIRE(std::holds_alternative<order_view>(it.run(order)));
  }
  order.id = {5'000};
  const auto refused = it.run(order);
  REQUIRE(std::holds_alternative<rejection>(refused));
  CHECK(std::get<rejection>(refused).reason == reject_reason::too_many_pegs);
  // What the owner sees is his limit.
  CHECK(std::get<rejection>(refused).order.price == price_ticks{100});
}

// Whatever comes: no peg beyond its limit, the book not crossed (invariants), replay and snapshot agree, and once
// everything is quiet each is where its reference wants it.
TEST_CASE("peg: any flow of orders") {
  for (const auto seed : testing::seeds(30)) {
    CAPTURE(seed);
    simulation::random dice(seed);
    market_under_test it(whole_units(market_mode::own));
    std::uint64_t last = 0;
    std::size_t moved = 0;
    for (int i = 0; i < 400; ++i) {
      it.now.value += dice.between(0, 60'000'000);
      submit_order order;
      order.id = {++last};
      order.account = {1 + dice.below(3)};
      order.owner = {order.account.value};
      order.way = dice.chance(0.5) ? side::buy : side::sell;
      order.price = {dice.between(80, 120)};
      order.size = {dice.between(1, 9)};
      const auto what = dice.below(10);
      if (what < 3) {
        order.rules.emplace().peg = {static_cast<peg_kind>(dice.between(1, 3)),
                                     {dice.between(0, 5)}};
        (void)it.run(order);
      } else if (what < 6) {
        (void)it.run(order);
      } else if (what < 9) {
        cancel_order wish;
        wish.id = {1 + dice.below(last)};
        const auto at = it.machine.book().find(wish.id);
        wish.account = at == no_order ? account_id{1} : it.machine.book().account(at);
        (void)it.run(wish);
      } else {
        it.wake(it.now);
      }
    }
    for (int quiet = 0; quiet < 20; ++quiet) it.wake({it.now.value + 100'000'000});
    const auto& pegs = it.machine.pegs();
    const auto by = pegs.references(it.machine.book());
    for (const auto& [id, one] : pegs.all()) {
      const auto& book = it.machine.book();
      const auto price = book.level(book.order(book.find(id)).level).price;
      const auto wish = peg_table::wish_of(one, by);
      if (wish.value == 0) continue;
      const auto other = book.best(opposite(one.way));
      const auto theirs = other == no_level ? price_ticks{} : book.level(other).price;
      const bool is_blocked =
        theirs.value != 0 && (one.way == side::buy ? wish >= theirs : wish <= theirs);
      if (is_blocked)
        CHECK(price.value == theirs.value + (one.way == side::buy ? -1 : 1));
      else
        CHECK(price == wish);
    }
    for (const auto& one : it.events) moved += std::holds_alternative<order_repegged>(one);
    CHECK(moved > 0);
    CHECK(it.machine.wake_at() == timestamp_ns{}); // nothing more to do
    it.check_replay();
  }
}

// The matching rules of an own market, as worked cases: an action per line and what it leads to.
// "A* takes B 100x2": A, which is done by it, takes 2 lots of B at price 100.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {
void own_market(const char* text) {
  table{whole_units(market_mode::own)}.run(text);
}
} // namespace

TEST_CASE("order_book: price first, then time") {
  own_market(R"(
    sell A 101x5        => A rests 101x5
    sell B 101x5        => B rests 101x5
    sell C 100x2        => C rests 100x2
    book                => | 100x2 101x10
    buy D 101x9         => D takes C* 100x2; D takes A* 101x5; D* takes B 101x2
    book                => | 101x3
    buy E 101x4         => E takes B* 101x3; E rests 101x1
    book                => 101x1 |
    sell F 90x1         => F* takes E* 101x1
    book                => |
  )");
}

TEST_CASE("order_book: a limit is never passed") {
  own_market(R"(
    sell A 101x5        => A rests 101x5
    sell B 103x5        => B rests 103x5
    buy C 102x8         => C takes A* 101x5; C rests 102x3
    book                => 102x3 | 103x5
    sell D 102x1        => D* takes C 102x1
    sell E 103x1        => E rests 103x1
    buy F 103x6         => F takes B* 103x5; F* takes E* 103x1
  )");
}

TEST_CASE("order_book: IOC takes what there is and expires") {
  own_market(R"(
    buy A 100x5 ioc     => A expired
    sell B 100x3        => B rests 100x3
    buy C 100x5 ioc     => C takes B* 100x3; C expired
    sell D 100x3        => D rests 100x3
    buy E 100x2 ioc     => E* takes D 100x2
    buy F 99x2 ioc      => F expired
    book                => | 100x1
  )");
}

TEST_CASE("order_book: FOK trades wholly or not at all") {
  own_market(R"(
    sell A 100x3        => A rests 100x3
    sell B 101x3        => B rests 101x3
    sell C 105x9        => C rests 105x9
    buy D 101x7 fok     => D expired fok_unfillable
    book                => | 100x3 101x3 105x9
    buy E 101x6 fok     => E takes A* 100x3; E* takes B* 101x3
    buy F market 9 fok spend 944 => F expired fok_unfillable
    buy G market 9 fok spend 945 => G* takes C* 105x9
    buy H market 1 fok  => H expired fok_unfillable
  )");
}

TEST_CASE("order_book: post-only never takes") {
  own_market(R"(
    sell A 100x3        => A rests 100x3
    buy B 100x1 post    => B rejected would_take
    buy B 101x1 post    => B rejected would_take
    buy B 99x1 post     => B rests 99x1
    sell C 99x1 post    => C rejected would_take
    amend B 100x1       => B stays would_take
    amend B 98x1        => B moves 98x1
    book                => 98x1 | 100x3
  )");
}

TEST_CASE("order_book: a market order by quantity takes all prices within what it may spend") {
  own_market(R"(
    buy A market 5             => A expired no_liquidity
    sell B 100x2               => B rests 100x2
    sell C 110x2               => C rests 110x2
    buy D market 3             => D takes B* 100x2; D* takes C 110x1
    buy E market 3             => E takes C* 110x1; E expired no_liquidity
    sell F 100x2               => F rests 100x2
    sell G 110x2               => G rests 110x2
    # 310 pays two at 100 and one at 110; the fourth does not fit and expires
    buy H market 4 spend 319   => H takes F* 100x2; H takes G 110x1; H expired
    buy I market 1 spend 110   => I* takes G* 110x1
    sell J 100x2               => J rests 100x2
    buy K market 1 spend 99    => K expired
    buy L 90x5                 => L rests 90x5
    sell M market 7            => M takes L* 90x5; M expired no_liquidity
  )");
}

TEST_CASE("order_book: a market order by quote amount trades whole lots while they fit") {
  own_market(R"(
    sell A 100x2               => A rests 100x2
    sell B 120x5               => B rests 120x5
    # 2 x 100, then 1 x 120 makes 320; 30 is left and no lot costs so little: done
    buy C market quote 350     => C takes A* 100x2; C* takes B 120x1
    # exactly spent
    buy D market quote 240     => D* takes B 120x2
    buy E market quote 119     => E expired notional_too_small
    # the side runs empty before the target
    buy F market quote 500     => F takes B* 120x2; F expired no_liquidity
    sell G 100x1               => G rests 100x1
    # spent to the last with nothing left to buy: done all the same
    buy H market quote 100     => H* takes G* 100x1
    buy I 50x10                => I rests 50x10
    buy J 40x10                => J rests 40x10
    sell K market quote 120    => K* takes I 50x2
    # the size bounds it too
    sell L market 3 quote 1000 => L* takes I 50x3
    # the rest, 40, would fit a worse price (40): a better one (50) is never passed over
    sell M market quote 90     => M* takes I 50x1
    sell N market quote 600 fok => N takes I* 50x4; N* takes J* 40x10
    sell O market quote 1 fok  => O expired fok_unfillable
  )");
}

TEST_CASE("order_book: a market order by quote is held by spend_max as well") {
  own_market(R"(
    sell A 100x9                         => A rests 100x9
    buy B market quote 500 spend 300     => B* takes A 100x3
    buy C market quote 500 spend 50      => C expired notional_too_small
  )");
}

TEST_CASE("order_book: an amend that shrinks keeps its place, any other goes to the end") {
  own_market(R"(
    buy A 100x5         => A rests 100x5
    buy B 100x5         => B rests 100x5
    amend A 100x3       => A keeps 100x3
    sell C 100x1        => C* takes A 100x1
    # 1 is executed: a new total of 3 leaves 2 open
    amend A 100x3       => A keeps 100x2
    amend A 100x4       => A moves 100x3
    sell D 100x1        => D* takes B 100x1
    amend B 99x5        => B moves 99x4
    amend B 100x5       => B moves 100x4
    sell E 100x3        => E* takes A* 100x3
    book                => 100x4 |
  )");
}

TEST_CASE("order_book: an amend may trade where its new price crosses") {
  own_market(R"(
    sell A 105x2        => A rests 105x2
    sell B 106x2        => B rests 106x2
    buy C 100x5         => C rests 100x5
    amend C 105x5       => C moves 105x5; C takes A* 105x2
    book                => 105x3 | 106x2
    amend C 106x4       => C moves 106x2; C* takes B* 106x2
    book                => |
  )");
}

TEST_CASE("order_book: an amend that cannot be is refused and the order stays") {
  own_market(R"(
    amend A 100x5       => A stays unknown_order
    buy A 100x5         => A rests 100x5
    sell B 100x2        => B* takes A 100x2
    amend A 100x2       => A stays amend_not_allowed
    amend A 101x1       => A stays amend_not_allowed
    amend A 0x5         => A stays price_invalid
    amend A 100x0       => A stays quantity_invalid
    amend A 100x1000001 => A stays quantity_invalid
    amend A 90000000000000x100000 => A stays notional_too_large
    amend A 100x9 by 2  => A stays unknown_order
    book                => 100x3 |
  )");
}

TEST_CASE("order_book: a cancel is for one's own resting orders") {
  own_market(R"(
    cancel A            => no: unknown_order
    buy A 100x5         => A rests 100x5
    cancel A by 2       => no: unknown_order
    cancel A            => A cancelled
    cancel A            => no: unknown_order
    book                => |
  )");
}

TEST_CASE("order_book: what no book can take is rejected") {
  own_market(R"(
    buy A 0x5           => A rejected price_invalid
    buy A 100x0         => A rejected quantity_invalid
    buy A 100x1000001   => A rejected quantity_invalid
    buy A 90000000000000x100000 => A rejected notional_too_large
    buy A market 0      => A rejected quantity_invalid
    buy A market 100x1  => A rejected price_invalid
    buy A market quote -5 => A rejected amount_invalid
    buy A 100x1         => A rests 100x1
    buy A 100x1         => no: already_exists
  )");
}

TEST_CASE("market: each status lets through what it says") {
  own_market(R"(
    sell A 101x5        => A rests 101x5
    buy B 99x5          => B rests 99x5
    buy P 98x5          => P rests 98x5
    status post_only
    buy C 100x1         => C rests 100x1
    buy D 101x1         => D rejected market_post_only
    buy D market 1      => D rejected market_post_only
    buy D 100x1 ioc     => D rejected market_post_only
    amend C 101x1       => C stays market_post_only
    amend C 99x1        => C moves 99x1
    cancel C            => C cancelled
    status cancel_only
    buy D 90x1          => D rejected market_cancel_only
    amend B 98x5        => B stays market_cancel_only
    cancel B            => B cancelled
    status halted
    buy D 90x1          => D rejected market_halted
    amend A 102x5       => A stays market_halted
    cancel A            => no: market_halted
    status open
    buy D 101x5         => D* takes A* 101x5
    book                => 98x5 |
  )");
}

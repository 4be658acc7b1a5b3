// The rules of a mirrored market, as worked cases: the feed's depth is liquidity of the house, an
// own order has a place in the level's queue, the feed's trades bring it forward.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {
void mirrored_market(const char* text) {
  table{whole_units(market_mode::mirrored)}.run(text);
}
} // namespace

TEST_CASE("house: a taker fills against the feed's depth at its prices") {
  mirrored_market(R"(
    snapshot bid 99x10 98x5 ask 101x4 102x6
    book                => 99x10 98x5 | 101x4 102x6
    buy A 102x7         => A takes house 101x4; A* takes house 102x3
    book                => 99x10 98x5 | 102x3
    sell B market 12    => B takes house 99x10; B* takes house 98x2
    buy C 102x9 fok     => C expired fok_unfillable
    buy D 102x3 fok     => D* takes house 102x3
    buy E 101x5         => E rests 101x5
    book                => 101x5 98x3 |
  )");
}

TEST_CASE("house: what was taken stays taken until the feed's size falls") {
  mirrored_market(R"(
    snapshot ask 101x10
    buy A 101x6         => A* takes house 101x6
    book                => | 101x4
    # the same size again, and a larger one: the six are still gone
    depth ask 101x10
    book                => | 101x4
    depth ask 101x12
    book                => | 101x6
    # falls by 5: five of the six are forgotten
    depth ask 101x7
    book                => | 101x6
    depth ask 101x2
    book                => | 101x2
    # a snapshot is no excuse: taken is kept where the level stays
    buy B 101x1         => B* takes house 101x1
    snapshot ask 101x2 102x5
    book                => | 101x1 102x5
    snapshot ask 102x5
    book                => | 102x5
    snapshot ask 101x2
    book                => | 101x2
  )");
}

TEST_CASE("house: a resting order stands behind what was there when it joined") {
  mirrored_market(R"(
    snapshot bid 100x5 ask 102x5
    buy A 100x3         => A rests 100x3
    # the feed's level grows behind it
    depth bid 100x9
    book                => 100x12 | 102x5
    # five house lots come first, then A, then the other four
    sell B 100x9        => B takes house 100x5; B takes A* 100x3; B* takes house 100x1
    book                => 100x3 | 102x5
  )");
}

TEST_CASE("house: queue order between house lots and several own orders") {
  mirrored_market(R"(
    snapshot bid 100x4
    buy A 100x2         => A rests 100x2
    depth bid 100x7
    buy B 100x2         => B rests 100x2
    depth bid 100x9
    # 4 house, A, 3 house, B, 2 house
    sell C market 13    => C takes house 100x4; C takes A* 100x2; C takes house 100x3; C takes B* 100x2; C* takes house 100x2
    book                => |
  )");
}

TEST_CASE("house: feed trades eat what stands ahead, then the order") {
  mirrored_market(R"(
    snapshot bid 100x5 ask 102x5
    buy A 100x3         => A rests 100x3
    trade sell 100x2    =>
    depth bid 100x3
    # three are ahead: a trade of four leaves one for A
    trade sell 100x4    => house takes A 100x1
    trade sell 100x1    => house takes A 100x1
    # a buyer that takes at 102 does not concern it
    trade buy 102x9     =>
    trade sell 100x50   => house takes A* 100x1
  )");
}

TEST_CASE("house: a feed trade walks the queue of several own orders") {
  mirrored_market(R"(
    snapshot ask 100x4
    sell A 100x2        => A rests 100x2
    depth ask 100x7
    sell B 100x2        => B rests 100x2
    trade buy 100x5     => house takes A 100x1
    # A's other lot, the three between, one of B
    trade buy 100x5     => house takes A* 100x1; house takes B 100x1
    trade buy 100x1     => house takes B* 100x1
  )");
}

TEST_CASE("house: when the feed's size falls below what stands ahead, the order moves up") {
  mirrored_market(R"(
    snapshot bid 100x10
    buy A 100x2         => A rests 100x2
    depth bid 100x1
    buy B 100x2         => B rests 100x2
    depth bid 100x6
    trade sell 100x2    => house takes A 100x1
    trade sell 100x2    => house takes A* 100x1; house takes B 100x1
  )");
}

TEST_CASE("house: users that take bring those behind forward") {
  mirrored_market(R"(
    snapshot bid 100x10
    buy A 100x2         => A rests 100x2
    sell B 100x7        => B* takes house 100x7
    # three are left ahead of A
    trade sell 100x4    => house takes A 100x1
  )");
}

TEST_CASE("house: a feed trade through an order's price fills it wholly at its own price") {
  mirrored_market(R"(
    snapshot bid 100x5 99x5 ask 103x5
    buy A 101x4         => A rests 101x4
    buy B 100x4         => B rests 100x4
    buy C 99x4          => C rests 99x4
    # at 99: A and B were passed, though the trade's size is 9 and 5 stand before B
    trade sell 99x9     => house takes A* 101x4; house takes B* 100x4
    # eight of the nine went to them, one to the house at 99: four are left ahead of C
    trade sell 99x5     => house takes C 99x1
    sell D 102x1        => D rests 102x1
    trade buy 105x1     => house takes D* 102x1
  )");
}

TEST_CASE("house: depth that moves through a resting order fills it as maker") {
  mirrored_market(R"(
    snapshot bid 100x5 ask 102x5
    buy A 101x4         => A rests 101x4
    buy B 101x4         => B rests 101x4
    buy C 100x1         => C rests 100x1
    # six asks at 101: all of A, two of B; they count as taken
    depth ask 101x6     => house takes A* 101x4; house takes B 101x2
    book                => 101x2 100x6 | 102x5
    depth ask 101x6
    depth ask 101x7     => house takes B 101x1
    # at a better price for the user it still fills at its own
    depth ask 99x9      => house takes B* 101x1; house takes C* 100x1
    book                => | 99x7 102x5
  )");
}

TEST_CASE("house: asks are met by bids that move through them, best first") {
  mirrored_market(R"(
    snapshot bid 99x5 ask 105x5
    sell A 103x2        => A rests 103x2
    sell B 101x2        => B rests 101x2
    sell C 102x2        => C rests 102x2
    depth bid 102x3     => house takes B* 101x2; house takes C 102x1
    book                => 99x5 | 102x1 103x2 105x5
    depth bid 104x1 103x1 => house takes C* 102x1; house takes A 103x1
    book                => 99x5 | 103x1 105x5
  )");
}

TEST_CASE("house: a feed that crosses itself keeps the newer level") {
  mirrored_market(R"(
    snapshot bid 99x5 98x5 ask 101x5 102x5
    depth bid 101x3
    book                => 101x3 99x5 98x5 | 102x5
    depth ask 98x1
    book                => | 98x1 102x5
    # within one message the later level is the newer
    snapshot bid 100x1 ask 100x2
    book                => | 100x2
    snapshot ask 100x2 bid 100x1
    book                => 100x1 |
    # a message that moves the whole market is not a crossing one
    depth bid 105x1 100x0 ask 106x1
    book                => 105x1 | 106x1
  )");
}

TEST_CASE("house: a reset drops the house, not the orders; the next snapshot is all ahead") {
  mirrored_market(R"(
    snapshot bid 100x5 ask 102x5
    buy A 100x2         => A rests 100x2
    reset
    book                => 100x2 |
    buy B 103x1         => B rests 103x1
    cancel B            => B cancelled
    snapshot bid 100x8 ask 102x5
    book                => 100x10 | 102x5
    trade sell 100x8
    trade sell 100x1    => house takes A 100x1
    # a snapshot while in step does not push it back
    snapshot bid 100x9 ask 102x5
    trade sell 100x1    => house takes A* 100x1
  )");
}

TEST_CASE("house: an amend that keeps its place keeps what stands ahead") {
  mirrored_market(R"(
    snapshot bid 100x5
    buy A 100x4         => A rests 100x4
    trade sell 100x3
    depth bid 100x9
    amend A 100x2       => A keeps 100x2
    trade sell 100x3    => house takes A 100x1
    amend A 100x5       => A moves 100x4
    # to the end: behind all nine
    trade sell 100x9
    trade sell 100x1    => house takes A 100x1
  )");
}

TEST_CASE("house: an amended order takes from the house and rests with what is left") {
  mirrored_market(R"(
    snapshot bid 100x5 ask 102x5
    buy A 100x8         => A rests 100x8
    amend A 102x8       => A moves 102x8; A takes house 102x5
    book                => 102x3 100x5 |
    depth ask 102x5
    book                => 102x3 100x5 |
    depth ask 102x6     => house takes A 102x1
  )");
}

TEST_CASE("house: nothing trades with it while the market is not open") {
  mirrored_market(R"(
    snapshot bid 99x5 ask 102x5
    buy A 100x2         => A rests 100x2
    status halted
    book                => 100x2 |
    depth ask 100x5
    trade sell 90x5
    book                => 100x2 |
    status open         => house takes A* 100x2
    book                => 99x5 | 100x3 102x5
  )");
}

TEST_CASE("house: absurd levels are cut or left out, and never harm the book") {
  mirrored_market(R"(
    snapshot bid 100x9000000000000000000 ask 90000000000000000x5 102x5
    book                => 100x922337203 | 102x5
    depth bid 0x5 ask 103x0
    sell A market 1000000 => A* takes house 100x1000000
    depth ask 99999999x1000000
    book                => 100x921337203 | 102x5 99999999x922
  )");
}

TEST_CASE("house: an own market has none") {
  table own{whole_units(market_mode::own)};
  own.run("snapshot bid 100x5 => no: reason 22\n"
          "trade sell 100x5   => no: reason 22\n"
          "reset\n"
          "book               => |\n");
}

TEST_CASE("house: a market that becomes its users' own drops the house") {
  table both{whole_units(market_mode::mirrored)};
  both.run("snapshot bid 100x5 ask 101x5\n"
           "buy A 100x2 => A rests 100x2\n");
  auto spec = both.market().machine.spec();
  spec.mode = market_mode::own;
  CHECK(std::holds_alternative<done>(both.market().run(change_instrument{spec})));
  both.run("book => 100x2 |\n"
           "sell B 100x1 => B* takes A 100x1\n");
}

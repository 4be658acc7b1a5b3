// Self-trade prevention, as a table: an action per line and what follows.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("self-trade prevention: without it an owner trades with himself") {
  own_market(R"(
    sell A 100x5                    => A rests 100x5
    buy B 100x3                     => B* takes A 100x3
    # the taker's mode counts, not the maker's
    sell C 101x2 stp expire_both    => C rests 101x2
    buy D 101x3                     => D takes A* 100x2; D* takes C 101x1
  )");
}

TEST_CASE("self-trade prevention: expire_taker ends the taker at the first order of its owner") {
  own_market(R"(
    sell A 100x2 by 2               => A rests 100x2
    sell B 100x5                    => B rests 100x5
    sell C 101x5 by 2               => C rests 101x5
    buy D 101x9 stp expire_taker    => D takes A* 100x2; D meets B 100x5; D expired self_trade
    book                            => | 100x5 101x5
    buy E market 4 stp expire_taker => E meets B 100x4; E expired self_trade
    # another owner's order is taken as always
    buy F 100x1 stp expire_taker by 3 => F* takes B 100x1
  )");
}

TEST_CASE("self-trade prevention: expire_maker ends the makers of the taker's owner and goes on") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    sell B 100x5 by 2               => B rests 100x5
    sell C 101x3                    => C rests 101x3
    buy D 101x6 stp expire_maker    => D meets A 100x2; A expired self_trade; D takes B* 100x5; D meets C 101x1; C expired self_trade; D rests 101x1
    book                            => 101x1 |
  )");
}

TEST_CASE("self-trade prevention: expire_both ends both") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    sell B 100x5                    => B rests 100x5
    buy C 100x3 stp expire_both     => C meets A 100x2; A expired self_trade; C expired self_trade
    book                            => | 100x5
  )");
}

TEST_CASE("self-trade prevention: decrement takes the same quantity off both") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    sell B 100x5                    => B rests 100x5
    # the maker is the smaller: it ends, the taker goes on with the rest
    buy C 100x3 stp decrement       => C meets A 100x2; A expired self_trade; C meets B 100x1; C expired self_trade
    book                            => | 100x4
    sell D 101x1 by 2               => D rests 101x1
    # equal: both end
    buy E 100x4 stp decrement       => E meets B 100x4; B expired self_trade; E expired self_trade
    buy F 101x3 stp decrement       => F takes D* 101x1; F rests 101x2
    # an executed and a prevented part are both gone from the whole
    sell G 101x1 stp decrement      => G meets F 101x1; G expired self_trade
    amend F 101x2                   => F stays amend_not_allowed
    amend F 101x3                   => F keeps 101x1
    amend F 101x4                   => F moves 101x2
  )");
}

TEST_CASE("self-trade prevention: the accounts of one owner are one") {
  own_market(R"(
    sell A 100x2 by 2 owner 9              => A rests 100x2
    buy B 100x2 by 3 owner 9 stp expire_taker => B meets A 100x2; B expired self_trade
    buy C 100x2 by 3 owner 8 stp expire_taker => C* takes A* 100x2
  )");
}

TEST_CASE("self-trade prevention: an amended order that takes is a taker") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    buy B 99x5 stp decrement        => B rests 99x5
    amend B 100x5                   => B moves 100x5; B meets A 100x2; A expired self_trade
    book                            => 100x3 |
    sell C 101x3                    => C rests 101x3
    amend B 101x5                   => B moves 101x3; B meets C 101x3; C expired self_trade; B expired self_trade
    buy D 99x5 stp expire_taker     => D rests 99x5
    sell E 100x1                    => E rests 100x1
    amend D 100x5                   => D moves 100x5; D meets E 100x1; D expired self_trade
    book                            => | 100x1
  )");
}

TEST_CASE("self-trade prevention: who must fill at once cannot count on his own orders") {
  own_market(R"(
    sell A 100x2 by 2               => A rests 100x2
    sell B 100x2                    => B rests 100x2
    sell C 101x2 by 2               => C rests 101x2
    buy D 101x3 fok stp expire_taker => D expired fok_unfillable
    buy D 101x2 fok stp expire_taker => D* takes A* 100x2
    buy E 101x3 fok stp expire_maker => E expired fok_unfillable
    buy E 101x2 fok stp expire_maker => E meets B 100x2; B expired self_trade; E* takes C* 101x2
  )");
}

TEST_CASE("self-trade prevention: a budget is spent on what was prevented too") {
  own_market(R"(
    sell A 100x2                    => A rests 100x2
    sell B 100x5 by 2               => B rests 100x5
    buy C market quote 500 stp decrement => C meets A 100x2; A expired self_trade; C* takes B 100x3
    sell D 90x1                     => D rests 90x1
    buy E market quote 50 stp decrement => E expired notional_too_small
  )");
}

TEST_CASE("self-trade prevention: the house is nobody's") {
  table(whole_units(market_mode::mirrored)).run(R"(
    snapshot bid 99x5 ask 100x5     =>
    sell A 100x2 stp expire_taker   => A rests 100x2
    buy B 100x6 stp expire_taker    => B takes house 100x5; B meets A 100x1; B expired self_trade
  )");
}

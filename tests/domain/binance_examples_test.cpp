// The worked examples of Binance's public pages on self-trade prevention and on amending, with their numbers (prices and
// quantities in tenths where a page has tenths). Trailing stops: triggers_test.cpp. Where ours differs:
//
//   - What EXPIRE_TAKER, EXPIRE_MAKER and EXPIRE_BOTH expire counts as prevented quantity there; ours counts what
//     `decrement` took off both orders only. The status of an order that expired so is EXPIRED_IN_MATCH there, here
//     expired with the reason self-trade.
//   - TRANSFER (scenario H) moves the prevented quantity between two accounts of one group; we have no such mode.
//   - Amending a list's order: there quantities of a list can be reduced; here a list is cancelled and placed again.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("Binance, self-trade prevention A: none trades") {
  own_market(R"(
    buy A 1x1                       => A rests 1x1
    sell B 1x1                      => B* takes A* 1x1
  )");
}

TEST_CASE("Binance, self-trade prevention B: expire_maker clears the way, then rests") {
  own_market(R"(
    buy A 12x12                     => A rests 12x12
    buy B 11x13                     => B rests 11x13
    buy C 10x81                     => C rests 10x81
    sell D 10x30 stp expire_maker   => D meets A 12x12; A expired self_trade; D meets B 11x13; B expired self_trade; D meets C 10x30; C expired self_trade; D rests 10x30
  )");
}

TEST_CASE("Binance, self-trade prevention C: expire_taker leaves the book as it was") {
  own_market(R"(
    buy A 12x12                     => A rests 12x12
    buy B 11x13                     => B rests 11x13
    buy C 10x81                     => C rests 10x81
    sell D 10x30 stp expire_taker   => D meets A 12x12; D expired self_trade
    book                            => 12x12 11x13 10x81 |
  )");
}

TEST_CASE("Binance, self-trade prevention D: expire_both ends both") {
  own_market(R"(
    buy A 1x1                       => A rests 1x1
    sell B 1x3 stp expire_both      => B meets A 1x1; A expired self_trade; B expired self_trade
    book                            => |
  )");
}

TEST_CASE("Binance, self-trade prevention E: the taker's mode counts") {
  own_market(R"(
    buy A 1x1 stp expire_maker      => A rests 1x1
    sell B 1x1 stp expire_taker     => B meets A 1x1; B expired self_trade
    book                            => 1x1 |
  )");
}

TEST_CASE(
  "Binance, self-trade prevention F: a market order that ends its only maker finds no liquidity") {
  own_market(R"(
    buy A 1x1                       => A rests 1x1
    sell B market 1 stp expire_maker => B meets A 1x1; A expired self_trade; B expired no_liquidity
  )");
}

TEST_CASE("Binance, self-trade prevention G: decrement takes the same off both") {
  own_market(R"(
    buy A 2x6                       => A rests 2x6
    sell B 2x2 stp decrement        => B meets A 2x2; B expired self_trade
    book                            => 2x4 |
  )");
}

TEST_CASE("Binance, amend keep priority: less keeps the place, a new order does not") {
  own_market(R"(
    buy A 87000x100                 => A rests 87000x100
    buy Y 87000x550                 => Y rests 87000x550
    buy B 87000x400                 => B rests 87000x400
    buy C 86999x200                 => C rests 86999x200
    amend Y 87000x500               => Y keeps 87000x500
    sell S 87000x601                => S takes A* 87000x100; S takes Y* 87000x500; S* takes B 87000x1
    book                            => 87000x399 86999x200 |
  )");
  own_market(R"(
    buy A 87000x100                 => A rests 87000x100
    buy Y 87000x550                 => Y rests 87000x550
    buy B 87000x400                 => B rests 87000x400
    cancel Y                        => Y cancelled
    buy Z 87000x500                 => Z rests 87000x500
    sell S 87000x501                => S takes A* 87000x100; S takes B* 87000x400; S* takes Z 87000x1
  )");
}

TEST_CASE(
  "Binance, amend keep priority: an iceberg's visible part falls only below what it shows") {
  own_market(R"(
    sell A 100x100 show 20          => A rests 100x100
    amend A 100x50                  => A keeps 100x50
    book                            => | 100x20
    amend A 100x15                  => A keeps 100x15
    book                            => | 100x15
  )");
}

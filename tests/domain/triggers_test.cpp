// Stops, take-profits and orders that follow the price, as tables: an action per line and what follows.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("stop: a sell goes when the price falls to it, a buy when it rises to it") {
  own_market(R"(
    buy A 100x5                     => A rests 100x5
    buy B 95x9                      => B rests 95x9
    sell C 100x1                    => C* takes A 100x1
    sell D market 3 stop 98         => D waits
    sell E 94x2 stop 95             => E waits
    # not on the book, and not yet due
    book                            => 100x4 95x9 |
    sell F 100x4                    => F* takes A* 100x4
    sell G 95x1                     => G* takes B 95x1; D goes; D* takes B 95x3; E goes; E* takes B 95x2
    buy H 97x2 stop 96              => H waits
    sell I 96x5                     => I rests 96x5
    buy J 96x1                      => J* takes I 96x1; H goes; H* takes I 96x2
    book                            => 95x3 | 96x2
  )");
}

TEST_CASE("take-profit: a sell goes when the price rises to it, a buy when it falls to it") {
  own_market(R"(
    sell A 100x1                    => A rests 100x1
    buy B 100x1                     => B* takes A* 100x1
    sell C 104x2 take 105           => C waits
    buy D market 2 take 90          => D waits
    sell E 105x1                    => E rests 105x1
    buy F 106x2                     => F takes E* 105x1; F rests 106x1; C goes; C takes F* 106x1; C rests 104x1
    buy G 90x1                      => G rests 90x1
    cancel C                        => C cancelled
    sell H 90x3                     => H takes G* 90x1; H rests 90x2; D goes; D* takes H* 90x2
    book                            => |
  )");
}

TEST_CASE("triggers: one that is there already is refused, and so is one that makes no sense") {
  own_market(R"(
    sell A 90x1 stop 95             => A waits
    # no trade yet: nothing can follow
    sell B 90x1 stop trail 5 ticks  => B rejected no_liquidity
    sell B 90x1 stop 95 trail 5 ticks => B waits
    sell C 100x1                    => C rests 100x1
    buy D 100x1                     => D* takes C* 100x1
    sell E market 1 stop 100        => E rejected would_trigger
    sell E market 1 take 100        => E rejected would_trigger
    buy E market 1 stop 100         => E rejected would_trigger
    buy E market 1 take 100         => E rejected would_trigger
    sell E market 1 stop 99         => E waits
    sell F market 1 take 0          => F rejected trigger_invalid
    sell F market 1 stop trail 0 ticks => F rejected trigger_invalid
    sell F market 1 stop trail 100 percent => F rejected trigger_invalid
    sell F 0x1 stop 98              => F rejected price_invalid
    sell A 90x1 stop 94             => no: already_exists
    amend A 91x1                    => A stays amend_not_allowed
    amend A 91x1 by 2               => A stays unknown_order
    cancel A by 2                   => no: unknown_order
    cancel A                        => A cancelled
  )");
}

TEST_CASE("triggers: who is due goes one after the other, and may make others due") {
  own_market(R"(
    buy A 100x1                     => A rests 100x1
    buy B 99x2                      => B rests 99x2
    buy C 98x2                      => C rests 98x2
    buy D 90x9                      => D rests 90x9
    # at one price: in the order they came
    sell E market 1 stop 99         => E waits
    sell F market 2 stop 99         => F waits
    # the price came to 100 before it came to 99
    sell G market 1 stop 100        => G waits
    sell H market 1 stop 98         => H waits
    sell I 99x2                     => I takes A* 100x1; I* takes B 99x1; G goes; G* takes B* 99x1; E goes; E* takes C 98x1; F goes; F takes C* 98x1; F* takes D 90x1; H goes; H* takes D 90x1
    book                            => 90x7 |
  )");
}

TEST_CASE("triggers: what the book refuses when it goes expires") {
  own_market(R"(
    buy A 100x1                     => A rests 100x1
    buy B 99x2                      => B rests 99x2
    sell C 99x1 post stop 100       => C waits
    sell D 99x9 fok stop 100        => D waits
    sell E 98x5 min 4 stop 100      => E waits
    sell F 100x1                    => F* takes A* 100x1; C goes; C expired would_take; D goes; D expired fok_unfillable; E goes; E expired min_quantity_unfillable
    book                            => 99x2 |
  )");
}

TEST_CASE("triggers: a dated order expires while it waits, an iceberg is one when it goes") {
  own_market(R"(
    sell A 100x5                    => A rests 100x5
    buy B 99x4 stop 100 until 5     => B waits
    buy C 99x4 stop 100 show 1 until 9 => C waits
    at 6                            => B expired
    buy D 100x1                     => D* takes A 100x1; C goes; C rests 99x4
    book                            => 99x1 | 100x4
    at 9                            => C expired
  )");
}

TEST_CASE(
  "trailing stop to sell: follows the highest price, goes when it has fallen by the trail") {
  own_market(R"(
    buy A 90x99                     => A rests 90x99
    sell B 100x1                    => B rests 100x1
    buy C 100x1                     => C* takes B* 100x1
    sell D market 1 stop trail 5 ticks => D follows from 100
    sell E market 1 stop trail 10 percent => E follows from 100
    # 103: D would go at 98, E at 92.7
    sell F 103x1                    => F rests 103x1
    buy G 103x1                     => G* takes F* 103x1
    buy H 99x1                      => H rests 99x1
    sell I 99x1                     => I* takes H* 99x1
    buy J 98x1                      => J rests 98x1
    sell K 98x1                     => K* takes J* 98x1; D goes; D* takes A 90x1; E goes; E* takes A 90x1
    book                            => 90x97 |
  )");
}

TEST_CASE("trailing stop to buy: follows the lowest price, goes when it has risen by the trail") {
  own_market(R"(
    sell A 200x9                    => A rests 200x9
    sell B 100x1                    => B rests 100x1
    buy C 100x1                     => C* takes B* 100x1
    buy D market 1 stop trail 5 ticks => D follows from 100
    buy E 100x1 stop trail 3 percent => E follows from 100
    buy F 95x1                      => F rests 95x1
    sell G 95x1                     => G* takes F* 95x1
    # from 95: E goes at 97.85, so at 98; D at 100
    sell H 97x1                     => H rests 97x1
    buy I 97x1                      => I* takes H* 97x1
    sell J 98x2                     => J rests 98x2
    buy K 98x1                      => K* takes J 98x1; E goes; E* takes J* 98x1
    sell L 101x1                    => L rests 101x1
    buy M 101x1                     => M* takes L* 101x1; D goes; D* takes A 200x1
  )");
}

TEST_CASE("trailing with an activation price: follows from the trade that came to it") {
  own_market(R"(
    buy A 90x9                      => A rests 90x9
    sell B 100x1                    => B rests 100x1
    buy C 100x1                     => C* takes B* 100x1
    # a trailing take-profit: from 110 on it locks the gain in
    sell D market 2 take 110 trail 4 ticks => D waits
    # there already: at once
    sell E market 2 take 100 trail 20 ticks => E follows from 100
    sell F 109x1                    => F rests 109x1
    sell G 112x1                    => G rests 112x1
    buy H 109x1                     => H* takes F* 109x1
    buy I 104x1                     => I rests 104x1
    # not begun: a fall to 104 is nothing to it
    sell J 104x1                    => J* takes I* 104x1
    buy K 112x1                     => K* takes G* 112x1; D follows from 112
    buy L 108x1                     => L rests 108x1
    sell M 108x1                    => M* takes L* 108x1; D goes; D* takes A 90x2; E goes; E* takes A 90x2
  )");
}

TEST_CASE("trailing with an activation price: every trade of one taker counts") {
  own_market(R"(
    buy A 90x9                      => A rests 90x9
    sell B 100x1                    => B rests 100x1
    buy C 100x1                     => C* takes B* 100x1
    # a rise to 104 begins it there, 107 is its 3 ticks more
    buy D 120x1 stop 103 trail 3 ticks => D waits
    buy E 120x1 stop 103 trail 4 ticks => E waits
    sell F 102x1                    => F rests 102x1
    sell G 104x1                    => G rests 104x1
    sell H 107x1                    => H rests 107x1
    sell I 110x9                    => I rests 110x9
    buy J 107x3                     => J takes F* 102x1; J takes G* 104x1; J* takes H* 107x1; E follows from 104; D goes; D* takes I 110x1; E goes; E* takes I 110x1
  )");
}

namespace {

/// Trades one lot at each price, between two accounts; what waits is somebody else's.
void trade_at(table& market, std::initializer_list<int> prices) {
  for (const auto price : prices) {
    const auto at = std::to_string(price);
    market.run("sell Y " + at + "x1 by 8 => Y rests " + at + "x1");
    market.run("buy Z " + at + "x1 by 9 => Z* takes Y* " + at + "x1");
  }
}
void go_at(table& market, int price, const std::string& then) {
  const auto at = std::to_string(price);
  market.run("sell Y " + at + "x1 by 8 => Y rests " + at + "x1");
  market.run("buy Z " + at + "x1 by 9 => Z* takes Y* " + at + "x1; " + then);
}

} // namespace

// The five scenarios of Binance's trailing stop page, with its prices in units of 1/2 (43,012.5 is one of them). On one
// point ours differs: an order whose price has come already when it is placed follows at once there and here, but
// there from the next trade, here from the last one.
TEST_CASE("trailing: Binance's scenario A, stop-loss limit to buy") {
  table market(whole_units(market_mode::own));
  trade_at(market, {80'000});
  market.run("buy A 90000x1 stop 88000 trail 5 percent => A waits");
  trade_at(market, {77'000, 74'000, 80'000});
  go_at(market, 88'000, "A follows from 88000");
  trade_at(market, {90'000, 92'000, 88'000, 84'000, 86'000, 88'198});
  go_at(market, 88'200, "A goes; A rests 90000x1");
}

TEST_CASE("trailing: Binance's scenario B, stop-loss limit to sell") {
  table market(whole_units(market_mode::own));
  trade_at(market, {80'000});
  market.run("sell A 76000x1 stop 78000 trail 10 percent => A waits");
  trade_at(market, {83'000, 80'000});
  go_at(market, 78'000, "A follows from 78000");
  trade_at(market, {74'000, 78'000, 82'000, 78'000, 73'802});
  go_at(market, 73'800, "A goes; A rests 76000x1");
}

TEST_CASE("trailing: Binance's scenario C, take-profit limit to buy") {
  table market(whole_units(market_mode::own));
  trade_at(market, {80'000});
  market.run("buy A 77000x1 take 76000 trail 850 bps => A waits");
  trade_at(market, {84'000, 78'000});
  go_at(market, 76'000, "A follows from 76000");
  trade_at(market, {74'000, 78'000, 76'000, 80'288});
  go_at(market, 80'290, "A goes; A rests 77000x1");
}

TEST_CASE("trailing: Binance's scenario D, take-profit limit to sell") {
  table market(whole_units(market_mode::own));
  trade_at(market, {80'000});
  market.run("sell A 82000x1 take 84000 trail 750 bps => A waits");
  trade_at(market, {83'000, 78'000});
  go_at(market, 84'000, "A follows from 84000");
  trade_at(market, {90'000, 88'000, 93'000, 86'026});
  go_at(market, 86'025, "A goes; A rests 82000x1");
}

TEST_CASE("trailing: Binance's scenario E, without a stop price") {
  table market(whole_units(market_mode::own));
  trade_at(market, {80'000});
  market.run("sell A 78000x1 stop trail 700 bps => A follows from 80000");
  trade_at(market, {84'000, 79'000, 91'000, 84'631});
  go_at(market, 84'630, "A goes; A rests 78000x1");
}

TEST_CASE("mirrored market: the feed's prices count, extremes are noted every 100 ms and before "
          "they matter") {
  table session(whole_units(market_mode::mirrored));
  session.run(R"(
    snapshot bid 99x50 ask 110x50   =>
    trade buy 100x1                 =>
    sell A market 1 stop trail 5 ticks => A follows from 100
    sell B market 1 stop trail 9 ticks => B follows from 100
    trade buy 103x1                 => noted 103 to 103
    trade buy 105x1                 =>
    # within 100 ms nothing is noted, unless it makes an order go
    trade sell 101x1                =>
    trade sell 100x1                => noted 100 to 105; A goes; A* takes house 99x1
    trade buy 106x1                 =>
    # what is noted later was before C came
    sell C market 1 stop trail 2 ticks => noted 106 to 106; C follows from 106
    trade buy 107x1                 =>
    at 1                            => noted 107 to 107
    trade sell 98x1                 => C goes; C* takes house 99x1; B goes; B* takes house 99x1
  )");
  CHECK(session.market().machine.wake_at().value == 0);
}

TEST_CASE("triggers sleep while the market is not open") {
  own_market(R"(
    buy A 100x2                     => A rests 100x2
    sell B 100x1                    => B* takes A 100x1
    status post_only                =>
    sell C market 1 stop 99         => C waits
    status cancel_only              =>
    sell D market 1 stop 99         => D rejected market_cancel_only
    cancel C                        => C cancelled
    status halted                   =>
    sell D market 1 stop 99         => D rejected market_halted
  )");
}

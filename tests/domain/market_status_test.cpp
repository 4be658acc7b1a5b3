// What waits, hides or is linked in each status of a market. (Plain orders: order_book_rules_test.cpp; auctions:
// auction_test.cpp.)
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("status post_only: nothing takes; what would take may wait") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    buy X 90x9                      => X rests 90x9
    sell A market 1 stop 95         => A waits
    status post_only                =>
    sell B market 1 stop 95         => B waits
    sell C 94x1 stop 95             => C waits
    oco sell D 105x5 / sell E market 5 stop 95 => D+E linked; E waits; D rests 105x5
    oco sell F 105x5 / sell G 94x5 stop 95 => F+G linked; G waits; F rests 105x5
    sell H 104x9 show 3             => H rests 104x9
    sell I 90x1 min 1               => I rejected market_post_only
    cancel A                        => A cancelled
    cancel F                        => F cancelled; G cancelled linked
  )");
}

TEST_CASE("status cancel_only: whatever waits can be cancelled, with what is linked to it") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    sell A market 1 stop 95         => A waits
    sell B market 1 stop trail 5 ticks => B follows from 100
    oco sell C 105x5 / sell D market 5 stop 95 => C+D linked; D waits; C rests 105x5
    bracket buy E 90x5 / sell F 110x5 => E+F linked; E rests 90x5
    status cancel_only              =>
    sell G market 1 stop 95         => G rejected market_cancel_only
    oco sell H 105x5 / sell I market 5 stop 95 => H rejected market_cancel_only; I rejected market_cancel_only
    cancel A                        => A cancelled
    cancel B                        => B cancelled
    cancel D                        => D cancelled; C cancelled linked
    cancel E                        => E cancelled; F cancelled linked
    book                            => |
  )");
}

TEST_CASE("status halted: nothing moves, dates go on") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    sell A market 1 stop 95         => A waits
    oco sell C 105x5 / sell D market 5 stop 95 => C+D linked; D waits; C rests 105x5
    sell E 106x5 until 10           => E rests 106x5
    status halted                   =>
    sell G market 1 stop 95         => G rejected market_halted
    oco sell H 105x5 / sell I market 5 stop 95 => H rejected market_halted; I rejected market_halted
    cancel A                        => no: market_halted
    cancel D                        => no: market_halted
    at 10                           => E expired
    status open                     =>
    cancel D                        => D cancelled; C cancelled linked
  )");
}

TEST_CASE("status: who waited goes with the first trade after the market has opened") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    buy X 90x9                      => X rests 90x9
    sell A market 1 stop 95         => A waits
    status halted                   =>
    status open                     =>
    sell B 90x1                     => B* takes X 90x1; A goes; A* takes X 90x1
  )");
}

// Orders that end one another, as tables: an action per line and what follows.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("OCO: the first that trades, goes or is cancelled cancels the other") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    buy X 90x50                     => X rests 90x50
    oco sell A 105x5 / sell B market 5 stop 95 => A+B linked; B waits; A rests 105x5
    # a part is enough
    buy C 105x2                     => C* takes A 105x2; B cancelled linked
    cancel A                        => A cancelled
    oco sell A 105x5 / sell B market 5 stop 95 => A+B linked; B waits; A rests 105x5
    sell D 90x1                     => D* takes X 90x1; B goes; A cancelled linked; B* takes X 90x5
    book                            => 90x44 |
    buy Y 100x1                     => Y rests 100x1
    sell Z 100x1                    => Z* takes Y* 100x1
    oco sell A 105x5 / sell B market 5 stop 95 => A+B linked; B waits; A rests 105x5
    amend A 106x5                   => A stays amend_not_allowed
    cancel B                        => B cancelled; A cancelled linked
    book                            => 90x44 |
  )");
}

TEST_CASE("OCO: both may wait, and one that takes at once ends the other") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    oco sell A 104x5 take 105 / sell B 94x5 stop 95 => A+B linked; A waits; B waits
    buy C 106x2                     => C rests 106x2
    # A's price comes, A takes the rest of what made it come; B is gone before its own could
    sell D 106x1                    => D* takes C 106x1; A goes; B cancelled linked; A takes C* 106x1; A rests 104x4
    # taking at once
    buy E 103x9                     => E rests 103x9
    oco sell F 103x2 / sell G market 2 stop 95 => F+G linked; G waits; F* takes E 103x2; G cancelled linked
    book                            => 103x7 | 104x4
  )");
}

TEST_CASE("OCO: one that expires or that the book refuses leaves the other alone") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    buy X 99x9                      => X rests 99x9
    oco sell A 99x5 post / sell B market 5 stop 95 => A+B linked; B waits; A rejected would_take
    cancel B                        => B cancelled
    oco sell A 105x5 / sell B market 5 stop 95 => A+B linked; B waits; A rests 105x5
    # its owner's own order makes A expire
    buy C 105x5 stp expire_maker    => C meets A 105x5; A expired self_trade; C rests 105x5
    cancel C                        => C cancelled
    sell D 95x10                    => D takes X* 99x9; D rests 95x1
    buy E 95x1                      => E* takes D* 95x1; B goes; B expired no_liquidity
  )");
}

TEST_CASE("bracket: exits come when the entry has ended, for what it executed") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    bracket buy A 99x5 / sell B 105x5 / sell C market 5 stop 95 => A+B+C linked; A rests 99x5
    sell D 99x2                     => D* takes A 99x2
    amend A 99x6                    => A stays amend_not_allowed
    sell E 99x3                     => E* takes A* 99x3; exits x5; C waits; B rests 105x5
    buy F 105x5                     => F* takes B* 105x5; C cancelled linked
    book                            => |
    # cancelled in part: the exits protect the part
    buy Y 100x1                     => Y rests 100x1
    sell Z 100x1                    => Z* takes Y* 100x1
    bracket buy A 99x5 / sell B 105x5 / sell C market 5 stop 95 => A+B+C linked; A rests 99x5
    sell D 99x2                     => D* takes A 99x2
    cancel A                        => A cancelled; exits x2; C waits; B rests 105x2
    buy G 95x9                      => G rests 95x9
    sell H 95x1                     => H* takes G 95x1; C goes; B cancelled linked; C* takes G 95x2
    # cancelled without a fill: nothing to protect
    bracket buy A 90x5 / sell B 105x5 => A+B linked; A rests 90x5
    cancel A                        => A cancelled; B cancelled linked
    # a pending exit cancelled: all of it ends
    bracket buy A 90x5 / sell B 105x5 => A+B linked; A rests 90x5
    cancel B                        => B cancelled; A cancelled linked
  )");
}

TEST_CASE("bracket: an exit whose price has come already goes at once") {
  own_market(R"(
    buy X 90x50                     => X rests 90x50
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    sell W 100x5                    => W rests 100x5
    bracket buy A market 5 / sell B 110x5 / sell C market 5 stop 101 => A+B+C linked; A* takes W* 100x5; exits x5; C waits; B rests 110x5; C goes; B cancelled linked; C* takes X 90x5
  )");
}

TEST_CASE("bracket: fees come off what is bought, and the exit is for whole lots of the rest") {
  auto spec = whole_units(market_mode::own);
  table market(spec);
  // One percent in the asset received: 500 lots bring 495.
  auto& at = market.market();
  const auto order = [](std::uint64_t id, side way, std::int64_t price, std::int64_t size) {
    submit_order one;
    one.id = {id};
    one.account = {1};
    one.owner = {1};
    one.way = way;
    one.price = {price};
    one.size = {size};
    one.taker_fee = one.maker_fee = {10'000};
    return one;
  };
  at.run(order(1, side::sell, 100, 500));
  submit_list list;
  list.list = {2};
  list.account = {1};
  list.has_entry = true;
  list.orders = {order(2, side::buy, 100, 500), order(3, side::sell, 110, 500)};
  const auto answer = at.run(list);
  REQUIRE(std::holds_alternative<orders_view>(answer));
  CHECK(std::get<orders_view>(answer).orders[0].status == order_status::filled);
  CHECK(at.machine.book().open(at.machine.book().find({3})).value == 495);
  // An entry that sells: what it brings buys at the dearest exit's limit. 500 x 110 less 1 % = 54,450.
  at.run(order(4, side::buy, 110, 495));
  at.run(order(5, side::buy, 110, 500));
  list.list = {6};
  list.orders = {order(6, side::sell, 110, 500), order(7, side::buy, 100, 500),
                 order(8, side::buy, 125, 500)};
  list.orders[2].rules.emplace().trigger = {trigger_kind::stop, {120}, {}, {}};
  at.run(list);
  CHECK(at.machine.book().open(at.machine.book().find({7})).value == 54'450 / 125);
  at.check_replay();
}

TEST_CASE("bracket: an entry that trades in an auction has its exits once the market is open") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    status auction 60               => auction until 60
    bracket buy A 100x5 / sell B 99x5 / sell C market 5 stop 95 => A+B+C linked; A rests 100x5
    buy D 99x2                      => D rests 99x2
    sell E 100x5                    => E rests 100x5
    at 61                           => uncrosses 100x5; E* takes A* 100x5; opens; exits x5; C waits; B takes D* 99x2; B rests 99x3; C cancelled linked
    book                            => | 99x3
  )");
}

TEST_CASE("lists: orders that do not go together are refused, all of them") {
  own_market(R"(
    sell Y 100x1                    => Y rests 100x1
    buy Z 100x1                     => Z* takes Y* 100x1
    # both in the book: one taker could reach both
    oco sell A 105x5 / sell B 106x5 => A rejected list_invalid; B rejected list_invalid
    oco sell A 105x5 / buy B market 5 stop 106 => A rejected list_invalid; B rejected list_invalid
    oco sell A 105x5 / sell B market 4 stop 95 => A rejected list_invalid; B rejected list_invalid
    oco sell A 105x5                => A rejected list_invalid
    bracket buy A 99x5 / buy B 105x5 => A rejected list_invalid; B rejected list_invalid
    bracket buy A 99x5 / sell B market 5 => A rejected list_invalid; B rejected list_invalid
    oco sell A 105x5 / sell B market 5 stop 101 => A rejected would_trigger; B rejected would_trigger
    sell A 105x5                    => A rests 105x5
    oco sell A 105x5 / sell B market 5 stop 95 => B rejected already_exists
    book                            => | 105x5
  )");
}

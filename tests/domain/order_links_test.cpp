// Orders that end one another, as tables: an action per line and what follows.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

constexpr account_id one_account{1};

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

// The exits are armed, and a price that has come already counts once the market is open.
TEST_CASE(
  "bracket: an exit whose price has come while nothing trades waits until the market is open") {
  const auto halting = [] {
    auto spec = whole_units(market_mode::own);
    spec.halt_move = {100'000};
    spec.halt_window_seconds = 60;
    spec.halt_seconds = 30;
    return spec;
  };
  SUBCASE("its entry's last trade halts the market") {
    table(halting()).run(R"(
      sell Y 100x1                  => Y rests 100x1
      buy Z 100x1                   => Z* takes Y* 100x1
      bracket buy A 99x5 / sell B 108x5 / sell C market 5 stop 95 => A+B+C linked; A rests 99x5
      buy X 91x5 by 2               => X rests 91x5
      buy W 89x5 by 2               => W rests 89x5
      sell D 85x12 by 3             => D takes A* 99x5; D takes X* 91x5; D rests 85x2; halts until 30; exits x5; C waits; B rests 108x5
      cancel D by 3                 => D cancelled
      at 31                         => opens; C goes; B cancelled linked; C* takes W* 89x5
      book                          => |
    )");
  }
  SUBCASE("the auction's price decides, where it trades") {
    table(halting()).run(R"(
      sell Y 100x1                  => Y rests 100x1
      buy Z 100x1                   => Z* takes Y* 100x1
      bracket buy A 99x5 / sell B 108x5 / sell C market 5 stop 95 => A+B+C linked; A rests 99x5
      buy X 91x5 by 2               => X rests 91x5
      buy W 89x5 by 2               => W rests 89x5
      sell D 85x12 by 3             => D takes A* 99x5; D takes X* 91x5; D rests 85x2; halts until 30; exits x5; C waits; B rests 108x5
      buy E 97x3 by 4               => E rests 97x3
      sell F 97x1 by 3              => F rests 97x1
      at 31                         => uncrosses 97x3; E takes D* 97x2; F* takes E* 97x1; opens
      # and then the next one that trades
      sell G 89x1 by 3              => G* takes W 89x1; C goes; B cancelled linked; C takes W* 89x4; C expired no_liquidity
    )");
  }
  // An entry that ends by its owner or its date while nothing trades. 101 has come already.
  for (const std::string status : {"post_only", "cancel_only", "halted"}) {
    CAPTURE(status);
    table market(whole_units(market_mode::own));
    market.run(R"(
      sell Y 100x1                  => Y rests 100x1
      buy Z 100x1                   => Z* takes Y* 100x1
      bracket buy A 100x5 until 10 / sell B 110x5 / sell C market 5 stop 101 => A+B+C linked; A rests 100x5
      sell D 100x3 by 2             => D* takes A 100x3
      buy E 97x4 by 2               => E rests 97x4
    )");
    market.run("status " + status + " =>");
    const std::string ends = status == "halted" ? "at 10 => A expired" : "cancel A => A cancelled";
    market.run(ends + "; exits x3; C waits; B rests 110x3");
    market.run(R"(
      status open                   => C goes; B cancelled linked; C* takes E 97x3
      book                          => 97x1 |
    )");
  }
}

TEST_CASE("triggers: who waited for the price that is the last when the market opens goes then") {
  table(whole_units(market_mode::mirrored)).run(R"(
    snapshot bid 99x5 ask 101x5     =>
    trade buy 100x1                 =>
    sell A market 2 stop 95         => A waits
    sell B market 2 stop 90         => B waits
    status halted                   =>
    depth bid 99x0 bid 94x5         =>
    trade sell 94x1                 =>
    status open                     => A goes; A* takes house 94x2
    status halted                   =>
    status open                     =>
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

// One unit a tick and lot, as in a market of two dear coins: a fee is rounded up to the whole of it.
TEST_CASE("bracket: where fees eat all that an entry brings, its exits are cancelled") {
  auto spec = whole_units(market_mode::own);
  spec.tick_size = {1};
  for (const bool limit_too : {false, true}) {
    CAPTURE(limit_too);
    table market(spec);
    market.run(R"(
      sell Y 1x1 by 2               => Y rests 1x1
      buy Z 1x1 by 2                => Z* takes Y* 1x1
      buy X 1x1 by 2                => X rests 1x1
      sell W 3x9 by 3               => W rests 3x9
    )");
    auto& at = market.market();
    const auto order = [](std::uint64_t id, side way, std::int64_t price) {
      submit_order one;
      one.id = {id};
      one.account = one_account;
      one.owner = {1};
      one.way = way;
      one.price = {price};
      one.size = {1};
      one.taker_fee = one.maker_fee = {1'000};
      return one;
    };
    submit_list list;
    list.list = {1};
    list.account = one_account;
    list.has_entry = true;
    list.orders = {order(1, side::sell, 1), order(2, side::buy, 0)};
    list.orders[1].type = order_type::market;
    list.orders[1].tif = time_in_force::ioc;
    list.orders[1].spend_max = {5};
    list.orders[1].rules.emplace().trigger = {trigger_kind::stop, {1}, {}, {}};
    if (limit_too) list.orders.push_back(order(3, side::buy, 1));
    REQUIRE(std::holds_alternative<orders_view>(at.run(list)));
    std::size_t cancelled = 0, trades = 0;
    for (const auto& event : at.last()) {
      if (const auto* closed = std::get_if<order_closed>(&event)) {
        CHECK(closed->status == order_status::cancelled);
        CHECK(closed->reason == reject_reason::linked);
        ++cancelled;
      }
      trades += std::holds_alternative<trade_executed>(event);
    }
    CHECK(cancelled == list.orders.size() - 1);
    CHECK(trades == 1); // the entry's
    market.run("book => | 3x9");
  }
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

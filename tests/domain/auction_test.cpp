// Price bands, the volatility halt and the call auction: an action per line, and its outcome.
#include "domain/bytes.hpp"
#include "tests/domain/market_fixture.hpp"

namespace rialto::testing {

namespace {

instrument with_band(std::int64_t percent) {
  auto spec = whole_units(market_mode::own);
  spec.band = {percent * 10'000};
  return spec;
}

instrument with_halt(std::int64_t percent) {
  auto spec = whole_units(market_mode::own);
  spec.halt_move = {percent * 10'000};
  spec.halt_window_seconds = 60;
  spec.halt_seconds = 30;
  return spec;
}

} // namespace

TEST_CASE("price band: limits further from the last price are rejected, takers stop there") {
  table session(with_band(10));
  session.run(R"(
    # No trade yet: no band.
    sell A 500x1 by 2               => A rests 500x1
    cancel A by 2                   => A cancelled
    sell B 100x5 by 2               => B rests 100x5
    buy C 100x1                     => C* takes B 100x1
    # From 90 to 110 both ends are within, for both sides.
    buy D 110x1                     => D* takes B 100x1
  )");
  // 110 was a limit, 100 the price: the reference is still 100.
  session.run(R"(
    buy E 111x1                     => E rejected price_outside_band
    buy F 89x1                      => F rejected price_outside_band
    sell G 89x1 by 2                => G rejected price_outside_band
    sell H 110x2 by 2               => H rests 110x2
    buy I 90x4                      => I rests 90x4
    amend I 89x4                    => I stays price_outside_band
    amend I 111x4                   => I stays price_outside_band
    amend I 90x3                    => I keeps 90x3
    amend H 111x2 by 2              => H stays price_outside_band
    buy J market 4                  => J takes B* 100x3; J* takes H 110x1
    # The reference is 110: 99 to 121. I is outside, and stays.
    amend I 90x2                    => I keeps 90x2
    sell K market 1 by 2            => K expired price_outside_band
    book                            => 90x2 | 110x1
  )");
}

TEST_CASE("price band: one order is judged by the price before it") {
  table session(with_band(10));
  session.run(R"(
    sell A 100x1 by 2               => A rests 100x1
    sell B 105x1 by 2               => B rests 105x1
    sell C 110x1 by 2               => C rests 110x1
    sell D 115x1 by 2               => D rests 115x1
    buy E 100x1                     => E* takes A* 100x1
    buy F market 5                  => F takes B* 105x1; F takes C* 110x1; F expired price_outside_band
    buy G market 1 fok              => G* takes D* 115x1
  )");
}

TEST_CASE("price band: a mirrored market's reference is its tape") {
  auto spec = with_band(10);
  spec.mode = market_mode::mirrored;
  table session(spec);
  session.run(R"(
    snapshot bid 99x5 ask 101x5     =>
    buy A 50x1                      => A rests 50x1
    trade buy 100x1                 =>
    buy B 89x1                      => B rejected price_outside_band
    buy C 101x1                     => C* takes house 101x1
    depth ask 120x5                 =>
    buy D market 20                 => D takes house 101x4; D expired price_outside_band
  )");
}

TEST_CASE("volatility halt: a trade beyond the move is not made, an auction starts") {
  table session(with_halt(10));
  session.run(R"(
    sell A 100x2 by 2               => A rests 100x2
    sell B 110x2 by 2               => B rests 110x2
    sell C 111x2 by 2               => C rests 111x2
    buy D 100x1                     => D* takes A 100x1
    buy E 111x4                     => E takes A* 100x1; E takes B* 110x2; E rests 111x1; halts until 30
    auction                         => 111x1 left -1
    # Nothing trades, what would take is refused, the book is crossed.
    sell F 90x5 by 2                => F rests 90x5
    buy G market 1                  => G rejected market_auction
    buy H 100x1 ioc                 => H rejected market_auction
    buy I 100x1 fok                 => I rejected market_auction
    buy J 100x1 post                => J rejected market_auction
    buy K 100x5 min 2               => K rejected market_auction
    book                            => 111x1 | 90x5 111x2
    # 90 to 111 would do, the last price 110 is nearest.
    auction                         => 110x1 left -4
    amend F 95x3 by 2               => F moves 95x3
    buy L 95x1 until 20             => L rests 95x1
    at 20                           => L expired
    auction                         => 110x1 left -2
    at 31                           => uncrosses 110x1; F takes E* 110x1; opens
    book                            => | 95x2 111x2
    auction                         => none
  )");
}

TEST_CASE("volatility halt: what may not rest expires") {
  table session(with_halt(10));
  session.run(R"(
    sell A 100x1 by 2               => A rests 100x1
    sell B 111x2 by 2               => B rests 111x2
    buy C 100x1                     => C* takes A* 100x1
    buy D market 1                  => D expired market_auction; halts until 30
    status open                     => opens
    buy E 120x1 ioc                 => E expired market_auction; halts until 30
    status open                     => opens
    # FOK counts what is within: it does not halt.
    buy F 120x1 fok                 => F expired fok_unfillable
    # Amended into it.
    buy G 90x1                      => G rests 90x1
    amend G 111x1                   => G moves 111x1; halts until 30
    status open                     => uncrosses 111x1; G* takes B 111x1; opens
    # The window begins with the auction's price: 99.9 to 122.1.
    buy H 111x1                     => H* takes B* 111x1
  )");
}

TEST_CASE("volatility halt: a window's price is the last one before it") {
  table session(with_halt(10));
  session.run(R"(
    sell A 100x1 by 2               => A rests 100x1
    buy B 100x1                     => B* takes A* 100x1
    sell C 109x2 by 2               => C rests 109x2
    buy D 109x1                     => D* takes C 109x1
    sell E 115x1 by 2               => E rests 115x1
    # 15 % from 100, where the minute began; it is 6 % from 109.
    buy F 115x2                     => F takes C* 109x1; F rests 115x1; halts until 30
    status open                     => uncrosses 115x1; F* takes E* 115x1; opens
    # A minute later the next one begins at the last price.
    sell G 120x1 by 2               => G rests 120x1
    at 61                           =>
    buy H 120x1                     => H* takes G* 120x1
    sell I 127x1 by 2               => I rests 127x1
    buy J 127x1                     => J rests 127x1; halts until 91
  )");
}

TEST_CASE(
  "auction: price of greatest volume, then imbalance, then the last price, then the lower") {
  SUBCASE("greatest volume") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      buy A 103x2                   => A rests 103x2
      buy B 102x3                   => B rests 102x3
      buy C 100x5                   => C rests 100x5
      sell D 99x1 by 2              => D rests 99x1
      sell E 100x4 by 2             => E rests 100x4
      sell F 102x4 by 2             => F rests 102x4
      # 99: 1, 100: 5 of 10 and 5, 101: 5 of 5 and 5, 102: 5 of 5 and 9.
      auction                       => 101x5 left 0
      status open                   => uncrosses 101x5; D* takes A 101x1; E takes A* 101x1; E* takes B* 101x3; opens
      book                          => 100x5 | 102x4
    )");
  }
  SUBCASE("nearest to the last price") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      sell A 100x1 by 2             => A rests 100x1
      buy B 100x1                   => B* takes A* 100x1
      status auction 60             => auction until 60
      buy C 105x1                   => C rests 105x1
      sell D 95x1 by 2              => D rests 95x1
      auction                       => 100x1 left 0
      sell E 98x3 by 2              => E rests 98x3
      buy F 102x3                   => F rests 102x3
      auction                       => 100x4 left 0
    )");
  }
  SUBCASE("the lower where there is no last price") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      auction                       => nothing
      buy C 105x1                   => C rests 105x1
      sell D 95x1 by 2              => D rests 95x1
      auction                       => 95x1 left 0
    )");
  }
}

TEST_CASE("auction: icebergs count whole and queue again slice by slice") {
  table session(whole_units(market_mode::own));
  session.run(R"(
    status auction 60               => auction until 60
    sell A 100x5 show 2 by 2        => A rests 100x5
    sell B 100x2 by 3               => B rests 100x2
    buy C 100x6                     => C rests 100x6
    auction                         => 100x6 left -1
    status open                     => uncrosses 100x6; C takes A 100x2; C takes B* 100x2; C* takes A 100x2; opens
    book                            => | 100x1
  )");
}

TEST_CASE("auction: an owner does not trade with itself, the rest is uncrossed anew") {
  SUBCASE("expire_taker: the younger") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      sell A 100x2 by 1             => A rests 100x2
      buy B 100x2 by 1 stp expire_taker => B rests 100x2
      buy C 100x1 by 2              => C rests 100x1
      status open                   => uncrosses 100x2; B meets A 100x2; B expired self_trade; C* takes A 100x1; opens
    )");
  }
  SUBCASE("expire_maker: the older") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      sell A 100x2 by 1             => A rests 100x2
      sell D 103x1 by 2             => D rests 103x1
      buy E 103x2 by 1 stp expire_maker => E rests 103x2
      status open                   => uncrosses 100x2; E meets A 100x2; A expired self_trade; uncrosses 103x1; E takes D* 103x1; opens
      book                          => 103x1 |
    )");
  }
  SUBCASE("expire_both: both, and those behind them trade") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      sell A 100x2 by 1             => A rests 100x2
      buy B 100x2 by 1 stp expire_both => B rests 100x2
      buy C 100x1 by 2              => C rests 100x1
      sell D 100x1 by 3             => D rests 100x1
      auction                       => 100x3 left 0
      status open                   => uncrosses 100x3; B meets A 100x2; A expired self_trade; B expired self_trade; D* takes C* 100x1; opens
      book                          => |
      # The older one's mode does not count.
      status auction 60             => auction until 60
      sell E 100x1 by 1 stp expire_both => E rests 100x1
      buy F 100x1 by 1              => F rests 100x1
      status open                   => uncrosses 100x1; F* takes E* 100x1; opens
      # One that has traded a part before ends too.
      status auction 60             => auction until 60
      sell G 100x2 by 1             => G rests 100x2
      sell H 104x1 by 2             => H rests 104x1
      buy I 103x2 by 1 stp expire_both => I rests 103x2
      buy J 105x1 by 3              => J rests 105x1
      status open                   => uncrosses 100x2; J* takes G 100x1; I meets G 100x1; G expired self_trade; I expired self_trade; opens
      book                          => | 104x1
    )");
  }
  SUBCASE("decrement, both, and the younger one's mode counts") {
    table session(whole_units(market_mode::own));
    session.run(R"(
      status auction 60             => auction until 60
      sell A 100x2 by 1 stp expire_both => A rests 100x2
      buy B 100x3 by 1 stp decrement => B rests 100x3
      status open                   => uncrosses 100x2; B meets A 100x2; A expired self_trade; opens
      book                          => 100x1 |
      status auction 60             => auction until 60
      sell C 100x1 by 1             => C rests 100x1
      status open                   => uncrosses 100x1; C* takes B* 100x1; opens
    )");
  }
}

// Of one unit a tick and lot: what a seller gets above its limit is more than was checked when it was placed.
TEST_CASE("auction: who has sold for so much that its rest would be no amount with it expires") {
  auto spec = whole_units(market_mode::own);
  spec.tick_size = {units_per_whole};
  spec.lot_size = {1};
  spec.quantity_max = {10'000'000'000};
  table session(spec);
  session.run(R"(
    sell A 1150000000x1 by 2        => A rests 1150000000x1
    buy B 1150000000x1 by 2         => B* takes A* 1150000000x1
    status auction 60               => auction until 60
    sell C 400000000x9000000000     => C rests 400000000x9000000000
    buy D 1150000000x4000000000 by 2 => D rests 1150000000x4000000000
    buy E 1150000000x4000000000 by 3 => E rests 1150000000x4000000000
    status open                     => uncrosses 1150000000x8000000000; D* takes C 1150000000x4000000000; E* takes C 1150000000x4000000000; C expired notional_too_large; opens
    buy F 400000000x1000000000 by 2 => F rests 400000000x1000000000
    # A rest that fits stays and trades on.
    cancel F by 2                   => F cancelled
    status auction 60               => auction until 60
    sell G 400000000x8000000001     => G rests 400000000x8000000001
    buy H 1150000000x4000000000 by 2 => H rests 1150000000x4000000000
    buy I 1150000000x4000000000 by 3 => I rests 1150000000x4000000000
    status open                     => uncrosses 1150000000x8000000000; H* takes G 1150000000x4000000000; I* takes G 1150000000x4000000000; opens
    buy J 400000000x1 by 2          => J* takes G* 400000000x1
  )");
}

TEST_CASE("auction: statuses and times") {
  table session(whole_units(market_mode::own));
  session.run(R"(
    status halted                   =>
    status auction 60               => auction until 60
    status halted                   => no: auction_running
    status cancel_only              => no: auction_running
    status auction 90               => auction until 90
    buy A 100x1                     => A rests 100x1
    sell B 100x1 by 2 until 90      => B rests 100x1
    cancel A                        => A cancelled
    buy C 100x2                     => C rests 100x2
    at 60                           =>
    auction                         => 100x1 left 1
    # What ends at the same instant has ended before.
    at 91                           => B expired; opens
    status open                     =>
    sell D 100x1 by 2               => D* takes C 100x1
  )");
  auto& it = session.market();
  CHECK(it.machine.wake_at().value == 0);
}

TEST_CASE("auction: orders that waited for its price go when it ends, after a halt they join it") {
  table session(with_halt(10));
  session.run(R"(
    sell A 100x1 by 2               => A rests 100x1
    buy B 100x1                     => B* takes A* 100x1
    buy C market 1 stop 105 by 3    => C waits
    status auction 60               => auction until 60
    sell D 106x1 by 2               => D rests 106x1
    sell E 107x2 by 2               => E rests 107x2
    buy F 106x1                     => F rests 106x1
    status open                     => uncrosses 106x1; F* takes D* 106x1; opens; C goes; C* takes E 107x1
    # G's going halts the market (from 106: 95 to 116); H, due with it, may not rest, I may.
    sell J 117x1 by 2               => J rests 117x1
    buy G market 2 stop 108 by 3    => G waits
    buy H market 1 stop 108 by 3    => H waits
    buy I 118x1 stop 108 by 3       => I waits
    sell K 108x1 by 2               => K rests 108x1
    buy L 108x2                     => L takes E* 107x1; L* takes K* 108x1; G goes; G expired market_auction; halts until 30; H goes; H expired market_auction; I goes; I rests 118x1
    status open                     => uncrosses 117x1; J* takes I* 117x1; opens
  )");
}

TEST_CASE("auction: a mirrored market refuses it, and a halt's move") {
  auto spec = whole_units(market_mode::mirrored);
  table session(spec);
  session.run("status auction => no: reason 22\n status halted =>\n status open =>");
  spec.halt_move = {1'000};
  CHECK(check(spec) == "halt_move: must be 0 in a mirrored market");
  spec.mode = market_mode::own;
  CHECK(check(spec).empty());
  spec.halt_seconds = 0;
  CHECK(check(spec) == "halt_seconds: between 1 and 86400");
}

TEST_CASE("auction: its end survives a snapshot and a replay, crossed book and window included") {
  table session(with_halt(10));
  session.run(R"(
    sell A 100x1 by 2               => A rests 100x1
    buy B 100x1                     => B* takes A* 100x1
    sell C 111x2 by 2               => C rests 111x2
    buy D 115x5                     => D rests 115x5; halts until 30
    sell E 90x4 by 2 show 2         => E rests 90x4
  )");
  auto& live = session.market();
  const auto copy_of = [](const market& from) {
    std::string bytes;
    byte_writer out(bytes);
    from.encode(out);
    market copy(entity_id{market_id{7}});
    byte_reader in(bytes);
    copy.decode(in);
    CHECK(!in.failed());
    return copy;
  };
  auto restored = copy_of(live.machine);
  market replayed(entity_id{market_id{7}});
  std::vector<addressed_message> posts;
  for (std::size_t i = 0; i < live.events.size(); ++i)
    replayed.apply(live.events[i], live.times[i], posts);
  for (auto* one : {&restored, &replayed}) {
    CHECK(one->state_hash() == live.machine.state_hash());
    CHECK(one->wake_at() == live.machine.wake_at());
    one->check_invariants();
  }
  const auto from = live.events.size();
  live.wake(live.machine.wake_at());
  for (auto i = from; i < live.events.size(); ++i)
    replayed.apply(live.events[i], live.times[i], posts);
  CHECK(replayed.state_hash() == live.machine.state_hash());
  std::vector<market_event> events;
  restored.wake(live.now, events, posts);
  const auto book_of = [](const market& of) { // its trade ids are others after a restart
    std::string bytes;
    byte_writer out(bytes);
    of.book().encode(out);
    return bytes;
  };
  CHECK(book_of(restored) == book_of(live.machine));
}

} // namespace rialto::testing

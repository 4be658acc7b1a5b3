// Icebergs, minimum quantities and good-till-date orders, as tables: an action per line and what follows.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

void own_market(const std::string& text) {
  table(whole_units(market_mode::own)).run(text);
}

} // namespace

TEST_CASE("iceberg: shows a slice, refills it at the end of the queue") {
  own_market(R"(
    sell A 100x10 show 3            => A rests 100x10
    sell B 100x2                    => B rests 100x2
    book                            => | 100x5
    buy C 100x1                     => C* takes A 100x1
    book                            => | 100x4
    # the slice is gone: the next one stands behind B
    buy D 100x2                     => D* takes A 100x2
    book                            => | 100x5
    buy E 100x3                     => E takes B* 100x2; E* takes A 100x1
    # one taker may eat slice after slice
    buy F 100x5                     => F takes A 100x2; F* takes A 100x3
    book                            => | 100x1
    buy G 100x9                     => G takes A* 100x1; G rests 100x8
  )");
}

TEST_CASE("iceberg: what is not shown counts for those who must fill at once") {
  own_market(R"(
    sell A 100x10 show 1            => A rests 100x10
    buy B 100x11 fok                => B expired fok_unfillable
    buy C 100x4 fok                 => C takes A 100x1; C takes A 100x1; C takes A 100x1; C* takes A 100x1
    book                            => | 100x1
  )");
}

TEST_CASE("iceberg: takes as any order before it rests, and gives up its reserve first") {
  own_market(R"(
    buy A 100x4                     => A rests 100x4
    sell B 100x10 show 2            => B takes A* 100x4; B rests 100x6
    book                            => | 100x2
    sell C 100x1                    => C rests 100x1
    # smaller: its place is kept while a slice is left
    amend B 100x7                   => B keeps 100x3
    book                            => | 100x3
    amend B 100x5                   => B keeps 100x1
    book                            => | 100x2
    buy D 100x1                     => D* takes B* 100x1
    sell E 100x6 show 2             => E rests 100x6
    # larger, or another price: it queues again
    amend E 101x8                   => E moves 101x8
    book                            => | 100x1 101x2
    cancel E                        => E cancelled
    book                            => | 100x1
  )");
}

TEST_CASE("iceberg: self-trade prevention reduces the slice it met") {
  own_market(R"(
    sell A 100x5 show 2             => A rests 100x5
    buy B 100x3 stp decrement       => B meets A 100x2; B meets A 100x1; B expired self_trade
    book                            => | 100x1
    buy C 100x4 by 2                => C takes A 100x1; C takes A* 100x1; C rests 100x2
  )");
}

TEST_CASE("iceberg: a mirrored market goes through all of it") {
  table(whole_units(market_mode::mirrored)).run(R"(
    snapshot bid 90x5 ask 110x5     =>
    sell A 100x5 show 2             => A rests 100x5
    # a trade at its price takes at most its size
    trade buy 100x3                 => house takes A 100x2; house takes A 100x1
    book                            => 90x5 | 100x1 110x5
    # one beyond it took all of it
    trade buy 101x1                 => house takes A 100x1; house takes A* 100x1
    sell B 100x5 show 2             => B rests 100x5
    depth bid 100x4                 => house takes B 100x2; house takes B 100x2
    book                            => 90x5 | 100x1 110x5
  )");
}

TEST_CASE("minimum quantity: at least so much at once, or nothing") {
  own_market(R"(
    sell A 100x3                    => A rests 100x3
    buy B 100x9 min 4               => B expired min_quantity_unfillable
    buy C 100x9 min 3               => C takes A* 100x3; C rests 100x6
    sell D 101x5                    => D rests 101x5
    buy E 101x9 min 5 ioc           => E takes D* 101x5; E expired
    sell F market 7 min 7           => F expired min_quantity_unfillable
    sell F market 7 min 6           => F takes C* 100x6; F expired no_liquidity
  )");
}

TEST_CASE("good till date: rests until its time, then expires") {
  own_market(R"(
    sell A 100x3 until 10           => A rests 100x3
    sell B 100x3 until 5            => B rests 100x3
    sell C 100x3 until 5            => C rests 100x3
    at 4                            =>
    at 5                            => B expired; C expired
    buy D 100x1                     => D* takes A 100x1
    book                            => | 100x2
    # nothing trades after its time, though the market was not woken
    at 12                           => A expired
    sell E 100x3 until 12           => E expired
    sell F 100x1 until 13           => F rests 100x1
    cancel F                        => F cancelled
    at 20                           =>
  )");
}

TEST_CASE("good till date: an order that arrives after another's time never meets it") {
  table session(whole_units(market_mode::own));
  session.run("sell A 100x3 until 10 => A rests 100x3");
  CHECK(session.market().machine.wake_at().value ==
        testing::market_under_test::start.value + 10'000'000'000);
  session.market().now.value += 11'000'000'000;
  session.run("buy B 100x1 => A expired; B rests 100x1");
  CHECK(session.market().machine.wake_at().value == 0);
}

TEST_CASE("order rules: those that do not fit are refused") {
  own_market(R"(
    buy A 100x5 show 6              => A rejected display_invalid
    buy A 100x5 show 2 ioc          => A rejected display_invalid
    buy A market 5 show 2           => A rejected display_invalid
    buy A 100x5 min 6               => A rejected min_quantity_invalid
    buy A 100x5 min 2 post          => A rejected min_quantity_invalid
    buy A market quote 50 min 2     => A rejected min_quantity_invalid
    buy A market 5 until 9          => A rejected expiry_invalid
    buy A 100x5 until 0             => A expired
  )");
}

TEST_CASE("order rules: a snapshot and a replay know them") {
  table session(whole_units(market_mode::own));
  session.run(R"(
    sell A 100x10 show 3 stp decrement  => A rests 100x10
    sell B 100x4 show 2 until 30        => B rests 100x4
    buy C 100x4 by 2                    => C takes A 100x3; C* takes B 100x1
    buy D 100x1 stp decrement           => D meets B 100x1; D expired self_trade
  )");
  auto& live = session.market();
  market replayed(entity_id{market_id{7}});
  std::vector<addressed_message> posts;
  for (std::size_t i = 0; i < live.events.size(); ++i)
    replayed.apply(live.events[i], live.times[i], posts);
  replayed.check_invariants();
  CHECK(replayed.state_hash() == live.machine.state_hash());
  std::string bytes;
  byte_writer out(bytes);
  live.machine.encode(out);
  market restored(entity_id{market_id{7}});
  byte_reader in(bytes);
  restored.decode(in);
  REQUIRE(in.done());
  restored.check_invariants();
  CHECK(restored.state_hash() == live.machine.state_hash());
  CHECK(restored.wake_at() == live.machine.wake_at());
  live.machine = std::move(restored);
  session.run(R"(
    book                                => | 100x5
    buy E 100x5 by 2                    => E takes A 100x3; E* takes B* 100x2
  )");
}

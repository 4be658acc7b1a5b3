// The market's public face and its numbers.
#include "tests/domain/market_fixture.hpp"

using namespace rialto;
using rialto::testing::market_under_test;
using rialto::testing::table;
using rialto::testing::whole_units;

namespace {

market restarted(const market_under_test& from) {
  market next(entity_id{market_id{7}});
  std::vector<addressed_message> posts;
  for (std::size_t i = 0; i < from.events.size(); ++i)
    next.apply(from.events[i], from.times[i], posts);
  return next;
}

market_publication published(market& by) {
  std::vector<publication> out;
  by.publish({1}, out);
  return out.empty() ? market_publication{} : std::get<market_publication>(out.front());
}

std::vector<level_change> levels(std::initializer_list<level_change> all) {
  return all;
}

} // namespace

TEST_CASE("publication: first the whole book, then what changed, numbered without gap") {
  table text{whole_units(market_mode::mirrored)};
  auto& it = text.market();
  text.run("snapshot bid 99x5 ask 101x5 => ");
  const auto first = it.published();
  CHECK(first.is_snapshot);
  CHECK(first.market == market_id{7});
  CHECK(first.spec->symbol == "AAABBB");
  CHECK(first.levels == levels({{side::buy, {99}, {5}}, {side::sell, {101}, {5}}}));
  CHECK(first.first_update == 1);
  CHECK(first.last_update == 1);

  text.run("buy A 99x2   => A rests 99x2\n"
           "buy B 101x1  => B* takes house 101x1\n"
           "sell C 103x1 => C rests 103x1\n"
           "cancel C     => C cancelled\n");
  const auto next = it.published();
  CHECK_FALSE(next.is_snapshot);
  CHECK_FALSE(next.spec);
  CHECK(next.first_update == 2);
  CHECK(next.last_update == 2);
  CHECK(next.levels ==
        levels({{side::buy, {99}, {7}}, {side::sell, {101}, {4}}, {side::sell, {103}, {0}}}));
  REQUIRE(next.trades.size() == 1);
  CHECK(next.trades[0].price == price_ticks{101});
  CHECK_FALSE(next.trades[0].buyer_is_maker);

  CHECK(it.published().last_update == 0); // nothing happened
  auto spec = it.machine.spec();
  spec.notional_min = {5};
  it.run(change_instrument{spec});
  const auto changed = it.published();
  CHECK(changed.spec->notional_min == amount_units{5});
  CHECK(changed.last_update == 0); // no level changed: no number taken
  CHECK(it.view().last_update == 2);
}

TEST_CASE("publication: the tape prints a quantity once") {
  table text{whole_units(market_mode::mirrored)};
  auto& it = text.market();
  text.run("snapshot bid 99x2 ask 101x5 =>\n"
           "buy A 99x2      => A rests 99x2\n"
           "trade sell 99x3 => house takes A 99x1\n");
  auto tape = it.published().trades;
  REQUIRE(tape.size() == 1); // the feed's line: A's fill is part of it
  CHECK(tape[0].size == quantity_lots{3});
  CHECK(tape[0].buyer_is_maker);
  CHECK(tape[0].at == it.now);
  CHECK(it.view().last_price == price_ticks{99});
  // A fill that no line of the feed tells is printed.
  text.run("depth ask 98x1 => house takes A* 99x1");
  tape = it.published().trades;
  REQUIRE(tape.size() == 1);
  CHECK(tape[0].size == quantity_lots{1});
  // Own and feed trades are one rising sequence.
  mirror_trade feed{{100}, {4}, false, {123}};
  it.run(feed);
  const auto line = it.published().trades;
  REQUIRE(line.size() == 1);
  CHECK(line[0].trade > tape[0].trade);
  CHECK(line[0].at == timestamp_ns{123});
}

TEST_CASE(
  "publication: after a restart numbers go on above the bound, and the first is a snapshot") {
  market_under_test it(whole_units(market_mode::mirrored));
  it.run(mirror_depth{{{side::buy, {99}, {5}}}, true});
  it.run(mirror_trade{{99}, {1}, true, {}});
  submit_order order;
  order.id = {1};
  order.account = {1};
  order.price = {98};
  order.size = {3};
  it.run(order);
  const auto before = it.published();
  CHECK(before.trades.at(0).trade == trade_id{1});

  auto next = restarted(it);
  CHECK(published(next).market == market_id{}); // nothing is reserved yet, so nothing is numbered
  std::vector<market_event> events;
  std::vector<addressed_message> posts;
  const auto view = std::get<market_view>(next.execute(get_market{}, {2}, events, posts));
  REQUIRE(events.size() == 1);
  const auto bounds = std::get<ids_reserved>(events[0]);
  CHECK(bounds.trade_id_bound == 2'000'001);
  CHECK(bounds.update_id_bound == 2'000'001);
  CHECK(view.own_orders == 1);
  const auto first = published(next);
  CHECK(first.is_snapshot);
  CHECK(first.spec);
  CHECK(first.first_update == 1'000'001);
  CHECK(first.levels == levels({{side::buy, {98}, {3}}})); // the mirror is empty
  CHECK(first.trades.empty());
  static_cast<void>(next.execute(mirror_trade{{99}, {1}, true, {}}, {3}, events, posts));
  CHECK(published(next).trades.at(0).trade == trade_id{1'000'001});
  CHECK(events.size() == 1);
}

TEST_CASE("publication: a million numbers are reserved at a time") {
  market_under_test it(whole_units(market_mode::mirrored));
  std::uint64_t expected = 0;
  const mirror_trade feed{{99}, {1}, true, {}};
  for (int i = 0; i < 1'000'005; ++i) {
    static_cast<void>(it.machine.execute(feed, it.now, it.events, it.posts));
    if (i % 1'000 != 0 && i < 999'995) continue;
    for (const auto& line : it.published().trades) REQUIRE(line.trade.value == ++expected);
  }
  CHECK(expected == 1'000'005);
  std::vector<ids_reserved> bounds;
  for (const auto& happened : it.events)
    if (const auto* one = std::get_if<ids_reserved>(&happened)) bounds.push_back(*one);
  REQUIRE(bounds.size() == 2);
  CHECK(bounds[0].trade_id_bound == 1'000'001);
  CHECK(bounds[1].trade_id_bound == 2'000'001);
  CHECK(bounds[1].update_id_bound == 1'000'001);
}

TEST_CASE("publication: a successor in the same process goes on with counters and the house") {
  table text{whole_units(market_mode::mirrored)};
  auto& it = text.market();
  text.run("snapshot bid 99x5 ask 101x5 =>\n"
           "buy A 101x2 => A* takes house 101x2\n"
           "buy B 100x2 => B rests 100x2\n");
  it.published();
  const auto durable = it.events.size();
  // What follows was never durable: B's cancel, and asks that moved through where it stood.
  const auto kept = it.events;
  const auto times = it.times;
  text.run("cancel B => B cancelled\n"
           "depth ask 100x1 =>\n");
  it.published();

  market next(entity_id{market_id{7}});
  std::vector<addressed_message> posts;
  for (std::size_t i = 0; i < durable; ++i) next.apply(kept[i], times[i], posts);
  next.inherit(it.machine);
  CHECK(published(next).market == market_id{}); // not before the house was matched
  std::vector<market_event> events;
  posts.clear();
  const auto view = std::get<market_view>(next.execute(get_market{}, {9}, events, posts));
  REQUIRE(events.size() == 1); // B, alive again, fills against the ask at 100; no ids are skipped
  CHECK(std::get<trade_executed>(events[0]).trade == trade_id{2});
  CHECK(posts.size() == 1);
  next.check_invariants();
  CHECK(view.levels ==
        levels({{side::buy, {100}, {1}}, {side::buy, {99}, {5}}, {side::sell, {101}, {3}}}));
  const auto news = published(next);
  CHECK(news.is_snapshot);
  CHECK(news.first_update == 3);
}

TEST_CASE("publication: when too many levels changed, the whole book is published") {
  market_under_test it(whole_units(market_mode::own));
  static_cast<void>(it.published());
  submit_order order;
  order.account = {1};
  order.size = {1};
  for (std::uint64_t i = 1; i <= order_book::touched_max + 1; ++i) {
    order.id = {i};
    order.price = {static_cast<std::int64_t>(i)};
    static_cast<void>(it.machine.handle(order, {}, {}, it.now, it.events, it.posts));
  }
  const auto news = it.published();
  CHECK(news.is_snapshot);
  CHECK(news.levels.size() == order_book::touched_max + 1);
  it.run(cancel_order{{1}, {1}});
  const auto next = it.published();
  CHECK_FALSE(next.is_snapshot);
  CHECK(next.levels == levels({{side::buy, {1}, {0}}}));
}

TEST_CASE("publication: who lost his place may have the whole book again") {
  table text{whole_units(market_mode::own)};
  auto& it = text.market();
  text.run("buy A 100x2 => A rests 100x2");
  static_cast<void>(it.published());
  CHECK(std::holds_alternative<done>(it.run(republish{})));
  const auto news = it.published();
  CHECK(news.is_snapshot);
  CHECK(news.levels == levels({{side::buy, {100}, {2}}}));
  CHECK(news.first_update == 2);
}

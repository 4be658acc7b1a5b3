// The trigger book against the obvious one: a list of orders, each with its own extreme, all looked at for every price.
#include "domain/trigger_book.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

using namespace rialto;

namespace {

struct slow_one {
  submit_order order;
  std::uint64_t number = 0;
  std::int64_t extreme = 0; // 0: does not follow
};

/// Where it goes, if it follows.
std::int64_t level_of(const slow_one& one) {
  const auto& trigger = one.order.rules->trigger;
  const bool buys = one.order.way == side::buy;
  if (trigger.trail.value != 0)
    return buys ? one.extreme + trigger.trail.value : one.extreme - trigger.trail.value;
  const auto product =
    one.extreme * (1'000'000 + (buys ? trigger.trail_rate.value : -trigger.trail_rate.value));
  return buys ? (product + 999'999) / 1'000'000 : product / 1'000'000;
}

struct slow_triggers {
  std::map<std::uint64_t, slow_one> all; // by number

  void follow(std::int64_t low, std::int64_t high) {
    for (auto& [number, one] : all)
      if (one.extreme != 0)
        one.extreme =
          one.order.way == side::buy ? std::min(one.extreme, low) : std::max(one.extreme, high);
  }
  /// Those that wait for a rise first; by the level, then by the number.
  void take_due(std::int64_t last, std::vector<order_id>& going, std::vector<order_id>& beginning) {
    using key = std::tuple<bool, std::int64_t, std::uint64_t>;
    std::map<key, order_id> due, begin;
    for (const auto& [number, one] : all) {
      const auto& trigger = one.order.rules->trigger;
      const bool follows = one.extreme != 0;
      const bool rises =
        follows ? one.order.way == side::buy : trigger_book::waits_to_rise(one.order);
      const auto level = follows ? level_of(one) : trigger.price.value;
      if (rises ? last < level : last > level) continue;
      const key place{!rises, rises ? level : -level, number};
      (trigger.follows() && !follows ? begin : due).emplace(place, one.order.id);
    }
    for (const auto& [place, id] : due) going.push_back(id);
    for (const auto& [place, id] : begin) beginning.push_back(id);
  }
};

submit_order draw(simulation::random& dice, std::uint64_t id, std::int64_t last) {
  submit_order order;
  order.id = {id};
  order.account = {1};
  order.owner = {1};
  order.way = dice.chance(0.5) ? side::buy : side::sell;
  auto& trigger = order.rules.emplace().trigger;
  trigger.kind = dice.chance(0.5) ? trigger_kind::stop : trigger_kind::take_profit;
  if (dice.chance(0.6)) {
    if (dice.chance(0.5))
      trigger.trail = {dice.between(1, 40)};
    else
      trigger.trail_rate = {dice.between(1, 60'000)};
  }
  if (!trigger.follows() || dice.chance(0.4)) trigger.price = {last + dice.between(-60, 60)};
  if (dice.chance(0.2)) order.rules->expires_at = {dice.between(1, 1'000)};
  return order;
}

} // namespace

TEST_CASE("trigger_book: any prices make go who goes in the obvious book, in its order") {
  std::uint64_t went = 0, began = 0;
  for (const auto seed : rialto::testing::seeds(60)) {
    CAPTURE(seed);
    simulation::random dice(seed);
    trigger_book book;
    slow_triggers slow;
    std::uint64_t next = 1;
    std::int64_t last = 1'000;
    for (int i = 0; i < 600; ++i) {
      if (dice.chance(0.5)) {
        const auto order = draw(dice, next, last);
        const bool at_once =
          order.rules->trigger.follows() && order.rules->trigger.price.value == 0;
        book.add(order, {at_once ? last : 0});
        slow.all[next] = {order, next, at_once ? last : 0};
        ++next;
      } else if (dice.chance(0.15) && !slow.all.empty()) {
        const auto at =
          std::next(slow.all.begin(), static_cast<std::ptrdiff_t>(dice.below(slow.all.size())));
        book.remove(at->second.order.id);
        slow.all.erase(at);
      } else {
        last = std::max<std::int64_t>(1, last + dice.between(-15, 15));
        book.follow({last}, {last});
        slow.follow(last, last);
        std::vector<order_id> going, beginning, slow_going, slow_beginning;
        book.take_due({last}, going, beginning);
        slow.take_due(last, slow_going, slow_beginning);
        CHECK(going == slow_going);
        CHECK(beginning == slow_beginning);
        for (const auto id : going) {
          book.remove(id);
          slow.all.erase(id.value);
        }
        for (const auto id : beginning) {
          book.begin(id, {last});
          slow.all[id.value].extreme = last;
        }
        went += going.size();
        began += beginning.size();
      }
      book.check_invariants();
      CHECK(book.size() == slow.all.size());
    }
    for (const auto& [number, one] : slow.all) CHECK(book.find({number}) != nullptr);
    // A snapshot knows the same extremes.
    std::string bytes, again;
    byte_writer out(bytes), out_again(again);
    book.encode(out);
    trigger_book restored;
    byte_reader in(bytes);
    restored.decode(in);
    REQUIRE(in.done());
    restored.check_invariants();
    restored.encode(out_again);
    CHECK(again == bytes);
    std::vector<order_id> a, b, ignored;
    book.take_due({1}, a, ignored);
    restored.take_due({1}, b, ignored);
    CHECK(a == b);
  }
  MESSAGE("went " << went << ", began to follow " << began);
  CHECK(went > 1'000);
  CHECK(began > 200);
}

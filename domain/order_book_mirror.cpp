// The mirrored market laid into the book: its depth, its trades, and an own order's place in its
// queue.
//
//   - A level has `shown` (the feed's size) and `taken` (what our users took of it). When the
//     feed's size falls by d, what was taken is forgotten up to d: available = shown - taken.
//   - An own order joins behind the lots that are available then. Lots that leave the front of the
//     queue, by our users or by the feed's trades, and any fall of the feed's size below what
//     stands ahead, bring it forward.
//   - A feed trade fills own orders at better prices wholly (the market moved through them), then
//     walks the queue at its own price with what is left of its size.
//   - House liquidity that reaches an own order's price trades with it at that price, the order
//     being the maker; so the book is never crossed.
//   - A feed that crosses itself: the newer level stands, the other side's levels it crosses go.
//   - Nothing trades with the house while the market is not open; its levels are kept, unseen.
#include "domain/order_book.hpp"

#include <limits>

namespace rialto {

void order_book::lay_depth(const mirror_depth& news, market_ids& ids, events& out) {
  if (news.is_snapshot) drop_absent(news);
  for (const auto& level : news.levels)
    if (level.size.value == 0) set_house(level.way, level.price, {});
  for (const auto& level : news.levels)
    if (level.size.value > 0) set_house(level.way, level.price, level.size);
  if (news.is_snapshot && !house_synchronised_) {
    house_synchronised_ = true;
    queue_behind_house();
  }
  match_house(ids, out);
}

void order_book::lay_trade(const mirror_trade& news, market_ids& ids, events& out) {
  if (!house_open_ || news.price.value <= 0 || news.size.value <= 0) return;
  const auto way = news.buyer_is_maker ? side::buy : side::sell;
  const auto rank = level_table::rank_of(way, news.price);
  auto left = news.size.value;
  const auto rank_at = [&](level_index at) { return level_table::rank_of(way, levels_[at].price); };
  for (auto at = levels_.best(way); at != no_level && rank_at(at) > rank;) {
    const auto index = at;
    at = levels_.worse(at); // filling may remove this level
    while (levels_[index].orders > 0) {
      const auto first = levels_[index].first;
      const auto size = orders_[first].open;
      fill_by_house(first, size, ids, out);
      left -= std::min(left, size.value);
    }
  }
  const auto index = levels_.find(way, news.price);
  if (index == no_level) return;
  while (levels_[index].orders > 0 && left > 0) {
    const auto first = levels_[index].first;
    const auto before = std::min(left, ahead(first).value);
    levels_[index].house_eaten += before;
    left -= before;
    if (left == 0) return;
    const quantity_lots size{std::min(left, orders_[first].open.value)};
    fill_by_house(first, size, ids, out);
    left -= size.value;
  }
}

void order_book::match_house(market_ids& ids, events& out) {
  if (!house_open_) return;
  for (const auto way : {side::buy, side::sell}) {
    auto house = levels_.best(opposite(way));
    const auto crosses = [&](price_ticks own) { // and moves on to the house's best level
      while (house != no_level && levels_[house].house().value == 0) house = levels_.worse(house);
      return house != no_level &&
             (way == side::buy ? own >= levels_[house].price : own <= levels_[house].price);
    };
    for (auto own = levels_.best(way); own != no_level && crosses(levels_[own].price);) {
      const auto index = own;
      const auto price = levels_[index].price;
      own = levels_.worse(own); // filling may remove this level
      while (levels_[index].orders > 0 && crosses(price)) {
        const auto first = levels_[index].first;
        const auto size = std::min(orders_[first].open, levels_[house].house());
        eat_house(house, size);
        fill_by_house(first, size, ids, out);
      }
    }
  }
}

void order_book::drop_house() {
  for (const auto way : {side::buy, side::sell}) {
    std::vector<level_index> shown;
    for (auto index = levels_.best(way); index != no_level; index = levels_.worse(index)) {
      auto& level = levels_[index];
      for (auto at = level.first; at != no_order; at = orders_[at].next)
        orders_.mark(at, level.house_eaten);
      if (level.shown.value > 0) shown.push_back(index);
    }
    for (const auto at : shown) set_house(way, levels_[at].price, {});
  }
  house_synchronised_ = false;
}

void order_book::inherit_house(const order_book& predecessor) {
  drop_house();
  for (const auto way : {side::buy, side::sell})
    for (auto index = predecessor.levels_.best(way); index != no_level;
         index = predecessor.levels_.worse(index)) {
      const auto& theirs = predecessor.levels_[index];
      if (theirs.shown.value == 0) continue;
      set_house(way, theirs.price, theirs.shown);
      if (const auto at = levels_.find(way, theirs.price); at != no_level)
        levels_[at].taken = theirs.taken;
    }
  house_synchronised_ = predecessor.house_synchronised_;
  queue_behind_house();
}

/// The feed's new size of a level.
void order_book::set_house(side way, price_ticks price, quantity_lots size) {
  if (price.value <= 0 || size.value < 0) return;
  if (size.value > 0) { // cut to what no sum or product can overflow
    std::int64_t lot_cost = 0;
    if (__builtin_mul_overflow(price.value, units_per_tick_lot_, &lot_cost)) return;
    constexpr auto int64_max = std::numeric_limits<std::int64_t>::max();
    size.value =
      std::min({size.value, house_lots_max, int64_max / lot_cost, int64_max / lot_size_});
    drop_crossed(way, price);
  }
  auto index = levels_.find(way, price);
  const bool is_new = index == no_level || levels_[index].shown.value == 0;
  if (is_new && (size.value == 0 || !make_room(way, price))) return;
  index = levels_.obtain(way, price);
  auto& level = levels_[index];
  auto& count = house_levels_[way == side::sell];
  if (is_new) ++count;
  if (size < level.shown) {
    level.taken.value = std::max<std::int64_t>(0, level.taken.value - (level.shown - size).value);
    const auto mark_max = level.house_eaten + size.value; // marks never fall along the queue
    for (auto at = level.last; at != no_order && orders_.house_mark(at) > mark_max;
         at = orders_[at].previous)
      orders_.mark(at, mark_max);
  }
  level.shown = size;
  if (size.value == 0) --count;
  touch(level);
  drop_if_empty(index);
}

void order_book::drop_crossed(side way, price_ticks price) {
  const auto crosses = [&](price_ticks other) {
    return way == side::buy ? price >= other : price <= other;
  };
  for (auto at = levels_.best(opposite(way)); at != no_level && crosses(levels_[at].price);) {
    const auto index = at;
    at = levels_.worse(at);
    if (levels_[index].shown.value > 0) set_house(opposite(way), levels_[index].price, {});
  }
}

/// Drops house levels that a snapshot does not name.
void order_book::drop_absent(const mirror_depth& snapshot) {
  for (const auto way : {side::buy, side::sell}) {
    std::vector<std::int64_t> named;
    for (const auto& level : snapshot.levels)
      if (level.way == way && level.size.value > 0) named.push_back(level.price.value);
    std::sort(named.begin(), named.end());
    std::vector<price_ticks> absent;
    for (auto at = levels_.best(way); at != no_level; at = levels_.worse(at)) {
      const auto& level = levels_[at];
      if (level.shown.value > 0 &&
          !std::binary_search(named.begin(), named.end(), level.price.value))
        absent.push_back(level.price);
    }
    for (const auto price : absent) set_house(way, price, {});
  }
}

/// Keeps a side within house_levels_max by dropping its worst level; false if the new one is worse.
bool order_book::make_room(side way, price_ticks price) {
  if (house_levels_[way == side::sell] < house_levels_max) return true;
  auto at = levels_.worst(way);
  while (at != no_level && levels_[at].shown.value == 0) at = levels_.better(at);
  if (at == no_level) return true;
  const auto worst = levels_[at].price;
  if (level_table::rank_of(way, worst) > level_table::rank_of(way, price)) return false;
  set_house(way, worst, {});
  return true;
}

void order_book::queue_behind_house() {
  for (const auto way : {side::buy, side::sell})
    for (auto index = levels_.best(way); index != no_level; index = levels_.worse(index)) {
      const auto& level = levels_[index];
      for (auto at = level.first; at != no_order; at = orders_[at].next)
        orders_.mark(at, level.house_eaten + level.house().value);
    }
}

/// Our users, or crossing own orders, take from the front of a level's queue.
void order_book::eat_house(level_index at, quantity_lots size) {
  auto& level = levels_[at];
  level.taken += size;
  level.house_eaten += size.value;
  RIALTO_ASSERT_VALUES(level.taken <= level.shown, level.taken.value, level.shown.value);
  touch(level);
}

} // namespace rialto

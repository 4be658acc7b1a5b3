// domain/level_table.hpp: the price levels of one book, both sides, in price order.
//
// The room: a level is a slot with a stable 32-bit index; a ladder per side finds it by its price. No rule
// of trading: order_book says what a level's numbers mean.
#pragma once

#include "domain/price_ladder.hpp"

namespace rialto {

struct alignas(64) price_level {
  price_ticks price;
  quantity_lots own;            // sum of what its orders show
  quantity_lots hidden;         // sum of their reserves
  quantity_lots shown, taken;   // the mirrored market's size, and what our users took of it
  std::int64_t house_eaten = 0; // house lots that left the front of the queue so far
  order_handle first = no_order, last = no_order;
  std::uint32_t orders = 0;
  side way = side::buy;
  bool is_touched = false; // its public total may have changed since the last publication

  /// House lots that are really there.
  [[nodiscard]] quantity_lots house() const { return shown - taken; }
  [[nodiscard]] bool is_empty() const { return orders == 0 && shown.value == 0; }
};
static_assert(sizeof(price_level) == 64);

class level_table {
public:
  /// Higher is better: the price for bids, its negative for asks.
  [[nodiscard]] static std::int64_t rank_of(side way, price_ticks price) {
    return way == side::buy ? price.value : -price.value;
  }
  [[nodiscard]] price_level& operator[](level_index at) { return slots_[at]; }
  [[nodiscard]] const price_level& operator[](level_index at) const { return slots_[at]; }

  [[nodiscard]] level_index find(side way, price_ticks price) const {
    return ladder(way).find(rank_of(way, price));
  }
  /// The level of a price, made if there is none.
  [[nodiscard]] level_index obtain(side way, price_ticks price) {
    auto& ladder = ladders_[way == side::sell];
    const auto rank = rank_of(way, price);
    if (const auto known = ladder.find(rank); known != no_level) return known;
    level_index made = 0;
    if (free_.empty()) {
      made = static_cast<level_index>(slots_.size());
      slots_.emplace_back();
    } else {
      made = free_.back();
      free_.pop_back();
      slots_[made] = {};
    }
    slots_[made].price = price;
    slots_[made].way = way;
    ladder.add(rank, made);
    return made;
  }
  /// The level must be empty.
  void remove(level_index index) {
    const auto& level = slots_[index];
    RIALTO_ASSERT(level.is_empty());
    ladders_[level.way == side::sell].remove(rank_of(level.way, level.price));
    free_.push_back(index);
  }

  /// Best first: best(), then worse() until no_level. A level may be removed once the next one is known.
  [[nodiscard]] level_index best(side way) const { return ladder(way).highest(); }
  [[nodiscard]] level_index worse(level_index at) const {
    const auto& level = slots_[at];
    return ladder(level.way).below(rank_of(level.way, level.price));
  }
  [[nodiscard]] level_index worst(side way) const { return ladder(way).lowest(); }
  [[nodiscard]] level_index better(level_index at) const {
    const auto& level = slots_[at];
    return ladder(level.way).above(rank_of(level.way, level.price));
  }

private:
  [[nodiscard]] const price_ladder& ladder(side way) const { return ladders_[way == side::sell]; }

  std::vector<price_level> slots_;
  std::vector<level_index> free_;
  price_ladder ladders_[2]; // bids, asks
};

} // namespace rialto

// domain/level_table.hpp: the price levels of one book, both sides, in price order.
//
// The room: a level is a slot with a stable 32-bit index; per side a sorted array of (key, index)
// whose last element is the best price, so that what happens near the touch moves few bytes. No
// rule of trading: order_book says what a level's numbers mean. A change far from the touch moves
// the array behind it (16 bytes a level).
#pragma once

#include "domain/order_table.hpp"

#include <algorithm>

namespace rialto {

using level_index = std::uint32_t;
inline constexpr level_index no_level = 0xffff'ffff;

struct price_level {
  price_ticks price;
  quantity_lots own;            // sum of its orders' open quantities
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

class level_table {
public:
  struct key {
    std::int64_t rank = 0; // the price for bids, its negative for asks: greater is better
    level_index at = 0;
  };

  [[nodiscard]] static std::int64_t rank_of(side way, price_ticks price) {
    return way == side::buy ? price.value : -price.value;
  }
  [[nodiscard]] price_level& operator[](level_index at) { return slots_[at]; }
  [[nodiscard]] const price_level& operator[](level_index at) const { return slots_[at]; }
  /// A side's levels, worst first.
  [[nodiscard]] const std::vector<key>& keys(side way) const { return keys_[way == side::sell]; }

  [[nodiscard]] level_index find(side way, price_ticks price) const {
    const auto& keys = this->keys(way);
    const auto at = place(keys, rank_of(way, price));
    return at != keys.end() && at->rank == rank_of(way, price) ? at->at : no_level;
  }
  [[nodiscard]] level_index obtain(side way, price_ticks price) {
    auto& keys = keys_[way == side::sell];
    const auto rank = rank_of(way, price);
    const auto at = place(keys, rank);
    if (at != keys.end() && at->rank == rank) return at->at;
    level_index made = 0;
    if (free_.empty()) {
      made = static_cast<level_index>(slots_.size());
      slots_.emplace_back();
    } else {
      made = free_.back();
      free_.pop_back();
    }
    slots_[made] = {};
    slots_[made].price = price;
    slots_[made].way = way;
    keys.insert(keys.begin() + (at - keys.cbegin()), {rank, made});
    return made;
  }
  /// The level must be empty.
  void remove(level_index index) {
    const auto& level = slots_[index];
    RIALTO_ASSERT(level.is_empty());
    auto& keys = keys_[level.way == side::sell];
    const auto at = place(keys, rank_of(level.way, level.price));
    RIALTO_ASSERT(at != keys.end());
    keys.erase(keys.begin() + (at - keys.cbegin()));
    free_.push_back(index);
  }

private:
  /// The first key not below `rank`; looks near the best price first, where most of them are.
  [[nodiscard]] static std::vector<key>::const_iterator place(const std::vector<key>& keys,
                                                              std::int64_t rank) {
    auto end = keys.end();
    for (std::ptrdiff_t step = 8; end - keys.begin() > step; step *= 4) {
      const auto probe = end - step;
      if (probe->rank < rank)
        return std::lower_bound(probe + 1, end, rank,
                                [](const key& one, std::int64_t r) { return one.rank < r; });
      end = probe + 1; // probe itself may be the answer
    }
    return std::lower_bound(keys.begin(), end, rank,
                            [](const key& one, std::int64_t r) { return one.rank < r; });
  }

  std::vector<price_level> slots_;
  std::vector<level_index> free_;
  std::vector<key> keys_[2]; // bids, asks
};

} // namespace rialto

// domain/order_table.hpp: the resting orders of one book, in one block of memory.
//
// The room: a slot per order, named by a 32-bit handle that stays the same while the order rests,
// and a hash index from id to handle. No rule of trading. A freed slot is used again; memory grows
// with the largest number of orders that ever rested at once and is never given back.
#pragma once

#include "domain/assert.hpp"
#include "domain/order.hpp"

#include <bit>
#include <vector>

namespace rialto {

using order_handle = std::uint32_t;
inline constexpr order_handle no_order = 0xffff'ffff;

/// One resting order and its neighbours in its level's queue.
struct resting_order {
  order_id id;
  account_id account;
  user_id owner;
  quantity_lots open, executed;
  amount_units executed_quote;
  std::int64_t house_mark = 0; // its level's house_eaten at which no house lot stands before it
  std::uint32_t level = 0;
  order_handle previous = no_order, next = no_order;
  std::int32_t maker_ppm = 0, taker_ppm = 0;
  bool post_only = false;
};

class order_table {
public:
  /// More than this never rests at once.
  static constexpr std::uint32_t orders_max = 16'000'000;

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] bool is_full() const { return count_ >= orders_max; }
  [[nodiscard]] resting_order& operator[](order_handle at) { return slots_[at]; }
  [[nodiscard]] const resting_order& operator[](order_handle at) const { return slots_[at]; }

  /// no_order if it does not rest here.
  [[nodiscard]] order_handle find(order_id id) const {
    if (entries_.empty()) return no_order;
    for (auto at = home(id.value);; at = (at + 1) & mask()) {
      if (entries_[at].at == no_order) return no_order;
      if (entries_[at].id == id.value) return entries_[at].at;
    }
  }

  /// The id must not be there yet.
  order_handle add(const resting_order& order) {
    if ((count_ + 1) * 2 > entries_.size()) grow();
    order_handle at = free_;
    if (at == no_order) {
      at = static_cast<order_handle>(slots_.size());
      slots_.push_back(order);
    } else {
      free_ = slots_[at].next;
      slots_[at] = order;
    }
    insert({order.id.value, at});
    ++count_;
    return at;
  }

  void remove(order_handle at) {
    erase(slots_[at].id.value);
    slots_[at].next = free_;
    free_ = at;
    --count_;
  }

private:
  struct entry { // linear probing, at most half full
    std::uint64_t id = 0;
    order_handle at = no_order;
  };

  [[nodiscard]] std::size_t mask() const { return entries_.size() - 1; }
  [[nodiscard]] std::size_t home(std::uint64_t id) const {
    return static_cast<std::size_t>((id * 0x9e37'79b9'7f4a'7c15) >> shift_);
  }
  void insert(entry one) {
    auto at = home(one.id);
    while (entries_[at].at != no_order) at = (at + 1) & mask();
    entries_[at] = one;
  }
  void grow() {
    const auto old = std::move(entries_);
    entries_.assign(old.empty() ? 64 : old.size() * 2, {});
    shift_ = 64 - std::countr_zero(entries_.size());
    for (const auto& one : old)
      if (one.at != no_order) insert(one);
  }
  /// Moves later entries of the run back, so that a search never meets a hole before its id.
  void erase(std::uint64_t id) {
    auto hole = home(id);
    while (entries_[hole].id != id || entries_[hole].at == no_order) {
      RIALTO_ASSERT(entries_[hole].at != no_order);
      hole = (hole + 1) & mask();
    }
    for (auto at = (hole + 1) & mask(); entries_[at].at != no_order; at = (at + 1) & mask()) {
      const auto distance_home = (at - home(entries_[at].id)) & mask();
      const auto distance_hole = (at - hole) & mask();
      if (distance_home < distance_hole) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = {};
  }

  std::vector<resting_order> slots_;
  order_handle free_ = no_order; // linked by resting_order::next
  std::vector<entry> entries_;
  int shift_ = 64;
  std::uint32_t count_ = 0;
};

} // namespace rialto

// domain/order_table.hpp: the resting orders of one book, 48 bytes each.
//
// The room: a slot per order, named by a 32-bit handle that stays the same while the order rests. What few
// orders have (something executed, a reserve) is kept beside. No rule of trading. A freed slot is used again;
// memory grows with the largest number of orders that ever rested at once and is never given back.
#pragma once

#include "domain/fee_schedule.hpp"
#include "domain/order.hpp"
#include "domain/order_index.hpp"

#include <vector>

namespace rialto {

/// Whose an order is and how it trades.
struct order_terms {
  account_id account;
  user_id owner;
  fee_rates fees;
  stp_mode stp = stp_mode::none;
  bool post_only = false;
};

/// One resting order and its neighbours in its level's queue.
struct resting_order {
  static constexpr std::uint32_t no_extra = 0xffff'ffff;

  std::uint32_t level = 0;
  order_handle previous = no_order, next = no_order;
  std::uint32_t extra = no_extra; // the index of its order_extra
  order_id id;
  quantity_lots open; // what is shown of it

  [[nodiscard]] bool has_extra() const { return extra != no_extra; }
  [[nodiscard]] account_id account() const { return {account_ & entity_number_max}; }
  [[nodiscard]] user_id owner() const { return {owner_ & entity_number_max}; }
  [[nodiscard]] stp_mode stp() const { return static_cast<stp_mode>(owner_ >> 60 & 7); }
  [[nodiscard]] bool post_only() const { return owner_ >> 63 != 0; }
  /// The index of its fees, 12 bits.
  [[nodiscard]] std::uint32_t fees() const {
    return static_cast<std::uint32_t>(account_ >> 56 | (owner_ >> 56 & 0xf) << 8);
  }
  void set(const order_terms& terms, std::uint64_t fees) {
    account_ = terms.account.value | fees << 56;
    owner_ = terms.owner.value | (fees >> 8 & 0xf) << 56 |
             static_cast<std::uint64_t>(terms.stp) << 60 | std::uint64_t{terms.post_only} << 63;
  }

private:
  // The upper 8 bits are free: an entity's number has 56.
  std::uint64_t account_ = 0, owner_ = 0;
};
static_assert(sizeof(resting_order) == 48);

/// What few orders have: a history, or more than price and size.
struct order_extra {
  quantity_lots executed;
  amount_units quote;      // of what was executed
  quantity_lots prevented; // taken off it to prevent trades with its owner
  quantity_lots reserve;   // open, and not shown
  quantity_lots display;   // shown at once; 0: all
  timestamp_ns expires_at; // 0: never
  fee_rates fees;          // only where the book knows too many pairs to name this one
};

class order_table {
public:
  /// More than this never rests at once.
  static constexpr std::uint32_t orders_max = 16'000'000;

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] bool is_full() const { return count_ >= orders_max; }
  [[nodiscard]] resting_order& operator[](order_handle at) { return slots_[at]; }
  [[nodiscard]] const resting_order& operator[](order_handle at) const { return slots_[at]; }

  [[nodiscard]] const order_extra& extra(order_handle at) const {
    return slots_[at].has_extra() ? extras_[slots_[at].extra] : none_;
  }
  /// To be changed; made if there is none.
  [[nodiscard]] order_extra& obtain_extra(order_handle at) {
    if (!slots_[at].has_extra()) slots_[at].extra = open_extra();
    return extras_[slots_[at].extra];
  }
  /// Open, and not shown.
  [[nodiscard]] quantity_lots reserve(order_handle at) const {
    return slots_[at].has_extra() ? extra(at).reserve : quantity_lots{};
  }
  /// Open, shown or not.
  [[nodiscard]] quantity_lots open(order_handle at) const { return slots_[at].open + reserve(at); }
  [[nodiscard]] fee_rates fees(order_handle at) const {
    const auto index = slots_[at].fees();
    return index < fees_max ? fees_[index] : extra(at).fees;
  }
  /// Its level's house_eaten at which no house lot stands before it; 0 while no house was ever marked.
  [[nodiscard]] std::int64_t house_mark(order_handle at) const {
    return at < marks_.size() ? marks_[at] : 0;
  }
  void mark(order_handle at, std::int64_t house_mark) {
    if (at >= marks_.size()) {
      if (house_mark == 0) return;
      marks_.resize(slots_.capacity(), 0);
    }
    marks_[at] = house_mark;
  }

  /// no_order if it does not rest here.
  [[nodiscard]] order_handle find(order_id id) const {
    return index_.find(id, [&](order_handle at) { return slots_[at].id == id; });
  }
  /// The id must not be there yet. To be linked into a level.
  order_handle add(order_id id, quantity_lots open, const order_terms& terms) {
    order_handle at = free_;
    if (at == no_order) {
      at = static_cast<order_handle>(slots_.size());
      slots_.emplace_back();
    } else {
      free_ = slots_[at].next;
    }
    auto& slot = slots_[at];
    const auto fees = index_of(terms.fees);
    slot.id = id;
    slot.open = open;
    slot.extra = resting_order::no_extra;
    slot.set(terms, fees);
    if (fees == fees_max) obtain_extra(at).fees = terms.fees;
    index_.add(id, at);
    ++count_;
    return at;
  }
  void remove(order_handle at) {
    auto& slot = slots_[at];
    index_.remove(slot.id, at);
    if (slot.has_extra()) extras_free_.push_back(slot.extra);
    slot.next = free_;
    free_ = at;
    --count_;
  }

  /// Asks early for the line where find() begins, and some work later for the order it leads to.
  void fetch_entry(order_id id) const { index_.fetch(id); }
  void fetch_order(order_id id) const {
    const auto at = index_.find(id, [](order_handle) { return true; });
    if (at == no_order) return;
    const auto* order = &slots_[at]; // every other order lies across two lines
    __builtin_prefetch(order);
    __builtin_prefetch(reinterpret_cast<const char*>(order + 1) - 1);
  }
  [[nodiscard]] std::size_t most() const { return slots_.size(); }
  /// What it takes, freed slots included.
  [[nodiscard]] std::size_t bytes() const {
    return slots_.size() * sizeof(resting_order) + index_.bytes() +
           marks_.size() * sizeof(marks_[0]) + extras_.size() * sizeof(order_extra) +
           fees_.size() * sizeof(fee_rates);
  }

private:
  static constexpr std::uint32_t fees_max = 0xfff; // this index: the pair is in the extra

  /// New pairs are rare: schedules and tiers.
  [[nodiscard]] std::uint32_t index_of(const fee_rates& fees) {
    if (last_fees_ < fees_.size() && fees_[last_fees_] == fees) return last_fees_;
    std::uint32_t at = 0;
    while (at < fees_.size() && !(fees_[at] == fees)) ++at;
    if (at == fees_max) return at;
    if (at == fees_.size()) fees_.push_back(fees);
    return last_fees_ = at;
  }
  [[nodiscard]] std::uint32_t open_extra() {
    if (extras_free_.empty()) {
      extras_.emplace_back();
      return static_cast<std::uint32_t>(extras_.size() - 1);
    }
    const auto at = extras_free_.back();
    extras_free_.pop_back();
    extras_[at] = {};
    return at;
  }

  static constexpr order_extra none_{};
  std::vector<resting_order> slots_;
  order_handle free_ = no_order; // linked by resting_order::next
  order_index index_;
  std::vector<fee_rates> fees_; // never forgotten
  std::uint32_t last_fees_ = 0;
  std::vector<std::int64_t> marks_; // by handle; none in a market without a house
  std::vector<order_extra> extras_;
  std::vector<std::uint32_t> extras_free_;
  std::uint32_t count_ = 0;
};

} // namespace rialto

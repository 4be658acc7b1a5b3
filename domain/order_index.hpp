// domain/order_index.hpp: from an order's id to its handle, in eight bytes an entry.
//
// The room: linear probing, between half and three quarters full. An entry keeps 32 bits of the id's hash, not the id:
// enough to find its home again, and nearly always enough to know that it is another's; who asks looks at the
// order itself before he believes. No rule of trading, no iteration.
#pragma once

#include "domain/assert.hpp"
#include "domain/ids.hpp"

#include <vector>

namespace rialto {

using order_handle = std::uint32_t;
inline constexpr order_handle no_order = 0xffff'ffff;

class order_index {
public:
  /// The handle under this id for which `is_it(handle)` says yes; no_order if there is none.
  template <class IsIt>
  [[nodiscard]] order_handle find(order_id id, IsIt is_it) const {
    if (entries_.empty()) return no_order;
    const auto tag = tag_of(id);
    for (auto at = home(tag);; at = next(at)) {
      const auto& one = entries_[at];
      if (one.handle == no_order) return no_order;
      if (one.tag == tag && is_it(one.handle)) return one.handle;
    }
  }
  /// The id must not be there yet.
  void add(order_id id, order_handle handle) {
    if ((used_ + 1) * 4 > entries_.size() * 3) grow();
    insert({tag_of(id), handle});
    ++used_;
  }
  void remove(order_id id, order_handle handle) {
    auto hole = home(tag_of(id));
    for (; entries_[hole].handle != handle; hole = next(hole))
      RIALTO_ASSERT(entries_[hole].handle != no_order);
    // Later entries of the run move back, so that a search never meets a hole before its id.
    for (auto at = next(hole); entries_[at].handle != no_order; at = next(at)) {
      if (distance(home(entries_[at].tag), at) < distance(hole, at)) continue;
      entries_[hole] = entries_[at];
      hole = at;
    }
    entries_[hole] = {};
    --used_;
  }
  /// Asks for the cache line where a search for this id begins.
  void fetch(order_id id) const {
    if (!entries_.empty()) __builtin_prefetch(&entries_[home(tag_of(id))]);
  }
  [[nodiscard]] std::size_t bytes() const { return entries_.size() * sizeof(entry); }

private:
  struct entry {
    std::uint32_t tag = 0;
    order_handle handle = no_order;
  };

  [[nodiscard]] static std::uint32_t tag_of(order_id id) {
    return static_cast<std::uint32_t>((id.value * 0x9e37'79b9'7f4a'7c15) >> 32);
  }
  /// Spreads the tags over the entries in their order, whatever their number.
  [[nodiscard]] std::size_t home(std::uint32_t tag) const {
    return static_cast<std::size_t>(std::uint64_t{tag} * entries_.size() >> 32);
  }
  [[nodiscard]] std::size_t next(std::size_t at) const {
    return at + 1 == entries_.size() ? 0 : at + 1;
  }
  /// From one place forward to another.
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const {
    return to >= from ? to - from : to + entries_.size() - from;
  }
  void insert(entry one) {
    auto at = home(one.tag);
    while (entries_[at].handle != no_order) at = next(at);
    entries_[at] = one;
  }
  void grow() {
    const auto old = std::move(entries_);
    entries_.assign(old.empty() ? 16 : old.size() / 3 * 4 + 1, {});
    for (const auto& one : old)
      if (one.handle != no_order) insert(one);
  }

  std::vector<entry> entries_;
  std::size_t used_ = 0;
};

} // namespace rialto

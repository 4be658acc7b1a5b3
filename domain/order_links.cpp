#include "domain/order_links.hpp"

#include "domain/assert.hpp"
#include "domain/wide_units.hpp"

#include <algorithm>

namespace rialto {

std::size_t order_links::pending_count() const {
  std::size_t count = 0;
  for (const auto& [id, one] : lists_) count += one.pending.size();
  return count;
}

const linked_orders* order_links::find(order_id order) const {
  const auto at = list_of_.find(order);
  return at == list_of_.end() ? nullptr : &lists_.at(at->second);
}

const linked_orders* order_links::find_list(order_id list) const {
  const auto at = lists_.find(list);
  return at == lists_.end() ? nullptr : &at->second;
}

const submit_order* order_links::find_pending(order_id order) const {
  const auto* list = find(order);
  if (list == nullptr) return nullptr;
  for (const auto& one : list->pending)
    if (one.id == order) return &one;
  return nullptr;
}

void order_links::apply(const list_linked& happened) {
  auto& list = lists_[happened.list];
  list = {happened.list, happened.account, {}, {}, {}, {}, {}};
  for (const auto& order : happened.orders) {
    list_of_[order.id] = happened.list;
    if (!happened.has_entry)
      list.legs.push_back(order.id);
    else if (!list.entry)
      list.entry = order.id;
    else
      list.pending.push_back(order);
  }
}

void order_links::apply(const trade_executed& happened) {
  if (happened.maker) take_fill(happened.maker, happened, true);
  if (happened.taker) take_fill(happened.taker, happened, false);
}

void order_links::take_fill(order_id order, const trade_executed& happened, bool is_maker) {
  const auto at = list_of_.find(order);
  if (at == list_of_.end()) return;
  const auto id = at->second;
  auto& list = lists_.at(id);
  if (order == list.entry) {
    const bool buys = (happened.taker_side == side::buy) != is_maker;
    list.filled += happened.size;
    const auto received = (buys ? happened.base : happened.notional) -
                          (is_maker ? happened.maker_fee : happened.taker_fee);
    list.proceeds = capped(wide_units{list.proceeds.value} + received.value);
  }
  if (is_maker ? happened.maker_is_last : happened.taker_is_last) {
    take_out(list, order);
    drop_if_done(id);
  }
}

void order_links::apply(const order_closed& happened) {
  const auto at = list_of_.find(happened.id);
  if (at == list_of_.end()) return;
  const auto id = at->second;
  take_out(lists_.at(id), happened.id);
  drop_if_done(id);
}

void order_links::apply(const exits_sized& happened) {
  const auto at = lists_.find(happened.list);
  if (at == lists_.end()) return;
  for (const auto& order : at->second.pending) at->second.legs.push_back(order.id);
  at->second.pending.clear();
  drop_if_done(happened.list);
}

void order_links::take_out(linked_orders& from, order_id order) {
  list_of_.erase(order);
  if (from.entry == order) from.entry = {};
  std::erase(from.legs, order);
  std::erase_if(from.pending, [&](const submit_order& one) { return one.id == order; });
}

/// Nothing is pending, and one that is left alone ends nobody.
void order_links::drop_if_done(order_id list) {
  const auto at = lists_.find(list);
  const auto& one = at->second;
  if (!one.pending.empty() || one.legs.size() + (one.entry ? 1 : 0) > 1) return;
  for (const auto id : one.legs) list_of_.erase(id);
  if (one.entry) list_of_.erase(one.entry);
  lists_.erase(at);
}

// ---- snapshot

void order_links::encode(byte_writer& out) const {
  out.put(lists_);
}

void order_links::decode(byte_reader& in) {
  in.get(lists_);
  const auto take = [&](order_id order, order_id list) {
    if (!order || !list_of_.emplace(order, list).second) in.fail();
  };
  for (const auto& [id, one] : lists_) {
    if (one.list != id || one.filled.value < 0) return in.fail();
    if (one.entry) take(one.entry, id);
    for (const auto order : one.legs) take(order, id);
    for (const auto& order : one.pending) take(order.id, id);
    if (one.pending.size() + one.legs.size() + (one.entry ? 1 : 0) < 2 && one.pending.empty())
      return in.fail();
  }
}

void order_links::check_invariants() const {
  std::size_t linked = 0;
  for (const auto& [id, one] : lists_) {
    linked += one.pending.size() + one.legs.size() + (one.entry ? 1 : 0);
    RIALTO_ASSERT(one.pending.empty() || one.legs.empty());
  }
  RIALTO_ASSERT_VALUES(linked == list_of_.size(), linked, list_of_.size());
}

} // namespace rialto

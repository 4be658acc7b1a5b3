// Linked orders of one account: OCO, and an entry with its exits. What they hold together, and who gets it.
//
//   - Two of which one goes share one hold, the larger. An entry holds as any order does; what it brings after fees
//     is kept on hold for its exits, which share it.
//   - When one of two ends without a trade, the other owns what it can cost and the rest is released. One that traded
//     has ended the other as well; when the last one ends, all is released.
#include "domain/account.hpp"
#include "domain/account_step.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>

namespace rialto {

outcome account::run(const place_list& cmd, const step& at) {
  if (const auto why = flaw_of_list(cmd.has_entry, cmd.orders); why != reject_reason::none)
    return refuse(why);
  const auto& first = cmd.orders[0];
  const bool has_own_ids = first.id_rule == client_id_rule::open_unique;
  if (has_own_ids) {
    for (const auto& one : cmd.orders) {
      if (one.client_order_id.empty()) continue;
      if (client_ids_.is_open(hash64(one.client_order_id)))
        return refuse(reject_reason::client_order_id_reused);
      for (const auto& other : cmd.orders)
        if (&other != &one && other.client_order_id == one.client_order_id)
          return refuse(reject_reason::client_order_id_reused);
    }
  } else if (!first.client_order_id.empty()) {
    const auto known = client_ids_.look(hash64(first.client_order_id), first.body_hash, at.now);
    if (known.what == client_ids::verdict::same) return views_of_list(known.entry->order);
    if (known.what == client_ids::verdict::reused)
      return refuse(reject_reason::client_order_id_reused);
  }
  if (const auto why = refusal_of(cmd, at); why != reject_reason::none) return refuse(why);
  list_placed placed;
  placed.list = first.id;
  placed.has_entry = cmd.has_entry;
  for (const auto& one : cmd.orders) {
    const bool is_exit = cmd.has_entry && &one != &first;
    const auto decided = decide(one, is_exit ? funds::later : funds::now);
    if (decided.why != reject_reason::none) return refuse(decided.why);
    placed.orders.push_back(submit_of(one, decided, at));
    if (!is_exit) placed.hold = std::max(placed.hold, decided.hold);
  }
  if (!cmd.has_entry)
    for (auto& order : placed.orders)
      if (order.spend_max.value != 0) order.spend_max = placed.hold;
  placed.market = first.terms.market;
  placed.client_order_id = first.client_order_id;
  placed.body_hash = first.body_hash;
  if (has_own_ids)
    for (std::size_t i = 1; i < cmd.orders.size(); ++i)
      placed.other_ids.push_back(cmd.orders[i].client_order_id);
  placed.base = first.terms.base;
  placed.quote = first.terms.quote;
  placed.units_per_tick_lot = first.terms.units_per_tick_lot;
  placed.lot_size = first.terms.lot_size;
  settle(std::move(placed), at);
  forwarded sent{view_of(*open_.find(first.id))};
  sent.order.counts = counts(at.now);
  return sent;
}

reject_reason account::refusal_of(const place_list& cmd, const step& at) const {
  const auto count = cmd.orders.size();
  const auto& first = cmd.orders[0];
  if (open_.size() + count > at.limits.open_orders_max) return reject_reason::too_many_open_orders;
  if (daily_.count(at.now) + count > at.limits.orders_per_day_max)
    return reject_reason::too_many_orders_today;
  if (burst_.count(at.now) + count > at.limits.orders_per_10s_max)
    return reject_reason::too_many_orders_now;
  if (const auto& filters = first.terms.filters;
      filters.orders_max != 0 || filters.algo_orders_max != 0) {
    const auto open = counts_.of(first.terms.market);
    const auto algo = static_cast<std::size_t>(
      std::count_if(cmd.orders.begin(), cmd.orders.end(),
                    [](const place_order& one) { return waits(one.rules); }));
    if (filters.orders_max != 0 && open.all + count > filters.orders_max)
      return reject_reason::too_many_orders_here;
    if (filters.algo_orders_max != 0 && algo > 0 && open.algo + algo > filters.algo_orders_max)
      return reject_reason::too_many_algo_orders;
  }
  for (const auto& one : cmd.orders) {
    if (one.terms.market != cmd.orders[0].terms.market) return reject_reason::list_invalid;
    if (one.slicing) return reject_reason::list_invalid;
    for (const auto& other : cmd.orders)
      if (&other != &one && other.id == one.id) return reject_reason::already_exists;
    if (const auto why = refusal_of(one, at); why != reject_reason::none) return why;
  }
  return reject_reason::none;
}

/// What is known of a list's orders.
orders_view account::views_of_list(order_id list) const {
  std::map<order_id, order_view> found;
  final_.each([&](const order_view& one) {
    if (one.list == list || one.id == list) found[one.id] = one;
  });
  for (const auto& order : open_)
    if (order.second.list == list) found[order.first] = view_of(order);
  orders_view all;
  for (auto& [id, view] : found) all.orders.push_back(std::move(view));
  return all;
}

/// The list whose hold an order lives on, if it has none of its own.
const order_list* account::shared_by(order_id id, const open_order& order) const {
  if (!order.list) return nullptr;
  const auto at = lists_.find(order.list);
  return at == lists_.end() || at->second.entry == id ? nullptr : &at->second;
}
order_list* account::shared_by(order_id id, const open_order& order) {
  return const_cast<order_list*>(std::as_const(*this).shared_by(id, order));
}

/// What of an entry's proceeds is kept for its exits: all of it, while there are any and it is an amount together.
amount_units account::kept_of(order_id id, const open_order& order, amount_units received) const {
  const auto at = order.list ? lists_.find(order.list) : lists_.end();
  if (at == lists_.end() || at->second.entry != id || at->second.legs.empty()) return {};
  const auto hold = at->second.hold;
  return capped(wide_units{hold.value} + received.value) - hold;
}

/// What an order of `size` can cost of `all`: a market buy everything.
amount_units account::need_of(const open_order& order, quantity_lots size, amount_units all) const {
  if (order.way == side::buy && !order.has_limit()) return all;
  const auto left = size - order.executed - order.prevented;
  const auto need = order.way == side::buy ? notional(order.price, left, order.units_per_tick_lot)
                                           : order.base_of(left);
  return std::min(all, need.value_or(all));
}

/// What an order that ends without a fill gives back: its own hold, or of a shared one what the other cannot cost.
amount_units account::released_at_end(order_id id, const open_order& order) const {
  if (order.parent) return {}; // it goes back to its parent
  const auto* list = shared_by(id, order);
  if (list == nullptr) return order.hold;
  if (list->legs.size() <= 1) return list->hold;
  if (order.is_pending || order.executed.value > 0) return {}; // then the other ends too
  for (const auto leg : list->legs)
    if (leg != id)
      if (const auto at = open_.find(leg); at != open_.end())
        return list->hold - need_of(at->second, at->second.size, list->hold);
  return {};
}

/// `was_ended`: not by a trade of its last lot; if it never traded, who is left alone owns the hold.
void account::leave_list(order_id id, const open_order& order, bool was_ended) {
  const auto at = order.list ? lists_.find(order.list) : lists_.end();
  if (at == lists_.end()) return;
  auto& list = at->second;
  if (list.entry == id) list.entry = {};
  std::erase(list.legs, id);
  if (list.legs.empty()) {
    lists_.erase(at);
  } else if (was_ended && order.executed.value == 0 && !list.entry && list.legs.size() == 1) {
    const auto left = open_.find(list.legs[0]);
    if (left == open_.end() || left->second.is_pending) return;
    left->second.hold = list.hold;
    lists_.erase(at);
  }
}

/// Ids of a list's orders follow each other closely: they were drawn for one request.
void account::note_list_end(order_id list, account_publication* news) const {
  if (!list || news == nullptr) return;
  constexpr int looked_at_max = 1'000;
  int left = looked_at_max;
  for (auto at = open_.lower_bound(list); at != open_.end() && left-- > 0; ++at)
    if (at->second.list == list) return;
  list_news all{false, true, {}};
  final_.each([&](const order_view& one) {
    if (one.list == list) all.orders.push_back({one.id, one.client_order_id});
  });
  news->list = std::move(all);
}

void account::take_message(const exits_opened& message, entity_id from, const step& at) {
  const auto list = lists_.find(message.list);
  if (list == lists_.end() || message.account != self_ || list->second.legs.empty()) return;
  amount_units need;
  for (const auto id : list->second.legs) {
    const auto& order = open_.at(id);
    if (from != entity_id{order.market} || !order.is_pending) return;
    need = std::max(need, need_of(order, message.size, list->second.hold));
  }
  settle(exits_settled{message.list, list->second.legs, message.size,
                       balances_[list->second.asset].asset, list->second.hold - need},
         at);
}

} // namespace rialto

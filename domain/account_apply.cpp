// The one place where an account changes. Nothing here says no or asserts: the event already happened,
// and check_invariants() is what notices a wrong one.
#include "domain/account.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>

namespace rialto {

void account::apply(const event& happened, timestamp_ns now, posts_type& posts) {
  ++events_;
  std::visit([&](const auto& one) { take(one, now, posts); }, happened);
}

void account::take(const account_opened& one, timestamp_ns, posts_type&) {
  is_open_ = true;
  owner_ = one.owner;
  label_ = one.label;
}

/// An order that was placed, or one of a list; its hold is the caller's.
template <class Placed>
open_order& account::open_order_of(const submit_order& wish, const Placed& one, timestamp_ns now) {
  auto& order = open_.insert_or_assign(open_.end(), wish.id, open_order{})->second;
  order.market = one.market;
  order.way = wish.way;
  order.type = wish.type;
  order.tif = wish.tif;
  order.price = wish.price;
  order.quote_quantity = wish.quote_target;
  if (wish.quote_target.value == 0) order.size = wish.size; // else it only bounds what may trade
  order.created_at = order.updated_at = now;
  order.lot_size = one.lot_size;
  order.units_per_tick_lot = one.units_per_tick_lot;
  order.base = balances_.index_of(one.base);
  order.quote = balances_.index_of(one.quote);
  order.stp = wish.stp;
  order.rules = wish.rules;
  note_opened(order, now);
  return order;
}

/// An order more, in every count.
void account::note_opened(const open_order& order, timestamp_ns now) {
  daily_.add(now);
  burst_.add(now);
  counts_.add(order.market, waits(order.rules));
}

/// Remembers the client order id of an order or a list.
template <class Placed>
void account::remember_id(order_id order, const Placed& one, timestamp_ns now) {
  if (one.client_order_id.empty()) return;
  client_entry entry;
  entry.id_hash = hash64(one.client_order_id);
  entry.body_hash = one.body_hash;
  entry.order = order;
  entry.placed_at = now;
  client_ids_.add(entry, now);
}

void account::take(const order_placed& one, timestamp_ns now, posts_type& posts) {
  auto& order = open_order_of(one.order, one, now);
  order.hold = one.hold;
  order.client_order_id = one.client_order_id;
  balances_.hold(order.held_asset(), one.hold);
  remember_id(one.order.id, one, now);
  posts.push_back({entity_id{one.market}, one.order});
  if (!tells()) return;
  const auto view = view_of(*open_.find(one.order.id));
  tell(order_change::placed, &view, {order.held_asset()}, now);
}

/// Nothing is sent yet (account_slices.cpp).
void account::take(const sliced_order_placed& one, timestamp_ns now, posts_type&) {
  auto& order = open_order_of(one.order, one, now);
  order.hold = one.hold;
  order.client_order_id = one.client_order_id;
  balances_.hold(order.held_asset(), one.hold);
  remember_id(one.order.id, one, now);
  auto& mine = sliced_[one.order.id];
  mine = {one.order, one.slicing, one.quantity_min, one.notional_min, 0, 0, 0, {}};
  if (!tells()) return;
  const auto view = view_of(*open_.find(one.order.id));
  tell(order_change::placed, &view, {order.held_asset()}, now);
}

/// A list holds what the dearer of its two orders can cost; an entry holds its own.
void account::take(const list_placed& one, timestamp_ns now, posts_type& posts) {
  auto& list = lists_[one.list];
  for (const auto& wish : one.orders) {
    auto& order = open_order_of(wish, one, now);
    order.list = one.list;
    if (one.has_entry && wish.id == one.list) {
      list.entry = wish.id;
      order.hold = one.hold;
      balances_.hold(order.held_asset(), one.hold);
    } else {
      list.legs.push_back(wish.id);
      list.asset = order.held_asset();
      order.is_pending = one.has_entry;
    }
  }
  open_.find(one.list)->second.client_order_id = one.client_order_id;
  for (std::size_t i = 0; i < one.other_ids.size() && i + 1 < one.orders.size(); ++i) {
    const auto id = one.orders[i + 1].id;
    open_.find(id)->second.client_order_id = one.other_ids[i];
    if (one.other_ids[i].empty()) continue;
    client_entry entry;
    entry.id_hash = hash64(one.other_ids[i]);
    entry.order = id;
    entry.placed_at = now;
    client_ids_.add(entry, now);
  }
  if (!one.has_entry) {
    list.hold = one.hold;
    balances_.hold(list.asset, one.hold);
  }
  remember_id(one.list, one, now);
  posts.push_back({entity_id{one.market}, submit_list{one.list, self_, one.has_entry, one.orders}});
  if (!tells()) return;
  account_publication* news = nullptr;
  list_news all{one.has_entry, false, {}};
  for (const auto& wish : one.orders) {
    const auto at = open_.find(wish.id);
    const auto view = view_of(*at);
    news = tell(order_change::placed, &view, {at->second.held_asset()}, now);
    all.orders.push_back({wish.id, view.client_order_id});
  }
  if (news != nullptr) news->list = std::move(all);
}

/// The exits are in the market. One that is alone owns the hold from here.
void account::take(const exits_settled& one, timestamp_ns now, posts_type&) {
  const auto asset = balances_.index_of(one.asset);
  balances_.release(asset, one.released);
  const auto list = lists_.find(one.list);
  if (list == lists_.end()) return;
  list->second.hold -= one.released;
  for (const auto id : one.exits) {
    const auto at = open_.find(id);
    if (at == open_.end()) continue;
    auto& order = at->second;
    order.size = one.size;
    order.is_pending = false;
    order.updated_at = now;
    if (one.exits.size() == 1) {
      order.hold = list->second.hold;
      lists_.erase(list);
    }
    if (!tells()) continue;
    const auto view = view_of(*at);
    tell(order_change::opened, &view, {asset}, now);
  }
}

void account::take(const amend_requested& one, timestamp_ns now, posts_type& posts) {
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  auto& order = at->second;
  order.is_amending = true;
  order.hold += one.extra_hold;
  balances_.hold(order.held_asset(), one.extra_hold);
  posts.push_back({entity_id{order.market}, amend_order{one.id, self_, one.price, one.size}});
  if (one.extra_hold.value != 0) tell(order_change::none, nullptr, {order.held_asset()}, now);
}

void account::take(const cancel_requested& one, timestamp_ns, posts_type& posts) {
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  at->second.is_cancelling = true;
  if (sliced_.contains(one.id)) return; // no market knows it
  posts.push_back({entity_id{at->second.market}, cancel_order{one.id, self_}});
}

void account::take(const fill_settled& one, timestamp_ns now, posts_type&) {
  const bool buys = one.way == side::buy;
  const auto base = balances_.index_of(one.base_asset), quote = balances_.index_of(one.quote_asset);
  const auto paid = buys ? one.fill.notional : one.base;
  const auto received = (buys ? one.base : one.fill.notional) - one.fill.fee;
  const auto paid_asset = buys ? quote : base;
  balances_.pay_from_hold(paid_asset, paid);
  balances_.release(paid_asset, one.released);
  balances_.receive(buys ? base : quote, received);
  volume_.add(one.quote_asset, one.fill.notional, now);
  auto& position = positions_[one.market];
  position.take(one.way, one.base, one.fill.notional, one.fill.fee);
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  auto& order = at->second;
  auto* list = shared_by(one.id, order);
  (list != nullptr ? list->hold : order.hold) -= paid + one.released;
  if (one.kept.value != 0) {
    balances_.hold(buys ? base : quote, one.kept);
    if (const auto mine = lists_.find(order.list); mine != lists_.end())
      mine->second.hold += one.kept;
  }
  order.executed += one.fill.size;
  order.executed_quote += one.fill.notional;
  order.updated_at = now;
  if (order.parent) note_slice_fill(order, one.fill, now);
  const bool is_told = tells();
  if (!is_told && !one.is_last) return;
  auto view = view_of(*at);
  if (one.is_last) view.status = order_status::filled;
  account_publication* news = nullptr;
  if (is_told) {
    view.fills.push_back(one.fill);
    news = tell(order_change::filled, &view, {base, quote}, now);
    if (news != nullptr) news->position = view_of(one.market, position);
    view.fills.clear();
  }
  if (!one.is_last) return;
  leave_list(one.id, order, false);
  if (order.parent) note_slice_end(order);
  const auto list_id = order.list;
  close(at, std::move(view));
  note_list_end(list_id, news);
}

void account::take(const order_done& one, timestamp_ns now, posts_type&) {
  const auto asset = balances_.index_of(one.asset);
  balances_.release(asset, one.released);
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  if (auto* list = shared_by(one.id, at->second); list != nullptr) list->hold -= one.released;
  at->second.updated_at = now;
  auto view = view_of(*at);
  view.status = one.status;
  view.reason = one.reason;
  auto* const news = tell(order_change::ended, &view, {asset}, now);
  if (news != nullptr)
    if (const auto known = cancel_names_.find(one.id); known != cancel_names_.end())
      news->cancel_name = known->second;
  leave_list(one.id, at->second, true);
  if (at->second.parent) note_slice_end(at->second);
  const auto list = at->second.list;
  close(at, std::move(view));
  note_list_end(list, news);
}

void account::take(const amend_settled& one, timestamp_ns now, posts_type&) {
  const auto asset = balances_.index_of(one.asset);
  balances_.release(asset, one.released);
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  auto& order = at->second;
  order.is_amending = false;
  order.price = one.price;
  order.size = one.size;
  order.hold -= one.released;
  order.updated_at = now;
  if (!tells()) return;
  const auto view = view_of(*at);
  const auto what = one.reason == reject_reason::none ? order_change::amended : order_change::none;
  tell(what, &view, {asset}, now);
}

void account::take(const trigger_noted& one, timestamp_ns now, posts_type&) {
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  at->second.is_triggered = true;
  at->second.updated_at = now;
  if (!tells()) return;
  const auto view = view_of(*at);
  tell(order_change::triggered, &view, {}, now);
}

void account::take(const account_configured& one, timestamp_ns, posts_type&) {
  stp_ = one.stp;
}

void account::take(const order_cut& one, timestamp_ns now, posts_type&) {
  const auto asset = balances_.index_of(one.asset);
  balances_.release(asset, one.released);
  const auto at = open_.find(one.id);
  if (at == open_.end()) return;
  auto& order = at->second;
  order.prevented += one.size;
  order.hold -= one.released;
  order.updated_at = now;
  if (order.parent) note_slice_cut(order, one.size, now);
  if (!tells()) return;
  const auto view = view_of(*at);
  if (auto* news = tell(order_change::reduced, &view, {asset}, now); news != nullptr)
    news->reduced = one.size;
}

void account::take(const transferred& one, timestamp_ns now, posts_type&) {
  const auto asset = balances_.index_of(one.asset);
  if (one.kind == transfer_kind::deposit)
    balances_.receive(asset, one.amount);
  else
    balances_.pay(asset, one.amount);
  transfers_.add(
    {one.kind, one.asset, one.amount, one.reference, capped(balances_[asset].available), now});
  if (auto* news = tell(order_change::none, nullptr, {asset}, now); news != nullptr)
    news->moved = one.kind == transfer_kind::deposit ? one.amount : -one.amount;
}

void account::take(const request_executed& one, timestamp_ns now, posts_type&) {
  marks_.add(one, now);
}

void account::close(orders::iterator at, order_view last) {
  counts_.drop(at->second.market, waits(at->second.rules));
  if (!at->second.client_order_id.empty())
    client_ids_.close(hash64(at->second.client_order_id), last);
  sliced_.erase(at->first);
  cancel_names_.erase(at->first);
  open_.erase(at);
  final_.add(std::move(last));
}

account_publication* account::tell(order_change what, const order_view* order,
                                   std::initializer_list<account_balances::index> changed,
                                   timestamp_ns now) {
  // A full list keeps what it has: a client that resumes sees from the numbers that some are missing.
  if (!tells() || news_.size() == publications_max) return nullptr;
  auto& news =
    std::get<account_publication>(news_.emplace_back(std::in_place_type<account_publication>));
  news.account = self_;
  news.owner = owner_;
  news.at = now;
  news.event_number = events_;
  news.change = what;
  if (order != nullptr) news.order = *order;
  news.balances.reserve(changed.size());
  for (const auto index : changed) news.balances.push_back(balances_.view(index));
  return &news;
}

} // namespace rialto

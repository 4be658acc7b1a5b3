// Orders that end one another: OCO, and an entry with its exits (OTO, bracket).
//
//   - An order that trades, goes (its trigger) or is cancelled cancels the one it is linked to (reason linked), before
//     anything else that is due goes. One that expires, or that the book refuses when it comes, leaves the other alone.
//   - Exits come when the entry has ended, for what it executed: each for the lots that its proceeds after fees are,
//     or, to buy, can pay at the dearest exit's limit. Nothing executed, or not a lot: they are cancelled.
//   - Cancelling an exit before that cancels all of the list, and no exit comes; cancelling the entry ends the entry.
//   - An exit whose price has come already goes at once: what it protects is there. While the market is not open it
//     waits as any order does, and goes when that opens: sent into a halt it would expire, and what it protects stay bare.
//   - Fees may eat all of an entry's proceeds: then there is nothing to spend, and its exits are cancelled. A market buy
//     of no budget must never be sent, for the book reads 0 as no bound.
//   - A list is taken wholly or refused wholly, each order with the reason.
#include "domain/market_step.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>
#include <utility>

namespace rialto {

reject_reason market::refusal_of(const submit_list& list) const {
  if (is_blank()) return reject_reason::unknown_market;
  if (links_.size() >= order_links::lists_max) return reject_reason::too_many_triggers;
  if (const auto why = flaw_of_list(list.has_entry, list.orders); why != reject_reason::none)
    return why;
  for (std::size_t i = 0; i < list.orders.size(); ++i) {
    const auto& order = list.orders[i];
    const bool comes_later = list.has_entry && i > 0;
    if (order.account != list.account || is_known(order.id)) return reject_reason::already_exists;
    auto why = comes_later ? book_.flaw_of(order) : refusal_of(order);
    if (why == reject_reason::none && order.rules && order.rules->expires_at.value != 0 && i > 0)
      why = reject_reason::list_invalid;
    if (why != reject_reason::none) return why;
  }
  return list.orders[0].id == list.list ? reject_reason::none : reject_reason::list_invalid;
}

outcome market::run(const submit_list& list, const order_view& context, const step& at) {
  const auto why = refusal_of(list);
  if (why != reject_reason::none) {
    for (const auto& order : list.orders)
      if (!is_known(order.id))
        at.out.push_back(order_closed{order.id, list.account, order_status::rejected, why});
  } else {
    at.out.push_back(list_linked{list.list, list.account, list.has_entry, list.orders});
    links_.apply(std::get<list_linked>(at.out.back()));
    const auto coming = list.has_entry ? 1 : list.orders.size();
    for (const bool waiting : {true, false}) // those that wait first: a trade then finds them
      for (std::size_t i = 0; i < coming; ++i)
        if (waits(list.orders[i].rules) == waiting) enter(list.orders[i], at);
    halt_if_called(at);
  }
  finish(at);
  orders_view all;
  for (const auto& order : list.orders) {
    auto view = view_of(order, order.id == context.id ? context : order_view{});
    view.list = list.list;
    view.is_pending = links_.find_pending(order.id) != nullptr;
    add_events(view, at);
    view.updated_at = at.now;
    all.orders.push_back(std::move(view));
  }
  if (why != reject_reason::none) {
    if (all.orders.empty()) return rejection{why, context};
    return rejection{why, all.orders[0]};
  }
  return all;
}

bool market::is_known(order_id id) const {
  return book_.find(id) != no_order || triggers_.find(id) != nullptr || links_.find(id) != nullptr;
}

/// To wait or into the book.
void market::enter(const submit_order& order, const step& at) {
  if (order.tif == time_in_force::gtd && order.rules->expires_at <= at.now)
    at.out.push_back(
      order_closed{order.id, order.account, order_status::expired, reject_reason::none});
  else if (waits(order.rules))
    arm(order, at);
  else if (is_pegged(order.rules))
    enter_pegged(order, at);
  else
    book_.submit(order, ids_, at.out);
}

/// What an event means for those linked to the orders it is about. The event is copied: more are appended.
void market::follow_links(const market_event& event, const step& at) {
  if (const auto* traded = std::get_if<trade_executed>(&event)) {
    const auto trade = *traded;
    const auto* made = links_.find(trade.maker);
    const auto* took = links_.find(trade.taker);
    const auto maker_list = made == nullptr ? order_id{} : made->list;
    const auto taker_list = took == nullptr ? order_id{} : took->list;
    const bool maker_enters = made != nullptr && made->entry == trade.maker;
    const bool taker_enters = took != nullptr && took->entry == trade.taker;
    if (maker_list && !maker_enters) end_linked(maker_list, trade.maker, at);
    if (taker_list && !taker_enters) end_linked(taker_list, trade.taker, at);
    links_.apply(trade);
    if (maker_enters && trade.maker_is_last) opening_.push_back(maker_list);
    if (taker_enters && trade.taker_is_last) opening_.push_back(taker_list);
  } else if (const auto* ended = std::get_if<order_closed>(&event)) {
    const auto closed = *ended;
    const auto* found = links_.find(closed.id);
    if (found == nullptr) return;
    const auto list = found->list;
    const bool enters = found->entry == closed.id;
    if (!enters && closed.status == order_status::cancelled &&
        closed.reason != reject_reason::linked)
      end_linked(list, closed.id, at);
    links_.apply(closed);
    if (enters) opening_.push_back(list);
  }
}

/// Cancels what is linked to an order, an entry and pending exits included.
void market::end_linked(order_id list, order_id besides, const step& at) {
  const auto* found = links_.find_list(list);
  if (found == nullptr) return;
  std::vector<order_id> others = found->legs;
  for (const auto& one : found->pending) others.push_back(one.id);
  if (found->entry) others.push_back(found->entry);
  std::erase(others, besides);
  for (const auto id : others) {
    if (const auto at_book = book_.find(id); at_book != no_order)
      book_.cancel(at_book, at.out, reject_reason::linked);
    else if (triggers_.find(id) != nullptr)
      disarm(id, order_status::cancelled, reject_reason::linked, at);
    else if (links_.find_pending(id) != nullptr)
      at.out.push_back(
        order_closed{id, found->account, order_status::cancelled, reject_reason::linked});
    else
      continue; // an entry that is being taken from right now
    links_.apply(std::get<order_closed>(at.out.back()));
    found = links_.find_list(list);
    if (found == nullptr) return;
  }
}

/// Exits come after all events so far, as the journal has it: they follow no price from before. False if none came.
bool market::open_exits(const step& at) {
  if (opening_.empty()) return false;
  for (const auto list : std::exchange(opening_, {})) open_exits(list, at);
  return true;
}

/// The entry of this list has ended.
void market::open_exits(order_id list, const step& at) {
  const auto* found = links_.find_list(list);
  if (found == nullptr || found->pending.empty()) return;
  const auto exits = found->pending;
  const auto proceeds = found->proceeds;
  auto size = found->filled;
  for (const auto& exit : exits) {
    auto unit = spec_.lot_size.value;
    if (exit.way == side::buy) {
      if (exit.type == order_type::market) { // spends what there is
        if (proceeds.value <= 0) size = {};
        continue;
      }
      if (__builtin_mul_overflow(exit.price.value, spec_.units_per_tick_lot(), &unit)) unit = 0;
    }
    size.value = unit <= 0 ? 0 : std::min(size.value, proceeds.value / unit);
  }
  if (size.value <= 0) return end_linked(list, {}, at);
  at.out.push_back(exits_sized{list, found->account, size});
  links_.apply(std::get<exits_sized>(at.out.back()));
  for (const bool waiting : {true, false})
    for (auto exit : exits) {
      if (waits(exit.rules) != waiting) continue;
      exit.size = size;
      if (exit.type == order_type::market && exit.way == side::buy) exit.spend_max = proceeds;
      if (!waiting) {
        enter_exit(exit, at);
        continue;
      }
      arm(exit, at);
      if (spec_.status == market_status::open && !exit.rules->trigger.follows() &&
          trigger_book::is_reached(exit, last_price()))
        going_.push_back(exit.id);
    }
}

/// It rests where the market lets it; what would trade while nothing trades expires.
void market::enter_exit(const submit_order& exit, const step& at) {
  const bool is_still =
    spec_.status != market_status::open && spec_.status != market_status::auction;
  if (is_still && book_.would_take(exit.way, exit.price)) {
    at.out.push_back(order_closed{exit.id, exit.account, order_status::expired, refusal_of(exit)});
    return;
  }
  set_bounds(at.now);
  book_.submit(exit, ids_, at.out);
  expire_refused(exit.id, at);
  halt_if_called(at);
}

} // namespace rialto

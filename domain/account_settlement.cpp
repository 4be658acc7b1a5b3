// What markets answer: fills, ends and amends become events that settle the order's hold.
#include "domain/account.hpp"
#include "domain/account_step.hpp"

#include <algorithm>

namespace rialto {

outcome account::handle(const link_message& message, entity_id from, const order_view&,
                        timestamp_ns now, std::vector<event>& out, posts_type& posts) {
  const step at{now, out, posts, {}};
  std::visit(
    [&](const auto& one) {
      if constexpr (requires { take_message(one, from, at); }) take_message(one, from, at);
    },
    message);
  return done{};
}

void account::take_message(const open_account& message, entity_id from, const step& at) {
  if (!is_blank() || message.account != self_ || from != entity_id{message.owner}) return;
  settle(account_opened{self_, message.owner, message.label}, at);
}

template <class Message>
const open_order* account::find_open(const Message& message, entity_id from) const {
  const auto at = open_.find(message.id);
  if (at == open_.end() || message.account != self_ || from != entity_id{at->second.market})
    return nullptr;
  return &at->second;
}

void account::take_message(const order_filled& message, entity_id from, const step& at) {
  const auto* order = find_open(message, from);
  if (order == nullptr) return;
  const auto& fill = message.fill;
  const bool buys = order->way == side::buy;
  std::int64_t base = 0;
  const bool fits = !__builtin_mul_overflow(fill.size.value, order->lot_size.value, &base);
  RIALTO_ASSERT(fits);
  const auto paid = buys ? fill.notional.value : base;
  RIALTO_ASSERT_VALUES(fill.size.value > 0, message.id.value, fill.size.value);
  RIALTO_ASSERT_VALUES(fill.notional.value >= 0, message.id.value, fill.notional.value);
  const auto* list = shared_by(message.id, *order);
  const auto hold = list != nullptr ? list->hold : order->hold;
  RIALTO_ASSERT_VALUES(paid <= hold.value, paid, hold.value);
  if (order->size.value != 0)
    RIALTO_ASSERT_VALUES(order->executed + order->prevented + fill.size <= order->size,
                         message.id.value, fill.size.value);
  const auto rest = hold.value - paid;
  std::int64_t released = 0;
  if (list != nullptr) { // while another shares it, that one's end releases it
    if (message.is_last && list->legs.size() == 1) released = rest;
  } else if (message.is_last && !order->parent) { // what a slice leaves goes back to its parent
    released = rest;
  } else if (buys && order->has_limit()) { // traded below its limit
    const auto reserved = notional(order->price, fill.size, order->units_per_tick_lot);
    RIALTO_ASSERT(reserved.has_value());
    released = std::clamp<std::int64_t>(reserved->value - paid, 0, rest);
  }
  const auto parent = order->parent;
  settle(fill_settled{message.id, order->market, order->way, fill, amount_units{base},
                      message.is_last, balances_[order->base].asset, balances_[order->quote].asset,
                      amount_units{released},
                      kept_of(message.id, *order,
                              (buys ? amount_units{base} : fill.notional) - fill.fee)},
         at);
  if (parent && message.is_last) end_if_over(parent, at);
}

void account::take_message(const order_ended& message, entity_id from, const step& at) {
  const auto* order = find_open(message, from);
  if (order == nullptr) return;
  const auto parent = order->parent;
  settle(order_done{message.id, message.status, message.reason,
                    balances_[order->held_asset()].asset, released_at_end(message.id, *order)},
         at);
  if (parent) end_if_over(parent, at);
}

void account::take_message(const order_reduced& message, entity_id from, const step& at) {
  const auto* order = find_open(message, from);
  if (order == nullptr) return;
  RIALTO_ASSERT_VALUES(message.size.value > 0, message.id.value, message.size.value);
  std::int64_t released = 0;
  if (order->has_limit() &&
      shared_by(message.id, *order) ==
        nullptr) { // what a market order holds stays with it until it ends, the same step
    const auto freed = order->way == side::buy
                         ? notional(order->price, message.size, order->units_per_tick_lot)
                         : order->base_of(message.size);
    RIALTO_ASSERT(freed.has_value());
    released = std::min(freed->value, order->hold.value);
  }
  settle(order_cut{message.id, message.size, balances_[order->held_asset()].asset,
                   amount_units{released}},
         at);
}

void account::take_message(const order_activated& message, entity_id from, const step& at) {
  if (find_open(message, from) != nullptr) settle(trigger_noted{message.id}, at);
}

void account::take_message(const order_amended& message, entity_id from, const step& at) {
  const auto* order = find_open(message, from);
  if (order == nullptr) return;
  // A "no" need not know the order's terms: they are ours.
  const bool taken = message.reason == reject_reason::none;
  const auto price = taken ? message.price : order->price;
  const auto size = taken ? message.size : order->size;
  const auto need = order->need(price, size);
  RIALTO_ASSERT(need.has_value());
  RIALTO_ASSERT_VALUES(size > order->executed + order->prevented, size.value,
                       order->executed.value);
  RIALTO_ASSERT_VALUES(*need <= order->hold, need->value, order->hold.value);
  settle(amend_settled{message.id, price, size, message.reason,
                       balances_[order->held_asset()].asset, order->hold - *need},
         at);
}

} // namespace rialto

// What accounts ask of a market, and what they are answered: the order as the sender described it
// (`context`) with what the market knows of it after this step.
#include "domain/market_step.hpp"
#include "domain/order_rules.hpp"

namespace rialto {

reject_reason market::refusal_of(const submit_order& order) const {
  const bool is_waiting = waits(order.rules);
  if (is_blank()) return reject_reason::unknown_market;
  switch (spec_.status) {
  case market_status::open: break;
  case market_status::post_only:
    if (is_waiting || is_pegged(order.rules)) break;
    if (order.type == order_type::market || order.tif == time_in_force::ioc ||
        order.tif == time_in_force::fok || book_.would_take(order.way, order.price))
      return reject_reason::market_post_only;
    break;
  case market_status::cancel_only: return reject_reason::market_cancel_only;
  case market_status::halted: return reject_reason::market_halted;
  case market_status::auction:
    if (is_waiting) break;
    if (order.type != order_type::limit || order.tif == time_in_force::ioc ||
        order.tif == time_in_force::fok || (order.rules && order.rules->size_min.value > 0))
      return reject_reason::market_auction;
    break;
  }
  if (!is_waiting && order.type != order_type::market && order.price.value > 0)
    if (const auto why = refusal_of_price(order.price); why != reject_reason::none) return why;
  if (order.size > spec_.quantity_max) return reject_reason::quantity_invalid;
  if (!is_waiting) return reject_reason::none;
  const auto why = book_.flaw_of(order);
  return why == reject_reason::none ? flaw_of_trigger(order) : why;
}

outcome market::run(const submit_order& order, const order_view& context, const step& at) {
  RIALTO_ASSERT(order.id);
  RIALTO_ASSERT(order.account);
  auto view = view_of(order, context);
  if (const auto known = book_.find(order.id); known != no_order) {
    finish(at);
    return rejection{reject_reason::already_exists, view_of(known, context)};
  }
  if (is_known(order.id)) {
    finish(at);
    return rejection{reject_reason::already_exists, std::move(view)};
  }
  if (const auto why = refusal_of(order); why != reject_reason::none)
    at.out.push_back(order_closed{order.id, order.account, order_status::rejected, why});
  else
    enter(order, at);
  halt_if_called(at);
  finish(at);
  add_events(view, at);
  view.updated_at = at.now;
  if (view.status == order_status::rejected) return rejection{view.reason, std::move(view)};
  return view;
}

outcome market::run(const amend_order& wish, const order_view& context, const step& at) {
  const auto known = book_.find(wish.id);
  const bool mine = known != no_order && book_.account(known) == wish.account;
  const auto* waiting = triggers_.find(wish.id);
  if (waiting != nullptr && waiting->order.account != wish.account) waiting = nullptr;
  auto view = mine                 ? view_of(known, context)
              : waiting != nullptr ? view_of(*waiting, context)
                                   : context;
  view.id = wish.id;
  view.account = wish.account;
  auto why = reject_reason::none;
  if (waiting != nullptr ||
      (mine && (links_.find(wish.id) != nullptr || pegs_.find(wish.id) != nullptr)))
    why = reject_reason::amend_not_allowed; // cancel it, and place another
  else if (!mine)
    why = reject_reason::unknown_order;
  else if (spec_.status == market_status::halted)
    why = reject_reason::market_halted;
  else if (spec_.status == market_status::cancel_only)
    why = reject_reason::market_cancel_only;
  else if (wish.size > spec_.quantity_max)
    why = reject_reason::quantity_invalid;
  else if (wish.price != view.price && wish.price.value > 0)
    why = refusal_of_price(wish.price);
  if (why == reject_reason::none)
    book_.amend(known, wish, spec_.status == market_status::open, ids_, at.out);
  else if (mine || waiting != nullptr)
    at.out.push_back(amend_refused{wish.id, wish.account, view.price, view.size, why});
  else
    at.out.push_back(amend_refused{wish.id, wish.account, {}, {}, why}); // nothing known of it
  halt_if_called(at);
  finish(at);
  for (auto i = at.first; i < at.out.size(); ++i) // orders that were due may have gone after it
    if (const auto* refused = std::get_if<amend_refused>(&at.out[i])) {
      view.updated_at = at.now;
      return rejection{refused->reason, std::move(view)};
    }
  add_events(view, at);
  view.updated_at = at.now;
  return view;
}

outcome market::run(const cancel_order& wish, const order_view& context, const step& at) {
  const auto known = book_.find(wish.id);
  const auto* waiting = triggers_.find(wish.id);
  const auto* pending = links_.find_pending(wish.id);
  const auto account = known != no_order    ? book_.account(known)
                       : waiting != nullptr ? waiting->order.account
                       : pending != nullptr ? pending->account
                                            : account_id{};
  if (account != wish.account) {
    finish(at);
    auto view = context;
    view.id = wish.id;
    view.account = wish.account;
    return rejection{reject_reason::unknown_order, std::move(view)};
  }
  auto view = known != no_order    ? view_of(known, context)
              : waiting != nullptr ? view_of(*waiting, context)
                                   : view_of(*pending, context);
  if (spec_.status == market_status::halted) {
    finish(at);
    return rejection{reject_reason::market_halted, std::move(view)};
  }
  if (known != no_order)
    book_.cancel(known, at.out);
  else if (waiting != nullptr)
    disarm(wish.id, order_status::cancelled, reject_reason::none, at);
  else
    at.out.push_back(order_closed{wish.id, account, order_status::cancelled, reject_reason::none});
  finish(at);
  add_events(view, at);
  view.updated_at = at.now;
  return view;
}

order_view market::view_of(const submit_order& order, const order_view& context) const {
  order_view view = context;
  const bool described = context.id == order.id;
  view.id = order.id;
  view.account = order.account;
  view.market = self_;
  view.way = order.way;
  view.type = order.type;
  view.tif = order.tif;
  view.price = order.price;
  view.stp = order.stp;
  view.rules = order.rules;
  view.prevented = {};
  if (!described) { // a size or spend_max may only bound an order by quote: the sender knows
    view.size = order.size;
    view.quote_quantity = order.quote_target;
    view.created_at = order.created_at;
  }
  view.status = order_status::new_order;
  view.reason = reject_reason::none;
  view.executed = {};
  view.executed_quote = {};
  view.fills.clear();
  return view;
}

order_view market::view_of(order_handle at, const order_view& context) const {
  const auto& order = book_.order(at);
  const auto& level = book_.level(order.level);
  order_view view = context;
  const auto& extra = book_.extra(at);
  view.id = order.id;
  view.account = book_.account(at);
  view.market = self_;
  view.way = level.way;
  const auto* pegged = pegs_.find(order.id);
  view.price = pegged == nullptr ? level.price : pegged->limit;
  view.size = extra.executed + extra.prevented + book_.open(at);
  view.executed = extra.executed;
  view.executed_quote = extra.quote;
  view.prevented = extra.prevented;
  view.status = extra.executed.value > 0 ? order_status::partially_filled : order_status::new_order;
  view.reason = reject_reason::none;
  view.fills.clear();
  return view;
}

/// Takes what the step's events say of this order.
void market::add_events(order_view& view, const step& at) {
  for (auto i = at.first; i < at.out.size(); ++i) {
    const auto& happened = at.out[i];
    if (const auto* trade = std::get_if<trade_executed>(&happened)) {
      const bool made = trade->maker == view.id; // with an order that went after it
      if (!made && trade->taker != view.id) continue;
      view.executed += trade->size;
      view.executed_quote += trade->notional;
      view.status = (made ? trade->maker_is_last : trade->taker_is_last)
                      ? order_status::filled
                      : order_status::partially_filled;
      view.fills.push_back({trade->trade, trade->price, trade->size, trade->notional,
                            made ? trade->maker_fee : trade->taker_fee, made, at.now});
    } else if (const auto* prevented = std::get_if<trade_prevented>(&happened)) {
      if (prevented->reduces && (prevented->taker == view.id || prevented->maker == view.id))
        view.prevented += prevented->size;
    } else if (const auto* closed = std::get_if<order_closed>(&happened)) {
      if (closed->id != view.id) continue;
      view.status = closed->status;
      view.reason = closed->reason;
    } else if (const auto* changed = std::get_if<order_changed>(&happened)) {
      view.price = changed->price;
      view.size = changed->size;
    }
  }
}

} // namespace rialto

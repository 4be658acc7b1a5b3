// What an owner asks of orders: place, amend, cancel. Decisions only; account_apply.cpp changes.
#include "domain/account.hpp"
#include "domain/account_step.hpp"
#include "domain/order_rules.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

namespace {

constexpr std::int64_t ppm = 1'000'000;
constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();

bool is_sound(const market_terms& terms) {
  return terms.market && terms.units_per_tick_lot > 0 && terms.lot_size.value > 0 &&
         !terms.base.empty() && !terms.quote.empty() && terms.base != terms.quote &&
         terms.collar.value >= 0 && terms.collar.value <= ppm &&
         terms.fee_tiers.size() <= fee_tiers_max;
}

std::optional<amount_units> base_of(quantity_lots size, amount_units lot_size) {
  std::int64_t units = 0;
  if (__builtin_mul_overflow(size.value, lot_size.value, &units)) return {};
  return amount_units{units};
}

bool is_allowed(quantity_lots size, const market_terms& terms) {
  return size.value > 0 && size >= terms.quantity_min && size <= terms.quantity_max;
}

/// Why a market in this state takes no such order; stale terms are corrected by the market itself.
reject_reason refusal_of(const market_terms& terms, const place_order& cmd) {
  switch (terms.status) {
  case market_status::open: return reject_reason::none;
  case market_status::post_only: {
    const bool takes = cmd.type == order_type::market || cmd.tif == time_in_force::ioc ||
                       cmd.tif == time_in_force::fok;
    return takes && !waits(cmd.rules) ? reject_reason::market_post_only : reject_reason::none;
  }
  case market_status::cancel_only: return reject_reason::market_cancel_only;
  case market_status::halted: return reject_reason::market_halted;
  case market_status::auction: { // the market refuses a minimum quantity
    const bool rests = cmd.type == order_type::limit && cmd.tif != time_in_force::ioc &&
                       cmd.tif != time_in_force::fok;
    return rests || waits(cmd.rules) ? reject_reason::none : reject_reason::market_auction;
  }
  }
  return reject_reason::market_halted;
}

/// The price a market order's hold is reckoned from: the last one, or where the order goes at worst. A buy that
/// follows goes at most its trail above where it begins. 0: there is none.
price_ticks reference_of(const place_order& cmd) {
  if (!waits(cmd.rules)) return cmd.terms.reference_price;
  const auto& trigger = cmd.rules->trigger;
  const auto from = trigger.price.value != 0 ? trigger.price : cmd.terms.reference_price;
  if (from.value <= 0) return {};
  const auto turn = trigger.trail_rate.value != 0
                      ? scale(from.value, trigger.trail_rate.value, ppm, rounding::up)
                      : std::optional{trigger.trail.value};
  if (!turn) return {};
  if (cmd.way == side::buy) {
    std::int64_t price = 0;
    return {__builtin_add_overflow(from.value, *turn, &price) ? int64_max : price};
  }
  return {std::max<std::int64_t>(1, from.value - *turn)};
}

/// Lots that bring `quote` if the price falls from the reference by the collar; at most `most`.
quantity_lots lots_for(amount_units quote, amount_units per_lot, rate_ppm collar,
                       std::int64_t most) {
  const auto wanted = static_cast<__int128>(quote.value) * (ppm + collar.value);
  const auto divisor = static_cast<__int128>(per_lot.value) * ppm;
  const auto lots = (wanted + divisor - 1) / divisor;
  return {lots > most ? most : static_cast<std::int64_t>(lots)};
}

} // namespace

std::optional<amount_units> open_order::need(price_ticks limit, quantity_lots total) const {
  const auto left = total - executed - prevented;
  return way == side::buy ? notional(limit, left, units_per_tick_lot) : base_of(left);
}

std::optional<amount_units> open_order::base_of(quantity_lots lots) const {
  return rialto::base_of(lots, lot_size);
}

// ---- place

outcome account::run(const place_order& cmd, const step& at) {
  const auto& terms = cmd.terms;
  if (!is_sound(terms)) return refuse(reject_reason::instrument_invalid);
  const bool is_named = !cmd.client_order_id.empty();
  if (is_named && cmd.id_rule == client_id_rule::open_unique) {
    if (client_ids_.is_open(hash64(cmd.client_order_id)))
      return refuse(reject_reason::client_order_id_reused);
  } else if (is_named) {
    const auto known = client_ids_.look(hash64(cmd.client_order_id), cmd.body_hash, at.now);
    if (known.what == client_ids::verdict::same) return view_of(*known.entry, cmd);
    if (known.what == client_ids::verdict::reused)
      return refuse(reject_reason::client_order_id_reused);
  }
  if (const auto why = refusal_of(cmd, at); why != reject_reason::none) return refuse(why);
  const auto decided = decide(cmd, cmd.is_test ? funds::later : funds::now);
  if (decided.why != reject_reason::none) return refuse(decided.why);
  if (cmd.is_test) return done{};
  if (cmd.slicing) return place_sliced(cmd, decided, at);
  order_placed placed;
  placed.order = submit_of(cmd, decided, at);
  placed.market = terms.market;
  placed.client_order_id = cmd.client_order_id;
  placed.body_hash = cmd.body_hash;
  placed.base = terms.base;
  placed.quote = terms.quote;
  placed.hold = decided.hold;
  placed.units_per_tick_lot = terms.units_per_tick_lot;
  placed.lot_size = terms.lot_size;
  settle(std::move(placed), at);
  forwarded sent{view_of(*open_.find(cmd.id))};
  sent.order.counts = counts(at.now);
  return sent;
}

/// What says no before price, quantity and funds are looked at.
reject_reason account::refusal_of(const place_order& cmd, const step& at) const {
  if (!cmd.id || open_.contains(cmd.id) || is_reserved(cmd.id))
    return reject_reason::already_exists;
  if (open_.size() >= at.limits.open_orders_max) return reject_reason::too_many_open_orders;
  if (daily_.count(at.now) >= at.limits.orders_per_day_max)
    return reject_reason::too_many_orders_today;
  if (burst_.count(at.now) >= at.limits.orders_per_10s_max)
    return reject_reason::too_many_orders_now;
  if (const auto why = rialto::refusal_of(cmd.terms, cmd); why != reject_reason::none) return why;
  if (const auto why = flaw_of_rules(cmd.rules, cmd.type, cmd.tif, cmd.size);
      why != reject_reason::none)
    return why;
  if (const auto why = refusal_of_filters(cmd); why != reject_reason::none) return why;
  if (cmd.slicing) return refusal_of_slicing(cmd, at);
  return cmd.tif == time_in_force::gtd && cmd.rules->expires_at <= at.now
           ? reject_reason::expiry_invalid
           : reject_reason::none;
}

/// What the market's filters say, before its quantity and notional.
reject_reason account::refusal_of_filters(const place_order& cmd) const {
  const auto& filters = cmd.terms.filters;
  if (const auto why = flaw_of_price(filters, cmd.way, cmd.price, cmd.terms.reference_price);
      why != reject_reason::none)
    return why;
  if (const auto why = flaw_of_shape(filters, cmd.type, cmd.size, cmd.rules);
      why != reject_reason::none)
    return why;
  if (filters.orders_max == 0 && filters.algo_orders_max == 0) return reject_reason::none;
  const auto open = counts_.of(cmd.terms.market);
  if (filters.orders_max != 0 && open.all >= filters.orders_max)
    return reject_reason::too_many_orders_here;
  if (filters.algo_orders_max != 0 && waits(cmd.rules) && open.algo >= filters.algo_orders_max)
    return reject_reason::too_many_algo_orders;
  return reject_reason::none;
}

submit_order account::submit_of(const place_order& cmd, const placement& decided,
                                const step& at) const {
  submit_order order;
  order.id = cmd.id;
  order.account = self_;
  order.owner = owner_;
  order.way = cmd.way;
  order.type = cmd.type;
  order.tif = cmd.tif;
  order.price = cmd.price;
  order.size = decided.size;
  order.quote_target = cmd.quote_quantity;
  if (cmd.type == order_type::market && cmd.way == side::buy) order.spend_max = decided.hold;
  fee_rates rates{cmd.terms.maker_fee, cmd.terms.taker_fee};
  if (!cmd.terms.fee_tiers.empty())
    rates = rates_for(rates, cmd.terms.fee_tiers, volume_.sum(cmd.terms.quote, at.now));
  order.maker_fee = rates.maker;
  order.taker_fee = rates.taker;
  order.created_at = at.now;
  order.stp = cmd.stp.value_or(stp_);
  order.rules = cmd.rules;
  return order;
}

account::placement account::decide(const place_order& cmd, funds from) const {
  if (cmd.way != side::buy && cmd.way != side::sell)
    return {reject_reason::quantity_invalid, {}, {}};
  switch (cmd.type) {
  case order_type::limit:
  case order_type::post_only: return decide_limit(cmd, from);
  case order_type::market: return decide_market(cmd, from);
  }
  return {reject_reason::price_invalid, {}, {}};
}

account::placement account::decide_limit(const place_order& cmd, funds from) const {
  const auto& terms = cmd.terms;
  const auto no = [](reject_reason why) { return placement{why, {}, {}}; };
  if (cmd.price.value <= 0) return no(reject_reason::price_invalid);
  if (cmd.quote_quantity.value != 0 || !is_allowed(cmd.size, terms))
    return no(reject_reason::quantity_invalid);
  const auto cost = notional(cmd.price, cmd.size, terms.units_per_tick_lot);
  const auto base = base_of(cmd.size, terms.lot_size);
  if (!cost || !base) return no(reject_reason::notional_too_large);
  if (*cost < terms.notional_min) return no(reject_reason::notional_too_small);
  const bool buys = cmd.way == side::buy;
  const auto hold = buys ? *cost : *base;
  if (from == funds::now && hold > balances_.available(buys ? terms.quote : terms.base))
    return no(reject_reason::insufficient_balance);
  return {reject_reason::none, hold, cmd.size};
}

account::placement account::decide_market(const place_order& cmd, funds from) const {
  const auto& terms = cmd.terms;
  const auto no = [](reject_reason why) { return placement{why, {}, {}}; };
  const bool buys = cmd.way == side::buy, by_quote = cmd.quote_quantity.value != 0;
  if (cmd.price.value != 0) return no(reject_reason::price_invalid);
  if (by_quote ? cmd.size.value != 0 || cmd.quote_quantity.value < 0 : !is_allowed(cmd.size, terms))
    return no(reject_reason::quantity_invalid);
  const auto available = from == funds::now ? balances_.available(buys ? terms.quote : terms.base)
                                            : amount_units{int64_max};
  if (buys && by_quote) { // the one kind that needs no reference price
    if (cmd.quote_quantity < terms.notional_min) return no(reject_reason::notional_too_small);
    if (cmd.quote_quantity > available) return no(reject_reason::insufficient_balance);
    return {reject_reason::none, cmd.quote_quantity, {}};
  }
  const auto reference = reference_of(cmd);
  if (reference.value <= 0) return no(reject_reason::no_liquidity);
  const auto per_lot = notional(reference, {1}, terms.units_per_tick_lot);
  if (!per_lot) return no(reject_reason::notional_too_large);
  if (by_quote) { // sells as many lots as are held for it, at most
    if (cmd.quote_quantity < terms.notional_min) return no(reject_reason::notional_too_small);
    const auto most = std::min(available.value / terms.lot_size.value, terms.quantity_max.value);
    const auto lots = lots_for(cmd.quote_quantity, *per_lot, terms.collar, most);
    if (lots.value <= 0) return no(reject_reason::insufficient_balance);
    return {reject_reason::none, *base_of(lots, terms.lot_size), lots};
  }
  const auto cost = notional(reference, cmd.size, terms.units_per_tick_lot);
  const auto base = base_of(cmd.size, terms.lot_size);
  if (!cost || !base) return no(reject_reason::notional_too_large);
  if (*cost < terms.notional_min) return no(reject_reason::notional_too_small);
  if (!buys) {
    if (*base > available) return no(reject_reason::insufficient_balance);
    return {reject_reason::none, *base, cmd.size};
  }
  const auto padded = scale(cost->value, ppm + terms.collar.value, ppm, rounding::up);
  const amount_units hold{std::min(available.value, padded.value_or(int64_max))};
  if (hold.value <= 0) return no(reject_reason::insufficient_balance);
  return {reject_reason::none, hold, cmd.size};
}

/// The order of a repeated placement, as it is now: open, or how it ended.
order_view account::view_of(const client_entry& entry, const place_order& cmd) const {
  if (const auto at = open_.find(entry.order); at != open_.end()) return view_of(*at);
  order_view view;
  view.id = entry.order;
  view.account = self_;
  view.market = cmd.terms.market; // the same body asked for the same
  view.client_order_id = cmd.client_order_id;
  view.way = cmd.way;
  view.type = cmd.type;
  view.tif = cmd.tif;
  view.status = entry.status;
  view.reason = entry.reason;
  view.price = entry.price;
  view.size = entry.size;
  view.quote_quantity = cmd.quote_quantity;
  view.executed = entry.executed;
  view.executed_quote = entry.executed_quote;
  view.created_at = entry.placed_at;
  view.updated_at = entry.updated_at;
  return view;
}

// ---- amend and cancel

outcome account::run(const amend& cmd, const step& at) {
  const auto known = open_.find(cmd.id);
  if (known == open_.end()) return refuse(reject_reason::unknown_order, cmd.id);
  const auto& order = known->second;
  const auto no = [&](reject_reason why) { return rejection{why, view_of(*known)}; };
  const auto& terms = cmd.terms;
  if (!is_sound(terms) || terms.market != order.market) return no(reject_reason::unknown_market);
  if (!order.has_limit() || order.is_amending || lists_.contains(order.list) || order.parent ||
      sliced_.contains(cmd.id))
    return no(reject_reason::amend_not_allowed);
  if (terms.status == market_status::halted) return no(reject_reason::market_halted);
  if (terms.status == market_status::cancel_only) return no(reject_reason::market_cancel_only);
  if (cmd.price.value == 0 && cmd.size.value == 0) return no(reject_reason::amend_not_allowed);
  if (cmd.price.value < 0) return no(reject_reason::price_invalid);
  const auto price = cmd.price.value == 0 ? order.price : cmd.price;
  const auto size = cmd.size.value == 0 ? order.size : cmd.size;
  if (!is_allowed(size, terms)) return no(reject_reason::quantity_invalid);
  if (cmd.price.value != 0)
    if (const auto why = flaw_of_price(terms.filters, order.way, price, terms.reference_price);
        why != reject_reason::none)
      return no(why);
  if (const auto why = flaw_of_shape(terms.filters, order.type, size, order.rules);
      why != reject_reason::none)
    return no(why);
  if (size <= order.executed + order.prevented) return no(reject_reason::amend_not_allowed);
  const auto whole = notional(price, size, order.units_per_tick_lot);
  const auto base = base_of(size, order.lot_size);
  if (!whole || !base) return no(reject_reason::notional_too_large);
  if (*whole < terms.notional_min) return no(reject_reason::notional_too_small);

  // Until the market answers, what is open may still fill at the old price, and only what is then
  // left at the new one: for a buy that moves down while it grows this costs more than either.
  auto need = *order.need(price, size);
  if (order.way == side::buy && price < order.price) {
    const auto dearer = std::min(size, order.size) - order.executed - order.prevented;
    const auto more = notional(order.price - price, dearer, order.units_per_tick_lot);
    if (!more || __builtin_add_overflow(need.value, more->value, &need.value))
      return no(reject_reason::notional_too_large);
  }
  const amount_units extra{std::max<std::int64_t>(0, need.value - order.hold.value)};
  const auto& asset = balances_[order.held_asset()];
  if (extra.value > asset.available) return no(reject_reason::insufficient_balance);
  settle(amend_requested{cmd.id, price, size, extra, asset.asset}, at);
  return forwarded{view_of(*known)};
}

outcome account::run(const cancel& cmd, const step& at) {
  const auto known = open_.find(cmd.id);
  if (known == open_.end()) return refuse(reject_reason::unknown_order, cmd.id);
  const auto& order = known->second;
  if (cmd.market && order.market != cmd.market) return refuse(reject_reason::unknown_order);
  const bool has_traded = order.executed.value > 0;
  if ((cmd.only == cancel_restriction::only_new && has_traded) ||
      (cmd.only == cancel_restriction::only_partially_filled && !has_traded))
    return rejection{reject_reason::cancel_restricted, view_of(*known)};
  if (!cmd.name.empty()) cancel_names_[cmd.id] = cmd.name;
  if (sliced_.contains(cmd.id)) return cancel_sliced(cmd.id, at);
  settle(cancel_requested{cmd.id}, at);
  return forwarded{view_of(*known)};
}

outcome account::run(const cancel_by_client_id& cmd, const step& at) {
  const auto order =
    cmd.client_order_id.empty() ? order_id{} : find_by_client_id(cmd.client_order_id);
  if (!order) return refuse(reject_reason::unknown_order);
  return run(cancel{order, cmd.market, cmd.only, cmd.name}, at);
}

} // namespace rialto

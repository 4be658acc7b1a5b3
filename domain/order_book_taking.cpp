// What an incoming or amended order does: it takes what its limit, size and budget allow, in price
// and then queue order; what is left rests or is closed.
//
//   - It trades at the maker's price. At a level it meets house lots and own orders in queue order.
//   - Budget: the sum of notionals never exceeds quote_target nor spend_max. At each price it takes
//     the whole lots that still fit; where not one more fits at the best price, it stops: a worse
//     price is never taken past a better one.
//   - Its last fill says taker_is_last when its size is reached, or, for an order with a
//     quote_target, when the target is spent: not one more lot fits at the best price that is left,
//     or nothing at all is left of it. No other event follows then.
//   - Any other end is an event of its own: order_rested (limit, GTC), or order_closed: expired
//     without reason (IOC; spend_max reached before the size), no_liquidity (a market order emptied
//     the side), notional_too_small (a quote_target below one lot), fok_unfillable; rejected
//     (would_take, or a flaw).
//   - It trades within the market's bounds (order_book_auction.cpp); beyond them it expires
//     price_outside_band, or market_auction unless it may rest. FOK and minimum quantity count what
//     is within.
#include "domain/order_book_taker.hpp"
#include "domain/order_rules.hpp"
#include "domain/trade_fees.hpp"

namespace rialto {

namespace {

/// A market without bands and halts pays for them with this only.
bool is_bounded(const price_bounds& bounds) {
  return std::min(bounds.band_high, bounds.halt_high) != price_bounds::price_max;
}

} // namespace

void order_book::submit(const submit_order& order, market_ids& ids, events& out) {
  const auto close = [&](order_status status, reject_reason why) {
    add_closed(order.id, order.account, status, why, out);
    apply(std::get<order_closed>(out.back()));
  };
  if (const auto why = flaw_of(order); why != reject_reason::none)
    return close(order_status::rejected, why);
  const bool takes =
    !is_auction_ && (order.type == order_type::market || would_take(order.way, order.price));
  if (takes && order.type == order_type::post_only)
    return close(order_status::rejected, reject_reason::would_take);
  auto left = order.size;
  if (takes) {
    const auto end = submit_taking(order, left, ids, out);
    if (end.status != order_status::new_order) return close(end.status, end.why);
    if (left.value == 0) return;
  } else if (order.tif == time_in_force::fok) {
    return close(order_status::expired, reject_reason::fok_unfillable);
  } else if (order.rules && order.rules->size_min.value > 0) {
    return close(order_status::expired, reject_reason::min_quantity_unfillable);
  }
  if (order.tif == time_in_force::ioc || order.tif == time_in_force::fok)
    return close(order_status::expired, reject_reason::none);
  auto& rested = std::get<order_rested>(out.emplace_back(std::in_place_type<order_rested>));
  rested.id = order.id;
  rested.account = order.account;
  rested.owner = order.owner;
  rested.way = order.way;
  rested.price = order.price;
  rested.open = left;
  rested.maker_fee = order.maker_fee;
  rested.taker_fee = order.taker_fee;
  rested.post_only = order.type == order_type::post_only;
  rested.stp = order.stp;
  if (order.rules && (order.rules->display.value > 0 || order.rules->expires_at.value > 0))
    rested.rules = {order.rules->display, order.rules->expires_at};
  apply(rested);
}

/// Takes what it can. new_order: it is filled (left is 0), or `left` may rest.
order_book::ending order_book::submit_taking(const submit_order& order, quantity_lots& left,
                                             market_ids& ids, events& out) {
  taker by;
  by.id = order.id;
  by.account = order.account;
  by.owner = order.owner;
  by.stp = order.stp;
  by.way = order.way;
  by.has_limit = order.type != order_type::market;
  by.limit = order.price;
  by.by_quote = order.type == order_type::market && order.quote_target.value > 0;
  by.left = {order.size.value == 0 ? taker::int64_max : order.size.value};
  by.budget = {by.has_limit ? taker::quote_max : taker::int64_max};
  if (by.by_quote) by.budget = order.quote_target;
  if (order.type == order_type::market && order.spend_max.value > 0)
    by.budget = std::min(by.budget, order.spend_max);
  by.fee = order.taker_fee;
  const bool has_limit = by.has_limit, bounded = is_bounded(bounds_);
  if (bounded) bound(by);

  const bool may_rest =
    has_limit && order.tif != time_in_force::ioc && order.tif != time_in_force::fok;
  if (bounded && starts_beyond_halt(by)) {
    if (may_rest && (!order.rules || order.rules->size_min.value == 0)) return {};
    return {order_status::expired, reject_reason::market_auction};
  }
  if (order.tif == time_in_force::fok && !is_fillable(by))
    return {order_status::expired, reject_reason::fok_unfillable};
  if (order.rules && order.rules->size_min.value > 0) {
    auto least = by;
    least.left = order.rules->size_min;
    if (!is_fillable(least)) return {order_status::expired, reject_reason::min_quantity_unfillable};
  }
  switch (take(by, ids, out)) {
  case stop::done: left = {}; return {};
  case stop::budget:
    return {order_status::expired,
            by.by_quote ? reject_reason::notional_too_small : reject_reason::none};
  case stop::self_trade: return {order_status::expired, reject_reason::self_trade};
  case stop::liquidity: break;
  }
  const auto met = bounded ? bound_met(by, has_limit, order.price) : reject_reason::none;
  if (met == reject_reason::price_outside_band || (met != reject_reason::none && !may_rest))
    return {order_status::expired, met};
  if (order.type == order_type::market) return {order_status::expired, reject_reason::no_liquidity};
  left = by.left;
  return {};
}

void order_book::amend(order_handle at, const amend_order& wish, bool may_take, market_ids& ids,
                       events& out) {
  const auto& order = orders_[at];
  const auto& extra = orders_.extra(at);
  const auto gone = extra.executed + extra.prevented;
  const auto present = orders_.open(at);
  const auto& level = levels_[order.level];
  const auto way = level.way;
  auto why = flaw_of(wish.price, wish.size, way);
  if (why == reject_reason::none && wish.size <= gone) why = reject_reason::amend_not_allowed;
  if (why == reject_reason::none && extra.quote.value > taker::quote_max)
    why = reject_reason::notional_too_large;
  const quantity_lots open = wish.size - gone;
  const bool keeps = wish.price == level.price && open <= present;
  const bool takes =
    why == reject_reason::none && !keeps && !is_auction_ && would_take(way, wish.price);
  if (takes && order.post_only())
    why = reject_reason::would_take;
  else if (takes && !may_take)
    why = reject_reason::market_post_only;
  if (why != reject_reason::none) {
    out.push_back(amend_refused{order.id, account(at), level.price, gone + present, why});
    return;
  }
  taker by;
  by.id = order.id;
  by.account = account(at);
  by.owner = owner(at);
  by.stp = order.stp();
  by.way = way;
  by.limit = wish.price;
  by.left = open;
  by.budget = {taker::quote_max - extra.quote.value};
  by.fee = orders_.fees(at).taker;
  by.resting = at;
  const bool bounded = is_bounded(bounds_);
  if (bounded) bound(by);
  const order_changed changed{order.id, by.account, wish.price, wish.size, open, keeps};
  out.push_back(changed);
  change(changed, at);
  if (!takes || (bounded && starts_beyond_halt(by))) return;
  switch (take(by, ids, out)) {
  case stop::done: return;
  case stop::liquidity: // what is left rests already, crossed where a halt was called
    if (bounded && bound_met(by, true, wish.price) == reject_reason::price_outside_band)
      end(at, order_status::expired, reject_reason::price_outside_band, out);
    return;
  case stop::budget: return end(at, order_status::expired, reject_reason::notional_too_large, out);
  case stop::self_trade: return end(at, order_status::expired, reject_reason::self_trade, out);
  }
}

void order_book::cancel(order_handle at, events& out, reject_reason why) {
  end(at, order_status::cancelled, why, out);
}

void order_book::expire(timestamp_ns now, events& out) {
  while (!expiries_.empty() && expiries_.begin()->first <= now)
    end(orders_.find(expiries_.begin()->second), order_status::expired, reject_reason::none, out);
}

void order_book::end(order_handle at, order_status status, reject_reason why, events& out) {
  add_closed(orders_[at].id, account(at), status, why, out);
  remove(at);
}

bool order_book::would_take(side way, price_ticks price) const {
  const auto at = best(opposite(way));
  return at != no_level && taker::crosses(way, price, levels_[at].price);
}

reject_reason order_book::flaw_of(price_ticks price, quantity_lots size, side way) const {
  std::int64_t base = 0;
  if (price.value <= 0) return reject_reason::price_invalid;
  if (size.value <= 0) return reject_reason::quantity_invalid;
  const auto quote = notional(price, size, units_per_tick_lot_);
  if (!quote || quote->value > taker::quote_max ||
      __builtin_mul_overflow(size.value, lot_size_, &base))
    return reject_reason::notional_too_large;
  if (size.value >> 40 != 0) { // smaller ones cannot overflow a level's total
    const auto at = levels_.find(way, price);
    if (size.value >
        level_lots_max - (at == no_level ? 0 : (levels_[at].own + levels_[at].hidden).value))
      return reject_reason::quantity_invalid;
  }
  return reject_reason::none;
}

bool order_book::stays_countable(order_handle at, price_ticks price) const {
  const auto rest = notional(price, orders_.open(at), units_per_tick_lot_);
  return rest && rest->value <= taker::int64_max - orders_.extra(at).quote.value;
}

reject_reason order_book::flaw_of(const submit_order& order) const {
  constexpr std::int64_t ppm_max = 1'000'000;
  RIALTO_ASSERT(order.account.value <= entity_number_max && order.owner.value <= entity_number_max);
  if (order.taker_fee.value > ppm_max || order.taker_fee.value < -ppm_max ||
      order.maker_fee.value > ppm_max || order.maker_fee.value < -ppm_max)
    return reject_reason::amount_invalid;
  if (const auto why = flaw_of_rules(order.rules, order.type, order.tif, order.size);
      why != reject_reason::none)
    return why;
  if (order.type != order_type::market) {
    if (orders_.is_full()) return reject_reason::too_many_open_orders;
    return flaw_of(order.price, order.size, order.way);
  }
  std::int64_t base = 0;
  if (order.price.value != 0) return reject_reason::price_invalid;
  if (order.quote_target.value < 0 || order.spend_max.value < 0)
    return reject_reason::amount_invalid;
  if (order.size.value < 0 || (order.size.value == 0 && order.quote_target.value == 0))
    return reject_reason::quantity_invalid;
  if (__builtin_mul_overflow(order.size.value, lot_size_, &base))
    return reject_reason::notional_too_large;
  return reject_reason::none;
}

order_book::stop order_book::take(taker& by, market_ids& ids, events& out) {
  for (;;) {
    const auto at = best(opposite(by.way));
    if (at == no_level || !by.reaches(levels_[at].price)) return stop::liquidity;
    const auto& level = levels_[at];
    const auto price = level.price;
    const auto house = house_open_ ? level.house() : quantity_lots{};
    auto maker = level.first;
    quantity_lots offered;
    if (maker != no_order && (house.value == 0 || ahead(maker).value == 0)) {
      if (is_own(by, maker)) {
        if (const auto how = prevent(by, maker, out)) return *how;
        continue;
      }
      offered = orders_[maker].open;
    } else {
      offered = maker == no_order ? house : std::min(house, ahead(maker));
      maker = no_order;
    }
    auto size = std::min(offered, by.left);
    const auto cost = by.cost_within(price.value * units_per_tick_lot_, size);
    if (size.value == 0) return stop::budget;
    const auto left = by.budget - cost;
    const bool is_last = size == by.left || (by.by_quote && is_spent(by, at, size, left));

    auto& trade = add_trade(price, size, by.way, by.fee,
                            maker == no_order ? rate_ppm{} : orders_.fees(maker).maker, ids, out);
    trade.taker = by.id;
    trade.taker_account = by.account;
    trade.taker_is_last = is_last;
    if (maker != no_order) {
      trade.maker = orders_[maker].id;
      trade.maker_account = account(maker);
      trade.maker_is_last = size == orders_.open(maker);
    } else {
      eat_house(at, size);
    }
    change(trade, maker, by.resting);
    by.left -= size;
    by.budget = left;
    if (is_last) return stop::done;
  }
}

/// After `size` is taken from the best level, not one more lot fits into what is left of the
/// budget at the best price then.
bool order_book::is_spent(const taker& by, level_index at, quantity_lots size,
                          amount_units left) const {
  if (left.value == 0) return true;
  for (auto next = levels_.best(opposite(by.way)); next != no_level; next = levels_.worse(next)) {
    const auto& level = levels_[next];
    auto lots = liquid(level) + level.hidden;
    if (next == at) lots -= size;
    if (lots.value > 0) return level.price.value * units_per_tick_lot_ > left.value;
  }
  return false;
}

/// take() would end with the size reached or the quote target spent.
bool order_book::is_fillable(const taker& by) const {
  if (by.stp != stp_mode::none) return is_fillable_among_own(by);
  auto need = by.left;
  auto rest = by;
  for (auto at = levels_.best(opposite(by.way)); at != no_level && by.reaches(levels_[at].price);
       at = levels_.worse(at)) {
    const auto& level = levels_[at];
    const auto offered = std::min(liquid(level) + level.hidden, need);
    if (offered.value == 0) continue;
    auto size = offered;
    rest.budget -= rest.cost_within(level.price.value * units_per_tick_lot_, size);
    need -= size;
    if (need.value == 0) return true;
    if (size < offered) return by.by_quote && rest.budget < by.budget;
  }
  return by.by_quote && rest.budget.value == 0;
}

/// Everything of a trade but who traded. `taken` and `made` are the two sides' fee rates; each pays
/// in what it receives: the buyer base, the seller quote.
trade_executed& order_book::add_trade(price_ticks price, quantity_lots size, side taker_side,
                                      rate_ppm taken, rate_ppm made, market_ids& ids,
                                      events& out) const {
  const auto number = ids.take_trade(out);
  auto& trade = std::get<trade_executed>(out.emplace_back(std::in_place_type<trade_executed>));
  trade.trade = number;
  trade.taker_side = taker_side;
  trade.price = price;
  trade.size = size;
  trade.notional = {price.value * size.value * units_per_tick_lot_};
  trade.base = {size.value * lot_size_};
  const bool taker_buys = taker_side == side::buy;
  trade.taker_fee = fee_on(taker_buys ? trade.base : trade.notional, rate_against(made, taken));
  trade.maker_fee = fee_on(taker_buys ? trade.notional : trade.base, rate_against(taken, made));
  return trade;
}

/// A resting order fills at its own price as maker; the house takes.
void order_book::fill_by_house(order_handle at, quantity_lots size, market_ids& ids, events& out) {
  const auto& order = orders_[at];
  const auto& level = levels_[order.level];
  auto& trade =
    add_trade(level.price, size, opposite(level.way), {}, orders_.fees(at).maker, ids, out);
  trade.maker = order.id;
  trade.maker_account = account(at);
  trade.maker_is_last = size == orders_.open(at);
  change(trade, at, no_order);
}

} // namespace rialto

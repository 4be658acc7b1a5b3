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
#include "domain/order_book.hpp"

#include <limits>

namespace rialto {

namespace {

constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
/// A limit order takes at most this much quote and leaves at most as much to rest, so the sum fits.
constexpr std::int64_t quote_max = int64_max / 2;

void add_closed(order_id id, account_id account, order_status status, reject_reason why,
                order_book::events& out) {
  auto& closed = std::get<order_closed>(out.emplace_back(std::in_place_type<order_closed>));
  closed = {id, account, status, why};
}

bool crosses(side taker, price_ticks limit, price_ticks maker) {
  return taker == side::buy ? maker <= limit : maker >= limit;
}

/// size x price in quote units, at most `budget`; cuts the size to the whole lots that fit.
amount_units cost_within(std::int64_t units_per_lot, amount_units budget, quantity_lots& size) {
  std::int64_t cost = 0;
  if (__builtin_mul_overflow(units_per_lot, size.value, &cost) || cost > budget.value) {
    size.value = budget.value / units_per_lot;
    cost = units_per_lot * size.value;
  }
  return {cost};
}

} // namespace

/// The order that takes.
struct order_book::taker {
  order_id id;
  account_id account;
  side way = side::buy;
  bool has_limit = true;
  bool by_quote = false; // done when its budget is spent
  price_ticks limit;
  quantity_lots left;
  amount_units budget;
  rate_ppm fee;
  order_handle resting = no_order; // an amended order takes from its place in the book

  [[nodiscard]] bool reaches(price_ticks maker) const {
    return !has_limit || crosses(way, limit, maker);
  }
};

void order_book::submit(const submit_order& order, market_ids& ids, events& out) {
  const auto close = [&](order_status status, reject_reason why) {
    add_closed(order.id, order.account, status, why, out);
    apply(std::get<order_closed>(out.back()));
  };
  if (const auto why = flaw_of(order); why != reject_reason::none)
    return close(order_status::rejected, why);
  if (order.type == order_type::post_only && would_take(order.way, order.price))
    return close(order_status::rejected, reject_reason::would_take);

  taker by;
  by.id = order.id;
  by.account = order.account;
  by.way = order.way;
  by.has_limit = order.type != order_type::market;
  by.limit = order.price;
  by.by_quote = order.type == order_type::market && order.quote_target.value > 0;
  by.left = {order.size.value == 0 ? int64_max : order.size.value};
  by.budget = {by.has_limit ? quote_max : int64_max};
  if (by.by_quote) by.budget = order.quote_target;
  if (order.type == order_type::market && order.spend_max.value > 0)
    by.budget = std::min(by.budget, order.spend_max);
  by.fee = order.taker_fee;

  if (order.tif == time_in_force::fok && !is_fillable(by))
    return close(order_status::expired, reject_reason::fok_unfillable);
  switch (take(by, ids, out)) {
  case stop::done: return;
  case stop::budget:
    return close(order_status::expired,
                 by.by_quote ? reject_reason::notional_too_small : reject_reason::none);
  case stop::liquidity: break;
  }
  if (order.type == order_type::market)
    return close(order_status::expired, reject_reason::no_liquidity);
  if (order.tif != time_in_force::gtc) return close(order_status::expired, reject_reason::none);
  auto& rested = std::get<order_rested>(out.emplace_back(std::in_place_type<order_rested>));
  rested = {order.id,        order.account,   order.owner,
            order.way,       order.price,     by.left,
            order.maker_fee, order.taker_fee, order.type == order_type::post_only};
  apply(rested);
}

void order_book::amend(order_handle at, const amend_order& wish, bool may_take, market_ids& ids,
                       events& out) {
  const auto& order = orders_[at];
  const auto& level = levels_[order.level];
  const auto way = level.way;
  auto why = flaw_of(wish.price, wish.size, way);
  if (why == reject_reason::none && wish.size <= order.executed)
    why = reject_reason::amend_not_allowed;
  if (why == reject_reason::none && order.executed_quote.value > quote_max)
    why = reject_reason::notional_too_large;
  const quantity_lots open = wish.size - order.executed;
  const bool keeps = wish.price == level.price && open <= order.open;
  const bool takes = why == reject_reason::none && !keeps && would_take(way, wish.price);
  if (takes && order.post_only)
    why = reject_reason::would_take;
  else if (takes && !may_take)
    why = reject_reason::market_post_only;
  if (why != reject_reason::none) {
    out.push_back(
      amend_refused{order.id, order.account, level.price, order.executed + order.open, why});
    return;
  }
  taker by;
  by.id = order.id;
  by.account = order.account;
  by.way = way;
  by.limit = wish.price;
  by.left = open;
  by.budget = {quote_max - order.executed_quote.value};
  by.fee = {order.taker_ppm};
  by.resting = at;
  const order_changed changed{order.id, order.account, wish.price, wish.size, open, keeps};
  out.push_back(changed);
  change(changed, at);
  if (!takes) return;
  if (take(by, ids, out) != stop::budget) return; // what is left rests already
  add_closed(by.id, by.account, order_status::expired, reject_reason::notional_too_large, out);
  remove(at);
}

void order_book::cancel(order_handle at, events& out) {
  add_closed(orders_[at].id, orders_[at].account, order_status::cancelled, reject_reason::none,
             out);
  remove(at);
}

bool order_book::would_take(side way, price_ticks price) const {
  const auto at = best(opposite(way));
  return at != no_level && crosses(way, price, levels_[at].price);
}

reject_reason order_book::flaw_of(price_ticks price, quantity_lots size, side way) const {
  std::int64_t base = 0;
  if (price.value <= 0) return reject_reason::price_invalid;
  if (size.value <= 0) return reject_reason::quantity_invalid;
  const auto quote = notional(price, size, units_per_tick_lot_);
  if (!quote || quote->value > quote_max || __builtin_mul_overflow(size.value, lot_size_, &base))
    return reject_reason::notional_too_large;
  if (size.value >> 40 != 0) { // smaller ones cannot overflow a level's total
    const auto at = levels_.find(way, price);
    if (size.value > level_lots_max - (at == no_level ? 0 : levels_[at].own.value))
      return reject_reason::quantity_invalid;
  }
  return reject_reason::none;
}

reject_reason order_book::flaw_of(const submit_order& order) const {
  constexpr std::int64_t ppm_max = 1'000'000;
  if (order.taker_fee.value > ppm_max || order.taker_fee.value < -ppm_max ||
      order.maker_fee.value > ppm_max || order.maker_fee.value < -ppm_max)
    return reject_reason::amount_invalid;
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
      offered = orders_[maker].open;
    } else {
      offered = maker == no_order ? house : std::min(house, ahead(maker));
      maker = no_order;
    }
    auto size = std::min(offered, by.left);
    const auto cost = cost_within(price.value * units_per_tick_lot_, by.budget, size);
    if (size.value == 0) return stop::budget;
    const auto left = by.budget - cost;
    const bool is_last = size == by.left || (by.by_quote && is_spent(by, at, size, left));

    auto& trade = add_trade(price, size, by.way, by.fee,
                            {maker == no_order ? 0 : orders_[maker].maker_ppm}, ids, out);
    trade.taker = by.id;
    trade.taker_account = by.account;
    trade.taker_is_last = is_last;
    if (maker != no_order) {
      trade.maker = orders_[maker].id;
      trade.maker_account = orders_[maker].account;
      trade.maker_is_last = size == orders_[maker].open;
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
  const auto& keys = levels_.keys(opposite(by.way));
  for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
    const auto& level = levels_[key->at];
    auto lots = liquid(level);
    if (key->at == at) lots -= size;
    if (lots.value > 0) return level.price.value * units_per_tick_lot_ > left.value;
  }
  return false;
}

/// take() would end with the size reached or the quote target spent.
bool order_book::is_fillable(const taker& by) const {
  auto need = by.left;
  auto left = by.budget;
  const auto& keys = levels_.keys(opposite(by.way));
  for (auto key = keys.rbegin(); key != keys.rend() && by.reaches(levels_[key->at].price); ++key) {
    const auto& level = levels_[key->at];
    const auto offered = std::min(liquid(level), need);
    if (offered.value == 0) continue;
    auto size = offered;
    left -= cost_within(level.price.value * units_per_tick_lot_, left, size);
    need -= size;
    if (need.value == 0) return true;
    if (size < offered) return by.by_quote && left < by.budget;
  }
  return by.by_quote && left.value == 0;
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
  trade.taker_fee = fee_on(taker_buys ? trade.base : trade.notional, taken);
  trade.maker_fee = fee_on(taker_buys ? trade.notional : trade.base, made);
  return trade;
}

/// A resting order fills at its own price as maker; the house takes.
void order_book::fill_by_house(order_handle at, quantity_lots size, market_ids& ids, events& out) {
  const auto& order = orders_[at];
  const auto& level = levels_[order.level];
  auto& trade = add_trade(level.price, size, opposite(level.way), {}, {order.maker_ppm}, ids, out);
  trade.maker = order.id;
  trade.maker_account = order.account;
  trade.maker_is_last = size == order.open;
  change(trade, at, no_order);
}

} // namespace rialto

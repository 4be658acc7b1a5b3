// Self-trade prevention: what happens instead of a trade between two orders of one owner, whatever accounts
// they are of. The taker's mode counts; the house is nobody's.
//
//   expire_taker  what is left of the taker expires; the maker stays
//   expire_maker  the maker expires; the taker goes on
//   expire_both   both
//   decrement     both lose the quantity they would have traded; what reaches zero expires, the other goes on
//
// A trade_prevented comes first; what expires does so with the reason self_trade. An order that must fill at
// once (FOK, minimum quantity) cannot count on its owner's orders: expire_maker looks past them, the other
// modes only before the first of them.
#include "domain/order_book_taker.hpp"

namespace rialto {

bool order_book::is_own(const taker& by, order_handle maker) const {
  return by.stp != stp_mode::none && owner(maker) == by.owner;
}

/// Nothing: the taker goes on.
std::optional<order_book::stop> order_book::prevent(taker& by, order_handle maker, events& out) {
  const auto price = levels_[orders_[maker].level].price;
  auto size = std::min(orders_[maker].open, by.left);
  const auto cost = by.cost_within(price.value * units_per_tick_lot_, size);
  if (size.value == 0) return stop::budget;
  const bool maker_ends = by.stp == stp_mode::expire_maker || by.stp == stp_mode::expire_both ||
                          (by.stp == stp_mode::decrement && size == orders_.open(maker));
  auto& prevented =
    std::get<trade_prevented>(out.emplace_back(std::in_place_type<trade_prevented>));
  prevented = {by.id,
               orders_[maker].id,
               by.account,
               account(maker),
               price,
               size,
               by.stp == stp_mode::decrement};
  change(prevented, maker, by.resting);
  if (maker_ends) end(maker, order_status::expired, reject_reason::self_trade, out);
  if (by.stp == stp_mode::expire_maker) return {};
  if (by.stp != stp_mode::decrement) return stop::self_trade;
  by.left -= size;
  by.budget -= cost;
  if (by.left.value == 0) return stop::self_trade;
  return {};
}

/// What a taker can have at a level before it meets an order of its owner; `meets`: it does. An iceberg's
/// next slice would stand behind that order.
quantity_lots order_book::offered_to(const taker& by, level_index at, bool& meets) const {
  const auto& level = levels_[at];
  auto all = liquid(level) + level.hidden;
  quantity_lots shown;
  for (auto one = level.first; one != no_order; one = orders_[one].next) {
    if (owner(one) != by.owner) {
      shown += orders_[one].open;
    } else if (by.stp == stp_mode::expire_maker) {
      all -= orders_.open(one);
    } else {
      meets = true;
      return house_open_ ? shown + ahead(one) : shown;
    }
  }
  return all;
}

bool order_book::is_fillable_among_own(const taker& by) const {
  auto rest = by;
  for (auto at = levels_.best(opposite(by.way)); at != no_level && by.reaches(levels_[at].price);
       at = levels_.worse(at)) {
    bool meets_own = false;
    const auto offered = std::min(offered_to(by, at, meets_own), rest.left);
    const auto lot_cost = levels_[at].price.value * units_per_tick_lot_;
    auto size = offered;
    rest.budget -= rest.cost_within(lot_cost, size);
    rest.left -= size;
    if (rest.left.value == 0) return true;
    const bool is_spent = by.by_quote && rest.budget < by.budget;
    if (size < offered) return is_spent;
    if (meets_own) return is_spent && lot_cost > rest.budget.value;
  }
  return by.by_quote && rest.budget.value == 0;
}

} // namespace rialto

// Pegged orders: how they come into the book, and how their price follows.
//
//   - They only make: the price in the book stays a tick away from the other side's best, on arrival and whenever it
//     is moved. Moving never trades.
//   - Without its reference an order is refused (no_liquidity); one that rests stays where it is until there is one.
//   - They are moved together, the oldest first, at most every 100 ms, while the market is open or post-only and what
//     it mirrors is there. A moved order goes to the end of its new level. A price outside the band, or at which its notional
//     would be too large, by itself or with what it has executed, is not gone to.
//   - A move is an event (order_repegged) and nobody's message: the account holds by the limit, which stays.
#include "domain/market_step.hpp"

namespace rialto {

/// Where it may rest now: what it wishes for, a tick away from the other side. 0: nowhere.
price_ticks market::place_of(const peg_table::pegged& one, const reference_prices& by) const {
  auto price = peg_table::wish_of(one, by);
  if (price.value == 0) return {};
  const bool buys = one.way == side::buy;
  if (const auto other = book_.best(opposite(one.way)); other != no_level) {
    const auto theirs = book_.level(other).price.value;
    price.value = buys ? std::min(price.value, theirs - 1) : std::max(price.value, theirs + 1);
  }
  return price.value <= 0 || refusal_of_price(price) != reject_reason::none ? price_ticks{} : price;
}

void market::enter_pegged(const submit_order& order, const step& at) {
  const auto refuse = [&](reject_reason why) {
    at.out.push_back(order_closed{order.id, order.account, order_status::rejected, why});
  };
  if (const auto why = book_.flaw_of(order); why != reject_reason::none) return refuse(why);
  if (pegs_.size() >= peg_table::orders_max) return refuse(reject_reason::too_many_pegs);
  if (spec_.status == market_status::auction) return refuse(reject_reason::market_auction);
  const peg_table::pegged one{order.way, order.rules->peg, order.price};
  const auto price = place_of(one, pegs_.references(book_));
  if (price.value == 0) return refuse(reject_reason::no_liquidity);
  at.out.push_back(order_pegged{order.id, order.way, one.peg, one.limit});
  pegs_.add(std::get<order_pegged>(at.out.back()));
  auto resting = order;
  resting.price = price;
  book_.submit(resting, ids_, at.out);
}

void market::follow_pegged(const market_event& event) {
  if (const auto* trade = std::get_if<trade_executed>(&event))
    pegs_.apply(*trade);
  else if (const auto* closed = std::get_if<order_closed>(&event))
    pegs_.apply(*closed);
}

/// Moves who is not where his reference wants him, if it is time.
void market::move_pegged(const step& at) {
  if (!may_move_pegged() || at.now.value < pegs_moved_at_.value + repeg_every_ns) return;
  pegs_are_due_ = false;
  pegs_moved_at_ = at.now;
  const auto by = pegs_.references(book_);
  for (const auto& [id, one] : pegs_.all()) {
    const auto handle = book_.find(id);
    const auto price = place_of(one, by);
    if (price.value == 0 || price == book_.level(book_.order(handle).level).price) continue;
    if (book_.flaw_of(price, book_.open(handle), one.way) != reject_reason::none ||
        !book_.stays_countable(handle, price))
      continue;
    at.out.push_back(order_repegged{id, price});
    book_.apply(std::get<order_repegged>(at.out.back()));
    pegs_are_due_ = true; // who stood in another's way does no longer
  }
}

bool market::may_move_pegged() const {
  const bool moves =
    spec_.status == market_status::open || spec_.status == market_status::post_only;
  return pegs_are_due_ && !pegs_.empty() && moves &&
         (spec_.mode == market_mode::own || book_.is_house_synchronised());
}

} // namespace rialto

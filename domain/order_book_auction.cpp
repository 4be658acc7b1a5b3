// The call auction: orders have rested without trading, and all that can trade does so at one price.
//
//   - The price is the one at which most lots can trade: the smaller of what buyers bid at it or
//     above and what sellers ask at it or below, reserves of icebergs included. Among several, the
//     one that leaves the smallest imbalance (the difference of the two); then the nearest to the
//     last price; then the lowest. It need not be a price that somebody named.
//   - Trades go by price, then by the place in the queue, buyers and sellers alike; an iceberg's
//     next slice stands at the end of its level. The younger of the two, which is the one of the
//     greater id, counts as the taker; both pay their maker rate, since both have rested, and a rebate
//     is at most what the other pays (trade_fees.hpp).
//   - A seller may get more than its limit: one whose rest would be no amount any more, together
//     with what it has sold for, expires notional_too_large.
//   - Two orders of one owner do not trade if the younger one has a mode of self-trade prevention;
//     what then happens is order_book_self_trade's rule, the younger one being the taker.
//   - An order that was prevented leaves the others less: what is still crossed afterwards is
//     uncrossed at a price determined anew. A round exhausts one side of its price, so there are at
//     most as many rounds as crossed levels, and one if nothing is prevented.
//
// A round is linear in the slices that trade and the levels that are crossed.
//
// Here too: how far from the last price a taking order may go. A market without bounds pays nothing
// for it: the bound is laid into the taker's limit, and the matching loop knows limits only.
#include "domain/order_book_taker.hpp"

#include <algorithm>

namespace rialto {

namespace {

using lots = __int128; // sums of whole sides

/// Better prices of an auction first.
struct candidate {
  price_ticks price;
  lots volume = 0, imbalance = 0;

  [[nodiscard]] bool is_better(const candidate& than, price_ticks reference) const {
    const auto size_of = [](lots n) { return n < 0 ? -n : n; };
    const auto distance = [&](price_ticks p) {
      return reference.value == 0 ? 0 : std::abs(p.value - reference.value);
    };
    if (volume != than.volume) return volume > than.volume;
    if (size_of(imbalance) != size_of(than.imbalance))
      return size_of(imbalance) < size_of(than.imbalance);
    if (distance(price) != distance(than.price)) return distance(price) < distance(than.price);
    return price < than.price;
  }
};

quantity_lots clamped(lots n) {
  constexpr lots most = std::numeric_limits<std::int64_t>::max();
  return {static_cast<std::int64_t>(std::clamp<lots>(n, -most, most))};
}

} // namespace

auction_quote order_book::quote_auction(price_ticks reference) const {
  const auto ask = levels_.best(side::sell);
  auto bid = levels_.best(side::buy);
  if (ask == no_level || bid == no_level || levels_[bid].price < levels_[ask].price) return {};
  const auto all = [&](level_index at) {
    return lots{levels_[at].own.value} + levels_[at].hidden.value;
  };
  const auto highest = levels_[bid].price;
  lots demand = 0, supply = 0;
  auto lowest_bid = bid;
  for (; bid != no_level && levels_[bid].price >= levels_[ask].price; bid = levels_.worse(bid)) {
    demand += all(bid);
    lowest_bid = bid;
  }
  // Upwards from the best ask to the best bid. Between two prices that orders name the numbers
  // stay as they are, so that the price nearest to the reference stands for all of those.
  candidate best;
  const auto consider = [&](price_ticks low, price_ticks high) {
    const auto price = reference.value == 0 ? low : std::clamp(reference, low, high);
    const candidate one{price, std::min(demand, supply), demand - supply};
    if (best.price.value == 0 || one.is_better(best, reference)) best = one;
  };
  auto sell = ask, buy = lowest_bid;
  auto from = levels_[ask].price; // prices below are done
  for (;;) {
    const auto next_ask = sell == no_level ? price_bounds::price_max : levels_[sell].price;
    const auto next_bid = buy == no_level ? price_bounds::price_max : levels_[buy].price;
    const auto price = std::min({next_ask, next_bid, highest});
    if (from < price) consider(from, {price.value - 1});
    if (next_ask == price) {
      supply += all(sell);
      sell = levels_.worse(sell);
    }
    consider(price, price);
    if (price == highest) break;
    if (next_bid == price) {
      demand -= all(buy);
      buy = levels_.better(buy);
    }
    from = {price.value + 1};
  }
  if (best.volume == 0) return {};
  return {best.price, clamped(best.volume), clamped(best.imbalance)};
}

void order_book::uncross(price_ticks reference, market_ids& ids, events& out) {
  for (;;) {
    const auto quote = quote_auction(reference);
    if (quote.volume.value == 0) return;
    out.push_back(auction_uncrossed{quote.price, quote.volume});
    uncross_at(quote.price, ids, out);
  }
}

void order_book::uncross_at(price_ticks price, market_ids& ids, events& out) {
  for (;;) {
    const auto bid = levels_.best(side::buy), ask = levels_.best(side::sell);
    if (bid == no_level || ask == no_level || levels_[bid].price < price ||
        levels_[ask].price > price)
      return;
    const auto buyer = levels_[bid].first, seller = levels_[ask].first;
    const bool buyer_is_younger = orders_[seller].id < orders_[buyer].id;
    const auto younger = buyer_is_younger ? buyer : seller;
    const auto older = buyer_is_younger ? seller : buyer;
    const auto size = std::min(orders_[buyer].open, orders_[seller].open);
    // A seller may get more than its limit, and so more than was checked when it was placed.
    const auto value = price.value * size.value * units_per_tick_lot_;
    if (orders_.extra(seller).quote.value > taker::int64_max - value)
      end(seller, order_status::expired, reject_reason::notional_too_large, out);
    else if (orders_[younger].stp() != stp_mode::none && owner(younger) == owner(older))
      prevent_in_auction(younger, older, price, size, out);
    else if (size == orders_.open(seller))
      trade_in_auction(younger, older, price, size, ids, out);
    else {
      trade_in_auction(younger, older, price, size, ids, out);
      if (!stays_countable(seller, levels_[orders_[seller].level].price))
        end(seller, order_status::expired, reject_reason::notional_too_large, out);
    }
  }
}

void order_book::trade_in_auction(order_handle younger, order_handle older, price_ticks price,
                                  quantity_lots size, market_ids& ids, events& out) {
  const auto way = levels_[orders_[younger].level].way;
  auto& trade =
    add_trade(price, size, way, orders_.fees(younger).maker, orders_.fees(older).maker, ids, out);
  trade.taker = orders_[younger].id;
  trade.maker = orders_[older].id;
  trade.taker_account = account(younger);
  trade.maker_account = account(older);
  trade.taker_is_last = size == orders_.open(younger);
  trade.maker_is_last = size == orders_.open(older);
  change(trade, older, younger);
}

void order_book::prevent_in_auction(order_handle younger, order_handle older, price_ticks price,
                                    quantity_lots size, events& out) {
  const auto mode = orders_[younger].stp();
  const bool both_lose = mode == stp_mode::decrement;
  const bool younger_ends = mode == stp_mode::expire_taker || mode == stp_mode::expire_both ||
                            (both_lose && size == orders_.open(younger));
  const bool older_ends = mode == stp_mode::expire_maker || mode == stp_mode::expire_both ||
                          (both_lose && size == orders_.open(older));
  const trade_prevented prevented{orders_[younger].id,
                                  orders_[older].id,
                                  account(younger),
                                  account(older),
                                  price,
                                  size,
                                  both_lose};
  out.push_back(prevented);
  change(prevented, older, younger);
  if (older_ends) end(older, order_status::expired, reject_reason::self_trade, out);
  if (younger_ends) end(younger, order_status::expired, reject_reason::self_trade, out);
}

// ---- how far a taking order may go

void order_book::bound(taker& by) const {
  const bool buys = by.way == side::buy;
  const auto most = buys ? std::min(bounds_.band_high, bounds_.halt_high)
                         : std::max(bounds_.band_low, bounds_.halt_low);
  if (by.reaches(most)) by.limit = most;
  by.has_limit = true;
}

/// The best price is beyond the halt's bound on the side from which worse prices come back.
bool order_book::starts_beyond_halt(const taker& by) {
  const auto at = best(opposite(by.way));
  if (at == no_level) return false;
  const auto price = levels_[at].price;
  if (by.way == side::buy ? price >= bounds_.halt_low : price <= bounds_.halt_high) return false;
  halt_called_ = true;
  return true;
}

/// After it took what it could: why an order with this limit took no more; none if nothing is left
/// within the limit. The band comes first: what is beyond it would not trade, and so halts nothing.
reject_reason order_book::bound_met(const taker& by, bool has_limit, price_ticks limit) {
  const auto at = best(opposite(by.way));
  if (at == no_level) return reject_reason::none;
  const auto price = levels_[at].price;
  if (has_limit && !taker::crosses(by.way, limit, price)) return reject_reason::none;
  if (by.way == side::buy ? price > bounds_.band_high : price < bounds_.band_low)
    return reject_reason::price_outside_band;
  halt_called_ = true;
  return reject_reason::market_auction;
}

} // namespace rialto

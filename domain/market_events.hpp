// domain/market_events.hpp: commands and events of one market. The state machine is
// domain/market.hpp.
#pragma once

#include "domain/instrument.hpp"
#include "domain/link_message.hpp"
#include "domain/order.hpp"

#include <variant>
#include <vector>

namespace rialto {

// ---- commands
// -------------------------------------------------------------------------------------------------
/// The market's first command. auction_seconds: as of change_instrument.
struct list_instrument {
  instrument spec;
  std::int64_t auction_seconds = 0;
  RIALTO_FIELDS(spec, auction_seconds)
};
/// Tick, lot, symbol and assets must stay. With the status auction an auction starts, or goes on
/// for another time: auction_seconds, or where that is 0 the instrument's halt_seconds.
struct change_instrument {
  instrument spec;
  std::int64_t auction_seconds = 0;
  RIALTO_FIELDS(spec, auction_seconds)
};
struct get_market {
  RIALTO_NO_FIELDS()
}; // query: outcome is market_view
/// One side's new total of a price level of the mirrored market, in lots already floored to ours; 0
/// removes it.
struct house_level {
  side way = side::buy;
  price_ticks price;
  quantity_lots size;
  RIALTO_FIELDS(way, price, size)
};
/// The mirrored book changed. `is_snapshot`: the levels are the whole book, all others go.
struct mirror_depth {
  std::vector<house_level> levels;
  bool is_snapshot = false;
  RIALTO_FIELDS(levels, is_snapshot)
};
/// A trade of the mirrored market. `buyer_is_maker`: a seller took from the bids.
struct mirror_trade {
  price_ticks price;
  quantity_lots size;
  bool buyer_is_maker = false;
  timestamp_ns at;
  RIALTO_FIELDS(price, size, buyer_is_maker, at)
};
/// The feed is stale or resynchronising: all house liquidity goes.
struct mirror_reset {
  RIALTO_NO_FIELDS()
};
/// The next publication is the whole book: somebody who follows has lost his place.
struct republish {
  RIALTO_NO_FIELDS()
};

/// Link messages (submit_order, amend_order, cancel_order) arrive through handle_link, not here.
using market_command = std::variant<list_instrument, change_instrument, get_market, mirror_depth,
                                    mirror_trade, mirror_reset, republish>;

// ---- events
// ---------------------------------------------------------------------------------------------------
struct instrument_listed {
  instrument spec;
  RIALTO_FIELDS(spec)
};
struct instrument_changed {
  instrument spec;
  RIALTO_FIELDS(spec)
};
/// What of order_rules counts while an order rests.
struct resting_rules {
  quantity_lots display;   // 0: all of it is shown
  timestamp_ns expires_at; // 0: never
  RIALTO_FIELDS(display, expires_at)
};
/// The rest of an order joined the book.
struct order_rested {
  order_id id;
  account_id account;
  user_id owner;
  side way = side::buy;
  price_ticks price;
  quantity_lots open;
  rate_ppm maker_fee, taker_fee; // an amended order may take
  bool post_only = false;
  stp_mode stp = stp_mode::none;
  std::optional<resting_rules> rules;
  RIALTO_FIELDS(id, account, owner, way, price, open, maker_fee, taker_fee, post_only, stp, rules)
};
/// One trade. maker == 0: the maker is the house (a mirrored level); taker == 0: the feed took a
/// user's resting order, the house is the taker. The event posts the house's legs; users' legs are
/// posted by their accounts.
struct trade_executed {
  trade_id trade;
  order_id taker, maker;
  account_id taker_account, maker_account;
  side taker_side = side::buy;
  price_ticks price;
  quantity_lots size;
  amount_units notional, base;       // quote and base units moved, before fees
  amount_units taker_fee, maker_fee; // each in the asset its payer received; 0 for the house
  bool taker_is_last = false, maker_is_last = false;
  RIALTO_FIELDS(trade, taker, maker, taker_account, maker_account, taker_side, price, size,
                notional, base, taker_fee, maker_fee, taker_is_last, maker_is_last)
};
/// Two orders of one owner met and did not trade `size` at `price`. `reduces`: both lose it; otherwise one
/// or both are closed by the events that follow.
struct trade_prevented {
  order_id taker, maker;
  account_id taker_account, maker_account;
  price_ticks price;
  quantity_lots size;
  bool reduces = false;
  RIALTO_FIELDS(taker, maker, taker_account, maker_account, price, size, reduces)
};
/// A resting order, or the rest of a taking one, is gone without trading.
struct order_closed {
  order_id id;
  account_id account;
  order_status status = order_status::cancelled;
  reject_reason reason = reject_reason::none;
  RIALTO_FIELDS(id, account, status, reason)
};
/// A resting order's price or open quantity was changed; `keeps_priority`: it stays in its place in
/// the queue.
struct order_changed {
  order_id id;
  account_id account;
  price_ticks price;
  quantity_lots size, open;
  bool keeps_priority = false;
  RIALTO_FIELDS(id, account, price, size, open, keeps_priority)
};
/// An amend was refused; the order stays as it was.
struct amend_refused {
  order_id id;
  account_id account;
  price_ticks price;
  quantity_lots size;
  reject_reason reason = reject_reason::none;
  RIALTO_FIELDS(id, account, price, size, reason)
};
/// Trade and update ids below these bounds may have been handed out; after a restart they go on
/// above them.
struct ids_reserved {
  std::uint64_t trade_id_bound = 0, update_id_bound = 0;
  RIALTO_FIELDS(trade_id_bound, update_id_bound)
};

/// An order waits for its trigger. `extreme`: it follows the price from there; 0: it waits for its price.
struct order_armed {
  submit_order order;
  price_ticks extreme;
  RIALTO_FIELDS(order, extreme)
};
/// A waiting order's price has come, and it follows from here.
struct trail_begun {
  order_id id;
  price_ticks extreme;
  RIALTO_FIELDS(id, extreme)
};
/// A waiting order waits no more: what it does in the book follows.
struct order_triggered {
  order_id id;
  account_id account;
  price_ticks last;
  RIALTO_FIELDS(id, account, last)
};
/// Prices of the feed since the last such event, for orders that follow the price: own trades speak for
/// themselves.
struct extremes_noted {
  price_ticks low, high;
  RIALTO_FIELDS(low, high)
};
/// An order is pegged; it joins the book at a price of its own (order_rested follows).
struct order_pegged {
  order_id id;
  side way = side::buy;
  order_peg peg;
  price_ticks limit;
  RIALTO_FIELDS(id, way, peg, limit)
};
/// It goes to the end of another level, because its reference moved.
struct order_repegged {
  order_id id;
  price_ticks price;
  RIALTO_FIELDS(id, price)
};
/// Orders rest without trading until then. While an auction runs: its end has moved.
struct auction_started {
  timestamp_ns until;
  auction_cause why = auction_cause::called;
  RIALTO_FIELDS(until, why)
};
/// The trades that follow, up to the next of these or to auction_ended, are at this price;
/// `volume`: what could trade at it before self-trades were prevented.
struct auction_uncrossed {
  price_ticks price;
  quantity_lots volume;
  RIALTO_FIELDS(price, volume)
};
/// The book is no longer crossed, and the market is open.
struct auction_ended {
  bool is_early = false; // an operator opened it before its time
  RIALTO_FIELDS(is_early)
};

/// Linked orders came (domain/order_links.hpp); what becomes of each follows.
struct list_linked {
  order_id list;
  account_id account;
  bool has_entry = false;
  std::vector<submit_order> orders;
  RIALTO_FIELDS(list, account, has_entry, orders)
};
/// A list's entry has ended with something executed: each of its exits is for `size`.
struct exits_sized {
  order_id list;
  account_id account;
  quantity_lots size;
  RIALTO_FIELDS(list, account, size)
};

using market_event =
  std::variant<instrument_listed, instrument_changed, order_rested, trade_executed, order_closed,
               order_changed, amend_refused, ids_reserved, trade_prevented, order_armed,
               trail_begun, order_triggered, extremes_noted, list_linked, exits_sized,
               auction_started, auction_uncrossed, auction_ended, order_pegged, order_repegged>;

// ---- what leaves besides events
// ------------------------------------------------------------------------------
/// One line of the tape.
struct tape_entry {
  trade_id trade;
  price_ticks price;
  quantity_lots size;
  bool buyer_is_maker = false;
  timestamp_ns at;
  RIALTO_FIELDS(trade, price, size, buyer_is_maker, at)
};
/// A price level's new total (own orders + available house liquidity); size 0: gone.
struct level_change {
  side way = side::buy;
  price_ticks price;
  quantity_lots size;
  RIALTO_FIELDS(way, price, size)
  friend bool operator==(const level_change&, const level_change&) = default;
};
/// What an auction would do if it ended now.
struct auction_quote {
  price_ticks price; // 0: nothing would trade
  quantity_lots volume;
  quantity_lots imbalance; // what is left at the price: above 0 of buyers, below 0 of sellers
  RIALTO_FIELDS(price, volume, imbalance)
  friend bool operator==(const auction_quote&, const auction_quote&) = default;
};
struct auction_view {
  timestamp_ns until;
  auction_cause why = auction_cause::called;
  auction_quote quote;
  RIALTO_FIELDS(until, why, quote)
  friend bool operator==(const auction_view&, const auction_view&) = default;
};
/// Everything that changed in the market's public face since the last one. Update ids U..u are
/// contiguous from one to the next.
struct market_publication {
  market_id market;
  timestamp_ns at;
  std::uint64_t first_update = 0, last_update = 0; // U and u; both 0 when no level changed
  bool is_snapshot = false;                        // levels are the whole book
  std::vector<level_change> levels;
  std::vector<tape_entry> trades;
  std::optional<instrument> spec;      // set when it was listed or changed
  std::optional<auction_view> auction; // set when it changed; a spec without auction ends it
  price_ticks last_price{};            // of a whole book: the market's last price; 0: none yet
  RIALTO_FIELDS(market, at, first_update, last_update, is_snapshot, levels, trades, spec, auction,
                last_price)
};
struct market_view {
  instrument spec;
  std::uint64_t last_update = 0;
  std::vector<level_change> levels; // bids best first, then asks best first
  std::uint64_t own_orders = 0;
  price_ticks last_price;
  std::optional<auction_view> auction; // while one runs
  RIALTO_FIELDS(spec, last_update, levels, own_orders, last_price, auction)
};

} // namespace rialto

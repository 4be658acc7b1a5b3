// domain/order.hpp: the words of an order, shared by accounts, markets and the edge.
#pragma once

#include "domain/ids.hpp"
#include "domain/money.hpp"
#include "domain/order_slicing.hpp"

#include <optional>
#include <string>
#include <vector>

namespace rialto {

enum class side : std::uint8_t { buy = 1, sell = 2 };
[[nodiscard]] constexpr side opposite(side way) {
  return way == side::buy ? side::sell : side::buy;
}

enum class order_type : std::uint8_t { limit = 1, market = 2, post_only = 3 };
/// gtd: rests until order_rules::expires_at.
enum class time_in_force : std::uint8_t { gtc = 1, ioc = 2, fok = 3, gtd = 4 };
/// What happens instead of a trade between two orders of one owner; the taker's mode counts.
/// decrement: both lose the quantity they would have traded; what reaches zero expires.
enum class stp_mode : std::uint8_t {
  none = 0,
  expire_taker = 1,
  expire_maker = 2,
  expire_both = 3,
  decrement = 4
};

/// new_order: placed, nothing executed. The last four are final.
enum class order_status : std::uint8_t {
  new_order = 1,
  partially_filled = 2,
  filled = 3,
  cancelled = 4,
  expired = 5,
  rejected = 6
};
[[nodiscard]] constexpr bool is_final(order_status status) {
  return status >= order_status::filled;
}

/// Why something was not done. Stable: written to the journal and mapped to API codes
/// (net/problem).
enum class reject_reason : std::uint8_t {
  none = 0,
  unknown_account = 1,
  unknown_order = 2,
  unknown_market = 3,
  insufficient_balance = 4,
  price_invalid = 5,    // missing, zero or not allowed for this type
  quantity_invalid = 6, // zero, below quantity_min or above quantity_max
  notional_too_small = 7,
  notional_too_large = 8, // overflows
  market_halted = 9,
  market_cancel_only = 10,
  market_post_only = 11,
  would_take = 12,   // post-only order that would trade at once
  no_liquidity = 13, // market order against an empty side, or no reference price
  fok_unfillable = 14,
  client_order_id_reused = 15, // same id, other body
  too_many_open_orders = 16,
  too_many_orders_today = 17,
  amend_not_allowed = 18,
  already_exists = 19, // a claim (e-mail, symbol) is taken
  wrong_credentials = 20,
  session_ended = 21,
  instrument_invalid = 22,
  amount_invalid = 23,
  reference_reused = 24, // same transfer reference, other body
  too_many_accounts = 25,
  too_many_sessions = 26,
  user_locked = 27,
  self_trade = 28,              // expired: it would have traded with an order of its owner
  min_quantity_unfillable = 29, // less than its minimum could trade at once
  expiry_invalid = 30,          // missing, in the past, or without GTD
  display_invalid = 31,      // not between a lot and the whole quantity, or not an order that rests
  min_quantity_invalid = 32, // above the quantity, or not for this type
  trigger_invalid = 33,      // no price to wait for, two trails, or out of range
  would_trigger = 34,        // the last price is there already
  too_many_triggers = 35,    // the market holds as many waiting orders as it may
  list_invalid = 36,         // the orders of a list do not go together
  linked = 37,               // cancelled: an order it is linked to traded, went or was cancelled
  price_outside_band = 46,   // further from the last price than the market's band
  market_auction = 47,       // not during a call auction, which takes limit orders that rest
  auction_running = 48,      // an auction must end before the market takes another status
  timeout_invalid = 61,      // of a guard: outside its bounds
  too_many_guards = 62,
  peg_invalid = 63,            // a negative offset, or with what cannot be pegged
  too_many_pegs = 64,          // the market holds as many pegged orders as it may
  slicing_invalid = 67,        // outside its bounds, or not for this order
  too_many_sliced = 68,        // open orders of the account that go in slices
  user_disabled = 80,          // an administrator shut the user out
  own_user = 81,               // an administrator would shut himself out
  request_repeated = 100,      // this very signed request was executed before
  request_late = 101,          // its time was over before it was executed, or is too far away
  too_many_marks = 102,        // as many signed requests as are remembered at once
  too_many_orders_now = 103,   // within ten seconds
  cancel_restricted = 104,     // cancel only if new, or only if it traded: it is the other
  price_outside_range = 110,   // below price_min or above price_max
  market_quantity_max = 111,   // a market order larger than the market takes at once
  price_outside_percent = 112, // too far from the reference price for its side
  too_many_orders_here = 113,  // open orders of the account in this market
  too_many_algo_orders = 114,  // of them with a trigger
  too_many_parts = 115,        // an iceberg of more parts than the market takes
  trail_outside_range = 116,   // a trail shorter or longer than the market takes
  unknown_api_key = 120,
  api_key_expired = 121,
  too_many_api_keys = 122,
};

/// What an order waits for before it goes to the book, in the market's last price.
///   stop         the price comes to `price` moving against who waits: a buy's rises, a sell's falls
///   take_profit  moving in his favour: a buy's falls, a sell's rises
/// With a trail the order then follows the price and goes when it has turned: a buy's price has risen from its
/// lowest, a sell's fallen from its highest, by the trail. domain/trigger_book.hpp has the rules.
enum class trigger_kind : std::uint8_t { none = 0, stop = 1, take_profit = 2 };
struct order_trigger {
  trigger_kind kind = trigger_kind::none;
  price_ticks price;   // with a trail: where following begins; 0: at once
  price_ticks trail;   // how far the price must turn, in ticks,
  rate_ppm trail_rate; // or as a part of the extreme; both 0: the order does not follow
  RIALTO_FIELDS(kind, price, trail, trail_rate)
  friend bool operator==(const order_trigger&, const order_trigger&) = default;

  [[nodiscard]] bool follows() const { return trail.value != 0 || trail_rate.value != 0; }
};

/// What an order's price follows; domain/peg_table.hpp has the rules.
enum class peg_kind : std::uint8_t { none = 0, primary = 1, market = 2, mid = 3 };
struct order_peg {
  peg_kind kind = peg_kind::none;
  price_ticks offset; // away from the other side
  RIALTO_FIELDS(kind, offset)
  friend bool operator==(const order_peg&, const order_peg&) = default;
};

/// What few orders ask for beside side, price and quantity. 0: not asked for.
struct order_rules {
  quantity_lots display;   // iceberg: what the book shows of it at once
  quantity_lots size_min;  // trade at least this at once, or expire
  timestamp_ns expires_at; // GTD: expires then, whatever is left
  order_trigger trigger;   // stop, take-profit, trailing
  order_peg peg;           // the price is a limit to what it follows
  RIALTO_FIELDS(display, size_min, expires_at, trigger, peg)
  friend bool operator==(const order_rules&, const order_rules&) = default;
};

/// One execution of an order as its owner sees it.
struct fill_view {
  trade_id trade;
  price_ticks price;
  quantity_lots size;
  amount_units notional; // quote units
  amount_units fee;      // in the asset received
  bool is_maker = false;
  timestamp_ns at;
  RIALTO_FIELDS(trade, price, size, notional, fee, is_maker, at)
  friend bool operator==(const fill_view&, const fill_view&) = default;
};

/// What an account's limits on its orders count.
struct order_counts {
  std::uint32_t in_10s = 0; // in the ten seconds that hold now, which begin at whole tens
  std::uint32_t in_day = 0; // in the current hour and the 24 before it
  RIALTO_FIELDS(in_10s, in_day)
  friend bool operator==(const order_counts&, const order_counts&) = default;
};

/// An order as its owner sees it.
struct order_view {
  order_id id;
  account_id account;
  market_id market;
  std::string client_order_id; // empty: none given
  side way = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  order_status status = order_status::new_order;
  reject_reason reason = reject_reason::none; // why it was rejected or expired
  price_ticks price;                          // 0: market
  quantity_lots size;                         // 0: by quote amount
  amount_units quote_quantity;                // 0: by quantity
  quantity_lots executed;
  amount_units executed_quote;
  timestamp_ns created_at, updated_at;
  stp_mode stp = stp_mode::none;
  quantity_lots prevented; // taken off it to prevent trades with its owner
  std::optional<order_rules> rules;
  bool is_triggered = false; // what its trigger waited for has come
  order_id list;             // of linked orders; 0: none. The id of the list's first order
  bool is_pending = false;   // an exit whose entry has not ended
  order_id parent;           // of a slice; 0: none
  std::optional<slicing_view> slicing; // of an order that goes in slices
  std::vector<fill_view>
    fills; // of this answer only (an answer to a placement lists what it traded at once)
  order_counts counts; // of an answer to a placement only; never written anywhere
  RIALTO_FIELDS(id, account, market, client_order_id, way, type, tif, status, reason, price, size,
                quote_quantity, executed, executed_quote, created_at, updated_at, stp, prevented,
                rules, is_triggered, list, is_pending, parent, slicing, fills)
  RIALTO_PASSING_FIELDS(counts)
  friend bool operator==(const order_view&, const order_view&) = default;
};

} // namespace rialto

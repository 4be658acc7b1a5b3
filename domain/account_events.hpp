// domain/account_events.hpp: commands and events of one trading account. The state machine is
// domain/account.hpp.
#pragma once

#include "domain/account_slice_events.hpp"
#include "domain/account_timer_events.hpp"
#include "domain/instrument.hpp"
#include "domain/link_message.hpp"
#include "domain/order.hpp"

#include <map>
#include <variant>
#include <vector>

namespace rialto {

/// What an account must know of a market to check and hold an order; stamped by the edge from the
/// instrument directory.
struct market_terms {
  market_id market;
  std::string base, quote;
  std::int64_t units_per_tick_lot = 0;
  amount_units lot_size;
  amount_units notional_min;
  quantity_lots quantity_min, quantity_max;
  rate_ppm maker_fee, taker_fee, collar;
  market_status status = market_status::open;
  price_ticks reference_price; // last price or best quote; 0: none yet
  std::vector<fee_tier>
    fee_tiers{}; // the instrument's; as long as there are none, copying costs nothing
  order_filters filters{};
  RIALTO_FIELDS(market, base, quote, units_per_tick_lot, lot_size, notional_min, quantity_min,
                quantity_max, maker_fee, taker_fee, collar, status, reference_price, fee_tiers,
                filters)
};

/// A signed request, so that it is never executed twice: the account remembers what a marked command did. Every
/// command that changes something may carry one; a "no" is not remembered.
struct request_mark {
  std::uint64_t hash = 0; // of the key and the signed bytes; 0: not marked
  timestamp_ns until;     // when no edge takes the request any more
  RIALTO_FIELDS(hash, until)
  friend bool operator==(const request_mark&, const request_mark&) = default;
};

/// What a client order id means. native: for 24 hours it names one order, and the same body gives that order again.
/// open_unique: no other open order of the account has it; afterwards it is free, and body_hash means nothing.
enum class client_id_rule : std::uint8_t { native = 1, open_unique = 2 };

/// A cancel only of an order that has not traded yet, or only of one that has.
enum class cancel_restriction : std::uint8_t { none = 0, only_new = 1, only_partially_filled = 2 };

// ---- commands
// -------------------------------------------------------------------------------------------------
struct place_order {
  order_id id;                 // drawn by the node
  std::string client_order_id; // 1 to 36 characters, or empty
  std::uint64_t body_hash =
    0; // of the request's meaning; the same client_order_id with another hash is refused
  side way = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  price_ticks price;
  quantity_lots size;
  amount_units quote_quantity;
  market_terms terms;
  std::optional<stp_mode> stp; // empty: the account's
  std::optional<order_rules> rules;
  /// Goes in slices, whose ids are the `slices` numbers after `id`. Outcome: order_view.
  std::optional<order_slicing> slicing;
  client_id_rule id_rule = client_id_rule::native;
  bool is_test = false; // only says whether it could be placed, whatever the funds. Outcome: done
  RIALTO_FIELDS(id, client_order_id, body_hash, way, type, tif, price, size, quote_quantity, terms,
                stp, rules, slicing, id_rule, is_test)
};
/// Linked orders of one market. The first order's client_order_id and body_hash are the list's; by the rule
/// open_unique, which is the first order's, each order has its own. Outcome: orders_view of them.
struct place_list {
  bool has_entry =
    false; // the first is an entry, the others its exits; else two of which one goes (OCO)
  std::vector<place_order> orders;
  RIALTO_FIELDS(has_entry, orders)
};
struct amend {
  order_id id;
  price_ticks price;
  quantity_lots size;
  market_terms terms;
  RIALTO_FIELDS(id, price, size, terms)
}; // 0: unchanged
struct cancel {
  order_id id;
  market_id market{}; // it must be in this one; 0: any
  cancel_restriction only = cancel_restriction::none;
  std::string name{}; // the cancel's own; told with the order's end, written nowhere
  RIALTO_FIELDS(id, market, only, name)
};
/// The open order of this client order id; unknown_order if there is none.
struct cancel_by_client_id {
  std::string client_order_id;
  market_id market{};
  cancel_restriction only = cancel_restriction::none;
  std::string name{}; // the cancel's own
  RIALTO_FIELDS(client_order_id, market, only, name)
};
/// Asks for every open order to be cancelled, the first cancels_max of them at once and the others by the account itself
/// in bounded steps. Outcome: orders_view of the first, and how many are meant.
struct cancel_all {
  market_id market;        // 0: of every market
  std::optional<side> way; // empty: both
  std::string name{};      // of the first cancels
  RIALTO_FIELDS(market, way, name)
};
enum class transfer_kind : std::uint8_t { deposit = 1, withdrawal = 2 };
struct transfer {
  transfer_kind kind = transfer_kind::deposit;
  std::string asset;
  amount_units amount;
  std::string reference; // 1 to 64 characters: the idempotency key
  RIALTO_FIELDS(kind, asset, amount, reference)
};
/// Changes what orders that do not say otherwise get. Outcome: account_view.
struct configure_account {
  stp_mode stp = stp_mode::none;
  RIALTO_FIELDS(stp)
};
struct get_account {
  RIALTO_NO_FIELDS()
}; // outcome: account_view
/// What was traded in 30 days, which decides what orders pay. Outcome: volumes_view.
struct get_volumes {
  RIALTO_NO_FIELDS()
};
/// Of one market, or of all: {}. Outcome: positions_view.
struct get_positions {
  market_id market;
  RIALTO_FIELDS(market)
};
struct get_balances {
  RIALTO_NO_FIELDS()
};
struct get_order {
  order_id id;
  RIALTO_FIELDS(id)
};
/// The newest order of this client order id: open, or among the final ones that are kept. Outcome: order_view.
struct get_order_by_client_id {
  std::string client_order_id;
  market_id market{}; // it must be in this one; 0: any
  RIALTO_FIELDS(client_order_id, market)
};
struct get_order_counts {
  RIALTO_NO_FIELDS()
}; // outcome: order_counts_view
struct get_orders {
  market_id market;
  RIALTO_FIELDS(market)
}; // the open ones, oldest first

/// Limits a node is configured with; they travel with the command so that replay does not depend on
/// settings.
struct account_limits {
  std::uint32_t open_orders_max = 1'000'000;
  std::uint32_t orders_per_day_max = 200'000;
  std::uint32_t orders_per_10s_max = 1'000'000;
  RIALTO_FIELDS(open_orders_max, orders_per_day_max, orders_per_10s_max)
};
struct account_command {
  std::variant<place_order, amend, cancel, cancel_all, transfer, get_balances, get_order,
               get_orders, configure_account, get_account, place_list, arm_guard, close_connection,
               get_guards, get_volumes, get_positions, cancel_by_client_id, get_order_by_client_id,
               get_order_counts>
    body;
  account_limits limits;
  request_mark mark{};
  RIALTO_FIELDS(body, limits, mark)
};

// ---- events
// ---------------------------------------------------------------------------------------------------
struct account_opened {
  account_id account;
  user_id owner;
  std::string label;
  RIALTO_FIELDS(account, owner, label)
};
/// Checks passed and `hold` moved from available to hold; posts submit_order.
struct order_placed {
  submit_order order;
  market_id market;
  std::string client_order_id;
  std::uint64_t body_hash = 0;
  std::string base, quote;
  amount_units hold; // of quote for a buy, of base for a sell
  std::int64_t units_per_tick_lot = 0;
  amount_units lot_size;
  RIALTO_FIELDS(order, market, client_order_id, body_hash, base, quote, hold, units_per_tick_lot,
                lot_size)
};
/// Posts amend_order; `extra_hold` moved from available to hold (never negative: what is not needed
/// is released once amended).
struct amend_requested {
  order_id id;
  price_ticks price;
  quantity_lots size;
  amount_units extra_hold;
  std::string asset; // of extra_hold
  RIALTO_FIELDS(id, price, size, extra_hold, asset)
};
struct cancel_requested {
  order_id id;
  RIALTO_FIELDS(id)
};
/// A fill reached the account: paid and received against clearing/MARKET/ASSET, fee to fees/ASSET,
/// freed hold to available.
struct fill_settled {
  order_id id;
  market_id market;
  side way = side::buy;
  fill_view fill;
  amount_units base;
  bool is_last = false;
  std::string base_asset, quote_asset;
  amount_units released; // hold that went back to available with this fill
  amount_units kept;     // of what was received: on hold for the exits of this entry
  RIALTO_FIELDS(id, market, way, fill, base, is_last, base_asset, quote_asset, released, kept)
};
/// Checks passed and `hold` moved from available to hold: an entry's own, or what the dearer of two orders of
/// which one goes can cost. Posts submit_list.
struct list_placed {
  order_id list;
  bool has_entry = false;
  std::vector<submit_order> orders;
  market_id market;
  std::string client_order_id;
  std::uint64_t body_hash = 0;
  std::string base, quote;
  amount_units hold;
  std::int64_t units_per_tick_lot = 0;
  amount_units lot_size;
  std::vector<std::string> other_ids{}; // client order ids of the orders after the first, or none
  RIALTO_FIELDS(list, has_entry, orders, market, client_order_id, body_hash, base, quote, hold,
                units_per_tick_lot, lot_size, other_ids)
};
/// The exits of an entry are in the market; what they cannot cost is released.
struct exits_settled {
  order_id list;
  std::vector<order_id> exits;
  quantity_lots size; // of each
  std::string asset;
  amount_units released;
  RIALTO_FIELDS(list, exits, size, asset, released)
};
struct order_done { // cancelled, expired or rejected by the market
  order_id id;
  order_status status = order_status::cancelled;
  reject_reason reason = reject_reason::none;
  std::string asset;
  amount_units released;
  RIALTO_FIELDS(id, status, reason, asset, released)
};
struct amend_settled {
  order_id id;
  price_ticks price;
  quantity_lots size;
  reject_reason reason = reject_reason::none;
  std::string asset;
  amount_units released;
  RIALTO_FIELDS(id, price, size, reason, asset, released)
};
/// Self-trade prevention took `size` off an order; what it held for it is released.
struct order_cut {
  order_id id;
  quantity_lots size;
  std::string asset;
  amount_units released;
  RIALTO_FIELDS(id, size, asset, released)
};
/// The market says that what the order waited for has come.
struct trigger_noted {
  order_id id;
  RIALTO_FIELDS(id)
};
struct account_configured {
  stp_mode stp = stp_mode::none;
  RIALTO_FIELDS(stp)
};
struct transferred {
  transfer_kind kind = transfer_kind::deposit;
  std::string asset;
  amount_units amount;
  std::string reference;
  RIALTO_FIELDS(kind, asset, amount, reference)
};
/// A marked command has done what the events before this one in its record say.
struct request_executed {
  request_mark mark;
  order_id order; // that it placed, amended or cancelled; 0: none or several
  RIALTO_FIELDS(mark, order)
};

using account_event =
  std::variant<account_opened, order_placed, amend_requested, cancel_requested, fill_settled,
               order_done, amend_settled, transferred, order_cut, account_configured, trigger_noted,
               list_placed, exits_settled, guard_armed, guard_disarmed, guard_fired, cancels_asked,
               sliced_order_placed, slice_placed, slice_passed, request_executed>;

// ---- answers and publications
// --------------------------------------------------------------------------------
struct account_view {
  account_id account;
  user_id owner;
  std::string label;
  stp_mode stp = stp_mode::none; // of orders that name none
  std::uint64_t told = 0;        // the last event that its streams are told of
  RIALTO_FIELDS(account, owner, label, stp, told)
};
struct balance_view {
  std::string asset;
  amount_units available, hold;
  RIALTO_FIELDS(asset, available, hold)
  friend bool operator==(const balance_view&, const balance_view&) = default;
};
struct balances_view {
  account_id account;
  std::vector<balance_view> balances;
  RIALTO_FIELDS(account, balances)
};
struct volumes_view {
  account_id account;
  std::map<std::string, amount_units> volumes; // by quote asset; capped at the largest amount
  RIALTO_FIELDS(account, volumes)
};
/// domain/position.hpp says what the sums mean; each is capped at the largest amount.
struct position_view {
  market_id market;
  amount_units quantity;       // base units
  amount_units cost, realised; // quote units
  RIALTO_FIELDS(market, quantity, cost, realised)
  friend bool operator==(const position_view&, const position_view&) = default;
};
struct positions_view {
  account_id account;
  std::vector<position_view> positions; // of markets ever traded in, by market
  RIALTO_FIELDS(account, positions)
};
struct order_counts_view {
  account_id account;
  order_counts counts;
  RIALTO_FIELDS(account, counts)
};
struct orders_view {
  std::vector<order_view> orders;
  std::uint64_t asked = 0; // of cancel_all: how many it means, those listed included
  RIALTO_FIELDS(orders, asked)
};
struct transfer_view {
  account_id account;
  transfer_kind kind = transfer_kind::deposit;
  std::string asset;
  amount_units amount;
  std::string reference;
  amount_units available;
  timestamp_ns at;
  RIALTO_FIELDS(account, kind, asset, amount, reference, available, at)
};
/// What happened to the order of a publication. none: it is told again because something that belongs to it changed.
enum class order_change : std::uint8_t {
  none = 0,
  placed,
  opened,    // an exit whose entry has ended is in the market
  triggered, // what it waited for has come
  amended,
  reduced, // self-trade prevention took a part of it
  filled,
  ended // cancelled, expired or rejected
};
struct listed_order {
  order_id id;
  std::string client_order_id;
  RIALTO_FIELDS(id, client_order_id)
  friend bool operator==(const listed_order&, const listed_order&) = default;
};
/// Linked orders as a whole, told with the last of them that began or ended.
struct list_news {
  bool has_entry = false, has_ended = false;
  std::vector<listed_order> orders;
  RIALTO_FIELDS(has_entry, has_ended, orders)
};
/// What the owner's streams are told. `order.fills` holds the new execution, if that is what
/// happened. Without an order and balances it is a mark: the stream stands at `event_number`, and
/// what led there may never have been told (the fate of its append was unknown).
struct account_publication {
  account_id account;
  user_id owner;
  timestamp_ns at;
  std::uint64_t event_number =
    0; // of the account's stream: the sequence number clients resume from
  std::optional<order_view> order;
  std::vector<balance_view> balances;    // those that changed
  std::optional<position_view> position; // if an execution changed it
  std::optional<guard_key> fired;        // a guard: open orders of its market are being cancelled
  order_change change = order_change::none;
  quantity_lots reduced;         // of `reduced`: by how much
  std::string cancel_name;       // of an order that ended: the cancel's own, if it had one
  amount_units moved;            // of a transfer: what the one balance grew by
  std::optional<list_news> list; // if the order is linked to others
  RIALTO_FIELDS(account, owner, at, event_number, order, balances, position, fired, change, reduced,
                cancel_name, moved, list)
};

} // namespace rialto

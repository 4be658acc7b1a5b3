// domain/link_message.hpp: what entities say to one another. Each travels a numbered link
// (runtime/links.hpp): kept by the sender until acknowledged, applied by the receiver exactly once.
//
// Machines post these from apply(), never from execute(): a replayed event posts the same message
// with the same number.
#pragma once

#include "domain/order.hpp"

#include <variant>

namespace rialto {

// user -> account
struct open_account {
  account_id account;
  user_id owner;
  std::string label;
  RIALTO_FIELDS(account, owner, label)
};

// account -> market
struct submit_order {
  order_id id;
  account_id account;
  user_id owner;
  side way = side::buy;
  order_type type = order_type::limit;
  time_in_force tif = time_in_force::gtc;
  price_ticks price;         // 0: market
  quantity_lots size;        // 0: until quote_target is reached
  amount_units quote_target; // 0: by size. Never more than this is traded
  amount_units spend_max;    // buys by market: what is held; 0: no such bound
  rate_ppm maker_fee, taker_fee;
  timestamp_ns created_at;
  stp_mode stp = stp_mode::none;
  std::optional<order_rules> rules;
  RIALTO_FIELDS(id, account, owner, way, type, tif, price, size, quote_target, spend_max, maker_fee,
                taker_fee, created_at, stp, rules)
};
struct amend_order {
  order_id id;
  account_id account;
  price_ticks price;  // the new limit
  quantity_lots size; // the new total quantity, executed part included
  RIALTO_FIELDS(id, account, price, size)
};
struct cancel_order {
  order_id id;
  account_id account;
  RIALTO_FIELDS(id, account)
};

/// Orders that end one another (domain/order_links.hpp): two of which one goes (OCO), or an entry and one or two exits.
struct submit_list {
  order_id list; // the first order's id
  account_id account;
  bool has_entry = false; // the first order is the entry
  std::vector<submit_order> orders;
  RIALTO_FIELDS(list, account, has_entry, orders)
};

// market -> account
struct order_filled {
  order_id id;
  account_id account;
  fill_view fill;
  bool is_last = false; // the order is filled (or a taker's spend_max / quote_target is reached):
                        // release the rest
  RIALTO_FIELDS(id, account, fill, is_last)
};
struct order_ended { // cancelled, expired or rejected: nothing more will fill
  order_id id;
  account_id account;
  order_status status = order_status::cancelled;
  reject_reason reason = reject_reason::none;
  RIALTO_FIELDS(id, account, status, reason)
};
/// What its trigger waited for has come: it is in the book now, or trades.
struct order_activated {
  order_id id;
  account_id account;
  RIALTO_FIELDS(id, account)
};
/// An entry has ended with something executed: its exits are in the market, `size` each.
struct exits_opened {
  order_id list;
  account_id account;
  quantity_lots size;
  RIALTO_FIELDS(list, account, size)
};
/// Self-trade prevention took `size` off both orders.
struct order_reduced {
  order_id id;
  account_id account;
  quantity_lots size;
  RIALTO_FIELDS(id, account, size)
};
struct order_amended { // the market's answer to every amend_order of an open order; on "no" price
                       // and size are the old ones
  order_id id;
  account_id account;
  price_ticks price;
  quantity_lots size;
  reject_reason reason = reject_reason::none;
  RIALTO_FIELDS(id, account, price, size, reason)
};

using link_message =
  std::variant<open_account, submit_order, amend_order, cancel_order, order_filled, order_ended,
               order_amended, order_reduced, order_activated, submit_list, exits_opened>;

/// A message and where it goes.
struct addressed_message {
  entity_id to;
  link_message body;
};

} // namespace rialto

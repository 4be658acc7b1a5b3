// net/binance/trading.hpp: order entry, the account and its history in Binance's words.
//
// The room: handlers. Each takes its parameters, asks the same entities as the native API with the same commands, and
// writes the answer. A signed request that trades carries its mark, by which its account executes it once.
#pragma once

#include "net/binance/order_answer.hpp"
#include "net/binance/request.hpp"

namespace rialto::net::binance {

/// What became of a command: an order, or why not.
using order_result = std::function<void(order_view& order)>;
using refusal = std::function<void(const failure& why)>;

/// A command of the request's account with limits and mark. `step`: commands of one request after the first have a mark
/// of their own.
[[nodiscard]] account_command marked(desk& at, const request_ptr& from, account_command command,
                                     unsigned step = 0);
/// Asks the request's account; one of the two is called.
void ask_order(desk& at, const request_ptr& from, account_command command, order_result then,
               refusal otherwise);
/// Draws the order's id and places it.
void place(desk& at, const request_ptr& from, place_order order, unsigned step, order_result then,
           refusal otherwise);
/// Cancels what is named, in the market; `cancel_id` is what the cancel is called.
void cancel_named(desk& at, const request_ptr& from, const order_name& name, market_id market,
                  cancel_restriction only, const std::string& cancel_id, order_result then,
                  refusal otherwise);

// orders.cpp
void post_order(desk& at, const request_ptr& from);
void post_order_test(desk& at, const request_ptr& from);
void delete_order(desk& at, const request_ptr& from);
void delete_open_orders(desk& at, const request_ptr& from);
void put_amend(desk& at, const request_ptr& from);

// cancel_replace.cpp
void post_cancel_replace(desk& at, const request_ptr& from);

// order_lists.cpp
void post_list_oco(desk& at, const request_ptr& from);
void post_list_oto(desk& at, const request_ptr& from);
void post_list_otoco(desk& at, const request_ptr& from);
void post_order_oco(desk& at, const request_ptr& from);
void delete_list(desk& at, const request_ptr& from);
void get_list(desk& at, const request_ptr& from);
void get_open_lists(desk& at, const request_ptr& from);

// history_rest.cpp
void get_order(desk& at, const request_ptr& from);
void get_open_orders(desk& at, const request_ptr& from);
void get_all_orders(desk& at, const request_ptr& from);
void get_my_trades(desk& at, const request_ptr& from);
[[nodiscard]] int open_orders_weight(const parameters& params);
[[nodiscard]] int my_trades_weight(const parameters& params);

// account_rest.cpp
void get_account(desk& at, const request_ptr& from);
void get_commission(desk& at, const request_ptr& from);
void get_order_rate_limits(desk& at, const request_ptr& from);
void get_system_status(desk& at, const request_ptr& from);
void get_trade_fees(desk& at, const request_ptr& from);
void get_empty_list(desk& at, const request_ptr& from);

} // namespace rialto::net::binance

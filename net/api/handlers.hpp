// net/api/handlers.hpp: one function per route, one file per resource. A handler reads the call and
// its body, which is good only until it returns, and answers the call now or from a continuation.
#pragma once

#include "net/api/desk.hpp"

namespace rialto::net {

using route_handler = void (*)(desk& at, const call_ptr& from, json_object& body);

// auth.cpp
void post_register(desk& at, const call_ptr& from, json_object& body);
void post_login(desk& at, const call_ptr& from, json_object& body);
void post_refresh(desk& at, const call_ptr& from, json_object& body);
void post_logout(desk& at, const call_ptr& from, json_object& body);

// accounts.cpp
void get_me(desk& at, const call_ptr& from, json_object& body);
void post_accounts(desk& at, const call_ptr& from, json_object& body);
void get_accounts(desk& at, const call_ptr& from, json_object& body);
void get_account_settings(desk& at, const call_ptr& from, json_object& body);
void patch_account_settings(desk& at, const call_ptr& from, json_object& body);
void get_account_balances(desk& at, const call_ptr& from, json_object& body);

// api_keys.cpp
void post_api_keys(desk& at, const call_ptr& from, json_object& body);
void get_api_keys(desk& at, const call_ptr& from, json_object& body);
void delete_api_key(desk& at, const call_ptr& from, json_object& body);

// account_money.cpp
void get_account_positions(desk& at, const call_ptr& from, json_object& body);
void get_account_fees(desk& at, const call_ptr& from, json_object& body);
void get_statement(desk& at, const call_ptr& from, json_object& body);

// markets.cpp
void get_instruments(desk& at, const call_ptr& from, json_object& body);
void get_book(desk& at, const call_ptr& from, json_object& body);
void get_trades(desk& at, const call_ptr& from, json_object& body);
void get_ticker(desk& at, const call_ptr& from, json_object& body);
void get_candles(desk& at, const call_ptr& from, json_object& body);

// orders.cpp
void post_orders(desk& at, const call_ptr& from, json_object& body);
void post_order_lists(desk& at, const call_ptr& from, json_object& body);
void patch_order(desk& at, const call_ptr& from, json_object& body);
void delete_order(desk& at, const call_ptr& from, json_object& body);
/// The same for a stream, where the order's id is a member of the message.
void stream_amend(desk& at, const call_ptr& from, json_object& body);
void stream_cancel(desk& at, const call_ptr& from, json_object& body);

// guards.cpp
void delete_orders(desk& at, const call_ptr& from, json_object& body);
void stream_cancel_all(desk& at, const call_ptr& from, json_object& body);
void post_cancel_all_after(desk& at, const call_ptr& from, json_object& body);
void get_cancel_all_after(desk& at, const call_ptr& from, json_object& body);

// order_lists.cpp
void get_orders_list(desk& at, const call_ptr& from, json_object& body);
void get_one_order(desk& at, const call_ptr& from, json_object& body);

// history.cpp
void get_executions(desk& at, const call_ptr& from, json_object& body);
void get_ledger(desk& at, const call_ptr& from, json_object& body);

void get_transfers(desk& at, const call_ptr& from, json_object& body);

// demo.cpp
void post_demo(desk& at, const call_ptr& from, json_object& body);

// admin_users.cpp
void get_users(desk& at, const call_ptr& from, json_object& body);
void patch_user(desk& at, const call_ptr& from, json_object& body);

// health.cpp
void get_health(desk& at, const call_ptr& from, json_object& body);

// admin.cpp
void post_deposits(desk& at, const call_ptr& from, json_object& body);
void post_withdrawals(desk& at, const call_ptr& from, json_object& body);
void post_instruments(desk& at, const call_ptr& from, json_object& body);
void patch_instrument(desk& at, const call_ptr& from, json_object& body);

// actors.cpp
void get_actors(desk& at, const call_ptr& from, json_object& body);
void get_actor(desk& at, const call_ptr& from, json_object& body);

// inspect.cpp
void get_nodes(desk& at, const call_ptr& from, json_object& body);
void get_shards(desk& at, const call_ptr& from, json_object& body);
void get_journal(desk& at, const call_ptr& from, json_object& body);
void get_actor_tree(desk& at, const call_ptr& from, json_object& body);
void get_busy_actors(desk& at, const call_ptr& from, json_object& body);
void get_slow_actors(desk& at, const call_ptr& from, json_object& body);
void get_actor_state(desk& at, const call_ptr& from, json_object& body);
void get_actor_trace(desk& at, const call_ptr& from, json_object& body);
void post_actor_kill(desk& at, const call_ptr& from, json_object& body);
void post_actor_restart(desk& at, const call_ptr& from, json_object& body);

// system.cpp
void get_platform(desk& at, const call_ptr& from, json_object& body);
void get_healthz(desk& at, const call_ptr& from, json_object& body);
void get_readyz(desk& at, const call_ptr& from, json_object& body);
void get_feeds(desk& at, const call_ptr& from, json_object& body); // feeds.cpp
void get_metrics(desk& at, const call_ptr& from, json_object& body);
void get_openapi(desk& at, const call_ptr& from, json_object& body);

} // namespace rialto::net

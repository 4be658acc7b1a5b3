#include "net/api/routes.hpp"

#include "net/api/query.hpp"

namespace rialto::net {

namespace {

constexpr field_spec symbol_parameter{"symbol", "string", false, "Of this instrument only."};
constexpr field_spec limit_parameter{"limit", "integer", false,
                                     "At most so many; 1 to 500, else 100."};
constexpr field_spec cursor_parameter{"cursor", "string", false,
                                      "The next_cursor of the page before."};

constexpr field_spec order_query[] = {symbol_parameter,
                                      {"status", "string", false, "open, closed or all (default)."},
                                      limit_parameter,
                                      cursor_parameter};
constexpr field_spec cancel_query[] = {
  {"symbol", "string", false, "Only orders of this instrument; absent: of every instrument."},
  {"side", "string", false, "Only buy or only sell orders."}};
constexpr field_spec execution_query[] = {symbol_parameter,
                                          {"order_id", "integer", false, "Of this order only."},
                                          limit_parameter,
                                          cursor_parameter};
constexpr field_spec ledger_query[] = {
  {"asset", "string", false, "Of this asset only."}, limit_parameter, cursor_parameter};
constexpr field_spec transfer_query[] = {{"account_id", "integer", false, "Of this account only."},
                                         {"asset", "string", false, "Of this asset only."},
                                         limit_parameter,
                                         cursor_parameter};
constexpr field_spec user_query[] = {
  {"search", "string", false, "A part of the e-mail address, or the whole user_id."},
  limit_parameter,
  cursor_parameter};
constexpr field_spec position_query[] = {
  {"symbol", "string", false, "Of this instrument, whatever is left of it."},
  {"all", "boolean", false, "Those with nothing left as well; they keep their realised P&L."}};
constexpr field_spec fee_query[] = {
  {"symbol", "string", false, "Of this instrument; absent: of each."}};
constexpr field_spec statement_query[] = {
  {"from", "time", false, "What was booked then or later; absent: from the beginning."},
  {"to", "time", false, "What was booked before; absent: until now."}};
constexpr field_spec actor_query[] = {
  {"kind", "string", false, "Of this kind only: user, account, order, market, feed..."},
  {"parent", "string", false, "Only children of this actor, as account/17."},
  limit_parameter,
  cursor_parameter};
constexpr field_spec scope_parameter = {
  "scope", "string", false, "cluster (default): every node; node: the one that is asked."};
constexpr field_spec node_parameter = {"node", "string", false, "This node alone."};
constexpr field_spec nodes_query[] = {scope_parameter, node_parameter};
constexpr field_spec tree_query[] = {
  {"root", "string", false, "Begin at this actor; absent: at the top."},
  {"depth", "integer", false, "Levels that are shown, 1 to 32, else 8."},
  {"children", "integer", false, "Shown below each actor, 1 to 1000, else 20."},
  {"limit", "integer", false, "At most so many rows, 1 to 1000, else 500."},
  scope_parameter,
  node_parameter};
constexpr field_spec busy_query[] = {
  {"kind", "string", false, "Of this kind only: user, account, order, market, feed..."},
  {"name", "string", false, "Only actors with this in their name."},
  {"sort", "string", false,
   "cpu (default), rate, mailbox, longest, memory, restarts, messages or name."},
  {"limit", "integer", false, "At most so many, 1 to 1000, else 50."},
  scope_parameter,
  node_parameter};
constexpr field_spec slow_query[] = {
  {"limit", "integer", false, "At most so many, 1 to 1000, else 20."},
  scope_parameter,
  node_parameter};
constexpr field_spec state_query[] = {
  {"name", "string", true, "As account/1 or market/3."}, scope_parameter, node_parameter};
constexpr field_spec trace_query[] = {
  {"name", "string", true, "As account/1 or market/3."},
  {"after", "integer", false, "Only lines with a greater number."},
  {"limit", "integer", false, "At most so many, the newest; 1 to 256, else 100."},
  {"seconds", "integer", false, "Keep following it so long, 1 to 60, else 5."},
  scope_parameter,
  node_parameter};
constexpr field_spec book_query[] = {
  {"levels", "integer", false, "At most so many levels a side; 1 to 1000."}};
constexpr field_spec trades_query[] = {
  {"before", "integer", false, "Only trades with a smaller id."},
  {"limit", "integer", false, "At most so many; 1 to 1000, else 100."}};
constexpr field_spec candles_query[] = {
  {"interval", "string", false,
   "1s, 1m (default), 3m, 5m, 15m, 30m, 1h, 2h, 4h, 6h, 8h, 12h, 1d, 3d, 1w (from Monday) or 1M."},
  {"from", "integer", false, "Open time not before; milliseconds since 1970."},
  {"to", "integer", false, "Open time before; milliseconds since 1970."},
  {"limit", "integer", false, "At most so many, the newest; 1 to 1000, else 500."}};

using a = access;

constexpr route routes[] = {
  {"GET", "/api/v1/platform", a::everybody, get_platform, 1, false,
   "Who answers here, and what a page may offer before anybody has logged in.", "", "platform"},
  {"POST", "/api/v1/demo", a::everybody, post_demo, 5, false,
   "Make a user with play money and log him in; only on a node that runs with demo.enabled.", "",
   "tokens", 201},
  {"POST", "/api/v1/auth/register", a::everybody, post_register, 5, false,
   "Make a user with a first account.", "credentials", "registered", 201},
  {"POST", "/api/v1/auth/login", a::everybody, post_login, 5, false,
   "Trade e-mail address and password for tokens.", "credentials", "tokens"},
  {"POST", "/api/v1/auth/refresh", a::everybody, post_refresh, 2, false,
   "Trade a refresh token for the next pair of tokens; it works once.", "refresh", "tokens"},
  {"POST", "/api/v1/auth/logout", a::user, post_logout, 1, false, "End the token's session.", "",
   "", 204},
  {"GET", "/api/v1/me", a::user, get_me, 1, false, "Who the caller is.", "", "user"},
  {"POST", "/api/v1/accounts", a::user, post_accounts, 5, false, "Open another account.",
   "new_account", "account", 201},
  {"GET", "/api/v1/accounts", a::user, get_accounts, 1, false,
   "The caller's accounts; the first is the default.", "", "[]account"},
  {"POST", "/api/v1/api-keys", a::user, post_api_keys, 5, false,
   "Make an API key for requests that are signed. The secret of an hmac key is in this answer and "
   "nowhere else.",
   "new_api_key", "made_api_key", 201},
  {"GET", "/api/v1/api-keys", a::user, get_api_keys, 1, false,
   "The caller's API keys, oldest first, without secrets.", "", "[]api_key"},
  {"DELETE", "/api/v1/api-keys/{key}", a::user, delete_api_key, 1, false,
   "Revoke an API key, at once and everywhere.", "", "", 204},
  {"GET", "/api/v1/instruments", a::everybody, get_instruments, 1, false, "What is traded.", "",
   "[]instrument"},
  {"GET", "/api/v1/markets/{symbol}/book", a::everybody, get_book, 2, false,
   "The order book, best prices first.", "", "book", 200, book_query},
  {"GET", "/api/v1/markets/{symbol}/trades", a::everybody, get_trades, 2, false,
   "Trades, newest first.", "", "trades", 200, trades_query},
  {"GET", "/api/v1/markets/{symbol}/ticker", a::everybody, get_ticker, 1, false,
   "Best prices and the statistics of 24 hours.", "", "ticker"},
  {"GET", "/api/v1/markets/{symbol}/candles", a::everybody, get_candles, 2, false,
   "Candles, oldest first; the last may still be open.", "", "candles", 200, candles_query},
  {"POST", "/api/v1/orders", a::account, post_orders, 1, true,
   "Place an order. The same client_order_id with the same body within 24 hours gives the same "
   "order (200).",
   "new_order", "order", 201},
  {"POST", "/api/v1/order-lists", a::account, post_order_lists, 2, true,
   "Place linked orders: two of which one goes, or an entry with its exits. Cancelling one cancels "
   "all "
   "that are open. client_order_id works as for an order.",
   "new_order_list", "order_list", 201},
  {"GET", "/api/v1/orders", a::account, get_orders_list, 2, false,
   "Orders, newest first: open ones, then final ones.", "", "{}order", 200, order_query},
  {"DELETE", "/api/v1/orders", a::account, delete_orders, 2, true,
   "Ask for all open orders to be cancelled: any number, the first 1000 at once and listed.", "",
   "cancelled_orders", 200, cancel_query},
  {"POST", "/api/v1/orders/cancel-all-after", a::account, post_cancel_all_after, 1, true,
   "Dead-man timer of this session: cancel all open orders unless asked again in time.", "dead_man",
   "guard"},
  {"GET", "/api/v1/orders/cancel-all-after", a::account, get_cancel_all_after, 1, false,
   "The account's armed timers and connections, of every session.", "", "[]guard"},
  {"GET", "/api/v1/orders/{order_id}", a::account, get_one_order, 1, false,
   "One order with all its fills.", "", "order"},
  {"PATCH", "/api/v1/orders/{order_id}", a::account, patch_order, 1, true,
   "Change price or total quantity. A smaller quantity keeps the place in the queue.",
   "order_change", "order"},
  {"DELETE", "/api/v1/orders/{order_id}", a::account, delete_order, 1, true, "Cancel one order.",
   "", "order"},
  {"GET", "/api/v1/executions", a::account, get_executions, 2, false, "Fills, newest first.", "",
   "{}execution", 200, execution_query},
  {"GET", "/api/v1/account", a::account, get_account_settings, 1, false,
   "What the account's orders get unless they say otherwise.", "", "account_settings"},
  {"PATCH", "/api/v1/account", a::account, patch_account_settings, 1, false,
   "Change what the account's orders get unless they say otherwise.", "account_change",
   "account_settings"},
  {"GET", "/api/v1/account/balances", a::account, get_account_balances, 1, false,
   "Available and held amounts per asset.", "", "[]balance"},
  {"GET", "/api/v1/account/positions", a::account, get_account_positions, 1, false,
   "What was bought in each market and is still held, at average cost.", "", "[]position", 200,
   position_query},
  {"GET", "/api/v1/account/fees", a::account, get_account_fees, 1, false,
   "What the next order would pay, and the volume that decides it.", "", "[]fees", 200, fee_query},
  {"GET", "/api/v1/account/statement", a::account, get_statement, 2, false,
   "What came and went between two times, per asset; it sums to the ledger.", "", "statement", 200,
   statement_query},
  {"GET", "/api/v1/ledger", a::account, get_ledger, 2, false,
   "Postings to the account, newest first.", "", "{}ledger_entry", 200, ledger_query},
  {"POST", "/api/v1/admin/accounts/{account_id}/deposits", a::admin, post_deposits, 1, false,
   "Move money into an account; the reference is an idempotency key.", "new_transfer", "transfer",
   201},
  {"POST", "/api/v1/admin/accounts/{account_id}/withdrawals", a::admin, post_withdrawals, 1, false,
   "Move money out of an account; the reference is an idempotency key.", "new_transfer", "transfer",
   201},
  {"GET", "/api/v1/admin/transfers", a::admin, get_transfers, 2, false,
   "Deposits and withdrawals of all accounts, newest first.", "", "{}booked_transfer", 200,
   transfer_query},
  {"GET", "/api/v1/admin/users", a::admin, get_users, 2, false, "Users, newest first.", "",
   "{}admin_user", 200, user_query},
  {"PATCH", "/api/v1/admin/users/{user_id}", a::admin, patch_user, 1, false,
   "Disable a user, which ends all sessions at once, or enable him again. Open orders stay. Nobody "
   "changes his own.",
   "user_change", "admin_user"},
  {"GET", "/api/v1/admin/health", a::admin, get_health, 1, false,
   "How this node is: journal, lists, memory, connections, actors, markets, feed, disk.", "",
   "node_health"},
  {"POST", "/api/v1/admin/instruments", a::admin, post_instruments, 1, false, "List an instrument.",
   "new_instrument", "instrument", 201},
  {"PATCH", "/api/v1/admin/instruments/{symbol}", a::admin, patch_instrument, 1, false,
   "Change limits, fees, status or mode of an instrument.", "instrument_change", "instrument"},
  {"GET", "/api/v1/admin/actors", a::admin, get_actors, 2, false,
   "The actors of this node by name: which run, what they handled, which failed.", "", "{}actor",
   200, actor_query},
  {"GET", "/api/v1/admin/actors/{kind}/{number}", a::admin, get_actor, 2, false,
   "One user, account, market or working order as an actor; it is activated. An order shows "
   "itself.",
   "", "actor"},
  {"GET", "/api/v1/admin/nodes", a::admin, get_nodes, 2, false,
   "How each node of the cluster is: up, draining, unreachable or down; lease, shards, memory.", "",
   "document", 200, nodes_query},
  {"GET", "/api/v1/admin/shards", a::admin, get_shards, 2, false,
   "How the shards of each node are: entities, requests, the journal.", "", "document", 200,
   nodes_query},
  {"GET", "/api/v1/admin/journal", a::admin, get_journal, 2, false,
   "Heads and epochs, waiting appends, commits, the lag of the lists, of each node.", "",
   "document", 200, nodes_query},
  {"GET", "/api/v1/admin/tree", a::admin, get_actor_tree, 5, false,
   "Who supervises whom, with state, restarts and last failure; parents before children.", "",
   "document", 200, tree_query},
  {"GET", "/api/v1/admin/busy-actors", a::admin, get_busy_actors, 5, false,
   "Actors sorted by what they use; rates are those between two looks.", "", "document", 200,
   busy_query},
  {"GET", "/api/v1/admin/slow-actors", a::admin, get_slow_actors, 5, false,
   "The longest handlers and their messages.", "", "document", 200, slow_query},
  {"GET", "/api/v1/admin/actor-state", a::admin, get_actor_state, 5, false,
   "One actor with its entity's state, stream, links and children; it is not activated.", "",
   "document", 200, state_query},
  {"GET", "/api/v1/admin/actor-trace", a::admin, get_actor_trace, 2, false,
   "The last messages of an actor, from the first question on.", "", "document", 200, trace_query},
  {"POST", "/api/v1/admin/kill-actor", a::admin, post_actor_kill, 5, false,
   "End an actor as a fault would; its supervisor recovers it. Logged with who asked.",
   "named_actor", "document"},
  {"POST", "/api/v1/admin/restart-actor", a::admin, post_actor_restart, 5, false,
   "Start an actor afresh, one that was given up too. Logged with who asked.", "named_actor",
   "document"},
  {"GET", "/api/v1/feeds", a::everybody, get_feeds, 1, false,
   "Where market data comes from and how current it is; none: an empty list.", "", "[]feed"},
  {"GET", "/openapi.json", a::everybody, get_openapi, 1, false, "This document.", "", "document"},
  {"GET", "/healthz", a::everybody, get_healthz, 0, false, "The process answers.", "", "health"},
  {"GET", "/readyz", a::everybody, get_readyz, 0, false, "The node can trade.", "", "health"},
  {"GET",
   "/metrics",
   a::everybody,
   get_metrics,
   0,
   false,
   "Counters for Prometheus.",
   "",
   "metrics",
   200,
   {},
   "text/plain"},
};

/// Splits off what is before the next '/'.
std::string_view next_part(std::string_view& rest) {
  const auto end = rest.find('/');
  const auto part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return part;
}

bool fits(std::string_view pattern, std::string_view path, std::vector<std::string>& values) {
  values.clear();
  while (!pattern.empty() && !path.empty()) {
    if (pattern.front() != '/' || path.front() != '/') return false;
    pattern.remove_prefix(1);
    path.remove_prefix(1);
    const auto wanted = next_part(pattern), given = next_part(path);
    if (wanted.starts_with('{')) {
      auto value = percent_decoded(given, false);
      if (!value || value->empty()) return false;
      values.push_back(std::move(*value));
    } else if (wanted != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

} // namespace

std::span<const route> route_table() {
  return routes;
}

route_match match(std::string_view method, std::string_view path,
                  std::vector<std::string>& values) {
  route_match result;
  std::vector<std::string> parts;
  for (const auto& one : routes) {
    if (!fits(one.pattern, path, parts)) continue;
    result.path_exists = true;
    if (!result.methods.empty()) result.methods += ", ";
    result.methods += one.method;
    if (one.method != method) continue;
    result.found = &one;
    values = parts;
    break;
  }
  return result;
}

} // namespace rialto::net

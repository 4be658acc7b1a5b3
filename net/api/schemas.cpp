// The shapes of bodies and answers, as the OpenAPI document names them.
#include "net/api/money_schemas.hpp"
#include "net/api/node_schemas.hpp"
#include "net/api/routes.hpp"

#include <algorithm>

namespace rialto::net {

namespace {

using f = field_spec;
using namespace money_schemas;
using namespace node_schemas;

constexpr f credentials[] = {{"email", "string", true, "An e-mail address."},
                             {"password", "string", true, "8 to 128 characters."}};
constexpr f refresh[] = {{"refresh_token", "string", true, "From the last login or refresh."}};
constexpr f registered[] = {{"user_id", "integer", true, ""},
                            {"account_id", "integer", true, "The first account."}};
constexpr f tokens[] = {{"access_token", "string", true, "Send as Authorization: Bearer."},
                        {"refresh_token", "string", true, "Works once."},
                        {"token_type", "string", true, "Bearer"},
                        {"expires_in", "integer", true, "Seconds the access token is good for."}};
constexpr f user[] = {{"user_id", "integer", true, ""},
                      {"email", "string", true, ""},
                      {"role", "string", true, "trader or admin"},
                      {"created_at", "time", true, ""},
                      {"accounts", "[]account", true, ""}};
constexpr f platform[] = {
  {"name", "string", true, "Rialto"},
  {"version", "string", true, ""},
  {"demo", "boolean", true, "POST demo makes users with play money."},
  {"feed", "string", true, "Where market data comes from: none, sim, replay..."},
  {"registration", "boolean", true, "Anybody may register."},
  {"time", "time", true, "The node's."}};
constexpr f admin_user[] = {{"user_id", "integer", true, ""},
                            {"email", "string", true, ""},
                            {"role", "string", true, "trader or admin"},
                            {"status", "string", true, "active or disabled"},
                            {"created_at", "time", true, ""},
                            {"accounts", "[]account", true, ""}};
constexpr f user_change[] = {{"status", "string", true, "active or disabled"}};
constexpr f account[] = {{"account_id", "integer", true, "For the header X-Account-Id."},
                         {"label", "string", true, ""}};
constexpr f new_account[] = {{"label", "string", true, "1 to 64 bytes."}};
constexpr f api_key[] = {
  {"key", "string", true, "64 characters; goes into the header X-MBX-APIKEY."},
  {"label", "string", true, ""},
  {"type", "string", true, "hmac, ed25519 or rsa"},
  {"scopes", "[]string", true, "Of read, trade, withdraw."},
  {"ip_allow", "[]string", true,
   "Addresses and networks it may be used from; none: from anywhere."},
  {"account_id", "integer", true, "The account it speaks for."},
  {"created_at", "time", true, ""},
  {"expires_at", "time", true, "Null: never.", true},
  {"public_key", "string", true, "Of ed25519 and rsa: PEM.", true}};
constexpr f made_api_key[] = {
  {"key", "string", true, "64 characters; goes into the header X-MBX-APIKEY."},
  {"secret", "string", false, "Of an hmac key; shown only now."},
  {"label", "string", true, ""},
  {"type", "string", true, "hmac, ed25519 or rsa"},
  {"scopes", "[]string", true, "Of read, trade, withdraw."},
  {"ip_allow", "[]string", true,
   "Addresses and networks it may be used from; none: from anywhere."},
  {"account_id", "integer", true, "The account it speaks for."},
  {"created_at", "time", true, ""},
  {"expires_at", "time", true, "Null: never.", true},
  {"public_key", "string", true, "Of ed25519 and rsa: PEM.", true}};
constexpr f new_api_key[] = {
  {"label", "string", true, "1 to 64 bytes."},
  {"scopes", "[]string", true, "One or more of read, trade, withdraw."},
  {"type", "string", false, "hmac (default), ed25519 or rsa"},
  {"public_key", "string", false, "PEM; for ed25519 and rsa (2048 to 4096 bits)."},
  {"ip_allow", "[]string", false,
   "At most 20, as 192.0.2.7 or 192.0.2.0/24; default from anywhere."},
  {"expires_at", "time", false, "Default never."},
  {"account_id", "integer", false, "One of the caller's; default the first."}};
constexpr f instrument[] = {
  {"symbol", "string", true, ""},
  {"base", "string", true, ""},
  {"quote", "string", true, ""},
  {"tick_size", "decimal", true, "Prices are multiples of it."},
  {"lot_size", "decimal", true, "Quantities are multiples of it."},
  {"notional_min", "decimal", true, "Least price times quantity."},
  {"quantity_min", "decimal", true, ""},
  {"quantity_max", "decimal", true, ""},
  {"maker_fee", "decimal", true, "A rate of what is received."},
  {"taker_fee", "decimal", true, "A rate of what is received."},
  {"fee_tiers", "[]fee_tier", true, "Lower rates by what was traded, above those two."},
  {"collar", "decimal", true, "Market buys hold the reference price times 1 + collar."},
  {"status", "string", true, "open, post_only, cancel_only, halted or auction"},
  {"mode", "string", true, "own or mirrored"},
  {"band", "decimal", true,
   "Share of the last price that a limit or a trade may be away from it; 0: any."},
  {"halt_move", "decimal", true,
   "A trade that moved the price by more than this share starts an auction instead; 0: none does."},
  {"halt_window_seconds", "integer", true, "The move is measured from this long a window's start."},
  {"halt_seconds", "integer", true, "How long an auction takes."},
  {"price_min", "decimal", true, "Least price of a limit and of a trigger; 0: any."},
  {"price_max", "decimal", true, "Largest; 0: any."},
  {"market_quantity_max", "decimal", true, "Of a market order by quantity; 0: quantity_max."},
  {"bid_up", "decimal", true, "A buy's limit is at most so many times the last price; 0: any."},
  {"bid_down", "decimal", true, "And at least; 0: any."},
  {"ask_up", "decimal", true, "A sell's limit is at most so many times the last price; 0: any."},
  {"ask_down", "decimal", true, "And at least; 0: any."},
  {"orders_max", "integer", true, "Open orders of one account in this market; 0: any."},
  {"algo_orders_max", "integer", true, "Of them with a trigger; 0: any."},
  {"iceberg_parts_max", "integer", true, "Quantity by display_quantity; 0: any."},
  {"trail_min", "decimal", true, "Least trail_rate of an order that follows; 0: any."},
  {"trail_max", "decimal", true, "Largest; 0: any."},
  {"stale", "boolean", true, "Mirrored, and the feed is out of step."}};
constexpr f new_instrument[] = {{"symbol", "string", true, "2 to 20 characters A-Z 0-9."},
                                {"base", "string", true, "1 to 10 characters A-Z 0-9."},
                                {"quote", "string", true, "1 to 10 characters A-Z 0-9."},
                                {"tick_size", "decimal", true, ""},
                                {"lot_size", "decimal", true, ""},
                                {"notional_min", "decimal", false, ""},
                                {"quantity_min", "decimal", false, ""},
                                {"quantity_max", "decimal", false, ""},
                                {"maker_fee", "decimal", false, ""},
                                {"taker_fee", "decimal", false, ""},
                                {"fee_tiers", "[]fee_tier", false, "At most 16."},
                                {"collar", "decimal", false, ""},
                                {"band", "decimal", false, "From 0 to 1; default 0."},
                                {"halt_move", "decimal", false, "From 0 to 1; default 0."},
                                {"halt_window_seconds", "integer", false, "1 to 86400."},
                                {"halt_seconds", "integer", false, "1 to 86400."},
                                {"auction_seconds", "integer", false, "With the status auction."},
                                {"price_min", "decimal", false, ""},
                                {"price_max", "decimal", false, ""},
                                {"market_quantity_max", "decimal", false, ""},
                                {"bid_up", "decimal", false, ""},
                                {"bid_down", "decimal", false, ""},
                                {"ask_up", "decimal", false, ""},
                                {"ask_down", "decimal", false, ""},
                                {"orders_max", "integer", false, ""},
                                {"algo_orders_max", "integer", false, ""},
                                {"iceberg_parts_max", "integer", false, ""},
                                {"trail_min", "decimal", false, ""},
                                {"trail_max", "decimal", false, ""},
                                {"status", "string", false, ""},
                                {"mode", "string", false, ""}};
constexpr f instrument_change[] = {
  {"price_min", "decimal", false, ""},
  {"price_max", "decimal", false, ""},
  {"market_quantity_max", "decimal", false, ""},
  {"bid_up", "decimal", false, ""},
  {"bid_down", "decimal", false, ""},
  {"ask_up", "decimal", false, ""},
  {"ask_down", "decimal", false, ""},
  {"orders_max", "integer", false, ""},
  {"algo_orders_max", "integer", false, ""},
  {"iceberg_parts_max", "integer", false, ""},
  {"trail_min", "decimal", false, ""},
  {"trail_max", "decimal", false, ""},
  {"notional_min", "decimal", false, ""},
  {"quantity_min", "decimal", false, ""},
  {"quantity_max", "decimal", false, ""},
  {"maker_fee", "decimal", false, ""},
  {"taker_fee", "decimal", false, ""},
  {"fee_tiers", "[]fee_tier", false, "All of them; [] for none."},
  {"collar", "decimal", false, ""},
  {"band", "decimal", false, ""},
  {"halt_move", "decimal", false, ""},
  {"status", "string", false, ""},
  {"mode", "string", false, ""},
  {"halt_window_seconds", "integer", false, "1 to 86400."},
  {"halt_seconds", "integer", false, "1 to 86400."},
  {"auction_seconds", "integer", false,
   "With the status auction: how long it takes; default halt_seconds."}};
constexpr f auction[] = {
  {"until", "time", true, "When all that can trade does so at one price."},
  {"cause", "string", true, "called or volatility"},
  {"price", "decimal", true, "What the price would be now; null: nothing would trade.", true},
  {"volume", "decimal", true, "What would trade."},
  {"imbalance", "decimal", true, "What would be left at that price."},
  {"imbalance_side", "string", true, "Whose: buy or sell; null: nobody's.", true}};
constexpr f book[] = {{"type", "string", true, "snapshot; on the stream also diff"},
                      {"symbol", "string", true, ""},
                      {"last_update", "integer", true, "Diffs go on from here."},
                      {"bids", "[]level", true, "Best first."},
                      {"asks", "[]level", true, "Best first."}};
constexpr f trade[] = {{"id", "integer", true, ""},
                       {"price", "decimal", true, ""},
                       {"quantity", "decimal", true, ""},
                       {"side", "string", true, "Of the taker."},
                       {"time", "time", true, ""}};
constexpr f trades[] = {{"symbol", "string", true, ""},
                        {"items", "[]trade", true, "Newest first."},
                        {"next_before", "integer", true, "For the next page.", true}};
constexpr f ticker[] = {{"symbol", "string", true, ""},
                        {"last_price", "decimal", true, "", true},
                        {"open_24h", "decimal", true, "", true},
                        {"high_24h", "decimal", true, "", true},
                        {"low_24h", "decimal", true, "", true},
                        {"volume_24h", "decimal", true, ""},
                        {"quote_volume_24h", "decimal", true, ""},
                        {"trades_24h", "integer", true, ""},
                        {"bid", "decimal", true, "", true},
                        {"bid_quantity", "decimal", true, "", true},
                        {"ask", "decimal", true, "", true},
                        {"ask_quantity", "decimal", true, "", true},
                        {"auction", "auction", true, "While one runs.", true},
                        {"status", "string", true, ""},
                        {"stale", "boolean", true, ""},
                        {"time", "time", true, ""}};
constexpr f candle[] = {
  {"open_time", "time", true, ""},
  {"close_time", "time", true, ""},
  {"open", "decimal", true, ""},
  {"high", "decimal", true, ""},
  {"low", "decimal", true, ""},
  {"close", "decimal", true, ""},
  {"volume", "decimal", true, ""},
  {"quote_volume", "decimal", true, ""},
  {"taker_buy_volume", "decimal", true, ""},
  {"trades", "integer", true, ""},
  {"closed", "boolean", true, "It will not change but by a correction."},
  {"partial", "boolean", false, "true: shorter candles or trades of its time are missing."},
  {"corrected", "boolean", false, "true: it was closed with other values before."}};
constexpr f candles[] = {{"symbol", "string", true, ""},
                         {"interval", "string", true, ""},
                         {"items", "[]candle", true, "Oldest first."}};
constexpr f new_order[] = {
  {"symbol", "string", true, ""},
  {"side", "string", true, "buy or sell"},
  {"type", "string", true, "limit, market or post_only"},
  {"time_in_force", "string", false,
   "gtc, ioc, fok or gtd (until expires_at); default gtc, for market orders ioc"},
  {"quantity", "decimal", false, "In the base asset."},
  {"quote_quantity", "decimal", false, "Market orders: what to spend or to earn instead."},
  {"price", "decimal", false, "Limit orders."},
  {"self_trade_prevention", "string", false,
   "What happens instead of a trade with an order of the same owner: none, expire_taker, "
   "expire_maker, expire_both or decrement; default the account's"},
  {"display_quantity", "decimal", false, "Iceberg: the book shows so much of it at once."},
  {"min_quantity", "decimal", false, "Trade at least this at once, or expire."},
  {"expires_at", "time", false, "When a gtd order expires."},
  {"trigger", "string", false,
   "What it waits for in the last price before it goes to the book: stop (a rise to buy, a fall to "
   "sell) or take_profit (a fall to buy, a rise to sell)"},
  {"trigger_price", "decimal", false,
   "The price it waits for; with a trail the price from which it follows, default at once."},
  {"trail_amount", "decimal", false,
   "It follows the price, and goes when that has turned by so much from its best."},
  {"trail_bps", "integer", false, "The same in basis points of the best price, 1 to 9999."},
  {"peg", "string", false,
   "Its price follows: primary (the best price of its side), market (of the other side) or mid "
   "(half "
   "way between), never beyond price and never taking; for orders that may rest"},
  {"peg_offset", "decimal", false, "So far from it, away from the other side; default 0."},
  {"slicing", "string", false,
   "A gtc limit order that goes in slices, each a limit order, immediate or cancel: twap (equal "
   "slices) or vwap (weighed by what the same time of the last 7 days traded)"},
  {"slices", "integer", false, "With slicing: how many, 2 to 1000, at most one a second."},
  {"duration_seconds", "integer", false, "With slicing: over how long, at most 86400."},
  {"start_at", "time", false, "With slicing: from when, at most 7 days ahead; default now."},
  {"client_order_id", "string", false, "1 to 36 of A-Z a-z 0-9 - _ . : /"}};
constexpr f new_order_list[] = {
  {"kind", "string", true,
   "oco: two orders of which one goes, a limit at take_profit_price and a stop; bracket: an entry "
   "and "
   "its exits on the other side, a limit at take_profit_price, a stop, or both of which one goes"},
  {"symbol", "string", true, ""},
  {"side", "string", true, "buy or sell: of the two, or of the entry"},
  {"quantity", "decimal", true, "In the base asset; exits are for what the entry brought."},
  {"type", "string", false, "Of a bracket's entry: limit (default), market or post_only"},
  {"price", "decimal", false, "Of a bracket's entry."},
  {"time_in_force", "string", false, "Of a bracket's entry: gtc, ioc, fok or gtd"},
  {"expires_at", "time", false, "When a gtd entry expires."},
  {"take_profit_price", "decimal", false, "The limit that waits in the book."},
  {"stop_price", "decimal", false, "The last price at which the stop goes."},
  {"stop_trail_amount", "decimal", false, "Or: it follows the price, as trail_amount of an order."},
  {"stop_trail_bps", "integer", false, "Or: the same in basis points, 1 to 9999."},
  {"stop_limit_price", "decimal", false, "The stop's limit; absent: it goes at the market."},
  {"self_trade_prevention", "string", false, "As of an order; for all of them."},
  {"client_order_id", "string", false, "Of the list, and of its first order."}};
constexpr f order_list[] = {{"list_id", "integer", true, "The first order's id."},
                            {"orders", "[]order", true, ""}};
constexpr f order_change[] = {
  {"price", "decimal", false, "The new limit."},
  {"quantity", "decimal", false, "The new total quantity, what is executed included."}};
constexpr f fill[] = {
  {"trade_id", "integer", true, ""}, {"price", "decimal", true, ""},
  {"quantity", "decimal", true, ""}, {"notional", "decimal", true, "In the quote asset."},
  {"fee", "decimal", true, ""},      {"fee_asset", "string", true, "What was received."},
  {"is_maker", "boolean", true, ""}, {"time", "time", true, ""}};
constexpr f order[] = {
  {"order_id", "integer", true, ""},
  {"client_order_id", "string", true, "", true},
  {"symbol", "string", true, "", true},
  {"side", "string", true, ""},
  {"type", "string", true, ""},
  {"time_in_force", "string", true, ""},
  {"status", "string", true, "new, partially_filled, filled, cancelled, expired or rejected"},
  {"price", "decimal", true, "", true},
  {"quantity", "decimal", true, "Null for an order by quote_quantity.", true},
  {"executed_quantity", "decimal", true, "", true},
  {"executed_quote", "decimal", true, ""},
  {"reason", "string", true, "Why it was rejected or expired: a problem's code.", true},
  {"self_trade_prevention", "string", true, ""},
  {"prevented_quantity", "decimal", true, "Taken off it by self-trade prevention.", true},
  {"display_quantity", "decimal", true, "", true},
  {"min_quantity", "decimal", true, "", true},
  {"expires_at", "time", true, "", true},
  {"trigger", "string", true, "stop or take_profit; the next four come with it", true},
  {"trigger_price", "decimal", false, "", true},
  {"trail_amount", "decimal", false, "", true},
  {"trail_bps", "integer", false, "", true},
  {"triggered", "boolean", false, "What it waited for has come: it is in the book, or was."},
  {"peg", "string", true, "primary, market or mid: what its price follows; price is the limit",
   true},
  {"peg_offset", "decimal", true, "", true},
  {"list_id", "integer", true, "The list of linked orders it was placed in.", true},
  {"pending", "boolean", false, "With list_id: an exit whose entry has not ended."},
  {"parent_id", "integer", true, "The order it is a slice of.", true},
  {"slicing", "string", true, "twap or vwap; the next six come with it", true},
  {"weights", "string", false, "Of its slices: volume, or equal (twap, or nothing was traded)."},
  {"start_at", "time", false, "The first slice."},
  {"end_at", "time", false, "A slice's time after the last one."},
  {"slices", "integer", false, ""},
  {"slices_sent", "integer", false, "What was too little to be sent is in the next one."},
  {"next_slice_at", "time", false, "Null after the last one.", true},
  {"created_at", "time", true, ""},
  {"updated_at", "time", true, ""},
  {"fills", "[]fill", true,
   "In answers to POST, PATCH and DELETE and in stream events those this step made."}};
constexpr f cancelled_orders[] = {
  {"asked", "integer", true, "How many open orders are meant."},
  {"orders", "[]order", true, "The first 1000 of them, asked about at once; the others follow."}};
constexpr f dead_man[] = {
  {"symbol", "string", false, "Only orders of this instrument; absent: of every instrument."},
  {"timeout_ms", "integer", true, "1000 to 86400000; 0 disarms."}};
constexpr f guard[] = {
  {"kind", "string", true, "timer, or connection (cancel_on_disconnect of a stream)"},
  {"symbol", "string", true, "Null: every instrument.", true},
  {"session_id", "integer", true, "Which session armed it."},
  {"timeout_ms", "integer", true, "Of a connection: how long a renewal by the server lasts."},
  {"grace_ms", "integer", true, "Of a connection: from its end to the cancels."},
  {"deadline", "time", true, "Orders are cancelled then unless renewed; null: not armed.", true}};
constexpr f execution[] = {{"number", "integer", true, "Rises per account."},
                           {"order_id", "integer", true, ""},
                           {"symbol", "string", true, ""},
                           {"side", "string", true, ""},
                           {"trade_id", "integer", true, ""},
                           {"price", "decimal", true, ""},
                           {"quantity", "decimal", true, ""},
                           {"notional", "decimal", true, ""},
                           {"fee", "decimal", true, ""},
                           {"fee_asset", "string", true, ""},
                           {"is_maker", "boolean", true, ""},
                           {"time", "time", true, ""}};
constexpr f balance[] = {{"asset", "string", true, ""},
                         {"available", "decimal", true, ""},
                         {"hold", "decimal", true, "Held by open orders."}};
constexpr f account_settings[] = {
  {"account_id", "integer", true, ""},
  {"label", "string", true, ""},
  {"self_trade_prevention", "string", true, "Of orders that name none."}};
constexpr f account_change[] = {{"self_trade_prevention", "string", true,
                                 "none, expire_taker, expire_maker, expire_both or decrement"}};
constexpr f ledger_entry[] = {{"number", "integer", true, "Rises per account."},
                              {"account", "string", true, "account/17"},
                              {"asset", "string", true, ""},
                              {"amount", "decimal", true, "Signed."},
                              {"kind", "string", true, ""},
                              {"reference", "string", true, ""},
                              {"time", "time", true, ""}};
constexpr f new_transfer[] = {{"asset", "string", true, "1 to 10 characters A-Z 0-9."},
                              {"amount", "decimal", true, ""},
                              {"reference", "string", true, "1 to 64 bytes: the idempotency key."}};
constexpr f transfer[] = {
  {"account_id", "integer", true, ""}, {"kind", "string", true, "deposit or withdrawal"},
  {"asset", "string", true, ""},       {"amount", "decimal", true, ""},
  {"reference", "string", true, ""},   {"available", "decimal", true, "After it."},
  {"time", "time", true, ""}};
constexpr f booked_transfer[] = {
  {"account_id", "integer", true, ""}, {"kind", "string", true, "deposit or withdrawal"},
  {"asset", "string", true, ""},       {"amount", "decimal", true, ""},
  {"reference", "string", true, ""},   {"time", "time", true, ""}};
constexpr f named_actor[] = {
  {"name", "string", true, "As account/1 or market/3."},
  {"node", "string", false, "Where it runs, if nodes have actors of that name each."}};
constexpr f actor[] = {
  {"name", "string", true, "account/17"},
  {"kind", "string", true, ""},
  {"parent", "string", true, "Its supervisor.", true},
  {"status", "string", true, "running, or failed: given up and not started again by itself"},
  {"mailbox", "integer", true, "Messages waiting."},
  {"messages", "integer", true, "Handled since it started."},
  {"failures", "integer", true, "Since the node started."},
  {"last_failure", "string", true, "", true},
  {"started_at", "time", true, "", true},
  {"order", "order", false, "Of an order's actor."}};
constexpr f health[] = {{"status", "string", true, ""}};
constexpr f problem_fields[] = {{"type", "string", true, "urn:rialto:problem:CODE"},
                                {"title", "string", true, "For people."},
                                {"status", "integer", true, ""},
                                {"code", "string", true, "Stable; branch on it."},
                                {"detail", "string", false, "What was wrong."},
                                {"field", "string", false, "Which field it concerns."},
                                {"request_id", "string", false, ""}};

constexpr schema_spec schemas[] = {{"credentials", credentials},
                                   {"refresh", refresh},
                                   {"registered", registered},
                                   {"tokens", tokens},
                                   {"user", user},
                                   {"platform", platform},
                                   {"admin_user", admin_user},
                                   {"user_change", user_change},
                                   {"account", account},
                                   {"new_account", new_account},
                                   {"api_key", api_key},
                                   {"made_api_key", made_api_key},
                                   {"new_api_key", new_api_key},
                                   {"instrument", instrument},
                                   {"new_instrument", new_instrument},
                                   {"instrument_change", instrument_change},
                                   {"book", book},
                                   {"trade", trade},
                                   {"trades", trades},
                                   {"auction", auction},
                                   {"ticker", ticker},
                                   {"candle", candle},
                                   {"candles", candles},
                                   {"new_order", new_order},
                                   {"new_order_list", new_order_list},
                                   {"order_list", order_list},
                                   {"order_change", order_change},
                                   {"fill", fill},
                                   {"order", order},
                                   {"cancelled_orders", cancelled_orders},
                                   {"dead_man", dead_man},
                                   {"guard", guard},
                                   {"execution", execution},
                                   {"balance", balance},
                                   {"fee_tier", fee_tier},
                                   {"position", position},
                                   {"fees", fees},
                                   {"statement_asset", statement_asset},
                                   {"statement", statement},
                                   {"account_settings", account_settings},
                                   {"account_change", account_change},
                                   {"ledger_entry", ledger_entry},
                                   {"new_transfer", new_transfer},
                                   {"transfer", transfer},
                                   {"actor", actor},
                                   {"named_actor", named_actor},
                                   {"feed", feed},
                                   {"feed_connection", feed_connection},
                                   {"feed_stream", feed_stream},
                                   {"feed_counters", feed_counters},
                                   {"health", health},
                                   {"booked_transfer", booked_transfer},
                                   {"health_journal", health_journal},
                                   {"health_lists", health_lists},
                                   {"health_disk", health_disk},
                                   {"health_memory", health_memory},
                                   {"health_connections", health_connections},
                                   {"health_requests", health_requests},
                                   {"health_actors", health_actors},
                                   {"health_markets", health_markets},
                                   {"health_feed", health_feed},
                                   {"node_health", health_of_node},
                                   {"problem", problem_fields}};

} // namespace

std::span<const schema_spec> schema_table() {
  return schemas;
}

const schema_spec* find_schema(std::string_view name) {
  const auto at = std::find_if(std::begin(schemas), std::end(schemas),
                               [&](const schema_spec& one) { return one.name == name; });
  return at == std::end(schemas) ? nullptr : at;
}

} // namespace rialto::net

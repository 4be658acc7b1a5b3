#include "net/problem.hpp"

namespace rialto::net {

problem problem_of(reject_reason why) {
  using r = reject_reason;
  switch (why) { // no default: -Werror=switch names the reason that has no row
  case r::none: break;
  case r::unknown_account: return {404, -2015, "unknown-account", "There is no such account."};
  case r::unknown_order:
    return {404, -2011, "unknown-order", "There is no such open order.", 0, "Unknown order sent."};
  case r::unknown_market:
    return {404, -1121, "unknown-market", "There is no such market.", 0, "Invalid symbol."};
  case r::insufficient_balance:
    return {409,
            -2010,
            "insufficient-balance",
            "The available balance is too small.",
            0,
            "Account has insufficient balance for requested action."};
  case r::price_invalid:
    return {400,
            -1013,
            "price-invalid",
            "The price is missing, zero or not allowed here.",
            0,
            "Filter failure: PRICE_FILTER"};
  case r::quantity_invalid:
    return {400,
            -1013,
            "quantity-invalid",
            "The quantity is zero or outside the instrument's minimum and maximum.",
            0,
            "Filter failure: LOT_SIZE"};
  case r::notional_too_small:
    return {400,
            -1013,
            "notional-too-small",
            "Price times quantity is below the instrument's minimum notional.",
            0,
            "Filter failure: NOTIONAL"};
  case r::notional_too_large:
    return {400,
            -1013,
            "notional-too-large",
            "Price times quantity is too large.",
            0,
            "Filter failure: NOTIONAL"};
  case r::market_halted:
    return {409, -2010, "market-halted", "The market is halted.", 0, "Market is closed."};
  case r::market_cancel_only:
    return {
      409, -2010, "market-cancel-only", "The market takes cancels only.", 0, "Market is closed."};
  case r::market_post_only:
    return {409, -2010, "market-post-only", "The market takes orders that rest only."};
  case r::price_outside_band:
    return {400,
            -1013,
            "price-outside-band",
            "The price is further from the last price than the market's band.",
            0,
            "Filter failure: PERCENT_PRICE_BY_SIDE"};
  case r::market_auction:
    return {409, -2010, "market-auction", "In an auction the market takes limit orders that rest."};
  case r::auction_running:
    return {409, -1013, "auction-running",
            "The market is in an auction; open it, which ends the auction, first."};
  case r::would_take:
    return {409,
            -2010,
            "would-take",
            "The post-only order would trade at once.",
            0,
            "Order would immediately match and take."};
  case r::no_liquidity: return {409, -2010, "no-liquidity", "There is nothing to trade against."};
  case r::fok_unfillable:
    return {409, -2010, "fok-unfillable", "The order cannot be filled wholly at once."};
  case r::client_order_id_reused:
    return {409,
            -2010,
            "client-order-id-reused",
            "The client order id was used for another order within 24 hours.",
            0,
            "Duplicate order sent."};
  case r::too_many_open_orders:
    return {409,
            -1013,
            "too-many-open-orders",
            "The account has too many open orders.",
            0,
            "Filter failure: EXCHANGE_MAX_NUM_ORDERS"};
  case r::too_many_orders_today:
    return {429,
            -1015,
            "too-many-orders-today",
            "The account's daily order limit is reached.",
            60,
            "Too many new orders; the account's limit of a day is reached."};
  case r::amend_not_allowed:
    return {409, -2038, "amend-not-allowed", "The order cannot be amended like that."};
  case r::self_trade:
    return {409, -2010, "self-trade", "It would have traded with an order of the same owner."};
  case r::min_quantity_unfillable:
    return {409, -2010, "min-quantity-unfillable",
            "Less than the minimum quantity can be filled at once."};
  case r::expiry_invalid:
    return {400, -1102, "expiry-invalid",
            "A gtd order needs an expires_at in the future; others take none."};
  case r::display_invalid:
    return {400,
            -1013,
            "display-quantity-invalid",
            "Only an order that may rest shows a part: at least a lot, at most its quantity.",
            0,
            "Filter failure: ICEBERG_PARTS"};
  case r::min_quantity_invalid:
    return {400, -1013, "min-quantity-invalid",
            "The minimum quantity is above the quantity, or does not go with this type."};
  case r::trigger_invalid:
    return {400, -1013, "trigger-invalid",
            "A trigger needs a price or one trail, above zero and in range."};
  case r::would_trigger:
    return {409,
            -2010,
            "would-trigger",
            "The last price is there already.",
            0,
            "Order would trigger immediately."};
  case r::too_many_triggers:
    return {409,
            -2010,
            "too-many-triggers",
            "The market holds as many waiting orders as it may.",
            0,
            "Filter failure: MAX_NUM_ALGO_ORDERS"};
  case r::list_invalid:
    return {400, -1102, "list-invalid", "The orders of the list do not go together."};
  case r::linked:
    return {409, -2010, "linked", "An order it is linked to traded, went or was cancelled."};
  case r::peg_invalid:
    return {400, -1102, "peg-invalid",
            "Only an order that may rest is pegged, without a trigger, a minimum or a part shown, "
            "and not in a list; its offset is not negative."};
  case r::too_many_pegs:
    return {409, -2010, "too-many-pegs", "The market holds as many pegged orders as it may."};
  case r::timeout_invalid:
    return {400, -1102, "timeout-invalid",
            "The timeout is not from 1 second to 24 hours, or the grace not from 0 to 5 minutes."};
  case r::too_many_guards:
    return {409, -1102, "too-many-guards",
            "The account has 100 armed timers and connections; disarm one."};
  case r::slicing_invalid:
    return {
      400, -1102, "slicing-invalid",
      "Only a plain gtc limit order goes in slices: 2 to 1000, a second apart at least, within "
      "24 hours, from now or up to 7 days later."};
  case r::too_many_sliced:
    return {409, -2010, "too-many-sliced", "The account has 100 open orders that go in slices."};
  case r::request_repeated:
    return {409,
            -2010,
            "request-repeated",
            "This signed request was executed already.",
            0,
            "Duplicate order sent."};
  case r::request_late:
    return {400,
            -1021,
            "request-late",
            "The request's time was over before it was executed.",
            0,
            "Timestamp for this request is outside of the recvWindow."};
  case r::too_many_marks:
    return {429,
            -1015,
            "too-many-signed-requests",
            "As many signed requests of the account are remembered as may be.",
            10,
            "Too many new orders."};
  case r::too_many_orders_now:
    return {429,
            -1015,
            "too-many-orders-now",
            "The account's order limit of ten seconds is reached.",
            10,
            "Too many new orders; the account's limit of ten seconds is reached."};
  case r::cancel_restricted:
    return {409, -2011, "cancel-restricted",
            "The order was to be cancelled only if it had not traded, or only if it had."};
  case r::price_outside_range:
    return {400,
            -1013,
            "price-outside-range",
            "The price is below the instrument's price_min or above its price_max.",
            0,
            "Filter failure: PRICE_FILTER"};
  case r::market_quantity_max:
    return {400,
            -1013,
            "market-quantity-too-large",
            "The quantity is above what the instrument takes of a market order.",
            0,
            "Filter failure: MARKET_LOT_SIZE"};
  case r::price_outside_percent:
    return {400,
            -1013,
            "price-outside-percent",
            "The price is too far from the reference price for its side.",
            0,
            "Filter failure: PERCENT_PRICE_BY_SIDE"};
  case r::too_many_orders_here:
    return {409,
            -1013,
            "too-many-orders-of-market",
            "The account has as many open orders in this market as it may.",
            0,
            "Filter failure: MAX_NUM_ORDERS"};
  case r::too_many_algo_orders:
    return {409,
            -1013,
            "too-many-trigger-orders",
            "The account has as many open orders with a trigger in this market as it may.",
            0,
            "Filter failure: MAX_NUM_ALGO_ORDERS"};
  case r::too_many_parts:
    return {400,
            -1013,
            "too-many-iceberg-parts",
            "The quantity is more parts of display_quantity than the instrument takes.",
            0,
            "Filter failure: ICEBERG_PARTS"};
  case r::trail_outside_range:
    return {400,
            -1013,
            "trail-outside-range",
            "The trail is shorter or longer than the instrument takes.",
            0,
            "Filter failure: TRAILING_DELTA"};
  case r::unknown_api_key:
    return {404,
            -2015,
            "unknown-api-key",
            "There is no such API key.",
            0,
            "Invalid API-key, IP, or permissions for action."};
  case r::api_key_expired:
    return {401,
            -2015,
            "api-key-expired",
            "The API key's time is over.",
            0,
            "Invalid API-key, IP, or permissions for action."};
  case r::too_many_api_keys:
    return {409, -1102, "too-many-api-keys", "The user has 50 API keys; revoke one."};
  case r::already_exists: return {409, -1102, "already-exists", "It exists already."};
  case r::wrong_credentials:
    return {401, -2015, "wrong-credentials", "The e-mail address or the password is wrong."};
  case r::session_ended:
    return {401, -2015, "session-ended", "The session has ended; log in again."};
  case r::instrument_invalid:
    return {400, -1102, "instrument-invalid", "The instrument breaks a rule."};
  case r::amount_invalid:
    return {400, -1102, "amount-invalid", "The amount is not positive or too large."};
  case r::reference_reused:
    return {409, -1102, "reference-reused", "The reference was used for another transfer."};
  case r::too_many_accounts:
    return {409, -1102, "too-many-accounts", "The user has as many accounts as allowed."};
  case r::too_many_sessions:
    return {409, -1102, "too-many-sessions",
            "The user has as many sessions as allowed; log out of one."};
  case r::user_locked:
    return {429, -2015, "user-locked", "Too many failed logins; try again later.", 900};
  case r::user_disabled:
    return {403, -2015, "user-disabled", "An administrator has disabled this user."};
  case r::own_user:
    return {409, -2015, "own-user", "Nobody changes his own status; another administrator can."};
  }
  return {};
}

problem problem_of(actors::delivery how) {
  using d = actors::delivery;
  switch (how) {
  case d::done: break;
  case d::unavailable:
    return {503, -1001, "unavailable",
            "The journal, or who owns what this is about, does not answer now; nothing was done.",
            1};
  case d::busy: return {503, -1008, "busy", "The node has too much to do; nothing was done.", 1};
  case d::claim_taken: return {409, -1102, "already-exists", "It exists already."};
  case d::no_such_entity: return {404, -2015, "unknown-account", "There is no such account."};
  case d::unknown:
    return {504,
            -1007,
            "unknown",
            "The request was submitted and its fate is unknown; query by client_order_id, or send "
            "it again with the same client_order_id.",
            0,
            "Timeout waiting for response from backend server. Send status unknown; execution "
            "status unknown."};
  }
  return {};
}

problem problem_of(request_error what) {
  using e = request_error;
  switch (what) {
  case e::malformed_json: return {400, -1100, "malformed-json", "The body is not one JSON object."};
  case e::unknown_field:
    return {400,
            -1103,
            "unknown-field",
            "The request has a field that is not known here.",
            0,
            "An unknown parameter was sent: '{}'."};
  case e::duplicate_field:
    return {400,
            -1101,
            "duplicate-field",
            "The request has a field twice.",
            0,
            "Duplicate values for parameter '{}' detected."};
  case e::missing_field:
    return {400,
            -1102,
            "missing-field",
            "The request lacks a field.",
            0,
            "Mandatory parameter '{}' was not sent, was empty/null, or malformed."};
  case e::invalid_field:
    return {400,
            -1100,
            "invalid-field",
            "A field of the request breaks a rule.",
            0,
            "Illegal characters found in parameter '{}'."};
  case e::price_off_tick:
    return {400,
            -1013,
            "price-off-tick",
            "The price is not a multiple of the tick size.",
            0,
            "Filter failure: PRICE_FILTER"};
  case e::quantity_off_lot:
    return {400,
            -1013,
            "quantity-off-lot",
            "The quantity is not a multiple of the lot size.",
            0,
            "Filter failure: LOT_SIZE"};
  case e::not_found:
    return {
      404, -1020, "not-found", "There is nothing at this path.", 0, "Unknown path or method."};
  case e::upgrade_required:
    return {426, -1020, "upgrade-required",
            "This path is a WebSocket: open it with its handshake."};
  case e::method_not_allowed:
    return {405, -1020, "method-not-allowed", "The path does not take this method."};
  case e::unsupported_media_type:
    return {415, -1100, "unsupported-media-type", "Send application/json."};
  case e::too_large: return {413, -1100, "too-large", "The request is too large."};
  case e::bad_request: return {400, -1100, "bad-request", "The request is malformed."};
  case e::unauthenticated:
    return {401,
            -2015,
            "unauthenticated",
            "Send a valid access token as Authorization: Bearer.",
            0,
            "Invalid API-key, IP, or permissions for action."};
  case e::token_expired:
    return {401, -2015, "token-expired", "The access token has expired; refresh it."};
  case e::forbidden:
    return {403,         -2015,
            "forbidden", "The caller's role does not allow this.",
            0,           "Invalid API-key, IP, or permissions for action."};
  case e::account_not_found:
    return {404, -2015, "unknown-account", "The caller has no such account."};
  case e::symbol_not_found:
    return {404, -1121, "unknown-symbol", "There is no such symbol.", 0, "Invalid symbol."};
  case e::actor_not_found:
    return {404, -1000, "unknown-actor",
            "This node has no such actor, or the order is not working."};
  case e::order_not_found:
    return {
      404, -2013, "unknown-order", "The account has no such order.", 0, "Order does not exist."};
  case e::channel_not_found: return {404, -1121, "unknown-channel", "There is no such channel."};
  case e::too_many_requests: return {429, -1003, "too-many-requests", "Too many requests.", 1};
  case e::too_many_subscriptions:
    return {429, -1003, "too-many-subscriptions", "The connection has too many subscriptions."};
  case e::too_many_pending:
    return {503, -1008, "busy", "The node has too much to do; nothing was done.", 1};
  case e::not_ready: return {503, -1001, "not-ready", "The node is not ready.", 1};
  case e::user_not_found: return {404, -2015, "unknown-user", "There is no such user."};
  case e::registration_off:
    return {403, -2015, "registration-off", "This node takes no registrations."};
  case e::demo_off: return {404, -1020, "demo-off", "This node makes no demo users."};
  case e::weak_password: return {400, -1102, "weak-password", "The password is too easy to guess."};
  case e::not_text: return {400, -1100, "not-text", "Send text messages."};
  case e::parameter_empty:
    return {400, -1105, "parameter-empty", "A parameter is empty.", 0, "Parameter '{}' was empty."};
  case e::parameter_not_required:
    return {400,
            -1106,
            "parameter-not-required",
            "A parameter does not belong to this order.",
            0,
            "Parameter '{}' sent when not required."};
  case e::too_precise:
    return {400,
            -1111,
            "too-precise",
            "A number has too many decimals.",
            0,
            "Parameter '{}' has too much precision."};
  case e::combination_invalid:
    return {400,
            -1128,
            "combination-invalid",
            "Parameters that do not go together.",
            0,
            "Combination of optional parameters invalid."};
  case e::value_invalid:
    return {400,
            -1130,
            "value-invalid",
            "A parameter has a value that is not allowed.",
            0,
            "Data sent for parameter '{}' is not valid."};
  case e::time_in_force_invalid:
    return {400, -1115, "time-in-force-invalid", "Invalid timeInForce."};
  case e::order_type_invalid: return {400, -1116, "order-type-invalid", "Invalid orderType."};
  case e::side_invalid: return {400, -1117, "side-invalid", "Invalid side."};
  case e::interval_invalid: return {400, -1120, "interval-invalid", "Invalid interval."};
  case e::range_too_wide:
    return {400,
            -1127,
            "range-too-wide",
            "The time between start and end is too long.",
            0,
            "Lookup interval is too big."};
  case e::recv_window_invalid:
    return {400, -1131, "recv-window-invalid", "recvWindow must be less than 60000."};
  case e::time_outside_window:
    return {400, -1021, "time-outside-window",
            "Timestamp for this request is outside of the recvWindow."};
  case e::time_ahead:
    return {400, -1021, "time-ahead",
            "Timestamp for this request was 1000ms ahead of the server's time."};
  case e::signature_invalid:
    return {400, -1022, "signature-invalid", "Signature for this request is not valid."};
  case e::key_malformed: return {401, -2014, "key-malformed", "API-key format invalid."};
  case e::key_refused:
    return {401, -2015, "key-refused", "Invalid API-key, IP, or permissions for action."};
  case e::weight_exceeded:
    return {429, -1003, "weight-exceeded", "Too much request weight used in this minute."};
  case e::address_banned:
    return {418, -1003, "address-banned",
            "Way too much request weight used; the address is banned for a while."};
  case e::connection_not_signed:
    return {401, -1002, "connection-not-signed", "The connection has not been logged on."};
  case e::replace_partly_failed:
    return {409, -2021, "replace-partly-failed", "Order cancel-replace partially failed."};
  case e::replace_failed: return {400, -2022, "replace-failed", "Order cancel-replace failed."};
  case e::listen_key_unknown:
    return {400, -1125, "listen-key-unknown", "This listenKey does not exist."};
  case e::internal: break;
  }
  return {};
}

} // namespace rialto::net

#include "net/problem.hpp"

#include "net/json.hpp"

namespace rialto::net {

problem problem_of(reject_reason why) {
  using r = reject_reason;
  switch (why) { // no default: -Werror=switch names the reason that has no row
  case r::none: break;
  case r::unknown_account: return {404, -2015, "unknown-account", "There is no such account."};
  case r::unknown_order: return {404, -2011, "unknown-order", "There is no such open order."};
  case r::unknown_market: return {404, -1121, "unknown-market", "There is no such market."};
  case r::insufficient_balance:
    return {409, -2010, "insufficient-balance", "The available balance is too small."};
  case r::price_invalid:
    return {400, -1013, "price-invalid", "The price is missing, zero or not allowed here."};
  case r::quantity_invalid:
    return {400, -1013, "quantity-invalid",
            "The quantity is zero or outside the instrument's minimum and maximum."};
  case r::notional_too_small:
    return {400, -1013, "notional-too-small",
            "Price times quantity is below the instrument's minimum notional."};
  case r::notional_too_large:
    return {400, -1013, "notional-too-large", "Price times quantity is too large."};
  case r::market_halted: return {409, -1013, "market-halted", "The market is halted."};
  case r::market_cancel_only:
    return {409, -1013, "market-cancel-only", "The market takes cancels only."};
  case r::market_post_only:
    return {409, -1013, "market-post-only", "The market takes orders that rest only."};
  case r::price_outside_band:
    return {400, -1013, "price-outside-band",
            "The price is further from the last price than the market's band."};
  case r::market_auction:
    return {409, -1013, "market-auction", "In an auction the market takes limit orders that rest."};
  case r::auction_running:
    return {409, -1013, "auction-running",
            "The market is in an auction; open it, which ends the auction, first."};
  case r::would_take: return {409, -2010, "would-take", "The post-only order would trade at once."};
  case r::no_liquidity: return {409, -2010, "no-liquidity", "There is nothing to trade against."};
  case r::fok_unfillable:
    return {409, -2010, "fok-unfillable", "The order cannot be filled wholly at once."};
  case r::client_order_id_reused:
    return {409, -2010, "client-order-id-reused",
            "The client order id was used for another order within 24 hours."};
  case r::too_many_open_orders:
    return {409, -2010, "too-many-open-orders", "The account has too many open orders."};
  case r::too_many_orders_today:
    return {429, -1015, "too-many-orders-today", "The account's daily order limit is reached.", 60};
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
    return {400, -1013, "display-quantity-invalid",
            "Only an order that may rest shows a part: at least a lot, at most its quantity."};
  case r::min_quantity_invalid:
    return {400, -1013, "min-quantity-invalid",
            "The minimum quantity is above the quantity, or does not go with this type."};
  case r::trigger_invalid:
    return {400, -1013, "trigger-invalid",
            "A trigger needs a price or one trail, above zero and in range."};
  case r::would_trigger: return {409, -2010, "would-trigger", "The last price is there already."};
  case r::too_many_triggers:
    return {409, -2010, "too-many-triggers", "The market holds as many waiting orders as it may."};
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
  }
  return {};
}

problem problem_of(actors::delivery how) {
  using d = actors::delivery;
  switch (how) {
  case d::done: break;
  case d::unavailable:
    return {503, -1001, "unavailable", "The journal cannot take it now; nothing was done.", 1};
  case d::busy: return {503, -1008, "busy", "The node has too much to do; nothing was done.", 1};
  case d::claim_taken: return {409, -1102, "already-exists", "It exists already."};
  case d::no_such_entity: return {404, -2015, "unknown-account", "There is no such account."};
  case d::unknown:
    return {504, -1007, "unknown",
            "The request was submitted and its fate is unknown; query by client_order_id, or send "
            "it again with the same client_order_id."};
  }
  return {};
}

problem problem_of(request_error what) {
  using e = request_error;
  switch (what) {
  case e::malformed_json: return {400, -1100, "malformed-json", "The body is not one JSON object."};
  case e::unknown_field:
    return {400, -1101, "unknown-field", "The request has a field that is not known here."};
  case e::duplicate_field: return {400, -1101, "duplicate-field", "The request has a field twice."};
  case e::missing_field: return {400, -1102, "missing-field", "The request lacks a field."};
  case e::invalid_field:
    return {400, -1100, "invalid-field", "A field of the request breaks a rule."};
  case e::price_off_tick:
    return {400, -1013, "price-off-tick", "The price is not a multiple of the tick size."};
  case e::quantity_off_lot:
    return {400, -1013, "quantity-off-lot", "The quantity is not a multiple of the lot size."};
  case e::not_found: return {404, -1020, "not-found", "There is nothing at this path."};
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
    return {401, -2015, "unauthenticated", "Send a valid access token as Authorization: Bearer."};
  case e::token_expired:
    return {401, -2015, "token-expired", "The access token has expired; refresh it."};
  case e::forbidden: return {403, -2015, "forbidden", "The caller's role does not allow this."};
  case e::account_not_found:
    return {404, -2015, "unknown-account", "The caller has no such account."};
  case e::symbol_not_found: return {404, -1121, "unknown-symbol", "There is no such symbol."};
  case e::actor_not_found:
    return {404, -1000, "unknown-actor",
            "This node has no such actor, or the order is not working."};
  case e::order_not_found: return {404, -2013, "unknown-order", "The account has no such order."};
  case e::channel_not_found: return {404, -1121, "unknown-channel", "There is no such channel."};
  case e::too_many_requests: return {429, -1003, "too-many-requests", "Too many requests.", 1};
  case e::too_many_subscriptions:
    return {429, -1003, "too-many-subscriptions", "The connection has too many subscriptions."};
  case e::too_many_pending:
    return {503, -1008, "busy", "The node has too much to do; nothing was done.", 1};
  case e::not_ready: return {503, -1001, "not-ready", "The node is not ready.", 1};
  case e::weak_password: return {400, -1102, "weak-password", "The password is too easy to guess."};
  case e::not_text: return {400, -1100, "not-text", "Send text messages."};
  case e::internal: break;
  }
  return {};
}

std::string problem_json(const failure& what, std::string_view request_id) {
  std::string out = R"({"type":"urn:rialto:problem:)";
  out.append(what.what.code).append(R"(","title":)");
  put_json_text(out, what.what.text);
  out.append(R"(,"status":)").append(std::to_string(what.what.status));
  out.append(R"(,"code":")").append(what.what.code).append("\"");
  if (!what.detail.empty()) {
    out += R"(,"detail":)";
    put_json_text(out, what.detail);
  }
  if (!what.field.empty()) {
    out += R"(,"field":)";
    put_json_text(out, what.field);
  }
  if (!request_id.empty()) {
    out += R"(,"request_id":)";
    put_json_text(out, request_id);
  }
  return out + "}";
}

} // namespace rialto::net

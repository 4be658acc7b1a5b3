// net/problem.hpp: the only place where an inner reason meets an outer code.
//
// The room: one row per reason renders both faces: `application/problem+json` (RFC 9457) on the
// native API, {"code":-2011,"msg":..} on the Binance-compatible one. The switches have no default,
// so a new reason without a row does not compile. Inner detail goes to the log, never into a body;
// `detail` holds only what the client sent wrong.
//
//   P1  `code` is stable: clients branch on it; texts may be improved
//   P2  every error that concerns a field of the request names it in `field`
#pragma once

#include "actors/gate.hpp"
#include "domain/order.hpp"

#include <string>
#include <string_view>

namespace rialto::net {

/// One row: HTTP status, Binance's code, our stable code, and a sentence for people.
struct problem {
  int status = 500;
  int binance_code = -1000;
  std::string_view code = "internal";
  std::string_view text = "Internal error.";
  int retry_after_s = 0; // 0: no Retry-After header
  /// What Binance says, to the letter where its clients compare texts; {} stands for the field's name.
  std::string_view binance_text = {}; // empty: `text`
};

/// What is wrong with a request before any entity sees it.
enum class request_error : std::uint8_t {
  malformed_json = 1,
  unknown_field,
  duplicate_field,
  missing_field,
  invalid_field, // wrong type, range or form
  price_off_tick,
  quantity_off_lot,
  not_found, // no such route
  method_not_allowed,
  upgrade_required, // a WebSocket's path asked for without its handshake
  unsupported_media_type,
  too_large,
  bad_request, // not HTTP as we speak it
  unauthenticated,
  token_expired,
  forbidden,
  account_not_found, // not one of the caller's
  symbol_not_found,
  order_not_found,
  actor_not_found,
  channel_not_found,
  too_many_requests,
  too_many_subscriptions,
  too_many_pending, // our own tables are full
  not_ready,
  weak_password,
  user_not_found,
  registration_off, // auth.registration
  demo_off,         // demo.enabled
  not_text,         // a binary WebSocket message
  // What only requests in Binance's words can have wrong:
  parameter_empty,
  parameter_not_required,
  too_precise,
  combination_invalid,
  value_invalid,
  time_in_force_invalid,
  order_type_invalid,
  side_invalid,
  interval_invalid,
  range_too_wide,
  recv_window_invalid,
  time_outside_window,
  time_ahead,
  signature_invalid,
  key_malformed,
  key_refused,
  weight_exceeded,
  address_banned,
  connection_not_signed,
  replace_partly_failed, // cancelReplace: one half was done
  replace_failed,
  listen_key_unknown,
  internal
};

[[nodiscard]] problem problem_of(reject_reason why);
[[nodiscard]] problem problem_of(actors::delivery how); // not for delivery::done
[[nodiscard]] problem problem_of(request_error what);

/// A problem as it happened: the row, which field, and what was wrong with it.
struct failure {
  problem what;
  std::string detail; // empty: the row's text says all
  std::string field;  // empty: no single field

  failure() = default;
  failure(problem row, std::string why = {}, std::string name = {})
      : what(row), detail(std::move(why)), field(std::move(name)) {}
  failure(request_error row, std::string why = {}, std::string name = {})
      : failure(problem_of(row), std::move(why), std::move(name)) {}
  failure(reject_reason row, std::string why = {}, std::string name = {})
      : failure(problem_of(row), std::move(why), std::move(name)) {}
};

/// {"type":..,"title":..,"status":..,"code":..,"detail":..,"field":..,"request_id":..}
[[nodiscard]] std::string problem_json(const failure& what, std::string_view request_id);

/// {"code":-2011,"msg":"Unknown order sent."}
[[nodiscard]] std::string binance_json(const failure& what);
/// The status that goes with it: 400, but for who may not, limits, unknown paths and what is ours.
[[nodiscard]] int binance_status(const problem& what);

} // namespace rialto::net

#include "net/api/order_json.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

template <class Word, class... Words>
std::optional<Word> one_of(std::string_view text, Words... words) {
  std::optional<Word> found;
  ((to_text(words) == text ? void(found = words) : void()), ...);
  return found;
}

} // namespace

std::optional<side> parse_side(std::string_view text) {
  return one_of<side>(text, side::buy, side::sell);
}
std::optional<order_type> parse_order_type(std::string_view text) {
  return one_of<order_type>(text, order_type::limit, order_type::market, order_type::post_only);
}
std::optional<time_in_force> parse_time_in_force(std::string_view text) {
  return one_of<time_in_force>(text, time_in_force::gtc, time_in_force::ioc, time_in_force::fok,
                               time_in_force::gtd);
}
std::optional<stp_mode> parse_stp_mode(std::string_view text) {
  return one_of<stp_mode>(text, stp_mode::none, stp_mode::expire_taker, stp_mode::expire_maker,
                          stp_mode::expire_both, stp_mode::decrement);
}
std::optional<peg_kind> parse_peg_kind(std::string_view text) {
  return one_of<peg_kind>(text, peg_kind::primary, peg_kind::market, peg_kind::mid);
}

std::optional<trigger_kind> parse_trigger_kind(std::string_view text) {
  return one_of<trigger_kind>(text, trigger_kind::stop, trigger_kind::take_profit);
}
std::optional<slicing_kind> parse_slicing_kind(std::string_view text) {
  return one_of<slicing_kind>(text, slicing_kind::twap, slicing_kind::vwap);
}
std::optional<market_status> parse_market_status(std::string_view text) {
  return one_of<market_status>(text, market_status::open, market_status::post_only,
                               market_status::cancel_only, market_status::halted,
                               market_status::auction);
}
std::optional<market_mode> parse_market_mode(std::string_view text) {
  return one_of<market_mode>(text, market_mode::own, market_mode::mirrored);
}

std::string_view field_of(reject_reason why) {
  using r = reject_reason;
  switch (why) { // no default: a new reason must say which field it concerns, if any
  case r::price_invalid:
  case r::price_outside_band:
  case r::would_take: return "price";
  case r::quantity_invalid:
  case r::notional_too_small:
  case r::notional_too_large:
  case r::insufficient_balance:
  case r::no_liquidity:
  case r::fok_unfillable: return "quantity";
  case r::self_trade: return "self_trade_prevention";
  case r::min_quantity_unfillable:
  case r::min_quantity_invalid: return "min_quantity";
  case r::display_invalid: return "display_quantity";
  case r::expiry_invalid: return "expires_at";
  case r::trigger_invalid:
  case r::would_trigger: return "trigger_price";
  case r::peg_invalid: return "peg";
  case r::too_many_pegs:
  case r::too_many_triggers: return "symbol";
  case r::list_invalid: return "kind";
  case r::unknown_order: return "order_id";
  case r::timeout_invalid: return "timeout_ms";
  case r::too_many_guards: return "account_id";
  case r::slicing_invalid: return "slicing";
  case r::too_many_sliced: return "account_id";
  case r::unknown_account:
  case r::too_many_open_orders:
  case r::too_many_orders_today:
  case r::too_many_orders_now:
  case r::too_many_marks: return "account_id";
  case r::price_outside_range:
  case r::price_outside_percent: return "price";
  case r::market_quantity_max: return "quantity";
  case r::too_many_parts: return "display_quantity";
  case r::trail_outside_range: return "trail_bps";
  case r::too_many_orders_here:
  case r::too_many_algo_orders: return "symbol";
  case r::unknown_api_key: return "key";
  case r::api_key_expired: return "expires_at";
  case r::auction_running: return "status";
  case r::unknown_market:
  case r::market_auction:
  case r::market_halted:
  case r::market_cancel_only:
  case r::market_post_only: return "symbol";
  case r::client_order_id_reused: return "client_order_id";
  case r::amount_invalid: return "amount";
  case r::reference_reused: return "reference";
  case r::none:
  case r::linked:
  case r::amend_not_allowed:
  case r::already_exists:
  case r::wrong_credentials:
  case r::session_ended:
  case r::instrument_invalid:
  case r::too_many_accounts:
  case r::too_many_sessions:
  case r::user_locked:
  case r::user_disabled:
  case r::request_repeated:
  case r::request_late:
  case r::cancel_restricted:
  case r::too_many_api_keys:
  case r::own_user: break;
  }
  return "";
}

failure failure_of(const rejection& no) {
  std::string detail;
  if (no.order.id)
    detail = fmt::format("order {} was {}", no.order.id.value, to_text(no.order.status));
  if (no.order.id && !is_final(no.order.status))
    detail = fmt::format("order {} stays as it was", no.order.id.value);
  return {no.reason, std::move(detail), std::string(field_of(no.reason))};
}

std::string format_rate(rate_ppm rate) {
  return format_decimal8(rate.value * 100);
}

} // namespace rialto::net

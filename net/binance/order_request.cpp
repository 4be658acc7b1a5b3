#include "net/binance/order_request.hpp"

#include "net/api/order_body.hpp"

#include <algorithm>
#include <array>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ppm_per_bps = 100, bps_max = 9'999;
constexpr std::size_t made_id_bytes = 22;

bool is_client_id(std::string_view text) {
  return !text.empty() && text.size() <= 36 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':' || c == '/';
  });
}

/// A decimal that is a whole number of steps; absent or wrong: 0.
std::int64_t take_multiple(parameters& params, std::string_view name, amount_units step,
                           request_error off_step) {
  const auto units = params.maybe_decimal(name);
  if (!units) return 0;
  if (*units % step.value != 0) {
    params.refuse(off_step, name);
    return 0;
  }
  return *units / step.value;
}

void require(parameters& params, std::string_view name) {
  if (!params.has(name)) params.refuse(request_error::missing_field, name);
}
void forbid(parameters& params, std::string_view name) {
  if (!params.has(name)) return;
  params.pass_over(name);
  params.refuse(request_error::parameter_not_required, name);
}

} // namespace

side take_side(parameters& params, std::string_view name) {
  const auto word = params.text(name);
  if (word == "BUY") return side::buy;
  if (word != "SELL") params.refuse(request_error::side_invalid, name);
  return side::sell;
}

time_in_force take_time_in_force(parameters& params, std::string_view name) {
  const auto word = params.text(name);
  if (word == "IOC") return time_in_force::ioc;
  if (word == "FOK") return time_in_force::fok;
  if (word != "GTC") params.refuse(request_error::time_in_force_invalid, name);
  return time_in_force::gtc;
}

price_ticks take_price(parameters& params, std::string_view name, const instrument& spec) {
  return {take_multiple(params, name, spec.tick_size, request_error::price_off_tick)};
}

quantity_lots take_size(parameters& params, std::string_view name, const instrument& spec) {
  return {take_multiple(params, name, spec.lot_size, request_error::quantity_off_lot)};
}

std::optional<stp_mode> take_stp(parameters& params) {
  const auto word = params.maybe_text("selfTradePreventionMode");
  if (!word) return {};
  if (*word == "NONE") return stp_mode::none;
  if (*word == "EXPIRE_TAKER") return stp_mode::expire_taker;
  if (*word == "EXPIRE_MAKER") return stp_mode::expire_maker;
  if (*word == "EXPIRE_BOTH") return stp_mode::expire_both;
  if (*word == "DECREMENT") return stp_mode::decrement;
  params.refuse(request_error::value_invalid, "selfTradePreventionMode");
  return {};
}

answer_kind take_answer_kind(parameters& params, answer_kind usual) {
  const auto word = params.maybe_text("newOrderRespType");
  if (!word) return usual;
  if (*word == "ACK") return answer_kind::ack;
  if (*word == "RESULT") return answer_kind::result;
  if (*word != "FULL") params.refuse(request_error::value_invalid, "newOrderRespType");
  return answer_kind::full;
}

cancel_restriction take_restriction(parameters& params) {
  const auto word = params.maybe_text("cancelRestrictions");
  if (!word) return cancel_restriction::none;
  if (*word == "ONLY_NEW") return cancel_restriction::only_new;
  if (*word != "ONLY_PARTIALLY_FILLED")
    params.refuse(request_error::value_invalid, "cancelRestrictions");
  return cancel_restriction::only_partially_filled;
}

std::string take_client_id(parameters& params, std::string_view name) {
  const auto given = params.maybe_text(name);
  if (!given) return make_api_text().substr(0, made_id_bytes);
  if (!is_client_id(*given)) params.refuse(request_error::invalid_field, name);
  return std::string(*given);
}

order_name take_order_name(parameters& params, std::string_view id_name,
                           std::string_view client_name) {
  order_name name;
  if (const auto id = params.maybe_whole(id_name, 1, (std::int64_t{1} << 56) - 1))
    name.id = {static_cast<std::uint64_t>(*id)};
  if (const auto text = params.maybe_text(client_name)) name.client_order_id = *text;
  if (params.ok() && !name.id && name.client_order_id.empty())
    params.refuse(request_error::missing_field, id_name);
  return name;
}

std::optional<type_parts> parse_type(std::string_view word) {
  constexpr std::pair<std::string_view, type_parts> words[] = {
    {"LIMIT", {order_type::limit, trigger_kind::none}},
    {"MARKET", {order_type::market, trigger_kind::none}},
    {"LIMIT_MAKER", {order_type::post_only, trigger_kind::none}},
    {"STOP_LOSS", {order_type::market, trigger_kind::stop}},
    {"STOP_LOSS_LIMIT", {order_type::limit, trigger_kind::stop}},
    {"TAKE_PROFIT", {order_type::market, trigger_kind::take_profit}},
    {"TAKE_PROFIT_LIMIT", {order_type::limit, trigger_kind::take_profit}}};
  for (const auto& [name, parts] : words)
    if (name == word) return parts;
  return {};
}

void take_type_fields(parameters& params, const order_names& names, const type_parts& type,
                      const instrument& spec, place_order& order) {
  const bool has_limit = type.type != order_type::market;
  const bool has_trigger = type.trigger != trigger_kind::none;
  order.type = type.type;
  order.tif = has_limit ? time_in_force::gtc : time_in_force::ioc;
  if (type.type == order_type::limit)
    order.tif = take_time_in_force(params, names.time_in_force);
  else
    forbid(params, names.time_in_force);
  if (has_limit) {
    require(params, names.price);
    order.price = take_price(params, names.price, spec);
  } else {
    forbid(params, names.price);
  }
  order_rules rules;
  if (has_trigger) {
    rules.trigger.kind = type.trigger;
    rules.trigger.price = take_price(params, names.stop, spec);
    const auto bps = params.maybe_whole(names.trail, 1, bps_max);
    rules.trigger.trail_rate = {bps.value_or(0) * ppm_per_bps};
    if (!bps) require(params, names.stop);
  } else {
    forbid(params, names.stop);
    forbid(params, names.trail);
  }
  if (has_limit)
    rules.display = take_size(params, names.iceberg, spec);
  else
    forbid(params, names.iceberg);
  if (rules.display.value != 0 && order.tif != time_in_force::gtc)
    params.refuse(request_error::time_in_force_invalid, names.time_in_force);
  if (rules != order_rules{}) order.rules = rules;
}

order_wish take_order(parameters& params, const actors::directory& markets) {
  order_wish wish;
  auto& order = wish.order;
  const auto* entry = take_symbol(params, markets);
  order.way = take_side(params, "side");
  const auto word = params.text("type");
  const auto type = parse_type(word);
  if (!type) params.refuse(request_error::order_type_invalid, "type");
  if (entry == nullptr || !type) return wish;
  const auto& spec = entry->spec;
  order.terms = terms_of(*entry);
  order.id_rule = client_id_rule::open_unique;
  order.client_order_id = take_client_id(params, "newClientOrderId");
  const bool is_plain_market =
    type->type == order_type::market && type->trigger == trigger_kind::none;
  if (is_plain_market && params.has("quoteOrderQty")) {
    order.quote_quantity = {params.maybe_decimal("quoteOrderQty").value_or(0)};
    if (order.quote_quantity.value == 0)
      params.refuse(request_error::quantity_off_lot, "quoteOrderQty");
    forbid(params, "quantity");
  } else {
    forbid(params, "quoteOrderQty");
    require(params, "quantity");
    order.size = take_size(params, "quantity", spec);
  }
  take_type_fields(params, {"price", "stopPrice", "trailingDelta", "icebergQty", "timeInForce"},
                   *type, spec, order);
  order.stp = take_stp(params);
  const bool is_full = is_plain_market || word == "LIMIT";
  wish.answer = take_answer_kind(params, is_full ? answer_kind::full : answer_kind::ack);
  // Taken for the client's own books; nothing here depends on them.
  static_cast<void>(params.maybe_whole("strategyId", 0, INT64_MAX));
  static_cast<void>(params.maybe_whole("strategyType", 1'000'000, INT64_MAX));
  return wish;
}

} // namespace rialto::net::binance

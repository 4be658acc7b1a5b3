#include "net/api/order_body.hpp"

#include "domain/bytes.hpp"
#include "domain/time_text.hpp"
#include "net/api/order_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::string_view decimal_rule =
  R"(must be a decimal number in a string, as "0.25", with at most 8 decimals)";

bool is_client_order_id(std::string_view text) {
  return !text.empty() && text.size() <= 36 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.' || c == ':' || c == '/';
  });
}

constexpr std::string_view rule_fields[] = {
  "display_quantity", "min_quantity",     "expires_at", "trigger",    "trigger_price",
  "trail_amount",     "trail_bps",        "peg",        "peg_offset", "slicing",
  "slices",           "duration_seconds", "start_at"};

/// Units of a decimal field that is a positive multiple of `step`; 0 when absent or wrong.
std::int64_t take_multiple(json_object& body, std::string_view name, amount_units step,
                           request_error off_step, std::string_view step_name, bool is_required) {
  const auto text = is_required ? std::optional{body.text(name, 40)} : body.maybe_text(name, 40);
  if (!text || text->empty()) return 0;
  const auto units = parse_decimal8(*text);
  if (!units) {
    body.refuse(name, decimal_rule);
    return 0;
  }
  if (*units == 0) {
    body.refuse(name, "must be above zero");
    return 0;
  }
  if (*units % step.value != 0) {
    body.fail(
      {off_step,
       fmt::format("{} must be a multiple of the {} {}", name, step_name, format_amount(step)),
       std::string(name)});
    return 0;
  }
  return *units / step.value;
}

/// A time; 0 when absent or wrong.
timestamp_ns take_time(json_object& body, std::string_view name) {
  const auto text = body.maybe_text(name, 40);
  if (!text) return {};
  const auto at = parse_time(*text);
  if (!at) body.refuse(name, "must be a UTC time, as 2030-01-31T12:00:00Z");
  return at.value_or(timestamp_ns{});
}

/// What goes together with what.
void check_shape(json_object& body, const place_order& order) {
  if (order.slicing) {
    if (order.type != order_type::limit)
      body.refuse("type", "must be limit for an order in slices");
    if (order.tif != time_in_force::gtc)
      body.refuse("time_in_force", "must be gtc for an order in slices");
    if (order.rules)
      body.refuse("slicing", "does not go with display_quantity, min_quantity or a trigger");
  }
  if (order.type == order_type::market) {
    if (order.price.value != 0) body.refuse("price", "does not go with a market order");
    if (order.tif == time_in_force::gtc || order.tif == time_in_force::gtd)
      body.refuse("time_in_force", "must be ioc or fok for a market order");
    if ((order.size.value != 0) == (order.quote_quantity.value != 0))
      body.refuse("quantity", "or quote_quantity must be given for a market order, not both");
    return;
  }
  if (order.price.value == 0)
    body.fail({request_error::missing_field, "price is required for a limit order", "price"});
  if (order.quote_quantity.value != 0)
    body.refuse("quote_quantity", "goes with market orders only");
  if (order.size.value == 0)
    body.fail({request_error::missing_field, "quantity is required for a limit order", "quantity"});
  if (order.type == order_type::post_only && order.tif != time_in_force::gtc &&
      order.tif != time_in_force::gtd)
    body.refuse("time_in_force", "must be gtc or gtd for a post_only order");
}

/// What it waits for.
order_trigger take_trigger(json_object& body, const instrument& spec) {
  order_trigger trigger;
  trigger.kind =
    take_word(body, "trigger", trigger_kind::none, false, "stop, take_profit", parse_trigger_kind);
  trigger.price = take_ticks(body, "trigger_price", spec);
  trigger.trail = take_ticks(body, "trail_amount", spec);
  const auto bps = body.maybe_integer("trail_bps", 1, 9'999);
  trigger.trail_rate = {bps.value_or(0) * 100};
  if (trigger.kind == trigger_kind::none) {
    if (trigger != order_trigger{})
      body.fail({request_error::missing_field,
                 "trigger is required with trigger_price, trail_amount or trail_bps", "trigger"});
  } else if (trigger.trail.value != 0 && bps) {
    body.refuse("trail_bps", "and trail_amount do not go together");
  } else if (!trigger.follows() && trigger.price.value == 0) {
    body.fail({request_error::missing_field,
               "trigger_price is required, or trail_amount, or trail_bps", "trigger_price"});
  }
  return trigger;
}

/// What its price follows.
order_peg take_peg(json_object& body, const instrument& spec) {
  order_peg peg;
  peg.kind = take_word(body, "peg", peg_kind::none, false, "primary, market, mid", parse_peg_kind);
  peg.offset = take_ticks(body, "peg_offset", spec);
  if (peg.kind == peg_kind::none && peg.offset.value != 0)
    body.fail({request_error::missing_field, "peg is required with peg_offset", "peg"});
  return peg;
}

/// How it goes in slices; the weights of a VWAP are for who places it.
std::optional<order_slicing> take_slicing(json_object& body) {
  constexpr std::int64_t second = 1'000'000'000;
  order_slicing how;
  const auto kind = body.maybe_text("slicing", 10);
  const auto slices =
    body.maybe_integer("slices", order_slicing::slices_min, order_slicing::slices_max);
  const auto seconds =
    body.maybe_integer("duration_seconds", 1, order_slicing::duration_ns_max / second);
  how.start_at = take_time(body, "start_at");
  if (!kind) {
    for (const auto* name : {"slices", "duration_seconds", "start_at"})
      if (body.has(name)) body.refuse(name, "goes with slicing only");
    return {};
  }
  const auto word = parse_slicing_kind(*kind);
  if (!word) body.refuse("slicing", "must be one of twap, vwap");
  if (!slices)
    body.fail({request_error::missing_field, "slices is required with slicing", "slices"});
  if (!seconds)
    body.fail({request_error::missing_field, "duration_seconds is required with slicing",
               "duration_seconds"});
  how.kind = word.value_or(slicing_kind::twap);
  how.slices = static_cast<std::uint32_t>(slices.value_or(0));
  how.duration_ns = seconds.value_or(0) * second;
  if (how.duration_ns < how.slices * order_slicing::interval_ns_min)
    body.refuse("slices", "must be at most one a second");
  return how;
}

/// What few orders ask for.
void take_rules(json_object& body, place_order& order, const instrument& spec) {
  order_rules rules;
  const auto take_size = [&](std::string_view name) {
    return quantity_lots{
      take_multiple(body, name, spec.lot_size, request_error::quantity_off_lot, "lot size", false)};
  };
  rules.display = take_size("display_quantity");
  rules.size_min = take_size("min_quantity");
  rules.expires_at = take_expiry(body);
  rules.trigger = take_trigger(body, spec);
  rules.peg = take_peg(body, spec);
  if (rules != order_rules{}) order.rules = rules;
}

} // namespace

market_terms terms_of(const actors::market_entry& entry) {
  const auto& spec = entry.spec;
  market_terms terms;
  terms.market = spec.market;
  terms.base = spec.base;
  terms.quote = spec.quote;
  terms.units_per_tick_lot = spec.units_per_tick_lot();
  terms.lot_size = spec.lot_size;
  terms.notional_min = spec.notional_min;
  terms.quantity_min = spec.quantity_min;
  terms.quantity_max = spec.quantity_max;
  terms.maker_fee = spec.maker_fee;
  terms.taker_fee = spec.taker_fee;
  terms.fee_tiers = spec.fee_tiers;
  terms.collar = spec.collar;
  terms.status = spec.status;
  terms.reference_price = entry.reference_price;
  terms.filters = spec.filters;
  return terms;
}

price_ticks take_ticks(json_object& body, std::string_view name, const instrument& spec) {
  return {
    take_multiple(body, name, spec.tick_size, request_error::price_off_tick, "tick size", false)};
}

timestamp_ns take_expiry(json_object& body) {
  return take_time(body, "expires_at");
}

void take_common(json_object& body, place_order& order) {
  if (const auto id = body.maybe_text("client_order_id")) {
    if (!is_client_order_id(*id))
      body.refuse("client_order_id", "must be 1 to 36 of A-Z a-z 0-9 - _ . : /");
    order.client_order_id = *id;
  }
  if (const auto text = body.maybe_text("self_trade_prevention")) {
    order.stp = parse_stp_mode(*text);
    if (!order.stp)
      body.refuse("self_trade_prevention",
                  "must be one of none, expire_taker, expire_maker, expire_both, decrement");
  }
}

price_ticks take_price(json_object& body, const instrument& spec, bool is_required) {
  return {take_multiple(body, "price", spec.tick_size, request_error::price_off_tick, "tick size",
                        is_required)};
}

quantity_lots take_quantity(json_object& body, const instrument& spec, bool is_required) {
  return {take_multiple(body, "quantity", spec.lot_size, request_error::quantity_off_lot,
                        "lot size", is_required)};
}

std::optional<amount_units> take_amount(json_object& body, std::string_view name) {
  const auto text = body.maybe_text(name, 40);
  if (!text) return {};
  const auto amount = parse_amount(*text);
  if (!amount)
    body.refuse(name, decimal_rule);
  else if (amount->value == 0)
    body.refuse(name, "must be above zero");
  return amount;
}

const actors::market_entry* take_symbol(json_object& body, const actors::directory& markets) {
  const auto symbol = body.text("symbol", 20);
  if (symbol.empty()) return nullptr;
  const auto* entry = markets.find(symbol);
  if (entry == nullptr)
    body.fail(
      {request_error::symbol_not_found, "symbol is not the name of an instrument here", "symbol"});
  return entry;
}

place_order take_order(json_object& body, const actors::directory& markets) {
  place_order order;
  order.way = take_word(body, "side", side::buy, true, "buy, sell", parse_side);
  order.type =
    take_word(body, "type", order_type::limit, true, "limit, market, post_only", parse_order_type);
  const auto usual = order.type == order_type::market ? time_in_force::ioc : time_in_force::gtc;
  order.tif =
    take_word(body, "time_in_force", usual, false, "gtc, ioc, fok, gtd", parse_time_in_force);
  order.quote_quantity = take_amount(body, "quote_quantity").value_or(amount_units{});
  take_common(body, order);
  if (const auto* entry = take_symbol(body, markets)) {
    take_rules(body, order, entry->spec);
    order.slicing = take_slicing(body);
    order.terms = terms_of(*entry);
    order.price = take_price(body, entry->spec, false);
    order.size = take_quantity(body, entry->spec, false);
  } else {
    for (const auto* name : {"price", "quantity"}) body.take(name);
    for (const auto name : rule_fields) body.take(name);
  }
  if (body.done()) check_shape(body, order);
  order.body_hash = meaning_of(order);
  return order;
}

std::uint64_t meaning_of(const place_order& order) {
  std::string bytes;
  byte_writer out(bytes);
  out.put(order.terms.market);
  out.put(order.way);
  out.put(order.type);
  out.put(order.tif);
  out.put(order.price);
  out.put(order.size);
  out.put(order.quote_quantity);
  out.put(order.stp);
  out.put(order.rules);
  if (order.slicing) { // its weights are not asked for: they change from day to day
    auto asked = *order.slicing;
    asked.weights.clear();
    out.put(asked);
  }
  return hash64(bytes);
}

} // namespace rialto::net

#include "net/api/list_body.hpp"

#include "domain/bytes.hpp"
#include "net/api/order_json.hpp"

#include <utility>

namespace rialto::net {

namespace {

constexpr std::string_view entry_fields[] = {"type", "price", "time_in_force", "expires_at"};
constexpr std::string_view priced_fields[] = {
  "quantity",          "price",          "take_profit_price", "stop_price",
  "stop_trail_amount", "stop_trail_bps", "stop_limit_price",  "expires_at"};

/// A bracket's first order; `is_given`: the body names a field of it.
place_order take_entry(json_object& body, const place_order& like, const instrument& spec,
                       bool& is_given) {
  auto order = like;
  for (const auto name : entry_fields) is_given = is_given || body.has(name);
  order.type =
    take_word(body, "type", order_type::limit, false, "limit, market, post_only", parse_order_type);
  const auto usual = order.type == order_type::market ? time_in_force::ioc : time_in_force::gtc;
  order.tif =
    take_word(body, "time_in_force", usual, false, "gtc, ioc, fok, gtd", parse_time_in_force);
  order.price = take_ticks(body, "price", spec);
  if (const auto until = take_expiry(body); until.value != 0)
    order.rules.emplace().expires_at = until;
  return order;
}

place_order take_stop(json_object& body, const place_order& like, const instrument& spec) {
  auto order = like;
  auto& trigger = order.rules.emplace().trigger;
  trigger.kind = trigger_kind::stop;
  trigger.price = take_ticks(body, "stop_price", spec);
  trigger.trail = take_ticks(body, "stop_trail_amount", spec);
  trigger.trail_rate = {body.maybe_integer("stop_trail_bps", 1, 9'999).value_or(0) * 100};
  order.price = take_ticks(body, "stop_limit_price", spec);
  if (order.price.value == 0) {
    order.type = order_type::market;
    order.tif = time_in_force::ioc;
  }
  return order;
}

/// Which of the orders the list has, once each field by itself is right.
void put_together(json_object& body, place_list& list, const place_order& entry,
                  bool has_entry_field, const place_order& profit, const place_order& stop) {
  const auto missing = [&](std::string_view field, std::string_view rule) {
    body.fail({request_error::missing_field, std::string(rule), std::string(field)});
  };
  const auto& trigger = stop.rules->trigger;
  const bool has_profit = profit.price.value != 0;
  const bool has_stop = trigger.price.value != 0 || trigger.follows();
  if (trigger.trail.value != 0 && trigger.trail_rate.value != 0)
    body.refuse("stop_trail_bps", "and stop_trail_amount do not go together");
  if (!has_stop && stop.price.value != 0)
    missing("stop_price", "stop_price is required with stop_limit_price");
  if (list.has_entry) {
    if (entry.type == order_type::market && entry.price.value != 0)
      body.refuse("price", "does not go with a market order");
    if (entry.type != order_type::market && entry.price.value == 0)
      missing("price", "price is required for a limit order");
    if (!has_profit && !has_stop)
      missing("take_profit_price", "take_profit_price or stop_price is required");
    list.orders.push_back(entry);
  } else {
    if (has_entry_field)
      body.refuse("kind", "must be bracket with type, price, time_in_force or expires_at");
    if (!has_profit) missing("take_profit_price", "take_profit_price is required for an oco");
    if (!has_stop)
      missing("stop_price",
              "stop_price is required for an oco, or stop_trail_amount, or stop_trail_bps");
  }
  if (has_profit) list.orders.push_back(profit);
  if (has_stop) list.orders.push_back(stop);
}

std::uint64_t meaning_of(const place_list& list) {
  std::string bytes;
  byte_writer out(bytes);
  out.put(list.has_entry);
  for (const auto& one : list.orders) out.put(rialto::net::meaning_of(one));
  return hash64(bytes);
}

} // namespace

place_list take_list(json_object& body, const actors::directory& markets) {
  place_list list;
  const auto kind = body.text("kind");
  if (!kind.empty() && kind != "oco" && kind != "bracket")
    body.refuse("kind", "must be one of oco, bracket");
  list.has_entry = kind == "bracket";
  place_order like;
  like.way = take_word(body, "side", side::buy, true, "buy, sell", parse_side);
  take_common(body, like);
  const auto* entry = take_symbol(body, markets);
  if (entry == nullptr) {
    for (const auto name : priced_fields) body.take(name);
    for (const auto name : entry_fields) body.take(name);
    static_cast<void>(body.done());
    return list;
  }
  const auto& spec = entry->spec;
  like.terms = terms_of(*entry);
  like.size = take_quantity(body, spec, true);
  bool has_entry_field = false;
  const auto entry_order = take_entry(body, like, spec, has_entry_field);
  const auto name = std::exchange(like.client_order_id, {});
  if (list.has_entry) like.way = opposite(like.way);
  auto profit = like;
  profit.price = take_ticks(body, "take_profit_price", spec);
  const auto stop = take_stop(body, like, spec);
  if (!body.done()) return list;
  put_together(body, list, entry_order, has_entry_field, profit, stop);
  if (!body.ok()) return list;
  list.orders[0].client_order_id = name;
  list.orders[0].body_hash = meaning_of(list);
  return list;
}

} // namespace rialto::net

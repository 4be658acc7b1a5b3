// net/binance/order_request.hpp: orders in Binance's words to commands: types, times in force, filters of form.
//
// The room: pure functions from parameters to domain commands. What an order may do is decided by account and market, as
// for every other order; here is only what a text can have wrong.
#pragma once

#include "domain/account_events.hpp"
#include "net/binance/markets.hpp"

namespace rialto::net::binance {

enum class answer_kind : std::uint8_t { ack, result, full };

struct order_wish {
  place_order order; // without an id
  answer_kind answer = answer_kind::ack;
};
/// Takes every parameter of POST order. Look at params.done() before using it.
[[nodiscard]] order_wish take_order(parameters& params, const actors::directory& markets);

/// Which order: by number, by client order id, or both.
struct order_name {
  order_id id;
  std::string client_order_id;
};
[[nodiscard]] order_name take_order_name(parameters& params, std::string_view id_name,
                                         std::string_view client_name);
/// A client order id; drawn when it is absent.
[[nodiscard]] std::string take_client_id(parameters& params, std::string_view name);
[[nodiscard]] cancel_restriction take_restriction(parameters& params);

// The parts that lists of orders share.
[[nodiscard]] side take_side(parameters& params, std::string_view name);
[[nodiscard]] time_in_force take_time_in_force(parameters& params, std::string_view name);
[[nodiscard]] price_ticks take_price(parameters& params, std::string_view name,
                                     const instrument& spec);
[[nodiscard]] quantity_lots take_size(parameters& params, std::string_view name,
                                      const instrument& spec);
[[nodiscard]] std::optional<stp_mode> take_stp(parameters& params);
[[nodiscard]] answer_kind take_answer_kind(parameters& params, answer_kind usual);

/// A type's word apart: how it trades and what it waits for.
struct type_parts {
  order_type type = order_type::limit;
  trigger_kind trigger = trigger_kind::none;
};
[[nodiscard]] std::optional<type_parts> parse_type(std::string_view word);
/// Names of the parameters of one order: "price", or "abovePrice" in a list.
struct order_names {
  std::string price, stop, trail, iceberg, time_in_force;
};
/// Price, trigger, iceberg and time in force of a type, and that each is there when it must and only when it may.
void take_type_fields(parameters& params, const order_names& names, const type_parts& type,
                      const instrument& spec, place_order& order);

} // namespace rialto::net::binance

// actors/protocol/known_words.hpp: whether every enumerator in something decoded is one of this version's.
//
// The room: a byte between first and last is an enumerator, though a range may have holes (reject_reason, whose readers
// all have a default). An enum that crosses nodes without a line here does not compile.
#pragma once

#include "actors/protocol/frames.hpp"

#include <tuple>
#include <type_traits>

namespace rialto::actors::protocol {

template <class Enum>
struct word_range {
  Enum first, last;
};

constexpr word_range<side> words_of(side) {
  return {side::buy, side::sell};
}
constexpr word_range<order_type> words_of(order_type) {
  return {order_type::limit, order_type::post_only};
}
constexpr word_range<time_in_force> words_of(time_in_force) {
  return {time_in_force::gtc, time_in_force::gtd};
}
constexpr word_range<stp_mode> words_of(stp_mode) {
  return {stp_mode::none, stp_mode::decrement};
}
constexpr word_range<order_status> words_of(order_status) {
  return {order_status::new_order, order_status::rejected};
}
constexpr word_range<reject_reason> words_of(reject_reason) {
  return {reject_reason::none, reject_reason::too_many_api_keys};
}
constexpr word_range<trigger_kind> words_of(trigger_kind) {
  return {trigger_kind::none, trigger_kind::take_profit};
}
constexpr word_range<peg_kind> words_of(peg_kind) {
  return {peg_kind::none, peg_kind::mid};
}
constexpr word_range<slicing_kind> words_of(slicing_kind) {
  return {slicing_kind::twap, slicing_kind::vwap};
}
constexpr word_range<market_status> words_of(market_status) {
  return {market_status::open, market_status::auction};
}
constexpr word_range<auction_cause> words_of(auction_cause) {
  return {auction_cause::called, auction_cause::volatility};
}
constexpr word_range<market_mode> words_of(market_mode) {
  return {market_mode::own, market_mode::mirrored};
}
constexpr word_range<client_id_rule> words_of(client_id_rule) {
  return {client_id_rule::native, client_id_rule::open_unique};
}
constexpr word_range<cancel_restriction> words_of(cancel_restriction) {
  return {cancel_restriction::none, cancel_restriction::only_partially_filled};
}
constexpr word_range<transfer_kind> words_of(transfer_kind) {
  return {transfer_kind::deposit, transfer_kind::withdrawal};
}
constexpr word_range<order_change> words_of(order_change) {
  return {order_change::none, order_change::ended};
}
constexpr word_range<guard_kind> words_of(guard_kind) {
  return {guard_kind::timer, guard_kind::connection};
}
constexpr word_range<user_role> words_of(user_role) {
  return {user_role::trader, user_role::admin};
}
constexpr word_range<user_status> words_of(user_status) {
  return {user_status::active, user_status::disabled};
}
constexpr word_range<api_key_type> words_of(api_key_type) {
  return {api_key_type::hmac, api_key_type::rsa};
}
constexpr word_range<child_condition> words_of(child_condition) {
  return {child_condition::running, child_condition::given_up};
}
constexpr word_range<delivery> words_of(delivery) {
  return {delivery::done, delivery::unknown};
}

template <class T>
[[nodiscard]] bool has_known_words(const T& x) {
  const auto all = [](const auto&... field) { return (has_known_words(field) && ...); };
  if constexpr (std::is_enum_v<T>) {
    constexpr auto range = words_of(T{});
    return range.first <= x && x <= range.last;
  } else if constexpr (requires { x.valueless_by_exception(); }) {
    return std::visit([](const auto& held) { return has_known_words(held); }, x);
  } else if constexpr (requires { x.has_value(); }) {
    return !x || has_known_words(*x);
  } else if constexpr (requires { x.fields(); }) {
    if constexpr (requires { x.passing_fields(); })
      if (!std::apply(all, x.passing_fields())) return false;
    return std::apply(all, x.fields());
  } else if constexpr (std::is_same_v<T, std::string>) {
    return true;
  } else if constexpr (requires { x.begin(); }) {
    for (const auto& item : x)
      if (!has_known_words(item)) return false;
    return true;
  } else if constexpr (requires { x.first; }) { // of a map
    return has_known_words(x.first) && has_known_words(x.second);
  } else {
    return true; // a number
  }
}

} // namespace rialto::actors::protocol

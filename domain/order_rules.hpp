// domain/order_rules.hpp: which of an order's rules go together; asked by the account that places it and again
// by the market that takes it.
#pragma once

#include "domain/order.hpp"

#include <vector>

namespace rialto {

/// It waits for a price before it goes to the book.
[[nodiscard]] inline bool waits(const std::optional<order_rules>& rules) {
  return rules && rules->trigger.kind != trigger_kind::none;
}

[[nodiscard]] inline bool is_pegged(const std::optional<order_rules>& rules) {
  return rules && rules->peg.kind != peg_kind::none;
}

[[nodiscard]] inline bool is_sound(const order_peg& peg) {
  constexpr std::int64_t offset_max = std::int64_t{1} << 60;
  if (peg.kind > peg_kind::mid) return false;
  if (peg.kind == peg_kind::none) return peg == order_peg{};
  return peg.offset.value >= 0 && peg.offset.value <= offset_max;
}

/// What is wrong with a trigger by itself. A trail is a tick at least, and less than the whole price.
[[nodiscard]] inline bool is_sound(const order_trigger& trigger) {
  constexpr std::int64_t ppm = 1'000'000;
  if (trigger.kind > trigger_kind::take_profit) return false;
  if (trigger.kind == trigger_kind::none) return trigger == order_trigger{};
  constexpr std::int64_t price_max = std::int64_t{1} << 60;
  if (trigger.price.value < 0 || trigger.price.value > price_max) return false;
  if (trigger.trail.value < 0 || trigger.trail.value > price_max) return false;
  if (trigger.trail_rate.value < 0 || trigger.trail_rate.value >= ppm) return false;
  if (trigger.trail.value != 0 && trigger.trail_rate.value != 0) return false;
  return trigger.follows() || trigger.price.value > 0;
}

/// The first rule that does not fit the type, time in force and quantity; none if all do. Whether an expiry
/// is in the past is asked where the time is known.
[[nodiscard]] inline reject_reason flaw_of_rules(const std::optional<order_rules>& rules,
                                                 order_type type, time_in_force tif,
                                                 quantity_lots size) {
  const bool rests =
    type != order_type::market && (tif == time_in_force::gtc || tif == time_in_force::gtd);
  if (tif == time_in_force::gtd && (!rests || !rules || rules->expires_at.value <= 0))
    return reject_reason::expiry_invalid;
  if (!rules) return reject_reason::none;
  if (rules->expires_at.value != 0 && tif != time_in_force::gtd)
    return reject_reason::expiry_invalid;
  if (rules->display.value < 0 || rules->display > size || (rules->display.value > 0 && !rests))
    return reject_reason::display_invalid;
  if (rules->size_min.value < 0 || rules->size_min > size ||
      (rules->size_min.value > 0 && type == order_type::post_only))
    return reject_reason::min_quantity_invalid;
  if (!is_sound(rules->trigger)) return reject_reason::trigger_invalid;
  const bool is_plain =
    rules->display.value == 0 && rules->size_min.value == 0 && !waits(rules); // it only makes
  if (!is_sound(rules->peg) || (is_pegged(rules) && (!rests || !is_plain)))
    return reject_reason::peg_invalid;
  return reject_reason::none;
}

/// Whether orders (place_order, submit_order) make a list. Two of which one goes (OCO): one side, one quantity. An
/// entry and one or two exits: the exits on the other side, each of the entry's quantity. Among those that end one
/// another at most one is in the book, the other waits for its price: so no trade can reach both.
template <class Order>
[[nodiscard]] reject_reason flaw_of_list(bool has_entry, const std::vector<Order>& orders) {
  constexpr auto bad = reject_reason::list_invalid;
  if (orders.size() < 2 || orders.size() > (has_entry ? 3 : 2)) return bad;
  std::size_t resting = 0;
  if (has_entry && is_pegged(orders[0].rules)) return bad;
  for (std::size_t i = has_entry ? 1 : 0; i < orders.size(); ++i) {
    const auto& one = orders[i];
    const auto way = has_entry ? opposite(orders[0].way) : orders[0].way;
    if (one.way != way || one.size != orders[0].size || one.size.value <= 0) return bad;
    const bool is_market = one.type == order_type::market;
    if (one.tif != (is_market ? time_in_force::ioc : time_in_force::gtc)) return bad;
    if (is_pegged(one.rules)) return bad;
    if (waits(one.rules)) continue;
    if (is_market || ++resting > 1) return bad;
  }
  return reject_reason::none;
}

} // namespace rialto

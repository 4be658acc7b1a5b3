// domain/order_rules.hpp: which of an order's rules go together; asked by the account that places it and again
// by the market that takes it.
#pragma once

#include "domain/order.hpp"

namespace rialto {

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
  return reject_reason::none;
}

} // namespace rialto

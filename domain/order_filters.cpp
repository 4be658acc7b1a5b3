#include "domain/order_filters.hpp"

#include "domain/order_rules.hpp"

namespace rialto {

namespace {

constexpr __int128 ppm = 1'000'000;

/// A multiplier that is off allows every price.
bool is_above(price_ticks price, price_ticks reference, rate_ppm multiplier) {
  return multiplier.value != 0 &&
         price.value * ppm > static_cast<__int128>(reference.value) * multiplier.value;
}
bool is_below(price_ticks price, price_ticks reference, rate_ppm multiplier) {
  return multiplier.value != 0 &&
         price.value * ppm < static_cast<__int128>(reference.value) * multiplier.value;
}

bool is_outside(const order_filters& filters, price_ticks price) {
  return (filters.price_min.value != 0 && price < filters.price_min) ||
         (filters.price_max.value != 0 && price > filters.price_max);
}

std::string flaw_of_multipliers(rate_ppm up, rate_ppm down, const char* up_name,
                                const char* down_name) {
  const auto is_one = [](rate_ppm rate) {
    return rate.value >= 0 && rate.value <= order_filters::multiplier_max;
  };
  if (!is_one(up) || (up.value != 0 && up.value < ppm))
    return std::string(up_name) + ": 0, or between 1 and 1000";
  if (!is_one(down) || down.value > ppm) return std::string(down_name) + ": between 0 and 1";
  return {};
}

} // namespace

std::string check(const order_filters& filters) {
  constexpr std::int64_t trail_end = 1'000'000;
  if (filters.price_min.value < 0) return "price_min: must not be negative";
  if (filters.price_max.value < 0) return "price_max: must not be negative";
  if (filters.price_max.value != 0 && filters.price_max < filters.price_min)
    return "price_max: must not be below price_min";
  if (filters.market_quantity_max.value < 0) return "market_quantity_max: must not be negative";
  if (auto flaw = flaw_of_multipliers(filters.bid_up, filters.bid_down, "bid_up", "bid_down");
      !flaw.empty())
    return flaw;
  if (auto flaw = flaw_of_multipliers(filters.ask_up, filters.ask_down, "ask_up", "ask_down");
      !flaw.empty())
    return flaw;
  if (filters.trail_min.value < 0 || filters.trail_min.value >= trail_end)
    return "trail_min: at least 0 and below 1";
  if (filters.trail_max.value < 0 || filters.trail_max.value >= trail_end)
    return "trail_max: at least 0 and below 1";
  if (filters.trail_max.value != 0 && filters.trail_max < filters.trail_min)
    return "trail_max: must not be below trail_min";
  return {};
}

reject_reason flaw_of_price(const order_filters& filters, side way, price_ticks price,
                            price_ticks reference) {
  if (price.value == 0) return reject_reason::none;
  if (is_outside(filters, price)) return reject_reason::price_outside_range;
  if (reference.value <= 0) return reject_reason::none; // nothing to measure by yet
  const bool buys = way == side::buy;
  if (is_above(price, reference, buys ? filters.bid_up : filters.ask_up) ||
      is_below(price, reference, buys ? filters.bid_down : filters.ask_down))
    return reject_reason::price_outside_percent;
  return reject_reason::none;
}

reject_reason flaw_of_shape(const order_filters& filters, order_type type, quantity_lots size,
                            const std::optional<order_rules>& rules) {
  if (type == order_type::market && filters.market_quantity_max.value != 0 &&
      size > filters.market_quantity_max)
    return reject_reason::market_quantity_max;
  if (!rules) return reject_reason::none;
  if (waits(rules) && rules->trigger.price.value != 0 && is_outside(filters, rules->trigger.price))
    return reject_reason::price_outside_range;
  const auto shown = rules->display.value;
  if (shown > 0 && filters.iceberg_parts_max != 0 &&
      (size.value - 1) / shown + 1 > static_cast<std::int64_t>(filters.iceberg_parts_max))
    return reject_reason::too_many_parts;
  const auto trail = rules->trigger.trail_rate;
  if (trail.value != 0 &&
      (trail < filters.trail_min || (filters.trail_max.value != 0 && trail > filters.trail_max)))
    return reject_reason::trail_outside_range;
  return reject_reason::none;
}

} // namespace rialto

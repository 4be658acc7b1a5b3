// domain/order_filters.hpp: what a market takes of one order and of one account's orders, beside tick, lot and
// notional. The account asks when an order is placed or amended, at the instrument's terms of that moment.
//
//   O1  0 turns a filter off, and all are off unless the operator says otherwise
//   O2  multipliers are of the reference price: the last price, or the best quote before the first trade
#pragma once

#include "domain/order.hpp"

#include <string>

namespace rialto {

struct order_filters {
  price_ticks price_min{}, price_max{}; // of a limit and of a trigger's price
  quantity_lots market_quantity_max{};  // of market orders by quantity
  rate_ppm bid_up{}, bid_down{};     // a buy's limit: at most, at least so many times the reference
  rate_ppm ask_up{}, ask_down{};     // a sell's
  std::uint32_t orders_max = 0;      // open orders of one account in this market,
  std::uint32_t algo_orders_max = 0; // of them with a trigger
  std::uint32_t iceberg_parts_max = 0;
  rate_ppm trail_min{}, trail_max{}; // of trails that are a part of the price
  RIALTO_FIELDS(price_min, price_max, market_quantity_max, bid_up, bid_down, ask_up, ask_down,
                orders_max, algo_orders_max, iceberg_parts_max, trail_min, trail_max)
  friend bool operator==(const order_filters&, const order_filters&) = default;

  static constexpr std::int64_t multiplier_max = 1'000'000'000; // a thousand times the price
};

/// The field and the rule that filters break, as "price_max: ..."; empty if they are sound.
[[nodiscard]] std::string check(const order_filters& filters);

/// The first filter that an order's price does not pass; 0: it has none.
[[nodiscard]] reject_reason flaw_of_price(const order_filters& filters, side way, price_ticks price,
                                          price_ticks reference);
/// The first filter that an order of this type, quantity and rules does not pass.
[[nodiscard]] reject_reason flaw_of_shape(const order_filters& filters, order_type type,
                                          quantity_lots size,
                                          const std::optional<order_rules>& rules);

} // namespace rialto

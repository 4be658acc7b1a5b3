// domain/order_book_taker.hpp: the order that takes, between its trades; for order_book*.cpp only.
#pragma once

#include "domain/order_book.hpp"

#include <limits>

namespace rialto {

struct order_book::taker {
  static constexpr std::int64_t int64_max = std::numeric_limits<std::int64_t>::max();
  /// A limit order takes at most this much quote and leaves at most as much to rest, so the sum fits.
  static constexpr std::int64_t quote_max = int64_max / 2;

  order_id id;
  account_id account;
  user_id owner;
  side way = side::buy;
  bool has_limit = true;
  bool by_quote = false; // done when its budget is spent
  stp_mode stp = stp_mode::none;
  price_ticks limit;
  quantity_lots left;
  amount_units budget;
  rate_ppm fee;
  order_handle resting = no_order; // an amended order takes from its place in the book

  [[nodiscard]] static bool crosses(side taker, price_ticks limit, price_ticks maker) {
    return taker == side::buy ? maker <= limit : maker >= limit;
  }
  [[nodiscard]] bool reaches(price_ticks maker) const {
    return !has_limit || crosses(way, limit, maker);
  }
  /// size x price in quote units, at most the budget; cuts the size to the whole lots that fit.
  [[nodiscard]] amount_units cost_within(std::int64_t units_per_lot, quantity_lots& size) const {
    std::int64_t cost = 0;
    if (__builtin_mul_overflow(units_per_lot, size.value, &cost) || cost > budget.value) {
      size.value = budget.value / units_per_lot;
      cost = units_per_lot * size.value;
    }
    return {cost};
  }
};

inline void order_book::add_closed(order_id id, account_id account, order_status status,
                                   reject_reason why, events& out) {
  auto& closed = std::get<order_closed>(out.emplace_back(std::in_place_type<order_closed>));
  closed = {id, account, status, why};
}

} // namespace rialto

// domain/sliced_orders.hpp: orders of an account that go to the market in slices: what is kept of each beside what every
// open order has.
//
// The room: plain state with its bound; changed by account::take only.
#pragma once

#include "domain/link_message.hpp"

#include <map>

namespace rialto {

struct sliced_order {
  submit_order wish; // what its slices are made from
  order_slicing slicing;
  quantity_lots quantity_min; // of a slice
  amount_units notional_min;
  std::uint32_t done = 0;  // the last slice that was due
  std::uint32_t sent = 0;  // slices that became orders
  std::uint32_t open = 0;  // those that have not ended,
  quantity_lots in_flight; // and what may still trade of them
  RIALTO_FIELDS(wish, slicing, quantity_min, notional_min, done, sent, open, in_flight)

  /// When the next slice is due; 0: that was the last one.
  [[nodiscard]] timestamp_ns next_at() const {
    return done < slicing.slices ? slice_due(slicing, done + 1) : timestamp_ns{};
  }
  /// The id of slice `number`, from 1.
  [[nodiscard]] order_id id_of(std::uint32_t number) const { return {wish.id.value + number}; }
};

using sliced_orders = std::map<order_id, sliced_order>;
inline constexpr std::size_t sliced_orders_max = 100; // open ones of one account

} // namespace rialto

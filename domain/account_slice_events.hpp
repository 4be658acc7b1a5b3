// domain/account_slice_events.hpp: events of orders that go to the market in slices. The rules are
// domain/account_slices.cpp's.
#pragma once

#include "domain/link_message.hpp"

namespace rialto {

/// Checks passed and `hold` moved from available to hold; nothing is sent yet. The ids after the order's, one for each
/// slice, are its slices'.
struct sliced_order_placed {
  submit_order order; // the whole: its slices are like it, but for id, size and time in force
  order_slicing slicing;
  market_id market;
  std::string client_order_id;
  std::uint64_t body_hash = 0;
  std::string base, quote;
  amount_units hold; // of quote for a buy, of base for a sell
  std::int64_t units_per_tick_lot = 0;
  amount_units lot_size;
  quantity_lots quantity_min; // of a slice
  amount_units notional_min;
  RIALTO_FIELDS(order, slicing, market, client_order_id, body_hash, base, quote, hold,
                units_per_tick_lot, lot_size, quantity_min, notional_min)
};
/// A slice became an order; `hold` is now its, no longer its parent's. Posts submit_order.
struct slice_placed {
  order_id parent;
  std::uint32_t number = 0; // of the slice, from 1
  submit_order order;
  amount_units hold;
  RIALTO_FIELDS(parent, number, order, hold)
};
/// A slice was due and there was nothing to send, or too little: it is in the next one.
struct slice_passed {
  order_id parent;
  std::uint32_t number = 0;
  RIALTO_FIELDS(parent, number)
};

} // namespace rialto

// domain/position.hpp: what an account has bought in a market and still holds, what it cost, and what selling it has
// brought: a spot position at average cost.
//
//   - A buy adds what it receives (the base quantity less its fee) and what it pays (the notional). So its fee makes
//     each unit dearer; a rebate makes it cheaper.
//   - A sell takes its share of the cost out: cost x sold / quantity, rounded up, and all of it with the last unit.
//     What it receives (the notional less its fee) less that cost is realised.
//   - Base units that were not bought in this market (deposits, other markets) have no known cost. A sell takes the
//     position's units first; what it sells beyond them realises nothing: of what it receives, only received x covered
//     / sold counts, rounded down.
//   - So P&L is never overstated: each rounding is against the holder, by less than the quote's smallest unit.
//   - Transfers change no position. Its quantity is at most the largest amount: what is bought beyond has a cost only.
//
// Pure; the account holds one per market it has traded in.
#pragma once

#include "domain/fields.hpp"
#include "domain/ids.hpp"
#include "domain/order.hpp"
#include "domain/wide_units.hpp"

namespace rialto {

class position {
public:
  /// `base` >= 0 units changed hands for `notional` >= 0; `fee` is in the received asset, below 0: a rebate.
  void take(side way, amount_units base, amount_units notional, amount_units fee);

  [[nodiscard]] amount_units quantity() const { return capped(quantity_); } // base units, not sold
  [[nodiscard]] wide_units cost() const { return cost_; }         // of them, in quote units
  [[nodiscard]] wide_units realised() const { return realised_; } // quote units

  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  /// 0 <= quantity <= the largest amount, cost >= 0, and nothing held costs nothing.
  [[nodiscard]] bool is_sound() const;
  friend bool operator==(const position&, const position&) = default;

private:
  wide_units quantity_ = 0, cost_ = 0, realised_ = 0;
};

/// What `quantity` base units are worth at `price`, in quote units, rounded down and capped.
/// @param units_per_tick_lot  quote units of one tick and lot, lot_size > 0 base units
[[nodiscard]] amount_units worth_of(amount_units quantity, price_ticks price,
                                    std::int64_t units_per_tick_lot, amount_units lot_size);

} // namespace rialto

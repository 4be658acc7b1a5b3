// domain/fee_schedule.hpp: what an order pays, by what its account has traded in the last 30 days.
//
// An instrument has a maker and a taker rate, which everybody pays, and up to 16 tiers above them. An
// account is in the highest tier whose volume_min it has reached when it places an order; the rates are
// stamped on the order then and stay, whatever it trades later.
//
// Rounding is always against who pays or gets (fee_on() in money.hpp): a fee is rounded up to the next
// smallest unit of the asset received, a rebate down.
#pragma once

#include "domain/fields.hpp"
#include "domain/money.hpp"
#include "domain/wide_units.hpp"

#include <string>
#include <vector>

namespace rialto {

inline constexpr std::size_t fee_tiers_max = 16;

struct fee_rates {
  rate_ppm maker, taker; // of what is received; a maker's may be negative: a rebate
  RIALTO_FIELDS(maker, taker)
  friend bool operator==(const fee_rates&, const fee_rates&) = default;
};

struct fee_tier {
  amount_units volume_min; // quote units traded in 30 days, in all markets of that quote asset
  fee_rates rates;
  RIALTO_FIELDS(volume_min, rates)
  friend bool operator==(const fee_tier&, const fee_tier&) = default;
};

/// The number of tiers that `volume` has reached: 0 is below the first, where the instrument's own rates hold.
[[nodiscard]] std::size_t tier_of(const std::vector<fee_tier>& tiers, wide_units volume);

[[nodiscard]] fee_rates rates_for(fee_rates below, const std::vector<fee_tier>& tiers,
                                  wide_units volume);

/// The field and the rule that a schedule breaks, as "fee_tiers[2].taker_fee: ..."; empty if it is sound:
///   - at most fee_tiers_max tiers, volume_min positive and rising from tier to tier
///   - rates between -1 and 1, a taker's not negative
///   - the highest rebate of any tier is at most the lowest taker's fee of any: the two sides of a trade may
///     be in different tiers, and the venue must not pay for it
[[nodiscard]] std::string check(fee_rates below, const std::vector<fee_tier>& tiers);

} // namespace rialto

// actors/feed/sim_instrument.hpp: what a simulated market is like: its units, its usual price, how
// much it moves and how large its orders are.
#pragma once

#include "domain/money.hpp"

#include <string>
#include <string_view>

namespace rialto::actors {

/// What the simulated exchange is told of a market. start_price8 0: the usual price of the pair.
struct sim_instrument {
  std::string symbol, base, quote;
  std::int64_t tick8 = 1; // price step; tick8 x lot8 is a whole number of 10^-8
  std::int64_t lot8 = 1;  // size step
  std::int64_t start_price8 = 0;
};

/// Derived once from a sim_instrument.
struct sim_scale {
  std::int64_t tick8 = 1, lot8 = 1;
  std::int64_t start_price8 = 0;   // on the tick, at least a hundred ticks
  std::int64_t unit_lots = 1;      // a plain order: about 6,000 dollars
  std::int64_t volatility = 1'000; // per mille of the whole market's

  [[nodiscard]] std::int64_t quote8(std::int64_t price_ticks, std::int64_t lots) const {
    return static_cast<std::int64_t>(static_cast<__int128>(price_ticks * tick8) * lots * lot8 /
                                     units_per_whole);
  }
};

/// The usual price of one whole asset in dollars; unknown ones get one of their own, from 1 to 100.
[[nodiscard]] std::int64_t usual_dollars8(std::string_view asset);
[[nodiscard]] sim_scale scale_of(const sim_instrument& instrument);

} // namespace rialto::actors

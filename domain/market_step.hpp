// domain/market_step.hpp: what one call to a market appends to. For market's own sources only.
#pragma once

#include "domain/market.hpp"

namespace rialto {

struct market::step {
  timestamp_ns now;
  std::vector<market_event>& out;
  std::vector<addressed_message>& posts;
  std::size_t first;            // of this step's events in `out`, without what prepare() did
  mutable std::size_t finished; // up to here finish() has taken them
};

} // namespace rialto

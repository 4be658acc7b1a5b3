// net/api/market_json.hpp: cuts and joins of ready market data texts. Pure functions.
#pragma once

#include "domain/candle.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace rialto::net {

/// The value of "data" of a channel message {"channel":..,"seq":N,"data":..}.
[[nodiscard]] std::string_view data_of(std::string_view message);
/// A book's data with at most `levels` levels a side.
[[nodiscard]] std::string with_levels(std::string_view book, std::size_t levels);

/// Newest first; `next_before` is there when older ones may exist.
[[nodiscard]] std::string trades_json(const std::vector<tape_entry>& trades, const instrument& spec,
                                      std::uint32_t limit);

/// Oldest first.
[[nodiscard]] std::string candles_json(const std::vector<candle>& candles, candle_interval interval,
                                       const instrument& spec);

} // namespace rialto::net

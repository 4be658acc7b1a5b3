// actors/feed/sim_history.hpp: a past for a simulated market: minutes that end at its start price,
// so that a chart is not empty and the 24-hour statistics mean something.
//
// The room: pure; walked backwards from the start with the climate's busy and quiet hours. All
// markets of one seed share the whole market's moves, and a cross rate is the quotient of its legs.
#pragma once

#include "actors/feed/sim_day.hpp"
#include "actors/feed/sim_instrument.hpp"
#include "domain/candle.hpp"

#include <vector>

namespace rialto::actors {

inline constexpr std::size_t sim_history_minutes_max = 7 * 24 * 60;

/// `minutes` of them (at most sim_history_minutes_max), oldest first; the last one closes at the
/// start price. Fewer minutes are the newest of more.
[[nodiscard]] std::vector<sim_minute> sim_past(std::uint64_t seed, const sim_instrument& instrument,
                                               const sim_scale& scale, std::size_t minutes);
/// The past of base/quote from the pasts of both legs in the same third asset.
[[nodiscard]] std::vector<sim_minute>
sim_cross_past(std::uint64_t seed, const sim_instrument& instrument, const sim_scale& scale,
               const std::vector<sim_minute>& base_leg, const sim_scale& base_scale,
               const std::vector<sim_minute>& quote_leg, const sim_scale& quote_scale);

/// Minutes that end at `until` (which is floored to the minute) as candles of `interval`, from one
/// minute up. Only whole candles; a candle of an hour needs its sixty minutes.
[[nodiscard]] std::vector<candle> candles_of(const std::vector<sim_minute>& minutes,
                                             candle_interval interval, timestamp_ns until);

} // namespace rialto::actors

// actors/feed/sim_climate.hpp: what all simulated markets share: how busy it is and where the whole
// market goes.
//
// The room: pure integers. Busy and quiet hours follow a day that begins, lively, when the exchange
// starts; upon them lie spells of minutes, sudden bursts of seconds, and trends of up to an hour.
#pragma once

#include "actors/feed/sim_random.hpp"

namespace rialto::actors {

inline constexpr std::int64_t sim_beat_ns = 100'000'000; // one step of every market
inline constexpr std::int64_t sim_beats_per_minute = 600;

/// One beat. Returns are in 10^-9 of the price.
struct sim_weather {
  std::int64_t activity = 1'000;  // per mille of the usual
  std::int64_t common_return = 0; // of the whole market in this beat
  std::int64_t deviation = 0;     // of one market's own return in this beat
};

/// Busyness of an hour after the start, in per mille; negative hours lie before it.
[[nodiscard]] std::int64_t sim_hour_activity(std::int64_t hour);
/// How far a price moves in one beat at this activity, in 10^-9.
[[nodiscard]] constexpr std::int64_t sim_deviation(std::int64_t activity) {
  return 8'000 + 12 * activity;
}

class sim_climate {
public:
  explicit sim_climate(std::uint64_t seed) : random_(seed ^ sim_hash("climate")) {}
  const sim_weather& step();

private:
  sim_random random_;
  sim_weather now_;
  std::int64_t beat_ = 0;
  std::int64_t spell_ = 1'700, spell_ends_ = sim_beats_per_minute; // the first minute is busy
  std::int64_t burst_ends_ = 0, burst_push_ = 0;
  std::int64_t trend_ = 0, trend_ends_ = 0;
};

} // namespace rialto::actors

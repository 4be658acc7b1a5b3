#include "actors/feed/sim_climate.hpp"

namespace rialto::actors {

std::int64_t sim_hour_activity(std::int64_t hour) {
  static constexpr std::int64_t day[24] = {1'200, 1'100, 1'000, 900, 800, 650, 450,   300,
                                           200,   180,   220,   350, 550, 750, 950,   1'150,
                                           1'350, 1'300, 1'150, 950, 900, 950, 1'050, 1'150};
  return day[((hour % 24) + 24) % 24];
}

const sim_weather& sim_climate::step() {
  if (beat_ >= spell_ends_) {
    static constexpr std::int64_t spells[] = {500, 800, 1'000, 1'000, 1'300, 1'900};
    spell_ = spells[random_.below(std::size(spells))];
    spell_ends_ = beat_ + random_.between(1, 8) * sim_beats_per_minute;
  }
  if (beat_ >= trend_ends_) {
    trend_ = random_.between(-400, 400);
    trend_ends_ = beat_ + random_.between(5, 45) * sim_beats_per_minute;
  }
  if (random_.one_in(6'000)) {
    burst_ends_ = beat_ + random_.between(30, 200);
    burst_push_ = random_.between(-9'000, 9'000);
  }
  const bool is_burst = beat_ < burst_ends_;
  now_.activity = sim_hour_activity(beat_ / (60 * sim_beats_per_minute)) * spell_ / 1'000;
  if (is_burst) now_.activity = now_.activity * 4 + 500;
  now_.deviation = sim_deviation(now_.activity);
  now_.common_return = trend_ + (is_burst ? burst_push_ : 0) + random_.bell(now_.deviation);
  ++beat_;
  return now_;
}

} // namespace rialto::actors

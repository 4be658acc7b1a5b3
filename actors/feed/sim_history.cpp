#include "actors/feed/sim_history.hpp"

#include "actors/feed/sim_climate.hpp"
#include "actors/feed/sim_market.hpp"

namespace rialto::actors {

namespace {

constexpr std::int64_t minute_ns = 60'000'000'000;

/// The whole market's moves, minute by minute into the past: the same for every market of a seed.
struct past_climate {
  struct minute {
    std::int64_t activity = 0, common_return = 0, deviation = 0;
  };
  explicit past_climate(std::uint64_t seed) : random(seed ^ sim_hash("past")) {}
  minute step() {
    if (left == 0) {
      trend = random.between(-150'000, 150'000);
      left = random.between(5, 90);
      spell = random.between(600, 1'500);
    }
    --left;
    ++back;
    minute made;
    made.activity = sim_hour_activity(-(back + 59) / 60) * spell / 1'000;
    made.deviation = sim_deviation(made.activity) * 24; // the root of 600 beats
    if (random.one_in(200)) made.deviation *= 3;
    made.common_return = trend + random.bell(made.deviation);
    return made;
  }
  sim_random random;
  std::int64_t trend = 0, left = 0, spell = 1'000, back = 0;
};

/// Volume and count as the live simulation makes them: trades of two fifths of a unit.
void add_volume(sim_minute& minute, std::int64_t activity, const sim_scale& scale,
                sim_random& random) {
  minute.trades =
    std::max<std::int64_t>(1, activity * 30 / 100 * random.between(400, 1'100) / 1'000);
  minute.lots =
    std::max(minute.trades, minute.trades * scale.unit_lots * random.between(20, 60) / 100);
  minute.taker_buy_lots = minute.lots * random.between(350, 650) / 1'000;
  const auto middle = (minute.high + minute.low) / 2;
  minute.quote8 = scale.quote8(middle, minute.lots);
}

/// Highest and lowest around open and close.
void add_wicks(sim_minute& minute, std::int64_t reach, sim_random& random) {
  const auto up = std::abs(random.bell(reach)), down = std::abs(random.bell(reach));
  minute.high = std::max(minute.open, minute.close) + up;
  minute.low = std::max<std::int64_t>(1, std::min(minute.open, minute.close) - down);
}

} // namespace

std::vector<sim_minute> sim_past(std::uint64_t seed, const sim_instrument& instrument,
                                 const sim_scale& scale, std::size_t minutes) {
  std::vector<sim_minute> made(std::min(minutes, sim_history_minutes_max));
  past_climate climate(seed);
  sim_random random(seed ^ sim_hash(instrument.symbol) ^ sim_hash("past"));
  const auto start = scale.start_price8 * sim_fine;
  const auto tick = scale.tick8 * sim_fine;
  auto fair = start;
  for (auto at = made.rbegin(); at != made.rend(); ++at) {
    const auto weather = climate.step();
    const auto own = random.bell(weather.deviation) * 6 / 10;
    const auto pull =
      static_cast<std::int64_t>(static_cast<__int128>(start - fair) * 150'000 / start);
    const auto moved = (weather.common_return + own) * scale.volatility / 1'000 + pull;
    const auto before = std::clamp(
      fair + static_cast<std::int64_t>(static_cast<__int128>(fair) * moved / 1'000'000'000),
      start / 4, start * 4);
    at->close = std::max<std::int64_t>(1, fair / tick);
    at->open = std::max<std::int64_t>(1, before / tick);
    const auto reach = static_cast<__int128>(fair) * weather.deviation * scale.volatility / 1'000 /
                       1'000'000'000 / 2 / tick;
    add_wicks(*at, static_cast<std::int64_t>(reach), random);
    add_volume(*at, weather.activity, scale, random);
    fair = before;
  }
  return made;
}

std::vector<sim_minute>
sim_cross_past(std::uint64_t seed, const sim_instrument& instrument, const sim_scale& scale,
               const std::vector<sim_minute>& base_leg, const sim_scale& base_scale,
               const std::vector<sim_minute>& quote_leg, const sim_scale& quote_scale) {
  const auto count = std::min(base_leg.size(), quote_leg.size());
  std::vector<sim_minute> made(count);
  sim_random random(seed ^ sim_hash(instrument.symbol) ^ sim_hash("past"));
  const auto quotient = [&](std::int64_t base_ticks, std::int64_t quote_ticks) {
    const auto price8 = static_cast<__int128>(base_ticks) * base_scale.tick8 * units_per_whole /
                        (static_cast<__int128>(quote_ticks) * quote_scale.tick8);
    return std::max<std::int64_t>(1, static_cast<std::int64_t>(price8 / scale.tick8));
  };
  for (std::size_t back = 1; back <= count; ++back) {
    auto& minute = made[count - back];
    const auto& base = base_leg[base_leg.size() - back];
    const auto& quote = quote_leg[quote_leg.size() - back];
    minute.open = quotient(base.open, quote.open);
    minute.close = quotient(base.close, quote.close);
    add_wicks(minute, std::max<std::int64_t>(1, minute.close / 5'000), random);
    const auto activity = base.trades * 3;
    add_volume(minute, activity, scale, random);
  }
  return made;
}

std::vector<candle> candles_of(const std::vector<sim_minute>& minutes, candle_interval interval,
                               timestamp_ns until) {
  std::vector<candle> made;
  const auto length = length_ns(interval);
  if (length < minute_ns) return made;
  const auto end = until.value / minute_ns * minute_ns;
  const auto begin = end - static_cast<std::int64_t>(minutes.size()) * minute_ns;
  for (std::size_t n = 0; n < minutes.size(); ++n) {
    const auto at = begin + static_cast<std::int64_t>(n) * minute_ns;
    const auto open_time = at / length * length;
    if (open_time < begin || open_time + length > end) continue;
    const auto& minute = minutes[n];
    if (made.empty() || made.back().open_time.value != open_time) {
      made.emplace_back();
      made.back().open_time = {open_time};
      made.back().open = {minute.open};
      made.back().high = {minute.high};
      made.back().low = {minute.low};
    }
    auto& one = made.back();
    one.high.value = std::max(one.high.value, minute.high);
    one.low.value = std::min(one.low.value, minute.low);
    one.close = {minute.close};
    one.volume.value += minute.lots;
    one.taker_buy_volume.value += minute.taker_buy_lots;
    one.quote_volume.value += minute.quote8;
    one.trades += static_cast<std::uint64_t>(minute.trades);
  }
  return made;
}

} // namespace rialto::actors

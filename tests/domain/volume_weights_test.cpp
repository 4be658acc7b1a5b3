// The weights of a VWAP: what was traded at the same time of earlier days.
#include "domain/volume_weights.hpp"
#include "tests/domain/account_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace rialto;
using namespace rialto::testing;

namespace {

constexpr std::int64_t second = 1'000'000'000, minute = 60 * second, day = 86'400 * second;
constexpr std::int64_t noon = 19'700 * day + 43'200 * second;

candle minute_of(std::int64_t open_time, std::int64_t lots) {
  candle one;
  one.open_time = {open_time};
  one.volume = {lots};
  return one;
}
order_slicing vwap(std::int64_t start, std::uint32_t slices, std::int64_t seconds) {
  return {slicing_kind::vwap, {start}, seconds * second, slices, {}};
}

using weights = std::vector<std::uint32_t>;

} // namespace

TEST_CASE("volume weights: worked examples") {
  const auto how = vwap(noon, 3, 180); // three slices of a minute
  // Nothing known, or nothing traded: no weights.
  CHECK(volume_weights(how, {}).empty());
  CHECK(volume_weights(how, {minute_of(noon - day, 0)}).empty());
  // In proportion; the greatest is a million.
  CHECK(volume_weights(how, {minute_of(noon - day, 5), minute_of(noon - day + minute, 10),
                             minute_of(noon - day + 2 * minute, 1)}) ==
        weights{500'000, 1'000'000, 100'000});
  // All days count alike, and what lies outside does not.
  CHECK(volume_weights(
          how, {minute_of(noon - day, 5), minute_of(noon - 7 * day, 3),
                minute_of(noon - 2 * day + minute, 4), minute_of(noon - day + 3 * minute, 99),
                minute_of(noon - day - minute, 99)}) == weights{1'000'000, 500'000, 1});
  // Slices of half a minute share a candle evenly; one that spans two minutes has both.
  CHECK(volume_weights(vwap(noon, 4, 120),
                       {minute_of(noon - day, 4), minute_of(noon - day + minute, 2)}) ==
        weights{1'000'000, 1'000'000, 500'000, 500'000});
  CHECK(volume_weights(vwap(noon, 2, 240),
                       {minute_of(noon - day, 4), minute_of(noon - day + minute, 2),
                        minute_of(noon - day + 2 * minute, 3)}) == weights{1'000'000, 500'000});
  // A start within a minute has that part of it.
  CHECK(volume_weights(vwap(noon + 45 * second, 2, 30),
                       {minute_of(noon - day, 4), minute_of(noon - day + minute, 2)}) ==
        weights{1'000'000, 500'000});
  // A whole day from within a minute: its first and last part are of one minute.
  CHECK(volume_weights(vwap(noon + 30 * second, 2, 86'400), {minute_of(noon - day, 4)}) ==
        weights{1'000'000, 1'000'000});
  const auto range = weighed_on(vwap(noon + 45 * second, 2, 30), 2);
  CHECK(range.from.value == noon - 2 * day);
  CHECK(range.to.value == noon - 2 * day + 75 * second);
}

TEST_CASE("volume weights: any candles give what a count by the second gives") {
  for (const auto seed : seeds(60)) {
    CAPTURE(seed);
    dice throws(seed);
    const auto slices = static_cast<std::uint32_t>(throws.between(2, 20));
    const auto each = throws.between(1, 200); // seconds
    const auto how = vwap(noon + throws.between(0, 86'399) * second, slices, slices * each);
    std::vector<candle> past;
    std::map<std::int64_t, std::int64_t> by_second; // of the day of the first slice
    for (int i = 0; i < 200; ++i) {
      const auto at = how.start_at.value - throws.between(1, 7) * day;
      const auto open = at - at % minute + throws.between(-2, 70) * minute;
      const auto lots = throws.between(0, 100);
      past.push_back(minute_of(open, lots));
      for (int s = 0; s < 60; ++s)
        by_second[((open + s * second - how.start_at.value) % day + day) % day / second] += lots;
    }
    std::vector<std::int64_t> volumes(slices);
    for (std::uint32_t i = 0; i < slices; ++i)
      for (std::int64_t s = 0; s < each; ++s) volumes[i] += by_second[i * each + s];
    const auto most = *std::max_element(volumes.begin(), volumes.end());
    weights expected;
    if (most > 0)
      for (const auto one : volumes)
        expected.push_back(
          static_cast<std::uint32_t>(std::max<std::int64_t>(1, one * 1'000'000 / most)));
    CHECK(volume_weights(how, past) == expected);
  }
}

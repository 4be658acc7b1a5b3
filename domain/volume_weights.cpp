#include "domain/volume_weights.hpp"

#include <algorithm>

namespace rialto {

namespace {

constexpr std::int64_t minute_ns = 60'000'000'000, day_ns = 86'400'000'000'000;

} // namespace

weighed_range weighed_on(const order_slicing& how, int day) {
  const auto start = how.start_at.value - day * day_ns;
  return {{start - start % minute_ns}, {start + how.duration_ns}};
}

std::vector<std::uint32_t> volume_weights(const order_slicing& how,
                                          const std::vector<candle>& past) {
  std::vector<__int128> volumes(how.slices, 0); // lots x ns: exact
  for (const auto& one : past) {
    // Where its minute lies in the day that begins with the first slice, in two parts if it goes over that day's end.
    auto offset = (one.open_time.value - how.start_at.value) % day_ns;
    if (offset < 0) offset += day_ns;
    for (const auto from : {offset, offset - day_ns}) {
      const auto to = std::min(from + minute_ns, how.duration_ns);
      if (from >= how.duration_ns || to <= 0) continue;
      const auto first =
        static_cast<__int128>(std::max<std::int64_t>(from, 0)) * how.slices / how.duration_ns;
      for (auto i = static_cast<std::uint32_t>(first); i < how.slices; ++i) {
        const auto begins = slice_due(how, i + 1).value - how.start_at.value;
        if (begins >= to) break;
        const auto ends = slice_due(how, i + 2).value - how.start_at.value;
        const auto overlap = std::min(ends, to) - std::max(begins, from);
        if (overlap > 0) volumes[i] += static_cast<__int128>(one.volume.value) * overlap;
      }
    }
  }
  const auto most = *std::max_element(volumes.begin(), volumes.end());
  if (most == 0) return {};
  std::vector<std::uint32_t> weights;
  weights.reserve(volumes.size());
  for (const auto volume : volumes)
    weights.push_back(static_cast<std::uint32_t>(std::max<__int128>(
      1, volume * order_slicing::weight_max / most))); // 10^10 lots x 10^14 ns x 10^6 fit
  return weights;
}

} // namespace rialto

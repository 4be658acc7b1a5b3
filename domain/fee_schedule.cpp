#include "domain/fee_schedule.hpp"

#include <algorithm>

namespace rialto {

namespace {

constexpr std::int64_t ppm = 1'000'000;

bool is_rate(rate_ppm rate) {
  return rate.value >= -ppm && rate.value <= ppm;
}

std::string flaw_of(fee_rates rates) {
  if (!is_rate(rates.maker)) return "maker_fee: between -1 and 1";
  if (!is_rate(rates.taker)) return "taker_fee: between -1 and 1";
  if (rates.taker.value < 0) return "taker_fee: must not be negative";
  return {};
}

} // namespace

std::size_t tier_of(const std::vector<fee_tier>& tiers, wide_units volume) {
  std::size_t reached = 0;
  while (reached < tiers.size() && volume >= tiers[reached].volume_min.value) ++reached;
  return reached;
}

fee_rates rates_for(fee_rates below, const std::vector<fee_tier>& tiers, wide_units volume) {
  const auto reached = tier_of(tiers, volume);
  return reached == 0 ? below : tiers[reached - 1].rates;
}

std::string check(fee_rates below, const std::vector<fee_tier>& tiers) {
  if (auto flaw = flaw_of(below); !flaw.empty()) return flaw;
  if (below.maker.value + below.taker.value < 0)
    return "maker_fee: a rebate may not exceed the taker's fee";
  if (tiers.size() > fee_tiers_max)
    return "fee_tiers: at most " + std::to_string(fee_tiers_max) + " tiers";
  auto lowest = below;
  std::int64_t previous = 0;
  for (std::size_t i = 0; i < tiers.size(); ++i) {
    const auto& one = tiers[i];
    const auto field = "fee_tiers[" + std::to_string(i) + "].";
    if (one.volume_min.value <= 0) return field + "volume_min: must be positive";
    if (one.volume_min.value <= previous)
      return field + "volume_min: must be above that of the tier before";
    previous = one.volume_min.value;
    if (const auto flaw = flaw_of(one.rates); !flaw.empty()) return field + flaw;
    lowest.maker = std::min(lowest.maker, one.rates.maker);
    lowest.taker = std::min(lowest.taker, one.rates.taker);
    if (lowest.maker.value + lowest.taker.value < 0)
      return field + "maker_fee: no tier's rebate may exceed any tier's taker fee";
  }
  return {};
}

} // namespace rialto

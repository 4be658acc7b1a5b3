#include "net/api/demo_money.hpp"

#include "domain/wide_units.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace rialto::net {

namespace {

constexpr std::int64_t day_s = 86'400, second_ns = 1'000'000'000;
constexpr std::int64_t currency_units = 100'000 * units_per_whole;
constexpr std::int64_t unpriced_units = 10 * units_per_whole;
constexpr std::int64_t units_max = 1'000'000'000 * units_per_whole;

/// The largest power of ten, in units, that costs at most currency_units at `price8` a whole.
std::int64_t round_amount(std::int64_t price8) {
  const auto limit =
    std::min<wide_units>(wide_units{currency_units} * units_per_whole / price8, units_max);
  std::int64_t amount = 1;
  while (amount <= limit / 10) amount *= 10;
  return amount;
}

} // namespace

std::vector<demo_amount> demo_money(const actors::directory& markets) {
  std::set<std::string_view> traded;
  for (const auto& [symbol, entry] : markets.by_symbol) traded.insert(entry.spec.base);
  std::map<std::string, std::int64_t> amounts;
  for (const auto& [symbol, entry] : markets.by_symbol) {
    const auto& spec = entry.spec;
    const bool is_currency = !traded.contains(spec.quote);
    if (is_currency) amounts[spec.quote] = currency_units;
    auto& amount = amounts[spec.base]; // 0: no price yet
    if (amount != 0 || !is_currency || entry.reference_price.value <= 0) continue;
    const auto price8 = wide_units{entry.reference_price.value} * spec.tick_size.value;
    if (price8 <= INT64_MAX) amount = round_amount(static_cast<std::int64_t>(price8));
  }
  std::vector<demo_amount> made;
  for (const auto& [asset, amount] : amounts) {
    if (made.size() == demo_assets_max) break;
    made.push_back({asset, {amount == 0 ? unpriced_units : amount}});
  }
  return made;
}

bool daily_quota::take(timestamp_ns now) {
  const auto day = now.value / second_ns / day_s;
  if (day != day_) taken_ = 0;
  day_ = day;
  if (taken_ == max_) return false;
  ++taken_;
  return true;
}

std::int64_t daily_quota::seconds_left(timestamp_ns now) {
  return day_s - now.value / second_ns % day_s;
}

} // namespace rialto::net

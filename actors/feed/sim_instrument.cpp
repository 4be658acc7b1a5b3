#include "actors/feed/sim_instrument.hpp"

#include "actors/feed/sim_random.hpp"

#include <algorithm>

namespace rialto::actors {

namespace {

constexpr std::int64_t order_dollars = 6'000;
constexpr std::int64_t price8_max =
  10'000'000 * units_per_whole; // fixed-point prices stay in range

bool is_dollar(std::string_view asset) {
  for (const std::string_view one : {"USDT", "USDC", "USD", "FDUSD", "TUSD", "BUSD", "DAI"})
    if (asset == one) return true;
  return false;
}

/// a * b / c, at least 1.
std::int64_t product(std::int64_t a, std::int64_t b, std::int64_t c, std::int64_t max) {
  const auto value = static_cast<__int128>(a) * b / c;
  return static_cast<std::int64_t>(std::clamp<__int128>(value, 1, max));
}

} // namespace

std::int64_t usual_dollars8(std::string_view asset) {
  struct row {
    std::string_view asset;
    std::int64_t cents;
  };
  static constexpr row rows[] = {
    {"BTC", 6'180'000}, {"ETH", 269'000}, {"BNB", 51'000}, {"SOL", 15'500}, {"XRP", 61},
    {"ADA", 34},        {"DOGE", 10},     {"LTC", 6'000},  {"TRX", 13},     {"DOT", 450},
    {"LINK", 1'010},    {"AVAX", 2'200},  {"EUR", 109},    {"GBP", 128}};
  if (is_dollar(asset)) return units_per_whole;
  for (const auto& one : rows)
    if (one.asset == asset) return one.cents * (units_per_whole / 100);
  return static_cast<std::int64_t>(1 + sim_hash(asset) % 100) * units_per_whole;
}

sim_scale scale_of(const sim_instrument& instrument) {
  sim_scale made;
  made.tick8 = std::clamp<std::int64_t>(instrument.tick8, 1, price8_max / 1'000);
  made.lot8 = std::max<std::int64_t>(instrument.lot8, 1);
  const auto quote_dollars8 = usual_dollars8(instrument.quote);
  auto price8 = instrument.start_price8;
  if (price8 <= 0)
    price8 = product(usual_dollars8(instrument.base), units_per_whole, quote_dollars8, price8_max);
  if (price8 < 100 * made.tick8) price8 = 1'000 * made.tick8;
  made.start_price8 = std::min(price8, price8_max) / made.tick8 * made.tick8;
  const auto order_quote8 =
    product(order_dollars * units_per_whole, units_per_whole, quote_dollars8, INT64_MAX / 4);
  const auto order_base8 =
    product(order_quote8, units_per_whole, made.start_price8, 100'000'000 * units_per_whole);
  made.unit_lots = std::clamp<std::int64_t>(order_base8 / made.lot8, 1, 1'000'000'000'000);
  made.volatility = 1'100 + static_cast<std::int64_t>(sim_hash(instrument.base) % 600);
  if (instrument.base == "BTC") made.volatility = 1'000;
  if (is_dollar(instrument.base) && is_dollar(instrument.quote)) made.volatility = 10;
  return made;
}

} // namespace rialto::actors

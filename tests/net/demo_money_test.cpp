#include "net/api/demo_money.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

void list(actors::directory& into, const std::string& base, const std::string& quote,
          std::int64_t ticks, std::int64_t tick_size = units_per_whole / 100) {
  actors::market_entry entry;
  entry.spec.symbol = base + quote;
  entry.spec.base = base;
  entry.spec.quote = quote;
  entry.spec.tick_size = {tick_size};
  entry.reference_price = {ticks};
  into.by_symbol[entry.spec.symbol] = entry;
}

std::map<std::string, std::string> amounts(const actors::directory& markets) {
  std::map<std::string, std::string> out;
  for (const auto& one : demo_money(markets)) out[one.asset] = format_amount(one.amount);
  return out;
}

} // namespace

TEST_CASE("demo_money: round amounts worth at most 100,000 of the currency") {
  actors::directory markets;
  CHECK(demo_money(markets).empty());
  list(markets, "BTC", "USDT", 6'000'000);
  list(markets, "ETH", "USDT", 260'000);
  list(markets, "ETH", "BTC", 4'333, units_per_whole / 100'000); // BTC is no currency here
  list(markets, "SOL", "USDT", 15'000);
  list(markets, "XRP", "USDT", 5'800, units_per_whole / 10'000);
  list(markets, "NEW", "USDT", 0);
  const std::map<std::string, std::string> wanted = {{"BTC", "1"},       {"ETH", "10"},
                                                     {"NEW", "10"},      {"SOL", "100"},
                                                     {"USDT", "100000"}, {"XRP", "100000"}};
  CHECK(amounts(markets) == wanted);
}

TEST_CASE("demo_money: prices at the ends give amounts that fit") {
  actors::directory markets;
  list(markets, "CHEAP", "USDT", 1, 1); // 0.00000001
  list(markets, "DEAR", "USDT", INT64_MAX, 1);
  list(markets, "DEAREST", "USDT", INT64_MAX,
       units_per_whole); // beyond any amount: as without price
  list(markets, "EXACT", "USDT", 100'000, units_per_whole);
  list(markets, "ODD", "USDT", 100'001, units_per_whole);
  const std::map<std::string, std::string> wanted = {{"CHEAP", "1000000000"}, {"DEAR", "0.000001"},
                                                     {"DEAREST", "10"},       {"EXACT", "1"},
                                                     {"ODD", "0.1"},          {"USDT", "100000"}};
  CHECK(amounts(markets) == wanted);
}

TEST_CASE("demo_money: assets that trade for one another, and more of them than are given") {
  actors::directory markets;
  list(markets, "A", "B", 100);
  list(markets, "B", "A", 100);
  const std::map<std::string, std::string> circle = {{"A", "10"}, {"B", "10"}};
  CHECK(amounts(markets) == circle);
  for (int i = 0; i < 150; ++i) list(markets, "X" + std::to_string(i), "USDT", 100);
  CHECK(demo_money(markets).size() == demo_assets_max);
}

TEST_CASE("demo_money: a day's users are counted, the next day begins anew") {
  constexpr std::int64_t second = 1'000'000'000, day = 86'400 * second;
  daily_quota quota(2);
  const timestamp_ns noon{20'000 * day + day / 2};
  CHECK(quota.take(noon));
  CHECK(quota.take(noon));
  CHECK_FALSE(quota.take(noon));
  CHECK(daily_quota::seconds_left(noon) == 43'200);
  CHECK_FALSE(quota.take({noon.value + day / 2 - 1}));
  CHECK(quota.take({noon.value + day / 2}));
}

} // namespace rialto::net

// bench/system/load_orders.hpp: the orders that a load sends: limit orders around one price, of which about half trade.
#pragma once

#include <cstdint>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

namespace rialto::bench {

inline std::uint64_t chance_state = 42;
inline std::uint64_t chance() {
  chance_state ^= chance_state << 13;
  chance_state ^= chance_state >> 7;
  return chance_state ^= chance_state << 17;
}

struct load_market {
  const char* symbol;
  long price; // ticks
  int price_decimals, lot_decimals;
};
inline constexpr load_market load_markets[] = {
  {"BTCUSDT", 6'000'000, 2, 5}, {"ETHUSDT", 300'000, 2, 4}, {"BNBUSDT", 60'000, 2, 3},
  {"SOLUSDT", 20'000, 2, 3},    {"XRPUSDT", 20'000, 4, 1},
};

/// `value` units of 10^-decimals in plain digits.
inline std::string decimal(long value, int decimals) {
  char text[32];
  long unit = 1;
  for (int i = 0; i < decimals; ++i) unit *= 10;
  std::snprintf(text, sizeof text, "%ld.%0*ld", value / unit, decimals, value % unit);
  return text;
}

inline std::uint64_t order_number = 0;
/// The fields of one order, to be put into a body or a frame. A client order id is remembered for a day, about 130 bytes of the node's memory.
inline std::string order_fields(const load_market& at, bool has_client_id = true) {
  char text[256];
  const auto price = at.price + static_cast<long>(chance() % 101) - 50;
  const auto lots = 100 + static_cast<long>(chance() % 100);
  std::snprintf(
    text, sizeof text,
    R"("symbol":"%s","side":"%s","type":"limit","time_in_force":"gtc","quantity":"%s","price":"%s")",
    at.symbol, chance() % 2 == 0 ? "buy" : "sell", decimal(lots, at.lot_decimals).c_str(),
    decimal(price, at.price_decimals).c_str());
  std::string fields = text;
  if (has_client_id) fields += R"(,"client_order_id":"l-)" + std::to_string(++order_number) + '"';
  return fields;
}

/// Numbers with commas between.
template <class Number>
std::vector<Number> numbers(const std::string& list) {
  std::vector<Number> all;
  std::istringstream in(list);
  for (std::string one; std::getline(in, one, ',');)
    all.push_back(static_cast<Number>(std::stoi(one)));
  return all;
}

} // namespace rialto::bench

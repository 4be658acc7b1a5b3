#include "storage/tape_buffer.hpp"

#include <algorithm>
#include <vector>

namespace rialto::storage {

std::size_t tape_buffer::shrink(std::size_t count_max) {
  if (count() <= count_max) return 0;
  const auto surplus = count() - count_max;
  const auto from_trades = std::min(surplus, trades_.size());
  if (from_trades > 0) {
    std::vector<std::pair<timestamp_ns, trade_key>> by_age;
    by_age.reserve(trades_.size());
    for (const auto& [key, trade] : trades_) by_age.emplace_back(trade.at, key);
    const auto end = by_age.begin() + static_cast<std::ptrdiff_t>(from_trades);
    std::nth_element(by_age.begin(), end - 1, by_age.end());
    for (auto one = by_age.begin(); one != end; ++one) trades_.erase(one->second);
  }
  for (auto rest = surplus - from_trades; rest > 0; --rest) candles_.erase(candles_.begin());
  return surplus;
}

} // namespace rialto::storage

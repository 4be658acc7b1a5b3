#include "net/binance/depth_window.hpp"

namespace rialto::net::binance {

bool depth_window::take(const actors::face_change& change) {
  for (const auto& one : change.levels) levels_[{one.way, one.price.value}] = one.size;
  if (change.last_update == 0) return true;
  if (last_ != 0 && change.first_update != last_ + 1) return false; // W1
  if (first_ == 0) first_ = change.first_update;
  last_ = change.last_update;
  return true;
}

std::optional<depth_event> depth_window::close() {
  if (first_ == 0) return {};
  depth_event out{first_, last_, {}, {}};
  for (const auto& [level, size] : levels_)
    if (level.first == side::sell) out.asks.push_back({side::sell, {level.second}, size});
  for (auto at = levels_.rbegin(); at != levels_.rend(); ++at) // best first
    if (at->first.first == side::buy)
      out.bids.push_back({side::buy, {at->first.second}, at->second});
  levels_.clear();
  first_ = 0;
  return out;
}

} // namespace rialto::net::binance

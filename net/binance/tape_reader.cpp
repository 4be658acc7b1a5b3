#include "net/binance/tape_reader.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

bool goes_with(const aggregate& group, const tape_entry& next) {
  return group.at == next.at && group.price == next.price &&
         group.buyer_is_maker == next.buyer_is_maker;
}

} // namespace

aggregate aggregate_of(const tape_entry& one) {
  return {one.trade, one.trade, one.price, one.size, one.buyer_is_maker, one.at};
}

bool extend(aggregate& group, const tape_entry& next) {
  if (!goes_with(group, next)) return false;
  group.last = next.trade;
  group.size += next.size;
  return true;
}

std::vector<tape_entry> tape_reader::newest(std::uint32_t limit) const {
  auto found = tape_.trades(market_, 0, limit);
  std::reverse(found.begin(), found.end());
  return found;
}

std::vector<tape_entry> tape_reader::from_id(std::uint64_t first, std::uint32_t limit) const {
  std::vector<tape_entry> out;
  const auto last = tape_.last_trade_id(market_);
  auto next = std::max<std::uint64_t>(first, 1);
  // Numbers have holes where a node was ended; a window without a trade makes the next one larger.
  for (std::uint32_t step = limit; out.size() < limit && next <= last;) {
    const auto found = tape_.trades(market_, next + step, step); // newest first
    const auto before = out.size();
    for (auto at = found.rbegin(); at != found.rend() && out.size() < limit; ++at)
      if (at->trade.value >= next) out.push_back(*at);
    next += step;
    if (out.size() == before)
      step = std::min(step * 4, storage::tape_store::rows_max);
    else
      step = limit;
  }
  return out;
}

std::uint64_t tape_reader::first_at(timestamp_ns at) const {
  std::uint64_t low = 1, high = tape_.last_trade_id(market_) + 1;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    const auto found = tape_.trades(market_, middle + 1, 1); // the newest up to the middle
    if (found.empty() || found[0].at < at)
      low = middle + 1;
    else
      high = found[0].trade.value;
  }
  return low;
}

std::vector<aggregate> tape_reader::aggregates_from(std::uint64_t first, timestamp_ns until,
                                                    std::uint32_t limit) const {
  std::vector<aggregate> out;
  first = std::max<std::uint64_t>(first, 1);
  // One that began before `first` is not its.
  const auto earlier = first == 1 ? std::vector<tape_entry>{} : tape_.trades(market_, first, 1);
  auto before = earlier.empty() ? aggregate{} : aggregate_of(earlier[0]);
  bool is_within_earlier = !earlier.empty();
  for (std::uint32_t looked_at = 0; looked_at < looked_at_max;) {
    const auto found = from_id(first, trades_max);
    for (const auto& one : found) {
      if (one.at >= until) return out;
      if (is_within_earlier && goes_with(before, one)) continue;
      is_within_earlier = false;
      if (!out.empty() && extend(out.back(), one)) continue;
      if (out.size() == limit) return out;
      out.push_back(aggregate_of(one));
    }
    if (found.size() < trades_max) break;
    looked_at += trades_max;
    first = found.back().trade.value + 1;
  }
  return out;
}

std::vector<aggregate> tape_reader::newest_before(std::uint64_t before, std::uint32_t limit) const {
  std::vector<aggregate> out; // newest first
  for (std::uint32_t looked_at = 0; looked_at < looked_at_max;) {
    const auto found = tape_.trades(market_, before, trades_max);
    for (const auto& one : found) {
      if (!out.empty() && goes_with(out.back(), one)) {
        out.back().first = one.trade;
        out.back().size += one.size;
        continue;
      }
      if (out.size() == limit) {
        std::reverse(out.begin(), out.end());
        return out;
      }
      out.push_back(aggregate_of(one));
    }
    if (found.size() < trades_max) break;
    looked_at += trades_max;
    before = found.back().trade.value;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<aggregate> tape_reader::newest_aggregates(std::uint32_t limit) const {
  return newest_before(0, limit);
}

std::vector<aggregate> tape_reader::aggregates_until(timestamp_ns until,
                                                     std::uint32_t limit) const {
  const auto end = first_at(until);
  return end <= 1 ? std::vector<aggregate>{} : newest_before(end, limit);
}

} // namespace rialto::net::binance

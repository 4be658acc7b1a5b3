// domain/open_counts.hpp: how many open orders an account has in each market, all and those with a trigger.
//
// The room: follows the account's open orders and is made from them again; not part of a snapshot. One entry per
// market in which an order is open.
#pragma once

#include "domain/ids.hpp"

#include <algorithm>
#include <vector>

namespace rialto {

struct open_count {
  market_id market;
  std::uint32_t all = 0, algo = 0;
  friend bool operator==(const open_count&, const open_count&) = default;
};

class open_counts {
public:
  [[nodiscard]] open_count of(market_id market) const {
    const auto at = place(market);
    return at != counts_.end() && at->market == market ? *at : open_count{market};
  }
  void add(market_id market, bool is_algo) {
    auto at = place(market);
    if (at == counts_.end() || at->market != market) at = counts_.insert(at, {market});
    ++at->all;
    at->algo += is_algo ? 1 : 0;
  }
  void drop(market_id market, bool is_algo) {
    const auto at = place(market);
    if (at == counts_.end() || at->market != market) return;
    at->algo -= is_algo ? 1 : 0;
    if (--at->all == 0) counts_.erase(at);
  }
  void clear() { counts_.clear(); }
  friend bool operator==(const open_counts&, const open_counts&) = default;

private:
  using counts = std::vector<open_count>; // by market
  [[nodiscard]] counts::const_iterator place(market_id market) const {
    return std::lower_bound(counts_.begin(), counts_.end(), market,
                            [](const open_count& one, market_id m) { return one.market < m; });
  }
  [[nodiscard]] counts::iterator place(market_id market) {
    return std::lower_bound(counts_.begin(), counts_.end(), market,
                            [](const open_count& one, market_id m) { return one.market < m; });
  }
  counts counts_;
};

} // namespace rialto

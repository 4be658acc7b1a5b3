// actors/market_news_box.hpp: public news of markets on its way from the lane's thread to the market data hub.
//
// The room: no CAF, thread-safe. What waits is merged per market, so a busy market costs the hub one publication per flush and not one per
// commit, and what waits stays bounded: levels by the book, trades by trades_max (beyond it the oldest go; a jump in trade ids is a gap).
//   N1  merged news lead to the same book and tape as the news one after the other
//   N2  only news whose update ids follow on are merged, so a gap stays visible
#pragma once

#include "domain/market_events.hpp"

#include <mutex>
#include <vector>

namespace rialto::actors {

/// Lets `pending` say what it and then `next`, of the same market, say; false if next's update ids do not follow (nothing is changed).
[[nodiscard]] bool merge_news(market_publication& pending, market_publication& next);

class market_news_box {
public:
  static constexpr std::size_t trades_max = 100'000;
  static constexpr std::size_t apart_max =
    10'000; // publications kept apart; beyond it they are merged all the same

  /// false: every publication stays what it was.
  void set_merging(bool merges);

  /// True if the box was empty: the hub must be told.
  [[nodiscard]] bool put(std::vector<market_publication>& news);
  /// In the order of their arrival per market.
  [[nodiscard]] std::vector<market_publication> take();

private:
  std::mutex lock_;
  std::vector<market_publication> waiting_;
  bool merges_ = true;
};

} // namespace rialto::actors

// domain/feed.hpp: what a market data source says, decoded: prices and sizes as the source's
// decimals, in 10^-8.
//
// The room: a recording, the simulated exchange and the live client all emit these;
// actors/feed_actor floors sizes to our lots and hands them to the markets as mirror_depth and
// mirror_trade.
#pragma once

#include "domain/order.hpp"

#include <string>
#include <variant>
#include <vector>

namespace rialto {

struct feed_level {
  side way = side::buy;
  std::int64_t price8 = 0, size8 = 0;
};

/// A REST depth snapshot: the whole book as of update `last_update`.
struct feed_snapshot {
  std::string symbol;
  std::uint64_t last_update = 0;
  std::vector<feed_level> levels;
};
/// A depthUpdate: new totals of the levels that changed in updates first_update..last_update.
struct feed_depth {
  std::string symbol;
  std::uint64_t first_update = 0, last_update = 0;
  timestamp_ns at;
  std::vector<feed_level> levels;
};
struct feed_trade {
  std::string symbol;
  std::uint64_t id = 0;
  std::int64_t price8 = 0, size8 = 0;
  bool buyer_is_maker = false;
  timestamp_ns at;
};
/// Best bid and ask of the source, after its update `update`.
struct feed_ticker {
  std::string symbol;
  std::uint64_t update = 0;
  std::int64_t bid8 = 0, bid_size8 = 0, ask8 = 0, ask_size8 = 0;
};
/// 24-hour statistics a source may send.
struct feed_statistics {
  std::string symbol;
  std::int64_t open8 = 0, high8 = 0, low8 = 0, last8 = 0, volume8 = 0, quote_volume8 = 0;
  timestamp_ns at;
};

using feed_message =
  std::variant<feed_snapshot, feed_depth, feed_trade, feed_ticker, feed_statistics>;

} // namespace rialto

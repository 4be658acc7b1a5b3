// storage/tape_buffer.hpp: trades and candles that wait to be written, in the order of their keys.
//
// The room: memory only. Owned by the tape store, which guards it.
#pragma once

#include "domain/candle_series.hpp"
#include "storage/tape_store.hpp"

#include <map>
#include <tuple>

namespace rialto::storage {

class tape_buffer {
public:
  using trade_key = std::pair<std::uint64_t, std::uint64_t>;                   // market, trade id
  using candle_key = std::tuple<std::uint64_t, candle_interval, std::int64_t>; // and open time

  [[nodiscard]] std::size_t count() const { return trades_.size() + candles_.size(); }
  [[nodiscard]] bool empty() const { return count() == 0; }
  [[nodiscard]] const std::map<trade_key, tape_entry>& trades() const { return trades_; }
  [[nodiscard]] const std::map<candle_key, candle>& candles() const { return candles_; }

  /// The first one with an id stays.
  void add(market_id market, const tape_entry& trade) {
    trades_.try_emplace(trades_.end(), {market.value, trade.trade.value}, trade);
  }
  /// Of two with an open time, the one that counts (domain/candle_series.hpp).
  void put(market_id market, candle_interval interval, const candle& next) {
    const auto [at, is_new] =
      candles_.try_emplace({market.value, interval, next.open_time.value}, next);
    if (!is_new) take_candle(at->second, next);
  }
  /// Takes back what could not be written: where both have a key, ours came later.
  void merge_older(tape_buffer& older) {
    for (auto& [key, trade] : older.trades_)
      trades_.insert_or_assign(key, trade); // first one stays
    for (auto& [key, one] : candles_)
      if (const auto before = older.candles_.find(key); before != older.candles_.end()) {
        take_candle(before->second, one);
        one = before->second;
      }
    candles_.merge(older.candles_);
    older.clear();
  }
  /// Drops the oldest trades (by time) until at most `count_max` entries are left, then candles.
  /// Returns how many went.
  std::size_t shrink(std::size_t count_max);
  void clear() {
    trades_.clear();
    candles_.clear();
  }
  void prune(timestamp_ns before) {
    std::erase_if(trades_, [&](const auto& one) { return one.second.at < before; });
  }

private:
  std::map<trade_key, tape_entry> trades_;
  std::map<candle_key, candle> candles_;
};

} // namespace rialto::storage

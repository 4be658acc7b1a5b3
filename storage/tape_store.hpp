// storage/tape_store.hpp: trades and candles of every market, appended in batches; not derived from
// the journal.
//
// The room: DATA/tape.sqlite, synchronous=OFF, one writer. After a crash its tail may be missing:
// known ranges are kept, so a gap shows as a gap and never as a quiet market.
#pragma once

#include "domain/candle.hpp"
#include "domain/market_events.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rialto::storage {

class tape_store {
public:
  virtual ~tape_store() = default;
  virtual void
  append(market_id market,
         const std::vector<tape_entry>& trades) = 0; // one with a known trade id is ignored
  virtual void put_candles(market_id market, candle_interval interval,
                           const std::vector<candle>& closed) = 0; // replaces by open time
  /// Newest `limit` trades with id < before (0: from the newest), newest first.
  [[nodiscard]] virtual std::vector<tape_entry> trades(market_id market, std::uint64_t before,
                                                       std::uint32_t limit) = 0;
  /// Candles with open time in [from, to), oldest first, at most `limit` (the newest ones of the
  /// range).
  [[nodiscard]] virtual std::vector<candle> candles(market_id market, candle_interval interval,
                                                    timestamp_ns from, timestamp_ns to,
                                                    std::uint32_t limit) = 0;
  [[nodiscard]] virtual std::uint64_t last_trade_id(market_id market) = 0;
  /// One transaction for everything since the last; called on a timer.
  virtual void flush() = 0;
  /// Drops trades older than `before`; candles stay.
  virtual void prune(timestamp_ns before) = 0;
};
[[nodiscard]] std::unique_ptr<tape_store> open_tape_store(const std::string& data_directory);

} // namespace rialto::storage

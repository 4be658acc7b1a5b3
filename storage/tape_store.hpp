// storage/tape_store.hpp: trades and candles of every market, appended in batches; not derived from
// the journal.
//
// The room: DATA/tape.sqlite, synchronous=OFF, one writer. After a crash its tail may be missing:
// a gap shows as a jump in the trade ids and as missing candles (a quiet market has flat ones),
// never as a quiet market.
//
//   T1  every member may be called from any thread; append() and put_candles() only touch memory,
//   except when the buffer is full
//   T2  readers see what was appended, flushed or not
//   T3  at most buffered_max entries wait for a flush; when the disk does not take them, the oldest
//   go and note() says so
//   T4  of two candles with one open time take_candle() (domain/candle_series.hpp) says which counts:
//   a closed one is final, and one that is replaced later is marked as corrected
#pragma once

#include "domain/candle.hpp"
#include "domain/market_events.hpp"

#include <memory>
#include <string>
#include <vector>

namespace rialto::storage {

/// What came of candles that were taken in; counts are of the given interval.
struct candle_import {
  std::uint64_t added = 0, same = 0, completed = 0, corrected = 0;
  struct correction {
    candle_interval interval = candle_interval::m1;
    candle now;
  };
  /// Of every interval, in the order of time; the newest tape_store::corrections_max.
  std::vector<correction> corrections;
};

class tape_store {
public:
  static constexpr std::size_t corrections_max = 400;
  static constexpr std::size_t buffered_max = 100'000; // trades and candles
  static constexpr std::uint32_t rows_max = 10'000;    // a larger `limit` is lowered to it

  virtual ~tape_store() = default;
  virtual void
  append(market_id market,
         const std::vector<tape_entry>& trades) = 0; // one with a known trade id is ignored
  virtual void put_candles(market_id market, candle_interval interval,
                           const std::vector<candle>& made) = 0; // by T4
  /// Closed candles of another source (rising open times, a stored interval), written at once and as
  /// a whole or not at all. Every longer stored interval they fall into is made anew of what is then
  /// there (roll_up); what ends after `closed_by` stays open. Throws journal_error.
  virtual candle_import import_candles(market_id market, candle_interval interval,
                                       const std::vector<candle>& closed,
                                       timestamp_ns closed_by) = 0;
  /// Newest `limit` trades with id < before (0: from the newest), newest first.
  [[nodiscard]] virtual std::vector<tape_entry> trades(market_id market, std::uint64_t before,
                                                       std::uint32_t limit) = 0;
  /// Candles with open time in [from, to), oldest first, at most `limit` (the newest ones of the
  /// range).
  [[nodiscard]] virtual std::vector<candle> candles(market_id market, candle_interval interval,
                                                    timestamp_ns from, timestamp_ns to,
                                                    std::uint32_t limit) = 0;
  [[nodiscard]] virtual std::uint64_t last_trade_id(market_id market) = 0;
  /// One transaction for everything since the last; called on a timer. Throws journal_error (disk
  /// full, IO error); what was to be written still waits then.
  virtual void flush() = 0;
  /// Drops trades older than `before`, each market's oldest first up to one that is newer; candles
  /// stay.
  virtual void prune(timestamp_ns before) = 0;
  /// What an operator should know since the last call: a damaged file set aside, entries dropped.
  /// Empty: nothing.
  [[nodiscard]] virtual std::string note() { return {}; }
};

/// A file that is damaged is renamed to tape.sqlite.corrupt-N (N from 1 to 9, then 9 is replaced)
/// and a new one started. Throws journal_error when the directory cannot be written.
[[nodiscard]] std::unique_ptr<tape_store> open_tape_store(const std::string& data_directory);

} // namespace rialto::storage

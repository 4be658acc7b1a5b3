// storage/candle_series_reader.hpp: the candles of a market in any interval, stored or derived,
// imported or live, as one series.
//
// The room: reads of tape_store, in pages; joins and sums are domain/candle_series.hpp.
//   C1  a derived candle is exactly the sum of its stored parts and the running one
//   C2  at most tape_store::rows_max candles are given, and of a month's 31 times as many are read
#pragma once

#include "storage/tape_store.hpp"

#include <optional>

namespace rialto::storage {

struct candle_wish {
  market_id market;
  candle_interval interval = candle_interval::m1;
  timestamp_ns from, to; // of open times: [from, to)
  std::uint32_t limit = 0;
};

/// The newest `limit` of what is wished, oldest first. `running` is the candle of now in
/// base_of(interval), newer than what is stored of it. is_open says of each whether it may still
/// change.
[[nodiscard]] std::vector<candle> read_candles(tape_store& tape, const candle_wish& wish,
                                               const std::optional<candle>& running,
                                               timestamp_ns now);

} // namespace rialto::storage

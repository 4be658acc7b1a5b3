// domain/candle_series.hpp: what a series of candles is when it comes from several sources: which of
// two candles of one open time counts, and longer candles made of shorter ones.
//
// The room: pure; candles in the order of their open times.
//   S1  a closed candle is final: one that says the same, or less, changes nothing; one with other
//       values replaces it and is marked as corrected, for good
//   S2  a candle that is still open, or made of an incomplete set, is not final: what follows
//       replaces it without a mark; a whole one is never replaced by an incomplete one
//   S3  a longer candle is exactly the sum of its parts; partial unless every part is there and whole
#pragma once

#include "domain/candle.hpp"

#include <vector>

namespace rialto {

enum class candle_change : std::uint8_t {
  same,      // nothing new
  completed, // was open or incomplete, or said less
  corrected  // was final and had other values
};

/// Takes `next` into `known`, a candle of the same open time, by S1 and S2.
candle_change take_candle(candle& known, const candle& next);

/// Makes candles of `longer` of those of `shorter`, into which it divides (months: days). Windows
/// without a part are left out. A window that ends after `closed_by` is made of what is there and
/// is_open.
[[nodiscard]] std::vector<candle> roll_up(const std::vector<candle>& parts, candle_interval shorter,
                                          candle_interval longer, timestamp_ns closed_by);

/// A stretch without candles between two that are there.
struct candle_gap {
  timestamp_ns from, to; // open times of the first missing one and of the next that is there
  std::int64_t missing = 0;
  friend bool operator==(const candle_gap&, const candle_gap&) = default;
};
/// Between candles that follow each other.
[[nodiscard]] std::vector<candle_gap> gaps_of(const std::vector<candle>& candles,
                                              candle_interval interval);

} // namespace rialto

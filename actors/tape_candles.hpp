// actors/tape_candles.hpp: candles made of the trades that are on the tape, where those that ran are not enough: a node that begins again, and
// trades that came from another node's tape after their candles had closed.
//
// The room: no CAF. Blocks for reads of the tape, and where candles were corrected for one transaction.
#pragma once

#include "actors/public_faces.hpp"
#include "storage/tape_store.hpp"

#include <utility>
#include <vector>

namespace rialto::actors {

inline constexpr std::size_t trades_read_max = 100'000; // at once

/// Trades made at `from` or later, oldest first; at most trades_read_max.
[[nodiscard]] std::vector<tape_entry> trades_since(storage::tape_store& tape, market_id market,
                                                   timestamp_ns from);

/// The candles into which the tape's last trade falls, as of that trade. A crash may have cost the stored ones some seconds. Empty: no tape.
struct tape_end {
  std::vector<std::pair<candle_interval, candle>> candles;
  std::uint64_t last_trade = 0; // that they count
};
[[nodiscard]] tape_end candles_of_tape_end(storage::tape_store& tape, market_id market,
                                           const instrument& spec);
/// A face that has none goes on with them. Trades that they count may be told to it behind that, for who writes the tape may be ahead: it leaves them out.
void go_on_with_tape(storage::tape_store& tape, market_id market, market_faces& face);

/// Closed candles from the minute of `from` on are made anew of the tape; those that are others now are stored and told to subscribers.
void make_candles_anew(storage::tape_store& tape, const public_faces& faces, edge& out,
                       market_id market, timestamp_ns from, timestamp_ns now);

} // namespace rialto::actors

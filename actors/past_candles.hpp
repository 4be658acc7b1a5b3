// actors/past_candles.hpp: candles of the past, from an exchange's history or a file, taken into a
// running node: stored, and those that are corrected told to subscribers.
//
// The room: no CAF; blocks for one transaction, so it is called on a thread that may.
#pragma once

#include "actors/public_faces.hpp"
#include "storage/tape_store.hpp"

namespace rialto::actors {

/// Stores closed candles (rising open times, a stored interval) as tape_store::import_candles does,
/// and broadcasts each candle that was final and is now another on its channel, longer intervals
/// included. Throws journal_error; nothing is stored then.
storage::candle_import take_past_candles(storage::tape_store& tape, const public_faces& faces,
                                         edge& out, market_id market, candle_interval interval,
                                         const std::vector<candle>& closed, timestamp_ns closed_by);

} // namespace rialto::actors

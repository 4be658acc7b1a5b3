#include "actors/past_candles.hpp"

namespace rialto::actors {

storage::candle_import take_past_candles(storage::tape_store& tape, const public_faces& faces,
                                         edge& out, market_id market, candle_interval interval,
                                         const std::vector<candle>& closed,
                                         timestamp_ns closed_by) {
  auto done = tape.import_candles(market, interval, closed, closed_by);
  const auto face = faces.find(market);
  if (!face || done.corrections.empty()) return done;
  std::vector<channel_message> messages;
  for (const auto& one : done.corrections) face->candles.correct(one.interval, {one.now}, messages);
  out.broadcast(std::move(messages));
  return done;
}

} // namespace rialto::actors

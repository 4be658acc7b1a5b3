// actors/market_data.hpp: from durable publications to what subscribers see.
//
// The room: CAF. market_data_hub gets every market's publications, starts one market_data_actor
// (book, tape, ticker) and one candles_actor per market at first sight and restarts them when they
// fail. State the edge reads lives in the faces (market_face, candle_face), so a restarted actor
// goes on with it; a gap in update ids makes it ask the market for a fresh snapshot.
#pragma once

#include "actors/market_news_box.hpp"
#include "actors/messages.hpp"
#include "actors/public_faces.hpp"
#include "runtime/tracked_actor.hpp"
#include "storage/tape_store.hpp"

#include <chrono>

namespace rialto::actors {

/// What the market data actors share; outlives them.
struct market_data_context {
  public_faces& faces;
  storage::tape_store& tape;
  edge& out;
  std::function<void(market_id)> ask_snapshot; // makes the market publish its whole book
  std::shared_ptr<market_news_box> news;
  std::chrono::milliseconds flush_every{
    0}; // news of a busy market leave at most that often; the first at once
  /// In a cluster a market's trades may be on their way from another node's tape: its candles do not close meanwhile. Empty: never.
  std::function<bool(market_id)> is_whole = {};
};

class market_data_hub : public runtime::tracked_actor {
public:
  market_data_hub(caf::actor_config& config, runtime::actor_surroundings around, std::string parent,
                  std::shared_ptr<market_data_context> context);

protected:
  caf::behavior behave() override;

private:
  struct pair {
    caf::actor market_data, candles;
    instrument spec;
    runtime::restart_history market_data_history, candles_history;
  };
  void start(pair& one, bool market_data, bool candles);
  void flush();

  std::shared_ptr<market_data_context> context_;
  std::map<market_id, pair> children_;
  std::chrono::steady_clock::time_point flushed_;
};

} // namespace rialto::actors

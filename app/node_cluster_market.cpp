// app/node_cluster_market.cpp: a node's part in the market data of a cluster: tapes that are kept whole, and whether the feed is heard.
#include "actors/past_candles.hpp"
#include "app/node_cluster.hpp"
#include "runtime/log.hpp"

namespace rialto::app {

using runtime::cluster::incarnation;

void node_cluster::watch_tapes() {
  actors::tape_relay_surroundings around;
  around.monotonic_ns = [this] { return clock_.monotonic_ns(); };
  around.now = [this] { return clock_.now(); };
  around.send = [this](incarnation to, std::string_view frame) { return mesh_->send(to, frame); };
  around.show = [this](std::vector<market_publication> news) {
    parts_->router.show(std::move(news));
  };
  around.post = [this](std::function<void()> job) {
    return tape_work_.post([job = std::move(job)] {
      try {
        job();
      } catch (const std::exception& problem) { // a full disk, mostly: the tape says what it lacks
        runtime::log_warning("market_data", "the tape: {}", problem.what());
      }
    });
  };
  around.take_candles = [this](market_id market, const std::vector<candle>& closed) {
    static_cast<void>(actors::take_past_candles(parts_->tape, parts_->faces, parts_->out, market,
                                                candle_interval::m1, closed, clock_.now()));
  };
  around.mark_partial = [this](market_id market, timestamp_ns heard_from) {
    const auto faces = parts_->faces.find(market);
    if (!faces || faces->market.is_stale()) return; // it hears nothing now
    faces->candles.set_deaf(true, heard_from);
    faces->candles.set_deaf(false, heard_from);
  };
  tape_ = std::make_unique<actors::tape_relay>(parts_->tape, std::move(around));
}

/// What is stale is shown so here; the house's orders of what is owned here are pulled.
void node_cluster::watch_feed() {
  const auto markets = parts_->faces.markets();
  std::vector<market_id> mirrored;
  for (const auto& [symbol, entry] : markets->by_symbol)
    if (entry.spec.mode == market_mode::mirrored) mirrored.push_back(entry.spec.market);
  const auto seen = feed_->tick(driver_->me(), mirrored, clock_.monotonic_ns());
  std::vector<actors::request> pulled;
  std::size_t silent = 0;
  for (const auto& one : seen.changes) {
    if (const auto faces = parts_->faces.find(one.market);
        faces && faces->market.is_stale() != one.is_stale) {
      faces->market.set_stale(one.is_stale);
      faces->candles.set_deaf(one.is_stale, clock_.now());
    }
    if (!one.is_silence) continue;
    ++silent;
    if (owns(one.market)) pulled.push_back({0, one.market, market_command{mirror_reset{}}, {}});
  }
  if (!seen.changes.empty()) parts_->faces.refresh();
  if (silent > 0)
    runtime::log_warning(
      "feed",
      "nothing is heard of the feed: {} markets are stale, the mirrors of {} that "
      "run here are empty until it is heard",
      silent, pulled.size());
  if (!pulled.empty()) mail_->pass_on(std::move(pulled));
  std::vector<market_id> wanted;
  for (const auto market : seen.wanted)
    if (owns(market)) wanted.push_back(market);
  if (!wanted.empty()) mail_->want_mirror(seen.feed, std::move(wanted));
}

void node_cluster::beat(const std::vector<actors::feed_context::market_state>& states) {
  if (!is_attached_) return;
  const auto at_epoch = feed_route().at_epoch;
  std::vector<actors::protocol::feed_state> told;
  for (const auto& one : states) told.push_back({one.market, at_epoch, one.is_live});
  mail_->beat(std::move(told));
}

std::vector<market_id> node_cluster::take_wanted_mirrors() {
  const std::lock_guard hold(lock_);
  std::vector<market_id> all(wanted_mirrors_.begin(), wanted_mirrors_.end());
  wanted_mirrors_.clear();
  return all;
}

} // namespace rialto::app

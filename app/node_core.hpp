// app/node_core.hpp: a node without its edge: storage, actors, feed. Wires the layers; decides nothing.
//
// Start: journal, read models, tape; then the actors, which recover; then the first instruments; then the feed. Stop: the same backwards, so
// that everything acknowledged is projected and the stream index is saved for a quick start.
#pragma once

#include "actors/durable_router.hpp"
#include "actors/feed/feed_report.hpp"
#include "actors/local_gate.hpp"
#include "actors/market_data.hpp"
#include "actors/shard_actor.hpp"
#include "net/api/node_health.hpp"
#include "runtime/metrics.hpp"
#include "runtime/projection_thread.hpp"
#include "runtime/settings_list.hpp"
#include "runtime/stop_watch.hpp"

#include <chrono>
#include <memory>

namespace rialto::app {

class node_cluster;

class node_core {
public:
  /// Opens the data directory. Throws std::exception with a text for the operator.
  explicit node_core(const runtime::node_settings& settings);
  ~node_core();
  node_core(const node_core&) = delete;
  node_core& operator=(const node_core&) = delete;

  /// Starts the actors, recovers, and makes an empty directory usable. Throws when that does not come about within 60 s.
  void start(actors::edge& out);
  /// Its tree of actors has ended by itself: then the process was sent SIGTERM, to stop with an error.
  [[nodiscard]] bool has_failed() const;
  /// Nothing is delivered to the edge any more.
  void disconnect_edge();
  /// In a cluster: hands the shards of this node over, while its edge still answers.
  void drain();
  /// Of a cluster: out of it, when the edge has ended.
  void leave();
  void stop();
  /// Which steps of a stop are under way.
  [[nodiscard]] runtime::stop_watch& watch();
  /// Null: a node of its own.
  [[nodiscard]] node_cluster* cluster();

  [[nodiscard]] actors::gate& gate();
  [[nodiscard]] storage::tape_store& tape();
  [[nodiscard]] runtime::metrics_registry& metrics();
  [[nodiscard]] runtime::node_clock& clock();
  [[nodiscard]] runtime::actor_registry& registry();
  /// How the feed is doing.
  [[nodiscard]] const actors::feed_board& feeds() const;
  /// Signs access tokens.
  [[nodiscard]] const std::string& token_key() const;
  /// Seals the secrets of API keys.
  [[nodiscard]] const std::string& secret_key() const;
  [[nodiscard]] const std::string& data_directory() const;
  // ---- for the inspector, between start() and stop()
  [[nodiscard]] caf::actor_system& actors();
  [[nodiscard]] std::vector<caf::actor> shards() const;
  [[nodiscard]] caf::actor root() const;
  [[nodiscard]] std::map<storage::shard_id, storage::journal_head> heads() const;
  /// Journal, lists, entities and feed as they are now; from any thread.
  void put_health(net::node_health& into) const;

private:
  void make_usable(std::size_t known_markets);
  void join_cluster(actors::edge& out);
  void wait_until_usable();
  void follow_heads();
  void look_for_lost_rows();
  void keep_house();
  /// The keeper's pause; true: it is to end.
  [[nodiscard]] bool keeper_ends_within(std::chrono::milliseconds pause);
  void archive_old_rows();
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace rialto::app

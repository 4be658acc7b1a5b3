// app/node_core.hpp: a node without its edge: storage, actors, feed. Wires the layers; decides nothing.
//
// Start: journal, read models, tape; then the actors, which recover; then the first instruments; then the feed. Stop: the same backwards, so
// that everything acknowledged is projected and the stream index is saved for a quick start.
#pragma once

#include "actors/durable_router.hpp"
#include "actors/local_gate.hpp"
#include "actors/market_data.hpp"
#include "actors/shard_actor.hpp"
#include "runtime/metrics.hpp"
#include "runtime/projection_thread.hpp"
#include "runtime/settings_list.hpp"

#include <chrono>
#include <memory>

namespace rialto::app {

class node_core {
public:
  /// Opens the data directory. Throws std::exception with a text for the operator.
  explicit node_core(const runtime::node_settings& settings);
  ~node_core();
  node_core(const node_core&) = delete;
  node_core& operator=(const node_core&) = delete;

  /// Starts the actors, recovers, and makes an empty directory usable. Throws when that does not come about within 60 s.
  void start(actors::edge& out);
  /// Nothing is delivered to the edge any more.
  void disconnect_edge();
  void stop();

  [[nodiscard]] actors::gate& gate();
  [[nodiscard]] storage::tape_store& tape();
  [[nodiscard]] runtime::metrics_registry& metrics();
  [[nodiscard]] runtime::node_clock& clock();
  [[nodiscard]] runtime::actor_registry& registry();
  /// Signs access tokens.
  [[nodiscard]] const std::string& token_key() const;
  [[nodiscard]] const std::string& data_directory() const;

private:
  void make_usable(std::size_t known_markets);
  void keep_house();
  /// The keeper's pause; true: it is to end.
  [[nodiscard]] bool keeper_ends_within(std::chrono::milliseconds pause);
  void archive_old_rows();
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace rialto::app

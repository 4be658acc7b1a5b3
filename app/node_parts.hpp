// app/node_parts.hpp: everything a node is made of, for the files that wire it (node_core*.cpp) and nobody else.
#pragma once

#include "actors/feed_actor.hpp"
#include "app/node_cluster.hpp"
#include "app/node_core.hpp"
#include "app/node_feed.hpp"
#include "runtime/stop_watch.hpp"
#include "runtime/worker_thread.hpp"
#include "storage/data_lock.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rialto::app {

/// In the order in which they stand on one another; destroyed backwards.
struct node_core::parts {
  runtime::node_settings settings;
  std::string directory, key, secret_key;
  runtime::system_clock clock;
  runtime::metrics_registry metrics;
  runtime::actor_registry registry;
  runtime::stop_watch watch;                // until everything below is gone
  std::unique_ptr<storage::data_lock> lock; // of a directory without a journal
  std::unique_ptr<storage::journal> store;
  std::unique_ptr<storage::projector> projector;
  std::unique_ptr<storage::tape_store> tape;
  std::map<storage::shard_id, storage::stream_index> indexes;
  actors::public_faces faces{actors::sequence_base(clock.wall())};
  actors::local_gate gate;
  actors::shard_gauges gauges;
  actors::feed_gauges feed;
  actors::feed_board board;
  live_market live;
  std::atomic<bool> stopping{false};
  std::unique_ptr<runtime::projection_thread> projection;
  actors::durable_router router;
  storage::thread_lane lane;
  runtime::worker_thread loader{"loader", 200'000};
  runtime::worker_thread saver{"saver", 1'000};
  caf::actor_system_config config;
  caf::actor_system system;
  caf::actor root;
  std::mutex keeper_lock;
  std::condition_variable keeper_wake;
  bool keeper_ends = false;
  std::thread keeper;
  std::unique_ptr<node_cluster> cluster; // null: a node of its own
  storage::shard_id shard_count = 1;
  std::atomic<bool> has_failed{false}, has_lost_rows{false};

  [[nodiscard]] std::unique_ptr<actors::feed_source> open_source() {
    return open_feed(settings, {clock, live});
  }

  /// Ends the process with an error, in order.
  void fail();
  /// Opens the data directory or the cluster's database, and joins the cluster.
  explicit parts(const runtime::node_settings& chosen);
};

} // namespace rialto::app

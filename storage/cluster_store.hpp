// storage/cluster_store.hpp: the tables of a cluster (migrations/postgres/0002_cluster.sql), one function per statement.
//
// The room: rows as plain values, no decision and no memory. A store belongs to the thread of its connection. Every statement is a
// transaction of its own that runs to its end in the server. Throws postgres_error; then it may or may not have happened.
//
//   T1  a conditional write names what its caller saw, and touches no row that says something else by now
//   T2  times are nanoseconds by the server's clock
//   T3  join and enter end the former session of that node before they return: whatever it had under way has happened, or never will
#pragma once

#include "storage/postgres.hpp"

#include <span>
#include <string>
#include <vector>

namespace rialto::storage {

/// A row of nodes; `state` counts joining, up, draining, gone from 0.
struct cluster_node {
  std::uint64_t id = 0;
  std::string name, address;
  std::uint64_t roles = 0;
  std::uint8_t state = 0;
  timestamp_ns renewed_at;
  std::uint64_t renewal = 0;
  friend bool operator==(const cluster_node&, const cluster_node&) = default;
};

struct cluster_shard {
  shard_id shard = 0;
  std::uint64_t owner = 0;
  epoch at_epoch = 0;
  std::uint64_t next = 0, wanted = 0;
  timestamp_ns changed_at, moved_at;
  friend bool operator==(const cluster_shard&, const cluster_shard&) = default;
};

/// What there is, when a cluster was to be made or joined.
struct known_cluster {
  std::string name;
  std::uint32_t shard_count = 0;
};

struct cluster_entrant {
  std::string name, process,
    address; // `process` tells a process that joins again from another of the same name
  std::uint64_t roles = 0;
};

struct cluster_joined {
  std::uint64_t id =
    0; // 0: nothing was done, the database holds another cluster or a former session did not end in time
  known_cluster known;
};

enum class cluster_entry : std::uint8_t { entered, no_such_life, former_lives };

struct cluster_answer {
  bool exists = false; // there is a cluster at all
  std::string cluster;
  bool is_renewed = false;
  bool is_drain_wished = false;
  bool is_replaced = false; // another process lives under that name
  timestamp_ns database_now, database_started;
  std::uint64_t leader = 0;
  std::uint64_t version = 0;
  std::vector<cluster_node> nodes;
  std::vector<cluster_shard> changed_shards;
};

struct cluster_renewal {
  std::uint64_t me = 0; // 0: renews nothing, only reads
  std::string_view name = {}, process = {};
  std::uint8_t declared = 0;
  std::uint64_t since = 0; // shards that changed after this version
};

struct cluster_death {
  std::uint64_t id = 0, seen_renewal = 0;
};

struct cluster_change {
  shard_id shard = 0;
  epoch seen_epoch = 0;
  std::uint64_t seen_next = 0, seen_wanted = 0;
  std::uint64_t owner = 0;
  epoch at_epoch = 0;
  std::uint64_t next = 0, wanted = 0;
  bool is_move = false; // stamps moved_at
};

struct cluster_handover {
  shard_id shard = 0;
  epoch seen_epoch = 0;
  std::uint64_t seen_next = 0;
  std::uint64_t to = 0;
  epoch to_epoch = 0;
};

/// A session that gives up after `bound_ms` on either side: what the client no longer waits for, the server ends.
[[nodiscard]] postgres_connection open_cluster_session(const std::string& address,
                                                       const char* what_for, int bound_ms);

class cluster_store {
public:
  explicit cluster_store(postgres_connection& on) : on_(on) {}

  /// Makes the cluster if the database holds none; its shard count never changes.
  known_cluster create(const std::string& name, std::uint32_t new_shard_count);
  cluster_joined join(const std::string& cluster, std::uint32_t new_shard_count,
                      const cluster_entrant& who);
  /// This session is from now on that life's own one, or the one it leads on.
  cluster_entry enter(std::uint64_t me, bool is_leaders);
  /// Renews and reads as of one moment.
  cluster_answer renew(const cluster_renewal& what);
  cluster_answer read() { return renew({}); }
  void leave(std::uint64_t me);

  // On the session a node leads on.
  bool try_lock(std::uint64_t me);
  void unlock();
  std::uint64_t write_deaths(std::span<const cluster_death> gone);
  std::uint64_t write_changes(std::span<const cluster_change> changes);
  /// Ends the session on which `holder` holds the lock.
  bool end_holder(const cluster_death& holder);

  std::uint64_t pass_on(std::uint64_t me, std::span<const cluster_handover> shards);

  // An operator's.
  bool wish_move(shard_id shard, std::uint64_t to);
  bool wish_drain(std::uint64_t node);

private:
  postgres_connection& on_;
};

} // namespace rialto::storage

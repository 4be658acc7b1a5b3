// runtime/cluster/rows.hpp: what the database says of nodes and shards, and a node's copy of it.
//
// The room: plain values. Who reads and writes the rows (SQL, on a plain thread) is elsewhere; the machines of this
// folder only see them. A node's copy belongs to one owner and is never shared between threads.
//
//   R1  an incarnation is one life of a process, drawn from a sequence when it joins and never used again
//   R2  a shard's epoch never goes down, and its owner changes only together with it
//   R3  versions are given in the order of the commits (a lock on one row), so "everything since version v" has no holes
#pragma once

#include "domain/money.hpp"
#include "storage/journal.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace rialto::runtime::cluster {

using storage::shard_id;
using incarnation = std::uint64_t;
inline constexpr incarnation nobody = 0;

/// What a node offers to do; a set of them is their sum. Nodes of users and of trading own shards (placement.hpp, P4).
using role_set = std::uint32_t;
inline constexpr role_set role_edge = 1, role_users = 2, role_trading = 4, role_market_data = 8;

/// joining: lives, owns nothing yet (or must not: its clock is off). draining: lives, gives its shards away.
/// gone: its lease was declared over, or it left; such a row never comes back, the process joins again.
enum class node_state : std::uint8_t { joining, up, draining, gone };

struct node_row {
  incarnation id = nobody;
  std::string name;    // one row per name: a new incarnation replaces the former one
  std::string address; // of its middleman
  role_set roles = 0;
  node_state state = node_state::joining;
  timestamp_ns renewed_at{}; // the database's clock
  std::uint64_t renewal = 0; // counts renewals: a declaration names the one it saw
  friend bool operator==(const node_row&, const node_row&) = default;
};

struct shard_row {
  shard_id shard = 0;
  incarnation owner = nobody;
  storage::epoch at_epoch = 0; // the one the owner must write with; 0: never assigned
  incarnation next = nobody;   // the owner hands over to this one
  incarnation wanted =
    nobody; // an operator's wish, taken back by the leader once begun or impossible
  timestamp_ns changed_at{}; // the database's clock, at the last change of any of the above
  timestamp_ns moved_at{};   // when the last planned move began
  friend bool operator==(const shard_row&, const shard_row&) = default;
};

/// The answer to one statement: renew my lease, read all nodes and the shards that changed since the last one.
struct rows_read {
  timestamp_ns sent;                     // this node's steady clock when the statement left
  bool is_renewed = false;               // false: the database knows no such life any more
  timestamp_ns database_now;             // when the statement ran
  timestamp_ns database_started;         // changes when the server restarted
  std::int64_t wall_offset_ns = 0;       // this node's wall minus the database's clock
  incarnation leader = nobody;           // whose session holds the advisory lock
  std::uint64_t version = 0;             // of the newest change in `shards`
  std::vector<node_row> nodes;           // all of them
  std::vector<shard_row> changed_shards; // since the version asked for
};

class cluster_rows {
public:
  /// Takes an answer in; one that is older than what is known changes no shard. Returns what changed.
  std::span<const shard_id> apply(const rows_read& read);

  [[nodiscard]] const std::vector<node_row>& nodes() const { return nodes_; } // ascending by id
  [[nodiscard]] const std::vector<shard_row>& shards() const { return shards_; }
  [[nodiscard]] const node_row* find(incarnation id) const;
  [[nodiscard]] bool is_alive(incarnation id) const;
  [[nodiscard]] timestamp_ns database_now() const { return database_now_; }
  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] incarnation leader() const { return leader_; }

private:
  std::vector<node_row> nodes_;
  std::vector<shard_row> shards_; // the index is the shard
  std::vector<shard_id> changed_;
  timestamp_ns database_now_;
  std::uint64_t version_ = 0;
  incarnation leader_ = nobody;
};

} // namespace rialto::runtime::cluster

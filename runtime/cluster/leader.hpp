// runtime/cluster/leader.hpp: what the one node does that holds the advisory lock, and how a node comes to hold it.
//
// The room: step(input, now) -> outputs over the node's rows and what its membership names expired. It remembers only
// whether it leads and what it waits for; all else is computed from rows, so any leader continues another's work.
//
//   L1  writes are asked for only while the lock is held, one transaction at a time, and the next one only after an
//       answer that was sent after the last one's end. They run on the session that holds the lock: when the lock is
//       free, nothing of a former leader can arrive any more
//   L2  deaths go first and alone; shards are given away from rows that show them
//   L3  a holder whose lease is over (a stopped process keeps its lock) has its session ended by whoever sees it
//   L4  only a node that is up and has a confirmed lease asks for the lock; one that stops being so gives it back
//   L5  when no living node owns anything, as after a start of the whole cluster, shards are given out only after
//       `gather_ns`: else the first node would recover all of them and hand most over again
#pragma once

#include "runtime/cluster/membership.hpp"
#include "runtime/cluster/placement.hpp"

#include <optional>

namespace rialto::runtime::cluster {

struct lock_gained {};
struct lock_refused {}; // or the session ended before it answered
struct lock_lost {};    // its session ended, or it was given back
/// The transaction ended. What became of it is read from the rows, so it does not matter here.
struct written {};
/// After every answer, when rows and membership have taken it.
struct rows_known {
  const cluster_rows& rows;
  const membership& nodes;
  timestamp_ns sent; // of the statement
};
using leader_input = std::variant<lock_gained, lock_refused, lock_lost, written, rows_known>;

struct try_lock {};
struct unlock {};
/// Ends the session that holds the lock, if its node has not renewed since.
struct end_holder {
  expired_node holder;
};
/// Sets nodes gone, each on condition that it has not renewed since.
struct write_deaths {
  std::vector<expired_node> gone;
};
struct write_changes {
  std::vector<shard_change> changes;
};
struct move_refused {
  refused_move which;
};
struct read_now {}; // do not wait for the next renewal
using leader_output =
  std::variant<try_lock, unlock, end_holder, write_deaths, write_changes, move_refused, read_now>;

class leader {
public:
  explicit leader(placement_options options = {}) : options_(options) {}
  void step(const leader_input& input, timestamp_ns now, std::vector<leader_output>& out);
  [[nodiscard]] bool leads() const { return leads_; }

private:
  [[nodiscard]] bool gathers(const cluster_rows& rows, timestamp_ns now);
  void lead(const rows_known& in, timestamp_ns now, std::vector<leader_output>& out);
  void follow(const rows_known& in, timestamp_ns now, std::vector<leader_output>& out);

  placement_options options_;
  bool leads_ = false, is_trying_ = false, is_writing_ = false;
  std::optional<timestamp_ns> cold_since_; // nobody owns anything (L5)
  timestamp_ns read_after_;                // answers sent before this are too old to decide on (L1)
};

} // namespace rialto::runtime::cluster

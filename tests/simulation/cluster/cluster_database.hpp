// tests/simulation/cluster/cluster_database.hpp: the database of a simulated cluster: nodes, shards, the lock, the journal's
// epochs, as the statements see them. Every statement is whole and in order; what the network does to it is the node's matter.
//
// The checks here do not lean on the conditions that the statements check: they compare with true time and with history.
#pragma once

#include "runtime/cluster/leader.hpp"
#include "runtime/cluster/shard_duty.hpp"
#include "tests/simulation/event_queue.hpp"

#include <functional>
#include <optional>

namespace rialto::simulation {

using namespace runtime::cluster;

struct database_counts {
  std::uint64_t statements = 0, rows_read = 0, rows_written = 0, moves = 0, deaths = 0,
                deaths_refused = 0, changes_refused = 0, late_writes = 0, ended_holders = 0,
                too_late = 0, takeovers_refused = 0;
};

class cluster_database {
public:
  using session = std::uint64_t;
  using complaint = std::function<void(const std::string&)>;

  cluster_database(event_queue& queue, std::uint32_t shards, placement_options options,
                   complaint broken);

  // What may happen to it.
  void stop();
  void start();
  void jump_clock(std::int64_t ns) {
    clock_jump_ns_ += ns;
    recent_moves_.clear(); // their seconds are another clock's
  }
  [[nodiscard]] bool is_up() const { return is_up_; }
  /// Now and then a statement is under way for seconds.
  void set_slow(bool on) { is_slow_ = on; }
  [[nodiscard]] bool is_slow() const { return is_slow_; }

  // Sessions. Statements of one that is over have no effect.
  /// Ends the caller's former session, so that nothing it left under way arrives behind what the new one reads.
  session connect(incarnation who, session former);
  void close(session which);
  [[nodiscard]] bool is_open(session which) const { return sessions_.contains(which); }

  // Statements; the caller has seen to it that the session is open.
  incarnation join(session by, const std::string& name, role_set roles);
  void leave(incarnation who);
  rows_read renew(incarnation me, node_state declared, std::uint64_t since);
  bool try_lock(session by);
  void unlock(session by);
  void end_holder(const expired_node& holder);
  void write(session by, const write_deaths& what);
  void write(session by, const write_changes& what);
  void pass(incarnation me, const pass_on& what);
  /// 0: taken over; else the journal's epoch.
  storage::epoch take_over(incarnation me, shard_id shard, storage::epoch to);

  // For faults, checks and measures.
  /// The journal has an epoch that no row knows: it was copied from elsewhere.
  void age_journal(shard_id shard, storage::epoch to) { journal_[shard].at_epoch = to; }
  void wish(shard_id shard, incarnation to);
  [[nodiscard]] const std::vector<shard_row>& shards() const { return shards_; }
  [[nodiscard]] const std::map<std::string, node_row>& nodes() const { return nodes_; }
  [[nodiscard]] bool is_gone(incarnation who) const;
  [[nodiscard]] incarnation leader() const;
  void note_too_late() { ++counts_.too_late; } // a statement of a session that is over
  [[nodiscard]] const database_counts& counts() const { return counts_; }
  [[nodiscard]] std::uint64_t epoch_sum() const;
  void note_closed(incarnation who) { closed_.insert(who); } // a peer saw its connection close

private:
  [[nodiscard]] timestamp_ns clock() const { return {queue_.now().value + clock_jump_ns_}; }
  [[nodiscard]] node_row* find(incarnation who);
  void changed(shard_row& row, const shard_row& before);
  void count_move();

  event_queue& queue_;
  placement_options options_;
  complaint broken_;
  bool is_up_ = true, is_slow_ = false;
  std::int64_t clock_jump_ns_ = 0;
  timestamp_ns started_;
  session last_session_ = 0;
  std::map<session, incarnation> sessions_;
  session lock_holder_ = 0;
  incarnation last_incarnation_ = 0;
  std::map<std::string, node_row> nodes_;
  std::map<incarnation, timestamp_ns> renewed_truly_;
  std::set<incarnation> closed_;
  std::vector<shard_row> shards_;
  std::uint64_t version_ = 0;
  std::map<std::uint64_t, shard_id> by_version_;
  std::vector<std::uint64_t> version_of_;
  struct journal_state {
    storage::epoch at_epoch = 0;
    incarnation owner = nobody;
  };
  std::vector<journal_state> journal_;
  std::map<std::pair<shard_id, storage::epoch>, incarnation> owner_of_epoch_;
  std::vector<timestamp_ns> recent_moves_; // stamps within the last second
  database_counts counts_;
};

} // namespace rialto::simulation

// runtime/cluster/shard_duty.hpp: which shards a node opens, keeps, hands over and drops, as the rows say.
//
// The room: step(input, now) -> outputs. Every output is an order to the node's own shards or database session; its
// answer comes back as an input with the order's `turn`, and one with another turn is late and ignored. No clock,
// thread, CAF or SQL. One owner.
//
//   D1  a shard is opened only while the lease is confirmed, under the epoch of a row that names this life
//   D2  a handover goes stop (between two messages), drain the lane, pass on: the row names the next owner only after
//       this node has written its last, so by its own will there are never two
//   D3  a lost lease, another owner or another epoch drops the shard at once, whatever it is doing
//   D4  what became of passing on is read from an answer sent after it ended; a shard that stays here is resumed
//   D5  a journal at a higher epoch than the row's closes the shard here; if the row still names this node, it asks
//       for an epoch above the journal's
#pragma once

#include "runtime/cluster/membership.hpp"

#include <map>

namespace rialto::runtime::cluster {

using turn_number = std::uint64_t;

struct duty_times {
  std::int64_t retry_ns = 200'000'000; // doubled with each failure to open
  std::int64_t retry_max_ns = 10'000'000'000;
};

struct shard_opened {
  shard_id shard = 0;
  turn_number turn = 0;
};
struct shard_open_failed {
  shard_id shard = 0;
  turn_number turn = 0;
  storage::epoch journal_epoch = 0; // above 0: that is why; else it is tried again
};
struct shard_drained {
  shard_id shard = 0;
  turn_number turn = 0;
};
struct pass_on_ended {
  shard_id shard = 0;
  turn_number turn = 0;
};
/// The journal refused an append of this epoch, since it is at another one.
struct shard_fenced {
  shard_id shard = 0;
  storage::epoch at_epoch = 0;
  storage::epoch journal_epoch = 0;
};
struct rows_changed {
  const cluster_rows& rows;
  std::span<const shard_id> changed;
  timestamp_ns sent; // of the statement
};
using duty_input = std::variant<node_joined, lease_changed, rows_changed, shard_opened,
                                shard_open_failed, shard_drained, pass_on_ended, shard_fenced>;

/// Raise the journal's epoch to `at_epoch` (refused if it is there already by another lane, or above), read the
/// heads, activate what is not clean.
struct open_shard {
  shard_id shard = 0;
  storage::epoch at_epoch = 0;
  turn_number turn = 0;
};
/// Take nothing more; answer shard_drained when the last append is decided.
struct stop_shard {
  shard_id shard = 0;
  turn_number turn = 0;
};
struct resume_shard {
  shard_id shard = 0;
  turn_number turn = 0;
};
/// Write the row, on condition that it still says `seen_epoch` and `seen_next` and this node.
struct pass_on {
  shard_id shard = 0;
  turn_number turn = 0;
  storage::epoch seen_epoch = 0;
  incarnation seen_next = nobody;
  incarnation to = nobody;
  storage::epoch to_epoch = 0;
};
/// Forget everything of it, without a word to anyone.
struct drop_shard {
  shard_id shard = 0;
};
using duty_output = std::variant<open_shard, stop_shard, resume_shard, pass_on, drop_shard>;

/// Where a message for a shard goes.
struct shard_route {
  incarnation owner = nobody;
  storage::epoch at_epoch = 0;
  bool is_moving = false; // soon elsewhere: wait a little rather than fail
  bool is_here = false;   // this node takes messages for it now
};

class shard_duty {
public:
  explicit shard_duty(duty_times times = {}) : times_(times) {}
  void step(const duty_input& input, timestamp_ns now, std::vector<duty_output>& out);

  [[nodiscard]] shard_route where(const cluster_rows& rows, shard_id shard) const;
  /// Neither a copy here nor a row that names this node: a draining node may leave.
  [[nodiscard]] bool owns_nothing(const cluster_rows& rows) const;
  [[nodiscard]] std::size_t serving() const;

private:
  enum class phase : std::uint8_t {
    opening,
    resting, // until it is tried again
    serving,
    stopping,
    drained,
    passing,
    passed, // until an answer tells
    stale   // the journal is above the row
  };
  struct copy {
    storage::epoch at_epoch = 0;
    phase is = phase::opening;
    turn_number turn = 0;
    bool is_open = false;             // there is something to resume or drop
    bool is_just_open = false;        // its row is to be looked at again
    storage::epoch journal_epoch = 0; // of stale
    std::uint32_t failures = 0;
    timestamp_ns since; // passed, stale: when it became so; resting: when to try again
  };
  copy* find(shard_id shard, turn_number turn, phase expected);
  void look(const rows_changed& in, timestamp_ns now, std::vector<duty_output>& out);
  void look_at(const shard_row& row, timestamp_ns sent, timestamp_ns now,
               std::vector<duty_output>& out);
  void advance(copy& mine, const shard_row& row, timestamp_ns sent, timestamp_ns now,
               std::vector<duty_output>& out);
  void open(copy& mine, shard_id shard, std::vector<duty_output>& out);
  void pass(copy& mine, const shard_row& row, incarnation to, storage::epoch to_epoch,
            std::vector<duty_output>& out);
  void drop_all(std::vector<duty_output>& out);

  duty_times times_;
  incarnation me_ = nobody;
  bool has_lease_ = false, is_all_new_ = true;
  turn_number last_turn_ = 0;
  std::map<shard_id, copy> copies_; // at most one per shard
};

} // namespace rialto::runtime::cluster

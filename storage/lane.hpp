// storage/lane.hpp: group commit. Many entities' appends travel together; what rests on them leaves
// together.
//
// The room: appends come in from one owner (a shard actor or the simulator), durable notices go out
// in order. Effects (answers, publications, link messages) travel with the append and are handed
// over only when it is durable: nothing can leave early. thread_lane commits on a thread of its
// own; storage/group_commit.hpp holds the rules without a thread.
//
//   L1  notices come in the order of submit()
//   L2  fail-stop: after a result other than accepted or claim_taken every later submission gets
//       `failed`, unsent, until restart()
//   L3  the lane numbers: it owns each shard's head and merges what waits into one row per shard; a
//       submitter says shard, epoch and records and leaves `predecessor` 0
//   L4  a submission with claims is committed alone: claim_taken refuses it and nothing else
//   L5  a barrier (neither rows nor claims) shares the fate of what was submitted before it; with
//       nothing undecided before it, it is accepted without a commit
#pragma once

#include "storage/journal.hpp"

#include <functional>
#include <memory>

namespace rialto::storage {

/// What waits for an append; the lane never looks inside.
struct effects {
  virtual ~effects() = default;
};

struct submission {
  journal_batch batch; // without rows: a barrier, durable when everything before it is
  std::unique_ptr<effects> waiting;
};

struct notice {
  append_result result = append_result::failed;
  std::unique_ptr<effects> waiting;
  std::vector<std::pair<shard_id, position>>
    rows{}; // that hold it, ascending; empty: not accepted or a barrier

  /// Of the row of one shard; 0: there is none.
  [[nodiscard]] position at(shard_id shard) const {
    for (const auto& [of, row] : rows)
      if (of == shard) return row;
    return 0;
  }
};

class lane {
public:
  virtual ~lane() = default;
  /// Never blocks. Bounded: false (nothing taken) when `capacity` submissions wait; the caller
  /// answers "busy".
  [[nodiscard]] virtual bool submit(submission& one) = 0;
  /// Submissions not yet noticed.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
  /// The submitter has taken a shard over: its rows follow `head`. Before its first submission to that shard.
  virtual void adopt(shard_id shard, journal_head head) = 0;
};

/// Called on the lane's thread, never within submit(): once per commit with all its notices, and for
/// barriers and refusals of their own. It hands on and returns; it does not call the lane.
using durable_handler = std::function<void(std::vector<notice>& notices)>;

struct lane_statistics {
  std::uint64_t commits = 0, submissions = 0, rows = 0, bytes = 0;
  std::uint64_t commit_ns_last = 0, commit_ns_max = 0, commit_ns_total = 0;
};

class thread_lane : public lane {
public:
  /// Reads the heads; throws journal_error if that fails. The store outlives the lane.
  thread_lane(journal& store, durable_handler durable, std::size_t capacity = 4'096);
  ~thread_lane() override; // commits what waits, then joins
  [[nodiscard]] bool submit(submission& one) override;
  /// Counts a submission until its notice has been handled.
  [[nodiscard]] std::size_t waiting() const override;
  void adopt(shard_id shard, journal_head head) override;
  [[nodiscard]] bool has_failed() const;
  /// The engine's words for the last failure; empty: none yet.
  [[nodiscard]] std::string failure() const;
  /// A new session, after the owner has dropped its entities. Blocks: what was submitted before is
  /// noticed first, then the heads are read and returned; what is submitted later belongs to the new
  /// session. Throws journal_error, still failed, if the heads cannot be read: try again later; or
  /// journal_behind: do not. Not to be called on the lane's own thread.
  std::map<shard_id, journal_head> restart();
  [[nodiscard]] lane_statistics statistics() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace rialto::storage

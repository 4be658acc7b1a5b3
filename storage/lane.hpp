// storage/lane.hpp: group commit. Many entities' appends travel together; what rests on them leaves
// together.
//
// The room: appends come in from one owner (a shard actor or the simulator), durable notices go out
// in order. Effects (answers, publications, link messages) travel with the append and are handed
// over only when it is durable: nothing can leave early. thread_lane commits on a thread of its
// own; the simulator uses a lane of its own making with the same rules.
//
//   L1  notices come in the order of submit()
//   L2  fail-stop: after a result other than accepted or claim_taken every later submission gets
//   `failed`, unsent, until restart()
#pragma once

#include "storage/journal.hpp"

#include <functional>
#include <memory>

namespace rialto::storage {

/// What waits for an append; the lane never looks inside.
struct effects {
  virtual ~effects() = default;
};

///
/// The lane owns the heads: it merges what waits into one row per shard and fills in `predecessor`; a submitter leaves it 0.
struct submission {
  journal_batch batch; // without rows: a barrier, durable when everything before it is
  std::unique_ptr<effects> waiting;
};

struct notice {
  append_result result = append_result::failed;
  std::unique_ptr<effects> waiting;
  position at = 0; // of the row that holds it (its last one, when it touched several shards); 0: not accepted or a barrier
};

class lane {
public:
  virtual ~lane() = default;
  /// Never blocks. Bounded: false (nothing taken) when `capacity` submissions wait; the caller
  /// answers "busy".
  [[nodiscard]] virtual bool submit(submission& one) = 0;
  /// Submissions not yet noticed.
  [[nodiscard]] virtual std::size_t waiting() const = 0;
};

/// `durable` is called on the lane's thread once per commit with all its notices.
using durable_handler = std::function<void(std::vector<notice>& notices)>;

struct lane_statistics {
  std::uint64_t commits = 0, submissions = 0, rows = 0, bytes = 0;
  std::uint64_t commit_ns_last = 0, commit_ns_max = 0;
};

class thread_lane : public lane {
public:
  thread_lane(journal& store, durable_handler durable, std::size_t capacity = 4'096);
  ~thread_lane() override; // commits what waits, then joins
  [[nodiscard]] bool submit(submission& one) override;
  [[nodiscard]] std::size_t waiting() const override;
  [[nodiscard]] bool has_failed() const;
  /// A new session after a failure: the owner has dropped its entities and read the heads.
  void restart();
  [[nodiscard]] lane_statistics statistics() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace rialto::storage

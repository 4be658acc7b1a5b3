// storage/group_commit.hpp: what a lane does, without its thread: groups, numbers, fails and stops.
//
// The room: a queue comes in, notices go out. thread_lane runs it on a thread of its own; a test or
// simulation steps it. One owner, not thread-safe. The rules are L1 to L5 of storage/lane.hpp.
#pragma once

#include "storage/lane.hpp"

#include <deque>
#include <string>

namespace rialto::storage {

class group_commit {
public:
  /// A group is closed before its blobs exceed this; a larger submission travels alone.
  static constexpr std::size_t group_bytes_max = 4 << 20;

  /// Reads the heads; throws journal_error.
  explicit group_commit(journal& store) : store_(store), heads_(store.heads()) {}

  /// Takes the next group off the front of `waiting` (not empty), commits it if it has rows, and
  /// appends its notices.
  void commit_next(std::deque<submission>& waiting, std::vector<notice>& out);
  /// A shard was taken over; what is submitted to it from now on follows `head`.
  void adopt(shard_id shard, journal_head head) { heads_[shard] = head; }
  /// Reads the heads and opens again; throws journal_error, still failed: journal_behind, for good, if
  /// acknowledged rows are not there any more.
  const std::map<shard_id, journal_head>& restart();

  [[nodiscard]] bool has_failed() const { return has_failed_; }
  [[nodiscard]] const std::string& failure() const { return failure_; }
  [[nodiscard]] const lane_statistics& statistics() const { return statistics_; }

private:
  void take_group(std::deque<submission>& waiting);
  [[nodiscard]] bool joins(const submission& one) const;
  [[nodiscard]] journal_batch batch_of_group();
  [[nodiscard]] append_outcome append(const journal_batch& batch);
  void note(std::vector<notice>& out, submission& one, append_result result);

  journal& store_;
  std::map<shard_id, journal_head> heads_;
  std::vector<submission> group_;
  std::map<shard_id, epoch> group_epochs_; // of the rows in the group
  std::size_t group_bytes_ = 0;
  bool has_failed_ = false;
  std::string failure_;
  lane_statistics statistics_;
};

} // namespace rialto::storage

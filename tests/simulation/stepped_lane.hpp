// tests/simulation/stepped_lane.hpp: a lane and a disk whose every commit is a step, with faults by
// plan.
//
// The disk keeps rows that were acknowledged, and perhaps one that was written but not acknowledged
// ("unknown"). A crash forgets what waits. The rules of storage/lane.hpp hold: notices in order,
// fail-stop after a failure.
#pragma once

#include "storage/lane.hpp"
#include "storage/record.hpp"

#include <deque>
#include <vector>

namespace rialto::simulation {

enum class disk_fault : std::uint8_t { none, refused, unknown_written, unknown_lost };

class stepped_lane final : public storage::lane {
public:
  [[nodiscard]] bool submit(storage::submission& one) override {
    if (queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(one));
    return true;
  }
  [[nodiscard]] std::size_t waiting() const override { return queue_.size(); }

  /// Commits the next `count` submissions as one group, each its own row of the shard, and hands
  /// back their notices.
  std::vector<storage::notice> commit(std::size_t count, disk_fault fault) {
    std::vector<storage::notice> notices;
    for (; count > 0 && !queue_.empty(); --count) {
      auto one = std::move(queue_.front());
      queue_.pop_front();
      auto result = storage::append_result::accepted;
      if (failed_) {
        result = storage::append_result::failed;
      } else if (!one.batch.rows.empty()) {
        for (const auto& claim : one.batch.claims)
          if (claims_.contains(claim.key)) result = storage::append_result::claim_taken;
        if (result == storage::append_result::accepted && fault != disk_fault::none) {
          failed_ = true;
          result = fault == disk_fault::refused ? storage::append_result::failed
                                                : storage::append_result::unknown;
          if (fault == disk_fault::unknown_written) write(one);
        } else if (result == storage::append_result::accepted) {
          write(one);
        }
      }
      notices.push_back({result, std::move(one.waiting),
                         result == storage::append_result::accepted ? rows.size() : 0});
    }
    return notices;
  }
  [[nodiscard]] bool has_failed() const { return failed_; }
  void restart() { failed_ = false; }
  /// The process dies: what waits is gone. `also_written`: how many of the waiting rows the disk
  /// got without saying so.
  void crash(std::size_t also_written) {
    for (; also_written > 0 && !queue_.empty() && !failed_; --also_written) {
      if (!queue_.front().batch.rows.empty() && queue_.front().batch.claims.empty())
        write(queue_.front());
      queue_.pop_front();
    }
    queue_.clear();
    failed_ = false;
  }

  std::vector<std::string> rows; // the durable truth: row p is rows[p - 1]

private:
  void write(const storage::submission& one) {
    rows.push_back(one.batch.rows.front().blob);
    for (const auto& claim : one.batch.claims) claims_[claim.key] = claim.owner;
  }
  std::deque<storage::submission> queue_;
  std::map<std::string, entity_id> claims_;
  std::size_t capacity_ = 4'096;
  bool failed_ = false;
};

} // namespace rialto::simulation

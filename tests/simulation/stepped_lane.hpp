// tests/simulation/stepped_lane.hpp: the real lane's rules (storage/group_commit) with no thread: every commit is a step that somebody takes.
#pragma once

#include "storage/group_commit.hpp"

namespace rialto::simulation {

class stepped_lane final : public storage::lane {
public:
  /// Reads the heads, as a lane does at its start.
  explicit stepped_lane(storage::journal& store) : commits_(store) {}

  [[nodiscard]] bool submit(storage::submission& one) override {
    if (queue_.size() >= capacity_) return false;
    queue_.push_back(std::move(one));
    return true;
  }
  [[nodiscard]] std::size_t waiting() const override { return queue_.size(); }
  void adopt(storage::shard_id shard, storage::journal_head head) override {
    commits_.adopt(shard, head);
  }

  /// Takes off what a lane's thread would find if it looked now and `count` submissions waited: commits one group of them.
  std::vector<storage::notice> commit(std::size_t count) {
    std::deque<storage::submission> found;
    for (; count > 0 && !queue_.empty(); --count) {
      found.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    std::vector<storage::notice> notices;
    if (!found.empty()) commits_.commit_next(found, notices);
    for (; !found.empty(); found.pop_back()) queue_.push_front(std::move(found.back()));
    return notices;
  }
  /// Throws journal_error, still failed.
  const std::map<storage::shard_id, storage::journal_head>& restart() { return commits_.restart(); }

private:
  storage::group_commit commits_;
  std::deque<storage::submission> queue_;
  std::size_t capacity_ = 4'096;
};

} // namespace rialto::simulation

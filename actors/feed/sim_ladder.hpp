// actors/feed/sim_ladder.hpp: one side of a simulated book, and which of its levels changed.
//
// The room: levels by rank, the best last; rank is the price in ticks for bids and its negative for
// asks, so both sides are the same code.
#pragma once

#include "domain/feed.hpp"

#include <algorithm>
#include <vector>

namespace rialto::actors {

class sim_ladder {
public:
  struct level {
    std::int64_t rank = 0, lots = 0;
  };
  explicit sim_ladder(side way) : way_(way) {}

  [[nodiscard]] bool empty() const { return levels_.empty(); }
  [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(levels_.size()); }
  [[nodiscard]] const level& best() const { return levels_.back(); }
  [[nodiscard]] const level& worst() const { return levels_.front(); }
  /// The n-th from the best.
  [[nodiscard]] const level& nth(std::int64_t n) const {
    return levels_[levels_.size() - 1 - static_cast<std::size_t>(n)];
  }
  [[nodiscard]] std::int64_t tick_of(std::int64_t rank) const {
    return way_ == side::buy ? rank : -rank;
  }

  [[nodiscard]] bool has(std::int64_t rank) const {
    const auto at = place(rank);
    return at != levels_.end() && at->rank == rank;
  }

  /// The new total of a level; 0 removes it.
  void set(std::int64_t rank, std::int64_t lots) {
    const auto at = place(rank);
    const bool is_there = at != levels_.end() && at->rank == rank;
    if (lots == 0) {
      if (is_there) levels_.erase(at);
    } else if (is_there) {
      at->lots = lots;
    } else {
      levels_.insert(at, {rank, lots});
    }
    changed_.push_back(rank);
  }
  void remove_worst() {
    changed_.push_back(levels_.front().rank);
    levels_.erase(levels_.begin());
  }

  [[nodiscard]] bool has_changed() const { return !changed_.empty(); }
  /// Appends the totals of the levels that changed since the last call, each once.
  void take_changes(std::int64_t tick8, std::int64_t lot8, std::vector<feed_level>& out) {
    std::sort(changed_.begin(), changed_.end());
    changed_.erase(std::unique(changed_.begin(), changed_.end()), changed_.end());
    for (const auto rank : changed_) {
      const auto at = place(rank);
      const auto lots = at != levels_.end() && at->rank == rank ? at->lots : 0;
      out.push_back({way_, tick_of(rank) * tick8, lots * lot8});
    }
    changed_.clear();
  }
  /// Appends every level, the best first.
  void write(std::int64_t tick8, std::int64_t lot8, std::vector<feed_level>& out) const {
    for (auto at = levels_.rbegin(); at != levels_.rend(); ++at)
      out.push_back({way_, tick_of(at->rank) * tick8, at->lots * lot8});
  }

private:
  [[nodiscard]] static bool is_worse(const level& one, std::int64_t rank) {
    return one.rank < rank;
  }
  [[nodiscard]] std::vector<level>::iterator place(std::int64_t rank) {
    return std::lower_bound(levels_.begin(), levels_.end(), rank, is_worse);
  }
  [[nodiscard]] std::vector<level>::const_iterator place(std::int64_t rank) const {
    return std::lower_bound(levels_.begin(), levels_.end(), rank, is_worse);
  }

  side way_;
  std::vector<level> levels_;
  std::vector<std::int64_t> changed_;
};

} // namespace rialto::actors

// runtime/cluster_routes.hpp: where a message for a shard goes, asked for every request, on any thread.
//
// The room: one writer, any readers, no lock: a reader that meets a change reads again. The table is made once, when the number of
// shards is known, and never shrinks.
#pragma once

#include "runtime/cluster/shard_duty.hpp"

#include <atomic>
#include <memory>

namespace rialto::runtime {

class cluster_routes {
public:
  /// Once; before it every shard is nobody's.
  void open(std::uint32_t shards) {
    owned_ = std::make_unique<entry[]>(shards);
    entries_.store(owned_.get(), std::memory_order_release);
    count_.store(shards, std::memory_order_release);
  }
  [[nodiscard]] std::uint32_t count() const { return count_.load(std::memory_order_acquire); }

  void set(cluster::shard_id shard, const cluster::shard_route& to) {
    auto& at = owned_[shard];
    const auto rest = to.at_epoch << 2 | (to.is_moving ? 2U : 0U) | (to.is_here ? 1U : 0U);
    if (at.owner.load(std::memory_order_relaxed) == to.owner &&
        at.rest.load(std::memory_order_relaxed) == rest)
      return;
    const auto turn = at.turn.load(std::memory_order_relaxed);
    at.turn.store(turn + 1, std::memory_order_relaxed);  // odd: being written
    at.owner.store(to.owner, std::memory_order_release); // who sees one of these sees the odd turn
    at.rest.store(rest, std::memory_order_release);
    at.turn.store(turn + 2, std::memory_order_release);
  }
  [[nodiscard]] cluster::shard_route at(cluster::shard_id shard) const {
    if (shard >= count()) return {};
    const auto& from = entries_.load(std::memory_order_acquire)[shard];
    for (;;) {
      const auto before = from.turn.load(std::memory_order_acquire);
      const auto owner = from.owner.load(std::memory_order_acquire);
      const auto rest = from.rest.load(std::memory_order_acquire);
      if ((before & 1) == 0 && before == from.turn.load(std::memory_order_relaxed))
        return {owner, rest >> 2, (rest & 2) != 0, (rest & 1) != 0};
    }
  }

private:
  struct entry {
    std::atomic<std::uint32_t> turn{0};
    std::atomic<std::uint64_t> owner{0}, rest{0};
  };
  std::unique_ptr<entry[]> owned_;
  std::atomic<entry*> entries_{nullptr};
  std::atomic<std::uint32_t> count_{0};
};

} // namespace rialto::runtime

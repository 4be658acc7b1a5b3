// actors/watched_orders.hpp: which orders have an actor at the moment, so that the lane's thread sends it what becomes durable.
//
// The room: few orders are watched, most of the time none; then asking costs one load. Thread-safe.
#pragma once

#include "domain/order.hpp"

#include <atomic>
#include <mutex>
#include <unordered_set>

namespace rialto::actors {

/// Answers to an order's actor carry its id below this bit; an edge's tokens stay below it.
inline constexpr std::uint64_t order_token_bit = std::uint64_t{1} << 63;

class watched_orders {
public:
  void add(order_id id) {
    const std::lock_guard hold(lock_);
    ids_.insert(id);
    count_.store(ids_.size(), std::memory_order_relaxed);
  }
  void remove(order_id id) {
    const std::lock_guard hold(lock_);
    ids_.erase(id);
    count_.store(ids_.size(), std::memory_order_relaxed);
  }
  [[nodiscard]] bool is_empty() const { return count_.load(std::memory_order_relaxed) == 0; }
  [[nodiscard]] bool contains(order_id id) const {
    const std::lock_guard hold(lock_);
    return ids_.contains(id);
  }

private:
  std::atomic<std::size_t> count_{0};
  mutable std::mutex lock_;
  std::unordered_set<order_id> ids_;
};

} // namespace rialto::actors

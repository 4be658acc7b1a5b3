// runtime/actor_registry.hpp: what is known of every actor alive, for the inspector. No CAF.
//
// The room: one entry per actor, counted with relaxed atomics by the actor itself, listed by
// whoever asks. The registry's lock is taken at start and stop of an actor and for listings, never
// per message: the cost on a message is two increments.
#pragma once

#include "domain/money.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace rialto::runtime {

struct actor_entry {
  std::string kind, name, parent; // "account", "account/17", "user/9"
  std::atomic<std::uint64_t> enqueued{0}, handled{0};
  std::atomic<std::uint32_t> restarts{0};
  timestamp_ns started_at;

  /// Messages waiting.
  [[nodiscard]] std::uint64_t mailbox() const {
    const auto done = handled.load(std::memory_order_relaxed),
               all = enqueued.load(std::memory_order_relaxed);
    return all > done ? all - done : 0;
  }
  void set_failure(std::string why) {
    const std::lock_guard hold(failure_lock_);
    last_failure_ = std::move(why);
  }
  [[nodiscard]] std::string last_failure() const {
    const std::lock_guard hold(failure_lock_);
    return last_failure_;
  }

private:
  mutable std::mutex failure_lock_;
  std::string last_failure_;
};

/// A listing's row.
struct actor_info {
  std::string kind, name, parent, last_failure;
  std::uint64_t mailbox = 0, handled = 0;
  std::uint32_t restarts = 0;
  timestamp_ns started_at;
};

class actor_registry {
public:
  /// A new actor under a name; a former one's restarts and last failure are kept when it comes back
  /// within `remember_max` names.
  [[nodiscard]] std::shared_ptr<actor_entry> add(std::string kind, std::string name,
                                                 std::string parent, timestamp_ns now);
  void remove(const std::string& name);
  /// Counts a failure of a running or just ended actor; it stays listed until it is removed.
  void note_failure(const std::string& name, const std::string& why);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<actor_info> list(std::size_t limit) const;           // by name
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> counts() const; // per kind

  static constexpr std::size_t remember_max = 10'000;

private:
  struct past {
    std::uint32_t restarts = 0;
    std::string last_failure;
  };
  mutable std::mutex lock_;
  std::unordered_map<std::string, std::shared_ptr<actor_entry>> entries_;
  std::unordered_map<std::string, past> failed_; // names that failed once; at most remember_max
};

} // namespace rialto::runtime

// runtime/actor_registry.hpp: what is known of every actor alive, for the inspector. No CAF.
//
// The room: one entry per actor, counted with relaxed atomics by the actor itself, listed by
// whoever asks. The registry's lock is taken at start and stop of an actor and for listings, never
// per message: the cost on a message is two increments.
#pragma once

#include "domain/money.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
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
  std::uint32_t restarts = 0; // failures since the node started
  timestamp_ns started_at;    // 0: it does not run
  bool is_failed = false;     // given up: it is not started again by itself
};

/// Which rows a listing wants; what is empty asks nothing.
struct actor_query {
  std::string kind = {}, parent = {};
  std::string after = {}; // names behind this one: the next page
  std::size_t limit = 100;
};

class actor_registry {
public:
  /// A new actor under a name; a former one's restarts and last failure are kept when it comes back
  /// within `remember_max` names.
  [[nodiscard]] std::shared_ptr<actor_entry> add(std::string kind, std::string name,
                                                 std::string parent, timestamp_ns now);
  /// Only this entry: a successor of the same name stays.
  void remove(const actor_entry& gone);
  /// Counts a failure of a running or just ended actor. One that is given up stays listed, as failed,
  /// until an actor of its name starts again.
  void note_failure(const std::string& name, const std::string& kind, const std::string& parent,
                    const std::string& why, bool is_given_up = false);

  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<actor_info> list(const actor_query& query) const; // by name
  [[nodiscard]] std::optional<actor_info> find(const std::string& name) const;
  [[nodiscard]] std::vector<std::pair<std::string, std::size_t>> counts() const; // per kind

  static constexpr std::size_t remember_max = 10'000;

private:
  struct past {
    std::uint32_t restarts = 0;
    std::string last_failure;
    std::string kind, parent; // for one that is given up
    bool is_given_up = false;
  };
  [[nodiscard]] static actor_info row_of(const actor_entry& entry);
  [[nodiscard]] static actor_info row_of(const std::string& name, const past& failed);
  mutable std::mutex lock_;
  std::unordered_map<std::string, std::shared_ptr<actor_entry>> entries_;
  std::map<std::string, past> failed_; // names that failed once; at most remember_max
};

} // namespace rialto::runtime

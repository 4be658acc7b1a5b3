// runtime/actor_entry.hpp: what is known of one actor alive. No CAF.
//
// The room: counted with relaxed atomics by whoever runs the actor, one thread at a time; read by lookers.
// Time in handlers is measured for every message while somebody looks (actor_registry::watch) and for
// one in actor_registry::sample_every otherwise, each then counting for all of them.
#pragma once

#include "runtime/actor_trace.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace rialto::runtime {

/// Ends an actor from outside, as a fault in it would.
struct actor_door {
  virtual ~actor_door() = default;
  virtual void end(const std::string& why) = 0;
};

struct actor_entry {
  std::string kind, name, parent; // "account", "account/17", "user/9"
  timestamp_ns started_at;
  std::unique_ptr<actor_door> door; // set before the entry is shared; may be null
  std::atomic<std::uint64_t> enqueued{0}, handled{0};
  std::atomic<std::uint64_t> runs{
    0}; // of its entity in the shard, as of its last run that was watched
  std::atomic<std::uint64_t> watched_runs{0}; // of those, the ones that were watched
  std::atomic<std::uint64_t> cpu_ns{0};       // in handlers
  std::atomic<std::int64_t> longest_ns{0};
  std::atomic<const char*> longest_what{nullptr}; // a name that outlives the actor
  std::atomic<std::uint64_t> state_bytes{0};      // of its entity, estimated; 0: not looked at
  std::atomic<std::uint32_t> restarts{0};
  std::atomic<bool> is_traced{false}, is_gone{false};

  /// Messages waiting.
  [[nodiscard]] std::uint64_t mailbox() const {
    const auto done = handled.load(std::memory_order_relaxed),
               all = enqueued.load(std::memory_order_relaxed);
    return all > done ? all - done : 0;
  }
  [[nodiscard]] std::uint64_t messages() const {
    return handled.load(std::memory_order_relaxed) + runs.load(std::memory_order_relaxed);
  }
  /// Its shell, what waits in its mailbox, and what its entity was last seen to hold.
  [[nodiscard]] std::uint64_t memory_bytes() const {
    constexpr std::uint64_t shell_bytes = 1'300, message_bytes = 200; // as measured
    return shell_bytes + mailbox() * message_bytes + state_bytes.load(std::memory_order_relaxed);
  }
  /// One handler ran. `cpu` stands for all that were not measured since. Only by who runs it.
  void note_run(std::int64_t took_ns, std::uint64_t cpu, const char* what) {
    cpu_ns.store(cpu_ns.load(std::memory_order_relaxed) + cpu, std::memory_order_relaxed);
    if (took_ns <= longest_ns.load(std::memory_order_relaxed)) return;
    longest_ns.store(took_ns, std::memory_order_relaxed);
    longest_what.store(what, std::memory_order_relaxed);
  }

  void set_failure(std::string why) {
    const std::lock_guard hold(lock_);
    seldom().failure = std::move(why);
  }
  [[nodiscard]] std::string last_failure() const {
    const std::lock_guard hold(lock_);
    return seldom_ ? seldom_->failure : std::string{};
  }

  /// Keeps messages from now until `until_ns` of the monotonic clock.
  void trace_until(std::int64_t until_ns) {
    const std::lock_guard hold(lock_);
    auto& own = seldom();
    if (!own.trace) own.trace = std::make_unique<actor_trace>();
    own.trace_until_ns = until_ns;
    is_traced.store(true, std::memory_order_relaxed);
  }
  /// Drops the trace if its lease is over. Returns whether one is kept.
  bool keeps_trace(std::int64_t monotonic_ns) {
    const std::lock_guard hold(lock_);
    if (!seldom_ || !seldom_->trace) return false;
    if (monotonic_ns < seldom_->trace_until_ns) return true;
    seldom_->trace.reset();
    is_traced.store(false, std::memory_order_relaxed);
    return false;
  }
  void add_trace(timestamp_ns at, std::int64_t monotonic_ns, std::int64_t took_ns, std::string kind,
                 std::string text) {
    if (!keeps_trace(monotonic_ns)) return;
    const std::lock_guard hold(lock_);
    if (seldom_->trace)
      seldom_->trace->add(at, monotonic_ns, took_ns, std::move(kind), std::move(text));
  }
  /// Calls read(trace) if there is one.
  template <class Read>
  void read_trace(Read&& read) const {
    const std::lock_guard hold(lock_);
    if (seldom_ && seldom_->trace) read(std::as_const(*seldom_->trace));
  }

  // As of the registry's last look.
  std::atomic<std::uint32_t> rate{0}, cpu_ppm{0};   // messages a second; share of one processor
  std::uint64_t seen_messages = 0, seen_cpu_ns = 0; // under the registry's lock

private:
  struct rare { // most actors never fail and are never followed
    std::string failure;
    std::unique_ptr<actor_trace> trace;
    std::int64_t trace_until_ns = 0;
  };
  rare& seldom() {
    if (!seldom_) seldom_ = std::make_unique<rare>();
    return *seldom_;
  }
  mutable std::mutex lock_;
  std::unique_ptr<rare> seldom_;
};

} // namespace rialto::runtime

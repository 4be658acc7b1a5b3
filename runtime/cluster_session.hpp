// runtime/cluster_session.hpp: one database session of a node: a thread, a connection, and statements one after the other.
//
// The room: no decision. A statement ends within the bound the session was made with (a connect within it per host), so whoever waits
// for its end waits no longer than that times what is before it in the queue.
//
//   S1  every failure closes the connection: what the statement did is unknown, and the next one runs on a new connection
//   S2  a new connection enters for its life before anything else, which ends the former one (storage/cluster_store.hpp, T3)
#pragma once

#include "runtime/worker_pool.hpp"
#include "storage/cluster_store.hpp"

#include <atomic>

namespace rialto::runtime {

enum class session_use : std::uint8_t { own, leaders };

class cluster_session {
public:
  static constexpr std::size_t waiting_max = 1'024;
  using statement = std::function<void(storage::cluster_store&)>;
  using broken = std::function<void(const std::string& why)>;

  cluster_session(session_use use, std::string address, int bound_ms);
  ~cluster_session() { stop(); }

  /// Runs `work` on the session's thread, for the life `me` (0: none yet); `failed` instead when it throws or cannot begin. Both must
  /// only post. False when too many wait: then neither is called.
  [[nodiscard]] bool post(std::uint64_t me, statement work, broken failed);
  /// From within a statement: the connection is that life's already.
  void note_entered(std::uint64_t me) { entered_ = me; }
  /// Drops what waits and ends within one bound.
  void stop() { thread_.stop(); }
  [[nodiscard]] std::uint64_t opened() const { return opened_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

private:
  void run(std::uint64_t me, const statement& work, const broken& failed);
  void prepare(std::uint64_t me);

  const session_use use_;
  const std::string address_;
  const int bound_ms_;
  storage::postgres_connection connection_; // this and the next: the session's thread only
  std::uint64_t entered_ = 0;
  std::atomic<std::uint64_t> opened_{0}, failures_{0};
  worker_pool thread_; // last: it uses the members above
};

} // namespace rialto::runtime

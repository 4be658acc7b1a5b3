// runtime/mesh/mesh_state.hpp: what the mesh, its actors and the threads that dial share.
//
// The room: behind mesh.hpp. A link's counters are relaxed atomics written by its peer actor; the table of links is guarded
// by one lock that send() takes shared.
#pragma once

#include "runtime/mesh/mesh.hpp"
#include "runtime/mesh/messages.hpp"
#include "runtime/mesh/transport.hpp"
#include "runtime/worker_pool.hpp"

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <shared_mutex>

namespace rialto::runtime {

/// One listed peer.
struct mesh_link {
  mesh_link(peer_address to, const frame_limits& limits) : peer(std::move(to)), queue(limits) {}

  const peer_address peer;
  frame_queue queue;
  std::atomic<bool> is_connected{false};
  std::atomic<std::uint64_t> frames_sent{0}, bytes_sent{0}, messages_sent{0};
  std::atomic<std::uint64_t> frames_received{0}, bytes_received{0}, messages_received{0};
  std::atomic<std::uint64_t> connects{0}, refused_sends{0};
  caf::actor keeper; // set under mesh_state::lock

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

struct mesh_state {
  mesh_state(caf::actor_system& in, mesh_options chosen, mesh_callbacks to)
      : system(in), options(std::move(chosen)), callbacks(std::move(to)) {}

  caf::actor_system& system;
  const mesh_options options;
  const mesh_callbacks callbacks;
  std::shared_ptr<const tls_context> tls; // null: plain
  std::shared_ptr<strangers> room = std::make_shared<strangers>();
  std::atomic<cluster::incarnation> self{cluster::nobody};
  std::atomic<bool> stopping{false};
  std::atomic<std::uint64_t> unknown_messages{0}, refused_hellos{0}, asks{0}, refused_asks{0};

  mutable std::shared_mutex lock;
  std::map<cluster::incarnation, std::shared_ptr<mesh_link>> links;

  // An unreachable peer keeps one of these for dial_timeout at a time.
  static constexpr std::size_t dialing_threads = 4, dials_max = 10'000;
  worker_pool dialing{"dial", dialing_threads, dials_max, when_stopped::drop_waiting};

  // What answers of tools go to; empty once the mesh ends, so a late answer goes nowhere.
  std::mutex desk_lock;
  caf::actor desk;

  std::mutex gone_lock;
  std::condition_variable gone_wake;
  bool is_gone = false; // the last actor has ended

  [[nodiscard]] std::shared_ptr<mesh_link> find(cluster::incarnation id) const {
    const std::shared_lock hold(lock);
    const auto found = links.find(id);
    return found == links.end() ? nullptr : found->second;
  }
};

} // namespace rialto::runtime

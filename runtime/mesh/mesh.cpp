#include "runtime/mesh/mesh.hpp"

#include "runtime/log.hpp"
#include "runtime/mesh/mesh_actor.hpp"
#include "runtime/mesh/peer_actor.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::runtime {

void configure_mesh(caf::actor_system_config& config) {
  config.load<caf::io::middleman>();
  config.add_message_types<caf::id_block::rialto_mesh>();
  // A stopped peer is noticed after 2.0 to 2.5 s.
  config.set("middleman.heartbeat-interval", caf::timespan(std::chrono::milliseconds(500)));
  config.set("middleman.connection-timeout", caf::timespan(std::chrono::seconds(2)));
  config.set("middleman.enable-automatic-connections", false);
  // Messages are read on the multiplexer's thread: in order by construction, and a hop less.
  config.set("middleman.workers", std::size_t{0});
}

struct mesh::parts {
  std::shared_ptr<mesh_state> state;
  caf::actor actor;
  std::uint16_t port = 0;
};

namespace {

mesh_options checked(mesh_options options) {
  if (options.name.empty() || options.cluster.empty())
    throw mesh_failure("a mesh needs the names of the cluster and of the node");
  if (options.protocol == 0) options.protocol = mesh_protocol;
  auto& limits = options.limits;
  limits.message_bytes = std::min(limits.message_bytes, limits.window_bytes);
  return options;
}

void add_counters(link_statistics& to, const mesh_link& from) {
  const auto read = [](const std::atomic<std::uint64_t>& counter) {
    return counter.load(std::memory_order_relaxed);
  };
  to.is_connected = from.is_connected;
  to.frames_sent = read(from.frames_sent);
  to.bytes_sent = read(from.bytes_sent);
  to.messages_sent = read(from.messages_sent);
  to.frames_received = read(from.frames_received);
  to.bytes_received = read(from.bytes_received);
  to.messages_received = read(from.messages_received);
  to.queued_bytes = from.queue.queued_bytes();
  to.unacknowledged_bytes = from.queue.unacknowledged_bytes();
  to.connects = read(from.connects);
  to.refused_sends = read(from.refused_sends);
  to.last_failure = from.last_failure();
}

} // namespace

mesh::mesh(caf::actor_system& system, actor_surroundings around, mesh_options options,
           mesh_callbacks callbacks)
    : parts_(std::make_unique<parts>()) {
  parts_->state =
    std::make_shared<mesh_state>(system, checked(std::move(options)), std::move(callbacks));
  auto& state = *parts_->state;
  excuse_broker(system);
  const auto& chosen = state.options;
  if (!chosen.is_plain) state.tls = std::make_shared<const tls_context>(chosen.tls);
  const auto at = read_host_port(chosen.listen);
  if (at.host.empty()) throw mesh_failure(fmt::format("\"{}\" is not host:port", chosen.listen));
  auto opened = open_listener(loop_of(system), at, state.tls, state.room);
  parts_->port = opened.port;
  state.self = chosen.id;
  parts_->actor = system.spawn<mesh_actor>(around, parts_->state);
  {
    const std::lock_guard hold(state.desk_lock);
    state.desk = parts_->actor;
  }
  caf::anon_send(broker_of(system), caf::publish_atom_v, std::move(opened.doorman), opened.port,
                 caf::actor_cast<caf::strong_actor_ptr>(parts_->actor), std::set<std::string>{});
  // Else this thread keeps the system's logger, and the system's end on another thread would wait for it.
  caf::logger::set_current_actor_system(nullptr);
}

mesh::~mesh() {
  stop();
}

void mesh::stop() {
  auto& state = *parts_->state;
  if (state.stopping.exchange(true)) return;
  state.dialing.stop();
  {
    const std::lock_guard hold(state.desk_lock);
    state.desk = nullptr;
  }
  caf::anon_send(broker_of(state.system), caf::close_atom_v, parts_->port);
  caf::anon_send_exit(parts_->actor, caf::exit_reason::user_shutdown);
  parts_->actor = nullptr;
  {
    std::unique_lock hold(state.gone_lock);
    state.gone_wake.wait(hold, [&] { return state.is_gone; });
  }
  const std::unique_lock hold(state.lock);
  for (auto& entry : state.links) entry.second->keeper = nullptr;
  state.links.clear();
}

std::uint16_t mesh::port() const {
  return parts_->port;
}

void mesh::set_self(cluster::incarnation id) {
  if (parts_->state->self.exchange(id) != id) set_peers({});
}

void mesh::set_peers(std::vector<peer_address> peers) {
  auto& state = *parts_->state;
  {
    const std::unique_lock hold(state.lock);
    if (state.stopping) return;
    decltype(state.links) next;
    for (auto& peer : peers) {
      if (peer.id == state.self || peer.id == cluster::nobody) continue;
      const auto known = state.links.find(peer.id);
      const bool is_same = known != state.links.end() && known->second->peer == peer;
      next[peer.id] = is_same ? known->second
                              : std::make_shared<mesh_link>(std::move(peer), state.options.limits);
    }
    state.links.swap(next);
  }
  caf::anon_send(parts_->actor, links_changed{});
}

bool mesh::send(cluster::incarnation to, std::string_view frame) {
  auto& state = *parts_->state;
  const std::shared_lock hold(state.lock);
  const auto found = state.links.find(to);
  if (found == state.links.end()) return false;
  auto& link = *found->second;
  switch (link.queue.put(frame)) {
  case frame_queue::put_result::refused:
    link.refused_sends.fetch_add(1, std::memory_order_relaxed);
    return false;
  case frame_queue::put_result::taken: return true;
  case frame_queue::put_result::taken_wake: break;
  }
  if (link.keeper) caf::anon_send(link.keeper, frames_waiting{});
  return true;
}

bool mesh::is_connected(cluster::incarnation peer) const {
  const auto link = parts_->state->find(peer);
  return link && link->is_connected;
}

mesh_statistics mesh::statistics() const {
  const auto& state = *parts_->state;
  mesh_statistics all;
  {
    const std::shared_lock hold(state.lock);
    for (const auto& entry : state.links) {
      auto& row = all.links.emplace_back();
      row.peer = entry.second->peer;
      add_counters(row, *entry.second);
    }
  }
  all.unknown_messages = state.unknown_messages.load(std::memory_order_relaxed);
  all.refused_hellos = state.refused_hellos.load(std::memory_order_relaxed);
  all.refused_handshakes = state.room->refused();
  all.asks = state.asks.load(std::memory_order_relaxed);
  all.refused_asks = state.refused_asks.load(std::memory_order_relaxed);
  return all;
}

} // namespace rialto::runtime

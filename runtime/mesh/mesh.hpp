// runtime/mesh/mesh.hpp: a node's links to all other nodes: byte frames, in order, over CAF's middleman and mutual TLS.
//
// The room: no trading, no meaning of a frame. Which nodes there are is said by set_peers(); who they are is proven by
// certificates of the cluster's authority and said in a handshake, before which nothing is believed.
//
//   M1  between `connected` and `closed` of a peer its frames arrive in the order of its send() calls, each at most once
//   M2  frames under way or queued when a link ends are lost, and never come in a later period: after a `connected` that
//       follows a `closed` the layers above send again what they need
//   M3  memory towards a peer that does not read is bounded by frame_limits: queue_bytes wait, window_bytes are under way;
//       beyond that send() answers false and keeps nothing
//   M4  per pair one link; the node with the greater incarnation dials, and tries for ever while the peer is listed
//   M5  nodes of another protocol, another cluster, or another incarnation than the one that was dialed are refused
//   M6  callbacks come one at a time per peer, on a scheduler's thread, and none after stop()
#pragma once

#include "runtime/cluster/rows.hpp"
#include "runtime/mesh/frame_queue.hpp"
#include "runtime/mesh/tls_context.hpp"
#include "runtime/tracked_actor.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::runtime {

/// What a system needs for a mesh or a mesh_client; call it before the actor_system is made.
void configure_mesh(caf::actor_system_config& config);

struct peer_address {
  cluster::incarnation id = cluster::nobody;
  std::string name;    // its certificate must be issued to it
  std::string address; // "host:port"
  friend bool operator==(const peer_address&, const peer_address&) = default;
};

struct mesh_options {
  std::string cluster; // its name: two clusters under one authority stay apart
  cluster::incarnation id = cluster::nobody;
  std::string name;
  std::string listen = "127.0.0.1:0"; // port 0: any free one
  tls_files tls = {};
  bool is_plain = false; // for tests and benches alone: no TLS, and whoever connects is believed
  frame_limits limits = {};
  std::chrono::milliseconds dial_timeout{2'000}; // a peer's silence
  std::chrono::milliseconds retry_min{100}, retry_max{1'000};
  std::size_t asks_max = 16;  // of tools, at once
  std::uint32_t protocol = 0; // 0: mesh_protocol; tests speak others
};

enum class link_state : std::uint8_t { connected, closed };

struct mesh_callbacks {
  /// A frame of a connected peer; the bytes are there during the call. Slow here is slow for this peer alone.
  std::function<void(cluster::incarnation from, std::string_view frame)> on_frame;
  /// send() to the peer works from within `connected` on.
  std::function<void(cluster::incarnation peer, link_state now)> on_peer;
  /// A tool's request; `answer` may be called later, from any thread, once. Empty: tools are told that there is no service.
  std::function<void(std::string request, std::function<void(std::string)> answer)> on_ask;
};

struct link_statistics {
  peer_address peer;
  bool is_connected = false;
  std::uint64_t frames_sent = 0, bytes_sent = 0, messages_sent = 0;
  std::uint64_t frames_received = 0, bytes_received = 0, messages_received = 0;
  std::uint64_t queued_bytes = 0, unacknowledged_bytes = 0;
  std::uint64_t connects = 0, refused_sends = 0;
  std::string last_failure; // of dialing, of a handshake, or why the link ended
};
struct mesh_statistics {
  std::vector<link_statistics> links; // ascending by incarnation
  std::uint64_t unknown_messages = 0; // dropped: malformed, or of a type not known here
  std::uint64_t refused_hellos = 0, refused_handshakes = 0;
  std::uint64_t asks = 0, refused_asks = 0;
};

class mesh {
public:
  /// Listens. Throws mesh_failure.
  mesh(caf::actor_system& system, actor_surroundings around, mesh_options options,
       mesh_callbacks callbacks);
  /// stop(). The actor_system must outlive the mesh.
  ~mesh();
  mesh(const mesh&) = delete;
  mesh& operator=(const mesh&) = delete;

  /// Ends all links, once; waits for callbacks that run, which may call in as ever. What is sent afterwards is not taken.
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  /// Who this node is from now on (a node that lost its lease joins again as another): forgets all peers. While it is
  /// nobody, every hello is refused.
  void set_self(cluster::incarnation id);
  /// The nodes there are; itself among them is left out. Links to others are closed.
  void set_peers(std::vector<peer_address> peers);
  /// From any thread; false: not taken (no link, full, or longer than the window), and nothing is queued.
  [[nodiscard]] bool send(cluster::incarnation to, std::string_view frame);
  [[nodiscard]] bool is_connected(cluster::incarnation peer) const;
  [[nodiscard]] mesh_statistics statistics() const;

private:
  struct parts;
  std::unique_ptr<parts> parts_;
};

} // namespace rialto::runtime

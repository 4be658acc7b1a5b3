// runtime/mesh/transport.hpp: sockets for CAF's broker: dialed with a deadline, accepted within bounds, TLS or plain.
//
// The room: CAF's io module and OpenSSL. caf::openssl is not used: it reads the files again for each connection and
// throws on the multiplexer's thread when it cannot, spins on a client that says nothing, keeps strangers for ever, and
// connects in one actor that an unreachable address blocks for two minutes (decision 0032).
//
//   N1  a socket reaches the broker only when its TLS handshake is over (dialed), or writes nothing before (accepted)
//   N2  of accepted connections at most strangers_max are in their handshake; the oldest makes room, and none stays longer
//       than handshake_max
//   N3  a peer that acknowledges nothing is given up by the kernel after unanswered_max
#pragma once

#include "runtime/mesh/tls_context.hpp"

#include <caf/io/all.hpp>
#include <caf/io/network/default_multiplexer.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace rialto::runtime {

inline constexpr std::size_t strangers_max = 64;
inline constexpr std::chrono::seconds handshake_max{5}, unanswered_max{10};

/// "host:port", "[address]:port".
struct host_port {
  std::string host;
  std::uint16_t port = 0;
};
/// Port 0 if the text is no such address.
[[nodiscard]] host_port read_host_port(const std::string& text);

/// Accepted connections that are still in their handshake. Any thread.
class strangers {
public:
  strangers();
  ~strangers();
  /// Ends those that are in it for longer than handshake_max.
  void expire();
  [[nodiscard]] std::uint64_t refused() const { return refused_.load(std::memory_order_relaxed); }

  void enter(int socket);
  void leave(int socket);
  /// A handshake failed: counted, and logged at most once in ten seconds.
  void refuse(const std::string& why);

private:
  struct room;
  std::unique_ptr<room> room_;
  std::atomic<std::uint64_t> refused_{0};
};

struct listener {
  caf::io::doorman_ptr doorman;
  std::uint16_t port = 0;
};
/// Listens; `tls` null: plain TCP. Throws mesh_failure.
[[nodiscard]] listener open_listener(caf::io::network::default_multiplexer& loop,
                                     const host_port& at, std::shared_ptr<const tls_context> tls,
                                     std::shared_ptr<strangers> room);

struct dial_order {
  host_port to;
  std::string expected_name = {}; // empty: any certificate of the authority
  std::chrono::milliseconds within{2'000};
};
struct dialed {
  caf::io::scribe_ptr scribe; // null: `failure` says why
  std::string failure;
};
/// Blocks, at most for `within` and the resolver's time; returns early when `stopping` becomes true.
[[nodiscard]] dialed dial(caf::io::network::default_multiplexer& loop, const dial_order& order,
                          std::shared_ptr<const tls_context> tls,
                          const std::atomic<bool>& stopping);

/// The multiplexer of a system that was configured with configure_mesh().
[[nodiscard]] caf::io::network::default_multiplexer& loop_of(caf::actor_system& system);
/// The broker that speaks CAF's protocol.
[[nodiscard]] caf::actor broker_of(caf::actor_system& system);
/// Tells a leak checker, where there is one, to overlook the broker. As a system ends, CAF 0.17.6 ends the broker without closing its
/// mailbox and its clock only afterwards: a heartbeat due in between (a message of the broker to itself) stays there and holds its reader,
/// 3 KB once in a process's life. Nothing of ours can come between the two.
void excuse_broker(caf::actor_system& system);

} // namespace rialto::runtime

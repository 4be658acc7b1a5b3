// net/server/transport.hpp: bytes to and from one peer, without waiting. Internal to net/server.
//
// The room: a socket and nothing else. Plain here, TLS in tls.hpp; the connection above them does not know which.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace rialto::net {

enum class io_state : std::uint8_t {
  moved,   // `bytes` of them, at least one
  blocked, // try again when epoll says so
  ended,   // no more, by agreement or by force
};

struct io_result {
  io_state state = io_state::ended;
  std::size_t bytes = 0;
};

class transport {
public:
  virtual ~transport() = default;
  virtual io_result read(char* into, std::size_t size) = 0;
  virtual io_result write(const char* from, std::size_t size) = 0;
  /// Says that we shall not write any more; the peer may.
  virtual void end_writing() = 0;
  /// What to watch with epoll.
  [[nodiscard]] virtual int descriptor() const = 0;
  /// The peer can be spoken to; before that a write would wait for what it says.
  [[nodiscard]] virtual bool is_established() const { return true; }
};

/// Plain TCP; owns the descriptor, which does not block.
[[nodiscard]] std::unique_ptr<transport> plain_transport(int descriptor);

} // namespace rialto::net

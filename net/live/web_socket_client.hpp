// net/live/web_socket_client.hpp: WebSocket connections from here to a server, TLS or, on loopback, plain: one io thread, any number of
// sockets.
//
// The room: sockets and bytes. Which connections there should be, when to try again and what a text means is somebody else's
// (stream_client, stream_plan). Beast and OpenSSL stay inside the .cpp.
//   W1  with TLS the certificate and the host name are verified before a byte is sent; nothing turns that off
//   W2  the proxy's password leaves in the CONNECT request only: no text that comes out of here holds it
//   W3  after on_closed(n) nothing more is told of n until it is opened again; after stop() nothing is told at all
//   W4  bounds: a message message_bytes_max, messages that wait to be written 256, connecting connect_ns, closing 2 s
#pragma once

#include "runtime/web_address.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

struct web_socket_client_options {
  runtime::web_address server;
  std::optional<runtime::web_address> proxy; // HTTP CONNECT
  std::string ca_file;                       // certificates trusted besides the system's
  std::int64_t connect_ns = 10'000'000'000;  // name, proxy, TLS and upgrade together
  std::size_t message_bytes_max = 1 << 20;
  std::int64_t tick_ns = 100'000'000;
};

using socket_number = std::uint32_t;

/// Told on the io thread; may call the client.
class web_socket_listener {
public:
  virtual ~web_socket_listener() = default;
  virtual void on_open(socket_number which) = 0;
  /// A whole message; good until this returns.
  virtual void on_text(socket_number which, std::string_view text) = 0;
  /// A ping, pong or binary message: the peer lives.
  virtual void on_sign_of_life(socket_number which) = 0;
  /// It could not be opened, or it ended; `why` is a sentence for the log.
  virtual void on_closed(socket_number which, const std::string& why) = 0;
  virtual void on_tick() = 0;
};

class live_socket; // one connection, in the .cpp

class web_socket_client {
public:
  /// Throws std::runtime_error naming feed.ca-file when it cannot be read. The listener outlives the client.
  web_socket_client(web_socket_client_options options, web_socket_listener& listener);
  ~web_socket_client();
  web_socket_client(const web_socket_client&) = delete;
  web_socket_client& operator=(const web_socket_client&) = delete;

  void start();
  /// Cuts every connection and ends the thread. Not on the io thread.
  void stop();

  /// Any thread: runs `job` on the io thread.
  void post(std::function<void()> job);

  // ---- io thread only
  /// Begins to connect to `target`, as "/stream". A number in use is refused: false.
  bool open(socket_number which, const std::string& target);
  /// False: it is not open, or 256 messages wait already.
  bool send(socket_number which, std::string text);
  /// Says goodbye and closes; cut after 2 s. on_closed() follows. Nothing happens if it is unknown.
  void close(socket_number which);
  /// Cuts it now: for a peer that does not answer. on_closed() follows.
  void cut(socket_number which, const std::string& why);

private:
  friend class live_socket;
  struct machinery;
  std::shared_ptr<machinery> machinery_;
};

} // namespace rialto::net

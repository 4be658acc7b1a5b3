// net/server/server.hpp: HTTP/1.1 and WebSocket on one io thread. No Boost in this header.
//
// The room: sockets, bytes, frames, limits in size and time. What a request means is the handler's. Everything but post(), statistics()
// and stop() happens on the io thread.
//
//   N1  answers of one connection leave in the order of its requests
//   N2  what a poll tick read is handled, then on_tick() runs once, then each connection with something to say gets one write
//   N3  every queue is bounded: pipelined requests, unread answers, outgoing bytes and frames of a WebSocket, connections
//   N4  a handler that throws costs its request (500) or its WebSocket (1011), not the node
#pragma once

#include "net/server/http.hpp"
#include "net/server/tls.hpp"

#include <atomic>
#include <functional>
#include <optional>

namespace rialto::net {

/// Names a WebSocket for as long as the server runs; never reused.
using web_socket_id = std::uint64_t;

struct server_options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;              // 0: any free one
  tls_files tls;                          // none: plain HTTP
  std::size_t header_bytes_max = 16'384;  // 431 beyond
  std::size_t body_bytes_max = 1'048'576; // 413 beyond
  std::size_t target_bytes_max = 8'192;   // 414 beyond
  std::size_t pipelined_max = 64; // unanswered requests of one connection; it is not read beyond
  std::size_t connections_max = 20'000; // 503 and close beyond
  std::size_t connections_per_address_max = 20'000;
  bool limits_loopback = true; // false: that limit does not bind clients on this machine
  // An address at its limit gives up a connection that waited so long for its next request.
  std::int64_t spare_idle_ns = 1'000'000'000;
  std::size_t message_bytes_max = 1'048'576; // of a WebSocket message; close 1009 beyond
  std::size_t send_bytes_max = 1'048'576, send_frames_max = 4'096; // queued on a WebSocket
  std::int64_t header_ns = 10'000'000'000, body_ns = 30'000'000'000, idle_ns = 75'000'000'000;
  std::int64_t ping_ns = 20'000'000'000, silence_ns = 60'000'000'000; // of a WebSocket
  std::int64_t drain_ns = 5'000'000'000;
  std::int64_t flush_ns =
    0; // a frame that may wait is written at most that long after another of its connection
};

/// Read from any thread.
struct server_statistics {
  std::atomic<std::uint64_t> accepted{0}, refused{0}, requests{0}, parse_errors{0}, timeouts{0},
    messages_in{0}, messages_out{0}, bytes_in{0}, bytes_out{0}, slow_consumers{0}, writes{0};
  std::atomic<std::int64_t> connections{0}, web_sockets{0};
};

class server_handler {
public:
  virtual ~server_handler() = default;
  virtual void on_request(const http_request& request, responder answer) = 0;
  /// A WebSocket handshake. An answer refuses it; none accepts.
  virtual std::optional<http_response> on_upgrade(const http_request& request) = 0;
  virtual void on_open(web_socket_id id, const http_request& request) = 0;
  virtual void on_message(web_socket_id id, std::string_view text, bool is_binary) = 0;
  /// Once for each on_open(), at the end of the tick in which it was over, whoever ended it. Never from within another call.
  virtual void on_close(web_socket_id id) = 0;
  /// After everything that one poll read.
  virtual void on_tick() {}
  /// About every 100 ms; `now_ns` is monotonic.
  virtual void on_timer(std::int64_t now_ns) { static_cast<void>(now_ns); }
};

class server {
public:
  server(server_options options, server_handler& handler);
  ~server();
  server(const server&) = delete;
  server& operator=(const server&) = delete;

  /// Binds and starts the io thread. Throws std::runtime_error: "127.0.0.1:8080: the address is in use".
  void start();
  /// Stops accepting, answers what was asked within drain_ns, closes, joins. Any thread but the io thread.
  void stop();
  [[nodiscard]] std::uint16_t port() const;
  /// Runs on the io thread. Any thread; dropped once stopped.
  void post(std::function<void()> job);

  /// Queues one text frame; io thread only. `conflate` != 0: an unsent frame with the same key is replaced. A frame that does not fit closes the
  /// connection with 1013. One that may wait shares a write with what comes within flush_ns; order is kept, so a frame that may not takes those
  /// before it along. False if the connection is gone or going.
  bool send(web_socket_id id, const std::shared_ptr<const std::string>& text,
            std::uint64_t conflate = 0, bool may_wait = false);
  /// After what was sent before. Nothing more is heard of it but on_close(). The reason: UTF-8, cut at 123 bytes.
  void close(web_socket_id id, std::uint16_t code, std::string_view reason);
  void set_message_limit(web_socket_id id, std::size_t bytes_max);
  /// What waits here for the peer to read; io thread only, as are close() and set_message_limit().
  [[nodiscard]] std::size_t queued_bytes(web_socket_id id) const;
  [[nodiscard]] const server_statistics& statistics() const;

private:
  friend class responder;
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace rialto::net

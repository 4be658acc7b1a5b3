// bench/system/load_client.hpp: a load generator's sockets: one thread, epoll, as little work per message as it can.
//
// The room: plain POSIX. It measures the node, so it must cost less than the node does: no allocation per message, one write per send, frames
// and heads found by scanning. Loopback only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::bench {

std::int64_t monotonic_ns();

/// A blocking exchange for the set-up: returns status and body. Throws std::runtime_error.
struct http_answer {
  int status = 0;
  std::string body;
};
http_answer http_request(std::uint16_t port, std::string_view method, std::string_view path,
                         std::string_view token, std::string_view body);

/// The value of "name":"..." or "name":123 in flat JSON; empty if absent.
std::string json_value(std::string_view json, std::string_view name);

/// One non-blocking connection of the load.
class load_socket {
public:
  enum class kind : std::uint8_t { http, web_socket };
  load_socket(std::uint16_t port, kind what, std::string_view path);
  ~load_socket();
  load_socket(const load_socket&) = delete;
  load_socket& operator=(const load_socket&) = delete;

  [[nodiscard]] int descriptor() const { return fd_; }
  /// Queues one request or frame; flush() writes what is queued.
  void send_http(std::string_view path, std::string_view token, std::string_view body);
  void send_text(std::string_view text);
  /// A whole request as it is.
  void send_bytes(std::string_view bytes) { out_ += bytes; }
  void flush();
  /// Reads what is there and calls `message` with each whole answer's body or frame's text. False when the peer closed.
  bool read(const std::function<void(int status, std::string_view body)>& message);
  [[nodiscard]] std::uint64_t bytes_read() const { return bytes_read_; }

private:
  bool take_http(const std::function<void(int, std::string_view)>& message);
  bool take_frames(const std::function<void(int, std::string_view)>& message);

  int fd_ = -1;
  kind kind_;
  std::string out_, in_;
  std::size_t in_at_ = 0;
  std::uint64_t bytes_read_ = 0;
};

/// Latencies, kept as they come and sorted at the end.
struct latencies {
  std::vector<std::int64_t> ns;
  [[nodiscard]] double percentile_ms(double p);
};

} // namespace rialto::bench

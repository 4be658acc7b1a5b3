// A small blocking client for tests: raw bytes, HTTP/1.1 and WebSocket over one loopback socket.
// It adds nothing on its own, so a test can say anything, the wrong things above all.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::net::testing {

/// What was awaited did not come in time (20 s: only a fault takes so long).
struct client_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct http_answer {
  unsigned status = 0;
  std::map<std::string, std::string> headers; // names in lower case; of several the last
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_name) const {
    const auto at = headers.find(lower_name);
    return at == headers.end() ? std::string() : at->second;
  }
};

class client {
public:
  /// `receive_bytes`: of the socket's buffer; a small one makes a slow reader quickly.
  explicit client(std::uint16_t port, int receive_bytes = 0);
  ~client();
  client(client&& other) noexcept;
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  /// Sends all of it; false if the peer has closed.
  bool send(std::string_view bytes);
  /// One byte per packet.
  bool send_slowly(std::string_view bytes);
  void end_sending();
  /// Closes so that the peer sees a reset.
  void reset();

  /// Reads one answer, without the body if it answers HEAD. Throws client_failure at the end of the stream.
  http_answer read_answer(bool is_head = false);
  http_answer request(std::string_view method, std::string_view target, std::string_view body = {},
                      std::string_view more_headers = {});
  http_answer get(std::string_view target) { return request("GET", target); }
  /// True once the peer has closed and everything before it is read away.
  bool is_closed();
  /// Statuses of all answers until the peer closes; 0 at the end if there is a part of one.
  std::vector<unsigned> statuses_until_closed();

  std::string read_exactly(std::size_t count);
  /// Whatever there is, at least a byte; empty at the end.
  std::string read_some();
  /// True if a byte or the end comes within that time.
  bool is_readable_within(int ms);

protected:
  bool fill();
  int descriptor_ = -1;
  std::string in_;
};

struct frame {
  unsigned opcode = 0;
  bool is_final = true;
  std::string payload;

  [[nodiscard]] bool is_close() const { return opcode == 8; }
  /// Of a close frame; 1005 if it has none.
  [[nodiscard]] unsigned close_code() const;
};

/// Bytes of one client frame. `first` is the first byte: 0x81 text, 0x82 binary, 0x01 text in parts, 0x80 last part...
[[nodiscard]] std::string masked_frame(unsigned first, std::string_view payload);

inline constexpr std::string_view handshake_key = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view handshake_accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
[[nodiscard]] std::string handshake(std::string_view target, std::string_view more_headers = {});

class web_socket_client : public client {
public:
  /// Shakes hands; throws client_failure with the status if refused.
  explicit web_socket_client(std::uint16_t port, std::string_view target = "/stream",
                             std::string_view more_headers = {}, int receive_bytes = 0);
  bool send_text(std::string_view text) { return send(masked_frame(0x81, text)); }
  bool send_close(unsigned code, std::string_view reason = {});
  /// The next frame, pings included; nothing at the end of the stream.
  std::optional<frame> read_frame();
  /// The next text; pings are answered, anything else throws.
  std::string read_text();
  /// The code of the close frame that must come next or behind texts; 0 if the stream ends without.
  unsigned read_close();
};

} // namespace rialto::net::testing

#include "tests/net/support/client.ipp"

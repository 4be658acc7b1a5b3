// Bodies of client.hpp, inline so that any test program can use it.
#pragma once

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace rialto::net::testing {

inline client::client(std::uint16_t port, int receive_bytes) {
  descriptor_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (receive_bytes > 0)
    setsockopt(descriptor_, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  const int on = 1;
  setsockopt(descriptor_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const timeval patience{20, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw client_failure("cannot connect to port " + std::to_string(port));
}

inline client::~client() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

inline client::client(client&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), in_(std::move(other.in_)) {}

inline bool client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

inline bool client::send_slowly(std::string_view bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [this](const char& c) { return send({&c, 1}); });
}

inline void client::end_sending() {
  ::shutdown(descriptor_, SHUT_WR);
}

inline void client::reset() {
  const linger hard{1, 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  ::close(std::exchange(descriptor_, -1));
}

inline bool client::fill() {
  std::array<char, 65'536> bytes; // NOLINT: filled by recv
  const auto got = ::recv(descriptor_, bytes.data(), bytes.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
    throw client_failure("nothing came for 20 s; read so far: " + in_.substr(0, 200));
  if (got > 0) in_.append(bytes.data(), static_cast<std::size_t>(got));
  return got > 0;
}

inline bool client::is_readable_within(int ms) {
  if (!in_.empty()) return true;
  pollfd one{descriptor_, POLLIN, 0};
  return ::poll(&one, 1, ms) > 0;
}

inline std::string client::read_exactly(std::size_t count) {
  while (in_.size() < count)
    if (!fill()) throw client_failure("the stream ended early, after: " + in_.substr(0, 200));
  auto out = in_.substr(0, count);
  in_.erase(0, count);
  return out;
}

inline std::string client::read_some() {
  if (in_.empty()) fill();
  return std::exchange(in_, {});
}

inline http_answer client::read_answer(bool is_head) {
  std::size_t end = 0;
  while ((end = in_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) throw client_failure("the stream ended before an answer: " + in_.substr(0, 200));
  const auto head = read_exactly(end + 4);
  http_answer answer;
  if (!head.starts_with("HTTP/1.1 ")) throw client_failure("not an answer: " + head);
  answer.status = static_cast<unsigned>(std::stoul(head.substr(9, 3)));
  for (auto at = head.find("\r\n") + 2; at + 2 < head.size();) {
    const auto line_end = head.find("\r\n", at);
    const auto colon = head.find(": ", at);
    auto name = head.substr(at, colon - at);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    answer.headers[name] = head.substr(colon + 2, line_end - colon - 2);
    at = line_end + 2;
  }
  if (answer.status >= 200 && !is_head)
    if (const auto length = answer.header("content-length"); !length.empty())
      answer.body = read_exactly(std::stoul(length));
  return answer;
}

inline http_answer client::request(std::string_view method, std::string_view target,
                                   std::string_view body, std::string_view more_headers) {
  std::string text(method);
  text.append(" ").append(target).append(" HTTP/1.1\r\nHost: test\r\n").append(more_headers);
  if (!body.empty() || method == "POST" || method == "PUT" || method == "PATCH")
    text.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  text.append("\r\n").append(body);
  send(text);
  return read_answer(method == "HEAD");
}

inline bool client::is_closed() {
  while (fill()) in_.clear();
  return true;
}

inline std::vector<unsigned> client::statuses_until_closed() {
  std::vector<unsigned> statuses;
  for (;;) {
    while (in_.empty())
      if (!fill()) return statuses;
    try {
      statuses.push_back(read_answer().status);
    } catch (const client_failure&) {
      statuses.push_back(0);
      return statuses;
    }
  }
}

inline unsigned frame::close_code() const {
  if (payload.size() < 2) return 1005;
  return static_cast<unsigned>(static_cast<unsigned char>(payload[0])) << 8 |
         static_cast<unsigned char>(payload[1]);
}

inline std::string masked_frame(unsigned first, std::string_view payload) {
  static constexpr std::string_view mask("\x37\xfa\x21\x3d", 4);
  std::string out(1, static_cast<char>(first));
  const auto size = payload.size();
  const auto put = [&out](std::size_t byte) { out += static_cast<char>(byte & 0xff); };
  if (size < 126) {
    put(0x80 | size);
  } else {
    const int bytes = size < 65'536 ? 2 : 8;
    put(bytes == 2 ? 0xfe : 0xff);
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) put(size >> shift);
  }
  out += mask;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

inline std::string handshake(std::string_view target, std::string_view more_headers) {
  return std::string("GET ")
    .append(target)
    .append(" HTTP/1.1\r\nHost: test\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ")
    .append(handshake_key)
    .append("\r\n")
    .append(more_headers)
    .append("\r\n");
}

inline web_socket_client::web_socket_client(std::uint16_t port, std::string_view target,
                                            std::string_view more_headers, int receive_bytes)
    : client(port, receive_bytes) {
  send(handshake(target, more_headers));
  const auto answer = read_answer();
  if (answer.status != 101)
    throw client_failure("the handshake was answered " + std::to_string(answer.status) + ": " +
                         answer.body);
  if (answer.header("sec-websocket-accept") != handshake_accept)
    throw client_failure("wrong Sec-WebSocket-Accept");
}

inline bool web_socket_client::send_close(unsigned code, std::string_view reason) {
  std::string payload{static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
  return send(masked_frame(0x88, payload.append(reason)));
}

inline std::optional<frame> web_socket_client::read_frame() {
  while (in_.empty())
    if (!fill()) return std::nullopt;
  const auto head = read_exactly(2);
  frame one;
  one.is_final = (head[0] & 0x80) != 0;
  one.opcode = head[0] & 0x0f;
  if ((head[1] & 0x80) != 0) throw client_failure("the server masks its frames");
  std::size_t size = head[1] & 0x7f;
  if (size > 125) {
    const auto more = read_exactly(size == 126 ? 2 : 8);
    size = 0;
    for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
  }
  one.payload = read_exactly(size);
  return one;
}

inline std::string web_socket_client::read_text() {
  while (const auto one = read_frame()) {
    if (one->opcode == 1) return one->payload;
    if (one->opcode != 9)
      throw client_failure("a frame of opcode " + std::to_string(one->opcode) + ": " +
                           one->payload);
    send(masked_frame(0x8a, one->payload));
  }
  throw client_failure("the stream ended before a text");
}

inline unsigned web_socket_client::read_close() {
  try {
    while (const auto one = read_frame())
      if (one->is_close()) return one->close_code();
  } catch (const client_failure&) { // ended within a frame
  }
  return 0;
}

} // namespace rialto::net::testing

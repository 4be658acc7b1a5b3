#include "bench/system/load_client.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace rialto::bench {

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

namespace {

int connect_to(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    close(fd);
    throw std::runtime_error("connect to port " + std::to_string(port) + ": " +
                             std::strerror(errno));
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

std::string http_text(std::string_view method, std::string_view path, std::string_view token,
                      std::string_view body) {
  std::string text;
  text.append(method).append(" ").append(path).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!token.empty()) text.append("Authorization: Bearer ").append(token).append("\r\n");
  if (!body.empty()) text.append("Content-Type: application/json\r\n");
  text.append("Content-Length: ")
    .append(std::to_string(body.size()))
    .append("\r\n\r\n")
    .append(body);
  return text;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto sent = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) continue; // the node is behind; a load generator waits
    if (sent <= 0) throw std::runtime_error(std::string("send: ") + std::strerror(errno));
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

/// Head end, body length and status of the answer at the front; false if it is not whole yet.
bool whole_answer(std::string_view in, int& status, std::size_t& body_at, std::size_t& length) {
  const auto end = in.find("\r\n\r\n");
  if (end == std::string_view::npos) return false;
  std::from_chars(in.data() + 9, in.data() + 12, status);
  length = 0;
  for (const std::string_view name : {"Content-Length: ", "content-length: "})
    if (const auto at = in.substr(0, end).find(name); at != std::string_view::npos)
      std::from_chars(in.data() + at + name.size(), in.data() + end, length);
  body_at = end + 4;
  return in.size() >= body_at + length;
}

} // namespace

http_answer http_request(std::uint16_t port, std::string_view method, std::string_view path,
                         std::string_view token, std::string_view body) {
  const int fd = connect_to(port);
  write_all(fd, http_text(method, path, token, body));
  std::string in;
  http_answer answer;
  std::size_t body_at = 0, length = 0;
  while (!whole_answer(in, answer.status, body_at, length)) {
    char buffer[16'384];
    const auto got = recv(fd, buffer, sizeof buffer, 0);
    if (got <= 0) break;
    in.append(buffer, static_cast<std::size_t>(got));
  }
  close(fd);
  if (in.empty()) throw std::runtime_error("no answer to " + std::string(path));
  answer.body = in.substr(body_at, length);
  return answer;
}

std::string json_value(std::string_view json, std::string_view name) {
  const auto key = "\"" + std::string(name) + "\":";
  auto at = json.find(key);
  if (at == std::string_view::npos) return {};
  at += key.size();
  if (json[at] == '"') return std::string(json.substr(at + 1, json.find('"', at + 1) - at - 1));
  return std::string(json.substr(at, json.find_first_of(",}]", at) - at));
}

load_socket::load_socket(std::uint16_t port, kind what, std::string_view path)
    : fd_(connect_to(port)), kind_(what) {
  if (what == kind::http) return;
  write_all(fd_,
            "GET " + std::string(path) +
              " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
  while (in_.find("\r\n\r\n") == std::string::npos) {
    char buffer[4'096];
    const auto got = recv(fd_, buffer, sizeof buffer, 0);
    if (got <= 0) throw std::runtime_error("no WebSocket handshake");
    in_.append(buffer, static_cast<std::size_t>(got));
  }
  if (in_.substr(9, 3) != "101")
    throw std::runtime_error("WebSocket refused: " + in_.substr(0, in_.find('\r')));
  in_.erase(0, in_.find("\r\n\r\n") + 4);
}

load_socket::~load_socket() {
  close(fd_);
}

void load_socket::send_http(std::string_view path, std::string_view token, std::string_view body) {
  out_ += http_text("POST", path, token, body);
}

void load_socket::send_text(std::string_view text) {
  out_.push_back(static_cast<char>(0x81));
  if (text.size() < 126) {
    out_.push_back(static_cast<char>(0x80 | text.size()));
  } else {
    out_.push_back(static_cast<char>(0x80 | 126));
    out_.push_back(static_cast<char>(text.size() >> 8));
    out_.push_back(static_cast<char>(text.size() & 255));
  }
  out_.append(4, '\0'); // a mask of zeros is a mask
  out_ += text;
}

void load_socket::flush() {
  if (out_.empty()) return;
  write_all(fd_, out_);
  out_.clear();
}

bool load_socket::read(const std::function<void(int, std::string_view)>& message) {
  char buffer[65'536];
  const auto got = recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  bytes_read_ += static_cast<std::uint64_t>(got);
  in_.append(buffer, static_cast<std::size_t>(got));
  const bool open = kind_ == kind::http ? take_http(message) : take_frames(message);
  if (in_at_ > 0) in_.erase(0, in_at_), in_at_ = 0;
  return open;
}

bool load_socket::take_http(const std::function<void(int, std::string_view)>& message) {
  int status = 0;
  std::size_t body_at = 0, length = 0;
  for (;;) {
    const std::string_view rest = std::string_view(in_).substr(in_at_);
    if (!whole_answer(rest, status, body_at, length)) return true;
    message(status, rest.substr(body_at, length));
    in_at_ += body_at + length;
  }
}

bool load_socket::take_frames(const std::function<void(int, std::string_view)>& message) {
  for (;;) {
    const std::string_view rest = std::string_view(in_).substr(in_at_);
    if (rest.size() < 2) return true;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(rest[i]); };
    std::size_t length = byte(1) & 127, head = 2;
    if (length == 126) {
      if (rest.size() < 4) return true;
      length = static_cast<std::size_t>(byte(2)) << 8 | byte(3);
      head = 4;
    } else if (length == 127) {
      if (rest.size() < 10) return true;
      length = 0;
      for (std::size_t i = 2; i < 10; ++i) length = length << 8 | byte(i);
      head = 10;
    }
    if (rest.size() < head + length) return true;
    const auto opcode = byte(0) & 15;
    if (opcode == 8) return false;
    if (opcode == 9) { // answer the ping
      out_.push_back(static_cast<char>(0x8a));
      out_.push_back(static_cast<char>(0x80 | length));
      out_.append(4, '\0').append(rest.substr(head, length));
      flush();
    } else {
      message(200, rest.substr(head, length));
    }
    in_at_ += head + length;
  }
}

double latencies::percentile_ms(double p) {
  if (ns.empty()) return 0;
  std::sort(ns.begin(), ns.end());
  return static_cast<double>(ns[static_cast<std::size_t>(p * static_cast<double>(ns.size() - 1))]) /
         1e6;
}

} // namespace rialto::bench

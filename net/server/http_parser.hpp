// net/server/http_parser.hpp: Beast's request parser behind a plain interface, so that Beast is compiled once.
#pragma once

#include "net/server/http.hpp"

#include <cstddef>
#include <memory>
#include <string_view>

namespace rialto::net {

/// Parses one request: its checked head in one piece, then its body in any pieces. Made anew for the next.
class http_parser {
public:
  explicit http_parser(std::size_t body_bytes_max);
  ~http_parser();

  enum class state : std::uint8_t { needs_more, complete, bad, body_too_large };
  /// Takes bytes; `taken` says how many. The first call must hold the whole head.
  state feed(std::string_view bytes, std::size_t& taken);
  [[nodiscard]] bool keeps_alive() const;
  [[nodiscard]] bool is_upgrade() const; // to a WebSocket
  [[nodiscard]] bool expects_continue() const;
  /// Views into the parser.
  void describe(http_request& out) const;
  /// The parsed message as Beast has it (http::request<string_body>), for the WebSocket handshake.
  [[nodiscard]] const void* message() const;
  void reset();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
  std::size_t body_bytes_max_;
};

} // namespace rialto::net

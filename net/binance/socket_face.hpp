// net/binance/socket_face.hpp: a family of Binance's WebSockets: the API, and the streams. Which one a connection belongs
// to is decided by its path when it opens; net/api/api_core keeps that. Owner: the io thread.
#pragma once

#include "net/problem.hpp"
#include "net/server/server.hpp"

#include <optional>

namespace rialto::net::binance {

class socket_face {
public:
  virtual ~socket_face() = default;
  /// Handshakes at this path are for it.
  [[nodiscard]] virtual bool owns(std::string_view path) const = 0;
  /// Why a handshake is refused; empty: it is accepted.
  [[nodiscard]] virtual std::optional<failure> flaw_of(const http_request& from) = 0;
  virtual void open(web_socket_id id, const http_request& from) = 0;
  virtual void message(web_socket_id id, std::string_view text, bool is_binary) = 0;
  virtual void closed(web_socket_id id) = 0;
};

} // namespace rialto::net::binance

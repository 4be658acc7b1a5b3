// net/server/web_socket_handshake.hpp: the opening handshake of RFC 6455, on a parsed request.
#pragma once

#include "net/server/http.hpp"

#include <string>

namespace rialto::net {

/// True if `request` asks for a WebSocket; other upgrades are not asked for anything here and stay plain requests.
[[nodiscard]] bool asks_for_web_socket(const http_request& request);

struct handshake_verdict {
  std::string accept;    // for Sec-WebSocket-Accept; empty if refused
  http_response refusal; // then
};
[[nodiscard]] handshake_verdict check_handshake(const http_request& request);

} // namespace rialto::net

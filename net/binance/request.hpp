// net/binance/request.hpp: one request in Binance's words on its way to a handler, whether it came over REST or the
// WebSocket API, and which requests there are.
//
// The room: a request is a call (net/api/call.hpp) with parameters instead of a body, answered exactly once; a failure
// looks as Binance's do. Handlers of both doors are the same.
#pragma once

#include "net/api/desk.hpp"
#include "net/auth/api_keys.hpp"
#include "net/binance/parameters.hpp"
#include "net/binance/text.hpp"
#include "net/server/server.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace rialto::net::binance {

/// {"code":..,"msg":..} with Binance's status.
[[nodiscard]] reply failure_reply(const failure& why, std::string_view request_id);

struct request : call {
  request() { face = failure_reply; }
  parameters params;
  time_unit unit = time_unit::millisecond;
  std::string peer_address;
  web_socket_id socket = 0;           // of the WebSocket API; 0: it came over REST
  std::shared_ptr<const api_key> key; // of a signed request; `account` is the key's
  request_mark mark;                  // of one that trades
  std::optional<order_counts> counts; // told with the answer, when the handler learnt them

  [[nodiscard]] std::int64_t time(timestamp_ns at) const { return time_of(at, unit); }
};
using request_ptr = std::shared_ptr<request>;
using request_handler = std::function<void(desk& at, const request_ptr& from)>;

/// none: a key is not looked at. key: a known one. read, trade: signed, with that scope.
enum class security : std::uint8_t { none, key, read, trade };

struct route {
  std::string_view method, path;  // of REST; empty: not there
  std::string_view socket_method; // of the WebSocket API; empty: not there
  security who = security::none;
  int weight = 1;
  request_handler handler;
  int (*weigh)(const parameters& params) = nullptr; // instead of `weight`
};

/// All that need no more than the desk.
[[nodiscard]] const std::vector<route>& route_table();

/// Lets through who may: the key of `key_text`, the signature over `payload`, time and scope; then goes on with
/// `then`. Otherwise the request is answered. `session_key`: of a connection that is logged on, which needs no
/// signature.
void admit(desk& at, const request_ptr& from, security who, std::string_view key_text,
           std::string payload, std::shared_ptr<const api_key> session_key,
           std::function<void()> then);

} // namespace rialto::net::binance

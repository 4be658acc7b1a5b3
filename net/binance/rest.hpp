// net/binance/rest.hpp: /api/v3 and /sapi/v1: what every request passes on its way to a handler.
//
// The room: in this order: access log, CORS, route, weight, parameters, key and signature; then the handler. Limits on
// size and time are the server's. Owner: the io thread.
//
//   B1  every request is answered exactly once, with JSON
//   B2  nothing of a signed request is looked at by a handler before its signature is known to be good
#pragma once

#include "net/binance/request.hpp"
#include "net/binance/weights.hpp"
#include "net/server/http.hpp"

namespace rialto::net::binance {

/// Whether a path belongs here.
[[nodiscard]] bool is_rest_path(std::string_view path);

class rest {
public:
  rest(desk& at, weights& used);
  /// Serves more than the table; before the first request.
  void serve(route more) { routes_.push_back(std::move(more)); }
  /// The request's views are good only during the call.
  void handle(const http_request& from, std::function<void(reply)> answer);

private:
  struct passage; // one request between two steps
  [[nodiscard]] const route* find(std::string_view method, std::string_view path,
                                  bool& path_exists) const;
  [[nodiscard]] bool allows_origin(std::string_view origin) const;
  bool take_weight(const route* where, const request_ptr& to, bool is_loopback, passage& at);

  desk& desk_;
  weights& weights_;
  std::vector<route> routes_;
};

} // namespace rialto::net::binance

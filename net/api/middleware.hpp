// net/api/middleware.hpp: what every HTTP request passes on its way to a handler.
//
// The room: in this order: request id (the server made it), access log, CORS, rate limit,
// authentication, role and account, then query names, media type and body, then the route. Limits
// on size and time are the server's. Owner: the io thread.
//
//   M1  every request is answered exactly once, with JSON or a problem
//   M2  nothing of a request is looked at by a handler before its token and role are known to be good
#pragma once

#include "net/api/rate_limiter.hpp"
#include "net/api/routes.hpp"
#include "net/server/http.hpp"

namespace rialto::net {

/// Where the WebSocket stream is opened.
inline constexpr std::string_view stream_path = "/api/v1/stream";

class middleware {
public:
  middleware(desk& at, rate_limiter& limits) : desk_(at), limits_(limits) {}

  /// The request's views are good only during the call.
  void handle(const http_request& request, std::function<void(reply)> answer);
  /// Whether a page of this origin may use the API: it is listed.
  [[nodiscard]] bool allows_origin(std::string_view origin) const;

private:
  struct passage; // one request between two steps
  using passage_ptr = std::shared_ptr<passage>;

  [[nodiscard]] call_ptr make_call(const http_request& request, std::function<void(reply)> answer,
                                   const passage_ptr& at);
  [[nodiscard]] bool answers_options(const http_request& request, const call_ptr& from,
                                     const route_match& where) const;
  void authenticate(const passage_ptr& at, const call_ptr& from);
  void admit(const passage_ptr& at, const call_ptr& from);
  void run(const passage_ptr& at, const call_ptr& from);

  desk& desk_;
  rate_limiter& limits_;
};

/// The account of `user` that X-Account-Id names, else the first; empty with a failure.
[[nodiscard]] std::optional<account_id> select_account(const user_view& user,
                                                       std::string_view header, failure& why);

} // namespace rialto::net

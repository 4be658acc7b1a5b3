// net/api/call.hpp: one request on its way through the API, whether it came over HTTP or a stream.
//
// The room: a call is made by the entry (middleware or stream), travels through handlers and their
// continuations on the io thread, and is answered exactly once. It owns everything it needs, so
// nothing dangles when the client has gone meanwhile.
#pragma once

#include "domain/user_events.hpp"
#include "net/problem.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace rialto::net {

struct reply {
  int status = 200;
  std::string body;                                   // JSON unless content_type says otherwise
  std::string_view content_type = "application/json"; // a literal
  std::vector<std::pair<std::string, std::string>> headers = {};
};

/// A user as the edge knows him; shared by his sessions, kept current by publications.
struct known_user {
  user_view view;
};
struct session {
  std::uint64_t id = 0;
  timestamp_ns expires_at;
  std::shared_ptr<known_user> user;
};

/// How a failure looks to the caller.
using failure_face = reply (*)(const failure& why, std::string_view request_id);
/// application/problem+json.
[[nodiscard]] inline reply problem_reply(const failure& why, std::string_view request_id) {
  reply out{why.what.status, problem_json(why, request_id), "application/problem+json"};
  if (why.what.retry_after_s > 0)
    out.headers.emplace_back("Retry-After", std::to_string(why.what.retry_after_s));
  if (why.what.status == 401) out.headers.emplace_back("WWW-Authenticate", "Bearer");
  return out;
}

struct call {
  std::string request_id;
  std::vector<std::string> path_values; // of the pattern's {names}, in order
  std::map<std::string, std::string, std::less<>> query;
  std::string bearer;                 // of the Authorization header
  std::string account_header;         // X-Account-Id
  std::shared_ptr<const session> who; // set when the route asks for it
  account_id account;                 // the one selected, when the route asks for it
  std::function<void(reply)> answer;
  failure_face face = problem_reply;

  void done(int status, std::string body) { finish({status, std::move(body)}); }
  void fail(const failure& why) { finish(face(why, request_id)); }
  void finish(reply out) {
    if (!answer) return;
    const auto send = std::move(answer);
    answer = nullptr;
    send(std::move(out));
  }
};
using call_ptr = std::shared_ptr<call>;

} // namespace rialto::net

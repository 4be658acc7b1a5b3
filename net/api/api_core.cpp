#include "net/api/api_core.hpp"

#include "net/api/api.hpp"

namespace rialto::net {

api_core::api_core(actors::gate& entities, read_models_factory open_models,
                   storage::tape_store& tape, api_settings settings, runtime::node_clock& clock,
                   stream_port& port)
    : desk_(entities, std::move(open_models), tape, std::move(settings), clock),
      limits_(desk_.settings().requests_per_second, desk_.settings().burst,
              desk_.settings().orders_per_second),
      middleware_(desk_, limits_), streams_(desk_, limits_, port) {}

void api_core::attach(io_poster post) {
  desk_.attach([this, post = std::move(post)](std::function<void()> job) {
    post([this, job = std::move(job)] {
      job();
      desk_.flush(); // a continuation may have asked something
    });
  });
}

void api_core::deliver(std::shared_ptr<actors::release> what) {
  desk_.on_io([this, what = std::move(what)] { take(*what); });
}

void api_core::broadcast(std::vector<actors::channel_message> messages) {
  desk_.on_io([this, messages = std::move(messages)] { streams_.broadcast(messages); });
}

void api_core::take(actors::release& what) {
  // Answers first: a snapshot then never holds less than the events before it, nor are events that
  // follow it left out.
  for (auto& one : what.answers) desk_.take(one);
  for (const auto& news : what.publications) {
    if (const auto* account = std::get_if<account_publication>(&news)) {
      streams_.tell(*account);
    } else if (const auto* user = std::get_if<user_publication>(&news)) {
      desk_.update_accounts(user->user, user->accounts);
      if (user->ended_session == 0) continue;
      desk_.forget_session(user->ended_session);
      streams_.session_ended(user->ended_session);
    }
  }
}

bool api_core::is_same_origin(const http_request& request) const {
  const auto origin = request.header("Origin");
  if (origin.empty() || middleware_.allows_origin(origin)) return true;
  const auto host = origin.find("://");
  return host != std::string_view::npos && origin.substr(host + 3) == request.header("Host");
}

std::optional<reply> api_core::refuse_upgrade(const http_request& request) {
  const auto refuse = [&](const failure& why) {
    return reply{why.what.status, problem_json(why, request.request_id),
                 "application/problem+json"};
  };
  if (request.path != stream_path) return refuse(request_error::not_found);
  if (!request.query.empty())
    return refuse({request_error::unknown_field, "the stream takes no query", "query"});
  if (!is_same_origin(request))
    return refuse({request_error::forbidden, "the page's origin is not allowed here", "Origin"});
  const auto& settings = desk_.settings();
  if (request.is_loopback && !settings.limits_loopback) return {};
  const auto verdict = limits_.request(request.peer_address, desk_.clock().monotonic_ns(), 5);
  if (verdict.allowed) return {};
  auto answer = refuse(request_error::too_many_requests);
  answer.headers = headers_of(verdict);
  return answer;
}

void api_core::sweep() {
  desk_.sweep();
  streams_.tick();
  desk_.flush();
}

} // namespace rialto::net

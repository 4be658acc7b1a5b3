#include "net/api/api_core.hpp"

#include "net/api/api.hpp"

namespace rialto::net {

api_core::api_core(actors::gate& entities, read_models_factory open_models,
                   storage::tape_store& tape, api_settings settings, runtime::node_clock& clock,
                   stream_port& port)
    : desk_(entities, std::move(open_models), tape, std::move(settings), clock),
      limits_(desk_.settings().requests_per_second, desk_.settings().burst,
              desk_.settings().orders_per_second),
      middleware_(desk_, limits_), streams_(desk_, limits_, port),
      weights_(desk_.settings().binance_weight_per_minute), binance_rest_(desk_, weights_),
      binance_sockets_(desk_, weights_, port), user_data_(desk_, port),
      binance_streams_(desk_, port, user_data_), faces_{&binance_sockets_, &binance_streams_} {
  user_data_.serve_on(binance_rest_, binance_sockets_);
}

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

void api_core::publish(std::shared_ptr<const actors::market_numbers> news) {
  desk_.on_io([this, news = std::move(news)] { binance_streams_.take(*news); });
}

/// Who connects again resumes, or gets a snapshot; sessions and keys are asked for again.
void api_core::news_lost() {
  desk_.on_io([this] {
    desk_.forget_known();
    streams_.news_lost();
    user_data_.news_lost();
  });
}

void api_core::take(actors::release& what) {
  // Answers first: a snapshot then never holds less than the events before it, nor are events that
  // follow it left out.
  for (auto& one : what.answers) desk_.take(one);
  user_data_.take(what.publications);
  for (const auto& news : what.publications) {
    if (const auto* account = std::get_if<account_publication>(&news)) {
      streams_.tell(*account);
    } else if (const auto* user = std::get_if<user_publication>(&news)) {
      desk_.update_accounts(user->user, user->accounts);
      if (!user->ended_api_key.empty()) desk_.end_key(user->ended_api_key);
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
  for (auto* face : faces_) {
    if (!face->owns(request.path)) continue;
    const auto why = face->flaw_of(request);
    return why ? std::optional{binance::failure_reply(*why, request.request_id)} : std::nullopt;
  }
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

void api_core::open(web_socket_id id, const http_request& request) {
  for (auto* face : faces_) {
    if (!face->owns(request.path)) continue;
    owners_.emplace(id, face);
    return face->open(id, request);
  }
  streams_.open(id, request.peer_address, request.is_loopback);
}

void api_core::message(web_socket_id id, std::string_view text, bool is_binary) {
  const auto owner = owners_.find(id);
  owner == owners_.end() ? streams_.message(id, text, is_binary)
                         : owner->second->message(id, text, is_binary);
}

void api_core::closed(web_socket_id id) {
  const auto owner = owners_.extract(id);
  owner.empty() ? streams_.closed(id) : owner.mapped()->closed(id);
}

void api_core::sweep() {
  desk_.sweep();
  streams_.tick();
  binance_streams_.tick();
  user_data_.tick();
  desk_.flush();
}

} // namespace rialto::net

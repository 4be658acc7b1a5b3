#include "net/api/middleware.hpp"

#include "net/api/query.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::string_view allowed_headers =
  "Authorization, Content-Type, X-Account-Id, X-Request-Id";
constexpr std::string_view exposed_headers =
  "X-Request-Id, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
bool starts_with_word(std::string_view text, std::string_view word) {
  return text.size() >= word.size() &&
         std::equal(word.begin(), word.end(), text.begin(),
                    [](char a, char b) { return lower(a) == lower(b); });
}

/// The token of "Bearer TOKEN"; empty for any other scheme.
std::string_view bearer_of(std::string_view header) {
  constexpr std::string_view scheme = "Bearer ";
  if (!starts_with_word(header, scheme)) return {};
  return header.substr(scheme.size());
}

bool is_json(std::string_view content_type) {
  constexpr std::string_view json = "application/json";
  if (content_type.empty()) return true;
  if (!starts_with_word(content_type, json)) return false;
  content_type.remove_prefix(json.size());
  return content_type.empty() || content_type.front() == ';' || content_type.front() == ' ';
}

/// A query name that the route does not know.
std::optional<std::string> unknown_name(const call& from, const route& where) {
  for (const auto& given : from.query) {
    const bool is_known =
      std::any_of(where.query.begin(), where.query.end(),
                  [&](const field_spec& one) { return one.name == given.first; });
    if (!is_known) return given.first;
  }
  return {};
}

} // namespace

struct middleware::passage {
  const route* where = nullptr;
  std::string method, path, query, body, content_type, peer_address, origin;
  bool is_limited = false;
  std::int64_t received_ns = 0;
  std::vector<std::pair<std::string, std::string>> headers; // of every answer
};

bool middleware::allows_origin(std::string_view origin) const {
  const auto& listed = desk_.settings().cors_origins;
  return std::find(listed.begin(), listed.end(), origin) != listed.end();
}

call_ptr middleware::make_call(const http_request& request, std::function<void(reply)> answer,
                               const passage_ptr& at) {
  auto from = std::make_shared<call>();
  from->request_id = request.request_id;
  from->bearer = bearer_of(request.header("Authorization"));
  from->account_header = request.header("X-Account-Id");
  // The call's own answer holds the passage, so the call must not be held by it.
  from->answer = [this, at, id = request.request_id, who = std::weak_ptr<call>(from),
                  answer = std::move(answer)](reply out) {
    std::move(at->headers.begin(), at->headers.end(), std::back_inserter(out.headers));
    const auto status = out.status;
    answer(std::move(out));
    const auto& log = desk_.settings().access_log;
    if (!log) return;
    access_line line{id, at->method, at->path, at->peer_address, status, {}, 0};
    if (const auto asked = who.lock(); asked && asked->who) line.user = asked->who->user->view.id;
    line.duration_ns = desk_.clock().monotonic_ns() - at->received_ns;
    log(line);
  };
  return from;
}

void middleware::handle(const http_request& request, std::function<void(reply)> answer) {
  const auto at = std::make_shared<passage>();
  at->method = request.method;
  at->path = request.path;
  at->query = request.query;
  at->body = request.body;
  at->content_type = request.header("Content-Type");
  at->peer_address = request.peer_address;
  at->received_ns = request.received_ns;
  at->is_limited = !request.is_loopback || desk_.settings().limits_loopback;
  const auto from = make_call(request, std::move(answer), at);

  if (const auto origin = request.header("Origin"); !origin.empty() && allows_origin(origin)) {
    at->origin = origin;
    at->headers.emplace_back("Access-Control-Allow-Origin", at->origin);
    at->headers.emplace_back("Vary", "Origin");
    at->headers.emplace_back("Access-Control-Expose-Headers", std::string(exposed_headers));
  }
  // The server leaves the body of an answer to HEAD out.
  const auto method = request.method == "HEAD" ? "GET" : request.method;
  const auto where = match(method, request.path, from->path_values);
  if (answers_options(request, from, where)) return;
  const int cost = where.found == nullptr ? 1 : where.found->cost;
  if (at->is_limited && cost > 0) {
    const auto verdict = limits_.request(request.peer_address, desk_.clock().monotonic_ns(), cost);
    auto headers = headers_of(verdict);
    // A refusal's Retry-After is the limiter's, not the problem row's.
    at->headers.insert(at->headers.end(), headers.begin(), headers.end());
    if (!verdict.allowed) {
      auto row = problem_of(request_error::too_many_requests);
      row.retry_after_s = 0;
      return from->fail(row);
    }
  }
  if (!where.path_exists && request.path == stream_path) {
    at->headers.emplace_back("Upgrade", "websocket");
    return from->fail(request_error::upgrade_required);
  }
  if (!where.path_exists) return from->fail(request_error::not_found);
  if (where.found == nullptr) {
    at->headers.emplace_back("Allow", where.methods);
    return from->fail({request_error::method_not_allowed, "the path takes " + where.methods});
  }
  at->where = where.found;
  authenticate(at, from);
}

bool middleware::answers_options(const http_request& request, const call_ptr& from,
                                 const route_match& where) const {
  if (request.method != "OPTIONS" || !where.path_exists) return false;
  reply out{204, {}};
  out.headers.emplace_back("Allow", where.methods + ", OPTIONS");
  const auto origin = request.header("Origin");
  if (!origin.empty() && allows_origin(origin)) {
    out.headers.emplace_back("Access-Control-Allow-Methods", where.methods);
    out.headers.emplace_back("Access-Control-Allow-Headers", std::string(allowed_headers));
    out.headers.emplace_back("Access-Control-Max-Age", "600");
  }
  from->finish(std::move(out));
  return true;
}

void middleware::authenticate(const passage_ptr& at, const call_ptr& from) {
  if (at->where->who == access::everybody) return run(at, from);
  if (from->bearer.empty()) return from->fail(request_error::unauthenticated);
  desk_.identify(from->bearer,
                 [this, at, from](std::shared_ptr<const session> who, const failure& why) {
                   if (!who) return from->fail(why);
                   from->who = std::move(who);
                   admit(at, from);
                 });
}

void middleware::admit(const passage_ptr& at, const call_ptr& from) {
  const auto& user = from->who->user->view;
  const auto& where = *at->where;
  if (where.who == access::admin && user.role != user_role::admin)
    return from->fail(request_error::forbidden);
  if (where.who == access::account) {
    failure why;
    const auto account = select_account(user, from->account_header, why);
    if (!account) return from->fail(why);
    from->account = *account;
  }
  if (where.is_order_entry && at->is_limited) {
    const auto verdict = limits_.order(user.id, desk_.clock().monotonic_ns());
    if (!verdict.allowed) {
      auto row = problem_of(request_error::too_many_requests);
      row.retry_after_s = static_cast<int>(verdict.retry_after_s);
      return from->fail({row, "orders, amendments and cancels of one user"});
    }
  }
  run(at, from);
}

void middleware::run(const passage_ptr& at, const call_ptr& from) {
  const auto& where = *at->where;
  if (const auto why = parse_query(at->query, from->query)) return from->fail(*why);
  if (const auto name = unknown_name(*from, where))
    return from->fail({request_error::unknown_field,
                       fmt::format("{} is not a query parameter here", *name), *name});
  if (!at->body.empty() && !is_json(at->content_type))
    return from->fail({request_error::unsupported_media_type, {}, "Content-Type"});
  auto& body = desk_.reader().read(at->body);
  if (where.body.empty() ? !body.done() : !body.ok()) return from->fail(body.why());
  where.handler(desk_, from, body);
}

std::optional<account_id> select_account(const user_view& user, std::string_view header,
                                         failure& why) {
  if (header.empty()) {
    if (!user.accounts.empty()) return user.accounts.front().account;
    why = {request_error::account_not_found, {}, "X-Account-Id"};
    return {};
  }
  const auto number = parse_number(header);
  for (const auto& one : user.accounts)
    if (number && one.account.value == *number) return one.account;
  why = {request_error::account_not_found, "X-Account-Id is not one of the caller's accounts",
         "X-Account-Id"};
  return {};
}

} // namespace rialto::net

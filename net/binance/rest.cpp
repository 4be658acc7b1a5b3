#include "net/binance/rest.hpp"

#include "net/binance/signing.hpp"

#include <algorithm>
#include <iterator>

namespace rialto::net::binance {

namespace {

constexpr std::string_view allowed_headers = "Content-Type, X-MBX-APIKEY, X-MBX-TIME-UNIT";
constexpr std::string_view exposed_headers =
  "Retry-After, X-MBX-USED-WEIGHT-1M, X-MBX-ORDER-COUNT-10S, X-MBX-ORDER-COUNT-1D";

bool is_same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x | 0x20) == (y | 0x20);
         });
}

bool is_form(std::string_view content_type) {
  return !is_same_word(content_type.substr(0, content_type.find(';')), "application/json");
}

} // namespace

bool is_rest_path(std::string_view path) {
  return path.starts_with("/api/v3/") || path.starts_with("/sapi/v1/");
}

struct rest::passage {
  std::string method, path, peer_address;
  std::int64_t received_ns = 0;
  std::vector<std::pair<std::string, std::string>> headers; // of every answer
};

rest::rest(desk& at, weights& used) : desk_(at), weights_(used), routes_(route_table()) {}

const route* rest::find(std::string_view method, std::string_view path, bool& path_exists) const {
  path_exists = false;
  for (const auto& one : routes_) {
    if (one.path != path || one.path.empty()) continue;
    path_exists = true;
    if (one.method == method) return &one;
  }
  return nullptr;
}

bool rest::allows_origin(std::string_view origin) const {
  const auto& listed = desk_.settings().cors_origins;
  return std::find(listed.begin(), listed.end(), origin) != listed.end();
}

bool rest::take_weight(const route* where, const request_ptr& to, bool is_loopback, passage& at) {
  const int weight = where == nullptr          ? 1
                     : where->weigh == nullptr ? where->weight
                                               : where->weigh(to->params);
  const bool binds = !is_loopback || desk_.settings().limits_loopback;
  const auto said = weights_.take(at.peer_address, weight, desk_.now().value, binds);
  at.headers.emplace_back("X-MBX-USED-WEIGHT-1M", std::to_string(said.used));
  if (said.what == weights::verdict::allowed) return true;
  auto row = problem_of(said.what == weights::verdict::banned ? request_error::address_banned
                                                              : request_error::weight_exceeded);
  row.retry_after_s = static_cast<int>(said.retry_after_s);
  to->fail(row);
  return false;
}

void rest::handle(const http_request& from, std::function<void(reply)> answer) {
  auto at = std::make_shared<passage>();
  const auto method = from.method == "HEAD" ? std::string_view("GET") : from.method;
  at->method = method;
  at->path = from.path;
  at->peer_address = from.peer_address;
  at->received_ns = from.received_ns;
  auto to = std::make_shared<request>();
  to->request_id = from.request_id;
  to->peer_address = from.peer_address;
  if (is_same_word(from.header("X-MBX-TIME-UNIT"), "MICROSECOND"))
    to->unit = time_unit::microsecond;
  // The request's own answer holds the passage, so the request must not be held by it.
  to->answer = [this, at, who = std::weak_ptr<request>(to), answer = std::move(answer)](reply out) {
    std::move(at->headers.begin(), at->headers.end(), std::back_inserter(out.headers));
    const auto asked = who.lock();
    if (asked && asked->counts) {
      out.headers.emplace_back("X-MBX-ORDER-COUNT-10S", std::to_string(asked->counts->in_10s));
      out.headers.emplace_back("X-MBX-ORDER-COUNT-1D", std::to_string(asked->counts->in_day));
    }
    const auto status = out.status;
    answer(std::move(out));
    const auto& log = desk_.settings().access_log;
    if (!log) return;
    access_line line{asked ? asked->request_id : std::string_view{},
                     at->method,
                     at->path,
                     at->peer_address,
                     status,
                     {},
                     0};
    if (asked && asked->key) line.user = asked->key->user;
    line.duration_ns = desk_.clock().monotonic_ns() - at->received_ns;
    log(line);
  };
  bool path_exists = false;
  const auto* where = find(method, from.path, path_exists);
  if (const auto origin = from.header("Origin"); !origin.empty() && allows_origin(origin)) {
    at->headers.emplace_back("Access-Control-Allow-Origin", origin);
    at->headers.emplace_back("Vary", "Origin");
    at->headers.emplace_back("Access-Control-Expose-Headers", std::string(exposed_headers));
    if (from.method == "OPTIONS" && path_exists) {
      reply out{204, {}};
      out.headers.emplace_back("Access-Control-Allow-Methods", "GET, POST, PUT, DELETE");
      out.headers.emplace_back("Access-Control-Allow-Headers", std::string(allowed_headers));
      out.headers.emplace_back("Access-Control-Max-Age", "600");
      return to->finish(std::move(out));
    }
  }
  const auto form = is_form(from.header("Content-Type")) ? from.body : std::string_view{};
  to->params.add_encoded(from.query, true);
  to->params.add_encoded(form, false);
  if (!take_weight(where, to, from.is_loopback, *at)) return;
  if (where == nullptr)
    return to->fail(path_exists ? request_error::method_not_allowed : request_error::not_found);
  std::string payload;
  if (where->who >= security::read) payload = payload_of(from.query, form);
  admit(desk_, to, where->who, from.header("X-MBX-APIKEY"), std::move(payload), nullptr,
        [this, to, where] { where->handler(desk_, to); });
}

} // namespace rialto::net::binance

#include "net/binance/ws_api.hpp"

#include "net/binance/signing.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

/// The limits that an answer tells, with what is used of them.
void add_rate_limits(std::string& out, const api_settings& settings, std::int64_t used,
                     const std::optional<order_counts>& counts) {
  add(out,
      R"(,"rateLimits":[{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,)",
      R"("limit":)", settings.binance_weight_per_minute, R"(,"count":)", used, "}");
  if (counts)
    add(out, R"(,{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":)",
        settings.account.orders_per_10s_max, R"(,"count":)", counts->in_10s,
        R"(},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":)",
        settings.account.orders_per_day_max, R"(,"count":)", counts->in_day, "}");
  out += ']';
}

} // namespace

ws_api::ws_api(desk& at, weights& used, stream_port& port)
    : desk_(at), weights_(used), port_(port) {
  at.watch_keys([this](const std::string& key) { key_ended(key); });
  for (const auto& one : route_table()) serve(one);
  serve({"", "", "session.logon", security::read, 2,
         [this](desk&, const request_ptr& from) { log_on(from); }});
  serve({"", "", "session.status", security::none, 2,
         [this](desk&, const request_ptr& from) { tell_session(from); }});
  serve({"", "", "session.logout", security::none, 2,
         [this](desk&, const request_ptr& from) { log_out(from); }});
}

void ws_api::serve(route more) {
  if (!more.socket_method.empty()) routes_.insert_or_assign(more.socket_method, std::move(more));
}

ws_api::peer* ws_api::find(web_socket_id id) {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : &at->second;
}

std::shared_ptr<const api_key> ws_api::session_of(web_socket_id id) const {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : at->second.session;
}

std::optional<failure> ws_api::flaw_of(const http_request& from) {
  parameters params;
  params.add_encoded(from.query, true);
  static_cast<void>(params.maybe_flag("returnRateLimits"));
  static_cast<void>(params.maybe_text("timeUnit"));
  if (params.done()) return {};
  return params.why();
}

void ws_api::open(web_socket_id id, const http_request& from) {
  parameters params;
  params.add_encoded(from.query, true);
  peer one;
  one.address = from.peer_address;
  one.is_loopback = from.is_loopback;
  one.returns_limits = params.maybe_flag("returnRateLimits").value_or(true);
  const auto unit = params.maybe_text("timeUnit").value_or("");
  if (unit == "MICROSECOND" || unit == "microsecond") one.unit = time_unit::microsecond;
  one.connected_at = desk_.now();
  peers_.emplace(id, std::move(one));
}

void ws_api::closed(web_socket_id id) {
  if (peers_.erase(id) != 0 && guest_ != nullptr) guest_->closed(id);
}

void ws_api::key_ended(std::string_view key) {
  for (auto& [id, one] : peers_)
    if (one.session && one.session->key == key) one.session = nullptr;
}

bool ws_api::send(web_socket_id id, const std::shared_ptr<const std::string>& text) {
  return find(id) != nullptr && port_.send(id, text, 0, false);
}

void ws_api::message(web_socket_id id, std::string_view text, bool is_binary) {
  auto* from = find(id);
  if (from == nullptr) return;
  auto came = parse_message(is_binary ? std::string_view{} : text);
  auto to = std::make_shared<request>();
  to->unit = from->unit;
  to->peer_address = from->address;
  to->socket = id;
  to->params = std::move(came.params);
  bool returns_limits = from->returns_limits;
  if (to->params.ok())
    returns_limits = to->params.maybe_flag("returnRateLimits").value_or(returns_limits);
  std::string_view method = came.method;
  if (method.starts_with("v3/")) method.remove_prefix(3);
  const auto found = routes_.find(method);
  const int weight = found == routes_.end()           ? 1
                     : found->second.weigh == nullptr ? found->second.weight
                                                      : found->second.weigh(to->params);
  const bool binds = !from->is_loopback || desk_.settings().limits_loopback;
  const auto said = weights_.take(from->address, weight, desk_.now().value, binds);
  ++from->in_flight;
  to->answer = [this, id, message_id = came.id, returns_limits, used = said.used,
                who = std::weak_ptr<request>(to)](reply out) {
    const auto asked = who.lock();
    answer(id, message_id, returns_limits, used, asked ? *asked : request(), out);
  };
  if (said.what != weights::verdict::allowed) {
    auto row = problem_of(said.what == weights::verdict::banned ? request_error::address_banned
                                                                : request_error::weight_exceeded);
    row.retry_after_s = static_cast<int>(said.retry_after_s);
    return to->fail(row);
  }
  if (came.why) return to->fail(*came.why);
  if (from->in_flight > in_flight_max) return to->fail(request_error::too_many_pending);
  if (found == routes_.end()) return to->fail(request_error::method_not_allowed);
  run(*from, found->second, to);
}

void ws_api::run(const peer& from, const route& where, const request_ptr& to) {
  std::string key_text, payload;
  if (const auto* key = to->params.look("apiKey")) key_text = *key;
  if (where.who >= security::read) payload = payload_of(to->params);
  admit(desk_, to, where.who, key_text, std::move(payload), from.session,
        [this, to, &where] { where.handler(desk_, to); });
}

void ws_api::answer(web_socket_id id, const std::string& message_id, bool returns_limits,
                    std::int64_t used, const request& to, const reply& out) {
  auto* there = find(id);
  if (there == nullptr) return;
  --there->in_flight;
  std::string text;
  text.reserve(out.body.size() + 256);
  add(text, R"({"id":)", message_id, R"(,"status":)", out.status,
      out.status < 400 ? R"(,"result":)" : R"(,"error":)", out.body);
  if (returns_limits) add_rate_limits(text, desk_.settings(), used, to.counts);
  text += '}';
  port_.send(id, std::make_shared<const std::string>(std::move(text)), 0, false);
}

void ws_api::answer_session(const request_ptr& from, const peer& of) {
  std::string out;
  if (of.session)
    add(out, R"({"apiKey":")", of.session->key, R"(","authorizedSince":)",
        from->time(of.logged_on_at));
  else
    out += R"({"apiKey":null,"authorizedSince":null)";
  add(out, R"(,"connectedSince":)", from->time(of.connected_at), R"(,"returnRateLimits":)",
      bool_text(of.returns_limits), R"(,"serverTime":)", from->time(desk_.now()));
  const bool is_subscribed = guest_ != nullptr && guest_->is_subscribed(from->socket);
  add(out, R"(,"userDataStream":)", bool_text(is_subscribed), "}");
  from->done(200, std::move(out));
}

void ws_api::log_on(const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  auto* there = find(from->socket);
  if (there == nullptr) return;
  there->session = from->key;
  there->logged_on_at = desk_.now();
  answer_session(from, *there);
}

void ws_api::log_out(const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  auto* there = find(from->socket);
  if (there == nullptr) return;
  there->session = nullptr;
  if (guest_ != nullptr) guest_->logged_out(from->socket);
  answer_session(from, *there);
}

void ws_api::tell_session(const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  const auto* there = find(from->socket);
  if (there != nullptr) answer_session(from, *there);
}

} // namespace rialto::net::binance

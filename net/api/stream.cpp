#include "net/api/stream.hpp"

#include "domain/bytes.hpp"
#include "domain/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

/// The message's id as JSON text; empty and a failure when it is neither number nor short text.
std::string take_id(json_object& body) {
  const auto* field = body.take("id");
  if (field == nullptr || field->kind == json_kind::null) return "null";
  if (field->kind == json_kind::integer) return std::to_string(field->integer);
  if (field->kind == json_kind::text && field->text.size() <= 64) return json_text(field->text);
  body.refuse("id", "must be a whole number or a string of at most 64 bytes");
  return "null";
}

} // namespace

stream_hub::stream_hub(desk& at, rate_limiter& limits, stream_port& port)
    : desk_(at), limits_(limits), port_(port), feed_(at.settings().private_messages_kept),
      edge_life_(static_cast<std::uint64_t>(at.now().value)) {}

stream_hub::peer* stream_hub::find(web_socket_id id) {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : &at->second;
}

void stream_hub::open(web_socket_id id, std::string_view address, bool is_loopback) {
  peer one;
  one.id = id;
  one.address = address;
  one.is_limited = !is_loopback || desk_.settings().limits_loopback;
  peers_.emplace(id, std::move(one));
}

void stream_hub::closed(web_socket_id id) {
  auto* one = find(id);
  if (one == nullptr) return;
  for (const auto& channel : one->channels) drop_public(id, channel);
  end_leases(*one);
  leave_account(*one);
  peers_.erase(id);
}

void stream_hub::message(web_socket_id id, std::string_view text, bool is_binary) {
  auto* from = find(id);
  if (from == nullptr) return;
  ++from->in_flight;
  const bool has_to_wait = from->is_deciding && from->in_flight <= in_flight_max &&
                           from->waiting_bytes + text.size() <= waiting_bytes_max;
  if (!has_to_wait) return take(*from, text, is_binary);
  from->waiting_bytes += text.size();
  from->waiting.push_back({std::string(text), is_binary});
}

void stream_hub::decided(web_socket_id id) {
  auto* from = find(id);
  if (from == nullptr) return;
  from->is_deciding = false;
  if (from->goes_on) return; // the loop below is the one that called
  from->goes_on = true;
  while (!from->is_deciding && !from->waiting.empty()) {
    const auto next = std::move(from->waiting.front());
    from->waiting.pop_front();
    from->waiting_bytes -= next.text.size();
    take(*from, next.text, next.is_binary);
    from = find(id);
    if (from == nullptr) return;
  }
  from->goes_on = false;
}

void stream_hub::take(peer& from, std::string_view text, bool is_binary) {
  ticket to{from.id};
  if (is_binary) return refuse(to, {request_error::not_text, {}, "message"});
  auto& body = desk_.reader().read(text);
  if (body.ok() && text.empty())
    body.fail({request_error::malformed_json, "the message is empty", "message"});
  to.id = take_id(body);
  const std::string op(body.ok() ? body.text("op", 32) : std::string_view{});
  if (!body.ok()) return refuse(to, body.why());
  if (from.in_flight > in_flight_max || from.is_deciding)
    return refuse(to, request_error::too_many_pending);
  if (from.is_limited) {
    const auto verdict = limits_.request(from.address, desk_.clock().monotonic_ns(), 1);
    if (!verdict.allowed) return refuse(to, request_error::too_many_requests);
  }
  run(from, to, op, body);
}

void stream_hub::run(peer& from, const ticket& to, std::string_view op, json_object& body) {
  if (op == "order.place") return order_entry(from, to, post_orders, body);
  if (op == "order.place_list") return order_entry(from, to, post_order_lists, body);
  if (op == "order.amend") return order_entry(from, to, stream_amend, body);
  if (op == "order.cancel") return order_entry(from, to, stream_cancel, body);
  if (op == "order.cancel_all") return order_entry(from, to, stream_cancel_all, body);
  if (op == "order.cancel_all_after") return order_entry(from, to, post_cancel_all_after, body);
  if (op == "cancel_on_disconnect") return cancel_on_disconnect(from, to, body);
  if (op == "subscribe") return subscribe(from, to, body);
  if (op == "unsubscribe") return unsubscribe(from, to, body);
  if (op == "authenticate") return authenticate(from, to, body);
  if (op == "ping") return ping(to, body);
  refuse(to, {request_error::invalid_field,
              "op must be one of authenticate, subscribe, unsubscribe, order.place, "
              "order.place_list, order.amend, order.cancel, order.cancel_all, "
              "order.cancel_all_after, cancel_on_disconnect, ping",
              "op"});
}

void stream_hub::ping(const ticket& to, json_object& body) {
  if (!body.done()) return refuse(to, body.why());
  answer(to, fmt::format(R"({{"time":"{}"}})", format_time(desk_.now())));
}

bool stream_hub::send(web_socket_id id, std::string text) {
  return port_.send(id, std::make_shared<const std::string>(std::move(text)), 0, false);
}

void stream_hub::answer(const ticket& to, std::string_view result) {
  auto* from = find(to.peer);
  if (from == nullptr) return;
  --from->in_flight;
  std::string text;
  text.reserve(result.size() + to.id.size() + 32);
  text.append(R"({"id":)").append(to.id).append(R"(,"ok":true,"result":)");
  send(to.peer, text.append(result.empty() ? "null" : result).append("}"));
}

void stream_hub::refuse(const ticket& to, const failure& why) {
  auto* from = find(to.peer);
  if (from == nullptr) return;
  --from->in_flight;
  send(to.peer, fmt::format(R"({{"id":{},"ok":false,"error":{}}})", to.id, problem_json(why, "")));
}

void stream_hub::broadcast(const std::vector<actors::channel_message>& messages) {
  for (const auto& message : messages) {
    const auto at = subscribers_.find(message.channel);
    if (at == subscribers_.end()) continue;
    const auto conflate = message.conflate ? hash64(message.channel) | 1 : 0;
    for (const auto& one : at->second)
      if (message.sequence > one.sent) port_.send(one.id, message.bytes, conflate, true);
  }
}

void stream_hub::tell(const account_publication& news) {
  if (!feed_.is_watched(news.account)) return;
  if (news.event_number < feed_.last(news.account)) return; // of a former owner, late
  if (!news.order && news.balances.empty() && !news.fired)
    return catch_up(news.account, news.event_number);
  const auto messages = messages_of(news, *desk_.gate().markets());
  feed_.add(news.account, news.event_number, messages);
  const auto at = owners_.find(news.account);
  if (at == owners_.end()) return;
  for (const auto id : at->second) {
    const auto* one = find(id);
    if (one == nullptr || !is_known(*one)) continue;
    for (const auto& message : messages)
      if (one->privates[static_cast<std::size_t>(message.channel)].is_live)
        port_.send(id, message.text, 0, false);
  }
}

} // namespace rialto::net

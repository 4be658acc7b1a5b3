#include "net/binance/market_streams.hpp"

#include "domain/bytes.hpp"
#include "net/api/query.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint16_t close_going_away = 1'001, close_policy = 1'008;

/// Whether a stream is made of its market's numbers; the others look at the market when they are due.
bool needs_numbers(stream_kind kind) {
  switch (kind) {
  case stream_kind::trade:
  case stream_kind::aggregate_trade:
  case stream_kind::kline:
  case stream_kind::book_ticker:
  case stream_kind::depth: return true;
  case stream_kind::ticker:
  case stream_kind::mini_ticker:
  case stream_kind::all_tickers:
  case stream_kind::all_mini_tickers:
  case stream_kind::partial_depth:
  case stream_kind::average_price: break;
  }
  return false;
}

/// What a handshake asks for.
struct target {
  bool is_combined = false;
  time_unit unit = time_unit::millisecond;
  std::vector<std::string> names;
  std::optional<failure> why;
};

target read_target(const http_request& from) {
  target out;
  parameters params;
  params.add_encoded(from.query, true);
  const auto* streams = params.look("streams"); // may be empty: whoever asks later
  const std::string listed = streams == nullptr ? std::string{} : *streams;
  params.pass_over("streams");
  const auto unit = params.maybe_text("timeUnit").value_or("");
  if (unit == "MICROSECOND" || unit == "microsecond") out.unit = time_unit::microsecond;
  const auto path = percent_decoded(from.path, false);
  if (!params.done()) out.why = params.why();
  if (!path) out.why = failure(request_error::invalid_field, {}, "path");
  if (out.why) return out;
  const auto parsed = parse_stream_target(*path, listed);
  out.is_combined = parsed.is_combined;
  for (const auto name : parsed.names)
    if (looks_like_stream(name) || is_api_key(name)) out.names.emplace_back(name);
  return out;
}

bool is_in(const std::vector<std::string>& list, const std::string& one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

} // namespace

market_streams::peer* market_streams::find(web_socket_id id) {
  const auto at = peers_.find(id);
  return at == peers_.end() ? nullptr : &at->second;
}

bool market_streams::send(web_socket_id id, std::string text) {
  return port_.send(id, std::make_shared<const std::string>(std::move(text)), 0, false);
}

// ---- connections

std::string market_streams::flaw_of_name(const std::string& name) {
  if (is_api_key(name)) return users_.knows(name) ? "" : "unknown listenKey";
  const auto shown = name.substr(0, stream_name_bytes_max);
  const auto topic = parse_stream_name(name);
  if (!topic) return "unknown stream `" + shown + "`";
  if (!topic->symbol.empty() && desk_.gate().markets()->find(topic->symbol) == nullptr)
    return "unknown symbol in `" + shown + "`";
  return "";
}

std::optional<failure> market_streams::flaw_of(const http_request& from) {
  const auto wish = read_target(from);
  if (wish.why) return wish.why;
  if (wish.names.size() > streams_max)
    return failure(request_error::too_many_subscriptions, "at most 1024 a connection", "streams");
  for (const auto& name : wish.names) {
    const auto flaw = flaw_of_name(name);
    if (flaw.empty()) continue;
    if (is_api_key(name)) return failure(request_error::listen_key_unknown);
    return failure(request_error::channel_not_found, flaw, "streams");
  }
  if (from.is_loopback && !desk_.settings().limits_loopback) return {};
  const auto now_ns = desk_.clock().monotonic_ns();
  auto* known = addresses_.find(from.peer_address);
  if (known == nullptr) known = &addresses_.put(std::string(from.peer_address), {now_ns, 0});
  if (now_ns - known->since_ns >= connects_ns) *known = {now_ns, 0};
  if (++known->count <= connects_max) return {};
  auto row = problem_of(request_error::weight_exceeded);
  row.retry_after_s = static_cast<int>((known->since_ns + connects_ns - now_ns) / second_ns) + 1;
  return failure(row, "too many connections");
}

void market_streams::open(web_socket_id id, const http_request& from) {
  const auto wish = read_target(from);
  auto& one = peers_[id];
  one.is_wrapped = wish.is_combined;
  one.unit = wish.unit;
  one.is_limited = !from.is_loopback || desk_.settings().limits_loopback;
  one.opened_ns = one.second_ns = desk_.clock().monotonic_ns();
  for (const auto& name : wish.names)
    if (!is_in(one.names, name) && flaw_of_name(name).empty()) add(id, one, name);
}

void market_streams::closed(web_socket_id id) {
  auto gone = peers_.extract(id);
  if (gone.empty()) return;
  for (const auto& name : gone.mapped().names)
    if (!is_api_key(name)) leave(id, gone.mapped().form(), name);
  users_.closed(id);
}

// ---- who listens

void market_streams::add(web_socket_id id, peer& to, const std::string& name) {
  if (is_api_key(name)) {
    if (users_.listen(id, name, to.is_wrapped, to.unit)) to.names.push_back(name);
    return;
  }
  to.names.push_back(name);
  auto& one = feeds_[name];
  if (!one.stream || one.is_over) {
    one.name = name;
    one.topic = *parse_stream_name(name);
    const auto* entry = desk_.gate().markets()->find(one.topic.symbol);
    if (entry != nullptr) one.spec = entry->spec;
    if (!one.stream && needs_numbers(one.topic.kind)) {
      markets_[one.spec.market].push_back(&one);
      refresh_wanted();
    }
    one.stream = make_live_stream(desk_, one.topic, one.spec);
    one.is_over = false;
  }
  one.listeners[to.form()].push_back(id);
}

void market_streams::leave(web_socket_id id, std::size_t form, const std::string& name) {
  const auto at = feeds_.find(name);
  if (at == feeds_.end()) return;
  auto& one = at->second;
  auto& ids = one.listeners[form];
  if (const auto mine = std::find(ids.begin(), ids.end(), id); mine != ids.end()) {
    *mine = ids.back();
    ids.pop_back();
  }
  if (!std::all_of(one.listeners.begin(), one.listeners.end(),
                   [](const auto& each) { return each.empty(); }))
    return;
  if (needs_numbers(one.topic.kind)) {
    auto& its = markets_[one.spec.market];
    std::erase(its, &one);
    if (its.empty()) markets_.erase(one.spec.market);
    refresh_wanted();
  }
  feeds_.erase(at);
}

void market_streams::drop(web_socket_id id, peer& from, const std::string& name) {
  if (std::erase(from.names, name) == 0) return;
  if (is_api_key(name))
    users_.leave(id, name);
  else
    leave(id, from.form(), name);
}

/// Set before anybody is told that he listens, so that whoever then looks at the face has what was not published to him.
void market_streams::refresh_wanted() {
  std::uint64_t bits = 0;
  for (const auto& [market, its] : markets_) bits |= bit_of(market);
  wanted_.store(bits, std::memory_order_seq_cst);
}

// ---- events

void market_streams::emit(const feed& of, const event_writer& write, bool replaces) {
  const auto conflate = replaces ? hash64(of.name) | 1 : 0;
  for (const auto unit : {time_unit::millisecond, time_unit::microsecond}) {
    const std::size_t bare = unit == time_unit::microsecond ? 1 : 0, wrapped = bare + 2;
    if (of.listeners[bare].empty() && of.listeners[wrapped].empty()) continue;
    std::string text;
    write(text, unit);
    if (!of.listeners[wrapped].empty()) {
      std::string around;
      around.reserve(text.size() + of.name.size() + 24);
      binance::add(around, R"({"stream":")", of.name, R"(","data":)", text, "}");
      const auto bytes = std::make_shared<const std::string>(std::move(around));
      for (const auto id : of.listeners[wrapped]) port_.send(id, bytes, conflate, true);
    }
    if (of.listeners[bare].empty()) continue;
    const auto bytes = std::make_shared<const std::string>(std::move(text));
    for (const auto id : of.listeners[bare]) port_.send(id, bytes, conflate, true);
  }
}

void market_streams::take(const actors::market_numbers& news) {
  const auto at = markets_.find(news.market);
  if (at == markets_.end()) return;
  for (auto* one : at->second) {
    const auto out = [&](const event_writer& write, bool replaces) { emit(*one, write, replaces); };
    for (const auto& change : news.changes) one->stream->take(change, out);
    for (const auto& closed : news.candles) one->stream->take(closed, out);
    if (one->stream->is_broken()) end_broken(*one);
  }
}

void market_streams::end_broken(feed& one) {
  if (one.is_over) return;
  one.is_over = true;
  for (const auto& ids : one.listeners)
    for (const auto id : ids)
      port_.close(id, close_restart, "the market's data began anew; connect again");
}

void market_streams::tick() {
  const auto now_ns = desk_.clock().monotonic_ns();
  for (auto& [name, one] : feeds_)
    one.stream->tick(now_ns, [&, of = &one](const event_writer& write, bool replaces) {
      emit(*of, write, replaces);
    });
  if (now_ns < next_end_ns_) return;
  next_end_ns_ = now_ns + second_ns;
  end_old(now_ns);
}

void market_streams::end_old(std::int64_t now_ns) {
  for (auto& [id, one] : peers_) {
    const auto age_ns = now_ns - one.opened_ns;
    if (age_ns >= life_ns) {
      port_.close(id, close_going_away, "24 hours are over");
    } else if (age_ns >= life_ns - warning_ns && !one.is_warned) {
      one.is_warned = true;
      std::string text;
      binance::add(text, R"({"e":"serverShutdown","E":)", time_of(desk_.now(), one.unit), "}");
      send(id, std::move(text));
    }
  }
}

// ---- what clients say

void market_streams::message(web_socket_id id, std::string_view text, bool is_binary) {
  auto* from = find(id);
  if (from == nullptr) return;
  const auto now_ns = desk_.clock().monotonic_ns();
  if (now_ns - from->second_ns >= second_ns) {
    from->second_ns = now_ns;
    from->messages = 0;
  }
  if (++from->messages > messages_max && from->is_limited)
    return port_.close(id, close_policy, "more than 5 messages a second");
  const auto wish = parse_stream_request(is_binary ? std::string_view{} : text);
  if (wish.why) {
    send(id, stream_refusal(wish, *wish.why));
    return;
  }
  switch (wish.method) {
  case stream_method::subscribe: return subscribe(id, *from, wish);
  case stream_method::unsubscribe: return unsubscribe(id, *from, wish);
  case stream_method::list_subscriptions: {
    std::string names;
    add_list(names, from->names, [&](const std::string& name) { put_json_text(names, name); });
    send(id, stream_answer(wish, names));
    return;
  }
  case stream_method::set_property: set_combined(id, *from, wish.value); break;
  case stream_method::get_property:
    send(id, stream_answer(wish, bool_text(from->is_wrapped)));
    return;
  }
  send(id, stream_answer(wish, "null"));
}

/// All of them, or none and an error that names the first that cannot be.
void market_streams::subscribe(web_socket_id id, peer& from, const stream_request& wish) {
  std::vector<std::string> fresh;
  for (const auto& name : wish.names) {
    if (is_in(from.names, name) || is_in(fresh, name)) continue;
    const auto flaw = flaw_of_name(name);
    if (!flaw.empty()) {
      send(id, stream_refusal(wish, {2, "Invalid request: " + flaw}));
      return;
    }
    fresh.push_back(name);
    if (from.names.size() + fresh.size() <= streams_max) continue;
    send(id, stream_refusal(wish, {2, "Invalid request: more than 1024 streams"}));
    return;
  }
  for (const auto& name : fresh) add(id, from, name);
  send(id, stream_answer(wish, "null"));
}

void market_streams::unsubscribe(web_socket_id id, peer& from, const stream_request& wish) {
  for (const auto& name : wish.names) drop(id, from, name);
  send(id, stream_answer(wish, "null"));
}

void market_streams::set_combined(web_socket_id id, peer& of, bool is_wrapped) {
  if (of.is_wrapped == is_wrapped) return;
  const auto before = of.form();
  of.is_wrapped = is_wrapped;
  for (const auto& name : of.names) {
    if (is_api_key(name)) {
      static_cast<void>(users_.listen(id, name, of.is_wrapped, of.unit));
      continue;
    }
    // Added first: a stream that nobody listens to for a moment would be gone.
    feeds_.at(name).listeners[of.form()].push_back(id);
    leave(id, before, name);
  }
}

} // namespace rialto::net::binance

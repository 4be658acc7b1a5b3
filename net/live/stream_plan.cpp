#include "net/live/stream_plan.hpp"

#include <algorithm>

namespace rialto::net {

namespace {

/// Stream names are checked symbols and constants: nothing in them needs an escape.
std::string message_of(bool subscribes, const std::vector<std::string>& streams, std::uint64_t id) {
  std::string made =
    subscribes ? R"({"method":"SUBSCRIBE","params":[)" : R"({"method":"UNSUBSCRIBE","params":[)";
  for (const auto& stream : streams) {
    if (made.back() != '[') made += ',';
    made += '"' + stream + '"';
  }
  return made + R"(],"id":)" + std::to_string(id) + "}";
}

} // namespace

std::size_t stream_plan::lane::stream_count() const {
  std::size_t count = 0;
  for (const auto& [symbol, streams] : symbols) count += streams.size();
  return count;
}

std::set<std::string> stream_plan::lane::wanted() const {
  std::set<std::string> made;
  for (const auto& [symbol, streams] : symbols) made.insert(streams.begin(), streams.end());
  return made;
}

bool stream_plan::add(const std::string& symbol, std::vector<std::string> streams,
                      std::int64_t now) {
  if (streams.empty() || streams.size() > options_.streams_max) return false;
  lane* home = nullptr;
  for (auto& [number, one] : lanes_) {
    if (one.symbols.contains(symbol)) return false;
    if (home == nullptr && one.stream_count() + streams.size() <= options_.streams_max) home = &one;
  }
  if (home == nullptr) {
    if (lanes_.size() == stream_plan_options::lanes_max) return false;
    const auto number = next_lane_++;
    lane made;
    made.number = number;
    made.backoff = connect_backoff(options_.seed + number);
    made.waits_since = made.retry_at = now;
    home = &lanes_.emplace(number, std::move(made)).first->second;
  }
  home->symbols.emplace(symbol, std::move(streams));
  return true;
}

void stream_plan::remove(const std::string& symbol, outputs& out) {
  for (auto& [number, one] : lanes_) {
    if (one.symbols.erase(symbol) == 0) continue;
    if (one.up.erase(symbol) != 0) out.push_back(symbol_down{symbol, "not followed any more"});
    return;
  }
}

std::pair<stream_plan::lane*, stream_plan::link*> stream_plan::find(socket_number which) {
  for (auto& [number, one] : lanes_) {
    if (one.current && one.current->which == which) return {&one, &*one.current};
    if (one.next && one.next->which == which) return {&one, &*one.next};
  }
  return {nullptr, nullptr};
}

void stream_plan::opened(socket_number which, std::int64_t now) {
  const auto [at, over] = find(which);
  if (over == nullptr) return;
  over->is_open = true;
  over->opened_at = over->heard_at = over->send_at = now;
  ++at->opened;
}

void stream_plan::closed(socket_number which, const std::string& why, std::int64_t now,
                         outputs& out) {
  const auto [at, over] = find(which);
  if (over == nullptr) return; // it was told to close
  ++at->failed;
  at->last_problem = last_problem_ = why;
  if (over->is_open && now - over->opened_at >= connect_backoff::good_life_ns)
    at->backoff.succeeded();
  at->retry_at = now + at->backoff.failed();
  at->waits_since = now;
  if (at->next && over == &*at->next) {
    at->next.reset();
    return;
  }
  at->current.reset();
  if (at->next && at->next->complete_at != 0) return take_over(*at, out); // nothing was missed
  all_down(*at, why, out);
  if (at->next) take_over(*at, out);
}

void stream_plan::all_down(lane& at, const std::string& why, outputs& out) {
  for (const auto& symbol : at.up) out.push_back(symbol_down{symbol, why});
  at.up.clear();
}

void stream_plan::heard(socket_number which, std::int64_t now) {
  if (const auto [at, over] = find(which); over != nullptr) over->heard_at = now;
}

void stream_plan::answered(socket_number which, std::uint64_t id, const std::string& problem,
                           std::int64_t now, outputs& out) {
  const auto [at, over] = find(which);
  if (over == nullptr) return;
  const auto asked = over->questions.find(id);
  if (asked == over->questions.end()) return;
  for (const auto& stream : asked->second.streams) {
    const auto found = over->streams.find(stream);
    if (!asked->second.subscribes || found == over->streams.end()) continue;
    found->second = problem.empty() ? stream_state::confirmed : stream_state::refused;
  }
  if (!problem.empty()) {
    ++refused_;
    over->refused_at = now;
    at->last_problem = last_problem_ = "a subscription was refused: " + problem;
  }
  over->questions.erase(asked);
  if (at->current && over == &*at->current) note_ups(*at, out);
}

void stream_plan::will_close(socket_number which) {
  if (const auto [at, over] = find(which); over != nullptr && at->current && over == &*at->current)
    at->is_to_be_replaced = true;
}

void stream_plan::cannot_hold(socket_number which, outputs& out) {
  const auto [at, over] = find(which);
  if (over != nullptr && at->next && over == &*at->next) take_over(*at, out);
}

/// The next link becomes the one that delivers.
void stream_plan::take_over(lane& at, outputs& out) {
  if (at.current) out.push_back(close_link{at.current->which});
  at.current = std::move(at.next);
  at.next.reset();
  at.is_to_be_replaced = false;
  // A symbol that the new link does not carry yet is down until it does.
  for (auto symbol = at.up.begin(); symbol != at.up.end();) {
    const auto streams = at.symbols.find(*symbol);
    if (streams != at.symbols.end() && is_confirmed(*at.current, streams->second)) {
      ++symbol;
      continue;
    }
    out.push_back(symbol_down{*symbol, "its connection was replaced too early"});
    symbol = at.up.erase(symbol);
  }
  note_ups(at, out);
  out.push_back(release_held{at.current->which});
}

bool stream_plan::is_confirmed(const link& over, const std::vector<std::string>& streams) {
  return std::all_of(streams.begin(), streams.end(), [&](const std::string& stream) {
    const auto at = over.streams.find(stream);
    return at != over.streams.end() && at->second == stream_state::confirmed;
  });
}

void stream_plan::note_ups(lane& at, outputs& out) {
  for (const auto& [symbol, streams] : at.symbols)
    if (!at.up.contains(symbol) && is_confirmed(*at.current, streams)) {
      at.up.insert(symbol);
      out.push_back(symbol_up{symbol, at.number});
    }
}

void stream_plan::begin(std::optional<link>& place, std::int64_t now, outputs& out) {
  if (!budget_.take(now)) return; // asked again with the next step
  place = link{};
  place->which = next_socket_++;
  place->begun_at = now;
  out.push_back(open_link{place->which});
}

void stream_plan::step(std::int64_t now, outputs& out) {
  for (auto at = lanes_.begin(); at != lanes_.end();) {
    auto& one = at->second;
    if (one.symbols.empty()) {
      for (const auto& place : {one.current, one.next})
        if (place) out.push_back(close_link{place->which});
      at = lanes_.erase(at);
      continue;
    }
    step_lane(one, now, out);
    ++at;
  }
}

void stream_plan::step_lane(lane& at, std::int64_t now, outputs& out) {
  if (!at.current) {
    if (now >= at.retry_at) begin(at.current, now, out);
    return;
  }
  if (at.current->is_open) {
    step_link(at, *at.current, now, out);
    note_ups(at, out); // a symbol that came back before its streams were given up
    const bool is_old = now - at.current->opened_at >= options_.age_ns;
    if ((is_old || at.is_to_be_replaced) && !at.next && now >= at.retry_at)
      begin(at.next, now, out);
  }
  if (!at.next || !at.next->is_open) return;
  step_link(at, *at.next, now, out);
  if (at.next->complete_at != 0 && now - at.next->complete_at >= options_.overlap_ns)
    take_over(at, out);
}

/// Silence, unanswered questions, and what is to be subscribed or given up.
void stream_plan::step_link(lane& at, link& over, std::int64_t now, outputs& out) {
  if (now - over.heard_at >= options_.silence_ns) {
    over.heard_at = now; // said once; closed() follows
    out.push_back(cut_link{over.which, "nothing was heard of it for too long"});
    return;
  }
  for (auto& [id, asked] : over.questions)
    if (now - asked.sent_at >= stream_plan_options::answer_ns) {
      asked.sent_at = now;
      out.push_back(cut_link{over.which, "a subscription was not answered"});
      return;
    }
  if (over.refused_at != 0 && now - over.refused_at >= stream_plan_options::refused_pause_ns) {
    over.refused_at = 0;
    std::erase_if(over.streams,
                  [](const auto& one) { return one.second == stream_state::refused; });
  }
  const auto wanted = at.wanted();
  std::vector<std::string> more, less;
  bool is_complete = true;
  for (const auto& stream : wanted) {
    const auto known = over.streams.find(stream);
    if (known == over.streams.end()) more.push_back(stream);
    is_complete &= known != over.streams.end() && known->second == stream_state::confirmed;
  }
  for (const auto& [stream, state] : over.streams)
    if (!wanted.contains(stream)) less.push_back(stream);
  if (!is_complete)
    over.complete_at = 0;
  else if (over.complete_at == 0)
    over.complete_at = now;
  if ((more.empty() && less.empty()) || now < over.send_at) return;
  const bool subscribes = !more.empty();
  auto& streams = subscribes ? more : less;
  if (streams.size() > stream_plan_options::streams_per_message_max)
    streams.resize(stream_plan_options::streams_per_message_max);
  for (const auto& stream : streams)
    if (subscribes)
      over.streams[stream] = stream_state::asked;
    else
      over.streams.erase(stream);
  const auto id = next_question_++;
  out.push_back(send_text{over.which, message_of(subscribes, streams, id)});
  over.questions.emplace(id, question{std::move(streams), subscribes, now});
  over.send_at = now + stream_plan_options::message_pause_ns;
}

text_route stream_plan::route_of(socket_number which) const {
  for (const auto& [number, one] : lanes_) {
    if (one.current && one.current->which == which) return text_route::deliver;
    if (one.next && one.next->which == which) return text_route::hold;
  }
  return text_route::drop;
}

lane_number stream_plan::lane_of(socket_number which) const {
  for (const auto& [number, one] : lanes_)
    if ((one.current && one.current->which == which) || (one.next && one.next->which == which))
      return number;
  return 0;
}

std::vector<lane_status> stream_plan::status() const {
  std::vector<lane_status> made;
  for (const auto& [number, one] : lanes_) {
    lane_status say;
    say.lane = number;
    say.symbols = one.symbols.size();
    say.opened = one.opened;
    say.failed = one.failed;
    say.last_problem = one.last_problem;
    say.since = one.waits_since;
    if (one.current) {
      const auto& over = *one.current;
      say.state =
        over.is_open ? lane_status::link_state::open : lane_status::link_state::connecting;
      say.since = over.is_open ? over.opened_at : over.begun_at;
      say.last_heard = over.heard_at;
      say.streams = static_cast<std::size_t>(
        std::count_if(over.streams.begin(), over.streams.end(),
                      [](const auto& stream) { return stream.second == stream_state::confirmed; }));
    }
    made.push_back(std::move(say));
  }
  return made;
}

} // namespace rialto::net

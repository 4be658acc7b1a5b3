#include "net/live/binance_source.hpp"

#include "net/live/stream_answer.hpp"
#include "runtime/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace rialto::net {

using actors::feed_news;
using actors::parse_result;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000, minute_ns = 60 * second_ns;
/// The exchange's candle of a minute is final by then.
constexpr std::int64_t after_minute_ns = 3 * second_ns;
/// A trade that says it happened further from now than this gets the time of its arrival.
constexpr std::int64_t odd_time_ns = 60 * second_ns;
constexpr std::int64_t snapshot_weight = 250; // of 5,000 levels a side

bool is_symbol(const std::string& text) {
  return text.size() >= 2 && text.size() <= 20 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
         });
}

std::vector<std::string> streams_of(const std::string& symbol) {
  auto name = symbol;
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return {name + "@depth@100ms", name + "@trade", name + "@bookTicker", name + "@ticker"};
}

/// The symbol and kind that an envelope names, without believing anything else of the text.
struct stream_name {
  std::string symbol;
  bool is_depth = false;
};
std::optional<stream_name> name_in(std::string_view text) {
  constexpr std::string_view key = "\"stream\":\"";
  const auto at = text.find(key);
  if (at == std::string_view::npos) return {};
  const auto begin = at + key.size();
  const auto end = text.find('"', begin);
  const auto split = text.find('@', begin);
  if (end == std::string_view::npos || split >= end) return {};
  stream_name made{std::string(text.substr(begin, split - begin)),
                   text.substr(split, end - split).starts_with("@depth")};
  for (char& c : made.symbol)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return made;
}

} // namespace

void binance_source::mail::ring() {
  std::function<void()> call;
  {
    const std::lock_guard held(lock);
    call = wake;
  }
  if (call) call();
}

binance_source::binance_source(binance_source_options options, runtime::node_clock& clock)
    : options_(std::move(options)), clock_(clock), rest_(options_.rest),
      streams_(options_.streams, clock, [box = mail_] { box->ring(); }) {}

binance_source::~binance_source() {
  streams_.stop();
  rest_.stop();
}

void binance_source::wake_by(std::function<void()> wake) {
  const std::lock_guard held(mail_->lock);
  mail_->wake = std::move(wake);
}

void binance_source::follow(const std::vector<std::string>& symbols,
                            const std::vector<std::string>& off) {
  for (const auto& symbol : symbols) {
    if (places_.contains(symbol)) continue;
    if (!is_symbol(symbol) || places_.size() == binance_source_options::symbols_max) {
      tell(printable(symbol, 20) + " cannot be followed");
      continue;
    }
    places_.emplace(symbol, place{});
    intake_.expect(symbol);
    new_symbols_.push_back(symbol);
    streams_.add(symbol, streams_of(symbol));
  }
  for (auto at = places_.begin(); at != places_.end();) {
    if (std::find(symbols.begin(), symbols.end(), at->first) != symbols.end()) {
      ++at;
      continue;
    }
    streams_.remove(at->first);
    old_symbols_.push_back(at->first);
    at = places_.erase(at);
  }
  // Told of both: who comes to be off, and who is not any more, whose market then may be right without us.
  std::set<std::string, std::less<>> now_off(off.begin(), off.end());
  std::set_symmetric_difference(off_.begin(), off_.end(), now_off.begin(), now_off.end(),
                                std::back_inserter(off_symbols_));
  off_ = std::move(now_off);
}

void binance_source::next(timestamp_ns now, std::vector<feed_news>& out) {
  now_ = std::max(now_, now);
  if (!std::exchange(has_begun_, true)) {
    rest_.start();
    streams_.start();
  }
  if (options_.every_minute && now_ >= minute_due_) {
    minute_due_ = {now_.value - now_.value % minute_ns + minute_ns + after_minute_ns};
    rest_.post([this] { options_.every_minute(rest_); });
  }
  for (auto& symbol : std::exchange(old_symbols_, {}))
    if (!places_.contains(symbol)) intake_.drop(symbol, out);
  // Whatever was laid into its mirror before this source began is not known to be true.
  for (auto& symbol : std::exchange(new_symbols_, {}))
    if (places_.contains(symbol)) out.emplace_back(actors::feed_reset{std::move(symbol)});
  for (auto& symbol : std::exchange(off_symbols_, {}))
    if (!places_.contains(symbol)) out.emplace_back(actors::feed_reset{std::move(symbol)});
  const auto first_new = out.size();
  if (backlog_done_ == backlog_.size()) {
    backlog_.clear();
    backlog_done_ = 0;
    streams_.take(backlog_);
  }
  for (std::size_t texts = 0;
       backlog_done_ < backlog_.size() && texts < binance_source_options::texts_per_call_max;
       ++texts)
    take_news(backlog_[backlog_done_++], now_, out);
  take_snapshots(now_, out);
  find_stale(now_, out);
  ask_snapshots(now_);
  note_changes(out, first_new);
  for (const auto& symbol : requests_.take())
    if (is_synchronised(symbol)) static_cast<void>(intake_.hand_out_book(symbol, out));
  status_ = intake_.status();
  status_.problems = problems_;
  status_.last_problem = last_problem_;
}

std::optional<timestamp_ns> binance_source::next_due() const {
  const bool has_more = backlog_done_ < backlog_.size() || !requests_.empty() ||
                        !new_symbols_.empty() || !old_symbols_.empty() || !off_symbols_.empty();
  if (has_more || streams_.has_news() || mail_->has_answers) return now_;
  return {};
}

bool binance_source::is_synchronised(std::string_view symbol) const {
  const auto at = places_.find(symbol);
  return at != places_.end() && at->second.is_up && !at->second.is_stale &&
         intake_.is_synchronised(symbol);
}

void binance_source::take_news(const stream_news& one, timestamp_ns now,
                               std::vector<feed_news>& out) {
  if (const auto* text = std::get_if<stream_text>(&one)) return take_text(*text, out);
  if (const auto* up = std::get_if<symbol_up>(&one)) {
    const auto at = places_.find(up->symbol);
    if (at == places_.end()) return;
    at->second.is_up = true;
    at->second.is_stale = false;
    at->second.lane = up->lane;
    at->second.reason = "its book is being fetched";
    lanes_[up->lane].last_at = now; // from here on it has stale_ns to say something
  } else if (const auto* down = std::get_if<symbol_down>(&one)) {
    const auto at = places_.find(down->symbol);
    if (at == places_.end()) return;
    at->second.is_up = false;
    lose(down->symbol, "its connection ended: " + printable(down->why), out);
  } else if (const auto* over = std::get_if<stream_overflow>(&one)) {
    tell(fmt::format("{} messages came faster than they could be taken", over->dropped));
    for (const auto& [symbol, at] : places_) lose(symbol, "messages were dropped", out);
  }
}

void binance_source::take_text(const stream_text& text, std::vector<feed_news>& out) {
  const auto first_new = out.size();
  const auto result = intake_.take(text.text, {}, text.received, out);
  if (result == parse_result::refused) return take_unreadable(text, out);
  auto& lane = lanes_[text.lane];
  ++lane.messages;
  if (result == parse_result::message) lane.last_at = text.received;
  for (auto i = first_new; i < out.size(); ++i)
    if (auto* trade = std::get_if<feed_trade>(&out[i]);
        trade != nullptr && std::abs(trade->at.value - text.received.value) > odd_time_ns) {
      trade->at = text.received;
      ++odd_times_;
    }
}

/// V3. What is named as no depth update of ours costs nothing; what names nothing may have been any of its connection.
void binance_source::take_unreadable(const stream_text& text, std::vector<feed_news>& out) {
  const auto name = name_in(text.text);
  if (name && !places_.contains(name->symbol)) return; // a symbol that was just dropped
  tell(printable(intake_.why()) + " in " + printable(text.text, 80));
  if (name) {
    if (name->is_depth) lose(name->symbol, "an update could not be read", out);
    return;
  }
  for (const auto& [symbol, at] : places_)
    if (at.lane == text.lane) lose(symbol, "a message could not be read", out);
}

void binance_source::take_snapshots(timestamp_ns now, std::vector<feed_news>& out) {
  if (!mail_->has_answers) return;
  std::vector<snapshot_answer> answers;
  {
    const std::lock_guard held(mail_->lock);
    answers.swap(mail_->answers);
    mail_->has_answers = false;
  }
  for (auto& one : answers) {
    const auto at = places_.find(one.symbol);
    if (at == places_.end()) continue;
    at->second.is_asking = false;
    if (!one.answer.is_good()) {
      tell("depth of " + one.symbol + ": " + printable(one.answer.problem));
      continue;
    }
    if (one.life != at->second.life || !is_fresh(at->second, now)) continue;
    const auto result = intake_.take(one.answer.body, one.symbol, now, out);
    if (result != parse_result::message)
      tell("depth of " + one.symbol + ": " +
           (intake_.why().empty() ? "is no snapshot" : printable(intake_.why())));
  }
}

/// Its book begins anew; the market hears of it if it had one.
void binance_source::lose(const std::string& symbol, std::string reason,
                          std::vector<feed_news>& out) {
  const auto at = places_.find(symbol);
  if (at == places_.end()) return;
  ++at->second.life;
  at->second.reason = std::move(reason);
  intake_.lose_book(symbol, out);
}

bool binance_source::is_fresh(const place& at, timestamp_ns now) const {
  const auto lane = lanes_.find(at.lane);
  return at.is_up && lane != lanes_.end() &&
         now.value - lane->second.last_at.value < options_.stale_ns;
}

void binance_source::find_stale(timestamp_ns now, std::vector<feed_news>& out) {
  for (auto& [symbol, at] : places_) {
    if (!at.is_up) continue;
    const bool is_stale = !is_fresh(at, now);
    if (is_stale && !at.is_stale) {
      ++stale_times_;
      lose(symbol, fmt::format("no data for {} s", options_.stale_ns / second_ns), out);
    }
    if (!is_stale && at.is_stale) at.reason = "its book is being fetched";
    at.is_stale = is_stale;
  }
}

void binance_source::ask_snapshots(timestamp_ns now) {
  for (auto& [symbol, at] : places_) {
    if (at.is_asking || !is_fresh(at, now) || !intake_.wants_snapshot(symbol, now)) continue;
    const auto life = at.life;
    at.is_asking = rest_.get("/api/v3/depth?symbol=" + symbol + "&limit=5000", snapshot_weight,
                             rest_client::urgency::urgent,
                             [box = mail_, symbol = symbol, life](const rest_answer& answer) {
                               {
                                 const std::lock_guard held(box->lock);
                                 box->answers.push_back({symbol, life, answer});
                                 box->has_answers = true;
                               }
                               box->ring();
                             });
  }
}

/// Books that were lost by themselves (a gap, a difference), and those that came into step.
void binance_source::note_changes(const std::vector<feed_news>& out, std::size_t first_new) {
  for (auto i = first_new; i < out.size(); ++i) {
    const auto* reset = std::get_if<actors::feed_reset>(&out[i]);
    const auto* whole = std::get_if<feed_snapshot>(&out[i]);
    if (reset == nullptr && whole == nullptr) continue;
    const auto at = places_.find(reset != nullptr ? reset->symbol : whole->symbol);
    if (at == places_.end()) continue;
    if (whole != nullptr) {
      at->second.was_live = true;
      at->second.reason.clear();
      if (options_.came_live)
        rest_.post([this, symbol = at->first] { options_.came_live(rest_, symbol); });
    } else if (at->second.reason.empty()) {
      ++at->second.life;
      at->second.reason = "its book was out of step";
    }
  }
}

void binance_source::tell(std::string problem) {
  ++problems_;
  last_problem_ = std::move(problem);
}

actors::feed_report binance_source::report(timestamp_ns now) const {
  auto made = actors::report_of(
    "binance", runtime::text_of(options_.streams.sockets.server, runtime::address_kind::ws),
    status_);
  made.connected = false;
  for (const auto& lane : streams_.lanes()) {
    actors::connection_report one;
    const bool is_open = lane.state == lane_status::link_state::open;
    one.number = lane.lane;
    one.state = is_open                                             ? "open"
                : lane.state == lane_status::link_state::connecting ? "connecting"
                                                                    : "waiting";
    one.age_ns = std::max<std::int64_t>(0, clock_.monotonic_ns() - lane.since);
    one.streams = lane.streams;
    one.reconnects = lane.opened > 0 ? lane.opened - 1 : 0;
    one.last_problem = printable(lane.last_problem);
    if (const auto data = lanes_.find(lane.lane); data != lanes_.end()) {
      one.messages = data->second.messages;
      one.last_message_at = data->second.messages > 0 ? data->second.last_at : timestamp_ns{};
    }
    made.connected |= is_open;
    made.connections.push_back(std::move(one));
  }
  made.streams = intake_.symbol_reports();
  for (auto& one : made.streams) {
    const auto at = places_.find(one.symbol);
    if (at == places_.end()) continue;
    if (!is_synchronised(one.symbol)) {
      const bool is_lost = at->second.was_live && (!at->second.is_up || at->second.is_stale);
      one.state = is_lost || at->second.is_stale ? actors::stream_state::stale
                                                 : actors::stream_state::syncing;
      one.reason = at->second.reason;
    }
  }
  for (const auto& symbol : off_) {
    made.streams.emplace_back();
    made.streams.back().symbol = symbol;
    made.streams.back().reason = "feed.symbols does not name it";
  }
  const auto& rest = rest_.counters();
  const auto& streams = streams_.counters();
  made.counters.insert(made.counters.end(), {{"stale", stale_times_},
                                             {"odd_times", odd_times_},
                                             {"connects", streams.opened},
                                             {"connection_failures", streams.failed},
                                             {"refused_subscriptions", streams.refused},
                                             {"dropped", streams.dropped},
                                             {"rest_requests", rest.requests},
                                             {"rest_failures", rest.failures},
                                             {"rest_refusals", rest.refusals},
                                             {"rate_limit_waits", rest.limit_waits}});
  if (made.last_problem.empty()) made.last_problem = printable(streams_.last_problem());
  static_cast<void>(now);
  return made;
}

} // namespace rialto::net

#include "net/live/stream_client.hpp"

#include "net/live/stream_answer.hpp"
#include "runtime/log.hpp"

#include <utility>

namespace rialto::net {

namespace {
/// Combined streams are asked for by name once it is open, so that they can change while it runs.
constexpr const char* combined_target = "/stream";
} // namespace

stream_client::stream_client(stream_client_options options, runtime::node_clock& clock,
                             std::function<void()> wake)
    : options_(std::move(options)), clock_(clock), wake_(std::move(wake)), plan_(options_.plan),
      sockets_(options_.sockets, *this) {}

void stream_client::add(std::string symbol, std::vector<std::string> streams) {
  sockets_.post([this, symbol = std::move(symbol), streams = std::move(streams)] {
    if (!plan_.add(symbol, streams, clock_.monotonic_ns()))
      runtime::log_warning("feed", "{} is not followed: it is already, or there is no room",
                           symbol);
    step();
  });
}

void stream_client::remove(std::string symbol) {
  sockets_.post([this, symbol = std::move(symbol)] {
    plan_.remove(symbol, outputs_);
    step();
  });
}

void stream_client::on_open(socket_number which) {
  ++counters_.opened;
  plan_.opened(which, clock_.monotonic_ns());
  runtime::log_info("feed", "connection {} is open (socket {})", plan_.lane_of(which), which);
  step();
}

void stream_client::on_sign_of_life(socket_number which) {
  plan_.heard(which, clock_.monotonic_ns());
}

void stream_client::on_closed(socket_number which, const std::string& why) {
  const auto lane = plan_.lane_of(which);
  if (lane != 0) {
    ++counters_.failed;
    runtime::log_warning("feed", "connection {} ended: {}", lane, why);
  }
  plan_.closed(which, why, clock_.monotonic_ns(), outputs_);
  if (plan_.lane_of(which) == 0) forget_held(which);
  step();
}

void stream_client::on_tick() {
  step();
  auto lanes = plan_.status();
  const std::lock_guard held(lock_);
  lanes_ = std::move(lanes);
  last_problem_ = plan_.last_problem();
}

void stream_client::on_text(socket_number which, std::string_view text) {
  ++counters_.texts;
  counters_.bytes += text.size();
  plan_.heard(which, clock_.monotonic_ns());
  if (is_stream_answer(text)) return take_answer(which, text);
  if (says_shutdown(text)) return plan_.will_close(which);
  stream_text made{plan_.lane_of(which), clock_.now(), std::string(text)};
  switch (plan_.route_of(which)) {
  case text_route::deliver: return queue(std::move(made));
  case text_route::hold: return hold(which, std::move(made));
  case text_route::drop: return;
  }
}

void stream_client::take_answer(socket_number which, std::string_view text) {
  const auto answer = read_stream_answer(text);
  if (!answer) return; // an error that names no question: its question stays unanswered
  plan_.answered(which, answer->id, answer->problem, clock_.monotonic_ns(), outputs_);
  counters_.refused = plan_.refused_subscriptions();
  step();
}

void stream_client::step() {
  plan_.step(clock_.monotonic_ns(), outputs_);
  obey();
}

/// Does what the plan says. What happens meanwhile comes later, as a call of the listener.
void stream_client::obey() {
  const auto doing = std::exchange(outputs_, {});
  for (const auto& one : doing) {
    if (const auto* open = std::get_if<open_link>(&one)) {
      static_cast<void>(sockets_.open(open->which, combined_target));
    } else if (const auto* close = std::get_if<close_link>(&one)) {
      forget_held(close->which);
      sockets_.close(close->which);
    } else if (const auto* cut = std::get_if<cut_link>(&one)) {
      sockets_.cut(cut->which, cut->why);
    } else if (const auto* say = std::get_if<send_text>(&one)) {
      if (!sockets_.send(say->which, say->text))
        sockets_.cut(say->which, "it takes no more messages");
    } else if (const auto* up = std::get_if<symbol_up>(&one)) {
      queue(*up);
    } else if (const auto* down = std::get_if<symbol_down>(&one)) {
      queue(*down);
    } else if (const auto* released = std::get_if<release_held>(&one)) {
      release(released->which);
    }
  }
}

void stream_client::queue(stream_news one) {
  const auto* text = std::get_if<stream_text>(&one);
  {
    const std::lock_guard held(lock_);
    if (text != nullptr) {
      if (queue_texts_ == options_.queue_texts_max ||
          queue_bytes_ + text->text.size() > options_.queue_bytes_max) {
        ++dropped_;
        ++counters_.dropped;
        return;
      }
      ++queue_texts_;
      queue_bytes_ += text->text.size();
    }
    queue_.push_back(std::move(one));
  }
  if (!has_news_.exchange(true, std::memory_order_acq_rel) && wake_) wake_();
}

void stream_client::take(std::vector<stream_news>& out) {
  const std::lock_guard held(lock_);
  has_news_.store(false, std::memory_order_release);
  if (out.empty())
    out.swap(queue_);
  else
    out.insert(out.end(), std::make_move_iterator(queue_.begin()),
               std::make_move_iterator(queue_.end()));
  queue_.clear();
  queue_texts_ = queue_bytes_ = 0;
  if (dropped_ != 0) out.emplace_back(stream_overflow{std::exchange(dropped_, 0)});
}

void stream_client::hold(socket_number which, stream_text text) {
  held_bytes_ += text.text.size();
  held_.push_back({which, std::move(text)});
  if (held_.size() <= options_.held_texts_max && held_bytes_ <= options_.held_bytes_max) return;
  plan_.cannot_hold(which, outputs_);
  obey();
}

void stream_client::release(socket_number which) {
  for (auto& one : held_)
    if (one.which == which) queue(std::move(one.text));
  forget_held(which);
}

void stream_client::forget_held(socket_number which) {
  std::erase_if(held_, [which](const held_text& one) { return one.which == which; });
  held_bytes_ = 0;
  for (const auto& one : held_) held_bytes_ += one.text.text.size();
}

std::vector<lane_status> stream_client::lanes() const {
  const std::lock_guard held(lock_);
  return lanes_;
}

std::string stream_client::last_problem() const {
  const std::lock_guard held(lock_);
  return last_problem_;
}

} // namespace rialto::net

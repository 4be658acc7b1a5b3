#include "net/server/connection.hpp"

#include <fmt/format.h>

#include <sys/epoll.h>

namespace rialto::net {

namespace {

constexpr std::size_t refill_bytes = 65'536; // of WebSocket frames, per write
constexpr std::size_t kept_bytes = 16'384;   // of an empty buffer
constexpr std::int64_t linger_ns = 2'000'000'000;
constexpr std::size_t linger_bytes_max = 4'194'304;

void give_back(std::string& buffer) {
  if (buffer.capacity() > kept_bytes)
    std::string().swap(buffer);
  else
    buffer.clear();
}

} // namespace

std::string connection_host::fresh_request_id() {
  return fmt::format("{:06x}-{:08x}", request_prefix & 0xff'ffff, next_request++);
}

connection::connection(connection_host& host, std::uint64_t id, std::unique_ptr<transport> peer,
                       std::string address, bool is_loopback)
    : host_(host), id_(id), peer_(std::move(peer)), address_(std::move(address)),
      is_loopback_(is_loopback), deadline_ns_(host.now_ns + host.options.header_ns),
      heard_ns_(host.now_ns) {
  count(host_.statistics.connections, 1);
  watch();
}

connection::~connection() {
  count(host_.statistics.connections, -1);
}

void connection::touch() {
  if (is_touched_ || is_dead()) return;
  is_touched_ = true;
  host_.touched.push_back(this);
}

void connection::touch_later() {
  if (is_touched_ || is_waiting_ || is_dead()) return;
  is_waiting_ = true;
  if (host_.waiting.empty()) host_.waiting_until_ns = host_.now_ns + host_.options.flush_ns;
  host_.waiting.push_back(id_);
}

void connection::end_wait() {
  if (std::exchange(is_waiting_, false)) touch();
}

void connection::on_readable() {
  if (is_dead()) return;
  const auto got = peer_->read(host_.scratch.data(), host_.scratch.size());
  if (got.state == io_state::blocked) return;
  if (got.state == io_state::ended) return on_peer_done();
  count(host_.statistics.bytes_in, got.bytes);
  heard_ns_ = host_.now_ns;
  touch();
  if (phase_ == phase::lingering) {
    thrown_away_ += got.bytes;
    if (thrown_away_ > linger_bytes_max) die();
    return;
  }
  if (in_.empty()) {
    const auto used = process(host_.scratch.data(), got.bytes);
    if (used < got.bytes) {
      if (phase_ == phase::body) in_.reserve(wanted_);
      in_.assign(host_.scratch, used, got.bytes - used);
    }
  } else {
    in_.append(host_.scratch, 0, got.bytes);
    resume();
  }
}

void connection::resume() {
  if (is_dead()) return;
  touch();
  const auto used = process(in_.data(), in_.size());
  if (used == in_.size())
    give_back(in_);
  else
    in_.erase(0, used);
}

void connection::on_peer_done() {
  is_peer_done_ = true;
  if (phase_ == phase::lingering || web_socket_ || (answers_.empty() && backlog() == 0))
    return die();
  touch();
  // Half closed: it still reads what it asked for.
  if (answers_.empty())
    close_after_flush_ = true;
  else
    answers_.back().close = true;
  phase_ = phase::finishing;
}

void connection::on_writable() {
  is_blocked_ = false;
  touch();
}

void connection::on_hang_up() {
  die();
}

void connection::flush() {
  is_touched_ = is_waiting_ = false;
  if (is_dead()) return;
  if (!is_blocked_) write_out();
  if (is_dead()) return;
  if (close_after_flush_ && backlog() == 0 && phase_ != phase::lingering) begin_lingering();
  if (is_dead()) return;
  if (has_input_waiting_ && !is_paused()) {
    has_input_waiting_ = false;
    host_.resumed.push_back(this);
  }
  watch();
}

void connection::write_out() {
  for (;;) {
    if (web_socket_ && phase_ == phase::web_socket)
      count(host_.statistics.messages_out,
            web_socket_->queue.move_to(out_, out_at_ + refill_bytes));
    if (backlog() == 0) break;
    const auto sent = peer_->write(out_.data() + out_at_, backlog());
    count(host_.statistics.writes, 1);
    if (sent.state == io_state::ended) return die();
    if (sent.state == io_state::blocked) {
      is_blocked_ = true;
      if (out_at_ > refill_bytes) out_.erase(0, std::exchange(out_at_, 0));
      return;
    }
    count(host_.statistics.bytes_out, sent.bytes);
    progress_ns_ = host_.now_ns;
    out_at_ += sent.bytes;
    if (backlog() == 0) {
      out_at_ = 0;
      give_back(out_);
    }
  }
}

void connection::begin_lingering() {
  // Closing with unread bytes would reset the connection and take our last words along.
  if (is_peer_done_) return die();
  peer_->end_writing();
  phase_ = phase::lingering;
  deadline_ns_ = host_.now_ns + linger_ns;
  has_input_waiting_ = false;
  give_back(in_);
}

void connection::watch() {
  bool reads = false;
  switch (phase_) {
  case phase::head: reads = !is_paused(); break;
  case phase::web_socket:
  case phase::web_socket_closing: reads = backlog() < host_.options.send_bytes_max; break;
  case phase::body:
  case phase::chunks:
  case phase::lingering: reads = true; break;
  case phase::finishing:
  case phase::dead: break;
  }
  const std::uint32_t wanted = (reads ? EPOLLIN : 0U) | (is_blocked_ ? EPOLLOUT : 0U);
  if (is_watched_ && watched_ == wanted) return;
  epoll_event event{};
  event.events = watched_ = wanted;
  event.data.u64 = id_;
  const int how = std::exchange(is_watched_, true) ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(host_.epoll, how, peer_->descriptor(), &event) != 0) die();
}

void connection::die() {
  if (is_dead()) return;
  phase_ = phase::dead;
  peer_.reset(); // epoll forgets a closed descriptor
  if (web_socket_) end_web_socket();
  host_.ended.push_back(this);
}

void connection::sweep() {
  const auto now = host_.now_ns;
  const auto& options = host_.options;
  if (is_dead()) return;
  if (is_blocked_ && now - progress_ns_ > options.body_ns) { // it does not take what it asked for
    count(host_.statistics.timeouts, 1);
    return die();
  }
  if (phase_ == phase::web_socket) {
    if (now - heard_ns_ > options.silence_ns) {
      count(host_.statistics.timeouts, 1);
      close_web_socket(close_code::going_away, "no sign of life");
    } else if (now - web_socket_->pinged_ns > options.ping_ns && backlog() < refill_bytes) {
      web_socket_->pinged_ns = now;
      append_frame_head(out_, opcode::ping, 0);
      touch();
    }
    return;
  }
  if (now <= deadline_ns_ || has_input_waiting_) return;
  const bool is_within_request =
    phase_ == phase::body || phase_ == phase::chunks || (phase_ == phase::head && !in_.empty());
  if (!is_within_request) return die(); // idle, or its time to go was up
  count(host_.statistics.timeouts, 1);
  if (!peer_->is_established()) return die();
  refuse(408, "request-timeout", "the request took too long to arrive");
}

void connection::drain() {
  if (phase_ == phase::web_socket)
    return close_web_socket(close_code::going_away, "the node is stopping");
  if (phase_ != phase::head && phase_ != phase::body && phase_ != phase::chunks) return;
  if (phase_ == phase::head) {
    if (answers_.empty())
      close_after_flush_ = true;
    else
      answers_.back().close = true;
    phase_ = phase::finishing;
  } // a body under way is read; its answer closes
  touch();
}

std::int64_t connection::idle_since_ns() const {
  const bool is_between_requests = phase_ == phase::head && front_sequence_ > 1 &&
                                   answers_.empty() && in_.empty() && !has_input_waiting_ &&
                                   backlog() == 0;
  return is_between_requests ? heard_ns_ : never;
}

void connection::turn_away() {
  if (is_dead()) return;
  if (!peer_->is_established()) return die();
  refuse(503, "too-many-connections", "this node has as many connections as it takes");
}

} // namespace rialto::net

#include "net/server/connection.hpp"

#include "net/server/http_head.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

namespace rialto::net {

namespace {
constexpr std::size_t read_bytes = 65'536;
constexpr std::int64_t close_wait_ns = 2'000'000'000; // for the peer's half of a WebSocket's close
} // namespace

std::int64_t monotonic_ns() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

connection::connection(connection_context& context, std::uint64_t id,
                       boost::asio::ip::tcp::socket socket, std::string peer, bool is_loopback)
    : context_(context), id_(id), socket_(std::move(socket)), peer_(std::move(peer)),
      is_loopback_(is_loopback), parser_(context.options.body_bytes_max) {}

connection::~connection() {
  if (reader_) --context_.statistics.web_sockets;
  --context_.statistics.connections;
}

void connection::start() {
  last_heard_ns_ = monotonic_ns();
  deadline_ns_ = last_heard_ns_ + context_.options.header_ns;
  wait_readable();
}

void connection::wait_readable() {
  if (reading_ || dead_ || phase_ == phase::closing) return;
  if (phase_ != phase::web_socket && is_paused()) return; // respond() takes it up again
  reading_ = true;
  socket_.async_wait(
    boost::asio::ip::tcp::socket::wait_read, [this](boost::system::error_code problem) {
      reading_ = false; // the server keeps a dead connection until its handlers are done
      if (dead_) return;
      if (problem) return die();
      read_some();
      wait_readable();
    });
}

void connection::read_some() {
  const auto before = in_.size();
  in_.resize(before + read_bytes);
  const auto got = recv(socket_.native_handle(), in_.data() + before, read_bytes, MSG_DONTWAIT);
  in_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return die();
  context_.statistics.bytes_in += static_cast<std::uint64_t>(got);
  last_heard_ns_ = monotonic_ns();
  take_bytes();
}

void connection::take_bytes() {
  while (!dead_) {
    if (phase_ == phase::web_socket) {
      if (in_at_ < in_.size()) {
        const auto bytes = std::move(in_);
        const auto from = std::exchange(in_at_, 0);
        in_.clear();
        reader_->feed(std::string_view(bytes).substr(from));
      }
      return;
    }
    if (phase_ == phase::closing || is_paused()) break;
    if (phase_ == phase::head ? !take_head() : !take_body()) break;
  }
  if (in_at_ > 0) in_.erase(0, in_at_), in_at_ = 0;
}

bool connection::take_head() {
  while (in_at_ + 2 <= in_.size() && in_.compare(in_at_, 2, "\r\n") == 0)
    in_at_ += 2; // tolerated before a request line
  const auto rest = std::string_view(in_).substr(in_at_);
  if (rest.empty()) return false;
  const auto end = rest.find("\r\n\r\n");
  if (end == std::string_view::npos ? rest.size() > context_.options.header_bytes_max
                                    : end + 4 > context_.options.header_bytes_max) {
    refuse(431, "header-too-large", "the head of the request is too large");
    return false;
  }
  if (end == std::string_view::npos) {
    if (rest != "\r" && is_hopeless(rest))
      refuse(400, "bad-request", "this is not an HTTP/1.1 request");
    return false;
  }
  if (const auto no = check_head(rest.substr(0, end + 4), context_.options.target_bytes_max);
      no.status != 0) {
    refuse(no.status, no.code, no.detail);
    return false;
  }
  std::size_t taken = 0;
  parser_.reset();
  const auto state = parser_.feed(rest, taken);
  in_at_ += taken;
  if (state == http_parser::state::complete) {
    dispatch();
    return true;
  }
  if (state == http_parser::state::needs_more) {
    phase_ = phase::body;
    deadline_ns_ = last_heard_ns_ + context_.options.body_ns;
    if (parser_.expects_continue() && answers_.empty()) {
      out_ += "HTTP/1.1 100 Continue\r\n\r\n";
      dirty();
    }
    return true;
  }
  if (state == http_parser::state::body_too_large)
    refuse(413, "body-too-large", "the body is larger than this node takes");
  else
    refuse(400, "bad-request", "the request cannot be parsed");
  return false;
}

bool connection::take_body() {
  const auto rest = std::string_view(in_).substr(in_at_);
  if (rest.empty()) return false;
  std::size_t taken = 0;
  const auto state = parser_.feed(rest, taken);
  in_at_ += taken;
  switch (state) {
  case http_parser::state::complete: dispatch(); return true;
  case http_parser::state::needs_more:
    if (in_.size() - in_at_ > context_.options.header_bytes_max)
      refuse(400, "bad-request", "a chunk's head is too long");
    return false;
  case http_parser::state::body_too_large:
    refuse(413, "body-too-large", "the body is larger than this node takes");
    return false;
  case http_parser::state::bad:
    refuse(400, "bad-request", "the body cannot be parsed");
    return false;
  }
  return false;
}

void connection::dispatch() {
  ++context_.statistics.requests;
  phase_ = phase::head;
  deadline_ns_ = last_heard_ns_ + context_.options.idle_ns;
  parser_.describe(request_);
  request_.peer_address = peer_;
  request_.is_loopback = is_loopback_;
  request_.received_ns = last_heard_ns_;
  const auto given = request_.header("X-Request-Id");
  request_.request_id = is_request_id(given) ? std::string(given) : context_.fresh_request_id();
  auto& slot = answers_.emplace_back();
  slot.sequence = next_sequence_++;
  slot.request_id = request_.request_id;
  slot.is_head = request_.method == "HEAD";
  if (parser_.is_upgrade()) {
    if (answers_.size() > 1) {
      answers_.pop_back();
      return refuse(400, "bad-request", "an upgrade may not follow unanswered requests");
    }
    if (auto no = context_.handler.on_upgrade(request_)) {
      slot.close = true;
      phase_ = phase::closing;
      return respond(slot.sequence, std::move(*no));
    }
    answers_.pop_back();
    return upgrade();
  }
  if (!parser_.keeps_alive() || draining_) {
    slot.close = true;
    phase_ = phase::closing; // what follows is not read
  }
  context_.handler.on_request(request_, context_.responder_for(id_, slot.sequence));
}

void connection::upgrade() {
  phase_ = phase::web_socket;
  ++context_.statistics.web_sockets;
  pinged_ns_ = last_heard_ns_;
  reader_ = std::make_unique<web_socket_reader>(context_.io, *this, parser_.message(),
                                                context_.options.message_bytes_max);
}

void connection::refuse(unsigned status, std::string_view code, std::string_view detail) {
  ++context_.statistics.parse_errors;
  phase_ = phase::closing;
  auto& slot = answers_.emplace_back();
  slot.sequence = next_sequence_++;
  slot.request_id = context_.fresh_request_id();
  slot.close = true;
  respond(slot.sequence, plain_problem(status, code, detail));
}

bool connection::waits_for(std::uint64_t sequence) const {
  for (const auto& slot : answers_)
    if (slot.sequence == sequence) return !slot.is_ready;
  return false;
}

void connection::serialise(pending_answer& to, http_response& answer) {
  const std::string_view body =
    answer.shared_body ? std::string_view(*answer.shared_body) : std::string_view(answer.body);
  to.close |= answer.close;
  fmt::format_to(std::back_inserter(to.bytes), "HTTP/1.1 {} {}\r\n", answer.status,
                 reason_phrase(answer.status));
  if (!body.empty() || answer.status != 204)
    fmt::format_to(std::back_inserter(to.bytes), "Content-Type: {}\r\nContent-Length: {}\r\n",
                   answer.content_type, body.size());
  fmt::format_to(std::back_inserter(to.bytes), "X-Request-Id: {}\r\n", to.request_id);
  for (const auto& [name, value] : answer.headers)
    fmt::format_to(std::back_inserter(to.bytes), "{}: {}\r\n", name, value);
  if (to.close) to.bytes += "Connection: close\r\n";
  to.bytes += "\r\n";
  if (!to.is_head) to.bytes += body;
}

void connection::respond(std::uint64_t sequence, http_response answer) {
  if (dead_) return;
  const bool was_paused = is_paused();
  for (auto& slot : answers_) {
    if (slot.sequence != sequence || slot.is_ready) continue;
    serialise(slot, answer);
    slot.is_ready = true;
    break;
  }
  while (!answers_.empty() && answers_.front().is_ready) {
    out_ += answers_.front().bytes;
    const bool last = answers_.front().close;
    answers_.pop_front();
    dirty();
    if (!last) continue;
    answers_.clear();
    phase_ = phase::closing;
    close_after_flush_ = true;
  }
  if (draining_ && answers_.empty()) close_after_flush_ = true, dirty();
  if (was_paused && !is_paused()) {
    boost::asio::post(context_.io, [this] { // not from within the handler that answers
      reading_ = false;
      if (dead_) return;
      take_bytes();
      wait_readable();
    });
    reading_ = true; // so that nobody waits twice, and the connection outlives the job
  }
}

bool connection::send(const std::shared_ptr<const std::string>& text, std::uint64_t conflate) {
  if (dead_ || phase_ != phase::web_socket || close_after_flush_) return false;
  if (conflate != 0)
    for (auto& waiting : frames_)
      if (waiting.conflate == conflate) {
        queued_bytes_ += text->size() - waiting.text->size();
        waiting.text = text;
        return true;
      }
  if (frames_.size() >= context_.options.send_frames_max ||
      queued_bytes_ + text->size() > context_.options.send_bytes_max) {
    ++context_.statistics.slow_consumers;
    frames_.clear();
    queued_bytes_ = 0;
    close_web_socket(1013, "too slow: messages of this connection were dropped");
    return false;
  }
  frames_.push_back({text, conflate});
  queued_bytes_ += text->size();
  dirty();
  return true;
}

void connection::close_web_socket(std::uint16_t code, std::string_view reason) {
  if (dead_ || phase_ != phase::web_socket) return;
  while (!frames_.empty()) { // what was queued before goes first, if the peer takes it
    append_frame_head(out_, 1, frames_.front().text->size());
    out_ += *frames_.front().text;
    frames_.pop_front();
  }
  queued_bytes_ = 0;
  out_ += close_frame(code, reason);
  phase_ = phase::closing;
  close_after_flush_ = true;
  deadline_ns_ = monotonic_ns() + close_wait_ns;
  dirty();
}

void connection::set_message_limit(std::size_t bytes_max) {
  if (reader_) reader_->set_message_limit(bytes_max);
}

void connection::dirty() {
  if (!is_dirty && !waiting_writable_) context_.mark_dirty(*this);
}

void connection::flush() {
  if (dead_ || waiting_writable_) return;
  for (;;) {
    // Small frames are copied together; a shared text is copied once per connection, which is cheaper than a gather of many parts.
    while (!frames_.empty() && out_.size() - out_at_ < 262'144) {
      append_frame_head(out_, 1, frames_.front().text->size());
      out_ += *frames_.front().text;
      queued_bytes_ -= frames_.front().text->size();
      frames_.pop_front();
      ++context_.statistics.messages_out;
    }
    if (out_at_ == out_.size()) break;
    const auto sent = ::send(socket_.native_handle(), out_.data() + out_at_, out_.size() - out_at_,
                             MSG_NOSIGNAL | MSG_DONTWAIT);
    ++context_.statistics.writes;
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      waiting_writable_ = true;
      socket_.async_wait(boost::asio::ip::tcp::socket::wait_write,
                         [this](boost::system::error_code problem) {
                           waiting_writable_ = false;
                           if (dead_) return;
                           if (problem) return die();
                           flush();
                         });
      return;
    }
    if (sent <= 0) return die();
    context_.statistics.bytes_out += static_cast<std::uint64_t>(sent);
    out_at_ += static_cast<std::size_t>(sent);
    if (out_at_ == out_.size()) out_.clear(), out_at_ = 0;
  }
  if (!close_after_flush_) return;
  if (is_web_socket() &&
      monotonic_ns() < deadline_ns_) { // leave the peer time to read the close frame and answer it
    boost::system::error_code ignored;
    socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send, ignored);
    close_after_flush_ = false;
    return;
  }
  die();
}

void connection::die() {
  if (dead_) return;
  dead_ = true;
  boost::system::error_code ignored;
  socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_both, ignored);
  socket_.close(ignored);
  if (told_open_) context_.handler.on_close(id_);
  told_open_ = false;
}

void connection::sweep(std::int64_t now) {
  if (dead_) return;
  if (phase_ == phase::web_socket) {
    if (now - last_heard_ns_ > context_.options.silence_ns) {
      ++context_.statistics.timeouts;
      return close_web_socket(1001, "no sign of life");
    }
    if (now - pinged_ns_ > context_.options.ping_ns) {
      pinged_ns_ = now;
      append_frame_head(out_, 9, 0);
      dirty();
    }
    return;
  }
  if (phase_ != phase::closing &&
      !answers_.empty()) { // the node owes an answer: the client is not to blame
    deadline_ns_ = now + context_.options.idle_ns;
    return;
  }
  if (now <= deadline_ns_) return;
  const bool in_request = phase_ == phase::body || in_at_ < in_.size();
  if (phase_ == phase::closing || !in_request) return die();
  ++context_.statistics.timeouts;
  refuse(408, "request-timeout", "the request took too long to arrive");
  deadline_ns_ = now + close_wait_ns;
}

void connection::drain() {
  draining_ = true;
  if (phase_ == phase::web_socket) return close_web_socket(1001, "the node is stopping");
  if (answers_.empty() && phase_ == phase::head)
    close_after_flush_ = true, phase_ = phase::closing, dirty();
}

// ---- what Beast says of a WebSocket

void connection::write_raw(std::string_view bytes) {
  if (close_after_flush_ || phase_ == phase::closing) return; // our close is the last word
  out_ += bytes;
  dirty();
}

void connection::opened() {
  told_open_ = true;
  parser_.describe(request_);
  context_.handler.on_open(id_, request_);
}

void connection::message(std::string_view text, bool is_binary) {
  ++context_.statistics.messages_in;
  if (phase_ == phase::web_socket) context_.handler.on_message(id_, text, is_binary);
}

void connection::ended() {
  if (phase_ == phase::web_socket) {
    phase_ = phase::closing;
    frames_.clear();
    queued_bytes_ = 0;
    deadline_ns_ = 0;
    close_after_flush_ = true; // Beast's answer to the close is in out_
    dirty();
  } else {
    die();
  }
}

} // namespace rialto::net

// The HTTP half of a connection: bytes to requests, answers to bytes.
#include "net/server/connection.hpp"
#include "net/server/http_head.hpp"
#include "net/server/web_socket_handshake.hpp"
#include "runtime/log.hpp"

#include <algorithm>
#include <charconv>
#include <exception>

namespace rialto::net {

namespace {

// Answers that wait for a peer to read them; beyond that its further requests wait in the kernel.
constexpr std::size_t backlog_bytes_max = 262'144;

void append_number(std::string& out, std::size_t number) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  out.append(text.data(), end);
}

/// A header cannot end early, whatever got into it.
void append_value(std::string& out, std::string_view value) {
  const auto from = out.size();
  out += value;
  if (value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos) return;
  std::replace_if(
    out.begin() + static_cast<std::ptrdiff_t>(from), out.end(),
    [](char c) { return c == '\r' || c == '\n' || c == '\0'; }, ' ');
}

} // namespace

bool connection::is_paused() const {
  return answers_.size() >= host_.options.pipelined_max || backlog() > backlog_bytes_max;
}

std::size_t connection::process(char* bytes, std::size_t size) {
  std::size_t at = 0;
  for (bool goes_on = true; goes_on;) {
    const std::string_view rest(bytes + at, size - at);
    std::size_t used = 0;
    switch (phase_) {
    case phase::head:
      has_input_waiting_ = is_paused() && !rest.empty();
      goes_on = !has_input_waiting_ && take_head(rest, used);
      break;
    case phase::body:
      goes_on = rest.size() >= wanted_;
      if (goes_on) phase_ = phase::head; // and take all of it
      break;
    case phase::chunks: goes_on = take_chunks(rest, used); break;
    case phase::web_socket:
    case phase::web_socket_closing:
      web_socket_->reader.feed(bytes + at, rest.size(), *this);
      used = rest.size();
      goes_on = false;
      break;
    case phase::finishing:
    case phase::lingering:
    case phase::dead:
      used = rest.size();
      goes_on = false;
      break;
    }
    at += used;
  }
  return at;
}

bool connection::take_head(std::string_view rest, std::size_t& used) {
  if (!has_blank_line_ && rest.starts_with("\r\n")) { // one, as RFC 9112 2.2 allows
    has_blank_line_ = true;
    used = 2;
    return true;
  }
  if (rest.empty()) return false;
  const auto end = rest.find("\r\n\r\n", looked_at_ > 3 ? looked_at_ - 3 : 0);
  const auto head_bytes = end == std::string_view::npos ? rest.size() : end + 4;
  if (head_bytes > host_.options.header_bytes_max) {
    refuse(431, "header-too-large", "the head of the request is larger than this node takes");
    return false;
  }
  if (end != std::string_view::npos) return take_request(rest.substr(0, head_bytes), rest, used);
  if (is_hopeless(rest, looked_at_) && rest != "\r") {
    refuse(400, "bad-request", "this is not an HTTP/1.1 request");
    return false;
  }
  if (looked_at_ == 0 && answers_.empty()) deadline_ns_ = host_.now_ns + host_.options.header_ns;
  looked_at_ = rest.size();
  return false;
}

bool connection::take_request(std::string_view head, std::string_view rest, std::size_t& used) {
  looked_at_ = 0;
  if (const auto no = check_head(head, host_.options.target_bytes_max); no.status != 0) {
    refuse(no.status, no.code, no.detail);
    return false;
  }
  auto& request = host_.request;
  head_facts facts;
  if (!parse_head(head, request, facts)) {
    refuse(400, "bad-request", "the head of the request cannot be parsed");
    return false;
  }
  const auto length = facts.content_length.value_or(0);
  if (length > host_.options.body_bytes_max) {
    refuse(413, "body-too-large", "the body is larger than this node takes");
    return false;
  }
  const auto expectation = facts.is_1_0 ? std::string_view() : request.header("Expect");
  if (!expectation.empty() && !equals_ignoring_case(expectation, "100-continue")) {
    refuse(417, "expectation", "only 100-continue can be expected");
    return false;
  }
  const auto whole = head.size() + static_cast<std::size_t>(length);
  if (facts.is_chunked || rest.size() < whole) {
    if (rest.size() == head.size() && !expectation.empty()) call_for_body();
    deadline_ns_ = host_.now_ns + host_.options.body_ns;
    wanted_ = whole;
    phase_ = facts.is_chunked ? phase::chunks : phase::body;
    if (!facts.is_chunked) return false;
    chunks_ = std::make_unique<chunked_body>(head, host_.options.body_bytes_max);
    used = head.size();
    return true;
  }
  request.body = rest.substr(head.size(), whole - head.size());
  used = whole;
  dispatch(facts);
  return true;
}

bool connection::take_chunks(std::string_view rest, std::size_t& used) {
  switch (chunks_->feed(rest, used)) {
  case chunked_body::state::complete: break;
  case chunked_body::state::needs_more:
    if (rest.size() - used > host_.options.header_bytes_max)
      refuse(400, "bad-request", "a line of the chunked body is too long");
    return false;
  case chunked_body::state::too_large:
    refuse(413, "body-too-large", "the body is larger than this node takes");
    return false;
  case chunked_body::state::bad:
    refuse(400, "bad-request", "the chunked body cannot be parsed");
    return false;
  }
  const auto whole = std::move(chunks_); // what the request's views look at
  head_facts facts;
  if (!parse_head(whole->head(), host_.request, facts)) return false; // it could be parsed before
  host_.request.body = whole->body();
  phase_ = phase::head;
  dispatch(facts);
  return true;
}

void connection::call_for_body() {
  if (!answers_.empty()) {
    owes_continue_ = true; // after the answers before it
  } else {
    out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  }
}

void connection::dispatch(const head_facts& facts) {
  count(host_.statistics.requests, 1);
  auto& request = host_.request;
  deadline_ns_ = never; // it is our turn
  has_blank_line_ = owes_continue_ = false;
  request.peer_address = address_;
  request.is_loopback = is_loopback_;
  request.received_ns = heard_ns_;
  const auto given = request.header("X-Request-Id");
  if (is_request_id(given))
    request.request_id = given;
  else
    request.request_id = host_.fresh_request_id();
  const auto sequence = front_sequence_ + answers_.size();
  auto& slot = answers_.emplace_back();
  slot.request_id = request.request_id;
  slot.is_head = request.method == "HEAD";
  slot.is_1_0 = facts.is_1_0;
  if (!facts.keeps_alive || host_.is_draining) {
    slot.close = true;
    phase_ = phase::finishing; // what follows is not read
  }
  const auto answer = host_.responder_for(id_, sequence);
  try {
    if (!facts.is_1_0 && asks_for_web_socket(request)) return upgrade();
    host_.handler.on_request(request, answer);
  } catch (const std::exception& error) {
    runtime::log_error({"http", request.request_id}, "{} {} failed: {}", request.method,
                       loggable_path(request.path), error.what());
    if (phase_ == phase::web_socket)
      close_web_socket(close_code::internal_error, "the request failed within this node");
    else
      respond(sequence, plain_problem(500, "internal", "the request failed within this node"));
  }
}

void connection::upgrade() {
  const auto sequence = front_sequence_ + answers_.size() - 1;
  const auto refuse_with = [&](http_response refusal) {
    answers_.back().close = true;
    phase_ = phase::finishing;
    respond(sequence, std::move(refusal));
  };
  if (answers_.size() > 1)
    return refuse_with(
      plain_problem(400, "bad-handshake", "an upgrade does not follow unanswered requests"));
  if (host_.is_draining)
    return refuse_with(plain_problem(503, "stopping", "this node is stopping"));
  auto handshake = check_handshake(host_.request);
  if (handshake.accept.empty()) return refuse_with(std::move(handshake.refusal));
  if (auto refusal = host_.handler.on_upgrade(host_.request))
    return refuse_with(std::move(*refusal));
  out_ += "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: ";
  out_ += handshake.accept;
  out_ += "\r\nX-Request-Id: ";
  out_ += host_.request.request_id;
  out_ += "\r\n\r\n";
  answers_.clear();
  ++front_sequence_;
  phase_ = phase::web_socket;
  const auto& options = host_.options;
  web_socket_ = std::make_unique<web_socket>(
    web_socket{frame_reader(options.message_bytes_max),
               web_socket_queue(options.send_frames_max, options.send_bytes_max), host_.now_ns});
  count(host_.statistics.web_sockets, 1);
  web_socket_->is_told_open = true;
  host_.handler.on_open(id_, host_.request);
}

void connection::refuse(unsigned status, std::string_view code, std::string_view detail) {
  count(status == 503 ? host_.statistics.refused : host_.statistics.parse_errors, 1);
  phase_ = phase::finishing;
  deadline_ns_ = never;
  chunks_.reset();
  auto& slot = answers_.emplace_back();
  slot.request_id = host_.fresh_request_id();
  slot.close = true;
  auto answer = plain_problem(status, code, detail);
  if (status == 503) answer.headers.emplace_back("Retry-After", "1");
  respond(front_sequence_ + answers_.size() - 1, std::move(answer));
  touch();
}

bool connection::waits_for(std::uint64_t sequence) const {
  const auto index = sequence - front_sequence_;
  return !is_dead() && index < answers_.size() && !answers_[index].is_ready;
}

void connection::respond(std::uint64_t sequence, http_response answer) {
  if (!waits_for(sequence)) return;
  const auto index = sequence - front_sequence_;
  if (index != 0) {
    answers_[index].answer = std::move(answer);
    answers_[index].is_ready = true;
    return;
  }
  emit(answers_.front(), answer);
  after_answer();
  while (!answers_.empty() && answers_.front().is_ready) {
    emit(answers_.front(), answers_.front().answer);
    after_answer();
  }
  touch();
}

/// The first answer has been written to out_.
void connection::after_answer() {
  if (close_after_flush_) {
    answers_.clear(); // C1
    phase_ = phase::finishing;
    return;
  }
  answers_.pop_front();
  ++front_sequence_;
  if (!answers_.empty()) return;
  if (std::exchange(owes_continue_, false)) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
  if (phase_ == phase::head)
    deadline_ns_ =
      host_.now_ns + (looked_at_ > 0 ? host_.options.header_ns : host_.options.idle_ns);
}

void connection::emit(const pending_answer& to, const http_response& answer) {
  const std::string_view body =
    answer.shared_body ? std::string_view(*answer.shared_body) : std::string_view(answer.body);
  const bool has_body = answer.status != 204 && answer.status != 304 && answer.status >= 200;
  close_after_flush_ = to.close || answer.close;
  out_ += "HTTP/1.1 ";
  append_number(out_, answer.status);
  out_ += ' ';
  out_ += reason_phrase(answer.status);
  if (has_body) {
    out_ += "\r\nContent-Type: ";
    append_value(out_, answer.content_type);
    out_ += "\r\nContent-Length: ";
    append_number(out_, body.size());
  }
  out_ += "\r\n";
  out_ += host_.date_line;
  out_ += "X-Request-Id: ";
  out_ += to.request_id;
  out_ += "\r\n";
  for (const auto& [name, value] : answer.headers) {
    append_value(out_, name);
    out_ += ": ";
    append_value(out_, value);
    out_ += "\r\n";
  }
  if (close_after_flush_)
    out_ += "Connection: close\r\n";
  else if (to.is_1_0)
    out_ += "Connection: keep-alive\r\n";
  out_ += "\r\n";
  if (has_body && !to.is_head) out_ += body;
}

} // namespace rialto::net

// The WebSocket half of a connection: frames in, messages out, the closing handshake.
#include "net/server/connection.hpp"
#include "runtime/log.hpp"

#include <exception>

namespace rialto::net {

namespace {
constexpr std::int64_t close_wait_ns = 2'000'000'000; // for the peer's half of the handshake
}

bool connection::send(const std::shared_ptr<const std::string>& text, std::uint64_t conflate,
                      bool may_wait) {
  if (phase_ != phase::web_socket || close_after_flush_) return false;
  if (web_socket_->queue.push(text, conflate)) {
    if (may_wait && host_.now_ns - progress_ns_ < host_.options.flush_ns)
      touch_later();
    else
      touch();
    return true;
  }
  count(host_.statistics.slow_consumers, 1);
  close_web_socket(close_code::try_again_later,
                   "too slow: this connection's queue of messages is full");
  return false;
}

void connection::close_web_socket(std::uint16_t code, std::string_view reason) {
  if (phase_ != phase::web_socket) return;
  // Said before the close, so written before it; after an overflow there is a gap and none of it counts.
  if (code != close_code::try_again_later)
    count(host_.statistics.messages_out,
          web_socket_->queue.move_to(out_, std::numeric_limits<std::size_t>::max()));
  append_close_frame(out_, code, reason);
  phase_ = phase::web_socket_closing;
  deadline_ns_ = host_.now_ns + close_wait_ns;
  end_web_socket();
  touch();
}

/// For the handler it is over; it hears of it at the end of the tick.
void connection::end_web_socket() {
  web_socket_->queue.clear();
  if (!std::exchange(web_socket_->is_told_open, false)) return;
  count(host_.statistics.web_sockets, -1);
  host_.closed.push_back(id_);
}

void connection::set_message_limit(std::size_t bytes_max) {
  if (web_socket_) web_socket_->reader.set_message_limit(bytes_max);
}

std::size_t connection::queued_bytes() const {
  return web_socket_ ? web_socket_->queue.bytes() + backlog() : 0;
}

void connection::on_frame_message(std::string_view bytes, bool is_binary) {
  if (phase_ != phase::web_socket) return;
  count(host_.statistics.messages_in, 1);
  try {
    host_.handler.on_message(id_, bytes, is_binary);
  } catch (const std::exception& error) {
    runtime::log_error("http", "a WebSocket message failed: {}", error.what());
    close_web_socket(close_code::internal_error, "a message failed within this node");
  }
}

void connection::on_ping_frame(std::string_view payload) {
  if (phase_ != phase::web_socket) return;
  append_frame_head(out_, opcode::pong, payload.size());
  out_ += payload;
}

void connection::on_close_frame(std::uint16_t code, std::string_view) {
  if (phase_ == phase::web_socket) append_close_frame(out_, code, {});
  phase_ = phase::finishing;
  close_after_flush_ = true;
  end_web_socket();
}

void connection::on_violation(std::uint16_t code, std::string_view why) {
  if (phase_ == phase::web_socket) append_close_frame(out_, code, why);
  count(host_.statistics.parse_errors, 1);
  phase_ = phase::finishing;
  close_after_flush_ = true;
  end_web_socket();
}

} // namespace rialto::net

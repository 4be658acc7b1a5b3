#include "runtime/mesh/frame_queue.hpp"

#include <utility>

namespace rialto::runtime {

void put_frame(std::string& into, std::string_view frame) {
  const auto size = static_cast<std::uint32_t>(frame.size());
  for (unsigned shift = 0; shift < 32; shift += 8) into += static_cast<char>(size >> shift & 0xff);
  into += frame;
}

std::optional<std::string_view> next_frame(std::string_view& bytes) {
  if (bytes.size() < frame_head_bytes) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = frame_head_bytes; i-- > 0;)
    size = size << 8 | static_cast<unsigned char>(bytes[i]);
  if (size > bytes.size() - frame_head_bytes) return std::nullopt;
  const auto frame = bytes.substr(frame_head_bytes, size);
  bytes.remove_prefix(frame_head_bytes + size);
  return frame;
}

frame_queue::put_result frame_queue::put(std::string_view frame) {
  const auto bytes = frame.size() + frame_head_bytes;
  const std::lock_guard hold(lock_);
  if (!is_open_ || bytes > limits_.window_bytes || bytes > limits_.queue_bytes - queued_)
    return put_result::refused;
  if (waiting_.empty() || waiting_.back().bytes.size() + bytes > limits_.message_bytes) {
    auto& fresh = waiting_.emplace_back();
    fresh.first = next_;
  }
  auto& last = waiting_.back();
  put_frame(last.bytes, frame);
  ++last.count;
  ++next_;
  queued_ += bytes;
  return std::exchange(wants_wake_, false) ? put_result::taken_wake : put_result::taken;
}

void frame_queue::open() {
  const std::lock_guard hold(lock_);
  is_open_ = wants_wake_ = true;
  sent_ = acknowledged_ = next_ = 0;
}

void frame_queue::close() {
  const std::lock_guard hold(lock_);
  is_open_ = wants_wake_ = false;
  waiting_.clear();
  queued_ = sent_ = acknowledged_ = 0;
}

std::optional<frame_batch> frame_queue::take() {
  const std::lock_guard hold(lock_);
  if (waiting_.empty()) {
    wants_wake_ = is_open_;
    return std::nullopt;
  }
  const auto bytes = waiting_.front().bytes.size();
  // The acknowledgement that makes room brings the taker back: nobody else needs to.
  if (sent_ - acknowledged_ + bytes > limits_.window_bytes) return std::nullopt;
  auto batch = std::move(waiting_.front());
  waiting_.pop_front();
  queued_ -= bytes;
  sent_ += bytes;
  return batch;
}

bool frame_queue::acknowledge(std::uint64_t bytes) {
  const std::lock_guard hold(lock_);
  if (bytes > sent_) return false;
  if (bytes > acknowledged_) acknowledged_ = bytes;
  return true;
}

std::uint64_t frame_queue::queued_bytes() const {
  const std::lock_guard hold(lock_);
  return queued_;
}

std::uint64_t frame_queue::unacknowledged_bytes() const {
  const std::lock_guard hold(lock_);
  return sent_ - acknowledged_;
}

} // namespace rialto::runtime

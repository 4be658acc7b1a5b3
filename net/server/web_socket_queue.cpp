#include "net/server/web_socket_queue.hpp"

#include "net/server/web_socket_frames.hpp"

namespace rialto::net {

web_socket_queue::frame* web_socket_queue::waiting(std::uint64_t conflate) {
  if (frames_.size() <= walked_max) {
    for (auto& one : frames_)
      if (one.conflate == conflate) return &one;
    return nullptr;
  }
  if (numbers_.empty())
    for (std::size_t i = 0; i < frames_.size(); ++i)
      if (frames_[i].conflate != 0) numbers_[frames_[i].conflate] = first_ + i;
  const auto at = numbers_.find(conflate);
  if (at == numbers_.end() || at->second < first_) return nullptr;
  return &frames_[at->second - first_];
}

bool web_socket_queue::push(std::shared_ptr<const std::string> text, std::uint64_t conflate) {
  auto* const older = conflate == 0 ? nullptr : waiting(conflate);
  const auto freed = older == nullptr ? 0 : older->text->size();
  if (bytes_ - freed + text->size() > bytes_max_) return false;
  if (older == nullptr && frames_.size() >= frames_max_) return false;
  bytes_ = bytes_ - freed + text->size();
  if (older != nullptr) {
    older->text = std::move(text);
    return true;
  }
  if (conflate != 0 && !numbers_.empty()) numbers_[conflate] = first_ + frames_.size();
  frames_.push_back({std::move(text), conflate});
  return true;
}

std::size_t web_socket_queue::move_to(std::string& out, std::size_t enough) {
  std::size_t count = 0;
  while (!frames_.empty() && out.size() < enough) {
    const auto& text = *frames_.front().text;
    append_frame_head(out, opcode::text, text.size());
    out += text;
    bytes_ -= text.size();
    frames_.pop_front();
    ++first_;
    ++count;
  }
  if (frames_.empty() && !numbers_.empty()) numbers_.clear();
  return count;
}

void web_socket_queue::clear() {
  first_ += frames_.size();
  frames_.clear();
  numbers_.clear();
  bytes_ = 0;
}

} // namespace rialto::net

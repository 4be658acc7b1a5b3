#include "net/server/web_socket_frames.hpp"

#include <algorithm>
#include <cstring>

namespace rialto::net {

namespace {

constexpr std::size_t control_bytes_max = 125;

constexpr bool is_control(opcode kind) {
  return static_cast<std::uint8_t>(kind) >= 8;
}

bool is_known(std::uint8_t code) {
  return code <= 2 || (code >= 8 && code <= 10);
}

} // namespace

void frame_reader::feed(char* bytes, std::size_t size, frame_listener& to) {
  char* at = bytes;
  const char* const end = bytes + size;
  violation wrong;
  while (!is_over_) {
    if (!in_payload_) {
      if (!take_head(at, end)) return;
      wrong = begin_frame();
    }
    if (wrong.code == 0) {
      const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>(remaining_, static_cast<std::uint64_t>(end - at)));
      if (count == 0 && remaining_ != 0) return;
      wrong = take_payload(at, count, to);
      at += count;
    }
    if (wrong.code != 0) {
      is_over_ = true;
      to.on_violation(wrong.code, wrong.why);
    }
  }
}

bool frame_reader::take_head(char*& at, const char* end) {
  while (at != end) {
    head_[head_size_++] = static_cast<std::uint8_t>(*at++);
    if (head_size_ == 2) {
      const auto length = head_[1] & 0x7f;
      const auto extra = length == 126 ? 2 : length == 127 ? 8 : 0;
      // An unmasked frame is refused as soon as it is seen: no waiting for a mask.
      head_wanted_ = static_cast<std::uint8_t>((head_[1] & 0x80) != 0 ? 2 + extra + 4 : 2);
    }
    if (head_size_ >= head_wanted_) return true;
  }
  return false;
}

frame_reader::violation frame_reader::begin_frame() {
  const auto first = head_[0], second = head_[1];
  const auto reject = [](std::string_view why) {
    return violation{close_code::protocol_error, why};
  };
  if ((first & 0x70) != 0) return reject("a reserved bit is set");
  if (!is_known(first & 0x0f)) return reject("the opcode is reserved");
  if ((second & 0x80) == 0) return reject("a client's frames are masked");
  is_final_ = (first & 0x80) != 0;
  frame_ = static_cast<opcode>(first & 0x0f);
  remaining_ = second & 0x7f;
  if (is_control(frame_)) {
    if (!is_final_) return reject("a control frame is never in parts");
    if (remaining_ > control_bytes_max) return reject("a control frame has at most 125 bytes");
  }
  const auto extra = remaining_ == 126 ? 2 : remaining_ == 127 ? 8 : 0;
  if (extra != 0) {
    remaining_ = 0;
    for (int i = 0; i < extra; ++i)
      remaining_ = remaining_ << 8 | head_[2U + static_cast<std::size_t>(i)];
    if (remaining_ < (extra == 2 ? 126U : 65'536U) || remaining_ >> 63 != 0)
      return reject("the length is not in its shortest form");
  }
  if (!is_control(frame_)) {
    if (frame_ == opcode::more && message_kind_ == opcode::more)
      return reject("a continuation of nothing");
    if (frame_ != opcode::more && message_kind_ != opcode::more)
      return reject("a new message before the last one is whole");
    if (remaining_ > message_bytes_max_ || message_.size() > message_bytes_max_ - remaining_)
      return {close_code::too_big, "the message is larger than this node takes"};
    if (frame_ != opcode::more) message_kind_ = frame_;
  }
  // The mask is the head's last four bytes.
  std::memmove(head_.data(), head_.data() + head_size_ - 4, 4);
  head_size_ = 0;
  head_wanted_ = 2;
  mask_at_ = 0;
  in_payload_ = true;
  return {};
}

void frame_reader::unmask(char* bytes, std::size_t size) {
  std::array<char, 8> mask{};
  for (std::size_t i = 0; i < 8; ++i) mask[i] = static_cast<char>(head_[(mask_at_ + i) % 4]);
  std::uint64_t wide_mask = 0;
  std::memcpy(&wide_mask, mask.data(), 8);
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t part = 0;
    std::memcpy(&part, bytes + i, 8);
    part ^= wide_mask;
    std::memcpy(bytes + i, &part, 8);
  }
  for (; i < size; ++i) bytes[i] = static_cast<char>(bytes[i] ^ mask[i % 8]);
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + size) % 4);
}

frame_reader::violation frame_reader::take_payload(char* bytes, std::size_t size,
                                                   frame_listener& to) {
  unmask(bytes, size);
  remaining_ -= size;
  const std::string_view part(bytes, size);
  if (is_control(frame_)) {
    if (remaining_ != 0 || !control_.empty()) control_ += part;
    if (remaining_ != 0) return {};
    in_payload_ = false;
    const auto wrong = end_control(control_.empty() ? part : std::string_view(control_), to);
    control_.clear();
    return wrong;
  }
  const bool is_text = message_kind_ == opcode::text;
  if (is_text && !utf8_.take(part)) return {close_code::bad_text, "the text is not UTF-8"};
  const bool is_last = remaining_ == 0 && is_final_;
  const bool is_in_one_piece = is_last && message_.empty();
  if (!is_in_one_piece) message_ += part;
  if (remaining_ == 0) in_payload_ = false;
  if (!is_last) return {};
  if (is_text && !utf8_.is_whole())
    return {close_code::bad_text, "the text ends within a character"};
  utf8_.reset();
  message_kind_ = opcode::more;
  to.on_frame_message(is_in_one_piece ? part : std::string_view(message_), !is_text);
  message_.clear();
  if (message_.capacity() > 65'536) message_.shrink_to_fit();
  return {};
}

frame_reader::violation frame_reader::end_control(std::string_view payload, frame_listener& to) {
  if (frame_ == opcode::ping) to.on_ping_frame(payload);
  if (frame_ != opcode::close) return {};
  std::uint16_t code = 1005;
  if (payload.size() == 1)
    return {close_code::protocol_error, "a close frame has no code or two bytes of it"};
  if (!payload.empty()) {
    code = static_cast<std::uint16_t>(static_cast<std::uint8_t>(payload[0]) << 8 |
                                      static_cast<std::uint8_t>(payload[1]));
    payload.remove_prefix(2);
    if (!is_close_code(code)) return {close_code::protocol_error, "the close code is not allowed"};
    utf8_check reason;
    if (!reason.take(payload) || !reason.is_whole())
      return {close_code::bad_text, "the reason of the close is not UTF-8"};
  }
  is_over_ = true;
  to.on_close_frame(code, payload);
  return {};
}

void append_frame_head(std::string& out, opcode kind, std::size_t length) {
  const auto put = [&out](std::uint64_t byte) { out.push_back(static_cast<char>(byte & 0xff)); };
  put(0x80U | static_cast<std::uint8_t>(kind));
  if (length < 126) return put(length);
  const int bytes = length < 65'536 ? 2 : 8;
  put(bytes == 2 ? 126 : 127);
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    put(static_cast<std::uint64_t>(length) >> shift);
}

void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason) {
  if (code == 0 || code == 1005) return append_frame_head(out, opcode::close, 0);
  if (std::size_t end = control_bytes_max - 2; reason.size() > end) {
    while (end > 0 && (reason[end] & 0xc0) == 0x80) --end; // not within a character
    reason = reason.substr(0, end);
  }
  append_frame_head(out, opcode::close, reason.size() + 2);
  out.push_back(static_cast<char>(code >> 8));
  out.push_back(static_cast<char>(code & 0xff));
  out += reason;
}

bool is_close_code(std::uint16_t code) {
  if (code >= 3000) return code <= 4999;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

} // namespace rialto::net

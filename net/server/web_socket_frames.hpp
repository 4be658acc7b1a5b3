// net/server/web_socket_frames.hpp: RFC 6455 on bytes: frames apart and together. No socket, no queue, no time.
//
//   W1  what reaches on_message() is whole, unmasked, within the limit and, as text, UTF-8
//   W2  after on_violation() or on_close_frame() nothing more is said
//   W3  memory: one message of at most the limit, and one control frame
#pragma once

#include "net/server/utf8.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace rialto::net {

enum class opcode : std::uint8_t { more = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Close codes that we send ourselves (RFC 6455 7.4.1).
namespace close_code {
inline constexpr std::uint16_t normal = 1000, going_away = 1001, protocol_error = 1002,
                               bad_text = 1007, policy = 1008, too_big = 1009,
                               internal_error = 1011, try_again_later = 1013;
}

/// Hears what a reader finds. Views are good during the call only.
class frame_listener {
public:
  virtual ~frame_listener() = default;
  virtual void on_frame_message(std::string_view bytes, bool is_binary) = 0;
  virtual void on_ping_frame(std::string_view payload) = 0;
  /// `code` is 1005 if the frame has none.
  virtual void on_close_frame(std::uint16_t code, std::string_view reason) = 0;
  /// The peer breaks the protocol; `code` and `why` go into our close frame.
  virtual void on_violation(std::uint16_t code, std::string_view why) = 0;
};

/// The server's side: takes masked frames apart.
class frame_reader {
public:
  explicit frame_reader(std::size_t message_bytes_max) : message_bytes_max_(message_bytes_max) {}
  /// Takes all bytes; unmasks them where they stand.
  void feed(char* bytes, std::size_t size, frame_listener& to);
  /// Counts for frames whose head comes from now on.
  void set_message_limit(std::size_t bytes_max) { message_bytes_max_ = bytes_max; }

private:
  struct violation {
    std::uint16_t code = 0; // 0: none
    std::string_view why;
  };
  bool take_head(char*& at, const char* end);
  [[nodiscard]] violation begin_frame();
  [[nodiscard]] violation take_payload(char* bytes, std::size_t size, frame_listener& to);
  [[nodiscard]] violation end_control(std::string_view payload, frame_listener& to);
  void unmask(char* bytes, std::size_t size);

  std::size_t message_bytes_max_;
  std::array<std::uint8_t, 14> head_{};
  std::uint8_t head_size_ = 0, head_wanted_ = 2;
  bool in_payload_ = false, is_final_ = false, is_over_ = false;
  opcode frame_ = opcode::text;        // of this frame
  opcode message_kind_ = opcode::more; // of the message under way; `more`: there is none
  std::uint64_t remaining_ = 0;        // payload bytes of this frame still to come
  std::uint8_t mask_at_ = 0;
  std::string message_, control_; // parts so far
  utf8_check utf8_;
};

/// Appends the head of a frame of ours: unmasked, final.
void append_frame_head(std::string& out, opcode kind, std::size_t length);
/// Appends a close frame; the reason is cut at 123 bytes (at a character's end). No code (0, 1005): an empty one.
void append_close_frame(std::string& out, std::uint16_t code, std::string_view reason);
/// Codes that may stand in a close frame.
[[nodiscard]] bool is_close_code(std::uint16_t code);

} // namespace rialto::net

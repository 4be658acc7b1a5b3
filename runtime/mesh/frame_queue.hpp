// runtime/mesh/frame_queue.hpp: the frames that wait for one peer, and how many bytes may be under way to it. No CAF.
//
// The room: any thread puts, one (the peer's actor) takes, opens, closes and acknowledges.
//
//   Q1  frames leave in the order they were put, each once, in batches of at most message_bytes (one longer frame: alone)
//   Q2  bytes that wait never exceed queue_bytes, bytes taken and not acknowledged never exceed window_bytes
//   Q3  a closed queue takes nothing and holds nothing: what waited or was under way is forgotten
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::runtime {

struct frame_limits {
  std::size_t queue_bytes = 64u << 20;
  std::size_t window_bytes = 8u << 20;
  std::size_t message_bytes = 256u << 10;
};

/// Frames of one message, each behind its length: put_frame() and next_frame().
struct frame_batch {
  std::uint64_t first = 0; // number of the first frame
  std::uint64_t count = 0;
  std::string bytes;
};

/// Bytes of a frame's length in a batch.
inline constexpr std::size_t frame_head_bytes = 4;

void put_frame(std::string& into, std::string_view frame);
/// Takes the first frame off `bytes`; empty when `bytes` holds none that is whole.
[[nodiscard]] std::optional<std::string_view> next_frame(std::string_view& bytes);

class frame_queue {
public:
  explicit frame_queue(const frame_limits& limits) : limits_(limits) {}

  enum class put_result { refused, taken, taken_wake }; // taken_wake: tell the one who takes
  /// A frame longer than the window, a full or closed queue: refused.
  [[nodiscard]] put_result put(std::string_view frame);

  void open();
  void close();
  /// What may leave now.
  [[nodiscard]] std::optional<frame_batch> take();
  /// The peer has taken so many bytes since open(). False: more than were ever sent.
  [[nodiscard]] bool acknowledge(std::uint64_t bytes);

  [[nodiscard]] std::uint64_t queued_bytes() const;
  [[nodiscard]] std::uint64_t unacknowledged_bytes() const;

private:
  frame_limits limits_;
  mutable std::mutex lock_;
  bool is_open_ = false, wants_wake_ = false;
  std::deque<frame_batch> waiting_;
  std::uint64_t queued_ = 0, sent_ = 0, acknowledged_ = 0, next_ = 0;
};

} // namespace rialto::runtime

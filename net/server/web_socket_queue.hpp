// net/server/web_socket_queue.hpp: what waits to be written to one WebSocket. No socket.
//
//   Q1  frames leave in the order they came, except that a conflated text takes the place of the older one with its key
//   Q2  never more than frames_max frames or bytes_max bytes of text
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace rialto::net {

class web_socket_queue {
public:
  web_socket_queue(std::size_t frames_max, std::size_t bytes_max)
      : frames_max_(frames_max), bytes_max_(bytes_max) {}

  /// False if it does not fit; nothing changes then. `conflate` 0: deliver this one in any case.
  [[nodiscard]] bool push(std::shared_ptr<const std::string> text, std::uint64_t conflate);
  /// Appends whole frames to `out` until it holds `enough` bytes or nothing waits; how many they were.
  std::size_t move_to(std::string& out, std::size_t enough);
  void clear();
  [[nodiscard]] bool is_empty() const { return frames_.empty(); }
  [[nodiscard]] std::size_t frames() const { return frames_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

private:
  struct frame {
    std::shared_ptr<const std::string> text;
    std::uint64_t conflate = 0;
  };
  [[nodiscard]] frame* waiting(std::uint64_t conflate);

  // Up to here a walk is cheaper than an index; most queues are written out at the end of the tick.
  static constexpr std::size_t walked_max = 16;

  std::size_t frames_max_, bytes_max_, bytes_ = 0;
  std::deque<frame> frames_;
  std::uint64_t first_ = 0;                                  // number of frames_.front()
  std::unordered_map<std::uint64_t, std::uint64_t> numbers_; // key -> number; of long queues only
};

} // namespace rialto::net

// net/live/connect_pace.hpp: when to connect again: patience that grows and is spread, and the exchange's limit on connects.
//
// The room: pure; time is a parameter, chance is a seed.
//   P1  after the n-th failure in a row the pause lies in [m/2, m], m = 1 s doubled n-1 times, at most 60 s: so 0.5 s to 60 s
//   P2  at most connects_max connects begin within any connects_window_ns
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace rialto::net {

/// Pauses between attempts of one connection.
class connect_backoff {
public:
  static constexpr std::int64_t second_ns = 1'000'000'000;
  static constexpr std::int64_t pause_first_ns = second_ns, pause_max_ns = 60 * second_ns;
  /// A connection that lived so long was a good one: the next failure is a first one again.
  static constexpr std::int64_t good_life_ns = 30 * second_ns;

  explicit connect_backoff(std::uint64_t seed) : chance_(seed) {}

  /// One more failure: how long to wait now.
  [[nodiscard]] std::int64_t failed() {
    longest_ = longest_ == 0 ? pause_first_ns : std::min(2 * longest_, pause_max_ns);
    const auto half = static_cast<std::uint64_t>(longest_ / 2);
    return static_cast<std::int64_t>(half + next() % (half + 1));
  }
  void succeeded() { longest_ = 0; }

private:
  std::uint64_t next() { // splitmix64
    auto z = (chance_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }

  std::uint64_t chance_;
  std::int64_t longest_ = 0;
};

/// All connects of this program to one exchange.
class connect_budget {
public:
  static constexpr std::size_t connects_max = 300;
  static constexpr std::int64_t connects_window_ns = 300'000'000'000;

  /// True, and it is counted: one may begin now.
  [[nodiscard]] bool take(std::int64_t now) {
    while (!taken_.empty() && taken_.front() <= now - connects_window_ns) taken_.pop_front();
    if (taken_.size() >= connects_max) return false;
    taken_.push_back(now);
    return true;
  }

private:
  std::deque<std::int64_t> taken_; // within the window, the oldest first
};

} // namespace rialto::net

// runtime/actor_trace.hpp: the last messages of an actor that somebody follows. No CAF.
//
// The room: a ring, kept only while a looker renews its lease. At most `lines_max` lines, at most
// `lines_per_second_max` of them taken in a second: what comes faster is counted and not kept, so that
// a trace costs a busy actor little. Not thread-safe: the actor's entry guards it.
#pragma once

#include "domain/money.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace rialto::runtime {

struct trace_line {
  std::uint64_t number = 0; // 1, 2, 3...; a hole: skipped or gone from the ring
  timestamp_ns at;
  std::int64_t took_ns = 0;
  std::string kind, text; // "place_order", what it was about; never a secret
};

class actor_trace {
public:
  static constexpr std::size_t lines_max = 256;
  static constexpr std::uint32_t lines_per_second_max = 200;
  static constexpr std::size_t text_bytes_max = 400;

  /// `monotonic_ns` counts the second; `at` is shown.
  void add(timestamp_ns at, std::int64_t monotonic_ns, std::int64_t took_ns, std::string kind,
           std::string text) {
    const auto number = ++last_;
    constexpr std::int64_t second_ns = 1'000'000'000;
    if (monotonic_ns - second_began_ >= second_ns) {
      second_began_ = monotonic_ns;
      in_second_ = 0;
    }
    if (++in_second_ > lines_per_second_max) {
      ++skipped_;
      return;
    }
    if (text.size() > text_bytes_max) text.resize(text_bytes_max);
    if (lines_.size() == lines_max) lines_.pop_front();
    lines_.push_back({number, at, took_ns, std::move(kind), std::move(text)});
  }
  /// The newest `count_max` lines behind `number`, oldest first.
  [[nodiscard]] std::vector<trace_line> after(std::uint64_t number, std::size_t count_max) const {
    auto from = lines_.end();
    while (from != lines_.begin() && std::prev(from)->number > number &&
           static_cast<std::size_t>(lines_.end() - from) < count_max)
      --from;
    return {from, lines_.end()};
  }
  /// Messages seen, and those of them that came too fast to be kept.
  [[nodiscard]] std::uint64_t last() const { return last_; }
  [[nodiscard]] std::uint64_t skipped() const { return skipped_; }

private:
  std::deque<trace_line> lines_;
  std::uint64_t last_ = 0, skipped_ = 0;
  std::int64_t second_began_ = INT64_MIN / 2;
  std::uint32_t in_second_ = 0;
};

} // namespace rialto::runtime

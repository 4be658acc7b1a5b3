// actors/channel_log.hpp: the last messages of one public channel, numbered, so that a dropped
// client can resume.
#pragma once

#include "actors/gate.hpp"

#include <deque>

namespace rialto::actors {

/// What a channel's numbers begin above in a process that started at `wall`: a thousand numbers per
/// millisecond, so that a number of an earlier life is never taken for one of this life, and whole
/// in a double for 200 years.
[[nodiscard]] inline std::uint64_t sequence_base(timestamp_ns wall) {
  return static_cast<std::uint64_t>(wall.value / 1'000'000) * 1'000;
}

/// Not thread-safe; its owner locks. Keeps `kept_max` messages; the first is number `base` + 1.
class channel_log {
public:
  explicit channel_log(std::string channel, std::size_t kept_max = 1'000, std::uint64_t base = 0)
      : channel_(std::move(channel)), kept_max_(kept_max), sequence_(base) {}

  /// Wraps `data` (a JSON value) as {"channel":..,"seq":N,"data":..}, numbers it and keeps it.
  channel_message add(std::string_view data, bool conflate) {
    auto made = wrap(data, ++sequence_, conflate);
    kept_.push_back(made);
    if (kept_.size() > kept_max_) kept_.pop_front();
    return made;
  }
  /// A message as of now that takes no number: what a new subscriber starts from.
  [[nodiscard]] channel_message snapshot(std::string_view data) const {
    return wrap(data, sequence_, false);
  }
  /// What came after `sequence`; empty optional when some of it is no longer kept or the number is
  /// from another life.
  [[nodiscard]] std::optional<std::vector<channel_message>> since(std::uint64_t sequence) const {
    if (sequence > sequence_ || sequence + kept_.size() < sequence_) return {};
    return std::vector<channel_message>(
      kept_.end() - static_cast<std::ptrdiff_t>(sequence_ - sequence), kept_.end());
  }
  [[nodiscard]] const std::string& channel() const { return channel_; }

private:
  [[nodiscard]] channel_message wrap(std::string_view data, std::uint64_t sequence,
                                     bool conflate) const {
    std::string text;
    text.reserve(data.size() + channel_.size() + 48);
    text.append(R"({"channel":")")
      .append(channel_)
      .append(R"(","seq":)")
      .append(std::to_string(sequence));
    text.append(R"(,"data":)").append(data).append("}");
    return {channel_, sequence, std::make_shared<const std::string>(std::move(text)), conflate};
  }

  std::string channel_;
  std::size_t kept_max_;
  std::uint64_t sequence_;
  std::deque<channel_message> kept_;
};

} // namespace rialto::actors

// runtime/restart_policy.hpp: when something that failed is started again, and when it is given up.
// Pure: time is a parameter.
#pragma once

#include "domain/money.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace rialto::runtime {

/// At most `restarts_max` within `window`; the k-th restart in the window waits back_off x 2^(k-1),
/// at most back_off_max.
struct restart_limits {
  std::uint32_t restarts_max = 5;
  std::int64_t window_ns = 60'000'000'000;
  std::int64_t back_off_ns = 100'000'000;
  std::int64_t back_off_max_ns = 10'000'000'000;
};

class restart_history {
public:
  explicit restart_history(restart_limits limits = {}) : limits_(limits) {}

  /// A failure at `now`: the delay until the restart, or empty: give up (quarantine; somebody must
  /// look).
  [[nodiscard]] std::optional<std::int64_t> failed(timestamp_ns now, std::string why) {
    last_failure_ = std::move(why);
    ++failures_;
    std::erase_if(recent_,
                  [&](timestamp_ns at) { return at.value <= now.value - limits_.window_ns; });
    if (recent_.size() >= limits_.restarts_max) return {};
    recent_.push_back(now);
    auto delay = limits_.back_off_ns;
    for (std::size_t k = 1; k < recent_.size() && delay < limits_.back_off_max_ns; ++k) delay *= 2;
    return std::min(delay, limits_.back_off_max_ns);
  }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }
  [[nodiscard]] const std::string& last_failure() const { return last_failure_; }

private:
  restart_limits limits_;
  std::vector<timestamp_ns> recent_; // at most restarts_max
  std::uint64_t failures_ = 0;
  std::string last_failure_;
};

} // namespace rialto::runtime

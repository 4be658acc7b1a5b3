// net/live/rest_budget.hpp: when the next REST request may leave, so that the exchange's limits are kept.
//
// The room: pure; time is a parameter (any clock that does not go back). The server's own count of used weight is believed when it is higher
// than ours; after 429 and 418 everything waits as long as the server says.
//   L1  the weight asked for within one minute stays at or below weight_max, by our count and by the server's
//   L2  nothing leaves before blocked_until()
#pragma once

#include <algorithm>
#include <cstdint>

namespace rialto::net {

class rest_budget {
public:
  static constexpr std::int64_t second_ns = 1'000'000'000, minute_ns = 60 * second_ns;
  /// A Retry-After that is missing or absurd is taken as this, or as at most three days.
  static constexpr std::int64_t retry_seconds_usual = 10, retry_seconds_max = 3 * 86'400;

  /// Binance allows 6000 a minute and address; other programs may share the address.
  explicit rest_budget(std::int64_t weight_max = 5'000) : weight_max_(weight_max) {}

  /// When a request of this weight may leave: `now`, or later. A weight above the whole budget waits for an empty minute.
  [[nodiscard]] std::int64_t may_leave_at(std::int64_t weight, std::int64_t now) const {
    auto at = std::max(now, blocked_until_);
    const bool is_this_minute = minute_of(at) == minute_;
    const auto used = is_this_minute ? used_ : 0;
    if (used > 0 && used + weight > weight_max_) at = (minute_of(at) + 1) * minute_ns;
    return at;
  }
  void left(std::int64_t weight, std::int64_t now) {
    enter(now);
    used_ += weight;
  }
  /// The answer's X-MBX-USED-WEIGHT-1M.
  void told_used(std::int64_t used, std::int64_t now) {
    enter(now);
    if (used >= 0) used_ = std::max(used_, used);
  }
  /// 429 or 418; `retry_seconds` of Retry-After, below 1: there was none.
  void refused(std::int64_t retry_seconds, std::int64_t now) {
    const auto seconds =
      retry_seconds < 1 ? retry_seconds_usual : std::min(retry_seconds, retry_seconds_max);
    blocked_until_ = std::max(blocked_until_, now + seconds * second_ns);
  }
  [[nodiscard]] std::int64_t blocked_until() const { return blocked_until_; }
  /// Of the minute that `now` is in.
  [[nodiscard]] std::int64_t used(std::int64_t now) const {
    return minute_of(now) == minute_ ? used_ : 0;
  }

private:
  static std::int64_t minute_of(std::int64_t at) { return at / minute_ns; }
  void enter(std::int64_t now) {
    if (minute_of(now) == minute_) return;
    minute_ = minute_of(now);
    used_ = 0;
  }

  std::int64_t weight_max_;
  std::int64_t minute_ = -1, used_ = 0, blocked_until_ = 0;
};

} // namespace rialto::net

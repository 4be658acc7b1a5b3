// net/api/demo_money.hpp: what a demo user gets, and how many of them a day.
//
// The room: pure. Amounts depend only on which instruments are listed and what they cost.
#pragma once

#include "actors/gate.hpp"

#include <vector>

namespace rialto::net {

struct demo_amount {
  std::string asset;
  amount_units amount;
};

/// Currencies (quoted in, never traded for another) : 100,000 each. What is traded: the largest power
/// of ten worth at most that much of its currency, so that a newcomer can sell as well as buy; ten of
/// what has no price. At most `demo_assets_max` assets, in alphabetical order.
inline constexpr std::size_t demo_assets_max = 100;
[[nodiscard]] std::vector<demo_amount> demo_money(const actors::directory& markets);

/// At most `max` a day (UTC), as far as this process remembers.
class daily_quota {
public:
  explicit daily_quota(std::uint32_t max) : max_(max) {}
  [[nodiscard]] bool take(timestamp_ns now);
  /// Until it is full again.
  [[nodiscard]] static std::int64_t seconds_left(timestamp_ns now);

private:
  const std::uint32_t max_;
  std::int64_t day_ = 0;
  std::uint32_t taken_ = 0;
};

} // namespace rialto::net

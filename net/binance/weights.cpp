#include "net/binance/weights.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {
std::int64_t seconds_up(std::int64_t ns) {
  return std::max<std::int64_t>((ns + 999'999'999) / 1'000'000'000, 1);
}
} // namespace

weights::answer weights::take(std::string_view address, std::int64_t weight, std::int64_t now_ns,
                              bool binds) {
  auto* found = addresses_.find(address);
  if (found == nullptr) found = &addresses_.put(std::string(address), {});
  auto& one = *found;
  const auto minute = now_ns / minute_ns;
  if (one.minute != minute) {
    one.minute = minute;
    one.used = 0;
    one.offences = 0;
  }
  if (binds && one.banned_until_ns > now_ns)
    return {verdict::banned, one.used, seconds_up(one.banned_until_ns - now_ns)};
  if (binds && one.used + weight > per_minute_) {
    if (++one.offences < offences_max)
      return {verdict::exceeded, one.used, seconds_up((minute + 1) * minute_ns - now_ns)};
    one.banned_until_ns = now_ns + one.next_ban_ns;
    const auto banned_ns = one.next_ban_ns;
    one.next_ban_ns = std::min(one.next_ban_ns * 2, ban_ns_max);
    return {verdict::banned, one.used, seconds_up(banned_ns)};
  }
  one.used += weight;
  return {verdict::allowed, one.used, 0};
}

} // namespace rialto::net::binance

#include "net/api/rate_limiter.hpp"

#include <algorithm>

namespace rialto::net {

namespace {
constexpr std::int64_t second_ns = 1'000'000'000;
std::int64_t seconds_up(std::int64_t ns) {
  return (ns + second_ns - 1) / second_ns;
}
} // namespace

rate_verdict rate_bucket::take(std::int64_t now_ns, std::int64_t cost, std::int64_t per_second,
                               std::int64_t burst) {
  const auto one_ns = second_ns / std::clamp<std::int64_t>(per_second, 1, second_ns);
  const auto room_ns = one_ns * std::max(burst, cost);
  const auto used_ns = std::max<std::int64_t>(full_at_ns_ - now_ns, 0);
  const auto wanted_ns = used_ns + one_ns * cost;
  rate_verdict verdict;
  verdict.limit = burst;
  verdict.allowed = wanted_ns <= room_ns;
  if (verdict.allowed) full_at_ns_ = now_ns + wanted_ns;
  const auto now_used_ns = verdict.allowed ? wanted_ns : used_ns;
  verdict.remaining = std::max<std::int64_t>(room_ns - now_used_ns, 0) / one_ns;
  verdict.reset_s = seconds_up(now_used_ns);
  if (!verdict.allowed)
    verdict.retry_after_s = std::max<std::int64_t>(seconds_up(wanted_ns - room_ns), 1);
  return verdict;
}

rate_verdict rate_limiter::request(std::string_view address, std::int64_t now_ns, int cost) {
  auto* bucket = addresses_.find(address);
  if (bucket == nullptr) bucket = &addresses_.put(std::string(address), {});
  return bucket->take(now_ns, cost, per_second_, burst_);
}

rate_verdict rate_limiter::order(user_id user, std::int64_t now_ns) {
  auto* bucket = users_.find(user);
  if (bucket == nullptr) bucket = &users_.put(user, {});
  return bucket->take(now_ns, 1, orders_per_second_, orders_per_second_);
}

std::vector<std::pair<std::string, std::string>> headers_of(const rate_verdict& verdict) {
  std::vector<std::pair<std::string, std::string>> out = {
    {"RateLimit-Limit", std::to_string(verdict.limit)},
    {"RateLimit-Remaining", std::to_string(verdict.remaining)},
    {"RateLimit-Reset", std::to_string(verdict.reset_s)}};
  if (!verdict.allowed) out.emplace_back("Retry-After", std::to_string(verdict.retry_after_s));
  return out;
}

} // namespace rialto::net

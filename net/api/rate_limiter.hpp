// net/api/rate_limiter.hpp: token buckets per address and per user, in a bounded table.
//
// A bucket is one number: the time at which it would be full again (GCRA). Whole nanoseconds only.
#pragma once

#include "domain/ids.hpp"
#include "net/api/lru_map.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rialto::net {

struct rate_verdict {
  bool allowed = true;
  std::int64_t limit = 0, remaining = 0;
  std::int64_t reset_s = 0;       // until the bucket is full
  std::int64_t retry_after_s = 0; // when not allowed, at least 1
};

/// `per_second` in the long run, `burst` at once after a pause.
class rate_bucket {
public:
  rate_verdict take(std::int64_t now_ns, std::int64_t cost, std::int64_t per_second,
                    std::int64_t burst);

private:
  std::int64_t full_at_ns_ = 0;
};

class rate_limiter {
public:
  static constexpr std::size_t keys_max = 50'000; // beyond, the least recently seen starts anew

  rate_limiter(std::int64_t per_second, std::int64_t burst, std::int64_t orders_per_second)
      : per_second_(per_second), burst_(burst), orders_per_second_(orders_per_second) {}

  [[nodiscard]] rate_verdict request(std::string_view address, std::int64_t now_ns, int cost);
  [[nodiscard]] rate_verdict order(user_id user, std::int64_t now_ns);

private:
  std::int64_t per_second_, burst_, orders_per_second_;
  lru_map<std::string, rate_bucket, text_hash> addresses_{keys_max};
  lru_map<user_id, rate_bucket> users_{keys_max};
};

/// RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, and Retry-After when not allowed.
[[nodiscard]] std::vector<std::pair<std::string, std::string>>
headers_of(const rate_verdict& verdict);

} // namespace rialto::net

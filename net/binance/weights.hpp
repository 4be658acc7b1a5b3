// net/binance/weights.hpp: request weight by address and minute, and who is kept out for going on.
//
// The room: one thread, a bounded table. A minute is the clock's, as Binance counts it.
//
//   W1  an address that used its weight is told 429 and when the minute ends; who goes on, offences_max times within
//       one minute, is told 418 for ban_ns, longer each time, up to ban_ns_max
//   W2  at most addresses_max are known; beyond, the one unseen for longest starts anew
#pragma once

#include "net/api/lru_map.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace rialto::net::binance {

class weights {
public:
  static constexpr std::size_t addresses_max = 50'000;
  static constexpr int offences_max = 200;
  static constexpr std::int64_t minute_ns = 60'000'000'000;
  static constexpr std::int64_t ban_ns = 2 * minute_ns, ban_ns_max = 3 * 24 * 60 * minute_ns;

  enum class verdict : std::uint8_t { allowed, exceeded, banned };
  struct answer {
    verdict what = verdict::allowed;
    std::int64_t used = 0;          // in this minute, this request included if it is allowed
    std::int64_t retry_after_s = 0; // when not allowed, at least 1
  };

  explicit weights(std::int64_t per_minute) : per_minute_(per_minute) {}
  /// `binds`: false only counts.
  [[nodiscard]] answer take(std::string_view address, std::int64_t weight, std::int64_t now_ns,
                            bool binds);
  [[nodiscard]] std::int64_t per_minute() const { return per_minute_; }

private:
  struct usage {
    std::int64_t minute = 0, used = 0;
    int offences = 0;
    std::int64_t banned_until_ns = 0, next_ban_ns = ban_ns;
  };
  std::int64_t per_minute_;
  lru_map<std::string, usage, text_hash> addresses_{addresses_max};
};

} // namespace rialto::net::binance

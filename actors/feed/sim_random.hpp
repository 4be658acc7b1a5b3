// actors/feed/sim_random.hpp: the simulated exchange's chance: integers only, so that a seed gives
// the same market on every machine.
#pragma once

#include <cstdint>
#include <string_view>

namespace rialto::actors {

/// splitmix64.
class sim_random {
public:
  explicit sim_random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    auto z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  /// 0 .. bound - 1; bound > 0.
  std::int64_t below(std::int64_t bound) {
    return static_cast<std::int64_t>(
      (static_cast<unsigned __int128>(next()) * static_cast<std::uint64_t>(bound)) >> 64);
  }
  /// low .. high.
  std::int64_t between(std::int64_t low, std::int64_t high) { return low + below(high - low + 1); }
  bool one_in(std::int64_t count) { return below(count) == 0; }
  bool permille(std::int64_t chance) { return below(1'000) < chance; }
  /// Bell-shaped around 0 with this standard deviation, at most 3.5 of it: the sum of four uniform
  /// numbers. `deviation` below 10^12.
  std::int64_t bell(std::int64_t deviation) {
    const auto bits = next();
    std::int64_t sum = -2 * 0xffff;
    for (int i = 0; i < 4; ++i) sum += static_cast<std::int64_t>((bits >> (16 * i)) & 0xffff);
    return sum * deviation / 37'837;
  }

private:
  std::uint64_t state_;
};

/// FNV-1a: a symbol's own part of the seed, so that one market more changes no other.
constexpr std::uint64_t sim_hash(std::string_view text) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  for (const char c : text) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x0000'0100'0000'01b3;
  }
  return hash;
}

} // namespace rialto::actors

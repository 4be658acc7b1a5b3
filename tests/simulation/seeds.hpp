// tests/simulation/seeds.hpp: seeds of tests that are driven by one.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace rialto::testing {

/// 1 to `count`; RIALTO_SEED names one alone.
inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> all;
  for (std::uint64_t seed = 1; seed <= count; ++seed) all.push_back(seed);
  return all;
}

} // namespace rialto::testing

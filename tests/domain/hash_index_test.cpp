#include "domain/hash_index.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

#include <map>

using namespace rialto;
using rialto::testing::seeds;

TEST_CASE("hash_index: is a map, also where keys share their places") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    simulation::random throws(seed);
    hash_index index;
    std::map<std::uint64_t, std::uint64_t> model;
    const auto spread = throws.chance(0.5) ? std::uint64_t{1} : std::uint64_t{1} << 32;
    for (std::uint64_t i = 0; i < 3'000; ++i) {
      // Few keys, many of them at home in the same slot; a start near the end of the array wraps.
      const auto key = throws.below(40) * spread + 14 + throws.below(3);
      switch (throws.below(3)) {
      case 0:
        index.erase(key);
        model.erase(key);
        break;
      default: index.set(key, i); model[key] = i;
      }
      CHECK(index.size() == model.size());
      const auto probe = throws.below(40) * spread + 14 + throws.below(3);
      const auto at = model.find(probe);
      CHECK(index.find(probe) == (at == model.end() ? hash_index::none : at->second));
    }
    for (const auto& [key, number] : model) CHECK(index.find(key) == number);
    index.clear();
    CHECK(index.find(14) == hash_index::none);
    index.erase(14);
  }
}

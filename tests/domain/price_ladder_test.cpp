// The ladder of one side against an ordered map, on markets that stand, drift, jump and empty.
#include "domain/price_ladder.hpp"
#include "tests/domain/market_fixture.hpp"

#include <map>
#include <random>

using namespace rialto;

namespace {

using ordered = std::map<std::int64_t, level_index>;

void compare(const price_ladder& ladder, const ordered& all) {
  REQUIRE(ladder.highest() == (all.empty() ? no_level : all.rbegin()->second));
  REQUIRE(ladder.lowest() == (all.empty() ? no_level : all.begin()->second));
  for (auto at = all.begin(); at != all.end(); ++at) {
    REQUIRE(ladder.find(at->first) == at->second);
    REQUIRE(ladder.below(at->first) == (at == all.begin() ? no_level : std::prev(at)->second));
    REQUIRE(ladder.above(at->first) ==
            (std::next(at) == all.end() ? no_level : std::next(at)->second));
  }
}

/// Adds, or removes if it is there.
void toggle(price_ladder& ladder, ordered& all, std::int64_t rank, level_index& made) {
  const auto known = all.find(rank);
  REQUIRE(ladder.find(rank) == (known == all.end() ? no_level : known->second));
  if (known != all.end()) {
    ladder.remove(rank);
    all.erase(known);
  } else {
    ladder.add(rank, made);
    all[rank] = made++;
  }
}

} // namespace

TEST_CASE("price_ladder: finds, orders and forgets as a map does") {
  for (const auto seed : testing::seeds(60)) {
    CAPTURE(seed);
    std::mt19937_64 random(seed);
    price_ladder ladder;
    ordered all;
    level_index made = 0;
    const auto spread = std::int64_t{1} << (4 + seed % 14); // from 16 ticks to 128 times the window
    std::int64_t middle = seed % 2 == 0 ? 1'000'000 : -1'000'000;
    for (int i = 0; i < 2'000; ++i) {
      const auto kind = random() % 100;
      if (kind == 0) middle += static_cast<std::int64_t>(random() % 20'000) - 10'000; // a jump
      if (kind < 30) middle += static_cast<std::int64_t>(random() % 7) - 3;
      const auto away = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(spread));
      if (kind < 90 || all.empty())
        toggle(ladder, all, middle - away, made);
      else // the best goes, as trades take it
        toggle(ladder, all, all.rbegin()->first, made);
      if (i % 50 == 0) compare(ladder, all);
    }
    compare(ladder, all);
    while (!all.empty()) toggle(ladder, all, all.rbegin()->first, made);
    compare(ladder, all);
  }
}

TEST_CASE("price_ladder: the ends of the number range are ranks as others") {
  constexpr auto least = -std::numeric_limits<std::int64_t>::max();
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  for (const bool rising : {true, false}) {
    price_ladder ladder;
    ordered all;
    level_index made = 0;
    std::vector<std::int64_t> ranks{least, least + 1, -5, 0, 7, most - 1, most};
    if (!rising) std::reverse(ranks.begin(), ranks.end());
    for (const auto rank : ranks) toggle(ladder, all, rank, made);
    compare(ladder, all);
    for (const auto rank : ranks) toggle(ladder, all, rank, made);
    compare(ladder, all);
  }
}

#include "actors/market_news_box.hpp"

#include <doctest/doctest.h>

#include <map>
#include <random>

using namespace rialto;
using namespace rialto::actors;

namespace {

using book = std::map<std::pair<side, std::int64_t>, std::int64_t>;

/// What a subscriber knows after news: as market_face applies them.
struct listener {
  book levels;
  std::vector<std::uint64_t> trades;
  std::uint64_t last_update = 0;
  int gaps = 0;

  void hear(const market_publication& news) {
    if (news.last_update != 0 && !news.is_snapshot && news.first_update != last_update + 1) ++gaps;
    if (news.is_snapshot) levels.clear();
    for (const auto& one : news.levels) {
      if (one.size.value == 0)
        levels.erase({one.way, one.price.value});
      else
        levels[{one.way, one.price.value}] = one.size.value;
    }
    if (news.last_update != 0) last_update = news.last_update;
    for (const auto& one : news.trades) trades.push_back(one.trade.value);
  }
};

class news_maker {
public:
  explicit news_maker(std::uint64_t seed) : from_(seed) {}
  market_publication next() {
    market_publication news;
    news.market = {1};
    news.is_snapshot = from_() % 20 == 0;
    if (from_() % 4 != 0 || news.is_snapshot) {
      if (!news.is_snapshot && from_() % 30 == 0) ++update_; // one that got lost
      news.first_update = news.last_update = ++update_;
      for (auto levels = from_() % 5; levels > 0; --levels)
        news.levels.push_back({from_() % 2 == 0 ? side::buy : side::sell,
                               {static_cast<std::int64_t>(1 + from_() % 12)},
                               {static_cast<std::int64_t>(from_() % 3)}});
    }
    for (auto trades = from_() % 3; trades > 0; --trades)
      news.trades.push_back({{++trade_}, {1}, {1}, false, {}});
    return news;
  }

private:
  std::mt19937_64 from_;
  std::uint64_t update_ = 0, trade_ = 0;
};

} // namespace

TEST_CASE("market_news_box: merged news lead to the same book, tape and gaps") { // N1, N2
  int merged = 0, gaps = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    news_maker from(seed);
    market_news_box box;
    listener each, some;
    for (int round = 0; round < 60; ++round) {
      auto news = from.next();
      each.hear(news);
      std::vector<market_publication> all{std::move(news)};
      static_cast<void>(box.put(all));
      if (round % 7 != 6 && round != 59) continue;
      const auto taken = box.take();
      merged += taken.size() < 7 ? 1 : 0;
      for (const auto& one : taken) some.hear(one);
      REQUIRE(some.levels == each.levels);
      REQUIRE(some.trades == each.trades);
      REQUIRE(some.last_update == each.last_update);
    }
    // A whole book heals a gap, so one that is followed by it within a flush need not be seen.
    CHECK(some.gaps <= each.gaps);
    gaps += some.gaps;
  }
  CHECK(merged > 1'000);
  CHECK(gaps > 50);
}

TEST_CASE(
  "market_news_box: a level that comes and goes is told once, an empty one not in a whole book") {
  market_news_box box;
  const auto diff = [](std::uint64_t number, std::int64_t size) {
    market_publication news;
    news.market = {7};
    news.first_update = news.last_update = number;
    news.levels.push_back({side::buy, {100}, {size}});
    return std::vector<market_publication>{news};
  };
  auto first = diff(5, 3), second = diff(6, 0), whole = diff(7, 4), last = diff(8, 0);
  whole.front().is_snapshot = true;
  CHECK(box.put(first));
  CHECK_FALSE(box.put(second)); // it was told already
  auto taken = box.take();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].first_update == 5);
  CHECK(taken[0].last_update == 6);
  REQUIRE(taken[0].levels.size() == 1);
  CHECK(taken[0].levels[0].size.value == 0);
  CHECK(box.put(whole));
  CHECK_FALSE(box.put(last));
  taken = box.take();
  REQUIRE(taken.size() == 1);
  CHECK(taken[0].is_snapshot);
  CHECK(taken[0].levels.empty());
  CHECK(box.take().empty());
}

TEST_CASE("market_news_box: without merging every publication stays what it was") {
  market_news_box box;
  box.set_merging(false);
  news_maker from(3);
  std::vector<market_publication> put, taken;
  for (int i = 0; i < 50; ++i) {
    put.push_back(from.next());
    std::vector<market_publication> one{put.back()};
    CHECK(box.put(one) == (i == 0));
  }
  taken = box.take();
  REQUIRE(taken.size() == put.size());
  for (std::size_t i = 0; i < put.size(); ++i) CHECK(taken[i].last_update == put[i].last_update);
}

TEST_CASE("market_news_box: what waits is bounded: the oldest trades go") {
  market_news_box box;
  for (std::uint64_t trade = 1; trade <= market_news_box::trades_max + 10; ++trade) {
    std::vector<market_publication> news(1);
    news.front().market = {1};
    news.front().trades.push_back({{trade}, {1}, {1}, false, {}});
    static_cast<void>(box.put(news));
  }
  const auto taken = box.take();
  REQUIRE(taken.size() == 1);
  REQUIRE(taken[0].trades.size() == market_news_box::trades_max);
  CHECK(taken[0].trades.front().trade.value == 11);
}

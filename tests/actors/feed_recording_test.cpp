// The recorded markets, played through everything behind the socket: the book we end with is the
// exchange's own at every point where the two can be compared.
#include "actors/feed/mirror_commands.hpp"
#include "actors/feed/replay_source.hpp"
#include "domain/market.hpp"
#include "tests/actors/recorded_spot.hpp"

#include <doctest/doctest.h>

#include <cstdio>
#include <map>
#include <set>

using namespace rialto;
using namespace rialto::actors;

namespace {

/// BTCUSDT as this node lists it, mirrored, fed with what the feed actor would send it.
class mirror {
public:
  mirror() {
    spec_.market = {1};
    spec_.symbol = "BTCUSDT";
    spec_.base = "BTC";
    spec_.quote = "USDT";
    spec_.tick_size = {1'000'000};
    spec_.lot_size = {1'000};
    spec_.mode = market_mode::mirrored;
    run(market_command{list_instrument{spec_}});
  }
  void take(const feed_news& news) {
    if (auto command = mirror_command(news, spec_, off_grid)) run(*command);
  }
  /// What a user trades against; zeros for an empty side.
  [[nodiscard]] touch best() const {
    const auto& book = market_.book();
    const auto bid = book.best(side::buy), ask = book.best(side::sell);
    touch at;
    if (bid != no_level) {
      at.bid8 = book.level(bid).price.value * spec_.tick_size.value;
      at.bid_size8 = book.liquid(book.level(bid)).value * spec_.lot_size.value;
    }
    if (ask != no_level) {
      at.ask8 = book.level(ask).price.value * spec_.tick_size.value;
      at.ask_size8 = book.liquid(book.level(ask)).value * spec_.lot_size.value;
    }
    return at;
  }
  std::uint64_t off_grid = 0;
  std::size_t journaled = 0; // events of the feed: none, while no user has an order

private:
  void run(const market_command& command) {
    events_.clear();
    posts_.clear();
    static_cast<void>(market_.execute(command, {1}, events_, posts_));
    journaled += events_.size();
    news_.clear();
    market_.publish({1}, news_);
  }
  instrument spec_;
  market market_{entity_id(market_id{1})};
  std::vector<market_event> events_;
  std::vector<addressed_message> posts_;
  std::vector<publication> news_;
};

/// Follows the news and compares with the recorded tickers: the feed's own book, and the market's.
struct follower {
  feed_book book;
  mirror traded;
  std::map<std::uint64_t, touch> told, ours, offered; // by update id
  std::size_t resets = 0, snapshots = 0, updates = 0, trades = 0, trade_gaps = 0, crossed = 0;
  std::uint64_t last_trade = 0;

  void take(const feed_news& news) {
    traded.take(news);
    if (const auto* whole = std::get_if<feed_snapshot>(&news)) {
      book.apply(*whole);
      ++snapshots;
    } else if (const auto* change = std::get_if<feed_depth>(&news)) {
      book.apply(*change);
      ++updates;
      const auto bid = book.best(side::buy), ask = book.best(side::sell);
      ours[change->last_update] = {bid->price8, bid->size8, ask->price8, ask->size8};
      offered[change->last_update] = traded.best();
      crossed += book.is_crossed();
    } else if (const auto* ticker = std::get_if<feed_ticker>(&news)) {
      told[ticker->update] = {ticker->bid8, ticker->bid_size8, ticker->ask8, ticker->ask_size8};
    } else if (const auto* trade = std::get_if<feed_trade>(&news)) {
      ++trades;
      trade_gaps += last_trade != 0 && trade->id != last_trade + 1;
      last_trade = trade->id;
    } else if (std::holds_alternative<feed_reset>(news)) {
      book.clear();
      ++resets;
    }
  }
  /// Comparable points and at how many of them both books agree with the ticker.
  [[nodiscard]] std::pair<std::size_t, std::size_t> compare(std::uint64_t from = 0,
                                                            std::uint64_t to = UINT64_MAX) const {
    std::size_t points = 0, equal = 0;
    for (const auto& [id, mine] : ours) {
      if (id < from || id > to) continue;
      const auto at = told.find(id);
      if (at == told.end()) continue;
      ++points;
      equal += at->second == mine && at->second == offered.at(id);
    }
    return {points, equal};
  }
};

feed_status play(const std::string& files, follower& to) {
  std::string why;
  const auto spec = parse_replay_spec("replay:" + files + "@max", why);
  REQUIRE(spec);
  const auto source = replay_source::open(*spec, why);
  REQUIRE(source);
  std::vector<feed_news> news;
  while (!source->status().is_finished) {
    news.clear();
    source->next({1}, news);
    for (const auto& one : news) to.take(one);
  }
  return source->status();
}

} // namespace

TEST_CASE("feed: the recorded spot market is ours at every comparable point" *
          doctest::test_suite("recordings")) {
  if (!has_recordings()) return;
  follower market;
  const auto status =
    play(tests::recorded(first_file) + "," + tests::recorded(second_file), market);
  CHECK(status.messages == 41'249 + 58'325);
  CHECK(status.ignored == 0);
  CHECK(status.parse_errors == 0);
  CHECK(status.problems == 0);
  CHECK(status.gaps == 0);
  CHECK(status.resyncs == 1);
  CHECK(status.last_problem.empty());
  CHECK(market.resets == 0);
  CHECK(market.snapshots == 1);
  CHECK(market.updates == 6'493);
  CHECK(market.told.size() == 28'040 + 45'134);
  CHECK(market.trades == 19'904);
  CHECK(market.trade_gaps == 0);
  CHECK(market.crossed == 0);
  CHECK(market.traded.off_grid == 0);
  CHECK(market.traded.journaled == 2); // the listing, and a bound of trade numbers
  CHECK(market.compare() == std::pair<std::size_t, std::size_t>(1'072, 1'072));
  CHECK(status.book_checks == 1'072); // the feed's own check finds the same points
  CHECK(status.book_mismatches == 0);
  // The first file alone, and what the second one adds to it.
  CHECK(market.compare(0, 50'093'421'584).first == 564);
}

TEST_CASE("feed: a missing line is a gap, and a new snapshot brings the book into step again" *
          doctest::test_suite("recordings")) {
  if (!has_recordings()) return;
  const broken_recording broken;
  const tests::scratch scratch;

  follower whole, unhealed, resynced;
  play(tests::recorded(first_file), whole);
  REQUIRE(whole.compare().first == 564);

  const auto lost = play(scratch.write_gz("unhealed.gz", broken.text(false)), unhealed);
  CHECK(lost.gaps == 1);
  CHECK(lost.resyncs == 1);
  CHECK(unhealed.resets == 1);
  CHECK(unhealed.trades == whole.trades); // the tape goes on
  CHECK_FALSE(unhealed.book.best(side::buy));
  CHECK(unhealed.traded.best() == touch{}); // rather nothing to trade with than what is not there
  CHECK(unhealed.updates < 1'000);

  const auto back = play(scratch.write_gz("resynced.gz", broken.text(true)), resynced);
  CHECK(back.gaps == 1);
  CHECK(back.resyncs == 2);
  CHECK(back.parse_errors == 0);
  CHECK(resynced.resets == 1);
  CHECK(resynced.snapshots == 2);
  const auto [points, equal] = resynced.compare();
  CHECK(points == equal);
  CHECK(points < 564);
  CHECK(resynced.compare(broken.healed_at + 1) == whole.compare(broken.healed_at + 1));
  CHECK(resynced.compare(broken.healed_at + 1).first > 100);
  CHECK(resynced.book.level_count() == whole.book.level_count());
}

TEST_CASE("feed: the recorded futures market has no gap by its pu ids" *
          doctest::test_suite("recordings")) {
  const auto file = tests::recorded("usdm_btcusdt_20240808_first20000.raw.jsonl.gz");
  if (file.empty()) {
    MESSAGE("skipped: the recording of the futures market is not on this machine");
    return;
  }
  follower market;
  const auto status = play(file, market);
  CHECK(status.messages + status.ignored == 20'000);
  CHECK(status.parse_errors == 0);
  CHECK(status.gaps == 0);
  CHECK(market.resets == 0);
  CHECK(market.crossed == 0);
  CHECK(market.updates > 1'000);
  const auto [points, equal] = market.compare();
  CHECK(points == equal);
  MESSAGE("futures: ", points, " comparable points, ", market.updates, " updates");
}

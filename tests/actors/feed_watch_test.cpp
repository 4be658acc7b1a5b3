// Whether mirrored markets hear their feed: what a node shows, what it lets in, what it asks for.
#include "actors/cluster/feed_watch.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t ms = 1'000'000, second_ns = 1'000 * ms;
constexpr incarnation me = 1, feed = 2, next_feed = 3;
const market_id btc{1}, eth{2};

struct watched {
  feed_watch watch{second_ns, {}};
  std::int64_t now = second_ns;

  void hear(incarnation from, storage::epoch at_epoch, bool is_live = true, market_id of = btc) {
    watch.heard(from, {{of, at_epoch, is_live}}, now);
  }
  feed_watch::step after(std::int64_t time, std::vector<market_id> mirrored = {btc}) {
    now += time;
    return watch.tick(me, mirrored, now);
  }
  bool admits(incarnation from, market_command command, storage::epoch at_epoch = 1) {
    return watch.admit(from, {0, btc, std::move(command), {}}, at_epoch);
  }
  /// A whole book of the feed, and it lives.
  void begin() {
    hear(feed, 5);
    REQUIRE(admits(feed, mirror_depth{{}, true}));
    REQUIRE(after(250 * ms).changes.empty());
  }
};

market_command whole() {
  return mirror_depth{{}, true};
}
market_command change() {
  return mirror_depth{{}, false};
}

} // namespace

TEST_CASE("feed_watch: a market whose feed says nothing for silent_ns is stale, and fresh when it "
          "is heard again") {
  watched at;
  at.begin();
  at.hear(feed, 5);
  CHECK(at.after(2'500 * ms).changes.empty());
  const auto silent = at.after(250 * ms).changes;
  REQUIRE(silent.size() == 1);
  CHECK(silent[0].market == btc);
  CHECK(silent[0].is_stale);
  CHECK(silent[0].is_silence);
  CHECK(at.watch.is_stale(btc));
  CHECK(at.after(10'000 * ms).changes.empty()); // told once
  at.hear(feed, 5);
  const auto heard = at.after(0);
  REQUIRE(heard.changes.size() == 1);
  CHECK_FALSE(heard.changes[0].is_stale);
  CHECK(heard.wanted == std::vector<market_id>{btc}); // what was pulled is laid in anew
  CHECK(heard.feed == feed);
}

TEST_CASE("feed_watch: what the feed itself says is stale is so, and nobody has to pull it") {
  watched at;
  at.begin();
  at.hear(feed, 5, false);
  const auto said = at.after(1).changes;
  REQUIRE(said.size() == 1);
  CHECK(said[0].is_stale);
  CHECK_FALSE(said[0].is_silence);
  CHECK(at.after(250 * ms).wanted.empty());
}

TEST_CASE(
  "feed_watch: a node that begins is patient, and then a market nobody speaks of is stale") {
  watched at;
  CHECK(at.after(5'000 * ms).changes.empty());
  CHECK(at.after(1).changes.size() == 1);
  CHECK(at.after(1, {}).changes.at(0).is_stale == false); // mirrored no more
  CHECK(at.after(1, {}).changes.empty());
}

TEST_CASE(
  "feed_watch: changes are let in behind a whole book, of the same feed, on the same epoch") {
  watched at;
  at.hear(feed, 5);
  CHECK_FALSE(at.admits(feed, change()));
  CHECK_FALSE(at.admits(feed, mirror_trade{{1}, {1}, false, {}}));
  CHECK(at.after(250 * ms).wanted == std::vector<market_id>{btc});
  CHECK(at.after(100 * ms).wanted.empty()); // asked just now
  CHECK(at.admits(feed, whole()));
  CHECK(at.admits(feed, change()));
  CHECK(at.admits(feed, mirror_trade{{1}, {1}, false, {}}));
  CHECK_FALSE(at.admits(feed, change(), 2)); // the market has moved and come back
  CHECK(at.admits(feed, whole(), 2));
  CHECK(at.admits(feed, mirror_reset{}, 2));
  CHECK_FALSE(at.admits(feed, change(), 2));
  CHECK(at.admits(feed, get_market{}, 2)); // not the feed's: nobody's business here
}

TEST_CASE("feed_watch: a link that ended ends the mirror that came over it") {
  watched at;
  at.begin();
  at.watch.closed(feed);
  CHECK_FALSE(at.admits(feed, change()));
  at.hear(feed, 5);
  CHECK(at.after(250 * ms).wanted == std::vector<market_id>{btc});
  CHECK(at.admits(feed, whole()));
  CHECK(at.admits(feed, change()));
  at.hear(feed, 5);
  CHECK(at.after(250 * ms).wanted.empty());
}

TEST_CASE("feed_watch: a former feed that does not know it yet is not believed") {
  watched at;
  at.begin();
  at.hear(next_feed, 6);
  CHECK(at.admits(next_feed, whole()));
  CHECK_FALSE(at.admits(feed, change()));
  CHECK_FALSE(at.admits(feed, whole()));
  CHECK_FALSE(at.admits(feed, mirror_reset{}));
  CHECK(at.admits(next_feed, change()));
  at.after(2'000 * ms);
  at.hear(feed, 5); // its epoch is lower
  CHECK(at.after(1'000 * ms).changes.size() == 1);
}

TEST_CASE("feed_watch: of two markets the one that is not spoken of is stale") {
  watched at;
  const std::vector<market_id> both{btc, eth};
  at.hear(feed, 5, true, btc);
  at.hear(feed, 5, true, eth);
  CHECK(at.after(0, both).changes.empty());
  at.now += 2'000 * ms;
  at.hear(feed, 5, true, eth);
  const auto seen = at.after(1'000 * ms, both).changes;
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].market == btc);
}

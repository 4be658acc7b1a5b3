// What the recorder kept replays to the books it had, whatever happened on the way.
#include "actors/feed/feed_recorder.hpp"
#include "actors/feed/replay_source.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <tuple>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::string depth(const std::string& symbol, std::uint64_t first, std::uint64_t last,
                  const std::string& bids, const std::string& asks = "") {
  return R"({"stream":")" + symbol + R"(@depth@100ms","data":{"e":"depthUpdate","E":1,"s":")" +
         symbol + R"(","U":)" + std::to_string(first) + R"(,"u":)" + std::to_string(last) +
         R"(,"b":[)" + bids + R"(],"a":[)" + asks + "]}}";
}

std::string snapshot(std::uint64_t last, const std::string& bids, const std::string& asks) {
  return R"({"lastUpdateId":)" + std::to_string(last) + R"(,"bids":[)" + bids + R"(],"asks":[)" +
         asks + "]}";
}

std::vector<std::tuple<side, std::int64_t, std::int64_t>> levels_of(const feed_book& book) {
  std::vector<std::tuple<side, std::int64_t, std::int64_t>> all;
  for (const auto& one : book.snapshot("").levels) all.emplace_back(one.way, one.price8, one.size8);
  return all;
}

struct session {
  tests::scratch place;
  std::string path = place.path("made.jsonl.gz"), why;
  std::unique_ptr<recording_writer> file =
    recording_writer::open(path, recording_writer::existing::refuse, why);
  feed_recorder recorder{*file};
  std::int64_t now = 1'700'000'000 * second_ns;

  void text(const std::string& one) { REQUIRE(recorder.take({++now}, one)); }
  void rest(const std::string& body) { REQUIRE(recorder.take_snapshot({++now}, body)); }
  std::vector<std::string> wanted() { return recorder.wanted_snapshots({++now}); }

  /// Plays the file to its end.
  std::unique_ptr<replay_source> replayed() {
    REQUIRE(file->close());
    auto made = replay_source::open({{path}, 0}, why);
    REQUIRE_MESSAGE(made, why);
    std::vector<feed_news> news;
    while (!made->status().is_finished) made->next({1}, news);
    CHECK(made->status().problems == 0);
    return made;
  }
  void check_equal(const replay_source& played, const std::string& symbol) {
    const auto *mine = recorder.book(symbol), *its = played.book(symbol);
    REQUIRE(mine);
    REQUIRE(its);
    CHECK(recorder.is_in_step(symbol));
    CHECK(played.is_synchronised(symbol));
    CHECK(its->last_update() == mine->last_update());
    CHECK(levels_of(*its) == levels_of(*mine));
  }
};

} // namespace

TEST_CASE("feed_recorder: a snapshot is wanted once updates have begun, and the file replays") {
  session one;
  one.text(
    R"({"stream":"AAA@trade","data":{"e":"trade","E":1,"s":"AAA","t":5,"p":"1.0","q":"1.0","T":1,"m":true}})");
  CHECK(one.wanted().empty());
  one.text(depth("AAA", 10, 12, R"(["1.00","5"])"));
  CHECK(one.wanted() == std::vector<std::string>{"AAA"});
  CHECK(one.wanted().empty()); // asked just now
  one.rest(snapshot(11, R"(["0.90","1"])", R"(["2.00","3"])"));
  one.text(depth("AAA", 13, 14, R"(["0.95","7"])", R"(["2.00","0"],["2.10","4"])"));
  CHECK(one.wanted().empty());
  CHECK(one.recorder.texts() == 3);
  CHECK(one.recorder.snapshots() == 1);
  const auto played = one.replayed();
  one.check_equal(*played, "AAA");
  CHECK(played->book("AAA")->level_count() == 4);
  CHECK(played->status().messages == 4);
}

TEST_CASE("feed_recorder: after a gap a new snapshot is wanted and heals the replay too") {
  session one;
  one.text(depth("AAA", 10, 12, R"(["1.00","5"])"));
  one.rest(snapshot(12, R"(["1.00","5"])", R"(["2.00","3"])"));
  one.text(depth("AAA", 20, 22, R"(["1.00","6"])"));
  CHECK(one.recorder.status().gaps == 1);
  CHECK_FALSE(one.recorder.is_in_step("AAA"));
  CHECK(one.wanted() == std::vector<std::string>{"AAA"});
  one.rest(snapshot(15, R"(["1.00","1"])", R"(["2.00","1"])")); // too old: of no use
  CHECK_FALSE(one.recorder.is_in_step("AAA"));
  one.now += 61 * second_ns;
  CHECK(one.wanted() == std::vector<std::string>{"AAA"});
  one.rest(snapshot(21, R"(["1.00","2"])", R"(["2.00","9"])"));
  const auto played = one.replayed();
  one.check_equal(*played, "AAA");
  CHECK(played->status().gaps == 1);
  CHECK(played->status().resyncs == 2);
}

TEST_CASE("feed_recorder: two symbols whose ids are near are told apart in the replay as here") {
  session one;
  one.text(depth("AAA", 10, 12, R"(["1.00","5"])"));
  one.text(depth("BBB", 1'000, 1'002, R"(["7.00","5"])"));
  const auto both = one.wanted();
  CHECK(both.size() == 2);
  one.rest(snapshot(11, R"(["0.90","1"])", R"(["2.00","3"])"));
  one.rest(snapshot(1'001, R"(["6.90","1"])", R"(["8.00","3"])"));
  one.text(depth("AAA", 13, 13, R"(["0.95","7"])"));
  one.text(depth("BBB", 1'003, 1'003, R"(["6.95","7"])"));
  const auto played = one.replayed();
  one.check_equal(*played, "AAA");
  one.check_equal(*played, "BBB");
}

TEST_CASE("feed_recorder: what is no snapshot, and what is no line, is left out") {
  session one;
  one.text(depth("AAA", 10, 12, R"(["1.00","5"])"));
  for (const auto* body : {"", "<html>gone</html>", R"({"lastUpdateId":12,"bids":[["1.00")",
                           R"({"lastUpdateId":12,"bids":[[NaN,"1"]],"asks":[]})",
                           R"({"code":-1003,"msg":"Too much"})"})
    one.rest(body);
  CHECK(one.recorder.left_out() == 5);
  CHECK(one.recorder.snapshots() == 0);
  one.text("two\nlines");
  CHECK(one.recorder.left_out() == 6);
  CHECK(one.file->lines() == 1);
  one.text("<<%#garbage"); // a line all the same: what came is kept
  CHECK(one.file->lines() == 2);
  one.rest(snapshot(12, R"(["1.00","5"])", R"(["2.00","3"])"));
  const auto played = one.replayed();
  one.check_equal(*played, "AAA");
  CHECK(played->status().parse_errors == 1);
}

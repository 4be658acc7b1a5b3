#include "actors/feed/depth_sync.hpp"
#include "actors/feed/feed_book.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

feed_depth update(std::uint64_t first, std::uint64_t last, std::int64_t size8 = 1) {
  return {"BTCUSDT", first, last, {}, {{side::buy, 100, size8}}};
}
feed_snapshot whole(std::uint64_t last) {
  return {"BTCUSDT", last, {{side::buy, 99, 5}, {side::sell, 101, 5}}};
}

/// "S7 D8-9 R": a snapshot of 7, an update of 8 to 9, a reset.
std::string text_of(const std::vector<feed_news>& news) {
  std::string made;
  for (const auto& one : news) {
    if (!made.empty()) made += ' ';
    if (const auto* snapshot = std::get_if<feed_snapshot>(&one))
      made.append("S").append(std::to_string(snapshot->last_update));
    else if (const auto* depth = std::get_if<feed_depth>(&one))
      made.append("D")
        .append(std::to_string(depth->first_update))
        .append("-")
        .append(std::to_string(depth->last_update));
    else if (std::holds_alternative<feed_reset>(one))
      made += "R";
    else
      made += "?";
  }
  return made;
}

} // namespace

TEST_CASE("depth_sync: updates wait for the snapshot, old ones go, the spanning one is first") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_depth(update(1, 3), out);
  sync.on_depth(update(4, 8), out);
  sync.on_depth(update(9, 9), out);
  CHECK(out.empty());
  CHECK_FALSE(sync.is_synchronised());
  sync.on_snapshot(whole(5), out);
  CHECK(text_of(out) == "S5 D4-8 D9-9");
  CHECK(sync.is_synchronised());
  CHECK(sync.resyncs() == 1);
  CHECK(sync.gaps() == 0);
}

TEST_CASE("depth_sync: a snapshot that is newer than all that waits is taken as it is") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_depth(update(1, 3), out);
  sync.on_snapshot(whole(7), out);
  sync.on_depth(update(4, 6), out); // older than the snapshot
  sync.on_depth(update(7, 9), out); // spans 8
  sync.on_depth(update(10, 10), out);
  CHECK(text_of(out) == "S7 D7-9 D10-10");
  CHECK(sync.gaps() == 0);
}

TEST_CASE("depth_sync: a snapshot that is too old is refused, and another one asked for") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_depth(update(10, 12), out);
  CHECK(sync.wants_snapshot({0}));
  sync.on_snapshot(whole(8), out); // 9 was never seen
  CHECK(out.empty());
  CHECK_FALSE(sync.is_synchronised());
  CHECK(sync.wants_snapshot({1'000'000'000}));
  sync.on_snapshot(whole(9), out);
  CHECK(text_of(out) == "S9 D10-12");
}

TEST_CASE("depth_sync: a gap resets the book, and the updates behind it wait") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_snapshot(whole(5), out);
  sync.on_depth(update(6, 7), out);
  sync.on_depth(update(9, 10), out); // 8 is missing
  sync.on_depth(update(11, 11), out);
  CHECK(text_of(out) == "S5 D6-7 R");
  CHECK(sync.gaps() == 1);
  CHECK_FALSE(sync.is_synchronised());
  out.clear();
  sync.on_snapshot(whole(10), out);
  CHECK(text_of(out) == "S10 D11-11");
  CHECK(sync.resyncs() == 2);
}

TEST_CASE("depth_sync: the first update behind a snapshot may not leave a hole") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_snapshot(whole(5), out);
  sync.on_depth(update(7, 9), out);
  CHECK(text_of(out) == "S5 R");
}

TEST_CASE("depth_sync: a gap among the waiting updates forgets those before it") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_depth(update(1, 3), out);
  sync.on_depth(update(5, 6), out);
  CHECK(sync.gaps() == 1);
  sync.on_snapshot(whole(2), out); // 4 is missing
  CHECK(out.empty());
  sync.on_snapshot(whole(4), out);
  CHECK(text_of(out) == "S4 D5-6");
}

TEST_CASE("depth_sync: what was seen before is dropped, what overlaps is taken") {
  depth_sync sync;
  std::vector<feed_news> out;
  sync.on_snapshot(whole(5), out);
  sync.on_depth(update(6, 8), out);
  sync.on_depth(update(6, 8), out);
  sync.on_depth(update(7, 9), out); // a stream that was opened again
  sync.on_snapshot(whole(9), out);  // not needed
  CHECK(text_of(out) == "S5 D6-8 D7-9");
  CHECK(sync.dropped() == 2);
}

TEST_CASE("depth_sync: the waiting updates are bounded") {
  depth_sync sync;
  std::vector<feed_news> out;
  for (std::uint64_t id = 1; id <= depth_sync_updates_max + 1; ++id)
    sync.on_depth(update(id, id), out);
  CHECK(sync.overflows() == 1);
  CHECK(sync.first_known() == depth_sync_updates_max + 1);

  auto large = update(depth_sync_updates_max + 2, depth_sync_updates_max + 2);
  large.levels.resize(depth_sync_levels_max, {side::buy, 1, 1});
  sync.on_depth(std::move(large), out);
  CHECK(sync.overflows() == 2);
  sync.on_snapshot(whole(depth_sync_updates_max + 1), out);
  CHECK(sync.is_synchronised());
}

TEST_CASE("depth_sync: asks at once, then ever more rarely, and at once after a new loss") {
  depth_sync sync;
  constexpr std::int64_t second = 1'000'000'000;
  std::vector<std::int64_t> asked;
  for (std::int64_t at = 0; at < 200; ++at)
    if (sync.wants_snapshot({at * second})) asked.push_back(at);
  CHECK(asked == std::vector<std::int64_t>{0, 1, 3, 7, 15, 31, 63, 123, 183});
  std::vector<feed_news> out;
  sync.on_snapshot(whole(1), out);
  CHECK_FALSE(sync.wants_snapshot({1'000 * second}));
  sync.lose("BTCUSDT", out);
  CHECK(sync.wants_snapshot({200 * second}));
}

TEST_CASE("feed_book: keeps totals, removes zeros, gives itself as a snapshot") {
  feed_book book;
  book.apply(feed_snapshot{"X", 5, {{side::buy, 99, 5}, {side::buy, 98, 1}, {side::sell, 101, 7}}});
  book.apply(feed_depth{"X", 6, 8, {}, {{side::buy, 99, 0}, {side::sell, 100, 2}}});
  CHECK(book.best(side::buy)->price8 == 98);
  CHECK(book.best(side::sell)->price8 == 100);
  CHECK(book.best(side::sell)->size8 == 2);
  CHECK_FALSE(book.is_crossed());
  const auto copy = book.snapshot("X");
  CHECK(copy.last_update == 8);
  REQUIRE(copy.levels.size() == 3);
  CHECK(copy.levels[1].price8 == 100);
  book.apply(feed_depth{"X", 9, 9, {}, {{side::buy, 100, 1}}});
  CHECK(book.is_crossed());
  book.clear();
  CHECK_FALSE(book.best(side::buy));
}

TEST_CASE("feed_book: beyond its bound the worst level goes") {
  feed_book book;
  feed_depth many{"X", 1, 1, {}, {}};
  for (std::size_t i = 1; i <= feed_book_levels_max + 1; ++i)
    many.levels.push_back({side::buy, static_cast<std::int64_t>(i), 1});
  book.apply(many);
  CHECK(book.level_count() == feed_book_levels_max);
  CHECK(book.snapshot("X").levels.back().price8 == 2);
}

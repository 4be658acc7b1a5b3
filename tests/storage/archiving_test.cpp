// Which rows may leave: those that nobody needs for recovery, that are old enough and projected.
#include "storage/archiving.hpp"
#include "storage/sqlite_journal.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

const entity_id alice{user_id{1}}, bob{user_id{2}}, carol{user_id{3}};

/// Row n is written at n seconds, by account/(1 + n % 7).
struct timed_journal {
  temporary_directory directory;
  sqlite_journal store{directory / "data"};
  stream_index index;

  explicit timed_journal(position rows) {
    for (position at = 1; at <= rows; ++at) {
      const auto blob = at % 10 == 0 ? blob_writer().finish() // a row without records
                                     : sound_blob(at, 300, seconds(at));
      REQUIRE(append_one(store, 0, 0, at - 1, blob) == append_result::accepted);
      if (at % 10 != 0) index.note(account_id{1 + at % 7}, at);
      index.note_row(at);
    }
  }
  static timestamp_ns seconds(position at) {
    return {static_cast<std::int64_t>(at) * 1'000'000'000};
  }
  void cover_all_below(position first_kept) {
    for (const auto id : index.entities()) index.forget_before(id, first_kept);
  }
  archive_rule rule(position before, position projected = UINT64_MAX) {
    return {0, seconds(before), projected, {}, 5'000};
  }
};

} // namespace

TEST_CASE("archiving: rows below the first one that a recovery needs") {
  stream_index index;
  CHECK_FALSE(archivable_below(index));
  index.note(alice, 1);
  index.note(bob, 2);
  index.note(alice, 3);
  CHECK_FALSE(archivable_below(index)); // alice needs row 1
  CHECK(index.first_of(alice) == 1);
  index.forget_before(alice, 2);
  CHECK(archivable_below(index) == 2);
  CHECK(index.first_of(alice) == 3);
  index.forget_before(bob, 9);
  CHECK(index.first_of(bob) == 0);
  CHECK(archivable_below(index) == 3);
  index.forget_before(alice, 4);
  CHECK(archivable_below(index) == 4); // nobody needs any, and row 4 is not known yet
  CHECK(index.first_of(carol) == 0);
  index.note_row(4);
  CHECK(archivable_below(index) == 5);
}

TEST_CASE("archiving: what an index tells is the least of what its entities need") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    random_source dice(seed);
    stream_index index;
    std::map<entity_id, std::vector<position>> needed;
    const position rows = 1 + dice() % 500;
    for (position at = 1; at <= rows; ++at) {
      for (auto n = dice() % 3; n > 0; --n) {
        const entity_id id = account_id{1 + dice() % 20};
        index.note(id, at);
        if (needed[id].empty() || needed[id].back() != at) needed[id].push_back(at);
      }
      index.note_row(at);
      if (dice() % 5 != 0 || needed.empty()) continue;
      auto& [id, mine] =
        *std::next(needed.begin(), static_cast<std::ptrdiff_t>(dice() % needed.size()));
      const auto kept = dice() % (at + 2);
      index.forget_before(id, kept);
      std::erase_if(mine, [&](position one) { return one < kept; });
    }
    auto least = rows + 1;
    for (const auto& [id, mine] : needed) {
      CHECK(index.first_of(id) == (mine.empty() ? 0 : mine.front()));
      if (!mine.empty()) least = std::min(least, mine.front());
    }
    CHECK(index.first_needed() == least);
    const auto again = stream_index::decode(index.encode());
    REQUIRE(again);
    CHECK(again->first_needed() == least);
  }
}

TEST_CASE("archiving: the first row since a time, in few reads") {
  timed_journal under(95);
  const auto since = [&](position first, position last, position at) {
    return first_row_since(under.store, 0, first, last, timed_journal::seconds(at));
  };
  CHECK(since(1, 95, 0) == 1);
  CHECK(since(1, 95, 33) == 33);
  CHECK(since(1, 95, 40) == 40); // without records: as old as the next one with some
  CHECK(since(1, 95, 41) == 40);
  CHECK(since(1, 95, 42) == 42);
  CHECK(since(1, 95, 96) == 96);
  CHECK(since(1, 90, 91) == 90);
  CHECK(since(50, 95, 10) == 50);
  CHECK(since(7, 6, 10) == 7);
}

TEST_CASE("archiving: old, projected and covered rows go, in whole files") {
  timed_journal under(200);
  const auto run = [&](const archive_rule& rule) {
    return archive_when_due(under.store, rule).rows_dropped;
  };
  CHECK(run(under.rule(150)) == 0); // no index was ever saved
  save_stream_index(under.store, 0, under.index);
  CHECK(run(under.rule(150)) == 0); // nothing is covered
  under.cover_all_below(121);
  CHECK(run(under.rule(150)) == 0); // so it is, but the saved index does not know
  save_stream_index(under.store, 0, under.index);
  CHECK(run(under.rule(10)) == 0);     // too young, or too few for a file
  CHECK(run(under.rule(150, 0)) == 0); // not projected
  const auto done = archive_when_due(under.store, under.rule(60));
  CHECK(done.rows_dropped > 30);
  CHECK(done.files.back().last < 60);
  CHECK(done.files.back().last == under.store.archived(0));
  CHECK(run(under.rule(60)) == 0);
  CHECK(run(under.rule(150, 90)) > 0);
  CHECK(under.store.archived(0) <= 90);
  CHECK(run(under.rule(150)) > 0);
  CHECK(under.store.archived(0) < 121);
  CHECK(under.store.archived(0) > 100);
  CHECK(rows_from(under.store, 0, 1).size() == 200);

  int steps = 0;
  under.cover_all_below(201);
  save_stream_index(under.store, 0, under.index);
  auto rule = under.rule(199);
  rule.go_on = [&] { return ++steps < 2; };
  CHECK(run(rule) < 60);
  CHECK(steps == 2);
  CHECK(rows_from(under.store, 0, 1).size() == 200);
}

#include "storage/journal_copy.hpp"
#include "storage/shard_map.hpp"
#include "storage/stream_index.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/postgres_fixture.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr std::uint64_t accounts = 40, rows = 900;

entity_id entity(std::uint64_t number) {
  return entity_id(account_id{number});
}

/// Every row holds a few records, each with an event of its own stream; some rows are archived.
void fill(sqlite_journal& store) {
  std::map<entity_id, std::uint64_t> numbers;
  for (position at = 0; at < rows; ++at) {
    blob_writer writer;
    for (std::uint64_t i = 0; i <= at % 4; ++i) {
      record one;
      one.stream = entity(1 + (at * 7 + i * 13) % accounts);
      one.first_event = ++numbers[one.stream];
      one.event_count = 1;
      one.at = {static_cast<std::int64_t>(at)};
      one.cause = {entity(99), at};
      one.acknowledged = {{entity(98), i}};
      one.events = "event " + std::to_string(one.first_event);
      writer.add(one);
    }
    std::vector<claim> claims;
    if (at % 3 == 0) claims.push_back({"email:" + std::to_string(at), entity(1 + at % accounts)});
    REQUIRE(append_one(store, 0, 0, at, writer.finish(), std::move(claims)) ==
            append_result::accepted);
  }
  store.save_snapshot({entity(1), numbers[entity(1)], "whole", {77}});
  store.save_snapshot({entity(2), 3, std::string(700'000, 's'), {}});
  static_cast<void>(store.draw_ids("order", 5'000'000));
  static_cast<void>(store.draw_ids("user", 3));
  archive_request old;
  old.last = 300;
  old.file_bytes = 4'000;
  CHECK(store.archive(old).rows_dropped == 300);
  auto index = load_stream_index(store, 0);
  index.forget_before(entity(1), rows + 1); // its snapshot has all of it
  index.forget_before(entity(2), index.positions_of(entity(2))[3]);
  save_stream_index(store, 0, index);
}

std::map<entity_id, std::vector<record>> streams_of(journal& store, shard_id shard_count) {
  std::map<entity_id, std::vector<record>> all;
  for (shard_id shard = 0; shard < shard_count; ++shard)
    for (const auto& blob : rows_from(store, shard, 1)) {
      const auto records = read_blob(blob);
      REQUIRE(records);
      for (const auto& one : *records) {
        CHECK(shard_of(one.stream, shard_count) == shard);
        all[one.stream].push_back(one);
      }
    }
  return all;
}

} // namespace

TEST_CASE("shard_map: an entity's shard never changes, and shards are filled alike") {
  CHECK(shard_of(entity(1), 1) == 0);
  CHECK(shard_of(entity(1), 0) == 0);
  CHECK(users_shards(2) == 1);
  CHECK(users_shards(64) == 8);
  // As they were when the first journal of 64 shards was made.
  CHECK(shard_of(entity_id(account_id{1}), 64) == 22);
  CHECK(shard_of(entity_id(user_id{1}), 64) == 1);
  CHECK(shard_of(entity_id(market_id{6}), 64) == 33);
  std::vector<int> filled(64);
  for (std::uint64_t i = 1; i <= 8'000; ++i) ++filled[shard_of(entity_id(user_id{i}), 64)];
  for (std::uint64_t i = 1; i <= 55'000; ++i) ++filled[shard_of(entity_id(account_id{i}), 64)];
  CHECK(filled.back() == 0); // the feed's
  filled.pop_back();
  for (const int count : filled) {
    CHECK(count > 800);
    CHECK(count < 1'200);
  }
  CHECK(shard_of(entity_id(user_id{7}), 2) == 0);
  CHECK(shard_of(entity_id(account_id{7}), 2) == 1);
  CHECK(feed_shard(2) == 1);
  CHECK(shard_of(entity_id(account_id{7}), 3) == 1);
  CHECK(feed_shard(3) == 2);
}

TEST_CASE("journal_copy: an embedded journal is whole in a PostgreSQL one, whatever its shards") {
  temporary_directory directory;
  sqlite_journal from(directory / "data");
  fill(from);
  const auto original = streams_of(from, 1);
  for (const shard_id shards : {1, 8}) {
    CAPTURE(shards);
    const auto address = shared_server().make_database();
    std::uint64_t told = 0;
    {
      postgres_journal to(address, patient_journal());
      const auto done = copy_journal(from, to, shards, [&](const copy_progress& now) {
        CHECK(now.rows >= told);
        told = now.rows;
      });
      CHECK(told == rows);
      CHECK(done.rows == rows);
      CHECK(done.claims == rows / 3);
      CHECK(done.snapshots == 2);
      CHECK(done.sequences == 2);
      CHECK_THROWS_WITH_AS(copy_journal(from, to, shards, [](const copy_progress&) {}),
                           doctest::Contains("the target is not empty"), journal_error);
    }
    postgres_journal to(address, patient_journal());
    CHECK(streams_of(to, shards) == original); // record for record, in order
    if (shards == 1) CHECK(rows_from(to, 0, 1) == rows_from(from, 0, 1));
    for (position at = 0; at < rows; at += 3)
      CHECK(to.find_claim("email:" + std::to_string(at)) == entity(1 + at % accounts));
    CHECK(to.load_snapshot(entity(1))->bytes == "whole");
    CHECK(to.load_snapshot(entity(2))->bytes == std::string(700'000, 's'));
    CHECK(to.wake_times() == from.wake_times());
    CHECK(to.draw_ids("order", 1) >= 5'000'001);
    CHECK(to.draw_ids("user", 1) == 4);
    // Whoever recovers by the index finds every record that no snapshot has.
    std::map<entity_id, std::uint64_t> first_found;
    for (shard_id shard = 0; shard < shards; ++shard) {
      const auto index = load_stream_index(to, shard);
      for (const auto id : index.entities())
        for (const auto at : index.positions_of(id))
          to.read(shard, at, [&](position, std::string_view blob) {
            const auto records = read_blob(blob, id);
            REQUIRE(records);
            for (const auto& one : *records) first_found.try_emplace(id, one.first_event);
            return false;
          });
    }
    CHECK_FALSE(first_found.contains(entity(1)));
    CHECK(first_found.at(entity(2)) <= 4);
    for (std::uint64_t i = 3; i <= accounts; ++i) CHECK(first_found.at(entity(i)) == 1);
    // And it goes on.
    const auto heads = to.heads();
    for (shard_id shard = 0; shard < shards; ++shard) {
      REQUIRE(to.take_over(shard, 1).is_taken);
      const auto head = heads.find(shard); // none: nothing is in it
      CHECK(append_one(to, shard, 1, head == heads.end() ? 0 : head->second.last) ==
            append_result::accepted);
    }
  }
}

TEST_CASE("journal_copy: a damaged original and a writer on the target end the copy") {
  temporary_directory directory;
  sqlite_journal from(directory / "data");
  for (position at = 0; at < 10; ++at)
    REQUIRE(append_one(from, 0, 0, at, at == 7 ? "damaged" : sound_blob(at + 1)) ==
            append_result::accepted);
  postgres_journal to(shared_server().make_database(), patient_journal());
  CHECK_THROWS_WITH_AS(copy_journal(from, to, 4, [](const copy_progress&) {}),
                       doctest::Contains("row 8 of shard 0 is damaged"), journal_error);
  postgres_journal busy(shared_server().make_database(), patient_journal());
  CHECK(busy.take_over(3, 1).is_taken);
  sqlite_journal sound(directory / "sound");
  REQUIRE(append_one(sound, 0, 0, 0, sound_blob(1)) == append_result::accepted);
  CHECK_THROWS_WITH_AS(copy_journal(sound, busy, 4, [](const copy_progress&) {}),
                       doctest::Contains("not empty"), journal_error);
}

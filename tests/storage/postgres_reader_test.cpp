#include "storage/postgres_migrations.hpp"
#include "storage/postgres_reader.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/postgres_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

const entity_id bob{account_id{2}};

/// One commit that adds a row to each of some shards.
void append_to(journal& store, const std::vector<shard_id>& shards, position after,
               const std::string& blob) {
  journal_batch batch;
  for (const auto shard : shards) batch.rows.push_back({shard, 0, after, blob});
  REQUIRE(store.append(batch).result == append_result::accepted);
}

std::vector<std::pair<position, std::string>> all_of(postgres_row_cursor from) {
  std::vector<std::pair<position, std::string>> found;
  while (const auto row = from.next()) found.emplace_back(row->at, row->blob);
  return found;
}

std::string blob_number(position at) {
  return std::string(at % 7 * 1'000, 'x') + std::to_string(at);
}

} // namespace

TEST_CASE("postgres_reader: a database without a journal is refused, and stays as it was") {
  const auto address = shared_server().make_database();
  CHECK_THROWS_WITH_AS(postgres_reader{address}, doctest::Contains("this database has no journal"),
                       journal_error);
  postgres_connection on(address, patient_connection());
  CHECK(on.exec("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").integer(0, 0) == 0);
  CHECK_THROWS_WITH_AS(postgres_reader{"postgres://rialto:secret-7q@127.0.0.1:1/none"},
                       doctest::Contains("127.0.0.1:1/none"), journal_error);
}

TEST_CASE("postgres_reader: a journal of a newer program is refused") {
  const auto address = shared_server().make_database();
  postgres_connection on(address, patient_connection());
  migrate_postgres(on);
  on.exec("INSERT INTO migrations(set, number, name, hash) VALUES('journal', 99, 'later', 'x')");
  CHECK_THROWS_WITH_AS(postgres_reader{address}, doctest::Contains("written by a newer one"),
                       journal_error);
}

TEST_CASE("postgres_reader: rows up to the cut, in chunks, and not what came later") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  postgres_reader reader(address);
  CHECK(reader.cut().empty());
  constexpr position rows = 700;
  for (position at = 0; at < rows; ++at) append_to(*store, {3}, at, blob_number(at + 1));
  append_to(*store, {0, 9}, 0, "of two");
  const auto heads = reader.cut();
  CHECK(heads == std::map<shard_id, position>{{0, 1}, {3, rows}, {9, 1}});
  for (position at = rows; at < rows + 5; ++at) append_to(*store, {3}, at, "too late");
  for (const std::int64_t bytes_max :
       {std::int64_t{1}, std::int64_t{20'000}, postgres_chunk_bytes_max}) {
    const auto found = all_of(reader.rows(3, heads.at(3), bytes_max));
    REQUIRE(found.size() == rows);
    for (position at = 1; at <= rows; ++at)
      REQUIRE(found[at - 1] == std::pair(at, blob_number(at)));
  }
  CHECK(all_of(reader.rows(9, 1)) == std::vector{std::pair(position{1}, std::string("of two"))});
  CHECK(all_of(reader.rows(5, 0)).empty());
}

TEST_CASE("postgres_reader: cursors of several shards share the connection") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  for (position at = 0; at < 30; ++at) append_to(*store, {1, 2}, at, std::to_string(at + 1));
  postgres_reader reader(address);
  auto one = reader.rows(1, 30, 3), other = reader.rows(2, 20, 3);
  for (position at = 1; at <= 30; ++at) {
    const auto mine = one.next();
    REQUIRE(mine.has_value());
    const auto theirs = other.next();
    CHECK(theirs.has_value() == (at <= 20));
    CHECK(mine->at == at);
    CHECK(mine->blob == std::to_string(at));
    if (theirs) CHECK(theirs->blob == mine->blob);
  }
  CHECK_FALSE(one.next().has_value());
}

TEST_CASE("postgres_reader: a row that is gone shows as a gap, and as an error at the end") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  for (position at = 0; at < 10; ++at) append_to(*store, {4}, at, "row");
  postgres_reader reader(address);
  const auto heads = reader.cut();
  postgres_connection on(address, patient_connection());
  on.exec("DELETE FROM journal WHERE position = 6");
  std::vector<position> seen;
  for (const auto& [at, blob] : all_of(reader.rows(4, heads.at(4)))) seen.push_back(at);
  CHECK(seen == std::vector<position>{1, 2, 3, 4, 5, 7, 8, 9, 10});
  on.exec("DELETE FROM journal WHERE position = 10");
  CHECK_THROWS_WITH_AS(all_of(reader.rows(4, heads.at(4))),
                       doctest::Contains("row 10 of shard 4 was there and is gone"), journal_error);
}

TEST_CASE("postgres_reader: a cut is of one moment while others append") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  std::atomic<bool> ends = false;
  std::thread writing([&] {
    for (position at = 0; !ends; ++at) {
      const journal_batch batch{{{2, 0, at, "of"}, {5, 0, at, "all"}, {8, 0, at, "three"}}, {}};
      if (store->append(batch).result != append_result::accepted) ends = true;
    }
  });
  postgres_reader reader(address);
  position last = 0;
  while (last < 100 && !ends) {
    const auto heads = reader.cut();
    if (heads.empty()) continue;
    CHECK(heads.size() == 3);
    const auto head = heads.begin()->second;
    CHECK(
      std::all_of(heads.begin(), heads.end(), [&](const auto& one) { return one.second == head; }));
    CHECK(head >= last);
    last = head;
  }
  CHECK(last >= 100);
  ends = true;
  writing.join();
}

TEST_CASE("postgres_reader: snapshots, sound and damaged, small and large") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  constexpr std::uint64_t small = 600;
  for (std::uint64_t i = 1; i <= small; ++i)
    store->save_snapshot({account_id{i}, i, "state " + std::to_string(i), {}});
  store->save_snapshot({market_id{1}, 5, std::string(6 << 20, 'm'), {77}});
  postgres_connection on(address, patient_connection());
  on.exec("UPDATE snapshots SET bytes = $1 WHERE event_number = 300", bytes_view{"damaged"});
  postgres_reader reader(address);
  std::map<entity_id, std::uint64_t> seen;
  std::uint64_t damaged = 0;
  reader.each_snapshot([&](const snapshot& made, bool is_sound) {
    CHECK(seen.try_emplace(made.entity, made.event_number).second);
    if (!is_sound) damaged = made.event_number;
    if (made.entity != entity_id(market_id{1})) return;
    CHECK(made.bytes == std::string(6 << 20, 'm'));
    CHECK(made.wake_at == timestamp_ns{77});
  });
  CHECK(seen.size() == small + 1);
  CHECK(seen[account_id{17}] == 17);
  CHECK(damaged == 300);
}

TEST_CASE(
  "postgres_reader: opens no lane, and claims and the number of shards are there to be read") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  postgres_connection on(address, patient_connection());
  const auto lanes = on.exec("SELECT * FROM lanes").rows();
  REQUIRE(append_one(*store, 0, 0, 0, "row", {{"symbol:BTCUSDT", bob}}) == append_result::accepted);
  postgres_reader reader(address);
  CHECK(on.exec("SELECT * FROM lanes").rows() == lanes);
  CHECK(reader.find_claim("symbol:BTCUSDT") == bob);
  CHECK_FALSE(reader.find_claim("symbol:ETHUSDT").has_value());
  CHECK_FALSE(reader.shard_count().has_value());
  on.exec("SELECT cluster_create('test', 16)");
  CHECK(reader.shard_count() == shard_id{16});
  REQUIRE(append_one(*store, 0, 0, 1, "row") == append_result::accepted); // nobody was fenced
}

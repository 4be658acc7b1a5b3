#include "storage/postgres_journal.hpp"
#include "storage/postgres_migrations.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/postgres_fixture.hpp"

#include <doctest/doctest.h>

#include <set>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

const entity_id alice{user_id{1}};

class postgres_under_test final : public journal_under_test {
public:
  explicit postgres_under_test(std::size_t recent_bytes)
      : recent_bytes_(recent_bytes), address_(shared_server().make_database()) {
    open();
  }
  [[nodiscard]] journal& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  void crash() override {
    shared_server().kill();
    store_.reset();
    shared_server().start();
    open();
  }

private:
  void open() {
    auto options = patient_journal();
    options.recent_bytes = recent_bytes_;
    store_ = open_postgres_journal(address_, options);
  }

  const std::size_t recent_bytes_;
  std::string address_;
  std::unique_ptr<journal> store_;
};

} // namespace

TEST_CASE("postgres_journal: keeps the contract") {
  check_journal_contract([] { return std::make_unique<postgres_under_test>(50); });
}

TEST_CASE("postgres_journal: nodes that start at once apply the migrations once") {
  const auto address = shared_server().make_database();
  std::vector<std::unique_ptr<postgres_journal>> stores(4);
  std::vector<std::thread> starting;
  for (auto& one : stores)
    starting.emplace_back(
      [&] { one = std::make_unique<postgres_journal>(address, patient_journal()); });
  for (auto& one : starting) one.join();
  std::set<std::uint64_t> lanes;
  for (const auto& one : stores) lanes.insert(one->lane_number());
  CHECK(lanes.size() == 4);
  postgres_connection on(address, patient_connection());
  const auto states = postgres_migration_states(on);
  REQUIRE_FALSE(states.empty());
  CHECK(states[0].name == "journal/0001_journal");
  CHECK(states[0].is_applied);
  CHECK(states[0].problem.empty());
}

TEST_CASE("postgres_journal: a database of another program is refused") {
  const auto address = shared_server().make_database();
  postgres_connection on(address, patient_connection());
  CHECK_FALSE(postgres_migration_states(on)[0].is_applied);
  migrate_postgres(on);
  const migration changed[] = {{"postgres", 1, "0001_journal", "CREATE TABLE other(k bigint)"}};
  CHECK_THROWS_WITH_AS(migrate_postgres(on, changed),
                       doctest::Contains("journal/0001_journal was changed"), journal_error);
  on.exec(
    "INSERT INTO migrations(set, number, name, hash) VALUES('journal', 9, '0009_later', '0')");
  CHECK_THROWS_WITH_AS(open_postgres_journal(address, patient_journal()),
                       doctest::Contains("journal/0009_later is unknown to this program"),
                       journal_error);
  const migration broken[] = {
    {"postgres", 1, "0001_one", "CREATE TABLE one(k bigint)"},
    {"postgres", 2, "0002_two", "CREATE TABLE two(k bigint); SELECT 1/0"}};
  postgres_connection other(shared_server().make_database(), patient_connection());
  CHECK_THROWS_AS(migrate_postgres(other, broken), journal_error);
  CHECK(other.exec("SELECT to_regclass('one') IS NOT NULL, to_regclass('two') IS NOT NULL")
          .truth(0, 0)); // a file is applied whole or not at all
  CHECK_FALSE(other.exec("SELECT to_regclass('two') IS NOT NULL").truth(0, 0));
}

TEST_CASE("postgres_journal: a former owner's late snapshot does not replace a newer one") {
  const auto store = open_postgres_journal(shared_server().make_database(), patient_journal());
  store->save_snapshot({alice, 20, "newer", {}});
  store->save_snapshot({alice, 10, "late", {5}});
  CHECK(store->load_snapshot(alice)->bytes == "newer");
  store->save_snapshot({alice, 20, "the same again", {}});
  CHECK(store->load_snapshot(alice)->bytes == "the same again");
  CHECK(store->wake_times().empty());
}

TEST_CASE("postgres_journal: damage is noticed") {
  const auto address = shared_server().make_database();
  const auto store = open_postgres_journal(address, patient_journal());
  store->save_snapshot({alice, 1, "snapshot", {}});
  store->save_checkpoint("index", "checkpoint");
  for (position at = 0; at < 10; ++at)
    CHECK(append_one(*store, 3, 0, at) == append_result::accepted);
  postgres_connection on(address, patient_connection());
  on.run_script("UPDATE snapshots SET bytes = bytes || 'x'::bytea; "
                "UPDATE checkpoints SET bytes = bytes || 'x'::bytea; "
                "DELETE FROM journal WHERE position = 5");
  CHECK_THROWS_WITH_AS(static_cast<void>(store->load_snapshot(alice)),
                       doctest::Contains("user/1 is damaged"), journal_error);
  CHECK_FALSE(store->load_checkpoint("index"));
  CHECK_THROWS_WITH_AS(rows_from(*store, 3, 1), doctest::Contains("row 5 of shard 3 is missing"),
                       journal_error);
}

TEST_CASE("postgres_journal: large rows are read in bounded chunks, in order") {
  const auto store = open_postgres_journal(shared_server().make_database(), patient_journal());
  std::vector<std::string> rows;
  for (std::size_t i = 0; i < 12; ++i) {
    rows.emplace_back(i % 3 == 0 ? 3'000'000 : 10, static_cast<char>('a' + i));
    REQUIRE(append_one(*store, 0, 0, i, rows.back()) == append_result::accepted);
  }
  CHECK(rows_from(*store, 0, 1) == rows);
}

TEST_CASE("postgres_journal: an append reads no table from end to end, however long the journal") {
  const auto address = shared_server().make_database();
  constexpr shard_id shards = 20;
  constexpr position rows = 40;
  {
    postgres_journal store(address, patient_journal());
    for (position at = 0; at < rows; ++at) {
      journal_batch batch;
      for (shard_id shard = 0; shard < shards; ++shard)
        batch.rows.push_back({shard, 0, at, sound_blob(at + 1)});
      REQUIRE(store.append(batch).result == append_result::accepted);
    }
  } // its connections tell what they did when they end
  postgres_connection on(address, patient_connection());
  const auto count = [&](const char* what) {
    return on
      .exec("SELECT " + std::string(what) + " FROM pg_stat_user_tables WHERE relname = 'journal'")
      .number(0, 0);
  };
  for (int i = 0; i < 1'000 && count("n_tup_ins") < rows * shards; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  REQUIRE(count("n_tup_ins") == rows * shards);
  CHECK(count("seq_tup_read") < rows * shards); // each append once: half of the square
}

#include "storage/sqlite_journal.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>
#include <unistd.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

class sqlite_under_test final : public journal_under_test {
public:
  explicit sqlite_under_test(std::size_t recent_bytes) {
    options_.recent_bytes = recent_bytes;
    open();
  }
  [[nodiscard]] journal& store() override { return *store_; }
  void reopen() override {
    store_.reset();
    open();
  }
  /// Only the log's files are there, as after a kill; lost unsynced bytes are the faulty VFS's part.
  void crash() override {
    const auto copy = directory_ / ("data" + std::to_string(++crashes_));
    std::filesystem::copy(directory_ / "data", copy, std::filesystem::copy_options::recursive);
    store_.reset();
    std::filesystem::remove_all(directory_ / "data");
    std::filesystem::rename(copy, directory_ / "data");
    open();
  }

private:
  void open() { store_ = open_sqlite_journal(directory_ / "data", options_); }

  sqlite_journal_options options_;
  temporary_directory directory_;
  std::unique_ptr<journal> store_;
  int crashes_ = 0;
};

class simulated_under_test final : public journal_under_test {
public:
  [[nodiscard]] journal& store() override { return store_; }
  void reopen() override { static_cast<void>(store_.heads()); } // a stop syncs
  void crash() override { store_.crash(); }

private:
  simulated_journal store_;
};

mode_t mode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(::stat(path.c_str(), &status) == 0);
  return status.st_mode & 0777;
}

} // namespace

TEST_CASE("sqlite_journal: keeps the contract") {
  for (const std::size_t recent_bytes : {0, 50, 1'000'000}) {
    CAPTURE(recent_bytes);
    check_journal_contract(
      [recent_bytes] { return std::make_unique<sqlite_under_test>(recent_bytes); });
  }
}

TEST_CASE("simulated_journal: keeps the contract") {
  check_journal_contract([] { return std::make_unique<simulated_under_test>(); });
}

TEST_CASE("sqlite_journal: the data directory is private and belongs to one process") {
  temporary_directory directory;
  const auto data = directory / "data";
  const auto first = open_sqlite_journal(data);
  CHECK(mode_of(data) == 0700);
  CHECK(mode_of(data + "/journal.sqlite") == 0600);
  CHECK(mode_of(data + "/journal.sqlite-wal") == 0600);
  CHECK(mode_of(data + "/lock") == 0600);
  const auto holder = "is in use by process " + std::to_string(::getpid());
  CHECK_THROWS_WITH_AS(open_sqlite_journal(data), doctest::Contains(holder.c_str()), journal_error);
  CHECK(append_one(*first, 0, 0, 0) == append_result::accepted);
}

TEST_CASE(
  "sqlite_journal: a directory that cannot be made and a file that is no journal are named") {
  temporary_directory directory;
  CHECK_THROWS_WITH_AS(open_sqlite_journal(directory / "no/such"), doctest::Contains("no/such"),
                       journal_error);
  ::mkdir((directory / "data").c_str(), 0700);
  if (auto* file = std::fopen((directory / "data/journal.sqlite").c_str(), "w")) {
    for (int i = 0; i < 1'000; ++i) std::fputs("this is not a database\n", file);
    std::fclose(file);
  }
  CHECK_THROWS_WITH_AS(open_sqlite_journal(directory / "data"), doctest::Contains("journal.sqlite"),
                       journal_error);
}

TEST_CASE(
  "sqlite_journal: a damaged snapshot is said to be damaged, a damaged checkpoint is gone") {
  temporary_directory directory;
  const entity_id alice{user_id{1}};
  {
    const auto store = open_sqlite_journal(directory / "data");
    store->save_snapshot({alice, 1, "snapshot", {}});
    store->save_checkpoint("index", "checkpoint");
  }
  {
    database on(directory / "data/journal.sqlite", {});
    on.exec("UPDATE parts SET bytes = CAST(bytes || 'x' AS BLOB)");
  }
  const auto store = open_sqlite_journal(directory / "data");
  CHECK_THROWS_WITH_AS(static_cast<void>(store->load_snapshot(alice)),
                       doctest::Contains("user/1 is damaged"), journal_error);
  CHECK_FALSE(store->load_checkpoint("index"));
}

TEST_CASE("sqlite_journal: a missing row is noticed") {
  temporary_directory directory;
  {
    const auto store = open_sqlite_journal(directory / "data");
    for (position at = 0; at < 10; ++at)
      CHECK(append_one(*store, 0, 0, at) == append_result::accepted);
  }
  {
    database on(directory / "data/journal.sqlite", {});
    on.exec("DELETE FROM journal WHERE id = 5");
  }
  const auto store = open_sqlite_journal(directory / "data");
  CHECK_THROWS_WITH_AS(rows_from(*store, 0, 1), doctest::Contains("row 5 of shard 0 is missing"),
                       journal_error);
}

TEST_CASE("sqlite_journal: replaced large values leave no parts behind") {
  temporary_directory directory;
  const entity_id alice{user_id{1}};
  {
    const auto store = open_sqlite_journal(directory / "data");
    for (std::uint64_t i = 1; i <= 4; ++i) {
      store->save_snapshot({alice, i, std::string(1'000'000 * (i % 3), 's'), {}});
      store->save_checkpoint("index", std::string(700'000 * (i % 2), 'c'));
    }
  }
  database on(directory / "data/journal.sqlite", {});
  auto count = on.prepare("SELECT (SELECT count(*) FROM parts), (SELECT sum(part_count) FROM "
                          "(SELECT part_count FROM snapshots UNION ALL "
                          "SELECT part_count FROM checkpoints)), (SELECT count(*) FROM garbage)");
  REQUIRE(count.step());
  CHECK(count.integer(0) == count.integer(1));
  CHECK(count.integer(2) == 0);
}

TEST_CASE("simulated_journal: unsynced snapshots and undecided rows") {
  journal_fault_plan plan;
  plan.at_append[2] = journal_fault::unknown_written;
  plan.at_append[3] = journal_fault::unknown_lost;
  plan.at_append[4] = journal_fault::failed;
  simulated_journal store(plan);
  const entity_id alice{user_id{1}};
  CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
  store.save_snapshot({alice, 1, "lost", {}});
  store.crash();
  CHECK_FALSE(store.load_snapshot(alice));
  store.save_snapshot({alice, 1, "before the row", {}});
  CHECK(append_one(store, 0, 0, 1, "2") == append_result::unknown);
  store.save_snapshot({alice, 2, "behind the row", {}});
  CHECK(rows_from(store, 0, 1).size() == 1);
  store.crash();
  REQUIRE(store.load_snapshot(alice));
  CHECK(store.load_snapshot(alice)->bytes == "before the row");
  CHECK(rows_from(store, 0, 1).size() == 2);
  CHECK(append_one(store, 0, 0, 2, "3") == append_result::unknown);
  CHECK(store.heads().at(0).last == 2);
  CHECK(append_one(store, 0, 0, 2, "3") == append_result::failed);
  CHECK(store.heads().at(0).last == 2);
  CHECK(append_one(store, 0, 0, 2, "3") == append_result::accepted);
  store.set_broken(true);
  CHECK(append_one(store, 0, 0, 3) == append_result::failed);
  CHECK_THROWS_AS(static_cast<void>(store.heads()), journal_error);
  store.set_broken(false);
  CHECK(store.heads().at(0).last == 3);
  CHECK(store.appends() == 5);
}

TEST_CASE(
  "simulated_journal: a crash leaves a first part of what was not synced, wherever it is cut") {
  const entity_id alice{user_id{1}};
  for (bool has_hole : {false, true})
    for (std::size_t kept = 0, size = 1; kept <= size; ++kept) {
      CAPTURE(kept);
      simulated_journal store;
      CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
      store.save_snapshot({alice, 1, "one", {}});
      const auto one_ends = store.unsynced_bytes();
      store.die_in(1);
      CHECK_THROWS_AS(static_cast<void>(append_one(store, 0, 0, 1, "2")), simulated_death);
      const auto row_ends = store.unsynced_bytes();
      CHECK(store.last_write_begins() == one_ends);
      size = row_ends;
      store.crash(kept, has_hole);
      const bool has_row = kept == row_ends && !has_hole;
      const bool has_one = kept == row_ends || (kept >= one_ends && !has_hole);
      CHECK(store.heads().at(0).last == (has_row ? 2 : 1));
      CHECK(store.load_snapshot(alice).has_value() == has_one);
      const auto& counts = store.counts();
      CHECK(counts.rows_found + counts.rows_absent + counts.rows_torn == 1);
      CHECK(counts.rows_found == (has_row ? 1 : 0));
      CHECK(counts.rows_absent == (kept <= one_ends ? 1 : 0));
      store.crash(); // what was found is durable
      CHECK(store.heads().at(0).last == (has_row ? 2 : 1));
      CHECK(append_one(store, 0, 0, has_row ? 2 : 1, "3") == append_result::accepted);
    }
}

TEST_CASE("simulated_journal: a call dies where it was told to") {
  const entity_id alice{user_id{1}};
  simulated_journal store;
  store.die_in(2);
  CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
  CHECK_THROWS_AS(store.save_snapshot({alice, 1, "one", {}}), simulated_death);
  store.crash(store.unsynced_bytes());
  REQUIRE(store.load_snapshot(alice)); // written, and the process died before it heard
  store.die_in(1);
  CHECK_THROWS_AS(static_cast<void>(store.heads()), simulated_death);
  store.crash();
  CHECK(store.heads().at(0).last == 1);
}

TEST_CASE("sqlite_journal: a log that was made long at once is read and folded like any other") {
  temporary_directory home;
  sqlite_journal_options options;
  options.log_bytes = 1 << 20;
  const auto log = home / "journal.sqlite-wal";
  {
    auto store = open_sqlite_journal(home.path(), options);
    CHECK(std::filesystem::file_size(log) >= 1 << 20);
    for (position at = 1; at <= 50; ++at) {
      journal_batch batch;
      batch.rows.push_back({0, 0, at - 1, std::string(3'000, static_cast<char>('a' + at % 26))});
      REQUIRE(store->append(batch).result == append_result::accepted);
      if (at % 20 == 0) CHECK(store->checkpoint_log());
    }
    CHECK(store->log_bytes() == 10 * 3'000);
    CHECK(std::filesystem::file_size(log) < 2 << 20); // it was written over, not made longer
    // As a killed process leaves it: the files as they are now.
    for (const auto* name : {"journal.sqlite", "journal.sqlite-wal"})
      std::filesystem::copy_file(home / name, home / (std::string("killed-") + name));
  }
  temporary_directory other;
  for (const auto* name : {"journal.sqlite", "journal.sqlite-wal"})
    std::filesystem::copy_file(home / (std::string("killed-") + name), other / name);
  auto store = open_sqlite_journal(other.path());
  CHECK(store->heads()[0].last == 50);
  position seen = 0;
  store->read(0, 1, [&](position at, std::string_view blob) {
    CHECK(blob == std::string(3'000, static_cast<char>('a' + at % 26)));
    seen = at;
    return true;
  });
  CHECK(seen == 50);
}

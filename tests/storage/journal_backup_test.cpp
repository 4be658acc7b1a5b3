// A journal is copied while it is written, archived and given snapshots: the copy is of one moment.
#include "storage/journal_backup.hpp"
#include "storage/journal_restore.hpp"
#include "storage/row_archive.hpp"
#include "storage/sqlite_journal.hpp"
#include "storage/tape_store.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

namespace fs = std::filesystem;

struct backed_up_journal {
  temporary_directory directory;
  std::string data = directory / "data", copy = directory / "copy";
  std::vector<std::string> rows;
  std::unique_ptr<sqlite_journal> store = std::make_unique<sqlite_journal>(data);

  explicit backed_up_journal(std::size_t count) {
    fs::create_directory(copy);
    append(count);
  }
  void append(std::size_t count) {
    for (; count > 0; --count) {
      rows.push_back(sound_blob(rows.size() + 1, 200));
      REQUIRE(append_one(*store, 0, 0, rows.size() - 1, rows.back()) == append_result::accepted);
    }
  }
  journal_backup back_up(const std::function<void(position, position)>& progress) {
    return back_up_journal(data, copy, progress);
  }
  /// As a restored directory has it.
  sqlite_journal opened(const journal_backup& made) {
    fs::create_directory(copy + "/archive");
    for (const auto& one : made.archives)
      fs::copy_file(data + "/archive/" + archive_name(one), copy + "/archive/" + archive_name(one));
    return sqlite_journal(copy);
  }
  [[nodiscard]] std::vector<std::string> first(std::size_t count) const {
    return {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(count)};
  }
};

} // namespace

TEST_CASE("journal_backup: rows, claims, ids, snapshots and checkpoints are in the copy") {
  backed_up_journal under(900);
  const entity_id user{user_id{7}};
  journal_batch batch;
  under.rows.push_back(sound_blob(901));
  batch.rows.push_back({0, 0, 900, under.rows.back()});
  batch.claims.push_back({"email:a@b.c", user});
  REQUIRE(under.store->append(batch).result == append_result::accepted);
  const auto drawn = under.store->draw_ids("order", 10);
  const std::string large(600'000, 's');
  under.store->save_snapshot({user, 5, large, {77}});
  under.store->save_checkpoint("index", "i");

  const auto made = under.back_up([](position, position) {});
  CHECK(made.last == 901);
  CHECK(made.archived == 0);
  CHECK(made.rows == 901);
  CHECK(made.snapshots == 1);
  auto copy = under.opened(made);
  CHECK(rows_from(copy, 0, 1) == under.rows);
  CHECK(copy.find_claim("email:a@b.c") == user);
  const auto saved = copy.load_snapshot(user);
  REQUIRE(saved);
  CHECK(saved->bytes == large);
  CHECK(saved->event_number == 5);
  CHECK(copy.wake_times().at(user) == timestamp_ns{77});
  CHECK(copy.load_checkpoint("index") == "i");
  CHECK(copy.draw_ids("order", 1) == drawn + 10);
}

TEST_CASE("journal_backup: what comes while it is made is in it as a whole or not at all") {
  backed_up_journal under(600);
  static_cast<void>(under.store->archive({0, 200, 10'000, false, {}}));
  const auto made = under.back_up([&, is_first = true](position done, position last) mutable {
    CHECK(last == 600);
    if (!std::exchange(is_first, false)) return;
    CHECK(done < 600);
    under.append(50);
    static_cast<void>(
      under.store->archive({0, 640, 10'000, false, {}})); // the rest of them, and newer ones
  });
  CHECK(made.archived == 200);
  CHECK(made.last == 600);
  CHECK(made.rows == 400);
  auto copy = under.opened(made);
  CHECK(rows_from(copy, 0, 1) == under.first(600));
  CHECK(copy.archived(0) == 200);
}

TEST_CASE("journal_backup: appends of another thread go on, and the log still starts over") {
  backed_up_journal under(3'000);
  std::atomic<bool> is_over{false};
  std::thread writer([&] {
    while (!is_over) {
      under.append(20);
      CHECK(under.store->checkpoint_log());
    }
  });
  const auto made = under.back_up([](position, position) {});
  is_over = true;
  writer.join();
  auto copy = under.opened(made);
  CHECK(made.last >= 3'000);
  CHECK(rows_from(copy, 0, 1) == under.first(made.last));
}

TEST_CASE("journal_backup: an empty journal, a missing row and a foreign archive are refused") {
  SUBCASE("empty") {
    backed_up_journal under(0);
    CHECK_THROWS_WITH_AS(static_cast<void>(under.back_up([](position, position) {})),
                         doctest::Contains("has no rows yet"), journal_error);
  }
  SUBCASE("a row is missing") {
    backed_up_journal under(10);
    under.store.reset();
    database(under.data + "/journal.sqlite", {}).exec("DELETE FROM journal WHERE id = 4");
    CHECK_THROWS_WITH_AS(static_cast<void>(under.back_up([](position, position) {})),
                         doctest::Contains("row 4 is neither in"), journal_error);
  }
  SUBCASE("the table ends before the archives") {
    backed_up_journal under(10);
    static_cast<void>(under.store->archive({0, 9, 10'000, false, {}}));
    under.store.reset();
    database(under.data + "/journal.sqlite", {}).exec("UPDATE journal SET id = 5");
    CHECK_THROWS_WITH_AS(static_cast<void>(under.back_up([](position, position) {})),
                         doctest::Contains("it is not the one they were taken from"),
                         journal_error);
  }
}

TEST_CASE("journal_backup: new ids begin far above the known ones") {
  backed_up_journal under(1);
  const auto order = under.store->draw_ids("order", 1),
             account = under.store->draw_ids("account", 1);
  static_cast<void>(under.back_up([](position, position) {}));
  skip_ids(under.copy + "/journal.sqlite");
  sqlite_journal copy(under.copy);
  CHECK(copy.draw_ids("order", 1) == order + 1 + order_ids_skipped);
  CHECK(copy.draw_ids("account", 1) == account + 1 + ids_skipped);
}

TEST_CASE("journal_backup: a tape that is written to is copied whole") {
  const temporary_directory directory;
  const auto tape = open_tape_store(directory.path());
  tape->append({3}, {{.trade = {11}, .price = {100}, .size = {5}, .at = {1'000}}});
  tape->flush();
  fs::create_directory(directory / "copy");
  back_up_tape(directory / "tape.sqlite", directory / "copy/tape.sqlite");
  tape->append({3}, {{.trade = {12}, .price = {101}, .size = {5}, .at = {2'000}}});
  tape->flush();
  const auto copy = open_tape_store(directory / "copy");
  CHECK(copy->note().empty());
  const auto trades = copy->trades({3}, 0, 10);
  REQUIRE(trades.size() == 1);
  CHECK(trades[0].trade.value == 11);
}

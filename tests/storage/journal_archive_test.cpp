// sqlite_journal moves old rows into DATA/archive: interrupted anywhere, beside appends, and never
// without a file that gives the rows back.
#include "storage/crash_point.hpp"
#include "storage/sqlite_journal.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>

using namespace rialto;
using namespace rialto::storage;

namespace {

namespace fs = std::filesystem;

/// A journal with rows that the test knows.
struct archived_journal {
  temporary_directory directory;
  std::vector<std::string> rows;
  std::unique_ptr<sqlite_journal> store;

  explicit archived_journal(std::size_t count = 0, std::size_t event_bytes = 200) {
    open();
    append(count, event_bytes);
  }
  [[nodiscard]] std::string data() const { return directory / "data"; }
  [[nodiscard]] std::string file_of(const archive_range& range) const {
    return data() + "/archive/" + archive_name(range);
  }
  void open() {
    store.reset();
    sqlite_journal_options options;
    options.archive_block_bytes = 3'000;
    store = std::make_unique<sqlite_journal>(data(), options);
  }
  void append(std::size_t count, std::size_t event_bytes = 200) {
    for (; count > 0; --count) {
      rows.push_back(sound_blob(rows.size() + 1, event_bytes));
      REQUIRE(append_one(*store, 0, 0, rows.size() - 1, rows.back()) == append_result::accepted);
    }
  }
  archive_outcome archive(position last, std::function<bool()> go_on = {},
                          std::uint64_t file_bytes = 30'000) {
    return store->archive({0, last, file_bytes, false, std::move(go_on)});
  }
  /// Every row is there, in the table behind the archives, and the files are sound.
  void check() {
    CHECK(rows_from(*store, 0, 1) == rows);
    CHECK(store->heads()[0].last == rows.size());
    const auto files = list_archives(data() + "/archive");
    CHECK(check_succession(files).empty());
    for (const auto& file : files) CHECK(check_archive(file_of(file)).empty());
    const auto [first, last] = store->table_rows(0);
    CHECK(first <= store->archived(0) + 1);
    CHECK(last == rows.size());
  }
};

struct killed {};

std::string kill_at;
int kills_left = 0;

void kill_there(std::string_view point) {
  if (point == kill_at && --kills_left == 0) throw killed{};
}

} // namespace

TEST_CASE("journal_archive: old rows go into files and are read across the border") {
  archived_journal under(1'000);
  const auto done = under.archive(700);
  REQUIRE(done.files.size() > 3);
  CHECK(done.rows_dropped == 700);
  CHECK(done.files.front().first == 1);
  CHECK(done.files.back().last == 700);
  for (const auto& file : done.files) {
    CHECK(file.path == under.file_of({0, file.first, file.last}));
    CHECK(file.stored_bytes == fs::file_size(file.path));
    CHECK(file.bytes >= std::min<std::uint64_t>(30'000, (file.last - file.first + 1) * 200));
    CHECK(file.bytes < 31'000);
    CHECK(file.stored_bytes < file.bytes);
    CHECK(file.records == file.last - file.first + 1);
    CHECK(file.events == file.records);
  }
  CHECK(under.store->table_rows(0) == std::pair<position, position>{701, 1'000});
  under.check();
  for (const position first : {1u, 2u, 123u, 699u, 700u, 701u, 702u, 1'000u, 1'001u})
    CHECK(
      rows_from(*under.store, 0, first) ==
      std::vector(under.rows.begin() + static_cast<std::ptrdiff_t>(first - 1), under.rows.end()));
  position seen = 0;
  under.store->read(0, 650, [&](position at, std::string_view) { return (seen = at) < 655; });
  CHECK(seen == 655); // a reader in the archives stops when told, too
  CHECK(under.archive(700).files.empty());
  under.open();
  under.check();
  under.append(10);
  CHECK(under.archive(UINT64_MAX).files.back().last == 1'009); // the newest row stays
  under.open();
  under.check();
  under.append(5);
  under.check();
  CHECK_THROWS_WITH_AS(rows_from(*under.store, 0, 0), doctest::Contains("row 0 of shard 0"),
                       journal_error);
}

TEST_CASE("journal_archive: files that would not be full are not begun when told so") {
  archived_journal under(100); // some 25,000 bytes
  CHECK(under.store->archive({0, 99, 30'000, true, {}}).files.empty());
  CHECK(under.store->table_rows(0).first == 1);
  under.append(200);
  const auto done = under.store->archive({0, 299, 30'000, true, {}});
  CHECK(done.files.size() == 2);
  for (const auto& file : done.files) CHECK(file.bytes >= 30'000);
  CHECK(done.rows_dropped == under.store->archived(0));
  under.check();
}

TEST_CASE("journal_archive: killed between any two steps, every row is there and it is finished") {
  int deaths = 0;
  for (const auto* point : {"archive-written", "archive-renamed", "archive-deleted"})
    for (int passing = 1; passing <= 3; ++passing) {
      CAPTURE(std::string(point));
      CAPTURE(passing);
      archived_journal under(1'500, 60);
      kill_at = point;
      kills_left = passing;
      installed_crash_hook = kill_there;
      CHECK_THROWS_AS(static_cast<void>(under.archive(1'200, {}, 60'000)), killed);
      installed_crash_hook = nullptr;
      ++deaths;
      std::ofstream(under.file_of({0, 1, 7}) + ".unfinished") << "half of a file";
      under.open();
      CHECK_FALSE(fs::exists(under.file_of({0, 1, 7}) + ".unfinished"));
      under.check();
      under.append(3);
      const auto done = under.archive(1'200, {}, 60'000);
      CHECK(under.store->archived(0) == 1'200);
      CHECK(under.store->table_rows(0).first == 1'201);
      CHECK(done.rows_dropped > 0);
      under.check();
      for (const auto& one : fs::directory_iterator(under.data() + "/archive"))
        CHECK(parse_archive_name(one.path().filename().string()));
    }
  CHECK(deaths == 9);
}

TEST_CASE("journal_archive: it stops when told, at any step, and goes on later") {
  int stops = 0;
  for (int steps = 1;; ++steps) {
    CAPTURE(steps);
    archived_journal under(900, 60);
    int left = steps;
    static_cast<void>(under.archive(
      800, [&] { return --left > 0; }, 40'000));
    under.check();
    const bool was_stopped = left == 0 && under.store->table_rows(0).first <= 800;
    stops += was_stopped ? 1 : 0;
    static_cast<void>(under.archive(800, {}, 40'000));
    CHECK(under.store->table_rows(0).first == 801);
    under.check();
    if (!was_stopped) break;
  }
  CHECK(stops > 5);
}

TEST_CASE("journal_archive: between two steps appends get their turn, and few rows go at once") {
  archived_journal under(2'000, 500);
  auto first = under.store->table_rows(0).first;
  position most = 0;
  std::size_t steps = 0;
  const auto done = under.archive(1'900, [&] {
    ++steps;
    under.append(1); // under no lock
    const auto now_first = under.store->table_rows(0).first;
    most = std::max(most, now_first - first);
    first = now_first;
    return true;
  });
  CHECK(done.rows_dropped == 1'900);
  CHECK(most > 0);
  CHECK(most <= 256);
  CHECK(steps > 15);
  under.check();
}

TEST_CASE("journal_archive: readers, appends and snapshots go on beside it") {
  archived_journal under(1'500, 100);
  std::atomic<bool> stop{false};
  std::atomic<int> rounds{0};
  std::vector<std::string> problems;
  std::thread reader([&] {
    try {
      for (std::uint64_t i = 1; !stop || rounds < 3; ++i) {
        position expected = 1 + i * 7 % 1'400;
        under.store->read(0, expected, [&](position at, std::string_view blob) {
          if (at != expected++ || blob != sound_blob(at, 100)) throw journal_error("wrong row");
          return at < 1'500;
        });
        under.store->save_snapshot({user_id{1}, i, std::string(5'000, 's'), {}});
        ++rounds;
      }
    } catch (const std::exception& problem) {
      problems.emplace_back(problem.what());
      rounds = 3;
    }
  });
  static_cast<void>(under.archive(1'450, [&] {
    under.append(1, 100);
    return true;
  }));
  stop = true;
  reader.join();
  CHECK(problems.empty());
  under.check();
}

TEST_CASE("journal_archive: a row that is damaged, or not what the file has, stays in the table") {
  archived_journal under(300, 60);
  const auto set_blob = [&](position at, const std::string& blob) {
    under.store.reset();
    database on(under.data() + "/journal.sqlite", {});
    on.prepare("UPDATE journal SET blob = ? WHERE id = ?").run(blob_view{blob}, at);
  };
  set_blob(200, "damaged");
  under.open();
  CHECK_THROWS_WITH_AS(static_cast<void>(under.archive(290)),
                       doctest::Contains("row 200 of shard 0 is damaged and is not archived"),
                       journal_error);
  CHECK(under.archive(199).rows_dropped == 199);
  set_blob(200, under.rows[199]);
  under.open();
  under.check();

  archived_journal other(300, 60);
  kill_at = "archive-renamed";
  kills_left = 1;
  installed_crash_hook = kill_there;
  CHECK_THROWS_AS(static_cast<void>(other.archive(290, {}, 1 << 20)), killed);
  installed_crash_hook = nullptr;
  other.store.reset();
  {
    database on(other.data() + "/journal.sqlite", {});
    on.prepare("UPDATE journal SET blob = ? WHERE id = 5").run(blob_view{sound_blob(6)});
  }
  other.open();
  CHECK_THROWS_WITH_AS(static_cast<void>(other.archive(290)),
                       doctest::Contains("row 5 of shard 0 is not what journal.sqlite has"),
                       journal_error);
  CHECK(other.store->table_rows(0).first == 1);
}

TEST_CASE("journal_archive: a damaged archive fails who reads its rows, and nobody else") {
  archived_journal under(600, 100);
  const auto done = under.archive(500);
  REQUIRE(done.files.size() > 2);
  const auto& damaged = done.files[1];
  {
    std::fstream file(damaged.path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(200);
    file.put('\x55');
  }
  under.open(); // a node starts
  under.append(10);
  CHECK(rows_from(*under.store, 0, damaged.last + 1).size() == 610 - damaged.last);
  CHECK_THROWS_WITH_AS(rows_from(*under.store, 0, damaged.first),
                       doctest::Contains("block 1 (rows"), journal_error);
  CHECK_THROWS_WITH_AS(rows_from(*under.store, 0, 1), doctest::Contains(damaged.path.c_str()),
                       journal_error);
  CHECK(under.archive(605).rows_dropped > 0);
  fs::remove(damaged.path);
  under.open();
  CHECK_THROWS_WITH_AS(rows_from(*under.store, 0, 1), doctest::Contains("is missing"),
                       journal_error);
  CHECK(rows_from(*under.store, 0, damaged.last + 1).size() == 610 - damaged.last);
}

TEST_CASE("journal_archive: archives without their journal, or with an older one, are not opened") {
  archived_journal under(300, 60);
  static_cast<void>(under.archive(100));
  under.store.reset();
  fs::copy_file(under.data() + "/journal.sqlite", under.directory / "older.sqlite");
  under.open();
  under.append(50, 60);
  static_cast<void>(under.archive(340));
  under.store.reset();
  fs::rename(under.data() + "/journal.sqlite", under.directory / "newer.sqlite");
  CHECK_THROWS_WITH_AS(under.open(), doctest::Contains("journal.sqlite is missing"), journal_error);
  CHECK_FALSE(fs::exists(under.data() + "/journal.sqlite")); // none was made
  fs::rename(under.directory / "older.sqlite", under.data() + "/journal.sqlite");
  CHECK_THROWS_WITH_AS(under.open(), doctest::Contains("goes on to row 340"), journal_error);
  fs::rename(under.directory / "newer.sqlite", under.data() + "/journal.sqlite");
  under.open();
  under.check();
}

TEST_CASE("journal_archive: freed pages are used again, and given back when asked") {
  archived_journal under(2'000, 1'000);
  static_cast<void>(under.archive(1'990));
  static_cast<void>(under.store->checkpoint_log());
  const auto [bytes, free] = under.store->file_bytes();
  CHECK(bytes > 2'000'000);
  CHECK(free > bytes * 8 / 10);
  under.append(1'000, 1'000);
  CHECK(under.store->file_bytes().first <= bytes + 100'000);
  static_cast<void>(under.archive(2'990));
  under.store->shrink();
  CHECK(under.store->file_bytes().first < 200'000);
  CHECK(under.store->file_bytes().second == 0);
  CHECK(fs::file_size(under.data() + "/journal.sqlite") < 200'000);
  under.check();
  under.append(3);
  under.open();
  under.check();
}

TEST_CASE("sqlite_journal: many snapshots at once are what they would be one by one") {
  for (const auto seed : seeds(20)) {
    CAPTURE(seed);
    random_source dice(seed);
    archived_journal under;
    std::map<entity_id, snapshot> newest;
    for (int round = 0; round < 3; ++round) {
      std::vector<snapshot> made(dice() % 700);
      for (auto& one : made) {
        one.entity = account_id{1 + dice() % 400};
        one.event_number = dice() % 1'000;
        one.bytes.assign(dice() % 50 == 0 ? 200'000 + dice() % 200'000 : dice() % 5'000,
                         static_cast<char>(dice()));
        one.wake_at = {static_cast<std::int64_t>(dice() % 3)};
        newest[one.entity] = one;
      }
      under.store->save_snapshots(made);
      if (round == 1) under.open();
    }
    std::map<entity_id, timestamp_ns> wakes;
    for (const auto& [id, one] : newest) {
      const auto found = under.store->load_snapshot(id);
      REQUIRE(found);
      CHECK(found->event_number == one.event_number);
      CHECK(found->bytes == one.bytes);
      if (one.wake_at.value != 0) wakes[id] = one.wake_at;
    }
    CHECK(under.store->wake_times() == wakes);
    under.store.reset();
    database on(under.data() + "/journal.sqlite", {});
    auto count = on.prepare("SELECT (SELECT count(*) FROM parts), (SELECT sum(part_count) FROM "
                            "snapshots), (SELECT count(*) FROM garbage)");
    REQUIRE(count.step());
    CHECK(count.integer(0) == count.integer(1));
    CHECK(count.integer(2) == 0);
  }
}

// Archiving on a disk that fails at the n-th call, for n = 1, 2, 3... until a whole run is clean, and
// on one that loses what was not synced: no row is ever lost, and a later run finishes it.
#include "storage/sqlite_journal.hpp"
#include "storage/testing/faulty_vfs.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr std::uint64_t calls_max = 3'000; // far more than a run makes
constexpr position archived_last = 330;

sqlite_journal_options on_faulty_disk() {
  sqlite_journal_options options;
  options.vfs = faulty_vfs::name();
  options.archive_block_bytes = 4'000;
  options.log_restart_pages = 40;
  return options;
}

const char* name_of(disk_fault how) {
  switch (how) {
  case disk_fault::full: return "full disk";
  case disk_fault::write_error: return "write error";
  case disk_fault::sync_error: return "sync error";
  }
  return "";
}

/// 400 rows; a run archives most of them, appends some beside it and folds the log.
struct archiving_run {
  temporary_directory directory{directory_kind::in_memory};
  std::vector<std::string> rows;
  std::unique_ptr<sqlite_journal> store;
  bool failed = false;

  archiving_run() {
    faulty_vfs::instance().forget_files();
    open();
    for (std::size_t i = 1; i <= 400; ++i) append();
    static_cast<void>(store->checkpoint_log());
  }
  ~archiving_run() {
    faulty_vfs::instance().heal();
    store.reset();
    faulty_vfs::instance().forget_files();
  }
  void open() {
    store.reset();
    store = std::make_unique<sqlite_journal>(directory / "data", on_faulty_disk());
  }
  void append() {
    rows.push_back(sound_blob(rows.size() + 1, 80));
    REQUIRE(append_one(*store, 0, 0, rows.size() - 1, rows.back()) == append_result::accepted);
  }
  /// May meet faults: what append() acknowledges is remembered.
  void run() {
    try {
      int step = 0;
      static_cast<void>(store->archive({0, archived_last, 15'000, false, [&] {
                                          if (++step % 3 != 0) return true;
                                          const auto blob = sound_blob(rows.size() + 1, 80);
                                          const auto made =
                                            append_one(*store, 0, 0, rows.size(), blob);
                                          if (made == append_result::accepted) rows.push_back(blob);
                                          static_cast<void>(store->checkpoint_log());
                                          return made == append_result::accepted;
                                        }}));
    } catch (const journal_error& problem) {
      failed = true;
      CHECK(std::string(problem.what()).find(directory.path()) == 0);
    }
  }
  /// Whatever happened, with a sound disk: all rows, sound files, and it can be finished.
  void check() {
    auto last = store->heads().at(0).last; // settles a session that a fault has ended
    if (last == rows.size() + 1) rows.push_back(sound_blob(rows.size() + 1, 80)); // fate unknown
    CHECK(last == rows.size());
    CHECK(rows_from(*store, 0, 1) == rows);
    const auto archive = directory / "data/archive";
    const auto check_files = [&] {
      const auto files = list_archives(archive);
      CHECK(check_succession(files).empty());
      for (const auto& file : files)
        CHECK(check_archive(archive + "/" + archive_name(file)).empty());
    };
    check_files();
    append();
    static_cast<void>(store->archive({0, archived_last, 15'000, false, {}}));
    CHECK(store->table_rows(0).first == archived_last + 1);
    CHECK(store->archived(0) == archived_last);
    check_files();
    CHECK(rows_from(*store, 0, 1) == rows);
  }
};

} // namespace

TEST_CASE(
  "journal_archive_faults: an error at any call loses no row, and a later run finishes it") {
  auto& disk = faulty_vfs::instance();
  for (const auto how : {disk_fault::full, disk_fault::write_error, disk_fault::sync_error})
    for (const bool goes_on : {false, true}) {
      std::uint64_t failed = 0, call = 1;
      for (;; ++call) {
        CAPTURE(std::string(name_of(how)));
        CAPTURE(goes_on);
        CAPTURE(call);
        REQUIRE(call < calls_max);
        archiving_run under;
        disk.fail_at(call, how, goes_on);
        under.run();
        const bool struck = disk.has_struck();
        disk.heal();
        failed += under.failed ? 1 : 0;
        under.check();
        under.store.reset();
        disk.restore_power(call); // what was closed in good order was synced
        under.open();
        under.check();
        if (!struck) break;
      }
      MESSAGE(std::string(name_of(how)) << std::string(goes_on ? " that stays: " : ": ") << call - 1
                                        << " calls struck, " << failed << " runs failed");
      CHECK(call > 10);
      CHECK(failed > 5);
    }
}

TEST_CASE("journal_archive_faults: a power cut at any call loses no row") {
  auto& disk = faulty_vfs::instance();
  bool is_clean = false;
  std::uint64_t call = 1;
  for (; !is_clean; ++call)
    for (const auto seed : seeds(2)) {
      CAPTURE(call);
      CAPTURE(seed);
      REQUIRE(call < calls_max);
      archiving_run under;
      disk.cut_power_at(call);
      under.run();
      is_clean = !disk.has_struck();
      under.store.reset();
      disk.restore_power(seed * 1'000 + call);
      under.open();
      under.check();
    }
  const auto calls_cut = call - 2; // the last call was not reached
  MESSAGE(calls_cut << " calls were cut");
  CHECK(calls_cut > 30);
}

// The real sqlite_journal on a disk that fails at the n-th call, for n = 1, 2, 3... until a whole
// run is clean, and on one that loses what was not synced.
#include "storage/sqlite_journal.hpp"
#include "storage/testing/faulty_vfs.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rialto;
using namespace rialto::storage;

namespace {

const entity_id alice{user_id{1}};

sqlite_journal_options on_faulty_disk() {
  sqlite_journal_options options;
  options.vfs = faulty_vfs::name();
  options.part_bytes = 10'000; // several parts in a small file
  options.log_restart_pages = 40;
  options.recent_bytes = 500;
  return options;
}

/// A journal, and beside it what it has promised. Every answer is checked against the promises.
class promised_journal {
public:
  promised_journal() {
    faulty_vfs::instance().forget_files();
    open();
  }
  ~promised_journal() {
    faulty_vfs::instance().heal();
    store_.reset();
    faulty_vfs::instance().forget_files();
  }

  void open() { store_ = open_sqlite_journal(directory_ / "data", on_faulty_disk()); }
  void close() { store_.reset(); }
  [[nodiscard]] bool is_open() const { return store_ != nullptr; }

  /// A small day of a node; faults may strike anywhere.
  void run(random_source& dice) {
    for (int step = 0; step < 10; ++step) {
      append(dice);
      if (step % 3 == 0) attempt([&] { draw(); });
      if (step % 4 == 1) attempt([&] { save(dice); });
      if (step % 5 == 4) attempt([&] { static_cast<void>(store_->checkpoint_log()); });
    }
  }

  /// The truth after a refusal: what heads() shows.
  void settle() {
    const auto heads = store_->heads();
    const auto last = heads.contains(0) ? heads.at(0).last : 0;
    if (undecided_ && last == rows_.size() + 1) rows_.push_back(*undecided_);
    undecided_.reset();
    REQUIRE(last == rows_.size());
    check_rows();
  }
  /// After a crash a row of unknown fate that nobody has asked for yet may be either.
  void check_after_crash() {
    settle();
    const auto found = store_->load_snapshot(alice);
    const auto number = found ? found->event_number : 0;
    CHECK(number >= synced_snapshot_);
    CHECK(number <= tried_snapshot_); // one that threw may be there as well
    if (found) CHECK(found->bytes == snapshot_bytes(number));
    synced_snapshot_ = saved_snapshot_ = number;
    const auto first = store_->draw_ids("order", 10);
    CHECK(first >= next_id_);
    next_id_ = first + 10;
    CHECK(store_->take_over(0).at_epoch == ++epoch_);
    append_soundly();
  }
  /// With a sound disk an append is accepted.
  void append_soundly() {
    random_source dice(1);
    const auto before = rows_.size();
    append(dice);
    CHECK(rows_.size() == before + 1);
  }

  std::uint64_t refused = 0, unknown = 0;

private:
  void append(random_source& dice) {
    const std::string blob(1 + dice() % 5'000, static_cast<char>('a' + rows_.size() % 26));
    const auto outcome = store_->append({{row_of(0, epoch_, rows_.size(), blob)}, {}});
    if (outcome.result == append_result::accepted) {
      rows_.push_back(blob);
      synced_snapshot_ = saved_snapshot_; // it lies before the row in the log
      return;
    }
    CHECK_FALSE(outcome.detail.empty());
    REQUIRE((outcome.result == append_result::failed || outcome.result == append_result::unknown));
    ++(outcome.result == append_result::failed ? refused : unknown);
    if (outcome.result == append_result::unknown) undecided_ = blob;
    attempt([this] { settle(); });
  }
  void draw() {
    const auto first = store_->draw_ids("order", 10);
    CHECK(first >= next_id_);
    next_id_ = first + 10;
  }
  void save(random_source& dice) {
    const auto number = ++tried_snapshot_;
    sizes_[number] = 1 + dice() % 25'000;
    store_->save_snapshot({alice, number, snapshot_bytes(number), {}});
    saved_snapshot_ = number;
  }
  void check_rows() { CHECK(rows_from(*store_, 0, 1) == rows_); }
  [[nodiscard]] std::string snapshot_bytes(std::uint64_t number) {
    return std::string(sizes_[number], static_cast<char>('A' + number % 26));
  }
  template <class Work>
  void attempt(Work&& work) {
    try {
      work();
    } catch (const journal_error& problem) {
      CHECK(std::string(problem.what()).find("journal.sqlite") != std::string::npos);
    }
  }

  temporary_directory directory_{directory_kind::in_memory};
  std::unique_ptr<journal> store_;
  std::vector<std::string> rows_;
  std::optional<std::string> undecided_;
  std::map<std::uint64_t, std::size_t> sizes_;
  std::uint64_t tried_snapshot_ = 0, saved_snapshot_ = 0, synced_snapshot_ = 0, next_id_ = 1;
  epoch epoch_ = 0;
};

const char* name_of(disk_fault how) {
  switch (how) {
  case disk_fault::full: return "full disk";
  case disk_fault::write_error: return "write error";
  case disk_fault::sync_error: return "sync error";
  }
  return "";
}

constexpr std::uint64_t calls_max = 5'000; // far more than a run makes

} // namespace

TEST_CASE("journal_faults: an error at any call loses nothing acknowledged") {
  auto& disk = faulty_vfs::instance();
  for (const auto how : {disk_fault::full, disk_fault::write_error, disk_fault::sync_error})
    for (const bool goes_on : {false, true}) {
      std::uint64_t refused = 0, unknown = 0, call = 1;
      for (;; ++call) {
        CAPTURE(std::string(name_of(how)));
        CAPTURE(goes_on);
        CAPTURE(call);
        REQUIRE(call < calls_max);
        random_source dice(7);
        promised_journal under;
        disk.fail_at(call, how, goes_on);
        under.run(dice);
        const bool struck = disk.has_struck();
        disk.heal();
        under.settle();
        under.append_soundly();
        under.close();
        disk.restore_power(call); // what was closed in good order was synced
        under.open();
        under.check_after_crash();
        refused += under.refused;
        unknown += under.unknown;
        if (!struck) break;
      }
      MESSAGE(std::string(name_of(how))
              << std::string(goes_on ? " that stays: " : ": ") << call - 1 << " calls struck, "
              << refused << " appends refused, " << unknown << " of unknown fate");
      CHECK(call > 10);
      if (how == disk_fault::full) CHECK(unknown == 0); // surely not written
      if (how == disk_fault::sync_error) CHECK(unknown > 0);
    }
}

TEST_CASE("journal_faults: an error at any call and then a power cut loses nothing acknowledged") {
  auto& disk = faulty_vfs::instance();
  for (const auto how : {disk_fault::full, disk_fault::write_error, disk_fault::sync_error}) {
    bool is_clean = false;
    for (std::uint64_t call = 1; !is_clean; ++call)
      for (const auto seed : seeds(1)) {
        CAPTURE(std::string(name_of(how)));
        CAPTURE(call);
        CAPTURE(seed);
        REQUIRE(call < calls_max);
        random_source dice(7);
        promised_journal under;
        disk.fail_at(call, how, false);
        under.run(dice);
        is_clean = !disk.has_struck();
        disk.cut_power_at(1);
        under.run(dice);
        under.close();
        disk.restore_power(seed * 1'000 + call);
        under.open();
        under.check_after_crash();
      }
  }
}

TEST_CASE("journal_faults: a power cut at any call loses nothing acknowledged") {
  auto& disk = faulty_vfs::instance();
  bool is_clean = false;
  for (std::uint64_t call = 1; !is_clean; ++call)
    for (const auto seed : seeds(2)) {
      CAPTURE(call);
      CAPTURE(seed);
      REQUIRE(call < calls_max);
      random_source dice(seed);
      promised_journal under;
      disk.cut_power_at(call);
      under.run(dice);
      is_clean = !disk.has_struck();
      under.close();
      disk.restore_power(seed * 1'000 + call);
      under.open();
      under.check_after_crash();
    }
}

TEST_CASE("journal_faults: opening fails clearly at any call, and works when the disk does") {
  auto& disk = faulty_vfs::instance();
  for (const auto how : {disk_fault::full, disk_fault::write_error, disk_fault::sync_error}) {
    bool is_clean = false;
    for (std::uint64_t call = 1; !is_clean; ++call) {
      CAPTURE(std::string(name_of(how)));
      CAPTURE(call);
      REQUIRE(call < calls_max);
      temporary_directory directory(directory_kind::in_memory);
      disk.forget_files();
      disk.fail_at(call, how, true);
      try {
        const auto store = open_sqlite_journal(directory / "data", on_faulty_disk());
      } catch (const journal_error& problem) {
        CHECK(std::string(problem.what()).find("journal.sqlite") != std::string::npos);
      }
      is_clean = !disk.has_struck();
      disk.heal();
      const auto store = open_sqlite_journal(directory / "data", on_faulty_disk());
      CHECK(append_one(*store, 0, 0, 0) == append_result::accepted);
    }
  }
}

TEST_CASE("journal_faults: a full disk refuses appends, serves reads, and heals by itself") {
  auto& disk = faulty_vfs::instance();
  disk.forget_files();
  temporary_directory directory(directory_kind::in_memory);
  auto store = open_sqlite_journal(directory / "data", on_faulty_disk());
  CHECK(append_one(*store, 0, 0, 0, "kept") == append_result::accepted);
  disk.fail_at(1, disk_fault::full, true);
  for (int attempt = 0; attempt < 5; ++attempt) {
    CHECK(append_one(*store, 0, 0, 1) == append_result::failed);
    CHECK(store->heads().at(0).last == 1); // needs no space
    CHECK(rows_from(*store, 0, 1) == std::vector<std::string>{"kept"});
    CHECK_THROWS_AS(static_cast<void>(store->draw_ids("order", 1)), journal_error);
    CHECK_THROWS_AS(store->save_snapshot({alice, 1, "s", {}}), journal_error);
  }
  disk.heal();
  CHECK(append_one(*store, 0, 0, 1) == append_result::accepted);
  store.reset();
  disk.forget_files();
}

TEST_CASE("faulty_vfs: a power cut takes back what was not synced") {
  auto& disk = faulty_vfs::instance();
  int lost = 0;
  for (const auto seed : seeds(30)) {
    disk.forget_files();
    temporary_directory directory(directory_kind::in_memory);
    open_options options;
    options.vfs = faulty_vfs::name();
    options.sync = sync_mode::normal; // acknowledged, but not synced
    {
      database on(directory / "a.sqlite", options);
      on.exec("CREATE TABLE t(x); PRAGMA wal_checkpoint(TRUNCATE)");
      on.exec("INSERT INTO t VALUES(1)");
      disk.cut_power_at(1);
    }
    disk.restore_power(seed);
    database on(directory / "a.sqlite", options);
    auto count = on.prepare("SELECT count(*) FROM t");
    REQUIRE(count.step());
    lost += count.integer(0) == 0 ? 1 : 0;
    count.reset();
  }
  disk.forget_files();
  CHECK(lost > 0);
}

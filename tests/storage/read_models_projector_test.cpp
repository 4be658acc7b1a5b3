#include "storage/read_models.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/support/random_trading.hpp"
#include "tests/storage/support/table_dump.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

using rows_type = std::vector<std::string>;

/// Projects rows `first` (from 1) to the end, `batch` at a time.
void project(projector& into, const rows_type& rows, std::size_t batch, position first = 1) {
  for (auto at = first; at <= rows.size(); at += batch) {
    const auto from = rows.begin() + static_cast<std::ptrdiff_t>(at - 1);
    const auto count = std::min(batch, rows.size() - at + 1);
    into.project(0, at, {from, from + static_cast<std::ptrdiff_t>(count)});
  }
}

std::string dump_of(const rows_type& rows, std::size_t batch, bool restarts) {
  temporary_directory home;
  auto into = open_projector(home.path());
  for (position at = 1; restarts && at <= rows.size(); ++at) {
    if (into->cursor(0) != at - 1) return "the cursor is lost";
    into->project(0, at, {rows[at - 1]});
    into.reset();
    into = open_projector(home.path());
  }
  if (!restarts) project(*into, rows, batch);
  into.reset();
  return dump_tables(home / "read.sqlite");
}

} // namespace

TEST_CASE("projector: batch sizes and restarts do not show in the tables") {
  for (const auto seed : seeds(5)) {
    CAPTURE(seed);
    auto script = random_trading(seed, 300);
    const auto& rows = script.rows();
    REQUIRE(rows.size() > 20);
    const auto whole = dump_of(rows, rows.size(), false);
    CHECK(whole.size() > 10'000);
    CHECK(dump_of(rows, 1, false) == whole);
    CHECK(dump_of(rows, 7, false) == whole);
    if (seed == 1) CHECK(dump_of(rows, 1, true) == whole);
  }
}

TEST_CASE("projector: rows seen twice change nothing, and a gap is refused") {
  temporary_directory home;
  auto script = random_trading(11, 200);
  const auto& rows = script.rows();
  auto into = open_projector(home.path());
  project(*into, rows, 5);
  const auto once = dump_tables(home / "read.sqlite");
  CHECK(into->cursor(0) == rows.size());
  project(*into, rows, 3);
  into->project(0, 2, {rows[1]});
  CHECK(dump_tables(home / "read.sqlite") == once);
  CHECK_THROWS_WITH_AS(into->project(0, rows.size() + 2, {rows[0]}),
                       doctest::Contains("does not follow"), journal_error);
  CHECK(dump_tables(home / "read.sqlite") == once);

  into->reset();
  CHECK(into->cursor(0) == 0);
  project(*into, rows, 1'000);
  CHECK(dump_tables(home / "read.sqlite") == once);
}

TEST_CASE("projector: a batch that overlaps what was seen applies only the rest") {
  temporary_directory home;
  auto script = random_trading(12, 200);
  const auto& rows = script.rows();
  {
    auto into = open_projector(home.path());
    into->project(0, 1, {rows.begin(), rows.begin() + 10});
    into->project(0, 4, {rows.begin() + 3, rows.end()});
  }
  CHECK(dump_tables(home / "read.sqlite") == dump_of(rows, 1, false));
}

TEST_CASE("projector: a damaged row leaves everything as it was") {
  temporary_directory home;
  auto script = random_trading(13, 100);
  const auto& rows = script.rows();
  auto into = open_projector(home.path());
  into->project(0, 1, {rows.begin(), rows.begin() + 5});
  const auto before = dump_tables(home / "read.sqlite");
  auto broken = rows_type(rows.begin() + 5, rows.end());
  broken.back()[broken.back().size() / 2] ^= 1;
  CHECK_THROWS_WITH_AS(into->project(0, 6, broken), doctest::Contains("checksum"), journal_error);
  CHECK(into->cursor(0) == 5);
  CHECK(dump_tables(home / "read.sqlite") == before);
  project(*into, rows, 50, 6);
  into.reset();
  CHECK(dump_tables(home / "read.sqlite") == dump_of(rows, 1, false));
}

TEST_CASE("projector: a statement that fails rolls back and the same rows can be projected again") {
  temporary_directory home;
  auto script = random_trading(14, 150);
  const auto& rows = script.rows();
  auto into = open_projector(home.path());
  into->project(0, 1, {rows.begin(), rows.begin() + 8});
  const auto before = dump_tables(home / "read.sqlite");
  const auto run = [&](const char* sql) {
    database other(home / "read.sqlite", {.sync = sync_mode::off});
    other.exec(sql);
  };
  for (const auto* failing :
       {"BEFORE INSERT ON cursors", "BEFORE INSERT ON entries WHEN new.id > 20",
        "BEFORE INSERT ON balances"}) {
    run((std::string("CREATE TRIGGER full ") + failing +
         " BEGIN SELECT raise(ABORT, 'no space'); END")
          .c_str());
    CHECK_THROWS_AS(into->project(0, 9, {rows.begin() + 8, rows.end()}), journal_error);
    run("DROP TRIGGER full");
    CHECK(dump_tables(home / "read.sqlite") == before);
  }
  into->project(0, 9, {rows.begin() + 8, rows.end()});
  into.reset();
  CHECK(dump_tables(home / "read.sqlite") == dump_of(rows, 1, false));
}

TEST_CASE("projector: shards have cursors of their own") {
  temporary_directory home;
  trading_script one, two;
  one.add_user("a@b.c");
  two.add_market("BTC", "USDT");
  auto into = open_projector(home.path());
  into->project(3, 1, one.rows());
  CHECK(into->cursor(3) == 1);
  CHECK(into->cursor(4) == 0);
  into->project(4, 1, two.rows());
  CHECK(into->cursor(4) == 1);
  CHECK(open_read_models(home.path())->users("", {}).rows.size() == 1);
}

TEST_CASE("projector: a damaged or foreign file is dropped, said, and projected again") {
  temporary_directory home;
  auto script = random_trading(15, 200);
  const auto& rows = script.rows();
  const auto path = home / "read.sqlite";
  project(*open_projector(home.path()), rows, 10);
  const auto whole = dump_tables(path);
  CHECK(open_projector(home.path())->note().empty());

  SUBCASE("garbage") {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << std::string(9'000, 'x');
  }
  SUBCASE("a page in the middle") {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(std::streamoff{5} * 4'096);
    file << std::string(9'000, '\x55');
  }
  SUBCASE("cut") {
    std::filesystem::resize_file(path, std::uintmax_t{3} * 4'096);
  }
  SUBCASE("written by another version") {
    database other(path, {});
    other.exec("UPDATE migrations SET hash = 'x'");
  }
  SUBCASE("open when the machine went down") {
    database other(path, {});
    other.exec("UPDATE file_state SET boot = 'another', is_clean = 0");
  }
  bool is_missing = false;
  SUBCASE("missing") {
    std::filesystem::remove(path);
    is_missing = true;
  }

  auto into = open_projector(home.path());
  CHECK(into->cursor(0) == 0);
  const auto note = into->note();
  if (is_missing)
    CHECK(note.empty()); // nothing to report
  else
    CHECK(note.find("projected again") != std::string::npos);
  project(*into, rows, 10);
  into.reset();
  CHECK(dump_tables(path) == whole);
  CHECK(open_projector(home.path())->note().empty());
}

TEST_CASE("projector: kill -9 at any moment leaves whole transactions") {
  auto script = random_trading(16, 400);
  const auto rows = script.rows();
  const auto whole = dump_of(rows, 1, false);
  temporary_directory home;
  for (int round = 0; round < 5; ++round) {
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto into = open_projector(home.path());
      for (auto at = into->cursor(0) + 1;; ++at) {
        if (at > rows.size()) {
          into->reset();
          at = 1;
        }
        into->project(0, at, {rows[at - 1]});
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(15 + 11 * round));
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    auto into = open_projector(home.path());
    CHECK(into->note().empty());
    project(*into, rows, 20, into->cursor(0) + 1);
    into.reset();
    CHECK(dump_tables(home / "read.sqlite") == whole);
    if (round % 2 == 0) open_projector(home.path())->reset();
  }
}

#include "storage/migrations.hpp"
#include "storage/sqlite.hpp"
#include "storage/tape_buffer.hpp"
#include "storage/tape_store.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <signal.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr market_id btc{1}, eth{2};

tape_entry trade(std::uint64_t id, std::int64_t price = 100) {
  return {{id},
          {price},
          {static_cast<std::int64_t>(id) * 3},
          id % 2 == 0,
          {static_cast<std::int64_t>(id) * 1'000}};
}
std::vector<tape_entry> trades(std::uint64_t first, std::uint64_t last) {
  std::vector<tape_entry> all;
  for (auto id = first; id <= last; ++id) all.push_back(trade(id));
  return all;
}
std::vector<std::uint64_t> ids(const std::vector<tape_entry>& all) {
  std::vector<std::uint64_t> out;
  for (const auto& one : all) out.push_back(one.trade.value);
  return out;
}
candle minute(std::int64_t n, std::int64_t close) {
  return {{n * 60}, {10}, {90}, {5}, {close}, {7}, {3}, {777}, 4};
}
candle corrected(candle one) {
  one.is_corrected = true;
  return one;
}
void overwrite(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

} // namespace

TEST_CASE("tape_store: trades are seen at once, newest first, before and after a flush") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, trades(1, 5));
  tape->append(eth, trades(100, 101));
  const auto check = [&] {
    CHECK(ids(tape->trades(btc, 0, 10)) == std::vector<std::uint64_t>{5, 4, 3, 2, 1});
    CHECK(ids(tape->trades(btc, 4, 2)) == std::vector<std::uint64_t>{3, 2});
    CHECK(ids(tape->trades(eth, 101, 10)) == std::vector<std::uint64_t>{100});
    CHECK(tape->trades({3}, 0, 10).empty());
    CHECK(to_bytes(tape->trades(btc, 3, 1)) == to_bytes(trades(2, 2)));
    CHECK(tape->last_trade_id(btc) == 5);
    CHECK(tape->last_trade_id(eth) == 101);
    CHECK(tape->last_trade_id({3}) == 0);
  };
  check();
  tape->flush();
  check();
  tape.reset();
  tape = open_tape_store(home.path());
  check();
  CHECK(tape->note().empty());
}

TEST_CASE("tape_store: a trade with a known id is ignored, wherever the first one is") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, {trade(1, 100), trade(1, 200)});
  CHECK(tape->trades(btc, 0, 10).at(0).price.value == 100);
  tape->flush();
  tape->append(btc, {trade(1, 300), trade(2, 100)});
  CHECK(tape->trades(btc, 0, 10).size() == 2);
  CHECK(tape->trades(btc, 2, 10).at(0).price.value == 100);
  tape->flush();
  CHECK(tape->trades(btc, 2, 10).at(0).price.value == 100);
}

TEST_CASE("tape_buffer: what could not be written comes back under what arrived meanwhile") {
  tape_buffer older, newer;
  older.add(btc, trade(1, 100));
  older.add(btc, trade(2, 100));
  older.put(btc, candle_interval::m1, minute(1, 11));
  older.put(btc, candle_interval::m1, minute(2, 12));
  newer.add(btc, trade(2, 200)); // a known id: the first one stays
  newer.add(btc, trade(3, 200));
  newer.put(btc, candle_interval::m1, minute(2, 22)); // replaces
  newer.merge_older(older);
  CHECK(older.empty());
  REQUIRE(newer.trades().size() == 3);
  CHECK(newer.trades().at({1, 2}).price.value == 100);
  REQUIRE(newer.candles().size() == 2);
  CHECK(newer.candles().at({1, candle_interval::m1, 120}) == corrected(minute(2, 22)));
}

TEST_CASE("tape_store: pages overlap neither between file and buffer nor at the limit") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, trades(1, 500));
  tape->flush();
  tape->append(btc, trades(450, 1'000));
  std::uint64_t before = 0, next = 1'000;
  for (auto page = tape->trades(btc, before, 37); !page.empty();
       page = tape->trades(btc, before, 37))
    for (const auto& one : page) {
      REQUIRE(one.trade.value == next);
      before = next--;
    }
  CHECK(next == 0);
}

TEST_CASE("tape_store: candles replace by open time; a range gives its newest ones, oldest first") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->put_candles(btc, candle_interval::m1, {minute(1, 11), minute(2, 12), minute(3, 13)});
  tape->put_candles(btc, candle_interval::m5, {minute(5, 99)});
  tape->put_candles(eth, candle_interval::m1, {minute(2, 55)});
  tape->flush();
  tape->put_candles(btc, candle_interval::m1, {minute(3, 33), minute(4, 14)});
  const auto check = [&] {
    CHECK(
      tape->candles(btc, candle_interval::m1, {0}, {1'000}, 10) ==
      std::vector<candle>{minute(1, 11), minute(2, 12), corrected(minute(3, 33)), minute(4, 14)});
    CHECK(tape->candles(btc, candle_interval::m1, {0}, {1'000}, 2) ==
          std::vector<candle>{corrected(minute(3, 33)), minute(4, 14)});
    CHECK(tape->candles(btc, candle_interval::m1, {120}, {240}, 10) ==
          std::vector<candle>{minute(2, 12), corrected(minute(3, 33))});
    CHECK(tape->candles(btc, candle_interval::m5, {0}, {1'000}, 10) ==
          std::vector<candle>{minute(5, 99)});
    CHECK(tape->candles(eth, candle_interval::h1, {0}, {1'000}, 10).empty());
  };
  check();
  tape->flush();
  check();
}

TEST_CASE(
  "tape_store: a closed candle is final; another one is a correction, the same one nothing") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  auto running = minute(1, 10);
  running.is_open = true;
  const auto kept = [&] { return tape->candles(btc, candle_interval::m1, {0}, {1'000}, 10); };
  const auto after = [&](const candle& next) {
    tape->put_candles(btc, candle_interval::m1, {next});
    const auto waiting = kept();
    tape->flush();
    CHECK(kept() == waiting); // the same before and after it is written
    tape->put_candles(btc, candle_interval::m1, {next});
    CHECK(kept() == waiting);
    return waiting;
  };
  CHECK(after(running) == std::vector<candle>{running});
  CHECK(after(minute(1, 11)) == std::vector<candle>{minute(1, 11)}); // closed: no correction
  CHECK(after(running) == std::vector<candle>{minute(1, 11)});
  CHECK(after(minute(1, 12)) == std::vector<candle>{corrected(minute(1, 12))});
  tape.reset();
  tape = open_tape_store(home.path());
  CHECK(kept() == std::vector<candle>{corrected(minute(1, 12))});
}

TEST_CASE("tape_store: imported candles make the longer ones; what is missing is marked") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  constexpr std::int64_t minute_ns = 60'000'000'000, hour_ns = 60 * minute_ns;
  std::vector<candle> minutes;
  for (std::int64_t n = 0; n < 130; ++n) {
    if (n == 70) continue;
    auto one = minute(n, 20 + n % 30);
    one.open_time.value = n * minute_ns;
    minutes.push_back(one);
  }
  tape->put_candles(btc, candle_interval::m1, {minutes.begin(), minutes.begin() + 3}); // waiting
  const timestamp_ns closed_by{130 * minute_ns};
  const auto done = tape->import_candles(btc, candle_interval::m1, minutes, closed_by);
  CHECK(done.added == 126);
  CHECK(done.same == 3);
  CHECK(done.corrections.empty());
  CHECK(tape->candles(btc, candle_interval::m1, {0}, {3 * hour_ns}, 1'000) == minutes);
  auto hours = tape->candles(btc, candle_interval::h1, {0}, {24 * hour_ns}, 10);
  REQUIRE(hours.size() == 3);
  CHECK(hours[0].volume.value == 60 * 7);
  CHECK(hours[0].trades == 60 * 4);
  CHECK(hours[0].close == minutes[59].close);
  CHECK_FALSE(hours[0].is_partial);
  CHECK(hours[1].is_partial); // one minute is missing
  CHECK(hours[1].volume.value == 59 * 7);
  CHECK(hours[2].is_open);
  CHECK(tape->candles(btc, candle_interval::m5, {0}, {24 * hour_ns}, 100).size() == 26);
  CHECK(tape->candles(btc, candle_interval::d1, {0}, {24 * hour_ns}, 100).at(0).is_open);
  CHECK(tape->candles(eth, candle_interval::h1, {0}, {24 * hour_ns}, 100).empty());

  auto missing = minute(70, 20);
  missing.open_time.value = 70 * minute_ns;
  auto other = minutes[0];
  other.high.value = 95;
  const auto again = tape->import_candles(btc, candle_interval::m1, {other, missing}, closed_by);
  CHECK(again.added == 1);
  CHECK(again.corrected == 1);
  std::vector<candle_interval> told;
  for (const auto& one : again.corrections) {
    CHECK(one.now.is_corrected);
    CHECK(one.now.high.value == 95);
    told.push_back(one.interval);
  }
  CHECK(told == std::vector{candle_interval::m1, candle_interval::m5, candle_interval::m15,
                            candle_interval::h1});
  hours = tape->candles(btc, candle_interval::h1, {0}, {24 * hour_ns}, 10);
  CHECK(hours[0].is_corrected);
  CHECK_FALSE(hours[1].is_partial);
  CHECK_FALSE(hours[1].is_corrected); // it was not final before
}

TEST_CASE("tape_store: an import that fails leaves nothing behind") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  {
    database other(home / "tape.sqlite", {.sync = sync_mode::off});
    other.exec("CREATE TRIGGER full BEFORE INSERT ON candles WHEN new.interval = 5 "
               "BEGIN SELECT raise(ABORT, 'no space'); END");
  }
  auto one = minute(0, 11);
  CHECK_THROWS_AS(static_cast<void>(tape->import_candles(btc, candle_interval::m1, {one}, {1})),
                  journal_error);
  for (const auto interval : all_candle_intervals)
    CHECK(tape->candles(btc, interval, {0}, {1'000}, 10).empty());
}

TEST_CASE("tape_store: a file of before the marks is read, its newest candles as still open") {
  temporary_directory home;
  {
    database old(home / "tape.sqlite", {.sync = sync_mode::off});
    const auto all = embedded_migrations();
    const auto first = std::find_if(all.begin(), all.end(), [](const migration& one) {
      return one.set == "tape" && one.number == 1;
    });
    migrate(old, "tape", std::span(&*first, 1));
    old.exec("INSERT INTO candles VALUES(1, 2, 60, 10, 90, 5, 11, 7, 3, 777, 4);"
             "INSERT INTO candles VALUES(1, 2, 120, 10, 90, 5, 12, 7, 3, 777, 4)");
  }
  auto tape = open_tape_store(home.path());
  CHECK(tape->note().empty());
  auto open = minute(2, 12);
  open.is_open = true;
  CHECK(tape->candles(btc, candle_interval::m1, {0}, {1'000}, 10) ==
        std::vector<candle>{minute(1, 11), open});
}

TEST_CASE("tape_store: prune drops old trades, flushed or not, and leaves candles") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, trades(1, 25'000)); // more than one step
  tape->append(eth, trades(1, 10));
  tape->put_candles(btc, candle_interval::m1, {minute(1, 11)});
  tape->flush();
  tape->append(btc, {trade(25'001), trade(25'002)});
  tape->prune({24'001'000});
  CHECK(tape->trades(btc, 24'001, 10).empty());
  CHECK(ids(tape->trades(btc, 24'003, 10)) == std::vector<std::uint64_t>{24'002, 24'001});
  CHECK(tape->trades(eth, 0, 10).empty());
  CHECK(tape->candles(btc, candle_interval::m1, {0}, {1'000}, 10).size() == 1);
  tape->prune({100'000'000});
  CHECK(tape->trades(btc, 0, 10).empty());
  CHECK(tape->last_trade_id(btc) == 25'002);
}

TEST_CASE("tape_store: a full buffer flushes itself") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, trades(1, tape_store::buffered_max - 1));
  database look(home / "tape.sqlite", {.is_read_only = true});
  auto count = look.prepare("SELECT count(*) FROM trades");
  const auto stored = [&] {
    count.with();
    const auto n = count.step() ? count.integer(0) : -1;
    count.reset();
    return n;
  };
  CHECK(stored() == 0);
  tape->append(btc, trades(tape_store::buffered_max, tape_store::buffered_max));
  CHECK(stored() == static_cast<std::int64_t>(tape_store::buffered_max));
}

TEST_CASE("tape_store: a disk that takes nothing costs the oldest entries and no exception") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  tape->append(btc, trades(1, 10));
  tape->flush();
  {
    database other(home / "tape.sqlite", {.sync = sync_mode::off});
    other.exec("CREATE TRIGGER full BEFORE INSERT ON trades WHEN new.id > 10 "
               "BEGIN SELECT raise(ABORT, 'no space'); END");
  }
  tape->append(btc, trades(11, 150'000));
  CHECK_THROWS_AS(tape->flush(), journal_error);
  CHECK(ids(tape->trades(btc, 0, 2)) == std::vector<std::uint64_t>{150'000, 149'999});
  CHECK(tape->trades(btc, 150'000, tape_store::rows_max).size() == tape_store::rows_max);
  CHECK(tape->trades(btc, 60'000, 2).at(0).trade.value == 10); // 11 to 60,000 went
  const auto note = tape->note();
  CHECK(note.find("entries were dropped") != std::string::npos);
  CHECK(note.find("no space") != std::string::npos);
  CHECK(tape->note().empty());
  {
    database other(home / "tape.sqlite", {.sync = sync_mode::off});
    other.exec("DROP TRIGGER full");
  }
  tape->flush();
  CHECK(tape->last_trade_id(btc) == 150'000);
}

TEST_CASE("tape_store: a damaged file is set aside and a new one started") {
  temporary_directory home;
  overwrite(home / "tape.sqlite", std::string(20'000, 'x'));
  auto tape = open_tape_store(home.path());
  CHECK(tape->note().find("tape.sqlite.corrupt-1") != std::string::npos);
  tape->append(btc, trades(1, 5'000));
  tape.reset();

  SUBCASE("pages overwritten in the middle") {
    std::fstream file(home / "tape.sqlite", std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(8'192);
    file << std::string(30'000, '\x7f');
  }
  SUBCASE("cut in half") {
    std::filesystem::resize_file(home / "tape.sqlite",
                                 std::filesystem::file_size(home / "tape.sqlite") / 2);
  }
  SUBCASE("tables of something else") {
    std::filesystem::remove(home / "tape.sqlite");
    database other(home / "tape.sqlite", {});
    other.exec("CREATE TABLE trades(a)");
  }
  tape = open_tape_store(home.path());
  CHECK(tape->note().find("tape.sqlite.corrupt-2") != std::string::npos);
  CHECK(tape->trades(btc, 0, 10).empty());
  tape->append(btc, trades(1, 5));
  tape->flush();
  CHECK(tape->trades(btc, 0, 10).size() == 5);
  CHECK(std::filesystem::exists(home / "tape.sqlite.corrupt-1"));
  CHECK(std::filesystem::exists(home / "tape.sqlite.corrupt-2"));
}

TEST_CASE("tape_store: a file that was open when the machine went down is kept and reported") {
  temporary_directory home;
  open_tape_store(home.path())->append(btc, trades(1, 5));
  {
    database other(home / "tape.sqlite", {});
    other.exec("UPDATE file_state SET boot = 'another', is_clean = 0");
  }
  auto tape = open_tape_store(home.path());
  CHECK(tape->note().find("machine went down") != std::string::npos);
  CHECK(tape->trades(btc, 0, 10).size() == 5);
  tape.reset();
  CHECK(open_tape_store(home.path())->note().empty());
}

TEST_CASE("tape_store: what was flushed survives kill -9") {
  temporary_directory home;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto tape = open_tape_store(home.path());
    tape->append(btc, trades(1, 20'000));
    tape->flush();
    static_cast<void>(!::write(ready[1], "x", 1));
    for (std::uint64_t id = 20'001;; ++id) { // dies somewhere in here
      tape->append(btc, {trade(id)});
      if (id % 100 == 0) tape->flush();
    }
  }
  char byte = 0;
  CHECK(::read(ready[0], &byte, 1) == 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
  auto tape = open_tape_store(home.path());
  CHECK(tape->note().empty());
  const auto last = tape->last_trade_id(btc);
  CHECK(last >= 20'000);
  CHECK(last % 100 == 0);
  CHECK(tape->trades(btc, 10'001, 10'000).size() == 10'000);
}

TEST_CASE("tape_store: readers on other threads never miss what was appended before they asked") {
  temporary_directory home;
  auto tape = open_tape_store(home.path());
  std::atomic<std::uint64_t> appended{0};
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!stop) {
        const auto least = appended.load();
        const auto found = tape->trades(btc, 0, 50);
        if (least > 0 && (found.empty() || found[0].trade.value < least)) ++wrong;
        for (std::size_t k = 1; k < found.size(); ++k)
          if (found[k].trade.value + 1 != found[k - 1].trade.value) ++wrong;
      }
    });
  std::thread flusher([&] {
    while (!stop) tape->flush();
  });
  for (std::uint64_t id = 1; id <= 5'000; ++id) {
    tape->append(btc, {trade(id)});
    appended = id;
  }
  stop = true;
  for (auto& one : readers) one.join();
  flusher.join();
  CHECK(wrong == 0);
}

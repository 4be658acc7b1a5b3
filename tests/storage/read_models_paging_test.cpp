#include "storage/page_cursor.hpp"
#include "storage/read_models.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/support/random_trading.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <set>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

TEST_CASE("page_cursor: a text leads back to its row, in its own list only") {
  for (const auto row : {1ull, 17ull, 1'000'000'000'000'000ull, 0x7fff'ffff'ffff'ffffull})
    for (const std::uint32_t leg : {0u, 3u}) {
      const auto text = to_text({row, leg}, "ledger", 5);
      CHECK(parse_page_cursor(text, "ledger", 5).row == row);
      CHECK(parse_page_cursor(text, "ledger", 5).leg == leg);
      CHECK_THROWS_AS(static_cast<void>(parse_page_cursor(text, "ledger", 6)),
                      std::invalid_argument);
      CHECK_THROWS_AS(static_cast<void>(parse_page_cursor(text, "orders", 5)),
                      std::invalid_argument);
    }
}

TEST_CASE("page_cursor: any other text is refused by name") {
  const auto good = to_text({1'234, 0}, "orders", 5);
  std::vector<std::string> bad = {"",
                                  "x",
                                  "1",
                                  "1.2",
                                  "1.2.3",
                                  "..",
                                  "1..",
                                  "-1.0.0",
                                  "0.0.0",
                                  good + "0",
                                  good + ".",
                                  " " + good,
                                  std::string(1'000, '1'),
                                  std::string("1.0.\0", 5),
                                  "1.0.zz"};
  for (std::size_t i = 0; i < good.size(); ++i) {
    auto changed = good;
    changed[i] = changed[i] == '1' ? '2' : '1';
    bad.push_back(changed);
    bad.push_back(good.substr(0, i));
  }
  for (const auto& text : bad) {
    CAPTURE(text);
    CHECK_THROWS_WITH_AS(static_cast<void>(parse_page_cursor(text, "orders", 5)),
                         doctest::Contains("cursor: "), std::invalid_argument);
  }
  std::mt19937_64 from(4);
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (auto n = from() % 60; n > 0; --n) text += "0123456789abcdef.. -+"[from() % 21];
    CHECK_THROWS_AS(static_cast<void>(parse_page_cursor(text, "orders", 5)), std::invalid_argument);
  }
}

TEST_CASE("read_models: a bad cursor or limit is refused") {
  temporary_directory home;
  auto script = random_trading(31, 200);
  open_projector(home.path())->project(0, 1, script.rows());
  auto models = open_read_models(home.path());
  const auto mine = models->orders({{1}, {}, {}}, {{}, 1});
  REQUIRE(!mine.next.empty());
  const page_request foreign{mine.next, 1}, garbage{"'; --", 1}, none{{}, 0};
  CHECK_THROWS_AS(static_cast<void>(models->orders({{2}, {}, {}}, foreign)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(models->executions({1}, {}, {}, foreign)),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(models->ledger({1}, "", foreign)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(models->users("", foreign)), std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(models->users("", garbage)), std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(models->users("", none)), doctest::Contains("limit: "),
                       std::invalid_argument);
  CHECK_THROWS_WITH_AS(static_cast<void>(models->ledger({}, "", {})),
                       doctest::Contains("account: "), std::invalid_argument);
  CHECK(models->orders({{1}, {}, {}}, foreign).rows.size() == 1); // and it still works
}

TEST_CASE("read_models: a page has at most 1,000 rows") {
  temporary_directory home;
  trading_script script;
  const auto market = script.add_market("BTC", "USDT");
  const auto account = script.add_account(script.add_user("a@b.c"), "main");
  script.transfer(account, transfer_kind::deposit, "USDT", 1'000'000'000'000, "d");
  const auto order = script.place(account, market, side::buy, 100, 1'500);
  for (int i = 0; i < 1'200; ++i) script.trade(order, {}, 1);
  script.end(order, order_status::cancelled);
  open_projector(home.path())->project(0, 1, script.rows());
  auto models = open_read_models(home.path());
  const auto page = models->executions(account, {}, {}, {{}, 50'000});
  CHECK(page.rows.size() == 1'000);
  CHECK(models->executions(account, {}, {}, {page.next, 50'000}).rows.size() == 200);
  const auto found = models->order(account, order);
  REQUIRE(found);
  REQUIRE(found->fills.size() == 1'000); // the newest ones, oldest first
  CHECK(found->fills.front().trade.value == 201);
  CHECK(found->fills.back().trade.value == 1'200);
}

TEST_CASE("read_models: a filter that matches little ends a page early, and the walk goes on") {
  temporary_directory home;
  trading_script script;
  const auto busy = script.add_market("BTC", "USDT"), quiet = script.add_market("ETH", "BTC");
  const auto account = script.add_account(script.add_user("a@b.c"), "main");
  for (const auto* asset : {"USDT", "BTC"})
    script.transfer(account, transfer_kind::deposit, asset, 1'000'000'000'000, "d");
  const auto once = script.place(account, quiet, side::buy, 100, 10);
  script.trade(once, {}, 1);
  const auto order = script.place(account, busy, side::buy, 100, 50'000);
  script.executions.clear(); // not looked at, and inserting at its front is slow
  for (int i = 0; i < 45'000; ++i) {
    script.trade(order, {}, 1);
    script.executions.clear();
  }
  open_projector(home.path())->project(0, 1, script.rows());
  auto models = open_read_models(home.path());
  int pages = 0;
  std::vector<execution_row> found;
  page_request at;
  do {
    auto page = models->executions(account, quiet, {}, at);
    found.insert(found.end(), page.rows.begin(), page.rows.end());
    at.cursor = page.next;
    ++pages;
  } while (!at.cursor.empty() && pages < 10);
  CHECK(pages == 3);
  REQUIRE(found.size() == 1);
  CHECK(found[0].order == once);
}

TEST_CASE("read_models: a walk meets every row that was there exactly once while rows are added") {
  temporary_directory home;
  auto script = random_trading(41, 1'500);
  const auto& rows = script.rows();
  const auto half = rows.size() / 2;
  auto into = open_projector(home.path());
  into->project(0, 1, {rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(half)});
  auto models = open_read_models(home.path());

  const account_id account{3};
  std::set<std::uint64_t> there; // ids of final orders and numbers of entries, before it begins
  std::set<std::uint64_t> there_ledger;
  for (page_request at;;) {
    const auto page = models->orders({account, {}, {}}, at);
    for (const auto& one : page.rows) there.insert(one.id.value);
    if (page.next.empty()) break;
    at.cursor = page.next;
  }
  for (page_request at;;) {
    const auto page = models->ledger(account, "", at);
    for (const auto& one : page.rows) there_ledger.insert(one.number);
    if (page.next.empty()) break;
    at.cursor = page.next;
  }
  REQUIRE(there.size() > 30);
  REQUIRE(there_ledger.size() > 60);

  std::thread writer([&] {
    for (auto at = half + 1; at <= rows.size(); ++at) into->project(0, at, {rows[at - 1]});
  });
  std::set<std::uint64_t> met, met_ledger;
  bool is_doubled = false;
  for (page_request at{{}, 3};;) {
    const auto page = models->orders({account, {}, {}}, at);
    for (const auto& one : page.rows) is_doubled |= !met.insert(one.id.value).second;
    if (page.next.empty()) break;
    at.cursor = page.next;
  }
  for (page_request at{{}, 3};;) {
    const auto page = models->ledger(account, "", at);
    for (const auto& one : page.rows) is_doubled |= !met_ledger.insert(one.number).second;
    if (page.next.empty()) break;
    at.cursor = page.next;
  }
  writer.join();
  CHECK(!is_doubled);
  CHECK(std::includes(met.begin(), met.end(), there.begin(), there.end()));
  CHECK(
    std::includes(met_ledger.begin(), met_ledger.end(), there_ledger.begin(), there_ledger.end()));
}

TEST_CASE("read_models: readers beside the projector see whole transactions") {
  temporary_directory home;
  auto script = random_trading(42, 1'500);
  const auto& rows = script.rows();
  auto into = open_projector(home.path());
  into->project(0, 1, {rows[0]});
  std::atomic<bool> stop{false};
  std::atomic<int> wrong{0}, looks{0};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      auto models = open_read_models(home.path());
      while (!stop) {
        const auto page = models->executions({2}, {}, {}, {{}, 200});
        for (std::size_t k = 1; k < page.rows.size(); ++k)
          if (page.rows[k].number >= page.rows[k - 1].number) ++wrong;
        for (const auto& one : models->system_balances())
          if (one.ledger_account.empty()) ++wrong;
        static_cast<void>(models->balances({2}));
        ++looks;
      }
    });
  for (position at = 2; at <= rows.size(); ++at) into->project(0, at, {rows[at - 1]});
  while (looks == 0) std::this_thread::yield();
  stop = true;
  for (auto& one : readers) one.join();
  CHECK(wrong == 0);
}

TEST_CASE("read_models: a missing file is an error that names it") {
  temporary_directory home;
  CHECK_THROWS_WITH_AS(static_cast<void>(open_read_models(home.path())),
                       doctest::Contains("read.sqlite"), journal_error);
}

// The administrator's lists: users with their accounts and status, transfers of all accounts.
#include "storage/read_models.hpp"
#include "tests/storage/support/random_trading.hpp"
#include "tests/storage/support/table_dump.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <functional>

using namespace rialto;
using namespace rialto::storage;

namespace {

struct projected {
  explicit projected(trading_script& script) : into(open_projector(home.path())) {
    into->project(0, 1, script.rows());
    models = open_read_models(home.path());
  }
  temporary_directory home;
  std::unique_ptr<projector> into;
  std::unique_ptr<read_models> models;
};

template <class Row>
std::vector<Row> walk(std::uint32_t limit,
                      const std::function<page<Row>(const page_request&)>& read) {
  std::vector<Row> all;
  page_request request{{}, limit};
  do {
    auto one = read(request);
    REQUIRE(!one.rows.empty());
    REQUIRE(one.rows.size() <= limit);
    std::move(one.rows.begin(), one.rows.end(), std::back_inserter(all));
    request.cursor = one.next;
  } while (!request.cursor.empty());
  return all;
}

std::vector<std::uint64_t> numbers(const std::vector<user_row>& rows) {
  std::vector<std::uint64_t> out;
  for (const auto& row : rows) out.push_back(row.user.value);
  return out;
}

std::vector<std::string> references(const std::vector<transfer_row>& rows) {
  std::vector<std::string> out;
  for (const auto& row : rows) out.push_back(row.reference);
  return out;
}

} // namespace

TEST_CASE("read_models: users are found by a part of the address or by their number") {
  trading_script script;
  for (const auto* email : {"anna@example.org", "bert@example.org", "cleo@rialto.local",
                            "x3@example.org", "100%_@rialto.local"})
    script.add_user(email);
  projected here(script);
  const auto found = [&](const std::string& search) {
    return numbers(here.models->users(search, {}).rows);
  };
  using list = std::vector<std::uint64_t>;
  CHECK(found("") == list{5, 4, 3, 2, 1});
  CHECK(found("example") == list{4, 2, 1});
  CHECK(found("anna@example.org") == list{1});
  CHECK(found("3") == list{4, 3}); // x3@ and number 3
  CHECK(found("%_") == list{5});   // no pattern of SQL
  CHECK(found("' OR 1=1 --").empty());
  const auto paged =
    walk<user_row>(2, [&](const auto& at) { return here.models->users("example", at); });
  CHECK(numbers(paged) == list{4, 2, 1});
}

TEST_CASE("read_models: users come with their accounts and their status") {
  trading_script script;
  const auto anna = script.add_user("anna@example.org");
  const auto bert = script.add_user("bert@example.org");
  const auto first = script.add_account(anna, "main"), second = script.add_account(anna, "bot");
  script.change_status(anna, user_status::disabled);
  script.change_status(bert, user_status::disabled);
  script.change_status(bert, user_status::active);
  projected here(script);
  const auto rows = here.models->users("", {}).rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].status == user_status::active);
  CHECK(rows[0].accounts.empty());
  CHECK(rows[1].status == user_status::disabled);
  REQUIRE(rows[1].accounts.size() == 2);
  CHECK(rows[1].accounts[0].account == first);
  CHECK(rows[1].accounts[0].label == "main");
  CHECK(rows[1].accounts[1].account == second);
}

TEST_CASE("read_models: transfers of all accounts, newest first, by account and asset") {
  trading_script script;
  const auto user = script.add_user("anna@example.org");
  const auto one = script.add_account(user, "1"), two = script.add_account(user, "2");
  const auto market = script.add_market("BTC", "USDT");
  script.transfer(one, transfer_kind::deposit, "USDT", 1'000'000'000, "a");
  script.transfer(two, transfer_kind::deposit, "BTC", 500'000, "b");
  const auto buy = script.place(one, market, side::buy, 100, 5);
  const auto sell = script.place(two, market, side::sell, 100, 5);
  script.trade(buy, sell, 2); // fills are no transfers
  script.transfer(one, transfer_kind::withdrawal, "USDT", 7, "c");
  script.transfer(one, transfer_kind::deposit, "BTC", 8, "d");
  projected here(script);
  const auto found = [&](account_id account, const std::string& asset) {
    return references(walk<transfer_row>(
      1, [&](const auto& at) { return here.models->transfers(account, asset, at); }));
  };
  using list = std::vector<std::string>;
  CHECK(found({}, "") == list{"d", "c", "b", "a"});
  CHECK(found(one, "") == list{"d", "c", "a"});
  CHECK(found({}, "BTC") == list{"d", "b"});
  CHECK(found(one, "USDT") == list{"c", "a"});
  CHECK(here.models->transfers({99}, "", {}).rows.empty());
  const auto rows = here.models->transfers(one, "USDT", {}).rows;
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].account == one);
  CHECK(rows[0].kind == transfer_kind::withdrawal);
  CHECK(rows[0].amount == amount_units{7});
  CHECK(rows[0].at > rows[1].at);
  CHECK(rows[1].kind == transfer_kind::deposit);
  // A cursor is of its list and account.
  const auto next = here.models->transfers(one, "", {{}, 1}).next;
  REQUIRE(!next.empty());
  CHECK_THROWS_AS(static_cast<void>(here.models->transfers(two, "", {next, 1})),
                  std::invalid_argument);
  CHECK_THROWS_AS(static_cast<void>(here.models->users("", {next, 1})), std::invalid_argument);
}

TEST_CASE(
  "projector: the administrator's lists are the same in one go, row by row and after a reset") {
  trading_script script = random_trading(21, 300);
  const auto who = script.users.front().user;
  script.end_row();
  script.change_status(who, user_status::disabled);
  const auto& rows = script.rows();
  const auto project = [&](projector& into, std::size_t step) {
    for (std::size_t at = 0; at < rows.size(); at += step)
      into.project(0, at + 1,
                   {rows.begin() + static_cast<std::ptrdiff_t>(at),
                    rows.begin() + static_cast<std::ptrdiff_t>(std::min(rows.size(), at + step))});
  };
  const auto dump = [&](std::size_t step, bool resets) {
    temporary_directory home;
    auto into = open_projector(home.path());
    project(*into, step);
    if (resets) {
      into->reset();
      project(*into, step);
    }
    into.reset();
    CHECK(open_read_models(home.path())->users("", {{}, 1'000}).rows.size() == script.users.size());
    return dump_tables(home / "read.sqlite");
  };
  const auto whole = dump(rows.size(), false);
  CHECK(whole.find("== transfers\n") != std::string::npos);
  CHECK(dump(1, false) == whole);
  CHECK(dump(3, true) == whole);
}

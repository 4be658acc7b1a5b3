#include "storage/read_models.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/support/random_trading.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <functional>
#include <set>

using namespace rialto;
using namespace rialto::storage;

namespace {

/// All pages, one after the other.
template <class Row>
std::vector<Row> walk(std::uint32_t limit,
                      const std::function<page<Row>(const page_request&)>& read) {
  std::vector<Row> all;
  page_request request{{}, limit};
  for (int pages = 0; pages < 10'000; ++pages) {
    auto one = read(request);
    CHECK(one.rows.size() <= limit);
    all.insert(all.end(), one.rows.begin(), one.rows.end());
    if (one.next.empty()) return all;
    CHECK(!one.rows.empty());
    request.cursor = one.next;
  }
  return all;
}

bool equal(const execution_row& a, const execution_row& b) {
  return a.number == b.number && a.account == b.account && a.order == b.order &&
         a.market == b.market && a.way == b.way && a.fill == b.fill && a.fee_asset == b.fee_asset;
}
template <class Rows, class Keep>
Rows filtered(const Rows& rows, Keep keep) {
  Rows out;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(out), keep);
  return out;
}
void check_equal(const std::vector<execution_row>& found, const std::vector<execution_row>& want) {
  REQUIRE(found.size() == want.size());
  for (std::size_t i = 0; i < found.size(); ++i) CHECK(equal(found[i], want[i]));
}
order_view without_fills(order_view view) {
  view.fills.clear();
  return view;
}

struct projected {
  explicit projected(trading_script& script) : into(open_projector(home.path())) {
    into->project(0, 1, script.rows());
    models = open_read_models(home.path());
  }
  temporary_directory home;
  std::unique_ptr<projector> into;
  std::unique_ptr<read_models> models;
};

} // namespace

TEST_CASE("read_models: orders, fills and executions are those of the script") {
  for (const auto seed : seeds(5)) {
    CAPTURE(seed);
    auto script = random_trading(seed, 400);
    projected here(script);
    auto& models = *here.models;
    REQUIRE(script.final_orders.size() > 20);
    for (const auto& want : script.final_orders) {
      const auto found = models.order(want.account, want.id);
      REQUIRE(found);
      CHECK(*found == want);
    }
    for (const auto& [id, view] : script.open) CHECK(!models.order(view.account, id));
    const auto& some = script.final_orders.front();
    CHECK(!models.order({some.account.value + 1}, some.id)); // of somebody else
    CHECK(!models.order(some.account, {1}));
    CHECK(!models.order(some.account, {99'999'999}));

    for (std::uint64_t account = 1; account <= 5; ++account) {
      for (const std::uint32_t limit : {1u, 7u, 1'000u}) {
        const auto orders = walk<order_view>(limit, [&](const auto& at) {
          return models.orders({{account}, {}, {}}, at);
        });
        const auto want = filtered(script.final_orders,
                                   [&](const auto& one) { return one.account.value == account; });
        REQUIRE(orders.size() == want.size());
        for (std::size_t i = 0; i < want.size(); ++i) CHECK(orders[i] == without_fills(want[i]));
        check_equal(
          walk<execution_row>(
            limit, [&](const auto& at) { return models.executions({account}, {}, {}, at); }),
          filtered(script.executions,
                   [&](const auto& one) { return one.account.value == account; }));
      }
    }
    check_equal(
      walk<execution_row>(13, [&](const auto& at) { return models.executions({}, {}, {}, at); }),
      script.executions);
  }
}

TEST_CASE("read_models: filters by market, status and order") {
  auto script = random_trading(21, 500);
  projected here(script);
  auto& models = *here.models;
  const account_id account{2};
  const market_id market{2};
  const auto mine = [&](const auto& one) { return one.account == account; };
  for (const auto status : {order_status::filled, order_status::cancelled, order_status::expired,
                            order_status::rejected, order_status::new_order}) {
    const auto found = walk<order_view>(2, [&](const auto& at) {
      return models.orders({account, market, status}, at);
    });
    const auto want = filtered(script.final_orders, [&](const auto& one) {
      return mine(one) && one.market == market && one.status == status;
    });
    REQUIRE(found.size() == want.size());
    for (std::size_t i = 0; i < want.size(); ++i) CHECK(found[i] == without_fills(want[i]));
  }
  check_equal(walk<execution_row>(
                3, [&](const auto& at) { return models.executions(account, market, {}, at); }),
              filtered(script.executions,
                       [&](const auto& one) { return mine(one) && one.market == market; }));
  // Everybody's orders come by id.
  const auto all = walk<order_view>(9, [&](const auto& at) {
    return models.orders({{}, market, {}}, at);
  });
  CHECK(all.size() == filtered(script.final_orders, [&](const auto& one) {
                        return one.market == market;
                      }).size());
  CHECK(std::is_sorted(all.begin(), all.end(),
                       [](const auto& a, const auto& b) { return a.id > b.id; }));

  std::set<order_id> orders; // final ones and open ones
  for (const auto& one : script.executions) orders.insert(one.order);
  bool has_open = false;
  for (const auto id : orders) {
    const auto want = filtered(script.executions, [&](const auto& one) { return one.order == id; });
    has_open |= script.open.contains(id);
    check_equal(
      walk<execution_row>(
        2, [&](const auto& at) { return models.executions(want[0].account, {}, id, at); }),
      want);
    CHECK(models.executions({want[0].account.value % 5 + 1}, {}, id, {}).rows.empty());
  }
  CHECK(has_open);
}

TEST_CASE("read_models: balances and ledger add up to the books") {
  for (const auto seed : seeds(5)) {
    CAPTURE(seed);
    auto script = random_trading(seed, 400);
    projected here(script);
    std::map<std::string, __int128> total; // over all ledger accounts, per asset
    std::size_t system_accounts = 0;
    for (const auto& row : here.models->system_balances()) {
      total[row.asset] += row.amount.value;
      ++system_accounts;
      CHECK(!row.account);
      bool is_known = false;
      for (const auto& want : script.books.balances())
        if (to_string(want.account) == row.ledger_account && want.asset == row.asset) {
          CHECK(want.amount == row.amount);
          is_known = true;
        }
      CHECK(is_known);
    }
    CHECK(system_accounts > 8); // clearing, fees, house and external in several assets
    for (std::uint64_t account = 1; account <= 5; ++account) {
      std::map<std::string, std::int64_t> sums;
      std::uint64_t last = UINT64_MAX;
      std::set<std::string> kinds;
      for (const auto& row : walk<ledger_row>(
             5, [&](const auto& at) { return here.models->ledger({account}, "", at); })) {
        CHECK(row.number < last); // newest first, each one once
        last = row.number;
        CHECK(row.account.value == account);
        CHECK(row.ledger_account == "account/" + std::to_string(account));
        CHECK(!row.reference.empty());
        kinds.insert(row.kind);
        sums[row.asset] += row.amount.value;
      }
      CHECK(kinds == std::set<std::string>{"deposit", "withdrawal", "trade", "fee"});
      const auto balances = here.models->balances({account});
      CHECK(balances.size() == sums.size());
      for (const auto& one : balances) {
        CHECK(one.available.value + one.hold.value == sums[one.asset]);
        CHECK(one.available ==
              script.books.balance_of({ledger_kind::available, account}, one.asset));
        CHECK(one.hold == script.books.balance_of({ledger_kind::hold, account}, one.asset));
        total[one.asset] += one.available.value + one.hold.value;
        std::int64_t of_asset = 0;
        for (const auto& row : walk<ledger_row>(
               3, [&](const auto& at) { return here.models->ledger({account}, one.asset, at); })) {
          CHECK(row.asset == one.asset);
          of_asset += row.amount.value;
        }
        CHECK(of_asset == sums[one.asset]);
      }
    }
    for (const auto& [asset, sum] : total) CHECK(sum == 0);
  }
}

TEST_CASE("read_models: a fill shows as what was paid, what was received and the fee") {
  trading_script script;
  const auto market = script.add_market("BTC", "USDT");
  const auto buyer = script.add_account(script.add_user("a@b.c"), "main");
  script.transfer(buyer, transfer_kind::deposit, "USDT", 1'000'000, "d1");
  const auto order = script.place(buyer, market, side::buy, 100, 50);
  script.trade(order, {}, 40);
  projected here(script);
  const auto rows = here.models->ledger(buyer, "", {}).rows;
  REQUIRE(rows.size() == 4);
  const auto check = [&](const ledger_row& row, const char* kind, const char* asset,
                         std::int64_t amount, const char* reference) {
    CHECK(row.kind == kind);
    CHECK(row.asset == asset);
    CHECK(row.amount.value == amount);
    CHECK(row.reference == reference);
  };
  check(rows[0], "fee", "BTC", -40, "order/1000001/trade/1"); // newest first
  check(rows[1], "trade", "BTC", 40'000, "order/1000001/trade/1");
  check(rows[2], "trade", "USDT", -40'000, "order/1000001/trade/1");
  check(rows[3], "deposit", "USDT", 1'000'000, "d1");
  const auto balances = here.models->balances(buyer);
  REQUIRE(balances.size() == 2);
  CHECK(balances[0].available.value == 39'960);
  CHECK(balances[1].available.value == 1'000'000 - 50'000);
  CHECK(balances[1].hold.value == 10'000);
}

TEST_CASE("read_models: sums wider than an amount stay exact and leave capped") {
  trading_script script;
  const auto account = script.add_account(script.add_user("a@b.c"), "main");
  for (int i = 0; i < 3; ++i)
    script.transfer(account, transfer_kind::deposit, "X", INT64_MAX, "in-" + std::to_string(i));
  projected here(script);
  CHECK(here.models->balances(account).at(0).available.value == INT64_MAX);
  CHECK(here.models->system_balances().at(0).amount.value == INT64_MIN);
  const auto rows_so_far = script.rows().size();
  for (int i = 0; i < 2; ++i)
    script.transfer(account, transfer_kind::withdrawal, "X", INT64_MAX, "out-" + std::to_string(i));
  script.transfer(account, transfer_kind::withdrawal, "X", 7, "w");
  const auto& rows = script.rows();
  here.into = nullptr;
  here.into = open_projector(here.home.path());
  here.into->project(0, rows_so_far + 1,
                     {rows.begin() + static_cast<std::ptrdiff_t>(rows_so_far), rows.end()});
  CHECK(here.models->balances(account).at(0).available.value == INT64_MAX - 7);
  CHECK(here.models->system_balances().at(0).amount.value == -INT64_MAX + 7);
}

TEST_CASE("read_models: users newest first, with their role and time") {
  trading_script script;
  for (int i = 0; i < 25; ++i)
    script.add_user(std::to_string(i) + "@rialto.local",
                    i == 3 ? user_role::admin : user_role::trader);
  projected here(script);
  const auto users = walk<user_row>(4, [&](const auto& at) { return here.models->users("", at); });
  REQUIRE(users.size() == script.users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    CHECK(users[i].user == script.users[i].user);
    CHECK(users[i].email == script.users[i].email);
    CHECK(users[i].role == script.users[i].role);
    CHECK(users[i].created_at > timestamp_ns{1'000});
  }
}

TEST_CASE("read_models: text that looks like SQL stays text") {
  const std::string evil = "'); DROP TABLE orders; --\" \x01 \xc3\xa9 %s ?1 :a";
  std::string zero = "a";
  zero += '\0';
  zero += "b";
  trading_script script;
  const auto user = script.add_user(evil);
  const auto account = script.add_account(user, evil);
  const auto market = script.add_market("BTC", "USDT");
  script.transfer(account, transfer_kind::deposit, "'x' OR 1=1", 5, evil);
  script.transfer(account, transfer_kind::deposit, "BTC", 500'000, zero);
  const auto order = script.place(account, market, side::sell, 100, 5, evil);
  script.end(order, order_status::cancelled);
  projected here(script);
  CHECK(here.models->users("", {}).rows.at(0).email == evil);
  CHECK(here.models->order(account, order)->client_order_id == evil);
  CHECK(here.models->ledger(account, "", {}).rows.at(0).reference == zero);
  CHECK(here.models->ledger(account, "'x' OR 1=1", {}).rows.at(0).reference == evil);
  CHECK(here.models->ledger(account, "x' OR '1'='1", {}).rows.empty());
}

TEST_CASE("read_models: an account without history has empty lists") {
  trading_script script;
  const auto account = script.add_account(script.add_user("a@b.c"), "main");
  projected here(script);
  for (const account_id one : {account, account_id{77}}) {
    CHECK(here.models->orders({one, {}, {}}, {}).rows.empty());
    CHECK(here.models->orders({one, {}, {}}, {}).next.empty());
    CHECK(here.models->executions(one, {}, {}, {}).rows.empty());
    CHECK(here.models->executions(one, {}, {5}, {}).rows.empty());
    CHECK(here.models->ledger(one, "", {}).rows.empty());
    CHECK(here.models->balances(one).empty());
  }
  CHECK(here.models->orders({}, {}).rows.empty());
  CHECK(here.models->executions({}, {}, {}, {}).rows.empty());
  CHECK(here.models->system_balances().empty());
}

#include "domain/ledger.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <map>

using namespace rialto;

namespace {

const ledger_account available{ledger_kind::available, 17}, hold{ledger_kind::hold, 17},
  clearing{ledger_kind::clearing, 3}, fees{ledger_kind::fees, 0}, house{ledger_kind::house, 0},
  external{ledger_kind::external, 0};

/// Legs as "account asset amount" lines, in order.
std::string text_of(const std::vector<posting>& legs) {
  std::string text;
  std::map<std::string, std::int64_t> sums;
  for (const auto& one : legs) {
    text += (text.empty() ? "" : ", ") + to_string(one.to) + " " + one.asset + " " +
            std::to_string(one.amount.value);
    sums[one.asset] += one.amount.value;
    CHECK(one.amount.value != 0);
  }
  for (const auto& sum : sums) {
    CAPTURE(sum.first);
    CHECK(sum.second == 0); // G1
  }
  return text;
}

std::string legs(const account_event& happened) {
  return text_of(postings_of(happened, {17}));
}
std::string legs(const trade_executed& happened) {
  return text_of(postings_of(market_event{happened}, {3}, "BTC", "USDT"));
}

} // namespace

TEST_CASE("ledger: accounts have names") {
  CHECK(to_string(available) == "account/17/available");
  CHECK(to_string(hold) == "account/17/hold");
  CHECK(to_string(clearing) == "clearing/3");
  CHECK(to_string(fees) == "fees");
  CHECK(to_string(house) == "house");
  CHECK(to_string(external) == "external");
}

TEST_CASE("ledger: every account event has its legs, and they balance") {
  CHECK(legs(account_opened{}).empty());
  CHECK(legs(cancel_requested{{1}}).empty());
  CHECK(legs(transferred{transfer_kind::deposit, "BTC", {5}, "r"}) ==
        "external BTC -5, account/17/available BTC 5");
  CHECK(legs(transferred{transfer_kind::withdrawal, "BTC", {5}, "r"}) ==
        "account/17/available BTC -5, external BTC 5");

  order_placed placed;
  placed.base = "BTC";
  placed.quote = "USDT";
  placed.hold = {7};
  CHECK(legs(placed) == "account/17/available USDT -7, account/17/hold USDT 7");
  placed.order.way = side::sell;
  CHECK(legs(placed) == "account/17/available BTC -7, account/17/hold BTC 7");

  CHECK(legs(amend_requested{{1}, {1}, {1}, {4}, "USDT"}) ==
        "account/17/available USDT -4, account/17/hold USDT 4");
  CHECK(legs(amend_requested{{1}, {1}, {1}, {}, "USDT"}).empty());
  CHECK(legs(amend_settled{{1}, {1}, {1}, reject_reason::none, "USDT", {4}}) ==
        "account/17/hold USDT -4, account/17/available USDT 4");
  CHECK(legs(order_done{{1}, order_status::cancelled, reject_reason::none, "BTC", {9}}) ==
        "account/17/hold BTC -9, account/17/available BTC 9");

  fill_settled fill;
  fill.market = {3};
  fill.fill.notional = {1'000};
  fill.fill.fee = {2};
  fill.base = {50};
  fill.base_asset = "BTC";
  fill.quote_asset = "USDT";
  fill.released = {30};
  CHECK(legs(fill) == "account/17/hold USDT -1000, clearing/3 USDT 1000, clearing/3 BTC -50, "
                      "account/17/available BTC 48, fees BTC 2, account/17/hold USDT -30, "
                      "account/17/available USDT 30");
  fill.way = side::sell;
  fill.fill.fee = {-2}; // a rebate
  fill.released = {};
  CHECK(legs(fill) == "account/17/hold BTC -50, clearing/3 BTC 50, clearing/3 USDT -1000, "
                      "account/17/available USDT 1002, fees USDT -2");
}

TEST_CASE("ledger: a trade with the house posts the house's legs, one between users none") {
  trade_executed trade;
  trade.notional = {1'000};
  trade.base = {50};
  trade.taker = {1};
  CHECK(legs(trade) == "clearing/3 USDT -1000, house USDT 1000, house BTC -50, clearing/3 BTC 50");
  trade.taker_side = side::sell;
  CHECK(legs(trade) == "house USDT -1000, clearing/3 USDT 1000, clearing/3 BTC -50, house BTC 50");
  trade.taker = {};
  trade.maker = {2}; // the house sells to a resting buy
  CHECK(legs(trade) == "clearing/3 USDT -1000, house USDT 1000, house BTC -50, clearing/3 BTC 50");
  trade.taker = {1};
  CHECK(legs(trade).empty());
  CHECK(postings_of(market_event{order_closed{}}, {3}, "BTC", "USDT").empty());
}

TEST_CASE("ledger: a user's and the house's legs of one trade leave clearing at zero") {
  for (const auto way : {side::buy, side::sell}) {
    ledger books;
    trade_executed trade;
    trade.taker = {1};
    trade.taker_side = way;
    trade.notional = {1'000};
    trade.base = {50};
    fill_settled fill;
    fill.market = {3};
    fill.way = way;
    fill.fill.notional = {1'000};
    fill.fill.fee = {3};
    fill.base = {50};
    fill.base_asset = "BTC";
    fill.quote_asset = "USDT";
    books.post({hold, way == side::buy ? "USDT" : "BTC", {2'000}});
    books.post({external, way == side::buy ? "USDT" : "BTC", {-2'000}});
    books.post(postings_of(account_event{fill}, {17}));
    CHECK(books.check() == "");
    CHECK(books.check_drained() != "");
    books.post(postings_of(market_event{trade}, {3}, "BTC", "USDT"));
    CHECK(books.check() == "");
    CHECK(books.check_drained() == "");
    CHECK(books.balance_of(house, "USDT").value == (way == side::buy ? 1'000 : -1'000));
    CHECK(books.balance_of(fees, way == side::buy ? "BTC" : "USDT").value == 3);
  }
}

TEST_CASE("ledger: check names what is wrong") {
  ledger books;
  books.post({external, "BTC", {-100'000'000}});
  CHECK(books.check() == "all accounts together have -1 BTC: the sum must be zero");
  books.post({available, "BTC", {100'000'000}});
  CHECK(books.check() == "");
  books.post({available, "BTC", {-150'000'000}});
  books.post({fees, "BTC", {150'000'000}});
  CHECK(books.check() == "account/17/available has -0.5 BTC: it must not be negative");
  CHECK(books.check_drained() == "");
  books.post({clearing, "ETH", {1}});
  CHECK(books.check_drained() ==
        "clearing/3 has 0.00000001 ETH: with all links drained it must be zero");
}

TEST_CASE("ledger: balances are sorted and never wrap") {
  ledger books;
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  for (int i = 0; i < 4; ++i) {
    books.post({external, "BTC", {-most}});
    books.post({available, "BTC", {most}});
  }
  books.post({hold, "ETH", {3}});
  books.post({hold, "BTC", {4}});
  const auto all = books.balances();
  REQUIRE(all.size() == 4);
  CHECK(all[0].account == available);
  CHECK(all[0].amount.value == most); // capped
  CHECK(all[1].account == hold);
  CHECK(all[1].asset == "BTC");
  CHECK(all[2].asset == "ETH");
  CHECK(all[3].account == external);
  books.post({hold, "ETH", {-3}});
  books.post({hold, "BTC", {-4}});
  CHECK(books.check() == "");
  CHECK(books.balance_of(fees, "BTC") == amount_units{});
}

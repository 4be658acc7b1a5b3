#include "domain/account_balances.hpp"
#include "storage/account_flows.hpp"
#include "tests/storage/support/random_trading.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rialto;
using namespace rialto::storage;

namespace {

std::vector<ledger_row> whole_ledger(read_models& models, account_id account) {
  std::vector<ledger_row> all;
  for (page_request request{{}, 1'000};;) {
    auto found = models.ledger(account, "", request);
    all.insert(all.end(), found.rows.begin(), found.rows.end());
    if (found.next.empty()) return all;
    request.cursor = found.next;
  }
}

/// The statement of one asset, from the ledger's entries.
statement_row slow_statement(const std::vector<ledger_row>& ledger, const std::string& asset,
                             timestamp_ns from, timestamp_ns to) {
  statement_row row;
  row.asset = asset;
  for (const auto& one : ledger) {
    if (one.asset != asset || one.at >= to) continue;
    row.closing += one.amount;
    if (one.at < from) {
      row.opening += one.amount;
    } else if (one.kind == "deposit") {
      row.deposits += one.amount;
    } else if (one.kind == "withdrawal") {
      row.withdrawals += -one.amount;
    } else if (one.kind == "fee") {
      (one.amount.value < 0 ? row.fees : row.rebates) +=
        one.amount.value < 0 ? -one.amount : one.amount;
    } else {
      (one.amount.value < 0 ? row.sold : row.bought) +=
        one.amount.value < 0 ? -one.amount : one.amount;
    }
  }
  return row;
}

std::string text_of(const statement_row& row) {
  std::string out = row.asset;
  for (const auto amount : {row.opening, row.deposits, row.withdrawals, row.bought, row.sold,
                            row.fees, row.rebates, row.closing})
    out += " " + std::to_string(amount.value);
  return out;
}

bool is_empty(const statement_row& row) {
  return text_of(row) == row.asset + " 0 0 0 0 0 0 0 0";
}

} // namespace

TEST_CASE("statement: any period is the sum of its ledger entries, from marks and walks") {
  temporary_directory home;
  auto script = random_trading(5, 6'000);
  auto into = open_projector(home.path());
  into->project(0, 1, script.rows());
  const auto models = open_read_models(home.path());
  std::mt19937_64 from(3);
  std::uint64_t compared = 0, longest = 0;
  for (std::uint64_t number = 1; number <= 5; ++number) {
    const account_id account{number};
    const auto ledger = whole_ledger(*models, account);
    longest = std::max<std::uint64_t>(longest, ledger.size());
    REQUIRE(!ledger.empty());
    const auto first = ledger.back().at.value, last = ledger.front().at.value;
    for (int i = 0; i < 60; ++i) {
      auto at = [&] {
        return timestamp_ns{
          first - 2 +
          static_cast<std::int64_t>(from() % static_cast<std::uint64_t>(last - first + 5))};
      };
      auto start = i == 0 ? timestamp_ns{} : at(), end = i == 0 ? timestamp_ns{INT64_MAX} : at();
      if (end < start) std::swap(start, end);
      if (i % 7 == 1) start = ledger[from() % ledger.size()].at; // exactly when one was booked
      if (i % 7 == 2) end = ledger[from() % ledger.size()].at;
      if (end < start) continue;
      const auto rows = models->statement_of(account, start, end);
      for (const auto* asset : {"BTC", "ETH", "USDT"}) {
        const auto slow = slow_statement(ledger, asset, start, end);
        const auto found = std::find_if(
          rows.begin(), rows.end(), [&](const statement_row& one) { return one.asset == asset; });
        CAPTURE(account.value);
        CAPTURE(start.value);
        CAPTURE(end.value);
        if (found == rows.end()) {
          CHECK(is_empty(slow));
          continue;
        }
        CHECK(text_of(*found) == text_of(slow));
        CHECK(found->opening + found->deposits - found->withdrawals + found->bought - found->sold -
                found->fees + found->rebates ==
              found->closing);
        ++compared;
      }
    }
    // The whole of it is what the account has.
    for (const auto& balance : models->balances(account)) {
      const auto rows = models->statement_of(account, {}, {INT64_MAX});
      const auto found = std::find_if(rows.begin(), rows.end(), [&](const statement_row& one) {
        return one.asset == balance.asset;
      });
      REQUIRE(found != rows.end());
      CHECK(found->closing == balance.available + balance.hold);
    }
  }
  CHECK(compared > 500);
  CHECK(longest > 2 * account_flows::marks_every); // marks were needed
}

TEST_CASE("statement: an account that nothing moved has none") {
  temporary_directory home;
  const auto into = open_projector(home.path());
  const auto models = open_read_models(home.path());
  CHECK(models->statement_of({77}, {}, {INT64_MAX}).empty());
}

TEST_CASE("statement: flows are read back, and damage is noticed") {
  account_flows flows;
  transferred one;
  one.kind = transfer_kind::deposit;
  one.asset = "BTC";
  one.amount = {5};
  flows.add({1, 0, 0, 1, {7}, {1}, one});
  std::string bytes;
  flows.encode(bytes);
  account_flows copy;
  REQUIRE(copy.decode(bytes));
  CHECK(copy.entries() == 1);
  CHECK(copy.assets().at("BTC").sum() == 5);
  bytes.pop_back();
  CHECK_FALSE(copy.decode(bytes));
  CHECK(copy.entries() == 1);
}

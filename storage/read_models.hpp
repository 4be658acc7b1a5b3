// storage/read_models.hpp: what lists and reports read: users, final orders, executions, balances,
// ledger entries, transfers. Rebuildable.
//
// The room: DATA/read.sqlite, WAL, synchronous=OFF, one writer (the projector's thread), any number
// of readers each with a connection of its own. Derived from the journal only: dropping the file
// and projecting again gives the same rows.
#pragma once

#include "domain/account_events.hpp"
#include "domain/user_events.hpp"
#include "storage/journal.hpp"
#include "storage/record.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace rialto::storage {

/// Rows of one shard that follow one another.
struct shard_rows {
  shard_id shard = 0;
  position first = 1;
  std::vector<std::string> blobs;
};

/// Applies journal rows in order; keeps a cursor per shard in the same file; a row seen twice
/// changes nothing. One thread at a time. Throws journal_error: nothing of that call was applied.
class projector {
public:
  virtual ~projector() = default;
  [[nodiscard]] virtual position cursor(shard_id shard) = 0;
  /// Projects rows (first is cursor + 1), all of them in one transaction; at most once each shard.
  virtual void project(const std::vector<shard_rows>& rows) = 0;
  void project(shard_id shard, position first, std::vector<std::string> blobs) {
    project({{shard, first, std::move(blobs)}});
  }
  /// Empties every table and cursor.
  virtual void reset() = 0;
  /// What an operator should know since the last call: that the file was damaged and begins anew.
  /// Empty: nothing.
  [[nodiscard]] virtual std::string note() { return {}; }
};
/// A file that is missing, damaged, of another version, or was open when the machine went down is
/// dropped: its cursors are 0 then. Throws journal_error when the directory cannot be written.
[[nodiscard]] std::unique_ptr<projector> open_projector(const std::string& data_directory);

/// A page is at most `limit` rows after `cursor` (the last page's `next`), newest first. next is
/// empty at the end.
struct page_request {
  std::string cursor;
  std::uint32_t limit = 100;
};
template <class Row>
struct page {
  std::vector<Row> rows;
  std::string next;
};

struct execution_row {
  std::uint64_t number = 0;
  account_id account;
  order_id order;
  market_id market;
  side way = side::buy;
  fill_view fill;
  std::string fee_asset;
};
/// One leg. `account` 0 for accounts without an entity, which `ledger_account` then names
/// ("fees/BTC").
struct ledger_row {
  std::uint64_t number = 0;
  std::string ledger_account;
  account_id account;
  std::string asset;
  amount_units amount;
  std::string kind;
  std::string reference;
  timestamp_ns at;
};
struct user_row {
  user_id user;
  std::string email;
  user_role role = user_role::trader;
  timestamp_ns created_at;
  user_status status = user_status::active;
  std::vector<account_ref> accounts;
};
/// A deposit or withdrawal that was booked.
struct transfer_row {
  account_id account;
  transfer_kind kind = transfer_kind::deposit;
  std::string asset;
  amount_units amount;
  std::string reference;
  timestamp_ns at;
};
struct balance_row {
  account_id account;
  std::string asset;
  amount_units available, hold;
};

/// One asset of a statement; opening + deposits - withdrawals + bought - sold - fees + rebates = closing. Balances are
/// available and on hold together; bought and sold are what trades brought and took, before fees.
struct statement_row {
  std::string asset;
  amount_units opening, deposits, withdrawals, bought, sold, fees, rebates, closing;
};

struct order_filter {
  account_id account;
  market_id market;
  std::optional<order_status> status;
};

class read_models {
public:
  virtual ~read_models() = default;
  [[nodiscard]] virtual std::optional<order_view>
  order(account_id account, order_id id) = 0; // final ones, fills included
  [[nodiscard]] virtual page<order_view>
  orders(const order_filter& filter, const page_request& page) = 0; // final ones, newest first
  [[nodiscard]] virtual page<execution_row> executions(account_id account, market_id market,
                                                       order_id order,
                                                       const page_request& page) = 0; // 0: all
  [[nodiscard]] virtual page<ledger_row> ledger(account_id account, std::string_view asset,
                                                const page_request& page) = 0; // "": all
  /// What was booked at or after `from` and before `to`, by asset; assets with neither movement nor balance are left
  /// out. Sums beyond the largest amount are capped.
  [[nodiscard]] virtual std::vector<statement_row>
  statement_of(account_id account, timestamp_ns from, timestamp_ns to) = 0;
  /// Those whose address contains `search` or whose number it is; "": all.
  [[nodiscard]] virtual page<user_row> users(std::string_view search, const page_request& page) = 0;
  [[nodiscard]] virtual page<transfer_row> transfers(account_id account, std::string_view asset,
                                                     const page_request& page) = 0; // 0, "": all
  [[nodiscard]] virtual std::vector<balance_row> balances(account_id account) = 0;
  [[nodiscard]] virtual std::vector<ledger_row>
  system_balances() = 0; // sum per ledger account without an entity
};
[[nodiscard]] std::unique_ptr<read_models> open_read_models(const std::string& data_directory);

} // namespace rialto::storage

// storage/projected_accounts.hpp: what the projector knows of accounts: the heads of their chains
// and their balances; and the sums of ledger accounts without an entity.
//
// The room: values in memory, loaded from the file at first touch and written back once per
// transaction, however many events touched them. At most `cached_max` accounts stay in memory
// between transactions. Owned by the projector.
#pragma once

#include "domain/ledger.hpp"
#include "storage/account_flows.hpp"
#include "storage/sqlite.hpp"

#include <unordered_map>

namespace rialto::storage {

using wide_sum = __int128;

class projected_accounts {
public:
  static constexpr std::size_t cached_max = 50'000;

  struct balance {
    std::string asset;
    wide_sum available = 0, hold = 0;
    bool is_dirty = false;
  };
  struct state {
    std::uint64_t last_order = 0, last_entry = 0;
    std::vector<balance> balances;
    account_flows flows;
    bool is_dirty = false;
  };

  explicit projected_accounts(database& file);

  void open(const account_opened& one);
  /// Valid until the next call of save() or forget(); marked as changed.
  [[nodiscard]] state& touch(account_id account);
  /// `one` has its id and follows the account's last entry.
  void book(account_id account, state& mine, const entry& one);
  /// Adds legs to the balances they name. Legs of an account are those of `mine`.
  void post(const std::vector<posting>& legs, state* mine);
  /// Writes what changed; within the transaction.
  void save();
  /// The transaction was rolled back: what is in memory is wrong.
  void forget();

private:
  void load_system();

  std::unordered_map<account_id, state> cached_; // order never matters: rows are keyed
  std::vector<account_id> dirty_;
  std::string bytes_; // of the flows at hand
  struct system_sum {
    wide_sum amount = 0;
    bool is_dirty = false;
  };
  std::map<std::pair<ledger_account, std::string>, system_sum> system_;
  statement insert_account_, load_account_, save_account_, load_balances_, save_balance_,
    insert_mark_, load_system_, save_system_;
};

/// A sum in two columns: low + 10^18 x high.
struct sum_columns {
  std::int64_t low = 0, high = 0;
};
[[nodiscard]] constexpr sum_columns columns_of(wide_sum sum) {
  constexpr wide_sum unit = 1'000'000'000'000'000'000;
  return {static_cast<std::int64_t>(sum % unit), static_cast<std::int64_t>(sum / unit)};
}
[[nodiscard]] constexpr wide_sum sum_of(sum_columns columns) {
  return wide_sum{columns.high} * 1'000'000'000'000'000'000 + columns.low;
}

} // namespace rialto::storage

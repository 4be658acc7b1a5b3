// storage/read_entries.hpp: what one row of `entries` is, for the side that writes and the side
// that reads.
#pragma once

#include "storage/read_models.hpp"

#include <string>
#include <vector>

namespace rialto::storage {

struct asset_pair {
  std::string base, quote;
};

enum class entry_kind : std::uint8_t { fill = 1, deposit = 2, withdrawal = 3 };

/// A row, as it is read back.
struct entry {
  std::uint64_t id = 0;             // rising over all accounts
  std::uint64_t previous = 0;       // the same account's entry before it
  std::uint64_t order_previous = 0; // the same order's fill before it
  std::uint64_t number = 0;         // of the event in the account's stream
  account_id account;
  timestamp_ns at;
  account_event happened; // fill_settled or transferred; `released` and `is_last` are not kept
};

/// Its ledger entries: what it changed of what the account has, available and on hold together, and
/// each fee apart. They sum to the change of available + hold per asset.
[[nodiscard]] std::vector<ledger_row> ledger_rows_of(const entry& one);

/// The execution of a fill.
[[nodiscard]] execution_row execution_of(const entry& one);

} // namespace rialto::storage

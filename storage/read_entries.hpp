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

/// A fill or a transfer, as it is read back.
struct entry {
  std::uint64_t id = 0;             // rising over all accounts
  std::uint64_t previous = 0;       // the same account's entry before it
  std::uint64_t order_previous = 0; // the same order's fill before it
  std::uint64_t number = 0;         // of the event in the account's stream
  account_id account;
  timestamp_ns at;        // when the account booked it; never goes back within an account
  account_event happened; // fill_settled or transferred
};

/// Entries of one row: their ids follow one another from the row's.
class entry_pack {
public:
  static constexpr std::size_t entries_max = 32;

  /// Appends one; its id is known from its place.
  void add(const entry& one);
  [[nodiscard]] bool is_full() const { return count_ == entries_max; }
  [[nodiscard]] std::size_t count() const { return count_; }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }
  void clear();
  /// The entry with the highest id that is not above `id`, of the row that begins with `first`; empty if it is damaged.
  [[nodiscard]] static std::optional<entry> find(std::string_view bytes, std::uint64_t first,
                                                 std::uint64_t id);

private:
  std::string bytes_;
  std::size_t count_ = 0;
};

/// Its ledger entries: what it changed of what the account has, available and on hold together, and
/// each fee apart. They sum to the change of available + hold per asset.
[[nodiscard]] std::vector<ledger_row> ledger_rows_of(const entry& one);

/// The execution of a fill.
[[nodiscard]] execution_row execution_of(const entry& one);

} // namespace rialto::storage

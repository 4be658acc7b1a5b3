// storage/account_flows.hpp: what has come into and gone out of an account since its beginning, per asset and by
// reason. The difference of two of them is a statement.
//
// The projector adds each entry (a fill or a transfer) to its account's flows, keeps them in the account's row, and
// leaves a mark of them at every marks_every-th entry: so the flows up to any time are a mark and a walk over fewer
// entries than that. An entry counts when the account booked it (entry::at), which never goes back within an account.
//
// The flows of an asset sum to what the ledger says of it: deposits - withdrawals + bought - sold - fees + rebates is
// the sum of the account's ledger entries, and from the beginning the balance, available and on hold together.
#pragma once

#include "domain/wide_units.hpp"
#include "storage/read_entries.hpp"

#include <map>
#include <string>
#include <string_view>

namespace rialto::storage {

/// None is below 0. bought and sold are what trades brought and took of this asset, before fees.
struct asset_flows {
  wide_units deposits = 0, withdrawals = 0, bought = 0, sold = 0, fees = 0, rebates = 0;

  [[nodiscard]] wide_units sum() const {
    return deposits - withdrawals + bought - sold - fees + rebates;
  }
  asset_flows& operator-=(const asset_flows& other);
};

class account_flows {
public:
  static constexpr std::uint64_t marks_every = 256;

  void add(const entry& one);
  /// Entries added since the account's beginning.
  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  [[nodiscard]] bool is_at_mark() const { return entries_ != 0 && entries_ % marks_every == 0; }
  [[nodiscard]] const std::map<std::string, asset_flows, std::less<>>& assets() const {
    return assets_;
  }

  void encode(std::string& bytes) const;
  /// False: damaged, and nothing was read.
  [[nodiscard]] bool decode(std::string_view bytes);

private:
  asset_flows& of(std::string_view asset);

  std::uint64_t entries_ = 0;
  std::map<std::string, asset_flows, std::less<>> assets_;
};

} // namespace rialto::storage

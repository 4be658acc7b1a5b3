// domain/ledger.hpp: double entry. Which legs an event has, and the sums of all legs.
//
// The room: legs are derived from events alone, so the journal is the ledger. Accounts post their own
// legs, fills against clearing/MARKET; a market posts only what the house does. Fees, house, clearing and
// external have no entity: their balance is the sum of their postings.
//   G1  the legs of every event sum to zero per asset
//   G2  only fees, house, clearing and external may be negative
//   G3  with all links drained, clearing/MARKET is zero in every asset
#pragma once

#include "domain/account_events.hpp"
#include "domain/market_events.hpp"

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace rialto {

enum class ledger_kind : std::uint8_t {
  available = 1, // of account `number`
  hold = 2,      // of account `number`
  clearing = 3,  // of market `number`
  fees = 4,
  house = 5,
  external = 6 // where deposits come from and withdrawals go
};

struct ledger_account {
  ledger_kind kind = ledger_kind::external;
  std::uint64_t number = 0;
  friend auto operator<=>(const ledger_account&, const ledger_account&) = default;
};
/// "account/17/available", "account/17/hold", "clearing/3", "fees", "house", "external".
[[nodiscard]] std::string to_string(const ledger_account& one);

/// One leg: `amount` comes to (or, negative, leaves) an account. Never zero.
struct posting {
  ledger_account to;
  std::string asset;
  amount_units amount;
  friend bool operator==(const posting&, const posting&) = default;
};

[[nodiscard]] std::vector<posting> postings_of(const account_event& happened, account_id account);
/// The house's legs of a trade with it; users' legs are their accounts'.
[[nodiscard]] std::vector<posting> postings_of(const market_event& happened, market_id market,
                                               const std::string& base, const std::string& quote);

/// Sums of postings. Sums are 128 bits wide; what leaves is capped at the largest amount.
class ledger {
public:
  struct balance {
    ledger_account account;
    std::string asset;
    amount_units amount;
  };

  void post(const posting& one);
  void post(std::span<const posting> all) {
    for (const auto& one : all) post(one);
  }
  /// The first broken rule of G1 and G2, or empty.
  [[nodiscard]] std::string check() const;
  /// G3: the first clearing account that is not zero, or empty.
  [[nodiscard]] std::string check_drained() const;
  [[nodiscard]] amount_units balance_of(const ledger_account& account,
                                        const std::string& asset) const;
  /// By account, then asset; zero ones included.
  [[nodiscard]] std::vector<balance> balances() const;

private:
  std::map<std::pair<ledger_account, std::string>, __int128> sums_;
};

} // namespace rialto

// net/live/exchange_info.hpp: what an exchange says of its instruments, and what that is to ours.
//
// The room: pure; every byte is foreign. A new instrument gets the exchange's tick and the smallest lot, from its step upwards by powers of
// ten, that makes every notional exact; an existing one keeps tick and lot and takes limits.
//   E1  what comes out passes check(); what cannot is told by name and rule
//   E2  an operator's halt stays: only a halt of the exchange that we followed is lifted again
#pragma once

#include "domain/instrument.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

struct exchange_symbol {
  std::string symbol, base, quote;
  bool is_trading = false;
  std::int64_t tick8 = 0, step8 = 0; // 10^-8
  std::int64_t quantity_min8 = 0, quantity_max8 = 0, notional_min8 = 0;
};

/// The entry of `symbol` in an answer of GET /api/v3/exchangeInfo. Empty with the field and the rule it breaks in `why`.
[[nodiscard]] std::optional<exchange_symbol>
read_exchange_info(std::string_view body, std::string_view symbol, std::string& why);

/// The instrument to list (without its market id). Empty with the reason.
[[nodiscard]] std::optional<instrument> instrument_of(const exchange_symbol& told,
                                                      std::string& why);

/// `ours` with the exchange's limits. `was_trading`: what it said before; empty: nothing yet. `why` says what cannot be taken over and is
/// left as it is.
[[nodiscard]] instrument updated(const instrument& ours, const exchange_symbol& told,
                                 std::optional<bool> was_trading, std::string& why);

} // namespace rialto::net

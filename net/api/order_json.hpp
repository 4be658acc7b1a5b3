// net/api/order_json.hpp: orders, fills, balances and transfers as the native API shows them, and
// its words read back. Decimals are strings, times RFC 3339.
#pragma once

#include "actors/gate.hpp"
#include "domain/words.hpp"
#include "net/problem.hpp"
#include "storage/read_models.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

[[nodiscard]] std::optional<side> parse_side(std::string_view text);
[[nodiscard]] std::optional<order_type> parse_order_type(std::string_view text);
[[nodiscard]] std::optional<time_in_force> parse_time_in_force(std::string_view text);
[[nodiscard]] std::optional<stp_mode> parse_stp_mode(std::string_view text);
[[nodiscard]] std::optional<trigger_kind> parse_trigger_kind(std::string_view text);
[[nodiscard]] std::optional<peg_kind> parse_peg_kind(std::string_view text);
[[nodiscard]] std::optional<slicing_kind> parse_slicing_kind(std::string_view text);
[[nodiscard]] std::optional<market_status> parse_market_status(std::string_view text);
[[nodiscard]] std::optional<market_mode> parse_market_mode(std::string_view text);

/// A rejection as a problem that names the field it concerns.
[[nodiscard]] failure failure_of(const rejection& no);
[[nodiscard]] std::string_view field_of(reject_reason why);

/// Appends one order; an instrument that is no longer listed shows its numbers as null.
void put_order(std::string& out, const order_view& order, const actors::directory& markets);
[[nodiscard]] std::string order_json(const order_view& order, const actors::directory& markets);
[[nodiscard]] std::string orders_json(const std::vector<order_view>& orders,
                                      const actors::directory& markets);
void put_fill(std::string& out, const fill_view& fill, std::string_view fee_asset,
              const instrument& spec);
[[nodiscard]] std::string execution_json(const storage::execution_row& row,
                                         const actors::directory& markets);
[[nodiscard]] std::string ledger_json(const storage::ledger_row& row);
[[nodiscard]] std::string balances_json(const std::vector<balance_view>& balances);
[[nodiscard]] std::string transfer_json(const transfer_view& view);
[[nodiscard]] std::string user_json(const user_view& user);
[[nodiscard]] std::string accounts_json(const std::vector<account_ref>& accounts);
[[nodiscard]] std::string instrument_json(const actors::market_entry& entry);
/// 1000 ppm as "0.001".
[[nodiscard]] std::string format_rate(rate_ppm rate);

} // namespace rialto::net

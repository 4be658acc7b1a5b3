// net/api/money_json.hpp: positions, fees and statements as the native API shows them.
#pragma once

#include "actors/gate.hpp"
#include "net/json.hpp"
#include "storage/read_models.hpp"

#include <string>
#include <vector>

namespace rialto::net {

/// {"symbol":..,"quantity":..,"cost":..,"average_price":..,"realised_pnl":..,"mark_price":..,"market_value":..,
/// "unrealised_pnl":..}; the mark is the market's last price, or what it is best offered for as long as nothing has
/// traded. What needs a mark or a quantity is null without; an instrument that is no longer listed has no symbol.
[[nodiscard]] std::string position_json(const position_view& one, const actors::directory& markets);
[[nodiscard]] std::string positions_json(const std::vector<position_view>& all,
                                         const actors::directory& markets);
[[nodiscard]] std::string fee_tiers_json(const std::vector<fee_tier>& tiers);
/// What an account that has traded `volume` in 30 days pays in a market.
[[nodiscard]] std::string fees_json(amount_units volume, const instrument& spec);
[[nodiscard]] std::string statement_json(account_id account, timestamp_ns from, timestamp_ns to,
                                         const std::vector<storage::statement_row>& rows);

/// "0.001" is 1000 parts per million; may be negative. Empty: absent, or refused.
[[nodiscard]] std::optional<rate_ppm> take_rate(json_object& body, std::string_view name);
/// The body's fee_tiers, to be checked with the instrument; empty: absent, or refused.
[[nodiscard]] std::optional<std::vector<fee_tier>> take_fee_tiers(json_object& body);

} // namespace rialto::net

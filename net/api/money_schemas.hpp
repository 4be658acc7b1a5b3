// net/api/money_schemas.hpp: the shapes of fees, positions and statements.
//
// Read by schemas.cpp alone, which names every shape.
#pragma once

#include "net/api/routes.hpp"

namespace rialto::net::money_schemas {

using f = field_spec;

inline constexpr f fee_tier[] = {
  {"volume_min", "decimal", true,
   "Of this much of the quote asset, traded in 30 days (today and 29 before, UTC)."},
  {"maker_fee", "decimal", true, "Below 0: a rebate."},
  {"taker_fee", "decimal", true, ""}};
inline constexpr f position[] = {
  {"symbol", "string", true, "", true},
  {"quantity", "decimal", true, "Bought here and not sold, less fees."},
  {"cost", "decimal", true, "Of that quantity, in the quote asset."},
  {"average_price", "decimal", true, "Cost by quantity.", true},
  {"realised_pnl", "decimal", true, "What sells brought less what the sold cost; fees are in it."},
  {"mark_price", "decimal", true, "The market's last price.", true},
  {"market_value", "decimal", true, "Quantity at the mark.", true},
  {"unrealised_pnl", "decimal", true, "Market value less cost.", true}};
inline constexpr f fees[] = {
  {"symbol", "string", true, ""},
  {"quote", "string", true, ""},
  {"volume_30d", "decimal", true, "Traded in all markets of this quote asset."},
  {"tier", "integer", true, "Of the instrument's fee_tiers; 0: below the first."},
  {"maker_fee", "decimal", true, "Of the next order."},
  {"taker_fee", "decimal", true, "Of the next order."},
  {"next_tier", "fee_tier", true, "", true}};
inline constexpr f statement_asset[] = {
  {"asset", "string", true, ""},
  {"opening", "decimal", true, "Available and on hold together."},
  {"deposits", "decimal", true, ""},
  {"withdrawals", "decimal", true, ""},
  {"bought", "decimal", true, "What trades brought, before fees."},
  {"sold", "decimal", true, "What trades took."},
  {"fees", "decimal", true, ""},
  {"rebates", "decimal", true, ""},
  {"closing", "decimal", true,
   "opening + deposits - withdrawals + bought - sold - fees + rebates"}};
inline constexpr f statement[] = {
  {"account_id", "integer", true, ""},
  {"from", "time", true, ""},
  {"to", "time", true, ""},
  {"assets", "[]statement_asset", true, "Those that had or moved some."}};

} // namespace rialto::net::money_schemas

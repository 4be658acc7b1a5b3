// domain/outcome.hpp: what a command or link message leads to, besides events.
#pragma once

#include "domain/account_events.hpp"
#include "domain/market_events.hpp"
#include "domain/user_events.hpp"

#include <variant>

namespace rialto {

/// "No", with its reason. `order`: what is known of the order it concerns (id 0: none).
struct rejection {
  reject_reason reason = reject_reason::none;
  order_view order;
  RIALTO_FIELDS(reason, order)
};
/// No answer yet: a link message is on its way and its receiver answers. `order` travels with the
/// message (never journaled) so that the receiver can answer with what only the sender knows
/// (client_order_id, type, created_at).
struct forwarded {
  order_view order;
  RIALTO_FIELDS(order)
};
/// Done; nothing to tell.
struct done {
  RIALTO_NO_FIELDS()
};

using outcome =
  std::variant<done, forwarded, rejection, order_view, orders_view, balances_view, transfer_view,
               account_view, volumes_view, positions_view, guards_view, market_view, user_view,
               credentials_view, session_view, order_counts_view, api_key_view, api_keys_view>;

using publication = std::variant<account_publication, market_publication, user_publication>;

} // namespace rialto

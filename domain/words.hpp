// domain/words.hpp: one word for each enumerator that people and programs read: the API, the stream
// and the journal's dump spell it alike. Stable; empty for a number that is no enumerator.
#pragma once

#include "domain/account_events.hpp"
#include "domain/instrument.hpp"
#include "domain/order.hpp"
#include "domain/user_events.hpp"

#include <string_view>

namespace rialto {

[[nodiscard]] std::string_view to_text(side way);
[[nodiscard]] std::string_view to_text(order_type type);
[[nodiscard]] std::string_view to_text(time_in_force tif);
[[nodiscard]] std::string_view to_text(stp_mode mode);
[[nodiscard]] std::string_view to_text(trigger_kind kind);
[[nodiscard]] std::string_view to_text(peg_kind kind);
[[nodiscard]] std::string_view to_text(slicing_kind kind);
[[nodiscard]] std::string_view to_text(order_status status);
[[nodiscard]] std::string_view to_text(market_status status);
[[nodiscard]] std::string_view to_text(auction_cause why);
[[nodiscard]] std::string_view to_text(market_mode mode);
[[nodiscard]] std::string_view to_text(user_role role);
[[nodiscard]] std::string_view to_text(user_status status);
[[nodiscard]] std::string_view to_text(transfer_kind kind);
[[nodiscard]] std::string_view to_text(guard_kind kind);

} // namespace rialto

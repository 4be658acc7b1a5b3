// net/binance/user_events.hpp: what an account's owner is told, in Binance's words: executionReport,
// outboundAccountPosition, balanceUpdate, listStatus.
//
// The room: pure functions of durable publications. Everything in them comes from the same events as REST's answers.
//
//   U1  the reports of one order in the order of its events; then one position with the balances they left
//   U2  an order that its market refused in the step that placed it is REJECTED, and never was NEW
#pragma once

#include "actors/gate.hpp"
#include "net/binance/text.hpp"

#include <string>
#include <vector>

namespace rialto::net::binance {

/// The events of one account's publications, which left together, in order.
[[nodiscard]] std::vector<std::string>
user_events(const std::vector<const account_publication*>& news, const actors::directory& markets,
            timestamp_ns now, time_unit unit);

} // namespace rialto::net::binance

// app/bootstrap.hpp: what an empty data directory begins with: the administrator and the usual spot instruments.
#pragma once

#include "actors/gate.hpp"

#include <string>
#include <vector>

namespace rialto::app {

inline constexpr const char* admin_email = "admin@rialto.local";

/// BTCUSDT, ETHUSDT, BNBUSDT, SOLUSDT, XRPUSDT, ETHBTC with realistic ticks, lots and minimum notionals; `market` is not set.
[[nodiscard]] std::vector<instrument> usual_instruments(market_mode mode);

/// Requests that register the administrator and list the instruments; empty when the administrator exists.
/// A new password is written to DATA/admin-password before its hash is used.
[[nodiscard]] std::vector<actors::request>
first_requests(actors::gate& gate, const std::string& data_directory, market_mode mode);

} // namespace rialto::app

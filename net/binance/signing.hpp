// net/binance/signing.hpp: what a signature stands over, and when a signed request is in time.
//
// The room: pure functions over bytes and numbers; checking the signature itself is net/auth/api_keys'.
//
//   S1  a payload is the bytes as received, without the pair `signature` and one of its '&': nothing is decoded,
//       encoded or put in another order
//   S2  a request is in time iff timestamp < now + 1 s and now - timestamp <= recvWindow
#pragma once

#include "domain/money.hpp"
#include "net/binance/parameters.hpp"

#include <string>
#include <string_view>

namespace rialto::net::binance {

/// The payload of a request over HTTP: the query's bytes, then the form's.
[[nodiscard]] std::string payload_of(std::string_view query, std::string_view form);
/// The payload of a message: names in order, name=value joined by '&'; values as the message has them, strings without
/// quotes and non-ASCII bytes percent-encoded.
[[nodiscard]] std::string payload_of(const parameters& from);

struct time_window {
  timestamp_ns sent, until; // until: when the same request can no longer be in time
};
/// Reads timestamp and recvWindow. Look at params.ok() before using it.
[[nodiscard]] time_window take_window(parameters& params, timestamp_ns now);

} // namespace rialto::net::binance

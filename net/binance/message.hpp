// net/binance/message.hpp: one message of the WebSocket API: {"id":..,"method":..,"params":{..}}.
//
// The room: bytes in, names and texts out. Numbers keep the text they came in, because a signature stands over it.
//
//   J1  what is not one JSON object of this shape is a failure; nothing of it is used
//   J2  a value of params is a string, a number, true or false, or an array of strings as JSON text; others are refused
#pragma once

#include "net/binance/parameters.hpp"

namespace rialto::net::binance {

struct message {
  std::string id = "null"; // JSON text: an integer, a string or null
  std::string method;
  parameters params;
  std::optional<failure> why; // it is none
};

[[nodiscard]] message parse_message(std::string_view text);

} // namespace rialto::net::binance

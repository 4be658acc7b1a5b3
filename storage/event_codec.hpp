// storage/event_codec.hpp: one event to journal bytes and back, and to JSON for `journal dump`.
//
// An event is: u16 tag, u8 version, u32 length, fields in the order of RIALTO_FIELDS. Tags are
// never reused and a changed layout gets a new version; old versions stay readable
// (tests/storage/golden holds one file per version).
#pragma once

#include "domain/account_events.hpp"
#include "domain/bytes.hpp"
#include "domain/market_events.hpp"
#include "domain/user_events.hpp"

#include <string>
#include <string_view>

namespace rialto::storage {

void encode_event(const market_event& event, std::string& out);
void encode_event(const account_event& event, std::string& out);
void encode_event(const user_event& event, std::string& out);

/// False (and `in` failed) on an unknown tag, version or a bad length.
[[nodiscard]] bool decode_event(byte_reader& in, market_event& event);
[[nodiscard]] bool decode_event(byte_reader& in, account_event& event);
[[nodiscard]] bool decode_event(byte_reader& in, user_event& event);

/// {"event":"order_rested","order":{...},...}: every field by its name, password and token hashes
/// left out.
[[nodiscard]] std::string event_to_json(const market_event& event);
[[nodiscard]] std::string event_to_json(const account_event& event);
[[nodiscard]] std::string event_to_json(const user_event& event);

} // namespace rialto::storage

// domain/time_text.hpp: a timestamp as RFC 3339 text. Pure calendar arithmetic (proleptic
// Gregorian, UTC).
#pragma once

#include "domain/money.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rialto {

/// "2026-11-22T20:15:00.123456Z": microseconds, always UTC.
[[nodiscard]] std::string format_time(timestamp_ns at);
/// Reads "2026-11-22T20:15:00Z" with up to nine digits of a second's fraction. Empty if malformed, not UTC
/// ("Z"), no date of the calendar, or outside 1970 to 2261.
[[nodiscard]] std::optional<timestamp_ns> parse_time(std::string_view text);

} // namespace rialto

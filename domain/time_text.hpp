// domain/time_text.hpp: a timestamp as RFC 3339 text. Pure calendar arithmetic (proleptic
// Gregorian, UTC).
#pragma once

#include "domain/money.hpp"

#include <string>

namespace rialto {

/// "2026-11-22T20:15:00.123456Z": microseconds, always UTC.
[[nodiscard]] std::string format_time(timestamp_ns at);

} // namespace rialto

// actors/feed/mirror_commands.hpp: what a feed's news is to the market that mirrors it.
//
// The room: pure. Prices must be on the instrument's ticks; sizes are floored to its lots (so a level below a lot is an empty one); what does not
// fit is left out and counted, never rounded.
#pragma once

#include "actors/feed/feed_source.hpp"
#include "domain/instrument.hpp"
#include "domain/market_events.hpp"

namespace rialto::actors {

[[nodiscard]] const std::string& symbol_of(const feed_news& news);

/// Empty: the market takes nothing from it (tickers, statistics, a trade below a lot). Adds to `off_grid` what was left out.
[[nodiscard]] std::optional<market_command>
mirror_command(const feed_news& news, const instrument& spec, std::uint64_t& off_grid);

} // namespace rialto::actors

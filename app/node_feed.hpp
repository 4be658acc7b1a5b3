// app/node_feed.hpp: which source the settings mean, and what it must know of our markets.
#pragma once

#include "actors/feed/feed_source.hpp"
#include "actors/public_faces.hpp"
#include "app/live_market.hpp"
#include "runtime/clock.hpp"
#include "runtime/settings_list.hpp"
#include "storage/tape_store.hpp"

#include <memory>

namespace rialto::app {

/// What a live source needs of the node; outlives the source.
struct live_surroundings {
  runtime::node_clock& clock;
  live_market& market;
};

/// Throws std::runtime_error naming the setting and the file when a recording or a file of certificates cannot be read.
[[nodiscard]] std::unique_ptr<actors::feed_source> open_feed(const runtime::node_settings& settings,
                                                             const live_surroundings& live);

/// How the usual markets begin: mirrored where there is a feed.
[[nodiscard]] market_mode first_market_mode(const runtime::node_settings& settings);

/// A live source follows the markets that it is to mirror now; the others hold all that they have.
void follow_markets(actors::feed_source& source, const live_market& market,
                    const actors::directory& markets);

/// A simulated exchange takes up each of our markets where its tape ended, or at a usual price with a day of history behind it, so that
/// a first chart is not empty.
void introduce_market(actors::feed_source& source, const instrument& spec,
                      storage::tape_store& tape, actors::public_faces& faces, timestamp_ns now);

} // namespace rialto::app

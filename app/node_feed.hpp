// app/node_feed.hpp: which source the settings mean, and what it must know of our markets.
#pragma once

#include "actors/feed/feed_source.hpp"
#include "actors/public_faces.hpp"
#include "runtime/clock.hpp"
#include "runtime/settings_list.hpp"
#include "storage/tape_store.hpp"

#include <memory>

namespace rialto::app {

/// Throws std::runtime_error naming the setting and the file when a recording cannot be read.
[[nodiscard]] std::unique_ptr<actors::feed_source>
open_feed(const runtime::node_settings& settings);

/// A simulated exchange takes up each of our markets where its tape ended, or at a usual price with a day of history behind it, so that
/// a first chart is not empty.
void introduce_market(actors::feed_source& source, const instrument& spec,
                      storage::tape_store& tape, actors::public_faces& faces, timestamp_ns now);

} // namespace rialto::app

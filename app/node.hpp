// app/node.hpp: a node from its first start to its last sync. Wires the layers together and waits.
#pragma once

#include "runtime/settings_list.hpp"

#include <functional>

namespace rialto::app {

/// Told once, when the node answers requests, with the port it really got.
using listening_handler = std::function<void(const runtime::listen_address&)>;

/// Runs a node until SIGTERM or SIGINT. Returns the exit code of the program; throws what no restart of a
/// part could mend.
[[nodiscard]] int serve(const runtime::node_settings& settings, const listening_handler& listening);

} // namespace rialto::app

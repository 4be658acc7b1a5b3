// actors/command_kinds.hpp: what a command may do, told from its kind. No CAF.
#pragma once

#include "actors/gate.hpp"

namespace rialto::actors {

/// A user's or an administrator's command that may append; what only asks may be asked again, and is never of unknown fate. Feeds'
/// are not: house liquidity is not journaled.
[[nodiscard]] bool is_write(const entity_command& cmd);

} // namespace rialto::actors

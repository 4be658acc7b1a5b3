// net/api/list_body.hpp: the body of POST /api/v1/order-lists to a command.
#pragma once

#include "net/api/order_body.hpp"

namespace rialto::net {

/// Everything but the ids. Look at body.ok() before using it.
[[nodiscard]] place_list take_list(json_object& body, const actors::directory& markets);

} // namespace rialto::net

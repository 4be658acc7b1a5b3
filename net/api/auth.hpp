// net/api/auth.hpp: what other handlers need of logging in (auth.cpp).
#pragma once

#include "net/api/desk.hpp"

namespace rialto::net {

/// Starts a session of a user whose password was right, and answers with tokens.
void start_session_of(desk& at, const call_ptr& from, const credentials_view& known,
                      int status = 200);

} // namespace rialto::net

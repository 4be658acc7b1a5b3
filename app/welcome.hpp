// app/welcome.hpp: what a newcomer is told once the node listens.
#pragma once

#include "runtime/settings_list.hpp"

#include <string>

namespace rialto::app {

/// "http://127.0.0.1:8080"; an address that means "all of them" is shown as this machine.
[[nodiscard]] std::string web_address(const runtime::listen_address& at, bool is_tls);

/// How to log in, and three commands to try, ready to paste.
[[nodiscard]] std::string welcome_text(const runtime::listen_address& at,
                                       const runtime::node_settings& settings);

} // namespace rialto::app

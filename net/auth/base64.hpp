// net/auth/base64.hpp: base64 with its padding (RFC 4648 section 4), strictly back: one text per bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

/// Empty for a foreign character, wrong or missing padding, blanks, or spare bits that are not zero.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

} // namespace rialto::net

// net/auth/base64url.hpp: bytes to base64url without padding (RFC 4648 section 5), and strictly
// back: one text per bytes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

[[nodiscard]] std::string to_base64url(std::string_view bytes);
/// Empty for a foreign character, padding, blanks, an impossible length, or spare bits that are not
/// zero.
[[nodiscard]] std::optional<std::string> from_base64url(std::string_view text);

} // namespace rialto::net

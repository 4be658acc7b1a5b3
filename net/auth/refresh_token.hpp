// net/auth/refresh_token.hpp: what a client trades for the next access token: "USER-SESSION.SECRET".
//
// The secret is 256 random bits; only its SHA-256 is kept, so a read journal opens no session.
#pragma once

#include "domain/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

struct refresh_token {
  user_id user;
  std::uint64_t session = 0;
  std::string secret; // base64url of 32 bytes
};

[[nodiscard]] refresh_token make_refresh_token(user_id user, std::uint64_t session);
[[nodiscard]] std::string to_text(const refresh_token& token);
/// Empty unless it is spelt as to_text() would.
[[nodiscard]] std::optional<refresh_token> parse_refresh_token(std::string_view text);
/// What is stored and compared: SHA-256 of the secret in lower-case hex.
[[nodiscard]] std::string hash_of(const refresh_token& token);

} // namespace rialto::net

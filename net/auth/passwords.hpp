// net/auth/passwords.hpp: which passwords and e-mail addresses are taken, and argon2id.
//
// Hashing and verifying cost tens of milliseconds and 64 MB: only on a worker thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

/// The rule a new password breaks ("must be 8 to 128 characters long"); empty if it is taken.
[[nodiscard]] std::string password_fault(std::string_view password, std::string_view email);

/// The address lower-cased; empty if it does not look like one (local@domain.tld, at most 254
/// characters, ASCII).
[[nodiscard]] std::optional<std::string> normal_email(std::string_view text);

/// argon2id with libsodium's interactive limits. Empty when there is not enough memory.
[[nodiscard]] std::optional<std::string> hash_password(std::string_view password);
/// The same work whether it is right or wrong.
[[nodiscard]] bool verify_password(const std::string& hash, std::string_view password);
/// Works as long as verify_password(), for an e-mail address nobody has.
void waste_time_like_verify(std::string_view password);

} // namespace rialto::net

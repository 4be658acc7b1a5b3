// net/auth/jwt.hpp: access tokens: JWT, HS256 only, made and read by ourselves.
//
// The room: strict on purpose. Only this node's issuer makes these tokens, so whatever it would not
// write is refused: another alg, any other header member (kid, jku, crit ...), duplicate members,
// missing or mistyped claims, non-canonical base64url. What a header says is never followed.
//
//   T1  a token is believed only if its MAC equals ours, compared in constant time
//   T2  the text of a token is unique: no other spelling of the same token is accepted
//   T3  secrets and tokens never reach a log line
#pragma once

#include "domain/user_events.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

struct access_claims {
  user_id user;
  std::uint64_t session = 0;
  user_role role = user_role::trader;
  std::int64_t issued_at_s = 0, expires_at_s = 0; // since the Unix epoch
  friend bool operator==(const access_claims&, const access_claims&) = default;
};

enum class token_fault : std::uint8_t { malformed, forged, expired, not_yet };

class token_signer {
public:
  static constexpr std::size_t token_bytes_max = 4'096;
  static constexpr std::size_t key_bytes_min = 32;
  static constexpr std::int64_t leeway_s = 5; // of iat and nbf: clocks of two nodes

  explicit token_signer(std::string key) : key_(std::move(key)) {}

  [[nodiscard]] std::string sign(const access_claims& claims) const;
  /// Empty with the fault when the token must not be believed at `now_s`.
  [[nodiscard]] std::optional<access_claims> verify(std::string_view token, std::int64_t now_s,
                                                    token_fault& fault) const;
  /// The MAC part for a header and payload; for tests that make foreign tokens.
  [[nodiscard]] std::string mac(std::string_view signed_part) const;

private:
  std::string key_;
};

} // namespace rialto::net

// Access tokens, refresh tokens and the base64url below them.
#include "net/auth/base64url.hpp"
#include "net/auth/jwt.hpp"
#include "net/auth/refresh_token.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace rialto::fuzz {

namespace {

using namespace rialto::net;

constexpr std::int64_t now_s = 1'700'000'300;

const token_signer& signer() {
  static const token_signer made("a key of this target, 32 bytes long");
  return made;
}

/// Whatever is believed says the same when this node writes it.
void check_claims(const access_claims& claims) {
  RIALTO_ASSERT(claims.user && claims.session != 0);
  RIALTO_ASSERT(claims.expires_at_s > now_s);
  RIALTO_ASSERT(claims.issued_at_s <= now_s + token_signer::leeway_s);
  RIALTO_ASSERT(claims.role == user_role::trader || claims.role == user_role::admin);
  token_fault fault{};
  RIALTO_ASSERT(signer().verify(signer().sign(claims), now_s, fault) == claims);
}

} // namespace

/// The input is a whole token. Only a corpus file with the right MAC is ever believed.
RIALTO_FUZZ_TARGET(access_token) {
  token_fault fault{};
  const auto claims = signer().verify(input, now_s, fault);
  if (!claims) return;
  check_claims(*claims);
  for (std::size_t i = 0; i < input.size(); ++i) { // T2: no other spelling
    auto other = std::string(input);
    other[i] = static_cast<char>(other[i] ^ 1);
    RIALTO_ASSERT(!signer().verify(other, now_s, fault));
  }
}

/// The input is the payload (or, before a first line break, the header) of a token with the right MAC.
RIALTO_FUZZ_TARGET(access_claims) {
  std::string_view header = R"({"alg":"HS256","typ":"at+jwt"})", payload = input;
  if (const auto line = input.find('\n'); line != std::string_view::npos) {
    header = input.substr(0, line);
    payload = input.substr(line + 1);
  }
  auto token = to_base64url(header) + "." + to_base64url(payload);
  token += "." + to_base64url(signer().mac(token));
  token_fault fault{};
  if (const auto claims = signer().verify(token, now_s, fault)) return check_claims(*claims);
  RIALTO_ASSERT(fault != token_fault::forged);
}

RIALTO_FUZZ_TARGET(base64url) {
  RIALTO_ASSERT(from_base64url(to_base64url(input)) == input);
  const auto bytes = from_base64url(input);
  if (bytes) RIALTO_ASSERT(to_base64url(*bytes) == input);
}

RIALTO_FUZZ_TARGET(refresh_token) {
  const auto token = parse_refresh_token(input);
  if (!token) return;
  RIALTO_ASSERT(to_text(*token) == input);
  RIALTO_ASSERT(token->user && token->session != 0);
  RIALTO_ASSERT(hash_of(*token).size() == 64);
}

} // namespace rialto::fuzz

#include "net/auth/jwt.hpp"

#include "net/auth/base64url.hpp"
#include "net/json.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <charconv>

namespace rialto::net {

namespace {

constexpr std::string_view header_json = R"({"alg":"HS256","typ":"at+jwt"})";
constexpr std::string_view issuer = "rialto", audience = "rialto-api";
constexpr std::int64_t time_max = 253'402'300'799; // 9999-12-31

std::string_view role_text(user_role role) {
  switch (role) {
  case user_role::trader: return "trader";
  case user_role::admin: return "admin";
  }
  return "";
}

/// A number in its only spelling; 0 if it is none.
std::uint64_t number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return 0;
  return (base == 16 ? fmt::format("{:x}", value) : fmt::format("{}", value)) == text ? value : 0;
}

bool is_our_header(std::string_view json) {
  json_reader reader;
  auto& header = reader.read(json);
  const auto alg = header.text("alg"), typ = header.text("typ");
  return header.done() && alg == "HS256" && typ == "at+jwt";
}

std::optional<access_claims> read_claims(std::string_view json, std::int64_t& not_before_s) {
  json_reader reader;
  auto& body = reader.read(json);
  const auto iss = body.text("iss"), aud = body.text("aud"), sub = body.text("sub"),
             sid = body.text("sid"), role = body.text("role");
  const auto iat = body.maybe_integer("iat", 1, time_max),
             nbf = body.maybe_integer("nbf", 1, time_max),
             exp = body.maybe_integer("exp", 1, time_max);
  if (!body.done() || !iat || !nbf || !exp || iss != issuer || aud != audience) return {};
  access_claims claims;
  claims.user = {number(sub, 10)};
  claims.session = number(sid, 16);
  claims.issued_at_s = *iat;
  claims.expires_at_s = *exp;
  not_before_s = *nbf;
  if (!claims.user || claims.session == 0) return {};
  if (role == role_text(user_role::admin))
    claims.role = user_role::admin;
  else if (role != role_text(user_role::trader))
    return {};
  return claims;
}

} // namespace

std::string token_signer::mac(std::string_view signed_part) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int bytes = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(signed_part.data()), signed_part.size(),
       digest.data(), &bytes);
  return {reinterpret_cast<const char*>(digest.data()), bytes};
}

std::string token_signer::sign(const access_claims& claims) const {
  const auto payload = fmt::format(
    R"({{"iss":"{}","aud":"{}","sub":"{}","sid":"{:x}","role":"{}","iat":{},"nbf":{},"exp":{}}})",
    issuer, audience, claims.user.value, claims.session, role_text(claims.role), claims.issued_at_s,
    claims.issued_at_s, claims.expires_at_s);
  auto token = to_base64url(header_json) + "." + to_base64url(payload);
  return token + "." + to_base64url(mac(token));
}

std::optional<access_claims> token_signer::verify(std::string_view token, std::int64_t now_s,
                                                  token_fault& fault) const {
  fault = token_fault::malformed;
  if (token.size() > token_bytes_max) return {};
  const auto first = token.find('.'), last = token.rfind('.');
  if (first == std::string_view::npos || first == last || token.find('.', first + 1) != last)
    return {};
  const auto header = from_base64url(token.substr(0, first));
  const auto payload = from_base64url(token.substr(first + 1, last - first - 1));
  const auto given = from_base64url(token.substr(last + 1));
  if (!header || !payload || !given || header->empty() || payload->empty()) return {};
  fault = token_fault::forged;
  const auto ours = mac(token.substr(0, last));
  if (given->size() != ours.size() || CRYPTO_memcmp(given->data(), ours.data(), ours.size()) != 0)
    return {};
  fault = token_fault::malformed;
  if (!is_our_header(*header)) return {};
  std::int64_t not_before_s = 0;
  const auto claims = read_claims(*payload, not_before_s);
  if (!claims) return {};
  fault = token_fault::expired;
  if (claims->expires_at_s <= now_s) return {};
  fault = token_fault::not_yet;
  if (not_before_s > now_s + leeway_s || claims->issued_at_s > now_s + leeway_s) return {};
  return claims;
}

} // namespace rialto::net

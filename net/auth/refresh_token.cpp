#include "net/auth/refresh_token.hpp"

#include "net/auth/base64url.hpp"

#include <fmt/format.h>
#include <openssl/sha.h>
#include <sodium.h>

#include <array>
#include <charconv>

namespace rialto::net {

namespace {

constexpr std::size_t secret_bytes = 32;

std::uint64_t number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

} // namespace

refresh_token make_refresh_token(user_id user, std::uint64_t session) {
  std::array<char, secret_bytes> random{};
  randombytes_buf(random.data(), random.size());
  return {user, session, to_base64url({random.data(), random.size()})};
}

std::string to_text(const refresh_token& token) {
  return fmt::format("{}-{:x}.{}", token.user.value, token.session, token.secret);
}

std::optional<refresh_token> parse_refresh_token(std::string_view text) {
  const auto dash = text.find('-'), dot = text.find('.');
  if (dash == std::string_view::npos || dot == std::string_view::npos || dash > dot) return {};
  refresh_token token;
  token.user = {number(text.substr(0, dash), 10)};
  token.session = number(text.substr(dash + 1, dot - dash - 1), 16);
  token.secret = text.substr(dot + 1);
  const auto secret = from_base64url(token.secret);
  if (!token.user || token.session == 0 || !secret || secret->size() != secret_bytes) return {};
  if (to_text(token) != text) return {};
  return token;
}

std::string hash_of(const refresh_token& token) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(token.secret.data()), token.secret.size(),
         digest.data());
  std::string hex;
  for (const auto byte : digest) fmt::format_to(std::back_inserter(hex), "{:02x}", byte);
  return hex;
}

} // namespace rialto::net

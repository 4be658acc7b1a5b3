#include "net/auth/secret_box.hpp"

#include "domain/assert.hpp"
#include "net/auth/base64url.hpp"

#include <sodium.h>

namespace rialto::net {

namespace {

unsigned char* bytes_of(std::string& text) {
  return reinterpret_cast<unsigned char*>(text.data());
}
const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

} // namespace

static_assert(secret_box::key_bytes == crypto_secretbox_KEYBYTES);

secret_box::secret_box(std::string_view key) : key_(key) {
  RIALTO_ASSERT(key.size() == key_bytes);
}

secret_box::~secret_box() {
  sodium_memzero(key_.data(), key_.size());
}

std::string secret_box::seal(std::string_view secret) const {
  std::string sealed(crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES + secret.size(), '\0');
  auto* const nonce = bytes_of(sealed);
  randombytes_buf(nonce, crypto_secretbox_NONCEBYTES);
  crypto_secretbox_easy(nonce + crypto_secretbox_NONCEBYTES, bytes_of(secret), secret.size(), nonce,
                        bytes_of(std::string_view(key_)));
  return to_base64url(sealed);
}

std::optional<std::string> secret_box::open(std::string_view sealed) const {
  const auto bytes = from_base64url(sealed);
  constexpr auto around = crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES;
  if (!bytes || bytes->size() < around) return {};
  std::string secret(bytes->size() - around, '\0');
  const auto* const nonce = bytes_of(std::string_view(*bytes));
  if (crypto_secretbox_open_easy(bytes_of(secret), nonce + crypto_secretbox_NONCEBYTES,
                                 bytes->size() - crypto_secretbox_NONCEBYTES, nonce,
                                 bytes_of(std::string_view(key_))) != 0)
    return {};
  return secret;
}

} // namespace rialto::net

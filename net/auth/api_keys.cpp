#include "net/auth/api_keys.hpp"

#include "net/auth/base64.hpp"

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <sodium.h>

#include <algorithm>
#include <array>

namespace rialto::net {

namespace {

constexpr int rsa_bits_min = 2'048, rsa_bits_max = 4'096, exponent_bits_max = 64;
constexpr std::size_t digest_bytes = 32;
constexpr std::string_view alphabet =
  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;
using digest_ptr = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;
using number_ptr = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_hmac_of(std::string_view secret, std::string_view message, std::string_view signature) {
  if (signature.size() != 2 * digest_bytes) return false;
  std::array<unsigned char, digest_bytes> given{}, ours{};
  for (std::size_t i = 0; i < digest_bytes; ++i) {
    const auto high = hex_value(signature[2 * i]), low = hex_value(signature[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    given[i] = static_cast<unsigned char>(high * 16 + low);
  }
  unsigned int made = 0;
  const auto* const done = HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                                bytes_of(message), message.size(), ours.data(), &made);
  return done != nullptr && made == digest_bytes &&
         CRYPTO_memcmp(given.data(), ours.data(), digest_bytes) == 0;
}

bool is_signature_of(EVP_PKEY* key, const EVP_MD* digest, std::string_view message,
                     std::string_view signature) {
  const auto bytes = from_base64(signature);
  if (!bytes || bytes->size() != static_cast<std::size_t>(EVP_PKEY_size(key))) return false;
  const digest_ptr context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  const bool is_right = context &&
                        EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
                        EVP_DigestVerify(context.get(), bytes_of(*bytes), bytes->size(),
                                         bytes_of(message), message.size()) == 1;
  ERR_clear_error();
  return is_right;
}

/// A public key in PEM and nothing else; null if it is none.
std::shared_ptr<EVP_PKEY> read_pem(std::string_view text) {
  if (!text.starts_with("-----BEGIN PUBLIC KEY-----")) return nullptr;
  const bio_ptr in(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free);
  std::shared_ptr<EVP_PKEY> key(
    in ? PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr) : nullptr, EVP_PKEY_free);
  ERR_clear_error();
  const auto end = text.find("-----END PUBLIC KEY-----");
  if (end == std::string_view::npos) return nullptr;
  const auto rest = text.substr(end + std::string_view("-----END PUBLIC KEY-----").size());
  if (rest.find_first_not_of("\r\n") != std::string_view::npos) return nullptr;
  return key;
}

std::string write_pem(EVP_PKEY* key) {
  const bio_ptr out(BIO_new(BIO_s_mem()), BIO_free);
  if (!out || PEM_write_bio_PUBKEY(out.get(), key) != 1) return {};
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string fault_of_rsa(EVP_PKEY* key) {
  const auto bits = EVP_PKEY_bits(key);
  if (bits < rsa_bits_min || bits > rsa_bits_max) return "must be an RSA key of 2048 to 4096 bits";
  BIGNUM* read = nullptr;
  const bool has_exponent = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &read) == 1;
  const number_ptr exponent(read, BN_free);
  ERR_clear_error();
  if (!has_exponent || BN_is_odd(exponent.get()) == 0 || BN_is_one(exponent.get()) != 0 ||
      BN_num_bits(exponent.get()) > exponent_bits_max)
    return "must be an RSA key with an odd public exponent of at least 3 and at most 64 bits";
  return {};
}

} // namespace

bool read_public_key(api_key& key) {
  if (key.type == api_key_type::hmac) return true;
  key.public_key = read_pem(key.secret);
  return key.public_key != nullptr;
}

bool verify_signature(const api_key& key, std::string_view message, std::string_view signature) {
  switch (key.type) {
  case api_key_type::hmac: return is_hmac_of(key.secret, message, signature);
  case api_key_type::ed25519:
    return key.public_key && is_signature_of(key.public_key.get(), nullptr, message, signature);
  case api_key_type::rsa:
    return key.public_key &&
           is_signature_of(key.public_key.get(), EVP_sha256(), message, signature);
  }
  return false;
}

std::string make_api_text() {
  std::string text;
  for (std::size_t i = 0; i < api_key_size; ++i)
    text += alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
  return text;
}

bool is_api_key(std::string_view text) {
  return text.size() == api_key_size && text.find_first_not_of(alphabet) == std::string_view::npos;
}

std::string claim_of_api_key(std::string_view key) {
  return std::string("api-key:").append(key);
}

std::string public_key_fault(api_key_type type, std::string& text) {
  const auto key = read_pem(text);
  if (!key) return "must be a public key in PEM (BEGIN PUBLIC KEY)";
  const auto kind = EVP_PKEY_base_id(key.get());
  if (type == api_key_type::ed25519 && kind != EVP_PKEY_ED25519) return "must be an Ed25519 key";
  if (type == api_key_type::rsa && kind != EVP_PKEY_RSA) return "must be an RSA key";
  if (type == api_key_type::rsa)
    if (auto fault = fault_of_rsa(key.get()); !fault.empty()) return fault;
  text = write_pem(key.get());
  return {};
}

} // namespace rialto::net

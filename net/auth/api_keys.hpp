// net/auth/api_keys.hpp: what a request signed with an API key must pass: its signature, its address.
//
// The room: an api_key is a record of the user's with the HMAC secret opened (secret_box.hpp); it lives in the
// edge's memory only and is never written to a log. Nothing here keeps state: any thread may ask.
//
//   K1  signatures are compared in constant time; a signature of another type than the key's is none
//   K2  hmac: hexadecimal, upper or lower case. ed25519, rsa (PKCS#1 v1.5, SHA-256): base64 in its one spelling
//   K3  an RSA key has 2048 to 4096 bits and a public exponent of 3 to 64 bits, so a check costs little
//   K4  a key without ip_allow may come from anywhere, one with it only from there
#pragma once

#include "domain/user_events.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct evp_pkey_st; // OpenSSL's

namespace rialto::net {

using rialto::api_key_type;
using rialto::api_scopes;

inline constexpr std::size_t api_key_size = 64, api_secret_size = 64;
inline constexpr std::size_t ip_allow_max = 20;
inline constexpr std::size_t public_key_bytes_max = 4'096;

struct api_key {
  std::string key, label;
  api_key_type type = api_key_type::hmac;
  api_scopes scopes;
  std::vector<std::string> ip_allow;
  timestamp_ns created_at, expires_at; // expires_at 0: never
  std::string secret;                  // hmac: in clear; else the public key as PEM. Never logged
  user_id user;
  account_id account;
  std::shared_ptr<evp_pkey_st> public_key{}; // read from `secret` by read_public_key()
};

/// Reads the public key once, for many signatures; false if `secret` is none. Nothing to do for hmac.
[[nodiscard]] bool read_public_key(api_key& key);

/// Whether `signature`, as text, is the key's of `message`; read_public_key() came before.
[[nodiscard]] bool verify_signature(const api_key& key, std::string_view message,
                                    std::string_view signature);
/// Whether requests with this key may come from this address ("127.0.0.1", "::1").
[[nodiscard]] bool allows_address(const api_key& key, std::string_view peer_address);

/// 64 random characters A-Z a-z 0-9, from the kernel: a key, or a secret.
[[nodiscard]] std::string make_api_text();
/// Whether a text could be a key: 64 characters A-Z a-z 0-9.
[[nodiscard]] bool is_api_key(std::string_view text);
/// The claim in the journal that leads from a key to its user.
[[nodiscard]] std::string claim_of_api_key(std::string_view key);

/// Why a text is no public key of that type, as the rest of a sentence; empty if it is one. Its one spelling is left
/// in `text`.
[[nodiscard]] std::string public_key_fault(api_key_type type, std::string& text);
/// Whether a text is an address or a network ("10.0.0.0/8", "2001:db8::/32") whose bits behind the prefix are zero.
[[nodiscard]] bool is_address_rule(std::string_view text);

} // namespace rialto::net

// net/auth/secret_box.hpp: seals what the journal must keep and nobody may read in it: the secrets of API keys.
//
// The room: XSalsa20 and Poly1305 (libsodium's secretbox) under the node's key, 32 bytes in the data directory's file
// secret-key. A sealed text says nothing of its content but its length; a changed one, or one of another key, does
// not open. Who loses the file loses the secrets of hmac keys, and nothing else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace rialto::net {

class secret_box {
public:
  static constexpr std::size_t key_bytes = 32;

  /// `key` has key_bytes bytes.
  explicit secret_box(std::string_view key);
  ~secret_box();
  secret_box(const secret_box&) = delete;
  secret_box& operator=(const secret_box&) = delete;

  /// Base64url text, another one each time.
  [[nodiscard]] std::string seal(std::string_view secret) const;
  /// Empty if it was not sealed with this key, or was changed since.
  [[nodiscard]] std::optional<std::string> open(std::string_view sealed) const;

private:
  std::string key_;
};

} // namespace rialto::net

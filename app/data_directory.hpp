// app/data_directory.hpp: the files of a node besides its databases: secrets that only its owner may read.
#pragma once

#include <string>

namespace rialto::app {

/// Makes the directory (mode 0700) where it is missing. Throws std::runtime_error with the path and the reason.
void make_data_directory(const std::string& path);

/// The content of a secret file, without its final newline; empty if there is none. Throws if others may read it.
[[nodiscard]] std::string read_secret(const std::string& path);
/// Writes a new file with mode 0600, synced. Throws if it exists.
void write_secret(const std::string& path, const std::string& text);

/// `bytes` random bytes as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);
/// A password of 24 letters and digits (142 bits), without look-alikes.
[[nodiscard]] std::string random_password();

/// The token key: the configured one, else DATA/token-key, else a new one written there. Throws if it is weak.
[[nodiscard]] std::string token_key(const std::string& configured,
                                    const std::string& data_directory);
/// Why a key is too weak to sign tokens with; empty if it is not.
[[nodiscard]] std::string weakness_of(const std::string& key);

} // namespace rialto::app

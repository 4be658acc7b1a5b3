// runtime/secret_file.hpp: secrets a node keeps in its data directory, readable by its user alone.
//
// The room: the token key, the key that seals other secrets, and the first password of the administrator. A file is there whole or not at
// all, on the disk before its name is used.
#pragma once

#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rialto::runtime {

/// what() names the file and what is wrong with it; never its content.
struct secret_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Random text of `bytes` bytes from the kernel, in hexadecimal: twice as many characters.
[[nodiscard]] std::string random_hex(std::size_t bytes);

/// Creates `path` with mode 0600. Throws secret_error; also if the file exists.
void write_secret_file(const std::string& path, std::string_view text);

/// The text without its line end; empty if there is no such file. Throws secret_error if others may read
/// the file, or if it holds more than 4 KiB.
[[nodiscard]] std::optional<std::string> read_secret_file(const std::string& path);

/// The key that signs access tokens: `configured` (checked with the settings) or DATA/token-key, made if
/// it is missing. Throws secret_error; also for a weak key in the file.
[[nodiscard]] std::string load_token_key(const std::string& data_directory,
                                         const std::string& configured);

/// The 32 bytes that seal the secrets of API keys in the journal: DATA/secret-key, made if it is missing. Throws
/// secret_error; also if the file holds something else than 64 hexadecimal digits.
[[nodiscard]] std::string load_secret_key(const std::string& data_directory);

} // namespace rialto::runtime

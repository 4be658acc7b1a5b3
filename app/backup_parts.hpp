// app/backup_parts.hpp: what a backup consists of, and its manifest.
#pragma once

#include <sodium.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace rialto::app {

inline constexpr std::string_view manifest_name = "manifest.json";
inline constexpr const char* secret_names[] = {"token-key", "secret-key", "admin-password"};

/// Whether a backup may have a file of this name (an entry's name leads nowhere else, then).
[[nodiscard]] bool is_part_name(const std::string& name);

struct backup_part {
  std::uint64_t bytes = 0;
  std::string sha256; // 64 hexadecimal digits
  friend bool operator==(const backup_part&, const backup_part&) = default;
};

struct backup_manifest {
  static constexpr std::uint32_t known_format = 1;
  std::string made_at, program;
  std::uint64_t rows = 0; // of the journal, archived ones included
  std::map<std::string, backup_part> parts;
};

[[nodiscard]] std::string to_json(const backup_manifest& manifest);
/// Throws std::runtime_error that says what is wrong with it.
[[nodiscard]] backup_manifest parse_manifest(const std::string& text);

/// SHA-256 of bytes as they come.
class running_sum {
public:
  running_sum();
  void add(std::string_view bytes);
  /// Once, at the end.
  [[nodiscard]] backup_part finish();

private:
  crypto_hash_sha256_state state_;
  std::uint64_t bytes_ = 0;
};

} // namespace rialto::app

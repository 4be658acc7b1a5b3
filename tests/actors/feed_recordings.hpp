// tests/actors/feed_recordings.hpp: where the feed tests find recorded data and chance, and where
// they write small recordings of their own.
#pragma once

#include "actors/feed/recording_reader.hpp"

#include <zlib.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

namespace rialto::tests {

/// The seeds to run: RIALTO_SEED alone, or 1 to `count`.
inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
  if (const char* one = std::getenv("RIALTO_SEED")) return {std::strtoull(one, nullptr, 10)};
  std::vector<std::uint64_t> made;
  for (std::uint64_t seed = 1; seed <= count; ++seed) made.push_back(seed);
  return made;
}

/// splitmix64.
class chance {
public:
  explicit chance(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    auto z = (state_ += 0x9e37'79b9'7f4a'7c15);
    z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
    z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
    return z ^ (z >> 31);
  }
  /// 0 .. bound - 1.
  std::size_t below(std::size_t bound) { return next() % bound; }

private:
  std::uint64_t state_;
};

/// A recorded file of binance_ws; empty if there is none on this machine.
inline std::string recorded(const std::string& name) {
  std::filesystem::path base;
  if (const char* data = std::getenv("RIALTO_DATA"))
    base = data;
  else if (const char* source = std::getenv("RIALTO_SOURCE_DIR"))
    base = std::filesystem::path(source) / "../shared/data";
  else
    base = std::filesystem::path(__FILE__).parent_path() / "../../../shared/data";
  const auto path = base / "binance_ws" / name;
  std::error_code failed;
  return std::filesystem::exists(path, failed) ? path.string() : std::string();
}

/// A directory that goes with its test.
class scratch {
public:
  scratch() {
    auto name = (std::filesystem::temp_directory_path() / "rialto-feed-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~scratch() { std::filesystem::remove_all(path_); }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }
  std::string write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  std::string write_gz(const std::string& name, const std::string& bytes) const {
    auto* const file = gzopen(path(name).c_str(), "wb");
    gzwrite(file, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(file);
    return path(name);
  }

private:
  std::filesystem::path path_;
};

} // namespace rialto::tests

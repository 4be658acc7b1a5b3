#include "runtime/secret_file.hpp"

#include "runtime/settings_list.hpp"

#include <fmt/format.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace rialto::runtime {

namespace {

constexpr std::size_t secret_bytes_max = 4'096;

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  throw secret_error(fmt::format("{}: {}", path, what));
}
[[noreturn]] void fail_with_errno(const std::string& path, std::string_view doing) {
  const auto* why = std::strerror(errno);
  fail(path, fmt::format("{}: {}", doing, why));
}

/// Closes on every way out.
struct open_file {
  int handle;
  ~open_file() {
    if (handle >= 0) close(handle);
  }
};

void write_all(int handle, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto written = write(handle, text.data(), text.size());
    if (written < 0 && errno != EINTR) fail_with_errno(path, "cannot be written");
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (fsync(handle) != 0) fail_with_errno(path, "cannot be synced");
}

} // namespace

std::string random_hex(std::size_t bytes) {
  std::vector<unsigned char> raw(bytes);
  std::size_t have = 0;
  while (have < bytes) {
    const auto got = getrandom(raw.data() + have, bytes - have, 0);
    if (got < 0 && errno != EINTR) fail_with_errno("getrandom", "no random bytes");
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  std::string text;
  for (const auto byte : raw) text += fmt::format("{:02x}", byte);
  return text;
}

void write_secret_file(const std::string& path, std::string_view text) {
  // Written aside and linked in place: the name never stands for half a secret, and link() refuses a
  // name that is taken.
  const auto aside = path + ".new-" + random_hex(4);
  {
    const open_file file{open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)};
    if (file.handle < 0) fail_with_errno(path, "cannot be created");
    try {
      write_all(file.handle, std::string(text) + '\n', path);
    } catch (...) {
      unlink(aside.c_str());
      throw;
    }
  }
  const auto failed = link(aside.c_str(), path.c_str());
  const auto why = errno;
  unlink(aside.c_str());
  errno = why;
  if (failed != 0) fail_with_errno(path, "cannot be created");
  const auto parent = std::filesystem::path(path).parent_path();
  const open_file directory{
    open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory.handle < 0 || fsync(directory.handle) != 0) {
    fail_with_errno(path, "its directory cannot be synced");
  }
}

std::optional<std::string> read_secret_file(const std::string& path) {
  const open_file file{open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.handle < 0) {
    if (errno == ENOENT) return std::nullopt;
    fail_with_errno(path, "cannot be read");
  }
  struct stat facts {};
  if (fstat(file.handle, &facts) != 0) fail_with_errno(path, "cannot be read");
  if ((facts.st_mode & 077) != 0) {
    fail(path, "is a secret that others may read; run: chmod 600 " + path);
  }
  std::array<char, secret_bytes_max + 1> buffer{};
  std::size_t have = 0;
  while (have < buffer.size()) {
    const auto got = read(file.handle, buffer.data() + have, buffer.size() - have);
    if (got < 0 && errno != EINTR) fail_with_errno(path, "cannot be read");
    if (got == 0) break;
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  if (have > secret_bytes_max) fail(path, "is longer than a secret may be");
  std::string text(buffer.data(), have);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

namespace {

constexpr std::size_t key_bytes = 32;

/// What the file holds; random digits if it is made now.
std::string read_or_make(const std::string& path) {
  auto key = read_secret_file(path);
  if (!key) {
    write_secret_file(path, random_hex(key_bytes));
    key = read_secret_file(path);
  }
  if (!key) fail(path, "vanished while it was being made");
  return *key;
}

} // namespace

std::string load_token_key(const std::string& data_directory, const std::string& configured) {
  if (!configured.empty()) return configured;
  const auto path = (std::filesystem::path(data_directory) / "token-key").string();
  const auto key = read_or_make(path);
  if (const auto why = weakness_of_key(key); !why.empty()) {
    fail(path, "the key " + why +
                 "; remove the file and the node makes a good one (everybody must "
                 "then log in again)");
  }
  return key;
}

std::string load_secret_key(const std::string& data_directory) {
  const auto path = (std::filesystem::path(data_directory) / "secret-key").string();
  const auto digits = read_or_make(path);
  std::string key;
  for (std::size_t at = 0; at + 1 < digits.size(); at += 2) {
    unsigned byte = 0;
    const auto [end, error] = std::from_chars(digits.data() + at, digits.data() + at + 2, byte, 16);
    if (error != std::errc{} || end != digits.data() + at + 2) break;
    key += static_cast<char>(byte);
  }
  if (digits.size() != 2 * key_bytes || key.size() != key_bytes)
    fail(
      path,
      "must hold 64 hexadecimal digits; put the right file back, or remove it and the node makes "
      "another (hmac API keys must then be made again)");
  return key;
}

} // namespace rialto::runtime

#include "app/data_directory.hpp"

#include <sodium.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>

namespace rialto::app {

namespace {
[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw std::runtime_error(path + ": " + what + ": " + std::strerror(errno));
}
} // namespace

void make_data_directory(const std::string& path) {
  std::error_code problem;
  std::filesystem::create_directories(std::filesystem::path(path).parent_path(), problem);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    fail(path, "the data directory cannot be made");
  if (!std::filesystem::is_directory(path))
    throw std::runtime_error(path + ": the data directory is a file");
  if (access(path.c_str(), R_OK | W_OK | X_OK) != 0)
    fail(path, "the data directory cannot be used");
}

std::string read_secret(const std::string& path) {
  struct stat about {};
  if (stat(path.c_str(), &about) != 0) {
    if (errno == ENOENT) return {};
    fail(path, "cannot be read");
  }
  if ((about.st_mode & 077) != 0)
    throw std::runtime_error(path + ": others may read this secret; run chmod 600 on it");
  std::ifstream in(path);
  std::string text;
  std::getline(in, text);
  if (!in && text.empty()) throw std::runtime_error(path + ": is empty or cannot be read");
  return text;
}

void write_secret(const std::string& path, const std::string& text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file < 0) fail(path, "cannot be written");
  const auto line = text + "\n";
  const bool written =
    write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()) && fsync(file) == 0;
  close(file);
  if (!written) {
    unlink(path.c_str());
    fail(path, "cannot be written");
  }
}

std::string random_hex(std::size_t bytes) {
  std::string raw(bytes, '\0'), text(bytes * 2 + 1, '\0');
  randombytes_buf(raw.data(), raw.size());
  sodium_bin2hex(text.data(), text.size(), reinterpret_cast<const unsigned char*>(raw.data()),
                 raw.size());
  text.pop_back();
  return text;
}

std::string random_password() {
  static constexpr char letters[] = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  std::string text;
  for (int i = 0; i < 24; ++i) text += letters[randombytes_uniform(sizeof letters - 1)];
  return text;
}

std::string weakness_of(const std::string& key) {
  if (key.size() < 32) return "auth.token-key: at least 32 characters";
  if (std::set<char>(key.begin(), key.end()).size() < 10)
    return "auth.token-key: too few different characters to be random";
  return {};
}

std::string token_key(const std::string& configured, const std::string& data_directory) {
  auto key = configured;
  const auto path = data_directory + "/token-key";
  if (key.empty()) key = read_secret(path);
  if (key.empty()) {
    key = random_hex(32);
    write_secret(path, key);
  }
  if (const auto why = weakness_of(key); !why.empty()) throw std::runtime_error(why);
  return key;
}

} // namespace rialto::app

#include "storage/data_lock.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace rialto::storage {

namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw journal_error(path + ": " + what + ": " + std::strerror(errno));
}

std::string holder_of(int file) {
  char text[32] = {};
  const auto size = ::pread(file, text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && (pid.back() < '0' || pid.back() > '9')) pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

} // namespace

void sync_directory(const std::string& directory) {
  const int opened = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (opened < 0) fail(directory, "cannot be opened");
  const int code = ::fsync(opened);
  const int reason = errno;
  ::close(opened);
  errno = reason;
  if (code != 0) fail(directory, "cannot be synced");
}

data_lock::data_lock(const std::string& directory) {
  if (::mkdir(directory.c_str(), 0700) == 0)
    sync_directory(std::filesystem::absolute(directory).parent_path().string());
  else if (errno != EEXIST)
    fail(directory, "the data directory cannot be created");
  const auto path = directory + "/lock";
  file_ = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  if (file_ < 0) fail(path, "cannot be opened");
  if (::flock(file_, LOCK_EX | LOCK_NB) != 0) {
    const bool is_held = errno == EWOULDBLOCK;
    const auto holder = is_held ? holder_of(file_) : std::string();
    const int reason = errno;
    ::close(file_);
    errno = reason;
    if (!is_held) fail(path, "cannot be locked");
    throw directory_in_use("data directory " + directory + " is in use by " + holder +
                           " (lock file " + path + ")");
  }
  // The number only serves the message above; a full disk must not keep a node from starting.
  const auto pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_, 0) == 0 && ::pwrite(file_, pid.data(), pid.size(), 0) < 0) errno = 0;
}

data_lock::~data_lock() {
  ::close(file_); // the file stays: removing it would let two processes lock two files of one name
}

} // namespace rialto::storage

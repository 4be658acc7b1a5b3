#include "actors/feed/recording_writer.hpp"

#include "actors/feed/binance_parser.hpp"

#include <zlib.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace rialto::actors {

namespace {

constexpr unsigned buffer_bytes = 131'072;

gzFile as_gz(void* file) {
  return static_cast<gzFile>(file);
}

std::string reason(int error) {
  return error == EEXIST ? "the file exists" : std::strerror(error);
}

} // namespace

std::unique_ptr<recording_writer> recording_writer::open(const std::string& path, existing how,
                                                         std::string& why) {
  const int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (how == existing::refuse ? O_EXCL : O_TRUNC);
  const int descriptor = ::open(path.c_str(), flags, 0644);
  if (descriptor < 0) {
    why = path + ": " + reason(errno);
    return nullptr;
  }
  // Zlib's own descriptor, which it closes; T: as it is, without compression.
  const int inner = fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
  auto* const file = inner < 0 ? nullptr : gzdopen(inner, path.ends_with(".gz") ? "wb6" : "wbT");
  if (file == nullptr) {
    why = path + ": " + (inner < 0 ? std::strerror(errno) : "not enough memory");
    if (inner >= 0) ::close(inner);
    ::close(descriptor);
    return nullptr;
  }
  gzbuffer(file, buffer_bytes);
  return std::unique_ptr<recording_writer>(new recording_writer(path, descriptor, file));
}

recording_writer::~recording_writer() {
  static_cast<void>(close());
}

recording_writer::result recording_writer::write(timestamp_ns received, std::string_view text) {
  if (file_ == nullptr || has_failed_) return result::failed;
  if (text.empty() || text.size() > feed_text_bytes_max ||
      text.find_first_of("\r\n") != std::string_view::npos)
    return result::refused;
  line_ = std::to_string(received.value);
  line_ += ' ';
  line_ += text;
  line_ += '\n';
  errno = 0;
  if (gzwrite(as_gz(file_), line_.data(), static_cast<unsigned>(line_.size())) !=
      static_cast<int>(line_.size())) {
    static_cast<void>(fail());
    return result::failed;
  }
  ++lines_;
  bytes_ += line_.size();
  return result::written;
}

bool recording_writer::flush() {
  if (file_ == nullptr || has_failed_) return false;
  errno = 0;
  return gzflush(as_gz(file_), Z_SYNC_FLUSH) == Z_OK || fail();
}

bool recording_writer::close() {
  if (file_ == nullptr) return !has_failed_;
  errno = 0;
  const int ended = gzclose(as_gz(std::exchange(file_, nullptr)));
  if (ended != Z_OK && !has_failed_) {
    why_ = path_ + ": " + (errno != 0 ? std::strerror(errno) : "its end cannot be written");
    has_failed_ = true;
  }
  // A pipe or a device knows no sync; everything else that cannot be synced may be lost.
  if (!has_failed_ && fsync(descriptor_) != 0 && errno != EINVAL && errno != EROFS) {
    why_ = path_ + ": " + std::strerror(errno);
    has_failed_ = true;
  }
  ::close(descriptor_);
  return !has_failed_;
}

/// Always false.
bool recording_writer::fail() {
  const int error = errno;
  int code = Z_OK;
  const char* words = gzerror(as_gz(file_), &code);
  why_ = path_ + ": " + (error != 0 ? std::strerror(error) : words);
  has_failed_ = true;
  return false;
}

} // namespace rialto::actors

#include "actors/feed/recording_reader.hpp"

#include "actors/feed/binance_parser.hpp"

#include <zlib.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>

namespace rialto::actors {

namespace {
constexpr std::size_t chunk_bytes = 65'536;
constexpr std::size_t line_bytes_max = feed_text_bytes_max + 64; // the text, and its receive time

gzFile as_gz(void* file) {
  return static_cast<gzFile>(file);
}
} // namespace

std::unique_ptr<recording_reader> recording_reader::open(const std::string& path,
                                                         std::string& why) {
  errno = 0;
  auto* const file = gzopen(path.c_str(), "rb");
  if (file == nullptr) {
    why = path + ": " + (errno != 0 ? std::strerror(errno) : "not enough memory");
    return nullptr;
  }
  gzbuffer(file, 2 * chunk_bytes);
  std::unique_ptr<recording_reader> made(new recording_reader(path, file));
  if (!made->fill() && !made->read_error_.empty()) { // a directory, an unreadable medium
    why = path + ": " + made->read_error_;
    return nullptr;
  }
  return made;
}

recording_reader::~recording_reader() {
  gzclose(as_gz(file_));
}

/// Reads one more chunk behind what is there. False at the end of what can be read.
bool recording_reader::fill() {
  if (is_at_end_) return false;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() < end_ + chunk_bytes) buffer_.resize(end_ + chunk_bytes);
  errno = 0;
  const auto count = gzread(as_gz(file_), buffer_.data() + end_, chunk_bytes);
  if (count > 0) end_ += static_cast<std::size_t>(count);
  int code = Z_OK;
  const char* words = gzerror(as_gz(file_), &code);
  if (code == Z_BUF_ERROR)
    read_error_ = "the compressed file ends early";
  else if (code == Z_ERRNO)
    read_error_ = std::strerror(errno);
  else if (code != Z_OK && code != Z_STREAM_END)
    read_error_ = std::string("cannot be read: ") + words;
  is_at_end_ = count <= 0 || !read_error_.empty();
  return count > 0;
}

recording_reader::result recording_reader::next(line& out) {
  std::size_t looked = 0;
  bool is_too_long = false;
  for (;;) {
    const auto* const from = buffer_.data() + begin_;
    const auto* const newline = static_cast<const char*>(
      end_ > begin_ + looked ? std::memchr(from + looked, '\n', end_ - begin_ - looked) : nullptr);
    if (newline != nullptr) {
      const std::string_view text(from, static_cast<std::size_t>(newline - from));
      begin_ += text.size() + 1;
      ++line_number_;
      if (is_too_long || text.size() > line_bytes_max) {
        why_ = here("the line is longer than 1 MiB");
        return result::broken;
      }
      if (text.empty() || text == "\r") {
        looked = 0;
        continue;
      }
      return read_line(text, false, out);
    }
    looked = end_ - begin_;
    if (looked > line_bytes_max) { // its bytes are thrown away, so memory stays bounded
      is_too_long = true;
      begin_ = end_;
      looked = 0;
    }
    if (fill()) continue;
    if (begin_ == end_ && !is_too_long) return end_of_file();
    const std::string_view text(buffer_.data() + begin_, end_ - begin_);
    begin_ = end_;
    ++line_number_;
    if (is_too_long) {
      why_ = here("the line is longer than 1 MiB");
      return result::broken;
    }
    return read_line(text, true, out);
  }
}

recording_reader::result recording_reader::end_of_file() {
  if (read_error_.empty() || has_told_end_) return result::end;
  has_told_end_ = true;
  why_ = here(read_error_);
  return result::ended_early;
}

recording_reader::result recording_reader::read_line(std::string_view text, bool is_cut,
                                                     line& out) {
  if (text.ends_with('\r')) text.remove_suffix(1);
  std::int64_t received = 0;
  const auto* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, received);
  if (error != std::errc() || received < 0 || at == end || *at != ' ') {
    why_ = here(is_cut ? "the file ends within this line"
                       : "must begin with the receive time in nanoseconds and a space");
    return result::broken;
  }
  out.received = {received};
  out.text = text.substr(static_cast<std::size_t>(at + 1 - text.data()));
  out.is_cut = is_cut;
  return result::line;
}

std::string recording_reader::here(std::string_view words) const {
  return path_ + ":" + std::to_string(line_number_) + ": " + std::string(words);
}

} // namespace rialto::actors

// actors/feed/recording_reader.hpp: one recording, plain or gz, line by line.
//
// The room: a line is "RECEIVE_TIME_NS JSON". Reads through zlib as a stream, so memory does not
// grow with the file. Every byte is foreign: a broken line is told with its number and skipped; a
// file that ends in the middle is told and read as far as it goes.
#pragma once

#include "domain/money.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::actors {

class recording_reader {
public:
  /// Opens `path`. Null with the reason in `why`, as "FILE: reason".
  [[nodiscard]] static std::unique_ptr<recording_reader> open(const std::string& path,
                                                              std::string& why);
  ~recording_reader();
  recording_reader(const recording_reader&) = delete;
  recording_reader& operator=(const recording_reader&) = delete;

  struct line {
    timestamp_ns received;
    std::string_view text; // valid until the next call
    bool is_cut = false;   // the file ends within it: no newline
  };
  /// broken: why() says what is wrong with this line. ended_early: the last one; why() says how.
  enum class result : std::uint8_t { line, broken, ended_early, end };
  [[nodiscard]] result next(line& out);

  /// "FILE:LINE: reason".
  [[nodiscard]] const std::string& why() const { return why_; }
  /// "FILE:LINE: " and the words, for a line whose text somebody else could not use.
  [[nodiscard]] std::string here(std::string_view words) const;

private:
  recording_reader(std::string path, void* file) : path_(std::move(path)), file_(file) {}
  [[nodiscard]] bool fill();
  [[nodiscard]] result read_line(std::string_view text, bool is_cut, line& out);
  [[nodiscard]] result end_of_file();

  std::string path_;
  void* file_; // gzFile; zlib stays out of this header
  std::vector<char> buffer_;
  std::size_t begin_ = 0, end_ = 0; // what is read and not yet handed out
  std::uint64_t line_number_ = 0;
  bool is_at_end_ = false, has_told_end_ = false;
  std::string read_error_;
  std::string why_;
};

} // namespace rialto::actors

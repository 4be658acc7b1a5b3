// actors/feed/recording_writer.hpp: writes what recording_reader reads: one line per received text, plain or gz.
//
// The room: the file and nothing else; time is a parameter. gz when the name ends in .gz.
//   W1  a file that is there is overwritten only if the caller says so
//   W2  every line is "RECEIVE_TIME_NS TEXT": a text with a line break, or above feed_text_bytes_max, is refused
//   W3  after a failure (a full disk) nothing more is written, and why() names the file and the reason
//   W4  after close() returned true the file is complete on its disk, a gz file with its trailer
#pragma once

#include "domain/money.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace rialto::actors {

class recording_writer {
public:
  enum class existing : std::uint8_t { refuse, overwrite };
  /// Null with the reason in `why`, as "FILE: reason".
  [[nodiscard]] static std::unique_ptr<recording_writer> open(const std::string& path, existing how,
                                                              std::string& why);
  ~recording_writer();
  recording_writer(const recording_writer&) = delete;
  recording_writer& operator=(const recording_writer&) = delete;

  /// refused: the text broke W2 and is not in the file. failed: see why().
  enum class result : std::uint8_t { written, refused, failed };
  [[nodiscard]] result write(timestamp_ns received, std::string_view text);
  /// Hands on what is buffered, so that a file whose writer is killed ends soon before that.
  [[nodiscard]] bool flush();
  /// Ends the file. False: it is not complete; why() says so.
  [[nodiscard]] bool close();

  [[nodiscard]] const std::string& why() const { return why_; }
  [[nodiscard]] std::uint64_t lines() const { return lines_; }
  /// Before compression.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

private:
  recording_writer(std::string path, int descriptor, void* file)
      : path_(std::move(path)), descriptor_(descriptor), file_(file) {}
  [[nodiscard]] bool fail();

  std::string path_;
  int descriptor_; // kept beside the one in file_, to sync after that has ended
  void* file_;     // gzFile; zlib stays out of this header. Null: closed
  bool has_failed_ = false;
  std::string line_;
  std::uint64_t lines_ = 0, bytes_ = 0;
  std::string why_;
};

} // namespace rialto::actors

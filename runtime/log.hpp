// runtime/log.hpp: one log per process, text for people or JSON lines for machines.
//
// The room: any thread writes a line and goes on; one thread of the log's own does the formatting and the
// writing. spdlog stays inside log.cpp.
//
//   G1  writing never blocks: when the queue is full the oldest lines are dropped and counted
//   G2  one line in the log is one line: control characters are written as escapes, long messages are cut
//   G3  secrets do not come in: what may hold one goes through redacted() first
//
// Before open_log() and after close_log() warnings and errors go to standard error at once, others nowhere.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace rialto::runtime {

enum class log_level : std::uint8_t { trace, debug, info, warning, error, off };
enum class log_format : std::uint8_t { text, json };

[[nodiscard]] std::string_view name_of(log_level level);
[[nodiscard]] std::optional<log_level> log_level_of(std::string_view name);

struct log_options {
  log_level level = log_level::info;
  log_format format = log_format::text;
  std::string file = {}; // empty: standard error
  std::size_t file_bytes_max = 64'000'000;
  std::size_t files_kept = 5;
  std::size_t queue_lines = 8'192;
};

/// The log file cannot be opened; what() says why.
struct log_failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Who speaks, and for which request: log_info({"http", id}, "..."), or log_info("journal", "...").
struct log_place {
  std::string_view part;
  std::string_view request = {};

  constexpr log_place(const char* part_name) : part(part_name) {} // NOLINT: meant to be implicit
  constexpr log_place(std::string_view part_name, std::string_view request_id)
      : part(part_name), request(request_id) {}
};

/// Throws log_failure. Not twice without close_log() between.
void open_log(const log_options& options);
/// Writes out what waits. No thread may be writing.
void close_log();
void set_log_level(log_level level);
[[nodiscard]] bool is_logged(log_level level);
/// Lines dropped because the queue was full.
[[nodiscard]] std::uint64_t log_lines_dropped();

void write_log(log_level level, const log_place& place, std::string_view message);

/// One finished line without its end, as the log would write it; `at_ns` since the Unix epoch.
[[nodiscard]] std::string format_log_line(log_format format, std::int64_t at_ns, log_level level,
                                          const log_place& place, std::string_view message);

/// `text` (JSON, a query, a header) with the values of passwords, tokens, keys and signatures blanked.
[[nodiscard]] std::string redacted(std::string_view text);

template <class... Args>
void log_line(log_level level, const log_place& place, fmt::format_string<Args...> pattern,
              Args&&... args) {
  if (is_logged(level)) write_log(level, place, fmt::format(pattern, std::forward<Args>(args)...));
}
template <class... Args>
void log_debug(const log_place& place, fmt::format_string<Args...> pattern, Args&&... args) {
  log_line(log_level::debug, place, pattern, std::forward<Args>(args)...);
}
template <class... Args>
void log_info(const log_place& place, fmt::format_string<Args...> pattern, Args&&... args) {
  log_line(log_level::info, place, pattern, std::forward<Args>(args)...);
}
template <class... Args>
void log_warning(const log_place& place, fmt::format_string<Args...> pattern, Args&&... args) {
  log_line(log_level::warning, place, pattern, std::forward<Args>(args)...);
}
template <class... Args>
void log_error(const log_place& place, fmt::format_string<Args...> pattern, Args&&... args) {
  log_line(log_level::error, place, pattern, std::forward<Args>(args)...);
}

} // namespace rialto::runtime

#include "runtime/log.hpp"

#include "domain/assert.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <chrono>
#include <memory>

namespace rialto::runtime {

namespace {

// A queued payload is "part US request US message"; the unit separator is in none of the first two.
constexpr char unit_separator = '\x1f';

spdlog::level::level_enum spdlog_level(log_level level) {
  switch (level) {
  case log_level::trace: return spdlog::level::trace;
  case log_level::debug: return spdlog::level::debug;
  case log_level::info: return spdlog::level::info;
  case log_level::warning: return spdlog::level::warn;
  case log_level::error: return spdlog::level::err;
  case log_level::off: break;
  }
  return spdlog::level::off;
}

log_level level_of(spdlog::level::level_enum level) {
  switch (level) {
  case spdlog::level::trace: return log_level::trace;
  case spdlog::level::debug: return log_level::debug;
  case spdlog::level::info: return log_level::info;
  case spdlog::level::warn: return log_level::warning;
  default: return log_level::error;
  }
}

class line_formatter final : public spdlog::formatter {
public:
  explicit line_formatter(log_format format) : format_(format) {}
  void format(const spdlog::details::log_msg& msg, spdlog::memory_buf_t& out) override {
    const std::string_view payload(msg.payload.data(), msg.payload.size());
    const auto first = payload.find(unit_separator);
    const auto second = payload.find(unit_separator, first + 1);
    const log_place place(payload.substr(0, first), payload.substr(first + 1, second - first - 1));
    const auto at = std::chrono::nanoseconds(msg.time.time_since_epoch()).count();
    const auto line =
      format_log_line(format_, at, level_of(msg.level), place, payload.substr(second + 1));
    out.append(line.data(), line.data() + line.size());
    out.push_back('\n');
  }
  [[nodiscard]] std::unique_ptr<spdlog::formatter> clone() const override {
    return std::make_unique<line_formatter>(format_);
  }

private:
  log_format format_;
};

/// Atomics only, so that any thread may ask before, while and after the log is open.
std::atomic<spdlog::async_logger*> open_logger{nullptr};
std::atomic<log_level> least{log_level::warning};
std::atomic<std::uint64_t> dropped_by_closed_logs{0};
std::shared_ptr<spdlog::async_logger> logger_kept; // touched by open_log() and close_log() only
std::shared_ptr<spdlog::details::thread_pool> pool_kept;

std::int64_t wall_ns() {
  return std::chrono::nanoseconds(std::chrono::system_clock::now().time_since_epoch()).count();
}

} // namespace

void open_log(const log_options& options) {
  RIALTO_ASSERT(open_logger.load() == nullptr);
  std::shared_ptr<spdlog::sinks::sink> sink;
  try {
    if (options.file.empty()) {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>(
        options.file, options.file_bytes_max, options.files_kept);
    }
  } catch (const spdlog::spdlog_ex& error) {
    throw log_failure(fmt::format("log.file: {}", error.what()));
  }
  pool_kept = std::make_shared<spdlog::details::thread_pool>(options.queue_lines, 1);
  logger_kept = std::make_shared<spdlog::async_logger>(
    "rialto", std::move(sink), pool_kept, spdlog::async_overflow_policy::overrun_oldest);
  logger_kept->set_formatter(std::make_unique<line_formatter>(options.format));
  logger_kept->set_level(spdlog::level::trace); // `least` decides
  logger_kept->flush_on(spdlog::level::warn);
  spdlog::register_logger(logger_kept);
  spdlog::flush_every(std::chrono::seconds(1));
  least = options.level;
  open_logger = logger_kept.get();
}

void close_log() {
  if (open_logger.exchange(nullptr) == nullptr) return;
  least = log_level::warning;
  dropped_by_closed_logs += pool_kept->overrun_counter();
  spdlog::drop("rialto");
  pool_kept.reset(); // the queue's thread still holds the logger while it writes out the rest
  for (const auto& sink : logger_kept->sinks()) sink->flush();
  logger_kept.reset();
}

void set_log_level(log_level level) {
  least = level;
}

bool is_logged(log_level level) {
  return level >= least.load(std::memory_order_relaxed) && level != log_level::off;
}

std::uint64_t log_lines_dropped() {
  const auto before = dropped_by_closed_logs.load();
  return open_logger.load() == nullptr ? before : before + pool_kept->overrun_counter();
}

void write_log(log_level level, const log_place& place, std::string_view message) {
  if (!is_logged(level)) return;
  auto* logger = open_logger.load(std::memory_order_acquire);
  if (logger == nullptr) {
    const auto line = format_log_line(log_format::text, wall_ns(), level, place, message) + '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
    return;
  }
  fmt::memory_buffer payload;
  for (const auto text : {place.part, place.request}) {
    for (const char c : text.substr(0, 128)) payload.push_back(c == unit_separator ? '?' : c);
    payload.push_back(unit_separator);
  }
  constexpr std::size_t message_bytes_max = 8'192;
  payload.append(message.substr(0, message_bytes_max));
  if (message.size() > message_bytes_max) payload.append(std::string_view(" (cut)"));
  logger->log(spdlog_level(level), spdlog::string_view_t(payload.data(), payload.size()));
}

} // namespace rialto::runtime

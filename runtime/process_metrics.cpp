#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics.hpp"

#include <dirent.h>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace rialto::runtime {

std::int64_t resident_bytes() {
  std::ifstream in("/proc/self/statm");
  std::int64_t all_pages = 0, resident_pages = 0;
  in >> all_pages >> resident_pages;
  return resident_pages * sysconf(_SC_PAGESIZE);
}

namespace {

std::uint64_t cpu_ms() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto ms = [](const timeval& at) { return at.tv_sec * 1'000 + at.tv_usec / 1'000; };
  return static_cast<std::uint64_t>(ms(used.ru_utime) + ms(used.ru_stime));
}

std::int64_t open_file_count() {
  auto* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  std::int64_t count = -3; // ".", ".." and the directory itself
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

} // namespace

void add_process_metrics(metrics_registry& metrics, const node_clock& clock) {
  metrics.add_read_gauge("process_resident_memory_bytes", "Memory of this process that is in RAM.",
                         resident_bytes);
  metrics.add_read_counter("process_cpu_ms", "CPU time used, user and system.", cpu_ms);
  metrics.add_read_gauge("process_open_fds", "Open files and sockets.", open_file_count);
  metrics.add_read_counter("log_lines_dropped_total",
                           "Log lines dropped because the queue was full.", log_lines_dropped);
  metrics.add_read_counter("clock_jumps_total",
                           "Forward jumps of the wall clock that were held back.",
                           [&clock] { return clock.jump_count(); });
  metrics.add_read_gauge("clock_held_back_ns",
                         "How far the wall clock stands ahead of the time in use.",
                         [&clock] { return clock.held_back_ns(); });
}

} // namespace rialto::runtime

// What the habits of a node cost on the hot path: a count, a timer, a look at the clock, a log line.
#include "runtime/clock.hpp"
#include "runtime/log.hpp"
#include "runtime/metrics.hpp"
#include "runtime/timer_queue.hpp"

#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

namespace {

using namespace rialto;
using namespace rialto::runtime;

/// Runs `work(i)` `count` times and prints nanoseconds a call; `result` keeps the work honest.
template <class Work>
void measure(const char* name, std::uint64_t count, Work&& work) {
  const auto begin = std::chrono::steady_clock::now();
  std::uint64_t result = 0;
  for (std::uint64_t i = 0; i < count; ++i) result += work(i);
  const auto taken = std::chrono::steady_clock::now() - begin;
  const auto ns = std::chrono::duration_cast<std::chrono::nanoseconds>(taken).count();
  std::printf("%-44s %8.1f ns  (%llu times, check %llu)\n", name,
              static_cast<double>(ns) / static_cast<double>(count),
              static_cast<unsigned long long>(count), static_cast<unsigned long long>(result));
}

} // namespace

int main(int argc, char** argv) {
  const bool is_small = argc > 1 && std::string_view(argv[1]) == "--small";
  const std::uint64_t count = is_small ? 10'000 : 10'000'000;

  metrics_registry metrics;
  auto& total = metrics.add_counter("bench_total", "Counted.");
  auto& spread = metrics.add_histogram("bench_ns", "Observed.");
  measure("metrics: counter::add", count, [&](std::uint64_t) {
    total.add();
    return 1;
  });
  measure("metrics: histogram::observe", count, [&](std::uint64_t i) {
    spread.observe(i * 37 % 10'000'000);
    return 1;
  });
  measure("metrics: the page of 2 metrics", is_small ? 10 : 1'000,
          [&](std::uint64_t) { return metrics.text().size(); });

  system_clock clock;
  measure("clock: now", count,
          [&](std::uint64_t) { return static_cast<std::uint64_t>(clock.now().value & 1); });

  constexpr std::uint64_t waiting = 100'000;
  timer_queue<std::uint64_t> timers(waiting + 1);
  std::vector<timer_queue<std::uint64_t>::fired> due;
  for (std::uint64_t i = 0; i < waiting; ++i) {
    (void)timers.schedule({static_cast<std::int64_t>(i * 7'919 % waiting)}, i);
  }
  measure("timer_queue: one due, one scheduled, of 100,000", count / 10, [&](std::uint64_t i) {
    due.clear();
    timers.take_due({INT64_MAX}, 1, due);
    (void)timers.schedule({static_cast<std::int64_t>(waiting + i * 7'919 % waiting)}, i);
    return due.size();
  });

  log_options options;
  options.file = "/dev/null";
  options.file_bytes_max = SIZE_MAX;
  options.level = log_level::info;
  open_log(options);
  measure("log: a line below the level", count, [&](std::uint64_t i) {
    log_debug({"bench", "r-1"}, "order {} of {}", i, count);
    return 1;
  });
  measure("log: a line, as the writing thread feels it", count / 20, [&](std::uint64_t i) {
    log_info({"bench", "r-1"}, "order {} of {}", i, count);
    return 1;
  });
  const auto dropped = log_lines_dropped();
  close_log();
  std::printf("log: lines dropped by the full queue meanwhile: %llu\n",
              static_cast<unsigned long long>(dropped));
  return 0;
}

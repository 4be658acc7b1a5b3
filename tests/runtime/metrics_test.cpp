#include "domain/assert.hpp"
#include "runtime/clock.hpp"
#include "runtime/metrics.hpp"

#include <doctest/doctest.h>

#include <stdexcept>
#include <thread>

using namespace rialto;
using namespace rialto::runtime;

namespace {

bool has_line(const std::string& page, const std::string& line) {
  return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("metrics: the page shows each kind in Prometheus' form") {
  metrics_registry metrics;
  metrics.add_counter("orders_total", "Orders accepted.", {{"side", "buy"}}).add(3);
  metrics.add_counter("orders_total", "Orders accepted.", {{"side", "sell"}}).add();
  metrics.add_gauge("queue_count", "Waiting.").set(-4);
  metrics.add_read_gauge("asked_bytes", "Asked.", [] { return std::int64_t{77}; });
  metrics.add_read_counter("asked_total", "Asked.", [] { return std::uint64_t{9'007'199}; });
  constexpr std::uint64_t bounds[] = {10, 20};
  auto& spread = metrics.add_histogram("append_latency_ns", "Appends.", bounds);
  for (const std::uint64_t value : {1U, 10U, 11U, 20U, 21U}) spread.observe(value);
  const auto page = metrics.text();
  for (const auto* line :
       {"# HELP orders_total Orders accepted.", "# TYPE orders_total counter",
        "orders_total{side=\"buy\"} 3", "orders_total{side=\"sell\"} 1", "# TYPE queue_count gauge",
        "queue_count -4", "asked_bytes 77", "asked_total 9007199",
        "# TYPE append_latency_ns histogram", "append_latency_ns_count 5",
        "append_latency_ns_sum 63", "append_latency_ns_bucket{le=\"10\"} 2",
        "append_latency_ns_bucket{le=\"20\"} 4", "append_latency_ns_bucket{le=\"+Inf\"} 5"}) {
    CAPTURE(line);
    CAPTURE(page);
    CHECK(has_line(page, line));
  }
}

TEST_CASE("metrics: the same name and labels in any order give the same metric") {
  metrics_registry metrics;
  auto& one = metrics.add_counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  auto& two = metrics.add_counter("a_total", "A.", {{"y", "2"}, {"x", "1"}});
  CHECK(&one == &two);
}

TEST_CASE("metrics: one name with two kinds, and a name Prometheus would refuse, are bugs") {
  const bool former = assert_throws(true);
  metrics_registry metrics;
  metrics.add_counter("a_total", "A.");
  CHECK_THROWS(metrics.add_gauge("a_total", "A."));
  CHECK_THROWS(metrics.add_gauge("a_total", "A.", {{"x", "1"}}));
  CHECK_THROWS(metrics.add_counter("A-b", "A."));
  constexpr std::uint64_t falling[] = {2, 1};
  CHECK_THROWS(metrics.add_histogram("b_ns", "B.", falling));
  assert_throws(former);
}

TEST_CASE("metrics: labels cannot grow without bound") {
  metrics_registry metrics;
  for (int i = 0; i < 2'000; ++i) {
    metrics.add_counter("a_total", "A.", {{"path", std::to_string(i)}}).add();
  }
  const auto page = metrics.text();
  CHECK(has_line(page, "a_total{path=\"other\"} 1500"));
  CHECK(has_line(page, "a_total{path=\"499\"} 1"));
  CHECK_FALSE(has_line(page, "a_total{path=\"500\"} 1"));
}

TEST_CASE("metrics: nothing is lost when many threads count while the page is made") {
  metrics_registry metrics;
  auto& total = metrics.add_counter("a_total", "A.");
  auto& spread = metrics.add_histogram("b_ns", "B.");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; i < 50'000; ++i) {
        total.add();
        spread.observe(i, 2);
      }
    });
  }
  for (int i = 0; i < 20; ++i) CHECK(metrics.text().find("a_total") != std::string::npos);
  for (auto& thread : threads) thread.join();
  CHECK(total.value() == 200'000);
  CHECK(spread.count() == 400'000);
  CHECK(spread.sum() == 4 * 2 * (49'999ULL * 50'000 / 2));
}

TEST_CASE("metrics: a label's foreign characters are escaped") {
  metrics_registry metrics;
  metrics.add_counter("a_total", "A.", {{"x", "q\"\\\nz"}}).add();
  CHECK(has_line(metrics.text(), "a_total{x=\"q\\\"\\\\\\nz\"} 1"));
}

TEST_CASE("metrics: the process tells its memory, CPU time, files and the jumps of its clock") {
  metrics_registry metrics;
  manual_clock clock;
  add_process_metrics(metrics, clock);
  clock.jump_wall(5'000'000'000);
  (void)clock.now();
  const auto page = metrics.text();
  const auto at = page.find("\nprocess_resident_memory_bytes ");
  REQUIRE(at != std::string::npos);
  CHECK(std::stod(page.substr(at + 31)) > 1e6);
  CHECK(has_line(page, "clock_jumps_total 1"));
  CHECK(has_line(page, "clock_held_back_ns 5000000000"));
  CHECK(page.find("\nlog_lines_dropped_total ") != std::string::npos);
  CHECK(page.find("\nprocess_cpu_ms ") != std::string::npos);
  CHECK(page.find("\nprocess_open_fds ") != std::string::npos);
}

// runtime/metrics.hpp: what a node counts, and the page Prometheus reads.
//
// The room: a metric is declared once with its name, unit last, and its sentence; whoever counts keeps the
// reference. Counting is one relaxed atomic addition and may happen on any thread; making the page takes a
// lock that counting never takes. prometheus-cpp writes the page and stays inside metrics.cpp.
//
//   N1  a reference from add_...() stays good as long as the registry lives
//   N2  the same name and labels give the same metric; the same name with another kind is a bug
//   N3  at most series_max label sets a name; further ones share one series whose labels are "other"
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rialto::runtime {

/// Only rises.
class counter {
public:
  void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  alignas(64) std::atomic<std::uint64_t> value_{
    0}; // a cache line of its own: counters of two threads do not meet
};

/// Rises and falls.
class gauge {
public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t by) { value_.fetch_add(by, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
  alignas(64) std::atomic<std::int64_t> value_{0};
};

/// Upper bounds for latencies: 1, 2, 5 times a power of ten from 1 us to 10 s.
inline constexpr std::array<std::uint64_t, 22> latency_bounds_ns = {
  1'000,         2'000,         5'000,         10'000,        20'000,      50'000,
  100'000,       200'000,       500'000,       1'000'000,     2'000'000,   5'000'000,
  10'000'000,    20'000'000,    50'000'000,    100'000'000,   200'000'000, 500'000'000,
  1'000'000'000, 2'000'000'000, 5'000'000'000, 10'000'000'000};
/// Upper bounds for sizes of batches and queues: powers of two to 65,536.
inline constexpr std::array<std::uint64_t, 17> size_bounds = {
  1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1'024, 2'048, 4'096, 8'192, 16'384, 32'768, 65'536};

/// How values spread over rising bounds.
class histogram {
public:
  static constexpr std::size_t bounds_max = 32;

  explicit histogram(std::span<const std::uint64_t> bounds);
  void observe(std::uint64_t value) { observe(value, 1); }
  /// `count` observations of one value, for a batch.
  void observe(std::uint64_t value, std::uint64_t count);
  [[nodiscard]] std::uint64_t count() const;
  [[nodiscard]] std::uint64_t sum() const { return sum_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::span<const std::uint64_t> bounds() const { return bounds_; }
  /// Observations at most bounds()[index] and above the bound before; the last index is beyond all bounds.
  [[nodiscard]] std::uint64_t count_of(std::size_t index) const {
    return counts_.at(index).load(std::memory_order_relaxed);
  }

private:
  std::vector<std::uint64_t> bounds_;
  std::array<std::atomic<std::uint64_t>, bounds_max + 1> counts_{};
  std::atomic<std::uint64_t> sum_{0};
};

using metric_labels = std::vector<std::pair<std::string, std::string>>;

class metrics_registry {
public:
  static constexpr std::size_t series_max = 500;

  metrics_registry();
  ~metrics_registry();
  metrics_registry(const metrics_registry&) = delete;
  metrics_registry& operator=(const metrics_registry&) = delete;

  counter& add_counter(std::string_view name, std::string_view help, metric_labels labels = {});
  gauge& add_gauge(std::string_view name, std::string_view help, metric_labels labels = {});
  histogram& add_histogram(std::string_view name, std::string_view help,
                           std::span<const std::uint64_t> bounds = latency_bounds_ns,
                           metric_labels labels = {});
  /// A counter or gauge that is asked when the page is made; `read` must be quick and may run on any thread.
  void add_read_counter(std::string_view name, std::string_view help,
                        std::function<std::uint64_t()> read, metric_labels labels = {});
  void add_read_gauge(std::string_view name, std::string_view help,
                      std::function<std::int64_t()> read, metric_labels labels = {});

  /// The page, in Prometheus' text format.
  [[nodiscard]] std::string text() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

class node_clock;

/// Memory of this process that is in RAM.
[[nodiscard]] std::int64_t resident_bytes();

/// Memory, CPU time, open files and dropped log lines of this process, and the jumps of its clock, read
/// when the page is made. The clock must outlive the registry.
void add_process_metrics(metrics_registry& metrics, const node_clock& clock);

} // namespace rialto::runtime

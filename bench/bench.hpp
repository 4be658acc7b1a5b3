// bench/bench.hpp: what a bench program needs: sizes for ctest and for real, medians, percentiles.
//
// A program is run as `NAME` (full) or `NAME --small` (a second at most, in ctest, so that it
// cannot rot), or `NAME --confirm`. It prints one line per measured thing: name, value, unit. Timings never fail a
// program; a wrong result does, with expect().
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::bench {

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

class program {
public:
  program(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      if (std::string_view(argv[i]) == "--small") {
        is_small_ = true;
      } else if (std::string_view(argv[i]) == "--confirm") {
        is_confirming_ = true;
      } else {
        std::fprintf(stderr, "usage: %s [--small] [--confirm]\n", argv[0]);
        std::exit(2);
      }
    }
  }
  [[nodiscard]] bool is_small() const { return is_small_; }
  /// What a slow obvious program must confirm is confirmed at full size too, which may take minutes.
  [[nodiscard]] bool is_confirming() const { return is_confirming_ || is_small_; }
  [[nodiscard]] std::int64_t parameter(std::int64_t small, std::int64_t full) const {
    return is_small_ ? small : full;
  }

  /// The median duration of `runs` calls; each call returns what one run took.
  template <class Run>
  [[nodiscard]] static std::int64_t median_ns(int runs, Run run) {
    std::vector<std::int64_t> took;
    for (int i = 0; i < runs; ++i) took.push_back(run());
    std::sort(took.begin(), took.end());
    return took[took.size() / 2];
  }
  template <class Call>
  [[nodiscard]] static std::int64_t time_ns(Call call) {
    const auto from = now_ns();
    call();
    return now_ns() - from;
  }

  static void report(std::string_view name, double value, std::string_view unit) {
    std::printf("%-44.*s %16.3f %.*s\n", static_cast<int>(name.size()), name.data(), value,
                static_cast<int>(unit.size()), unit.data());
  }
  static void report_rate(std::string_view name, std::int64_t count, std::int64_t took_ns) {
    report(name,
           static_cast<double>(count) * 1e3 /
             static_cast<double>(std::max(took_ns, std::int64_t{1})),
           "M/s");
  }
  /// p50, p99 and p99.9 of single durations; sorts them.
  static void report_percentiles(const std::string& name, std::vector<std::int64_t>& took) {
    if (took.empty()) return;
    std::sort(took.begin(), took.end());
    const auto at = [&](double part) {
      return static_cast<double>(
        took[static_cast<std::size_t>(static_cast<double>(took.size() - 1) * part)]);
    };
    report(name + " p50", at(0.5), "ns");
    report(name + " p99", at(0.99), "ns");
    report(name + " p99.9", at(0.999), "ns");
  }
  static void report_hash(std::string_view name, std::uint64_t hash) {
    std::printf("%-44.*s %16llx\n", static_cast<int>(name.size()), name.data(),
                static_cast<unsigned long long>(hash));
  }
  /// A wrong result is no measurement.
  static void expect(bool right, const char* what) {
    if (right) return;
    std::fprintf(stderr, "wrong result: %s\n", what);
    std::exit(1);
  }

private:
  bool is_small_ = false, is_confirming_ = false;
};

} // namespace rialto::bench

// Runs many seeds of the simulation and says how fast, and which seed broke what.
//
//   simulate [--seeds N] [--from K] [--jobs J]     (scripts/simulate builds it first)
//
// Each job is a process of its own with every J-th seed; a line per seed comes back through a pipe.
#include "tests/simulation/trading_session.hpp"

#include <algorithm>
#include <chrono>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

using namespace rialto;
using namespace rialto::simulation;

namespace {

struct wishes {
  std::uint64_t seeds = 1'000, from = 1, jobs = 1;
};

/// Empty: the words make no sense.
std::optional<wishes> read_words(int count, char** words) {
  wishes all;
  for (int i = 1; i < count; i += 2) {
    const std::string_view name = words[i];
    char* end = nullptr;
    const auto value = i + 1 < count ? std::strtoull(words[i + 1], &end, 10) : 0;
    if (value == 0 || *end != 0) return {};
    if (name == "--seeds")
      all.seeds = value;
    else if (name == "--from")
      all.from = value;
    else if (name == "--jobs")
      all.jobs = std::min<std::uint64_t>(value, 64);
    else
      return {};
  }
  return all;
}

/// One line: seed, simulated seconds, events, trades, then what broke first.
void run_seeds(const wishes& wanted, std::uint64_t job, std::FILE* out) {
  for (auto i = job; i < wanted.seeds; i += wanted.jobs) {
    const auto seed = wanted.from + i;
    trading_session session(stormy_session(seed));
    auto broken = session.run();
    if (broken.empty()) broken.emplace_back();
    std::replace(broken.front().begin(), broken.front().end(), '\n', ' ');
    std::fprintf(out, "%llu %.3f %llu %llu %s\n", static_cast<unsigned long long>(seed),
                 static_cast<double>(session.simulated_ns()) * 1e-9,
                 static_cast<unsigned long long>(session.surroundings().queue.events()),
                 static_cast<unsigned long long>(session.trades()), broken.front().c_str());
    std::fflush(out);
  }
}

struct totals {
  std::uint64_t seeds = 0, failed = 0, events = 0, trades = 0;
  double simulated_s = 0;
  std::chrono::steady_clock::time_point began = std::chrono::steady_clock::now();

  [[nodiscard]] double elapsed_s() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  }
  void print() const {
    const auto elapsed = std::max(elapsed_s(), 1e-3);
    std::printf("%llu seeds, %llu failed, %.1f seeds/s, %.0f simulated hours per minute (%.1f h), "
                "%llu events, %llu trades\n",
                static_cast<unsigned long long>(seeds), static_cast<unsigned long long>(failed),
                static_cast<double>(seeds) / elapsed, simulated_s / 60 / elapsed,
                simulated_s / 3'600, static_cast<unsigned long long>(events),
                static_cast<unsigned long long>(trades));
    std::fflush(stdout);
  }
};

void take_line(const std::string& line, totals& all) {
  unsigned long long seed = 0, events = 0, trades = 0;
  double simulated_s = 0;
  int read = 0;
  if (std::sscanf(line.c_str(), "%llu %lf %llu %llu %n", &seed, &simulated_s, &events, &trades,
                  &read) != 4)
    return;
  ++all.seeds;
  all.simulated_s += simulated_s;
  all.events += events;
  all.trades += trades;
  const auto broken = line.substr(static_cast<std::size_t>(read));
  if (broken.empty()) return;
  ++all.failed;
  std::printf("seed %llu: %s\n  again: RIALTO_SEED=%llu build/tests/simulation/simulation_tests "
              "-tc='*promises hold through*'   (RIALTO_TRACE=1 prints every event)\n",
              seed, broken.c_str(), seed);
  std::fflush(stdout);
}

} // namespace

int main(int count, char** words) {
  const auto wanted = read_words(count, words);
  if (!wanted) {
    std::fputs("usage: simulate [--seeds N] [--from K] [--jobs J]\n", stderr);
    return 2;
  }
  int ends[2] = {};
  if (pipe(ends) != 0) return 2;
  for (std::uint64_t job = 0; job < wanted->jobs; ++job) {
    if (fork() != 0) continue;
    close(ends[0]);
    std::FILE* out = fdopen(ends[1], "w");
    run_seeds(*wanted, job, out);
    std::fclose(out);
    _exit(0);
  }
  close(ends[1]);
  totals all;
  auto printed_s = 0.0;
  std::FILE* in = fdopen(ends[0], "r");
  std::string line;
  for (int c = std::fgetc(in); c != EOF; c = std::fgetc(in)) {
    if (c != '\n') {
      line += static_cast<char>(c);
      continue;
    }
    take_line(line, all);
    line.clear();
    if (all.elapsed_s() - printed_s < 5) continue;
    printed_s = all.elapsed_s();
    all.print();
  }
  std::fclose(in);
  bool crashed = false; // a job that died, on an assert, say
  for (int status = 0; wait(&status) > 0;) crashed = crashed || status != 0;
  all.print();
  if (crashed || all.seeds != wanted->seeds) std::puts("a job ended before its seeds did");
  return all.failed != 0 || crashed || all.seeds != wanted->seeds ? 1 : 0;
}

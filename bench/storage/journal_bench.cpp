// bench/storage/journal_bench.cpp: what a durable order costs in the journal, by orders per commit.
//
// An order is two records of about 150 bytes (an account's and a market's). Each line appends to a
// fresh journal with real syncs. "cpu" is what the thread itself spends: the cost per order on a
// busy core; the rest of the time it waits for the disk.
#include "bench/bench.hpp"
#include "storage/lane.hpp"
#include "storage/record.hpp"

#include <atomic>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <stdlib.h>
#include <sys/resource.h>
#include <thread>

using namespace rialto;
using namespace rialto::storage;
using bench::program;

namespace {

record record_of(entity_id stream, std::uint64_t number) {
  record made;
  made.stream = stream;
  made.first_event = number;
  made.at = {1'700'000'000'000'000'000 + static_cast<std::int64_t>(number)};
  made.event_count = 1;
  made.events.assign(105, static_cast<char>(number)); // 150 bytes with its frame
  return made;
}

std::string blob_of(std::uint64_t first_order, std::uint64_t orders) {
  blob_writer writer;
  for (auto at = first_order; at < first_order + orders; ++at) {
    writer.add(record_of(entity_id(account_id{1 + at % 64}), at));
    writer.add(record_of(entity_id(market_id{1}), at));
  }
  return writer.finish();
}

std::int64_t cpu_ns(int who) {
  rusage usage{};
  getrusage(who, &usage);
  const auto ns = [](const timeval& t) {
    return (static_cast<std::int64_t>(t.tv_sec) * 1'000'000 + t.tv_usec) * 1'000;
  };
  return ns(usage.ru_utime) + ns(usage.ru_stime);
}

void report(const std::string& name, std::uint64_t orders, std::uint64_t commits,
            std::int64_t took_ns, std::int64_t cpu) {
  const auto made = static_cast<double>(orders);
  const auto seconds = static_cast<double>(took_ns) / 1e9;
  program::report(name + ": commits", static_cast<double>(commits) / seconds, "/s");
  program::report(name + ": orders", made / seconds, "/s");
  program::report(name + ": time", seconds * 1e6 / made, "us/order");
  program::report(name + ": cpu", static_cast<double>(cpu) / 1e3 / made, "us/order");
}

class data_directory {
public:
  data_directory() {
    char name[] = "/tmp/rialto-bench-XXXXXX";
    if (::mkdtemp(name) == nullptr) throw std::runtime_error("no temporary directory");
    path = name;
  }
  ~data_directory() { std::filesystem::remove_all(path); }
  std::string path;
};

/// Appends of `per_commit` orders each, one after the other.
void bench_appends(std::uint64_t per_commit, std::uint64_t commits) {
  data_directory directory;
  const auto store = open_sqlite_journal(directory.path);
  const auto cpu_begun = cpu_ns(RUSAGE_THREAD);
  std::uint64_t bytes = 0;
  const auto took = program::time_ns([&] {
    for (std::uint64_t at = 0; at < commits; ++at) {
      journal_batch batch{{{0, 0, at, blob_of(at * per_commit + 1, per_commit)}}, {}};
      bytes += batch.rows[0].blob.size();
      program::expect(store->append(batch).result == append_result::accepted, "append");
    }
  });
  const auto name = "append " + std::to_string(per_commit) + " orders a commit";
  report(name, per_commit * commits, commits, took, cpu_ns(RUSAGE_THREAD) - cpu_begun);
  program::report(name + ": size",
                  static_cast<double>(bytes) / static_cast<double>(per_commit * commits),
                  "bytes/order");
}

/// One order a submission, `in_flight` of them at a time, through the lane's thread, while its log
/// is copied back every 100 ms as on a node.
void bench_lane(std::size_t in_flight, std::uint64_t orders) {
  data_directory directory;
  const auto store = open_sqlite_journal(directory.path);
  std::atomic<bool> stop{false}, was_refused{false};
  std::thread checkpoints([&] {
    while (!stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
      store->checkpoint_log();
    }
  });
  const auto cpu_begun = cpu_ns(RUSAGE_SELF);
  lane_statistics counted;
  const auto took = program::time_ns([&] {
    thread_lane lane(
      *store,
      [&](std::vector<notice>& notices) {
        for (const auto& one : notices)
          if (one.result != append_result::accepted) was_refused = true;
      },
      in_flight);
    const auto wait = [] { std::this_thread::sleep_for(std::chrono::microseconds(20)); };
    for (std::uint64_t at = 1; at <= orders; ++at) {
      submission one;
      one.batch.rows.push_back({0, 0, 0, blob_of(at, 1)});
      while (!lane.submit(one)) wait();
    }
    while (lane.waiting() > 0) wait();
    counted = lane.statistics();
  });
  const auto cpu = cpu_ns(RUSAGE_SELF) - cpu_begun;
  stop = true;
  checkpoints.join();
  program::expect(!was_refused, "a submission was refused");
  const auto name = "lane " + std::to_string(in_flight) + " in flight";
  report(name, orders, counted.commits, took, cpu);
  program::report(name + ": commit mean",
                  static_cast<double>(counted.commit_ns_total) /
                    static_cast<double>(counted.commits) / 1e3,
                  "us");
  program::report(name + ": commit max", static_cast<double>(counted.commit_ns_max) / 1e3, "us");
}

} // namespace

// What it throws ends the bench, loudly.
int main(int argc, char** argv) { // NOLINT(bugprone-exception-escape)
  const program bench(argc, argv);
  const auto scale = static_cast<std::uint64_t>(bench.parameter(1, 40));
  bench_appends(1, 50 * scale);
  bench_appends(8, 50 * scale);
  bench_appends(64, 20 * scale);
  bench_appends(512, 5 * scale);
  bench_lane(1, 50 * scale);
  bench_lane(64, 200 * scale);
  bench_lane(1'024, 1'000 * scale);
}

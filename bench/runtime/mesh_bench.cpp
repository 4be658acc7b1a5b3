// Frames between two nodes on loopback, each with its own actor_system: one way and there and back, TLS against plain.
#include "bench/bench.hpp"
#include "runtime/mesh/certificates.hpp"
#include "runtime/mesh/mesh.hpp"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <sys/resource.h>
#include <thread>

using namespace rialto;
using namespace rialto::runtime;
using rialto::bench::now_ns;

namespace {

struct node {
  caf::actor_system_config config;
  actor_registry registry;
  runtime::system_clock clock;
  std::unique_ptr<caf::actor_system> system;
  std::unique_ptr<mesh> links;

  node(cluster::incarnation id, const tls_files* files,
       decltype(mesh_callbacks::on_frame) on_frame) {
    configure_mesh(config);
    config.set("middleman.connection-timeout", caf::timespan(std::chrono::minutes(2)));
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
    mesh_options options{.cluster = "bench", .id = id, .name = "node-" + std::to_string(id)};
    options.is_plain = files == nullptr;
    if (files != nullptr) options.tls = *files;
    links = std::make_unique<mesh>(*system, actor_surroundings{registry, clock}, options,
                                   mesh_callbacks{std::move(on_frame), {}, {}});
  }
  [[nodiscard]] peer_address address(cluster::incarnation id) const {
    return {id, "node-" + std::to_string(id), "127.0.0.1:" + std::to_string(links->port())};
  }
};

/// Of this process, both nodes: what a busy machine does not distort.
std::int64_t cpu_ns() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto ns = [](const timeval& time) {
    return static_cast<std::int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_usec * 1'000;
  };
  return ns(used.ru_utime) + ns(used.ru_stime);
}

void insist(mesh& links, cluster::incarnation to, std::string_view frame) {
  while (!links.send(to, frame)) std::this_thread::sleep_for(std::chrono::microseconds(50));
}

void measure(const bench::program& program, const std::string& name, const tls_files* one_files,
             const tls_files* two_files) {
  std::atomic<std::uint64_t> heard{0}, heard_bytes{0};
  std::atomic<bool> is_echo{false};
  std::mutex lock;
  std::condition_variable wake;
  std::uint64_t answers = 0;
  mesh* back = nullptr;
  node one(1, one_files, [&](auto, std::string_view) {
    const std::lock_guard hold(lock);
    ++answers;
    wake.notify_one();
  });
  node two(2, two_files, [&](auto, std::string_view frame) {
    if (is_echo) {
      static_cast<void>(back->send(1, frame));
      return;
    }
    heard_bytes.fetch_add(frame.size(), std::memory_order_relaxed);
    heard.fetch_add(1, std::memory_order_release);
  });
  back = two.links.get();
  const std::vector<peer_address> all{one.address(1), two.address(2)};
  one.links->set_peers(all);
  two.links->set_peers(all);
  while (!one.links->is_connected(2) || !two.links->is_connected(1))
    std::this_thread::sleep_for(std::chrono::milliseconds(1));

  for (const std::size_t bytes : {100u, 1'000u, 64'000u}) {
    const auto frames =
      static_cast<std::uint64_t>(program.parameter(200, bytes < 10'000 ? 1'000'000 : 20'000));
    const std::string frame(bytes, 'x');
    const int runs = program.is_small() ? 1 : 3;
    const auto messages = one.links->statistics().links[0].messages_sent;
    const auto cpu = cpu_ns();
    const auto took = bench::program::median_ns(runs, [&] {
      heard = heard_bytes = 0;
      const auto from = now_ns();
      for (std::uint64_t i = 0; i < frames; ++i) insist(*one.links, 2, frame);
      while (heard.load(std::memory_order_acquire) < frames)
        std::this_thread::sleep_for(std::chrono::microseconds(50));
      bench::program::expect(heard_bytes == frames * bytes, "bytes were lost");
      return now_ns() - from;
    });
    const auto title = name + ", one way, " + std::to_string(bytes) + " bytes";
    bench::program::report_rate(title, static_cast<std::int64_t>(frames), took);
    bench::program::report(
      title, static_cast<double>(frames * bytes) * 1e3 / static_cast<double>(took), "MB/s");
    bench::program::report(
      title + ", frames a message",
      static_cast<double>(frames) * runs /
        static_cast<double>(one.links->statistics().links[0].messages_sent - messages),
      "");
    bench::program::report(title + ", CPU a frame",
                           static_cast<double>(cpu_ns() - cpu) / static_cast<double>(frames) / runs,
                           "ns");
  }

  is_echo = true;
  const auto cpu = cpu_ns();
  std::vector<std::int64_t> trips;
  const auto count = program.parameter(20, 20'000);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto from = now_ns();
    insist(*one.links, 2, "there and back");
    std::unique_lock hold(lock);
    wake.wait(hold, [&] { return answers == static_cast<std::uint64_t>(i) + 1; });
    trips.push_back(now_ns() - from);
  }
  bench::program::report(name + ", CPU a round trip",
                         static_cast<double>(cpu_ns() - cpu) / static_cast<double>(count), "ns");
  bench::program::report_percentiles(name + ", round trip", trips);
}

} // namespace

int main(int argc, char** argv) {
  const bench::program program(argc, argv);
  const auto folder =
    std::filesystem::temp_directory_path() / ("rialto-mesh-bench-" + std::to_string(now_ns()));
  make_authority((folder / "ca").string());
  const auto one = issue_certificate((folder / "ca").string(), "node-1", (folder / "1").string());
  const auto two = issue_certificate((folder / "ca").string(), "node-2", (folder / "2").string());
  measure(program, "plain", nullptr, nullptr);
  measure(program, "TLS", &one, &two);
  std::filesystem::remove_all(folder);
}

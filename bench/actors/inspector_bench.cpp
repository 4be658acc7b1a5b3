// What the inspector costs: a message while nobody looks and while somebody does; a node of 100,000 actors with steady traffic while nobody
// looks and with `top` open, which asks for nodes and the busiest actors each second.
#include "actors/inspector.hpp"
#include "bench/bench.hpp"
#include "runtime/tracked_actor.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <ctime>
#include <thread>

namespace {

using namespace rialto;
using namespace rialto::runtime;

struct ball {
  std::uint64_t left = 0;
};
struct peer {
  caf::actor who;
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(ball)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(peer)

namespace {

/// Sends the ball to the other until none is left, then counts the rally.
class player final : public tracked_actor {
public:
  player(caf::actor_config& config, actor_surroundings around, std::string name,
         std::atomic<std::uint64_t>& done)
      : tracked_actor(config, around, "account", std::move(name), "user/1"), done_(done) {}

protected:
  caf::behavior behave() override {
    return {
      [this](const peer& one) { other_ = one.who; },
      [this](const ball& one) {
        if (one.left > 0)
          send(other_, ball{one.left - 1});
        else
          ++done_;
      },
    };
  }
  void on_exit() override {
    other_ = nullptr;
    tracked_actor::on_exit();
  }

private:
  std::atomic<std::uint64_t>& done_;
  caf::actor other_;
};

std::int64_t process_cpu_ns() {
  timespec at{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &at);
  return at.tv_sec * std::int64_t{1'000'000'000} + at.tv_nsec;
}

struct playground {
  caf::actor_system_config config;
  actor_registry registry;
  system_clock clock;
  std::atomic<std::uint64_t> done{0};
  std::unique_ptr<caf::actor_system> system;
  std::vector<caf::actor> all;
  actors::inspector looks{{"bench", registry, clock, [] { return std::vector<caf::actor>{}; },
                           nullptr, nullptr, nullptr}};

  explicit playground(std::int64_t count) {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
    for (std::int64_t i = 0; i < count; ++i)
      all.push_back(system->spawn<player>(actor_surroundings{registry, clock},
                                          "account/" + std::to_string(i), std::ref(done)));
    for (std::size_t i = 0; i + 1 < all.size(); i += 2) {
      caf::anon_send(all[i], peer{all[i + 1]});
      caf::anon_send(all[i + 1], peer{all[i]});
    }
  }
  ~playground() {
    for (auto& one : all) caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
    all.clear();
    system->await_all_actors_done();
  }
  void rally(std::size_t first, std::uint64_t messages) {
    const auto before = done.load();
    caf::anon_send(all[first], ball{messages});
    while (done.load() == before) std::this_thread::sleep_for(std::chrono::microseconds(50));
  }
  void look() {
    static_cast<void>(looks.answer(R"({"query":"nodes"})", "bench"));
    static_cast<void>(looks.answer(R"({"query":"actors","sort":"cpu","limit":20})", "bench"));
  }
  /// Share of a processor while so many rallies of ten messages begin each millisecond, over `ms`.
  double load(std::int64_t ms, bool has_top) {
    std::atomic<bool> is_over{false};
    std::thread top;
    if (has_top)
      top = std::thread([&] {
        while (!is_over) { // paced as `rialto inspect top` does
          const auto began = bench::now_ns();
          look();
          const auto until =
            bench::now_ns() + std::max<std::int64_t>(1'000'000'000, 50 * (bench::now_ns() - began));
          while (!is_over && bench::now_ns() < until)
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
        }
      });
    const auto began = bench::now_ns(), cpu_began = process_cpu_ns();
    std::size_t next = 0;
    for (std::int64_t i = 0; i < ms; ++i) {
      for (int k = 0; k < 2; ++k) {
        caf::anon_send(all[next], ball{9});
        next = (next + 2) % (all.size() - 1);
        next -= next % 2;
      }
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(
        std::chrono::nanoseconds(began + (i + 1) * 1'000'000)));
    }
    const auto share = static_cast<double>(process_cpu_ns() - cpu_began) /
                       static_cast<double>(bench::now_ns() - began);
    is_over = true;
    if (top.joinable()) top.join();
    return share * 100;
  }
};

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

} // namespace

int main(int count, char** words) {
  const bench::program program(count, words);
  const auto actors = program.parameter(1'000, 100'000);
  const auto messages = static_cast<std::uint64_t>(program.parameter(2'000, 300'000));
  const int rounds = program.is_small() ? 3 : 15;
  playground ground(actors);

  std::vector<double> alone, watched;
  for (int i = 0; i < rounds; ++i) {
    // The lease of a watch before is over: nobody looks.
    ground.registry.end_watch_if_over(INT64_MAX);
    alone.push_back(static_cast<double>(program.time_ns([&] { ground.rally(0, messages); })) /
                    static_cast<double>(messages));
    ground.registry.watch(60);
    watched.push_back(static_cast<double>(program.time_ns([&] { ground.rally(0, messages); })) /
                      static_cast<double>(messages));
  }
  program.report("a message, nobody looks", median(alone), "ns");
  program.report("a message, somebody looks", median(watched), "ns");

  std::vector<double> look_ms;
  for (int i = 0; i < rounds; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(program.parameter(10, 600)));
    const auto cpu = process_cpu_ns();
    ground.look();
    look_ms.push_back(static_cast<double>(process_cpu_ns() - cpu) / 1e6);
  }
  program.report("one look of top at all actors", median(look_ms), "ms CPU");

  std::vector<double> plain, topped;
  for (int i = 0; i < (program.is_small() ? 1 : 5); ++i) {
    ground.registry.end_watch_if_over(INT64_MAX);
    plain.push_back(ground.load(program.parameter(100, 8'000), false));
    topped.push_back(ground.load(program.parameter(100, 8'000), true));
  }
  program.report("20,000 messages a second, nobody looks", median(plain), "% of a core");
  program.report("20,000 messages a second, top is open", median(topped), "% of a core");
  program.report("difference", median(topped) - median(plain), "% of a core");
  const auto answer = nlohmann::json::parse(
    ground.looks.answer(R"({"query":"actors","sort":"messages","limit":5})", "bench"));
  program.expect(answer.at("rows").size() == 5, "five rows");
  program.expect(answer.at("actors").get<std::int64_t>() == actors, "every actor is counted");
}

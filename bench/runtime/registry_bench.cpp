// What the actor registry costs: the same actors plain and tracked, messages back and forth, and starts and ends.
//
// The rounds of both kinds alternate, so that a machine that changes its speed changes both; medians are compared.
#include "runtime/tracked_actor.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <vector>

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

/// Sends the ball back until none is left, then ends and tells the other to end.
template <class Self>
caf::behavior play(Self* self, caf::actor& other) {
  return {
    [&other](const peer& one) { other = one.who; },
    [self, &other](const ball& one) {
      if (one.left > 0) return self->send(other, ball{one.left - 1});
      self->send_exit(other, caf::exit_reason::user_shutdown);
      self->quit();
    },
  };
}

class plain_player final : public caf::event_based_actor {
public:
  explicit plain_player(caf::actor_config& config) : caf::event_based_actor(config) {}
  caf::behavior make_behavior() override { return play(this, other_); }
  void on_exit() override { other_ = nullptr; }

private:
  caf::actor other_;
};

class tracked_player final : public tracked_actor {
public:
  tracked_player(caf::actor_config& config, actor_surroundings around, std::string name)
      : tracked_actor(config, around, "player", std::move(name), "bench") {}

protected:
  caf::behavior behave() override { return play(this, other_); }
  void on_exit() override {
    other_ = nullptr;
    tracked_actor::on_exit();
  }

private:
  caf::actor other_;
};

struct playground {
  caf::actor_system_config config;
  actor_registry registry;
  system_clock clock;
  std::unique_ptr<caf::actor_system> system;
  std::uint64_t names = 0;

  playground() {
    config.set("scheduler.policy", caf::atom("sharing"));
    config.set("scheduler.max-threads", std::size_t{1});
    system = std::make_unique<caf::actor_system>(config);
  }
  caf::actor player(bool is_tracked) {
    if (!is_tracked) return system->spawn<plain_player>();
    return system->spawn<tracked_player>(actor_surroundings{registry, clock},
                                         "player/" + std::to_string(++names));
  }
  /// Nanoseconds a message.
  double rally(bool is_tracked, std::uint64_t messages) {
    const auto one = player(is_tracked), two = player(is_tracked);
    caf::anon_send(one, peer{two});
    caf::anon_send(two, peer{one});
    const auto begin = std::chrono::steady_clock::now();
    caf::anon_send(one, ball{messages});
    system->await_all_actors_done();
    return since(begin) / static_cast<double>(messages);
  }
  /// Nanoseconds a start and end.
  double turnover(bool is_tracked, std::uint64_t actors) {
    const auto begin = std::chrono::steady_clock::now();
    for (std::uint64_t i = 0; i < actors; ++i)
      caf::anon_send_exit(player(is_tracked), caf::exit_reason::user_shutdown);
    system->await_all_actors_done();
    return since(begin) / static_cast<double>(actors);
  }
  static double since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin)
      .count();
  }
};

double median(std::vector<double> all) {
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2),
                   all.end());
  return all[all.size() / 2];
}

template <class Measure>
void compare(const char* name, int rounds, const Measure& measure) {
  std::vector<double> plain, tracked;
  for (int i = 0; i < rounds; ++i) {
    plain.push_back(measure(false));
    tracked.push_back(measure(true));
  }
  const double before = median(plain), after = median(tracked);
  std::printf("%-28s plain %8.1f ns  tracked %8.1f ns  difference %6.1f ns (%+.1f %%)\n", name,
              before, after, after - before, (after / before - 1) * 100);
}

} // namespace

int main(int count, char** words) {
  const bool is_small = count > 1 && std::string_view(words[1]) == "--small";
  playground ground;
  const int rounds = is_small ? 3 : 21;
  compare("a message", rounds,
          [&](bool is_tracked) { return ground.rally(is_tracked, is_small ? 2'000 : 200'000); });
  compare("an actor's start and end", rounds,
          [&](bool is_tracked) { return ground.turnover(is_tracked, is_small ? 500 : 20'000); });
}

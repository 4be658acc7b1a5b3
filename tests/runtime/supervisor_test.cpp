#include "runtime/supervisor.hpp"

#include <caf/scheduler/test_coordinator.hpp>
#include <doctest/doctest.h>

#include <memory>

using namespace rialto;
using namespace rialto::runtime;
using namespace std::chrono_literals;

namespace {

struct fail_now {};
struct are_you_there {};

/// Ends with an error when told to.
class fragile_actor : public tracked_actor {
public:
  fragile_actor(caf::actor_config& config, actor_surroundings around, std::string name,
                std::string parent)
      : tracked_actor(config, around, "fragile", std::move(name), std::move(parent)) {}

protected:
  caf::behavior behave() override {
    return {
      [](fail_now) { throw std::runtime_error("told to"); },
      [](are_you_there) { return 1; },
    };
  }
};

} // namespace

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(fail_now)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(are_you_there)

namespace {

struct fixture {
  caf::actor_system_config config;
  std::unique_ptr<caf::actor_system> system;
  caf::scheduler::test_coordinator* scheduler = nullptr;
  actor_registry registry;
  manual_clock clock;
  std::vector<std::string> started;
  caf::actor root;

  explicit fixture(restart_strategy strategy, restart_limits limits = {}) {
    config.set("scheduler.policy", caf::atom("testing"));
    system = std::make_unique<caf::actor_system>(config);
    scheduler = &dynamic_cast<caf::scheduler::test_coordinator&>(system->scheduler());
    supervisor_spec spec{"floor", strategy, {}};
    for (const std::string id : {"one", "two", "three"})
      spec.children.push_back(
        {id,
         [this, id](caf::event_based_actor& parent) {
           started.push_back(id);
           return parent.spawn<fragile_actor>(actor_surroundings{registry, clock}, id, "floor");
         },
         limits});
    root =
      system->spawn<supervisor_actor>(actor_surroundings{registry, clock}, "node", std::move(spec));
    scheduler->run();
  }
  ~fixture() {
    caf::anon_send_exit(root, caf::exit_reason::user_shutdown);
    root = nullptr;
    scheduler->run();
  }
  /// What the registry says of a child; kind empty: not there.
  actor_info look(const std::string& name) {
    for (auto& row : registry.list({}))
      if (row.name == name) return row;
    return {};
  }
  void fail(const std::string& name) {
    caf::scoped_actor self(*system);
    auto answer = self->request(root, caf::infinite, get_child{name});
    scheduler->run();
    caf::actor child;
    answer.receive([&](const caf::actor& one) { child = one; }, [](const caf::error&) {});
    REQUIRE(child);
    caf::anon_send(child, fail_now{});
    scheduler->run();
  }
  void pass(std::chrono::nanoseconds time) {
    clock.advance(time.count());
    scheduler->advance_time(time);
    scheduler->run();
  }
};

} // namespace

TEST_CASE("supervisor: starts its children in order and lists them under their parent") {
  fixture floor(restart_strategy::one_for_one);
  CHECK(floor.started == std::vector<std::string>{"one", "two", "three"});
  CHECK(floor.look("two").parent == "floor");
  CHECK(floor.look("floor").kind == "supervisor");
}

TEST_CASE(
  "supervisor: one_for_one restarts the failed child after its back-off, with the failure kept") {
  fixture floor(restart_strategy::one_for_one, {.back_off_ns = 1'000'000});
  floor.fail("two");
  CHECK(floor.look("two").kind.empty());
  CHECK(floor.started.size() == 3);
  floor.pass(2ms);
  CHECK(floor.started == std::vector<std::string>{"one", "two", "three", "two"});
  CHECK(floor.look("two").last_failure.find("told to") != std::string::npos);
  CHECK(floor.look("two").restarts > 0);
}

TEST_CASE("supervisor: rest_for_one restarts what stands on the failed child") {
  fixture floor(restart_strategy::rest_for_one, {.back_off_ns = 1'000'000});
  floor.fail("two");
  CHECK(floor.look("three").kind.empty());
  CHECK(floor.look("one").kind == "fragile");
  floor.pass(2ms);
  CHECK(floor.started == std::vector<std::string>{"one", "two", "three", "two", "three"});
}

TEST_CASE("supervisor: a child that keeps failing is given up and its siblings go on") {
  fixture floor(restart_strategy::one_for_one, {.restarts_max = 2, .back_off_ns = 1'000});
  for (int i = 0; i < 2; ++i) {
    floor.fail("two");
    floor.pass(1ms);
  }
  floor.fail("two");
  floor.pass(1s);
  CHECK(floor.look("two").is_failed);
  CHECK(floor.look("two").parent == "floor");
  CHECK_FALSE(floor.look("one").is_failed);
  CHECK(floor.look("one").kind == "fragile");
  CHECK(floor.look("floor").kind == "supervisor");
}

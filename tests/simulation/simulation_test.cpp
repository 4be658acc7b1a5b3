#include "tests/simulation/seeds.hpp"
#include "tests/simulation/trading_session.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::simulation;
using rialto::testing::seeds;

namespace {

bool is_one_seed() {
  return std::getenv("RIALTO_SEED") != nullptr;
}

/// The first broken promise, or empty.
std::string first_of(const std::vector<std::string>& violations) {
  return violations.empty() ? "" : violations.front();
}

} // namespace

TEST_CASE(
  "simulation: the promises hold through crashes, partitions, lost messages and failing commits") {
  tally all;
  double simulated_s = 0;
  for (const auto seed : seeds(500)) {
    CAPTURE(seed); // again: RIALTO_SEED=seed; every event: RIALTO_TRACE=1
    trading_session session(stormy_session(seed));
    CHECK(first_of(session.run()) == "");
    session.count(all);
    simulated_s += static_cast<double>(session.simulated_ns()) * 1e-9;
  }
  std::string text;
  for (const auto& [what, times] : all) {
    text += "\n  " + what + ": " + std::to_string(times);
    CAPTURE(what);
    if (!is_one_seed()) CHECK(times > 0);
  }
  const auto hours = simulated_s / 3600;
  MESSAGE("simulated hours: ", hours, text);
}

TEST_CASE("simulation: the promises hold whichever call to the disk the node dies in") {
  for (const auto where : {placement::one_lane, placement::by_kind}) {
    std::uint64_t calls = 0;
    for (bool died = true; died;) {
      auto spec = quiet_session(1);
      spec.where = where;
      spec.actions = 120;
      spec.faults.power_cut = 0.5;
      spec.die_in = ++calls;
      CAPTURE(calls);
      trading_session session(spec);
      CHECK(first_of(session.run()) == "");
      died = session.cluster().nodes()[0]->deaths() > 0;
    }
    MESSAGE("calls to the disk: ", calls - 1);
    CHECK(calls > 30);
  }
}

TEST_CASE("simulation: the same seed is the same history, event by event") {
  const auto history_of = [](std::uint64_t seed) {
    trading_session session(stormy_session(seed));
    CHECK(first_of(session.run()) == "");
    return session.history();
  };
  for (const std::uint64_t seed : {2, 4, 5}) {
    CAPTURE(seed);
    CHECK(history_of(seed) == history_of(seed));
  }
  CHECK(history_of(3) != history_of(4));
}

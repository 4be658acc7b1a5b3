// tests/simulation/trading_session.hpp: one seed drives traders, nodes, network and faults; after every event the promises are checked.
#pragma once

#include "tests/simulation/traders.hpp"

namespace rialto::simulation {

struct session_spec {
  std::uint64_t seed = 0;
  int actions = 250;
  int users = 4, markets = 2;
  std::optional<placement> where = {}; // empty: the seed decides
  fault_plan faults = {};
  std::uint64_t die_in =
    0; // the first node dies in this call to its disk, counted from the end of the set-up; 0: in none
  storage::journal_lie lie = storage::journal_lie::none;
  broken_rule broken = broken_rule::none;
};

/// A session without any fault.
[[nodiscard]] session_spec quiet_session(std::uint64_t seed);
/// Everything that may go wrong.
[[nodiscard]] session_spec stormy_session(std::uint64_t seed);

/// What happened in many sessions, by name.
using tally = std::map<std::string, std::uint64_t>;

class trading_session {
public:
  explicit trading_session(const session_spec& spec);
  /// Runs all actions, then drains. The broken promises, or nothing.
  [[nodiscard]] std::vector<std::string> run();
  void count(tally& all) const;

  [[nodiscard]] const simulated_cluster& cluster() const { return cluster_; }
  [[nodiscard]] const stage& surroundings() const { return stage_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return cluster_.nodes()[0]->rows(); }
  [[nodiscard]] std::uint64_t trades() const;
  /// Of everything that happened.
  [[nodiscard]] std::uint64_t history() const { return stage_.queue.history(); }
  [[nodiscard]] std::int64_t simulated_ns() const { return stage_.queue.elapsed_ns(); }

private:
  [[nodiscard]] bool set_up();
  void live();
  void finish();
  void step(const char* what, std::int64_t ns, std::function<void()> then);
  [[nodiscard]] bool is_broken() const { return !promises_.violations().empty(); }
  [[nodiscard]] bool is_quiet() const;
  void compare_streams();

  session_spec spec_;
  std::vector<instrument> instruments_;
  stage stage_;
  simulated_cluster cluster_;
  promise_checker promises_;
  traders traders_;
  std::vector<std::unique_ptr<stream_client>> streams_; // in pairs: one stays, one drops
  int actions_ = 0;
};

} // namespace rialto::simulation

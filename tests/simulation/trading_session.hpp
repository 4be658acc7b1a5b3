// tests/simulation/trading_session.hpp: traders, markets and faults driven by one seed, checked after every step.
#pragma once

#include "actors/journal_checker.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <set>
#include <string>
#include <vector>

namespace rialto::simulation {

struct session_spec {
  std::uint64_t seed = 0;
  int steps = 300;
  int users = 4, markets = 2;
  fault_plan faults{.message_lost = 0.03,
                    .message_doubled = 0.03,
                    .commit_fault = 0.01,
                    .disk_away = 0.003,
                    .late = 0.2,
                    .power_cut = 0.5,
                    .death_in_recovery = 0.2};
  double crash = 0.005; // per step: it dies between this step and the next
  double crash_in_call =
    0.01; // per step: it dies in the middle of one of the next calls to the disk
  std::uint64_t die_in =
    0; // it dies in this call to the disk, counted from the end of the set-up; 0: in none
  storage::journal_lie lie = storage::journal_lie::none;
};

/// A session without any fault.
[[nodiscard]] inline session_spec quiet_session(std::uint64_t seed) {
  session_spec spec;
  spec.seed = seed;
  spec.faults = {};
  spec.crash = spec.crash_in_call = 0;
  return spec;
}

class trading_session {
public:
  explicit trading_session(const session_spec& spec);
  /// Runs all steps, then drains. The first broken promise, or empty.
  [[nodiscard]] std::string run();

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_.size(); }
  [[nodiscard]] std::uint64_t trades() const { return trades_; }
  [[nodiscard]] std::uint64_t retries() const { return retries_; }
  [[nodiscard]] std::uint64_t refused() const { return refused_.size(); }
  [[nodiscard]] std::uint64_t rebuilt() const { return rebuilt_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return node_.rows(); }
  [[nodiscard]] const simulated_node& node() const { return node_; }

private:
  struct asked {
    account_id account;
    place_order order;
  };
  void set_up();
  void act();
  void place();
  void retry();
  void submit(const asked& order);
  void change();
  void take(const std::vector<actors::answer>& answers);
  void live_through();
  [[nodiscard]] std::string check();
  [[nodiscard]] std::string read_rows();
  [[nodiscard]] std::string check_live() const;
  [[nodiscard]] std::string check_rebuilt(const storage::snapshot& made);
  [[nodiscard]] std::string check_snapshots();
  [[nodiscard]] std::string check_end();
  [[nodiscard]] market_terms terms_of(const instrument& spec) const;
  [[nodiscard]] account_command
  with_limits(std::variant<place_order, amend, cancel, cancel_all, transfer, get_balances,
                           get_order, get_orders>
                body) const;

  session_spec spec_;
  random dice_;
  simulated_node node_;
  actors::journal_checker checker_{true};
  std::map<entity_id, std::vector<storage::record>> records_; // of the rows that were read
  std::vector<std::uint64_t> row_hashes_;                     // of these rows
  std::size_t checked_snapshots_ = 0;
  std::uint64_t crashes_seen_ = 0;
  std::vector<instrument> instruments_;
  std::vector<account_id> accounts_;
  std::map<std::uint64_t, asked> asked_;                              // by token
  std::map<std::pair<account_id, std::string>, order_id> client_ids_; // acknowledged
  std::map<order_id, account_id> acknowledged_;
  std::vector<asked> attempts_;                        // every order that was sent
  std::vector<asked> unanswered_;                      // by done: a client would send them again
  std::set<order_id> refused_;                         // told that they were not taken
  std::vector<std::pair<account_id, order_id>> known_; // to cancel and amend
  std::uint64_t next_token_ = 1, next_reference_ = 1, trades_ = 0, retries_ = 0, rebuilt_ = 0;
  std::string broken_;
};

} // namespace rialto::simulation

// tests/simulation/trading_session.hpp: traders, markets and faults driven by one seed, checked after every step.
#pragma once

#include "actors/journal_checker.hpp"
#include "tests/simulation/simulated_node.hpp"

#include <string>
#include <vector>

namespace rialto::simulation {

struct session_spec {
  std::uint64_t seed = 0;
  int steps = 300;
  int users = 4, markets = 2;
  fault_plan faults{0.03, 0.03, 0.01};
  double crash = 0.01; // per step
};

class trading_session {
public:
  explicit trading_session(const session_spec& spec);
  /// Runs all steps, then drains. The first broken promise, or empty.
  [[nodiscard]] std::string run();

  [[nodiscard]] std::uint64_t acknowledged() const { return acknowledged_.size(); }
  [[nodiscard]] const fault_tally& tally() const { return node_.tally(); }
  [[nodiscard]] std::uint64_t trades() const { return trades_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return node_.rows(); }
  [[nodiscard]] const std::map<entity_id, storage::snapshot>& snapshots() const {
    return node_.snapshots();
  }

private:
  struct asked {
    account_id account;
    place_order order;
  };
  void set_up();
  void act();
  void place();
  void change();
  void take(const std::vector<actors::answer>& answers);
  [[nodiscard]] std::string check();
  [[nodiscard]] std::string check_live();
  [[nodiscard]] market_terms terms_of(const instrument& spec) const;
  [[nodiscard]] account_command
  with_limits(std::variant<place_order, amend, cancel, cancel_all, transfer, get_balances,
                           get_order, get_orders>
                body) const;

  session_spec spec_;
  random dice_;
  simulated_node node_;
  actors::journal_checker checker_{true};
  std::size_t checked_rows_ = 0;
  std::vector<instrument> instruments_;
  std::vector<account_id> accounts_;
  std::map<std::uint64_t, asked> asked_;                              // by token
  std::map<std::pair<account_id, std::string>, order_id> client_ids_; // acknowledged
  std::map<order_id, account_id> acknowledged_;
  std::vector<std::pair<account_id, order_id>> known_; // to cancel and amend
  std::uint64_t next_token_ = 1, next_order_ = 1, next_reference_ = 1, trades_ = 0;
  std::string broken_;
};

} // namespace rialto::simulation

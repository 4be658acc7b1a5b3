// tests/simulation/traders.hpp: the people of a simulation: they place, change and cancel orders, move money, think, wait, and try again.
//
// A trader sends an order again, under the same client order id, when its answer does not come in time or says that it was not taken. What traders are
// told goes to the promise checker.
#pragma once

#include "tests/simulation/promise_checker.hpp"

namespace rialto::simulation {

class traders {
public:
  traders(stage& on, simulated_cluster& cluster, promise_checker& promises, int users,
          std::vector<instrument> instruments);

  /// Lists the markets and registers the users.
  void set_up();
  /// Somebody does something.
  void act();
  /// Nanoseconds until somebody does something again.
  [[nodiscard]] std::int64_t thinking_ns();
  /// An answer has arrived.
  void take(const actors::answer& one);

  [[nodiscard]] std::uint64_t retries() const { return retries_; }
  [[nodiscard]] std::uint64_t timeouts() const { return timeouts_; }
  [[nodiscard]] std::uint64_t refused_users() const { return refused_users_; }
  [[nodiscard]] const std::vector<account_id>& accounts() const { return accounts_; }
  [[nodiscard]] const std::vector<instrument>& instruments() const { return instruments_; }

private:
  static constexpr std::uint64_t users_bit = std::uint64_t{1} << 61; // tokens of registrations
  struct asked {
    account_id account;
    place_order order;
  };
  void place();
  void place_linked();
  void place_sliced();
  void call_auction();
  void add_rules(place_order& order);
  [[nodiscard]] const instrument& instrument_of(market_id market) const;
  void retry();
  void submit(const asked& order);
  void change();
  void guard_orders();
  void move_money();
  void register_again();
  [[nodiscard]] market_terms terms_of(const instrument& spec) const;
  void ask(account_id account, decltype(account_command::body) body, std::uint64_t token);

  stage& stage_;
  simulated_cluster& cluster_;
  promise_checker& promises_;
  std::vector<instrument> instruments_;
  std::vector<account_id> accounts_;
  std::map<std::uint64_t, asked> asked_;               // orders, by token
  std::vector<asked> unanswered_;                      // by done: a client would send them again
  std::vector<std::pair<account_id, order_id>> known_; // to cancel and amend
  std::uint64_t next_token_ = 1, next_reference_ = 1, next_user_ = 1'000;
  std::uint64_t retries_ = 0, lists_ = 0, timeouts_ = 0, refused_users_ = 0;
};

/// Two markets that share an asset.
[[nodiscard]] instrument instrument_of(std::uint64_t number);

} // namespace rialto::simulation

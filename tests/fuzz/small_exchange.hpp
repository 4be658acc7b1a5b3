// tests/fuzz/small_exchange.hpp: a user, two accounts and a market that trade a little, for the snapshots and records they leave.
//
// Entities and link messages are the real ones, run in one thread without lane or disk. Deterministic.
#pragma once

#include "actors/world.hpp"

#include <deque>
#include <map>

namespace rialto::fuzz {

class small_exchange {
public:
  static constexpr std::uint64_t number = 7; // of the user, of the market, and of the first account

  small_exchange();
  /// Records in the order in which they came about.
  [[nodiscard]] const std::vector<storage::record>& records() const { return records_; }
  /// Of one entity: blank, and after each of its records.
  [[nodiscard]] std::vector<std::string> snapshots(entity_id id) const;

private:
  using entity = actors::trading_world::entity_type;
  using step = runtime::step<actors::trading_world>;

  void run(entity_id to, const actors::entity_command& command);
  void take(entity_id by, step& made);
  [[nodiscard]] entity& at(entity_id id);

  actors::trading_world world_;
  std::map<entity_id, std::unique_ptr<entity>> entities_;
  std::deque<runtime::envelope<actors::trading_world>> under_way_;
  std::vector<storage::record> records_;
  timestamp_ns now_{1'700'000'000'000'000'000};
};

} // namespace rialto::fuzz

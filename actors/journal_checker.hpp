// actors/journal_checker.hpp: reads a journal from its first row and says which promise does not
// hold. No CAF.
//
// The room: the one judge of DESIGN's promises 1 to 8 over durable records. `rialto journal
// verify`, the simulation and the system tests feed it rows; it replays every entity through the
// very code that recovers them and keeps its own, plainer books beside them. Rows of several shards
// come in an order that keeps causes before what they cause: as they became durable, or record by record
// as journal_merge.hpp finds it.
//   P1  per asset all postings sum to zero at every record; with all links drained every clearing
//       account is zero
//   P2  balances are not negative and holds are what open orders need (the machines'
//       check_invariants)
//   P3  each trade is within both limits, fees are those of the trade, fills never exceed the order,
//       each leg settles once, the oldest order of the best price is met first (book_checker.hpp)
//       what an order has traded that goes in slices is what these have, and no more than its size
//   P4  an order id is placed once; with all links drained an order is open in its account and rests
//       in its market, both with the same quantity, or neither
//   P5  between two records no book is crossed
//   P6  event numbers of a stream: no gap, no repeat; link messages are applied once, in order, and were sent;
//       the time within a stream never goes back
//   P7  a snapshot stands at the end of a record and is what the replay comes to there
//   P8  a stream is written in one shard only (who writes a shard is for the journal to judge)
#pragma once

#include "actors/book_checker.hpp"
#include "actors/world.hpp"
#include "domain/ledger.hpp"

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rialto::actors {

class journal_checker {
public:
  /// `each_record`: balances, books and invariants are checked after every record (slow: for
  /// simulations), else in finish() only.
  explicit journal_checker(bool each_record = false) : each_record_(each_record) {}

  /// Takes the next row of a shard.
  void take(storage::shard_id shard, storage::position at, std::string_view blob);
  void take(storage::position at, std::string_view blob) { take(0, at, blob); }
  /// The same in parts: looks at a shard's next row and returns its records, none if it is damaged. They
  /// are to be taken in their order, with those of other shards' rows between them where need be.
  [[nodiscard]] std::vector<storage::record> open(storage::shard_id shard, storage::position at,
                                                  std::string_view blob);
  void take(storage::shard_id shard, storage::position at, const storage::record& one);
  /// Whether the message that a record takes, if any, was sent by what has been taken so far.
  [[nodiscard]] bool is_cause_known(const storage::record& one) const;
  /// Call it after the last row: invariants, books, snapshots never reached, and, with all links
  /// drained, clearing at zero. `must_be_drained`: whoever ran the entities says that nothing is on its
  /// way, so a message that was not taken is lost.
  void finish(bool must_be_drained = false);
  /// Call it before the rows: when the replay has come to the snapshot's event, both must hash the
  /// same.
  void expect(storage::snapshot made) { expected_[made.entity].push_back(std::move(made)); }

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] bool is_drained() const;
  [[nodiscard]] std::uint64_t state_hash(entity_id id) const; // 0: unknown
  [[nodiscard]] bool has_order(order_id id) const { return orders_.contains(id); }
  [[nodiscard]] const trading_world::entity_type* find(entity_id id) const;
  [[nodiscard]] std::size_t entity_count() const { return entities_.size(); }
  /// Of all entities: the same for the same streams, however they lie in shards, archives or engines.
  [[nodiscard]] std::uint64_t state_hash() const;
  [[nodiscard]] const ledger& books() const { return books_; }

  std::uint64_t rows = 0, records = 0, events = 0, trades = 0, auctions = 0, slices = 0;

private:
  struct order_book_entry {
    submit_order order;
    market_id market;
    quantity_lots traded, settled; // by the market's events, by the account's
    amount_units traded_quote;
    std::int64_t units_per_tick_lot = 0;
    bool is_waiting = false; // for its trigger
    order_id shares{};       // the list whose quantity it shares; 0: none
    order_id parent{};       // of a slice; 0: none
    bool is_sliced = false;  // in its account alone: its slices trade
  };
  void replay(trading_world::entity_type& entity, const storage::record& one,
              const std::string& where);
  void check_entity(const trading_world::entity_type& entity, const std::string& where);
  void check_open_orders();
  void check_snapshots(const trading_world::entity_type& entity, const std::string& where);
  void check_links();
  void check_event(entity_id stream, const account_event& event, const std::string& where);
  void check_event(entity_id stream, const market_event& event, const std::string& where);
  void check_event(entity_id, const user_event&, const std::string&) {}
  void check_leg(const trade_executed& trade, order_id id, bool is_taker, const std::string& where);
  template <class Event>
  void decode(const storage::record& one, const std::string& where);
  void violation(const std::string& where, const std::string& what);

  bool each_record_;
  trading_world world_;
  std::map<entity_id, std::vector<storage::snapshot>> expected_;
  std::map<entity_id, std::unique_ptr<trading_world::entity_type>> entities_;
  std::unordered_map<order_id, order_book_entry> orders_;
  std::map<market_id, instrument> instruments_;
  std::map<market_id, book_checker> resting_;
  std::map<entity_id, storage::shard_id> homes_;
  std::map<storage::shard_id, storage::position> last_rows_;
  std::map<std::pair<entity_id, entity_id>, std::uint64_t>
    causes_; // receiver, sender -> last number
  ledger books_;
  std::unordered_map<order_id, quantity_lots> lists_; // what orders that share have traded together
  std::vector<std::string> violations_;               // at most 100
};

} // namespace rialto::actors

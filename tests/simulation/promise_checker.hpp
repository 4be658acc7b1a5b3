// tests/simulation/promise_checker.hpp: whether the promises of the design hold, from what is on the disks, in memory, and told to clients.
//
// What a journal can show is judged by actors/journal_checker.hpp, the one judge; here is what needs more than the journal:
//   P4  what clients were told is what the journal says, and no durable row goes or changes
//   P7  what is in memory, and what snapshots lead to, is what a replay comes to
//   P8  a shard's rows are written under its epoch, and by nobody who was followed
//   P9  clients that resumed believe what those who stayed believe, and both what is true
// and the clock's rule: no stamp is later than a trusted wall could show.
#pragma once

#include "actors/journal_checker.hpp"
#include "tests/simulation/simulated_cluster.hpp"
#include "tests/simulation/stream_client.hpp"

#include <set>

namespace rialto::simulation {

class promise_checker {
public:
  promise_checker(const stage& on, simulated_cluster& cluster) : stage_(on), cluster_(cluster) {}

  // What clients are told.
  void attempted(account_id account, const place_order& order);
  void acknowledged(account_id account, const place_order& order, const order_view& view);
  void refused(order_id id) { refused_.insert(id); }

  /// After every event.
  void look();
  /// Nothing is under way: two clients of a channel, the second of which drops now and then.
  void compare(const stream_client& stayed, const stream_client& dropped);
  /// Nothing is under way and nothing will be.
  void finish();

  /// Something that is no promise by number, and wrong.
  void note(std::string what) { violation(std::move(what)); }
  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const actors::journal_checker& journal() const { return journal_; }
  [[nodiscard]] std::uint64_t rebuilt() const { return rebuilt_; }
  [[nodiscard]] std::uint64_t compared() const { return compared_; }
  [[nodiscard]] std::uint64_t acknowledged_count() const { return acknowledged_.size(); }
  [[nodiscard]] std::uint64_t refused_count() const { return refused_.size(); }

private:
  struct node_state {
    std::vector<std::uint64_t> row_hashes; // of the rows that were read
    std::uint64_t deaths = 0, last_session = 0;
    std::set<entity_id> unchecked; // entities that changed in memory or on the disk
  };
  void look_at(simulated_node& node, node_state& seen);
  void read_rows(const simulated_node& node, node_state& seen);
  void print(const storage::record& one) const;
  void check_writer(const simulated_node& node, node_state& seen, storage::position at);
  void check_live(simulated_node& node, node_state& seen);
  void check_rebuilt(const storage::snapshot& made);
  void check_told();
  void violation(std::string what) {
    if (violations_.size() < 20) violations_.push_back(std::move(what));
  }

  const stage& stage_;
  simulated_cluster& cluster_;
  actors::journal_checker journal_{true};
  std::map<const simulated_node*, node_state> nodes_;
  std::vector<std::pair<const simulated_node*, storage::position>> order_; // of all rows
  std::map<entity_id, std::vector<storage::record>> records_;
  std::size_t checked_snapshots_ = 0;
  std::map<order_id, account_id> acknowledged_;
  std::set<order_id> refused_;
  std::map<std::pair<account_id, std::string>, order_id> client_ids_; // acknowledged
  std::vector<std::pair<account_id, place_order>> attempts_;
  std::uint64_t rebuilt_ = 0, compared_ = 0;
  std::vector<std::string> violations_;
};

} // namespace rialto::simulation

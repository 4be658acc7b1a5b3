// tests/simulation/simulated_cluster.hpp: nodes and clients on one simulated clock and network, and the faults between them.
//
// With one node every link stays within its lane; with two, entities are placed by kind or by hash, and links between the nodes travel the network.
#pragma once

#include "tests/simulation/simulated_node.hpp"

namespace rialto::simulation {

/// one_lane: everything on one node. by_kind: accounts and users here, markets there. by_hash: both kinds everywhere.
enum class placement : std::uint8_t { one_lane, by_kind, by_hash };

class simulated_cluster final : public node_host {
public:
  simulated_cluster(stage& on, placement how, storage::journal_lie lie);

  /// A client's request travels to the entity's node.
  void submit(actors::request one);
  /// One roll of the dice for each kind of fault.
  void stir();
  /// Ends all faults until drain() is over.
  void calm();
  /// Without faults: runs until nothing is under way. False if that does not come about in a bounded time.
  [[nodiscard]] bool drain(const std::function<void()>& after_event);
  /// Nothing is under way anywhere.
  [[nodiscard]] bool is_quiet() const;

  /// Unique over all nodes; 0: the node cannot draw one now.
  [[nodiscard]] std::uint64_t draw_order_id(account_id account);
  [[nodiscard]] std::size_t home_of(entity_id id) const override;
  [[nodiscard]] std::vector<std::unique_ptr<simulated_node>>& nodes() { return nodes_; }
  [[nodiscard]] const std::vector<std::unique_ptr<simulated_node>>& nodes() const { return nodes_; }

  std::function<void(const actors::answer&)> answered; // an answer has reached its client

  // ---- node_host
  void carry(std::size_t from, runtime::envelope<actors::trading_world> message) override;
  void carry_receipt(std::size_t from, entity_id sender, entity_id receiver,
                     std::uint64_t number) override;
  void answer(std::size_t from, std::vector<actors::answer> answers) override;

private:
  static int end_of(std::size_t node) { return static_cast<int>(node) + 1; }
  /// What happens at the process that is reached; nothing if none is up.
  void arrive(std::size_t node, const std::function<void(simulated_process&)>& what);
  void cut();
  void kill_entity();

  stage& stage_;
  placement placement_;
  std::vector<std::unique_ptr<simulated_node>> nodes_;
  std::map<entity_id, timestamp_ns> killed_; // entities, when last
};

} // namespace rialto::simulation

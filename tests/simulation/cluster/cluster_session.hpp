// tests/simulation/cluster/cluster_session.hpp: a simulated cluster from its first node to its end: faults from a seed, checks after
// every step, and measures of one fault at a time.
//
//   C1  after the last fault every shard is served within `served_ns`, and from then on none is away longer than `away_ns`
//   C2  a shard has one owner per epoch, and epochs only rise (cluster_database)
//   C3  whoever takes messages for a shard is alone: a former owner that still does was declared gone and answers no reads
//   C4  no node is declared gone that renewed its lease (cluster_database, true time)
//   C5  moves begun within a second stay within the bound (cluster_database)
//   C6  in the end every node has the floor or the ceiling of the shards' share
#pragma once

#include "tests/simulation/cluster/cluster_node.hpp"

namespace rialto::simulation {

struct cluster_spec {
  std::uint64_t seed = 1;
  std::size_t nodes = 3;
  std::uint32_t shards = 64;
  std::int64_t storm_ns = 60'000'000'000;
  placement_options placement;
  node_options
    lie; // what the nodes really do; a mutation differs from `placement` and the defaults
  std::int64_t served_ns = 6'000'000'000;
  std::int64_t away_ns = 1'000'000'000;
};
[[nodiscard]] cluster_spec honest_cluster(std::uint64_t seed, std::size_t nodes,
                                          std::uint32_t shards, std::uint32_t moves_per_second);

class cluster_session final : public cluster_watcher {
public:
  explicit cluster_session(const cluster_spec& spec);

  /// Storm, calm, balance. What was broken, first things first.
  std::vector<std::string> run();

  // One thing at a time, for measures. Durations in ns; -1: not within a minute.
  void start_all();
  bool settle(std::int64_t limit_ns);
  void pass(std::int64_t ns) {
    run_until(queue_.elapsed_ns() + ns, [] { return false; });
  }
  enum class loss : std::uint8_t { killed, hung, cut };
  /// Until all shards of a node (the leader, or another) are served elsewhere; one duration per shard.
  std::vector<std::int64_t> lose(loss how, bool is_leader);
  std::int64_t join_one();
  std::int64_t drain_one();

  [[nodiscard]] const std::vector<std::string>& violations() const { return violations_; }
  [[nodiscard]] const std::map<std::string, std::uint64_t>& faults() const { return faults_; }
  [[nodiscard]] const cluster_database& database() const { return database_; }
  [[nodiscard]] std::uint64_t history() const { return queue_.history(); }
  [[nodiscard]] std::int64_t elapsed_ns() const { return queue_.elapsed_ns(); }
  /// Of the storm, after its last fault.
  [[nodiscard]] std::int64_t served_after_ns() const { return served_after_ns_; }
  [[nodiscard]] std::int64_t balanced_after_ns() const { return balanced_after_ns_; }

  void serves(cluster_node& node, shard_id shard, storage::epoch at_epoch) override;
  void serves_no_more(cluster_node& node, shard_id shard) override;

private:
  void broken(const std::string& what);
  void run_until(std::int64_t elapsed_ns, const std::function<bool()>& is_enough);
  void fault();
  void fail_one(const char* what, cluster_node* node);
  void tell_mesh(incarnation who, bool is_closed);
  void kill(cluster_node& node, std::int64_t back_in_ns);
  void calm_down();
  [[nodiscard]] cluster_node* some_node();
  [[nodiscard]] cluster_node* leading_node();
  [[nodiscard]] std::size_t healthy() const;
  [[nodiscard]] bool is_served(shard_id shard) const;
  [[nodiscard]] bool all_served() const;
  [[nodiscard]] bool is_balanced() const;
  void look_at_absences();

  cluster_spec spec_;
  event_queue queue_;
  random chance_;
  cluster_database database_;
  std::vector<std::unique_ptr<cluster_node>> nodes_;
  std::vector<std::vector<std::pair<cluster_node*, storage::epoch>>> copies_; // per shard
  std::map<shard_id, std::vector<std::int64_t>*> awaited_;                    // of lose()
  std::int64_t lost_at_ns_ = 0, jumped_at_ns_ = 0;
  std::vector<std::int64_t> away_since_ns_; // per shard; -1: served
  std::vector<std::string> violations_;
  std::map<std::string, std::uint64_t> faults_;
  bool is_stormy_ = false;
  std::int64_t served_after_ns_ = -1, balanced_after_ns_ = -1;
};

} // namespace rialto::simulation

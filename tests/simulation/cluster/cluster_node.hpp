// tests/simulation/cluster/cluster_node.hpp: one node of a simulated cluster: the very machines of runtime/cluster, with a
// simulated connection to the database and shards that open, drain and close in simulated time.
//
// A process dies with all it knows; a stopped one does nothing, and when it goes on it handles what came meanwhile, in order.
#pragma once

#include "tests/simulation/cluster/cluster_database.hpp"
#include "tests/simulation/random.hpp"

#include <deque>
#include <memory>

namespace rialto::simulation {

class cluster_node;

struct node_options {
  membership_times times;
  placement_options placement;
};

/// Who wants to know what nodes do: the session's checks and measures.
class cluster_watcher {
public:
  virtual ~cluster_watcher() = default;
  virtual void serves(cluster_node& node, shard_id shard, storage::epoch at_epoch) = 0;
  virtual void serves_no_more(cluster_node& node, shard_id shard) = 0;
};

class cluster_node {
public:
  cluster_node(event_queue& queue, random& chance, cluster_database& database,
               cluster_watcher& watcher, node_options options, std::size_t number);

  // What may happen to it.
  void start();
  void kill();
  void hang();
  void go_on();
  void cut(bool to_database, bool from_database) {
    cut_to_ = to_database;
    cut_from_ = from_database;
  }
  void drain();
  /// What the mesh tells of another node.
  void peer(incarnation who, bool is_closed);

  [[nodiscard]] std::size_t number() const { return number_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] bool is_running() const { return mine_ != nullptr; }
  [[nodiscard]] bool is_hung() const { return is_hung_; }
  [[nodiscard]] bool is_cut() const { return cut_to_ || cut_from_; }
  [[nodiscard]] bool is_draining() const { return mine_ && mine_->is_draining; }
  [[nodiscard]] bool leads() const { return mine_ && mine_->lead.leads(); }
  [[nodiscard]] incarnation id() const { return mine_ ? mine_->members.me() : nobody; }
  [[nodiscard]] bool may_read() const { return mine_ && mine_->members.may_read(queue_.now()); }
  /// Shards it takes messages for, and under which epoch.
  [[nodiscard]] const std::map<shard_id, storage::epoch>& open_shards() const;

private:
  struct process {
    explicit process(const node_options& options)
        : members(options.times), lead(options.placement) {}
    membership members;
    leader lead;
    shard_duty duty;
    cluster_rows rows;
    cluster_database::session session = 0, former = 0; // 0: to be connected
    incarnation was = nobody;                          // the life of the last renewal
    bool is_asking = false, is_hasty = false, is_draining = false;
    std::map<shard_id, storage::epoch> opening, open;
    timestamp_ns busy_until; // its lane opens one shard after the other
  };
  using life = std::uint64_t;

  void at_node(life of, std::function<void()> run);
  void later(std::int64_t ns, const char* what, std::function<void()> run);
  /// Runs `statement` at the database and `answered` here; a break of the session runs `broken` instead, once.
  template <class Statement, class Answered>
  void ask(Statement statement, Answered answered, std::function<void()> broken);
  void break_session(cluster_database::session which);
  [[nodiscard]] std::int64_t latency();
  void tick();
  void renew();
  void take(const rows_read& read);
  void to_members(const membership_input& input);
  void to_duty(const duty_input& input);
  void to_leader(const leader_input& input);
  void obey(const duty_output& order);
  void obey(const leader_output& order);
  void open(const open_shard& order);
  void close(shard_id shard);

  event_queue& queue_;
  random& chance_;
  cluster_database& database_;
  cluster_watcher& watcher_;
  node_options options_;
  std::size_t number_;
  std::string name_;
  life life_ = 0;
  bool is_hung_ = false, cut_to_ = false, cut_from_ = false;
  std::unique_ptr<process> mine_;
  std::deque<std::function<void()>> waiting_; // while hung
};

} // namespace rialto::simulation

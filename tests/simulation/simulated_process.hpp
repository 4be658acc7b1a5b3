// tests/simulation/simulated_process.hpp: one life of a node: shard, lane, loader, index, streams, on simulated threads.
//
// It runs the very shard, entities, machines, lane rules, stream index and entity loader of the real node. Its threads are events: the lane commits
// when its disk is done, the loader works one job after the other, and both talk to the shard through its mailbox, as shard_actor's do.
// Whatever calls the disk may die in the middle (simulated_death); the node then takes the process away.
#pragma once

#include "actors/entity_loader.hpp"
#include "storage/stream_index.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/simulated_clock.hpp"
#include "tests/simulation/simulated_network.hpp"
#include "tests/simulation/stepped_lane.hpp"
#include "tests/simulation/stream_desk.hpp"

#include <set>

namespace rialto::simulation {

/// What all parts of one simulation share.
struct stage {
  random dice;
  fault_plan plan;
  broken_rule broken = broken_rule::none;
  fault_counts counts{};
  event_queue queue{};
  simulated_network network{queue, dice, plan, counts};
  std::shared_ptr<const actors::directory> markets{}; // as the edge knows them
  std::vector<storage::snapshot> saved{};             // every one that was ever written
  bool has_faults = true;

  [[nodiscard]] bool chance(double p) { return has_faults && dice.chance(p); }
};

/// Where a process stands: its node and the others.
class process_host {
public:
  virtual ~process_host() = default;
  [[nodiscard]] virtual bool is_here(entity_id id) const = 0;
  virtual void carry(runtime::envelope<actors::trading_world> message) = 0;
  virtual void carry_receipt(entity_id sender, entity_id receiver, std::uint64_t number) = 0;
  virtual void answer(std::vector<actors::answer> answers) = 0;
  virtual void recovered(const actors::recovered_entity& one) = 0;
  /// The lane's disk gets an append now: the moment for its faults.
  virtual void about_to_append() = 0;
  virtual void failed(entity_id id, const std::string& why) = 0;
  /// Runs work of a process that may call the disk, and buries the process if it dies of it.
  virtual void survive(const std::function<void()>& work) = 0;
};

class simulated_process final : public runtime::shard_host<actors::trading_world> {
public:
  simulated_process(stage& on, process_host& host, storage::shard_id shard,
                    std::unique_ptr<storage::journal> disk, const std::int64_t& wall_offset_ns);
  ~simulated_process() override { *is_alive_ = false; }

  /// Recovers; with `takes_over` it is the shard's only writer from now on.
  void start(bool takes_over);
  // Arrivals.
  void submit(actors::request one);
  void deliver(runtime::envelope<actors::trading_world> message);
  void acknowledged(entity_id sender, entity_id receiver, std::uint64_t number);
  void kill_entity(entity_id id);

  [[nodiscard]] const actors::trading_shard& shard() const { return *shard_; }
  [[nodiscard]] storage::journal& disk() { return *disk_; }
  [[nodiscard]] const simulated_clock& clock() const { return clock_; }
  [[nodiscard]] timestamp_ns read_clock() { return clock_.now(); }
  [[nodiscard]] stream_desk& streams() { return streams_; }
  /// Becomes false with its death.
  [[nodiscard]] std::shared_ptr<const bool> life() const { return is_alive_; }
  /// Nothing is under way within it, and no link message waits.
  [[nodiscard]] bool is_quiet() const { return waits_for().empty(); }
  /// What is under way; empty: nothing.
  [[nodiscard]] std::string waits_for() const;
  /// Another process has its shard.
  [[nodiscard]] bool is_deposed() const { return is_deposed_; }
  /// Somebody else takes its shard; it is not told (what is said of it is).
  void replaced() { is_replaced_ = true; }
  /// Entities that came into memory since the last call.
  [[nodiscard]] std::set<entity_id> take_activated() { return std::exchange(activated_, {}); }

  // ---- shard_host
  [[nodiscard]] bool exists(entity_id id) const override { return index_.contains(id); }
  void load(entity_id id) override { to_load_.push_back({id, index_.positions_of(id)}); }
  void save_snapshot(storage::snapshot made) override;
  void snapshot_in_background(entity_id id) override;
  [[nodiscard]] bool is_local(entity_id id) const override { return host_.is_here(id); }
  void send(runtime::envelope<actors::trading_world> message) override;
  void acknowledge(entity_id sender, entity_id receiver, std::uint64_t number) override;
  [[nodiscard]] int copies(const runtime::envelope<actors::trading_world>& message) override;
  void restart_lane() override;
  void entity_failed(entity_id id, const std::string& why, bool given_up) override;
  void activated(entity_id id) override { activated_.insert(id); }
  void passivated(entity_id) override { ++stage_.counts.passivated; }

private:
  using job = std::function<bool()>; // false: not done yet, and what is behind it waits

  [[nodiscard]] timestamp_ns now() {
    return stage_.broken == broken_rule::stamps_the_wall ? clock_.wall() : clock_.now();
  }
  void later(std::int64_t ns, const char* what, std::function<void()> work);
  void to_shard(const char* what, std::function<void()> turn);
  void after_turn();
  void tick();
  // lane
  void begin_commit();
  void commit();
  void release(std::vector<storage::notice>& notices);
  void take(std::vector<storage::notice>& notices);
  // loader
  void post(job work);
  void work_on(std::int64_t pause_ns = 0);
  [[nodiscard]] bool reopen_lane(storage::position first);
  void load_wanted();
  void keep(storage::snapshot made, storage::position covers);

  stage& stage_;
  process_host& host_;
  storage::shard_id shard_id_;
  std::unique_ptr<storage::journal> disk_;
  simulated_clock clock_;
  storage::stream_index index_;
  std::unique_ptr<stepped_lane> lane_;
  std::unique_ptr<storage::lane> leak_; // in front of it, when S1 is off
  actors::trading_world world_;
  std::unique_ptr<actors::trading_shard> shard_;
  stream_desk streams_;
  std::shared_ptr<bool> is_alive_ = std::make_shared<bool>(true);
  timestamp_ns mailbox_at_; // of the last turn that waits
  std::size_t turns_ = 0;   // that wait
  std::size_t committing_ = 0;
  bool is_committing_ = false, is_working_ = false, is_deposed_ = false, is_replaced_ = false;
  std::deque<job> jobs_;
  std::vector<actors::entity_request> to_load_; // asked for in this turn
  std::map<std::uint64_t, stream_desk::answered> asked_;
  std::uint64_t next_ask_ = 1, ticks_ = 0;
  storage::epoch epoch_ = 0;
  std::set<entity_id> activated_;
  std::map<std::pair<entity_id, entity_id>, std::uint64_t> delivered_; // when links apply repeats
};

} // namespace rialto::simulation

// tests/runtime/cluster_nodes.hpp: nodes of a cluster within one process: real drivers on a real PostgreSQL, shards that only say
// whether they are open. Every wait is generous and none is measured: promises are checked, not durations.
#pragma once

#include "runtime/cluster_driver.hpp"
#include "storage/cluster_store.hpp"
#include "tests/storage/cluster_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

namespace rialto::testing {

using namespace runtime;
using namespace runtime::cluster;

/// Real time, in which a process can be stopped: then whoever asks for the time waits.
class stoppable_clock final : public node_clock {
public:
  [[nodiscard]] timestamp_ns wall() const override { return real_.wall(); }
  [[nodiscard]] std::int64_t monotonic_ns() const override {
    std::unique_lock hold(lock_);
    goes_.wait(hold, [this] { return !is_stopped_; });
    return real_.monotonic_ns();
  }
  void set_stopped(bool to) {
    const std::lock_guard hold(lock_);
    is_stopped_ = to;
    goes_.notify_all();
  }

private:
  system_clock real_;
  mutable std::mutex lock_;
  mutable std::condition_variable goes_;
  bool is_stopped_ = false;
};

template <class Condition>
[[nodiscard]] bool comes_true(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

/// What all nodes of a case did: one owner per shard and epoch, and the journal's epochs.
class shared_record {
public:
  /// 0: taken over; else the journal's epoch.
  storage::epoch take_over(shard_id shard, storage::epoch to, incarnation who) {
    const std::lock_guard hold(lock_);
    const auto [named, is_new] = owners_.try_emplace({shard, to}, who);
    if (!is_new && named->second != who) ++doubles_;
    auto& at = journal_[shard];
    if (at.first > to || (at.first == to && at.second != who)) return at.first;
    at = {to, who};
    return 0;
  }
  void raise(shard_id shard, storage::epoch to) {
    const std::lock_guard hold(lock_);
    journal_[shard] = {to, nobody};
  }
  /// Times that two nodes were told to open one shard under one epoch.
  [[nodiscard]] std::size_t doubles() const {
    const std::lock_guard hold(lock_);
    return doubles_;
  }

private:
  mutable std::mutex lock_;
  std::map<std::pair<shard_id, storage::epoch>, incarnation> owners_;
  std::map<shard_id, std::pair<storage::epoch, incarnation>> journal_;
  std::size_t doubles_ = 0;
};

class test_node final : public cluster_host {
public:
  test_node(shared_record& record, cluster_options options)
      : record_(record), driver(std::move(options), *this, clock) {
    driver.start();
    driver.mesh_ready();
  }
  ~test_node() override {
    clock.set_stopped(false);
    driver.stop();
  }

  void joined(incarnation me) override {
    const std::lock_guard hold(lock_);
    me_ = me;
    lives_.push_back(me);
  }
  void open_shard(shard_id shard, storage::epoch at_epoch, turn_number turn) override {
    const std::lock_guard hold(lock_);
    if (failures_left_ > 0) {
      --failures_left_;
      driver.shard_open_failed(shard, turn);
      return;
    }
    const auto journal = record_.take_over(shard, at_epoch, me_);
    if (journal != 0) {
      driver.shard_open_failed(shard, turn, journal);
      return;
    }
    open_[shard] = epoch_of_[shard] = at_epoch;
    driver.shard_opened(shard, turn);
  }
  void stop_shard(shard_id shard, turn_number turn) override {
    const std::lock_guard hold(lock_);
    CHECK(open_.erase(shard) == 1);
    if (driver.route_of(shard).is_here) ++wrong_routes_;
    ++stops_;
    driver.shard_drained(shard, turn);
  }
  void resume_shard(shard_id shard, turn_number) override {
    const std::lock_guard hold(lock_);
    open_[shard] = epoch_of_[shard];
  }
  void drop_shard(shard_id shard) override {
    const std::lock_guard hold(lock_);
    if (open_.erase(shard) == 1) ++drops_of_open_;
    if (driver.route_of(shard).is_here) ++wrong_routes_;
  }
  void lease_changed(own_lease to) override {
    const std::lock_guard hold(lock_);
    leases_.push_back(to);
  }
  void peers_changed(const std::vector<cluster_peer>& peers) override {
    const std::lock_guard hold(lock_);
    peers_ = peers;
  }
  void emptied() override { driver.ask_leave(); }
  void left(leave_reason why, const std::string& detail) override {
    const std::lock_guard hold(lock_);
    CHECK_FALSE(left_); // once
    left_ = why;
    detail_ = detail;
  }

  template <class Of>
  [[nodiscard]] auto get(Of of) const {
    const std::lock_guard hold(lock_);
    return this->*of;
  }
  [[nodiscard]] std::map<shard_id, storage::epoch> open() const { return get(&test_node::open_); }
  [[nodiscard]] bool has_been(own_lease what) const {
    const auto all = get(&test_node::leases_);
    return std::find(all.begin(), all.end(), what) != all.end();
  }
  [[nodiscard]] bool has_left(leave_reason why) const { return get(&test_node::left_) == why; }

  void set_failures(std::size_t count) {
    const std::lock_guard hold(lock_);
    failures_left_ = count;
  }

  // Read by get().
  std::size_t failures_left_ = 0; // of opening
  incarnation me_ = nobody;
  std::vector<incarnation> lives_;
  std::map<shard_id, storage::epoch> open_, epoch_of_;
  std::vector<own_lease> leases_;
  std::vector<cluster_peer> peers_;
  std::optional<leave_reason> left_;
  std::string detail_;
  std::size_t stops_ = 0, drops_of_open_ = 0, wrong_routes_ = 0;

private:
  mutable std::mutex lock_;
  shared_record& record_;

public:
  stoppable_clock clock;
  cluster_driver driver; // last: it calls the members above
};

/// Nodes on one database, and an operator's session on it.
class test_cluster {
public:
  static constexpr std::uint32_t shards = 12;

  explicit test_cluster(std::string address) : address_(std::move(address)) {}

  /// Nobody dies of a starved machine.
  cluster_options patient(const std::string& name) const {
    cluster_options made{.name = name, .address = name + ".example:4000", .database = address_};
    made.shards_if_new = shards;
    made.statement_ms = 20'000;
    made.times.renew_ns = 50'000'000;
    made.times.lease_ns = made.times.short_lease_ns = 300'000'000'000;
    made.times.reads_ns = 120'000'000'000;
    made.times.gap_ns = 120'000'000'000;
    made.placement.handover_ns = 300'000'000'000;
    made.placement.gather_ns = 300'000'000;
    return made;
  }
  /// Whoever is silent for a lease of 1.5 s dies.
  cluster_options brief(const std::string& name) const {
    auto made = patient(name);
    made.statement_ms = 1'000;
    made.times.lease_ns = 1'500'000'000;
    made.times.short_lease_ns = 1'200'000'000;
    made.times.reads_ns = 1'000'000'000;
    made.times.gap_ns = 1'000'000'000;
    return made;
  }
  test_node& add(const cluster_options& options) {
    nodes_.push_back(std::make_unique<test_node>(record_, options));
    return *nodes_.back();
  }
  void kill(test_node& node) {
    std::erase_if(nodes_, [&](const auto& one) { return one.get() == &node; });
  }
  /// A new session if the server ended the last one.
  [[nodiscard]] storage::postgres_connection& session() {
    if (!operator_.is_open() || operator_.is_broken())
      operator_ = storage::open_cluster_session(address_, "rialto test", 120'000);
    return operator_;
  }
  [[nodiscard]] storage::cluster_store store() { return storage::cluster_store(session()); }
  [[nodiscard]] storage::cluster_answer read() { return store().read(); }
  [[nodiscard]] storage::cluster_shard row(shard_id shard) {
    for (const auto& one : read().changed_shards)
      if (one.shard == shard) return one;
    return {};
  }

  /// Every shard is open on the node that its row names, under the row's epoch, nowhere else among `nodes`, nothing is under way, and
  /// everybody's routes say so.
  [[nodiscard]] bool is_served_by(const std::vector<test_node*>& nodes) {
    const auto rows = read().changed_shards;
    if (rows.size() != shards) return false;
    std::size_t open = 0;
    for (const auto* node : nodes) open += node->open().size();
    if (open != shards) return false;
    for (const auto& row : rows) {
      const auto owner = std::find_if(nodes.begin(), nodes.end(), [&](const auto* node) {
        return node->driver.me() == row.owner;
      });
      if (owner == nodes.end() || row.next != nobody || row.wanted != nobody) return false;
      const auto all = (*owner)->open();
      const auto at = all.find(row.shard);
      if (at == all.end() || at->second != row.at_epoch) return false;
      for (const auto* node : nodes) {
        const auto route = node->driver.route_of(row.shard);
        if (route.owner != row.owner || route.at_epoch != row.at_epoch || route.is_moving ||
            route.is_here != (node == *owner))
          return false;
      }
    }
    return true;
  }
  [[nodiscard]] bool is_balanced(const std::vector<test_node*>& nodes) {
    if (!is_served_by(nodes)) return false;
    const auto share = shards / nodes.size();
    return std::all_of(nodes.begin(), nodes.end(), [&](const auto* node) {
      return node->open().size() >= share && node->open().size() <= share + 1;
    });
  }
  [[nodiscard]] shared_record& record() { return record_; }

private:
  std::string address_;
  storage::postgres_connection operator_;
  shared_record record_;
  std::vector<std::unique_ptr<test_node>> nodes_;
};

} // namespace rialto::testing

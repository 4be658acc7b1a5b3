// tests/simulation/simulated_node.hpp: one node in one thread: shard, lane, disk, links, all on a
// simulated clock.
//
// It runs the very shard, entities and machines of the real node. Faults come from its plan: link
// messages lost or doubled, commits refused or of unknown fate, and crash() at any moment.
#pragma once

#include "actors/world.hpp"
#include "tests/simulation/random.hpp"
#include "tests/simulation/stepped_lane.hpp"

#include <map>
#include <optional>
#include <set>

namespace rialto::simulation {

struct fault_plan {
  double message_lost = 0, message_doubled = 0; // chances per link message
  double commit_fault = 0;                      // per commit
};

/// What went wrong so far, on purpose.
struct fault_tally {
  std::uint64_t crashes = 0, writes_lost = 0,
                written_unanswered = 0; // the latter two: crashes with such appends
  std::uint64_t snapshots_lost = 0;     // saved, not synced, gone with a crash
  std::uint64_t commits_refused = 0, unknown_written = 0, unknown_lost = 0;
  std::uint64_t messages_lost = 0, messages_doubled = 0;
};

class simulated_node final : public runtime::shard_host<actors::trading_world> {
public:
  simulated_node(random& dice, fault_plan plan) : dice_(dice), plan_(plan) { start(); }

  void submit(std::vector<actors::request> requests) { shard_->submit(requests, now); }
  /// Commits some of what waits and tells the shard; returns what left the node.
  std::vector<actors::answer> commit(std::size_t count);
  void tick() { shard_->tick(now); }
  /// kill -9 and start again: only the disk is left.
  void crash();
  /// No more faults: runs until no link message waits. False if that does not come about in a
  /// bounded time.
  bool drain(std::vector<actors::answer>& answers);

  [[nodiscard]] const actors::trading_shard& shard() const { return *shard_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return lane_.rows; }
  [[nodiscard]] const std::map<entity_id, storage::snapshot>& snapshots() const {
    return snapshots_;
  }
  [[nodiscard]] const fault_tally& tally() const { return tally_; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<publication> published; // since the test last cleared it

  // ---- shard_host ----
  [[nodiscard]] bool exists(entity_id id) const override {
    return index_.contains(id) || snapshots_.contains(id);
  }
  void load(entity_id id) override;
  void save_snapshot(storage::snapshot made) override;
  void snapshot_in_background(entity_id id) override;
  [[nodiscard]] bool is_local(entity_id) const override { return true; }
  void send(runtime::envelope<actors::trading_world>) override {}
  [[nodiscard]] int copies(const runtime::envelope<actors::trading_world>&) override;
  void restart_lane() override { restart_lane_ = true; }
  void entity_failed(entity_id id, const std::string& why, bool) override {
    failures_.push_back(to_string(id) + ": " + why);
  }

private:
  void start();
  void index_rows();
  [[nodiscard]] runtime::entity_history history_of(entity_id id) const;

  random& dice_;
  fault_plan plan_;
  stepped_lane lane_;
  actors::trading_world world_;
  std::unique_ptr<actors::trading_shard> shard_;
  std::map<entity_id, std::set<storage::position>> index_;
  std::size_t indexed_ = 0;
  std::map<entity_id, storage::snapshot> snapshots_;
  std::vector<std::string> failures_;
  bool restart_lane_ = false, faults_on_ = true;
  std::map<entity_id, std::optional<storage::snapshot>>
    former_snapshots_; // of those saved since the last commit
  fault_tally tally_;
};

} // namespace rialto::simulation

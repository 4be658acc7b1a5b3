// tests/simulation/simulated_node.hpp: one node in one thread: shard, lane, disk, loader, links, all on a simulated clock.
//
// It runs the very shard, entities, machines, lane rules, stream index and entity loader of the real node on a simulated_journal. Faults come from its
// plan and the dice: link messages lost or doubled, commits refused or of unknown fate, a disk that is away, a loader that is late, and death: of
// the process or of the machine, between two steps, in the middle of a call to the disk, or in the middle of the recovery from another one.
#pragma once

#include "actors/entity_loader.hpp"
#include "storage/stream_index.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/random.hpp"
#include "tests/simulation/stepped_lane.hpp"

#include <functional>
#include <optional>

namespace rialto::simulation {

struct fault_plan {
  double message_lost = 0, message_doubled = 0; // chances per link message
  double commit_fault = 0;                      // per append: refused or of unknown fate
  double disk_away = 0;         // per append: refused, and the disk stays away for a while
  double late = 0;              // per job of the loader's thread: something else runs before it
  double power_cut = 0;         // of the deaths: the machine's, so that what was not synced may go
  double death_in_recovery = 0; // per start after a death
};

/// What really happened.
struct fault_counts {
  std::uint64_t messages_lost = 0, messages_doubled = 0, late_jobs = 0;
  std::uint64_t kills = 0, power_cuts = 0;
  std::uint64_t deaths_in_append = 0, deaths_in_save = 0, deaths_in_recovery = 0;
  std::uint64_t from_snapshot = 0;       // recoveries from a snapshot that was the newest state
  std::uint64_t from_older_snapshot = 0; // from one with records behind it
  std::uint64_t lost_snapshots = 0;      // from an older one, or none, than was once saved
};

class simulated_node final : public runtime::shard_host<actors::trading_world> {
public:
  explicit simulated_node(random& dice, fault_plan plan = {},
                          storage::journal_lie lie = storage::journal_lie::none)
      : dice_(dice), plan_(plan), disk_({}, lie) {
    start();
  }

  void submit(std::vector<actors::request> requests);
  /// Commits `count` of the submissions that wait, in groups, and tells the shard; returns what left
  /// the node.
  std::vector<actors::answer> commit(std::size_t count);
  void tick();
  /// Lets the loader's thread do what it was asked for.
  void load_all();
  /// Dies and starts again: only the disk is left.
  void crash();
  /// It dies in the middle of the n-th call to the disk from now.
  void die_in(std::uint64_t calls) { disk_.die_in(calls); }
  /// No more faults: runs until no link message waits. False if that does not come about in a
  /// bounded time.
  bool drain(std::vector<actors::answer>& answers);
  /// Drawn from the journal in small blocks, as a node does.
  [[nodiscard]] std::uint64_t next_id();

  [[nodiscard]] const actors::trading_shard& shard() const { return *shard_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return disk_.rows(0); }
  /// The newest snapshot on the disk; nullptr: none.
  [[nodiscard]] const storage::snapshot* snapshot_of(entity_id id) const {
    return disk_.peek_snapshot(id);
  }
  /// Every snapshot that was ever saved.
  [[nodiscard]] const std::vector<storage::snapshot>& saved() const { return saved_; }
  [[nodiscard]] std::uint64_t crashes() const { return counts_.kills + counts_.power_cuts; }
  [[nodiscard]] const fault_counts& counts() const { return counts_; }
  [[nodiscard]] const storage::journal_counts& disk_counts() const { return disk_.counts(); }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<publication> published; // since the test last cleared it

  // ---- shard_host
  [[nodiscard]] bool exists(entity_id id) const override { return index_.contains(id); }
  void load(entity_id id) override { to_load_.push_back({id, index_.positions_of(id)}); }
  void save_snapshot(storage::snapshot made) override;
  void snapshot_in_background(entity_id id) override;
  [[nodiscard]] bool is_local(entity_id) const override { return true; }
  void send(runtime::envelope<actors::trading_world>) override {}
  [[nodiscard]] int copies(const runtime::envelope<actors::trading_world>&) override;
  void restart_lane() override;
  void entity_failed(entity_id id, const std::string& why, bool given_up) override;

private:
  using job = std::function<bool()>; // false: not done yet, and what is behind it waits

  void start();
  template <class Work>
  void survive(const Work& work);
  void recover(bool died_in_write);
  void leave_log(bool died_in_write);
  void post(job work, bool may_be_now = true);
  void take(std::vector<storage::notice>& notices, std::vector<actors::answer>& answers);
  void keep(storage::snapshot made, storage::position covers);
  void load_wanted();
  void note_recovery(const actors::recovered_entity& one);
  [[nodiscard]] bool reopen_lane();

  random& dice_;
  fault_plan plan_;
  storage::simulated_journal disk_;
  storage::stream_index index_;
  std::unique_ptr<stepped_lane> lane_;
  actors::trading_world world_;
  std::unique_ptr<actors::trading_shard> shard_;
  std::deque<job> jobs_;
  std::vector<actors::entity_request> to_load_; // asked for in this turn
  std::vector<storage::snapshot> saved_;
  std::map<entity_id, std::uint64_t> newest_saved_; // event numbers
  std::vector<std::string> failures_;
  bool faults_on_ = true, disk_is_away_ = false;
  std::uint64_t ticks_ = 0, next_id_ = 0, ids_end_ = 0;
  fault_counts counts_;
};

} // namespace rialto::simulation

// tests/simulation/simulated_node.hpp: one node: its disk, its clock, and the processes that live and die on it.
//
// What outlives a process is the disk and how far the machine's wall is off. A death takes every process of the node; what is found on the disk
// afterwards is the disk's to say (storage/testing/simulated_journal.hpp). A takeover leaves two processes: the new one has the shard's epoch, the
// former one is not told.
#pragma once

#include "tests/simulation/simulated_process.hpp"

namespace rialto::simulation {

/// What joins nodes and clients; ends of the network are node numbers plus one.
class node_host {
public:
  virtual ~node_host() = default;
  [[nodiscard]] virtual std::size_t home_of(entity_id id) const = 0;
  virtual void carry(std::size_t from, runtime::envelope<actors::trading_world> message) = 0;
  virtual void carry_receipt(std::size_t from, entity_id sender, entity_id receiver,
                             std::uint64_t number) = 0;
  virtual void answer(std::size_t from, std::vector<actors::answer> answers) = 0;
};

class simulated_node final : public process_host {
public:
  simulated_node(stage& on, node_host& host, std::size_t number, storage::journal_lie lie)
      : stage_(on), host_(host), number_(number), disk_({}, lie) {
    boot();
  }

  // Faults.
  void kill();
  /// It dies in the middle of the n-th call to the disk from now.
  void die_in(std::uint64_t calls) { disk_.die_in(calls); }
  void take_over();
  void take_disk_away();
  void jump_clock(std::int64_t ns);
  /// Ends what is wrong with it, now.
  void mend();

  /// Of the edge: drawn from the journal in small blocks. 0: not now.
  [[nodiscard]] std::uint64_t draw_id();
  /// The process that clients and nodes reach; nullptr: none is up. Now and then it is one whose shard was taken over.
  [[nodiscard]] simulated_process* reach();
  [[nodiscard]] simulated_process* process() { return process_.get(); }
  [[nodiscard]] const simulated_process* process() const { return process_.get(); }
  [[nodiscard]] bool is_quiet() const { return waits_for().empty(); }
  [[nodiscard]] std::string waits_for() const;
  /// A client's connection is gone, whichever of its processes it was to.
  void forget_stream(std::uint64_t client);

  [[nodiscard]] storage::shard_id shard_id() const {
    return static_cast<storage::shard_id>(number_);
  }
  [[nodiscard]] const storage::simulated_journal& disk() const { return disk_; }
  [[nodiscard]] const std::vector<std::string>& rows() const { return disk_.rows(shard_id()); }
  [[nodiscard]] std::uint64_t deaths() const { return deaths_; }
  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }
  /// No stamp may be later: true time, the furthest the wall was ever trusted to be ahead, and the jump that is not noticed.
  [[nodiscard]] timestamp_ns stamp_max() const {
    return {stage_.queue.now().value + trusted_ahead_ns_ + runtime::node_clock::jump_ns_max};
  }

  // ---- process_host
  [[nodiscard]] bool is_here(entity_id id) const override { return host_.home_of(id) == number_; }
  void carry(runtime::envelope<actors::trading_world> message) override {
    host_.carry(number_, std::move(message));
  }
  void carry_receipt(entity_id sender, entity_id receiver, std::uint64_t number) override {
    host_.carry_receipt(number_, sender, receiver, number);
  }
  void answer(std::vector<actors::answer> answers) override {
    host_.answer(number_, std::move(answers));
  }
  void recovered(const actors::recovered_entity& one) override;
  void about_to_append() override;
  void failed(entity_id id, const std::string& why) override;
  void survive(const std::function<void()>& work) override;

private:
  void boot(bool takes_over = false);
  void bury(bool died_in_write);
  void leave_log(bool died_in_write);

  stage& stage_;
  node_host& host_;
  std::size_t number_;
  storage::simulated_journal disk_;
  std::int64_t wall_offset_ns_ = 0, trusted_ahead_ns_ = 0;
  std::unique_ptr<simulated_process> process_, former_;
  bool is_up_ = false, disk_is_away_ = false;
  std::uint64_t deaths_ = 0, outages_ = 0, next_id_ = 0, ids_end_ = 0;
  std::map<entity_id, std::uint64_t> newest_seen_; // event numbers of saved snapshots
  std::vector<std::string> failures_;
};

} // namespace rialto::simulation

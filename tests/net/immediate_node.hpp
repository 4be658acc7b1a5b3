// tests/net/immediate_node.hpp: the real shard and entities on a disk that answers at once, for tests of what stands in front of them.
//
// The room: one thread, no faults (tests/simulation has those). What was submitted is durable and answered when commit() returns.
#pragma once

#include "actors/entity_loader.hpp"
#include "storage/stream_index.hpp"
#include "storage/testing/simulated_journal.hpp"
#include "tests/simulation/stepped_lane.hpp"

namespace rialto::net {

class immediate_node final : public runtime::shard_host<actors::trading_world> {
public:
  immediate_node() : lane_(disk_), shard_(world_, *this, lane_, {}) {}

  void submit(std::vector<actors::request> requests) {
    shard_.submit(requests, now);
    load_wanted();
  }
  /// What entities do by themselves when their time has come.
  void tick() {
    shard_.tick(now);
    load_wanted();
  }
  /// What left the node: answers, and `published`.
  [[nodiscard]] std::vector<actors::answer> commit() {
    std::vector<actors::answer> answers;
    while (lane_.waiting() > 0) {
      auto notices = lane_.commit(lane_.waiting());
      for (auto& one : notices) {
        const auto at = one.at(0);
        if (at == 0) continue;
        for (const auto id :
             static_cast<runtime::shard_effects<actors::trading_world>&>(*one.waiting).appended)
          index_.note(id, at);
        index_.note_row(at);
      }
      for (auto& one : notices) actors::trading_shard::release_of(one, answers, published);
      shard_.durable(notices, now);
      load_wanted();
    }
    return answers;
  }
  [[nodiscard]] const std::vector<std::string>& rows() const { return disk_.rows(0); }

  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<publication> published; // since the test last cleared it

  // ---- shard_host
  [[nodiscard]] bool exists(entity_id id) const override { return index_.contains(id); }
  void load(entity_id id) override { wanted_.push_back({id, index_.positions_of(id)}); }
  void save_snapshot(storage::snapshot) override {} // everything stays in memory
  void snapshot_in_background(entity_id) override {}
  [[nodiscard]] bool is_local(entity_id) const override { return true; }
  void send(runtime::envelope<actors::trading_world>) override {}
  void restart_lane() override { throw std::logic_error("a disk without faults failed"); }
  void entity_failed(entity_id id, const std::string& why, bool) override {
    throw std::logic_error(to_string(id) + ": " + why);
  }

private:
  void load_wanted() {
    while (!wanted_.empty())
      for (auto& one : actors::recover_entities(disk_, 0, world_, std::exchange(wanted_, {})))
        shard_.recovered(std::move(one), now);
    shard_.settle();
  }

  storage::simulated_journal disk_;
  storage::stream_index index_;
  simulation::stepped_lane lane_;
  actors::trading_world world_;
  actors::trading_shard shard_;
  std::vector<actors::entity_request> wanted_;
};

} // namespace rialto::net

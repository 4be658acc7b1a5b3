// actors/cluster/child_news.hpp: a parent hears of its children on other nodes: how they fail, are given up and come back. No CAF, no clock.
//
// The room: both ends. The shards' actor says what became of an entity here; the owner of its parent's shard keeps the last word on each child.
// Only states travel, so any of them may be lost, late or twice. Thread-safe; nobody waits. What a parent does about it is elsewhere: it goes on.
//
//   S1  the newer report wins: the greater epoch of the child's shard, then the greater number
//   S2  a report goes to whoever owns the parent's shard, again after a link to it ended or the owner changed
//   S3  what an earlier owner of the child's shard said of its condition ends with its epoch; failures and their last text stay
//   S4  at most children_max are kept at each end; those that run again give way first, then nothing more is taken, and that is counted
#pragma once

#include "actors/shard_outside.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <set>

namespace rialto::actors {

struct child_news_surroundings {
  using incarnation = runtime::cluster::incarnation;
  std::function<runtime::cluster::shard_route(storage::shard_id)> route_of;
  std::function<bool(incarnation, std::string_view)> send;
  /// This node is linked to itself.
  std::function<bool(incarnation)> is_linked;
  /// On this node a parent hears something new of a child.
  std::function<void(const protocol::child_report&)> heard = {};
};

/// A child as its parent's node knows it.
struct child_view {
  entity_id child;
  runtime::cluster::incarnation owner = runtime::cluster::nobody;
  protocol::child_condition condition = protocol::child_condition::running;
  std::uint32_t restarts = 0;
  timestamp_ns changed_at, away_since; // 0: never told; 0: its shard has an owner that answers
  std::string last_failure;
};

class child_news {
public:
  using incarnation = runtime::cluster::incarnation;
  static constexpr std::size_t children_max = 10'000;

  child_news(storage::shard_id shard_count, child_news_surroundings around)
      : shard_count_(shard_count), around_(std::move(around)) {}

  // ---- a child's node
  void changed(const std::vector<child_change>& all);
  void peer_closed(incarnation who);
  /// Every 100 ms or so: sends what its parent's owner has not been sent, forgets what left, looks which shards are without an owner.
  void tick(timestamp_ns now);

  // ---- a parent's node
  void came(const protocol::child_report_frame& frame);
  /// `known`: children that the parent knows itself of; told ones are added.
  [[nodiscard]] std::vector<child_view> children_of(entity_id parent,
                                                    const std::vector<entity_id>& known) const;
  /// Parents here with a child that is given up.
  [[nodiscard]] std::set<entity_id> degraded() const;

  [[nodiscard]] std::uint64_t left_out() const { return left_out_; }

private:
  using report = protocol::child_report;
  struct told {
    report what;
    incarnation sent_to = runtime::cluster::nobody; // that owner has this state
  };
  [[nodiscard]] storage::shard_id shard_of(entity_id id) const {
    return storage::shard_of(id, shard_count_);
  }
  /// Under lock_: what is to be sent to whom, and what this node's parents hear.
  struct outgoing {
    std::map<incarnation, protocol::child_report_frame> frames;
    std::vector<report> heard;
  };
  void gather(outgoing& into);
  void keep(const report& one, outgoing& into);
  void give_away(outgoing& all);
  [[nodiscard]] child_view view_of(entity_id child, const report* said) const;

  const storage::shard_id shard_count_;
  const child_news_surroundings around_;
  std::atomic<std::uint64_t> left_out_{0};

  mutable std::mutex lock_;        // of all below; nobody is called under it but for routes
  std::map<entity_id, told> mine_; // children here that failed once
  std::map<entity_id, std::map<entity_id, report>> heard_; // of parents here, by child
  std::size_t heard_count_ = 0;
  std::uint64_t next_ = 1;
  std::map<storage::shard_id, timestamp_ns> away_; // shards without an owner that answers
  static constexpr std::int64_t forget_ns = 10'000'000'000;
  std::map<storage::shard_id, timestamp_ns> left_; // of parents here, since when they are not
};

} // namespace rialto::actors

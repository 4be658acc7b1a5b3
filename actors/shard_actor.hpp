// actors/shard_actor.hpp: the CAF shell of a node's shards, one lane: a mailbox, a clock, timers and a place for their entities.
//
// The room: CAF. Everything decided here is decided in runtime/shard.hpp; this file moves bytes between it, the lane's thread, the loader's thread
// and the mailbox. Each active entity is also an actor of its own, under its supervisor (actor_tree): addressable, listed, killable; the end of
// one with an error drops that entity and recovers it from the journal. A request to an order goes to the order's actor, which is activated for it.
#pragma once

#include "actors/actor_tree.hpp"
#include "actors/durable_router.hpp"
#include "actors/entity_watch.hpp"
#include "actors/local_gate.hpp"
#include "actors/messages.hpp"
#include "actors/shard_question.hpp"
#include "actors/world.hpp"
#include "runtime/tracked_actor.hpp"
#include "runtime/worker_thread.hpp"
#include "storage/stream_index.hpp"

#include <atomic>
#include <chrono>
#include <functional>

namespace rialto::actors {

/// Read by metrics from any thread.
struct shard_gauges {
  std::atomic<std::uint64_t> requests{0}, messages{0}, records{0}, resends{0}, failures{0},
    lane_failures{0}, active{0};
  std::atomic<bool> degraded{false};
};

/// What the shard stands on; made before the actor system and outliving it.
struct shard_context {
  storage::journal& store;
  storage::thread_lane& lane;
  std::map<storage::shard_id, storage::stream_index>&
    indexes; // of the shards that are open; the actor's own after start, no other thread touches it
  runtime::worker_thread& loader; // of entities that somebody waits for
  runtime::worker_thread& saver;  // of snapshots and the index: nobody waits
  local_gate& gate;
  durable_router& router;
  shard_gauges& gauges;
  runtime::shard_options options;
  std::atomic<bool>& stopping;
  std::uint64_t index_ticks = 150; // between two saves of the stream index, five ticks a second
  order_supervision orders = {};
  storage::position tail_rows_max = 200'000; // an entity that needs an older row gets a snapshot
  std::uint64_t cover_ticks = 50;            // between two looks for such
  shard_outside* outside = nullptr;          // null: the only shard is here
};

class shard_actor final : public runtime::tracked_actor, public runtime::shard_host<trading_world> {
public:
  shard_actor(caf::actor_config& config, runtime::actor_surroundings around, std::string parent,
              std::shared_ptr<shard_context> context);

  void on_exit() override;

protected:
  caf::behavior behave() override;

private:
  [[nodiscard]] bool exists(entity_id id) const override;
  void load(entity_id id) override;
  void save_snapshot(storage::snapshot made) override;
  void snapshot_in_background(entity_id id) override;
  [[nodiscard]] bool is_local(entity_id) const override { return true; } // what is open here
  void send(runtime::envelope<trading_world> message) override {
    to_send_.push_back(std::move(message));
  }
  void acknowledge(entity_id sender, entity_id receiver, std::uint64_t number) override {
    to_acknowledge_.push_back({sender, receiver, number});
  }
  void pass_on(actors::request one) override { to_pass_on_.push_back(std::move(one)); }
  void restart_lane() override;
  void entity_failed(entity_id id, const std::string& why, bool given_up) override;
  void activated(entity_id id) override;
  void passivated(entity_id id) override;

  [[nodiscard]] storage::stream_index* index_of(entity_id id);
  [[nodiscard]] const storage::stream_index* index_of(entity_id id) const {
    return const_cast<shard_actor*>(this)->index_of(id);
  }
  void note_rows(const std::vector<storage::notice>& notices);
  void lane_is_back(const lane_reopened& now_is);
  void give_up(const std::string& why);
  /// Entities of a shard that must run although nobody asks, and when they must at the latest.
  [[nodiscard]] static std::map<entity_id, timestamp_ns>
  wakes_of(storage::journal& store, const storage::stream_index& index);
  void open_drained();
  void prepare(const open_shard& order);
  void take_over(const shard_prepared& made);
  void tell_drained();
  void forget(storage::shard_id shard);
  void speak_outside();
  /// The journal's rows of entities, by shard.
  using wanted_by_shard = std::map<storage::shard_id, std::vector<entity_request>>;
  [[nodiscard]] wanted_by_shard by_shard(std::vector<entity_request> wanted) const;

  void restart_lane_now();
  void load_wanted();
  void save_gathered();
  void make_snapshots();
  /// Takes out what is asked of working orders and hands it to their actors.
  void pass_to_orders(std::vector<actors::request>& requests);
  caf::response_promise find(entity_id id);
  /// The account and owner of a working order, or nothing.
  struct holder {
    account_id account;
    user_id owner;
    order_id parent; // of a slice; 0: none
  };
  [[nodiscard]] std::optional<holder> holder_of(order_id id) const;
  void child_lost(entity_id id, const std::string& why);
  void tell_parent(entity_id child, entity_id parent, protocol::child_condition condition,
                   const std::string& why);
  void place_activated();
  void recover(storage::shard_id shard, const std::map<entity_id, timestamp_ns>& wakes);
  void save_index(storage::shard_id shard, const storage::stream_index& index);
  void cover_old_rows();
  void after_turn();
  void note_state();
  void release_memory();

  std::shared_ptr<shard_context> context_;
  trading_world world_;
  trading_shard shard_;
  actor_tree tree_;
  entity_watch watch_;
  std::vector<entity_request> to_load_;
  std::vector<entity_request> to_cover_;
  std::vector<storage::snapshot> to_save_;
  std::vector<saved_snapshot> to_save_covers_;
  std::map<storage::shard_id, open_shard> to_open_; // when what they have under way is decided
  std::map<storage::shard_id, runtime::cluster::turn_number> opening_,
    stopping_;                                            // shards that come, that are left
  std::vector<runtime::envelope<trading_world>> to_send_; // this turn's mail to other nodes
  std::vector<link_receipt> to_acknowledge_;
  std::vector<actors::request> to_pass_on_;
  std::vector<child_change> to_tell_;
  static constexpr std::size_t failed_children_max = 10'000;
  std::map<entity_id, entity_id> failed_children_; // that do not run, and their parents
  std::vector<entity_id> activated_; // to be placed when the batch is over and owners are known
  std::uint64_t ticks_ = 0;
  std::size_t left_ = 0, left_this_tick_ = 0; // entities that left memory since it was given back
  bool was_degraded_ = false;
  std::chrono::steady_clock::time_point lane_restarted_at_;
  bool lane_restart_waits_ = false;
};

} // namespace rialto::actors

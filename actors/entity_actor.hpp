// actors/entity_actor.hpp: the address of a user, account or market, and the supervisor of what stands below it.
//
// The room: CAF. Its machine runs in the shard (runtime/shard.hpp), which also decides when one that failed is recovered; this actor is where others find it, and it
// watches its children: a user its accounts, an account its working orders. A child entity that ends with an error is reported to the shard, which
// drops and recovers it; an order that ends with an error is started again here, within its limits. Siblings go on in every case.
#pragma once

#include "actors/order_actor.hpp"
#include "runtime/restart_policy.hpp"

#include <map>
#include <unordered_map>

namespace rialto::actors {

/// How long an order's actor waits for a question, and how often it is started again.
struct order_supervision {
  std::int64_t idle_ns = 60'000'000'000;
  runtime::restart_limits restarts = {};
  std::size_t children_max =
    10'000; // working orders with an actor, per account; beyond it their account answers for them
};

class entity_actor final : public runtime::tracked_actor {
public:
  entity_actor(caf::actor_config& config, runtime::actor_surroundings around, entity_id id,
               std::string parent, caf::actor shard, std::shared_ptr<watched_orders> watched,
               order_supervision orders);

protected:
  caf::behavior behave() override;
  void on_exit() override;

private:
  struct order_child {
    caf::actor running;
    runtime::restart_history history;
    bool is_given_up = false;
    order_id parent; // of a slice
  };

  void ended(const caf::down_msg& down);
  void order_ended(order_id id, const caf::down_msg& down);
  /// Its actor, started if need be; invalid if it is given up or waits for its restart.
  caf::actor order(order_id id, order_id parent);
  void start(order_id id, order_child& at);

  entity_id id_;
  caf::actor shard_;
  std::shared_ptr<watched_orders> watched_;
  order_supervision limits_;
  std::unordered_map<caf::actor_addr, entity_id> children_; // entities and orders
  std::map<order_id, order_child> orders_;
};

} // namespace rialto::actors

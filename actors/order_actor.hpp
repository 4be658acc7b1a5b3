// actors/order_actor.hpp: one working order as an actor: an address, a child of its account's actor, a follower of its execution.
//
// The room: CAF. It is activated when somebody asks for `order/ID` and ends when the order is final or nobody asked for a while; most orders never
// have one, so a plain order pays nothing for it. What is durable of an order lives in its account's stream: an order's actor that fails
// loses nothing, and its account starts another one (entity_actor).
#pragma once

#include "actors/messages.hpp"
#include "actors/watched_orders.hpp"
#include "runtime/tracked_actor.hpp"

namespace rialto::actors {

class order_actor final : public runtime::tracked_actor {
public:
  /// `parent` is the actor of `above`, its account or the order it is a slice of: when that ends, this one ends too.
  order_actor(caf::actor_config& config, runtime::actor_surroundings around, order_id id,
              entity_id account, entity_id above, const caf::actor& parent, caf::actor shard,
              std::shared_ptr<watched_orders> watched, std::int64_t idle_ns);

protected:
  caf::behavior behave() override;
  void on_exit() override;

private:
  void pass_on(const request_batch& batch);
  void take(const order_view& news);

  order_id id_;
  entity_id account_;
  caf::actor shard_;
  std::shared_ptr<watched_orders> watched_;
  std::int64_t idle_ns_;
  timestamp_ns used_at_;
  order_state state_;
};

} // namespace rialto::actors

// actors/actor_tree.hpp: the actors of a shard's entities and who supervises whom: user above account above order, user and market below the shard.
//
// The room: CAF; owned by the shard's actor and used on its turn only. An entity has an actor while its machine runs or while a child of it does, so a
// supervisor is there as long as there is something to supervise.
#pragma once

#include "actors/entity_actor.hpp"

namespace rialto::actors {

class actor_tree {
public:
  actor_tree(caf::event_based_actor& shard, std::string shard_name,
             runtime::actor_surroundings around, order_supervision orders)
      : shard_(shard), shard_name_(std::move(shard_name)), around_(around), orders_(orders) {}

  /// The entity's machine runs. `parent`: entity_id{} for one that stands below the shard itself.
  void activated(entity_id id, entity_id parent);
  void passivated(entity_id id);
  /// The machine failed: its actor ends with this error.
  void failed(entity_id id, const std::string& why);
  /// An actor ended by itself. Returns whose it was; entity_id{} for one that is forgotten. repair() must follow.
  [[nodiscard]] entity_id ended(const caf::actor_addr& who);
  /// Gives it an actor again if something still needs one.
  void repair(entity_id id);

  /// Invalid if it has none.
  [[nodiscard]] caf::actor find(entity_id id) const;
  /// Its actor, made if it has none.
  caf::actor need(entity_id id, entity_id parent);
  [[nodiscard]] std::string parent_name(entity_id id) const;
  /// entity_id{}: the shard, or unknown.
  [[nodiscard]] entity_id parent_of(entity_id id) const {
    const auto at = places_.find(id);
    return at == places_.end() ? entity_id{} : at->second.parent;
  }
  void stop();

  /// Told by the orders' actors, read by the lane's thread.
  std::shared_ptr<watched_orders> watched = std::make_shared<watched_orders>();

private:
  struct place {
    caf::actor actor;
    entity_id parent;
    std::uint32_t children = 0; // entities whose parent this is
    bool runs = false;
  };

  place& place_of(entity_id id, entity_id parent);
  void start(entity_id id, place& at);
  void end(place& at, const caf::error& why);
  void drop_if_unused(entity_id id);

  caf::event_based_actor& shard_;
  std::string shard_name_;
  runtime::actor_surroundings around_;
  order_supervision orders_;
  std::unordered_map<entity_id, place> places_; // node-based: a place stays where it is
  std::unordered_map<caf::actor_addr, entity_id> addresses_;
};

} // namespace rialto::actors

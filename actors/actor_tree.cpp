#include "actors/actor_tree.hpp"

namespace rialto::actors {

void actor_tree::activated(entity_id id, entity_id parent) {
  auto& at = place_of(id, parent);
  at.runs = true;
  if (!at.actor) start(id, at);
}

void actor_tree::passivated(entity_id id) {
  const auto at = places_.find(id);
  if (at == places_.end()) return;
  at->second.runs = false;
  drop_if_unused(id);
}

void actor_tree::failed(entity_id id, const std::string& why) {
  const auto at = places_.find(id);
  if (at == places_.end() || !at->second.runs) return;
  end(at->second, caf::make_error(caf::sec::runtime_error, why));
  if (at->second.children > 0) start(id, at->second);
}

entity_id actor_tree::ended(const caf::actor_addr& who) {
  const auto at = addresses_.find(who);
  if (at == addresses_.end()) return {};
  const auto id = at->second;
  addresses_.erase(at);
  places_.at(id).actor = nullptr;
  return id;
}

void actor_tree::repair(entity_id id) {
  const auto at = places_.find(id);
  if (at != places_.end() && !at->second.actor) start(id, at->second);
}

caf::actor actor_tree::find(entity_id id) const {
  const auto at = places_.find(id);
  return at == places_.end() ? caf::actor{} : at->second.actor;
}

caf::actor actor_tree::need(entity_id id, entity_id parent) {
  auto& at = place_of(id, parent);
  if (!at.actor) start(id, at);
  return at.actor;
}

std::string actor_tree::parent_name(entity_id id) const {
  const auto at = places_.find(id);
  return at == places_.end() || !at->second.parent ? shard_name_ : to_string(at->second.parent);
}

void actor_tree::stop() {
  for (auto& [id, at] : places_) end(at, caf::exit_reason::user_shutdown);
  places_.clear();
}

actor_tree::place& actor_tree::place_of(entity_id id, entity_id parent) {
  const auto [at, is_new] = places_.try_emplace(id);
  auto& made = at->second;
  if (!is_new) return made;
  made.parent = parent;
  if (!parent) return made;
  auto& above = place_of(parent, {});
  ++above.children;
  if (!above.actor) start(parent, above);
  return made;
}

void actor_tree::start(entity_id id, place& at) {
  at.actor = shard_.spawn<entity_actor>(around_, id, parent_name(id),
                                        caf::actor_cast<caf::actor>(&shard_), watched, orders_);
  addresses_[at.actor.address()] = id;
  if (at.parent)
    shard_.send(places_.at(at.parent).actor, adopt_child{id, at.actor});
  else
    shard_.monitor(at.actor);
  if (at.children == 0) return;
  for (const auto& [child, below] :
       places_) // the successor of a supervisor takes over its children
    if (below.parent == id && below.actor) shard_.send(at.actor, adopt_child{child, below.actor});
}

void actor_tree::end(place& at, const caf::error& why) {
  if (!at.actor) return;
  addresses_.erase(at.actor.address());
  if (!at.parent) shard_.demonitor(at.actor);
  shard_.send_exit(at.actor, why);
  at.actor = nullptr;
}

void actor_tree::drop_if_unused(entity_id id) {
  const auto at = places_.find(id);
  if (at == places_.end() || at->second.runs || at->second.children > 0) return;
  end(at->second, caf::exit_reason::user_shutdown);
  const auto parent = at->second.parent;
  places_.erase(at);
  if (!parent) return;
  --places_.at(parent).children;
  drop_if_unused(parent);
}

} // namespace rialto::actors

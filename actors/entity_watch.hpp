// actors/entity_watch.hpp: counts what a shard's entities run while somebody looks, into their actors' entries.
//
// The room: no CAF; owned by the shard's actor and used on its turn. It is attached to the shard while the registry is
// watched and costs nothing otherwise. An entity never blocks, so its time by the clock is its processor time.
#pragma once

#include "actors/world.hpp"
#include "runtime/actor_registry.hpp"
#include "runtime/clock.hpp"

#include <unordered_map>

namespace rialto::actors {

class entity_watch final : public runtime::shard_observer<trading_world> {
public:
  entity_watch(runtime::actor_registry& registry, runtime::node_clock& clock)
      : registry_(registry), clock_(clock) {}

  /// Attaches or detaches itself; to be called now and then.
  void follow(trading_shard& shard);

  [[nodiscard]] std::int64_t began_ns() override { return runtime::actor_registry::monotonic_ns(); }
  void ran(const runtime::slot_look<trading_world>& at, const request& one,
           std::int64_t began_ns) override;
  void handled(const runtime::slot_look<trading_world>& at,
               const runtime::envelope<trading_world>& one, std::int64_t began_ns) override;

private:
  static constexpr std::size_t entries_max = 200'000;

  [[nodiscard]] runtime::actor_entry* entry_of(entity_id id);
  /// Counts a run. Returns the entry if its messages are followed.
  runtime::actor_entry* note(const runtime::slot_look<trading_world>& at, const char* what,
                             std::int64_t began_ns, std::int64_t now_ns);

  runtime::actor_registry& registry_;
  runtime::node_clock& clock_;
  std::unordered_map<entity_id, std::shared_ptr<runtime::actor_entry>> entries_;
  bool is_attached_ = false;
};

} // namespace rialto::actors

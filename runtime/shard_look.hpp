// runtime/shard_look.hpp: what the inspector may see of a shard's entities. No CAF, no trading.
//
// The room: views that live as long as the call that gives them, on the shard's thread. An observer costs
// a test of a pointer while nobody looks.
#pragma once

#include "runtime/entity.hpp"

#include <cstdint>

namespace rialto::runtime {

/// How an entity stands in its shard.
template <class World>
struct slot_look {
  entity_id id;
  const entity_base<World>* live = nullptr; // null: it is being loaded, or waits for its restart
  std::uint64_t requests = 0, messages = 0; // that it ran since it was loaded
  std::uint64_t in_flight = 0;              // records not yet durable
  std::uint64_t snapshot_at = 0, snapshot_bytes = 0;
  std::size_t waiting_requests = 0, waiting_messages = 0;
  std::uint64_t failures = 0;
  bool is_loading = false, awaits_claim = false, is_given_up = false;
};

/// Told, on the shard's thread, of what entities ran.
template <class World>
class shard_observer {
public:
  virtual ~shard_observer() = default;
  /// Of a clock of its own, handed back below.
  [[nodiscard]] virtual std::int64_t began_ns() = 0;
  virtual void ran(const slot_look<World>& at, const typename World::request& one,
                   std::int64_t began_ns) = 0;
  virtual void handled(const slot_look<World>& at, const envelope<World>& one,
                       std::int64_t began_ns) = 0;
};

} // namespace rialto::runtime

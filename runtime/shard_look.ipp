// runtime/shard_look.ipp: what shard<World> does for the inspector; see shard.hpp.
#pragma once

#include "runtime/shard.hpp"

namespace rialto::runtime {

template <class World>
slot_look<World> shard<World>::look_of(const slot& at) {
  slot_look<World> made;
  made.id = at.id;
  made.live = at.live.get();
  made.requests = at.requests;
  made.messages = at.messages;
  made.in_flight = at.in_flight;
  made.snapshot_at = at.snapshot_at;
  made.snapshot_bytes = at.snapshot_bytes;
  made.waiting_requests = at.waiting.size();
  made.waiting_messages = at.waiting_messages.size();
  made.failures = at.history.failures();
  made.is_loading = at.is_loading;
  made.awaits_claim = at.awaits_claim;
  made.is_given_up = at.is_given_up;
  return made;
}

template <class World>
std::optional<slot_look<World>> shard<World>::look(entity_id id) const {
  const auto at = slots_.find(id);
  if (at == slots_.end()) return {};
  return look_of(at->second);
}

template <class World>
template <class Visit>
std::size_t shard<World>::look_at_some(std::size_t from, std::size_t count, Visit&& visit) const {
  const auto buckets = slots_.bucket_count();
  const auto end = std::min(buckets, from + count);
  for (auto bucket = from; bucket < end; ++bucket)
    for (auto at = slots_.begin(bucket); at != slots_.end(bucket); ++at) visit(look_of(at->second));
  return end >= buckets ? 0 : end;
}

template <class World>
bool shard<World>::restart(entity_id id, timestamp_ns clock) {
  set_clock(clock);
  auto* const at = find(id);
  if (at == nullptr || at->awaits_claim) return false;
  at->history = restart_history(options_.restarts);
  at->is_given_up = false;
  if (!at->is_loading) // the next tick loads it, once its records are durable
    at->restart_at = {std::max<std::int64_t>(timers_.value, 1)};
  if (at->live) {
    world_.retire(std::move(at->live));
    host_.passivated(id);
  }
  settle_batch();
  return true;
}

} // namespace rialto::runtime

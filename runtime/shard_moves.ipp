// runtime/shard_moves.ipp: how a lane leaves one of its shards (S6), and how it goes on after a failure; see shard.hpp.
#pragma once

#include "runtime/shard.hpp"

namespace rialto::runtime {

/// Hands what waits for an entity that is not loaded to the host: it was not executed.
template <class World>
void shard<World>::clear_waiting(slot& at) {
  for (auto& waiting : std::exchange(at.waiting, {})) host_.pass_on(std::move(waiting));
  for (auto& message : std::exchange(at.waiting_messages, {})) send_away(std::move(message));
}

template <class World>
void shard<World>::stop(storage::shard_id shard, timestamp_ns clock) {
  set_clock(clock);
  home_named(shard).is_stopping = true;
  for (auto& [id, at] : slots_)
    if (shard_of(id) == shard) clear_waiting(at);
  settle_batch();
}

template <class World>
void shard<World>::drop(storage::shard_id shard, timestamp_ns clock) {
  set_clock(clock);
  home_named(shard) = {.undecided = home_named(shard).undecided};
  std::vector<entity_id> gone;
  for (auto& [id, at] : slots_)
    if (shard_of(id) == shard) gone.push_back(id);
  std::sort(gone.begin(), gone.end());
  for (const auto id : gone) {
    auto& at = slots_[id];
    clear_waiting(at);
    if (at.live) host_.passivated(id);
    slots_.erase(id);
  }
  std::erase_if(touched_, [&](entity_id id) { return shard_of(id) == shard; });
  std::erase_if(wakes_, [&](const auto& one) { return shard_of(one.second) == shard; });
  settle_batch();
}

template <class World>
void shard<World>::lane_restarted(
  const std::vector<std::pair<storage::shard_id, storage::epoch>>& epochs, timestamp_ns clock) {
  set_clock(clock);
  for (const auto& [shard, at_epoch] : epochs) home_named(shard).at_epoch = at_epoch;
  // With several shards the lane mostly fails because one of them has another owner now: the others do not wait for a probe. A journal that takes
  // nothing says so again, no more often than the host restarts lanes.
  if (homes_.size() > 1) degraded_ = false;
  restarting_ = false;
  std::vector<entity_id> dropped, live;
  for (const auto& [id, at] : slots_) {
    if (at.live)
      live.push_back(id);
    else if (!at.is_loading && !at.is_given_up && at.restart_at.value == 0)
      dropped.push_back(id);
  }
  std::sort(live.begin(), live.end());
  for (const auto id : live) { // publications were refused with their barriers
    slots_[id].live->publish_whole();
    touch(slots_[id]);
  }
  std::sort(dropped.begin(), dropped.end());
  for (const auto id : dropped) {
    if (!host_.exists(id)) { // its first append was lost: it does not exist
      slots_.erase(id);
      continue;
    }
    slots_[id].is_loading = true;
    host_.load(id);
  }
  settle_batch();
}

} // namespace rialto::runtime

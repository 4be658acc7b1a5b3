// actors/shard_moves.cpp: how the shards' actor opens, leaves and loses a shard.
#include "actors/shard_actor.hpp"
#include "runtime/log.hpp"

namespace rialto::actors {

/// Which rows hold what is durable now.
void shard_actor::note_rows(const std::vector<storage::notice>& notices) {
  for (const auto& one : notices) {
    if (one.rows.empty()) continue;
    for (const auto id : static_cast<runtime::shard_effects<trading_world>&>(*one.waiting).appended)
      if (auto* const index = index_of(id)) // else it was dropped meanwhile
        index->note(id, one.at(shard_.shard_of(id)));
  }
  for (const auto& one : notices) // a row may hold several submissions
    for (const auto& [shard, at] : one.rows)
      if (const auto index = context_->indexes.find(shard); index != context_->indexes.end())
        index->second.note_row(at);
}

/// Goes on with the shards that are still this node's.
void shard_actor::lane_is_back(const lane_reopened& now_is) {
  std::vector<std::pair<storage::shard_id, storage::epoch>> kept;
  for (const auto& one : *now_is.shards) {
    const auto index = context_->indexes.find(one.id);
    if (index == context_->indexes.end() || shard_.epoch_of(one.id) != one.at_epoch) continue;
    if (one.journal.at_epoch != one.at_epoch) {
      if (context_->outside == nullptr)
        return give_up("another node has taken shard " + std::to_string(one.id) +
                       " over: the journal is at epoch " + std::to_string(one.journal.at_epoch) +
                       ", this node wrote at epoch " + std::to_string(one.at_epoch));
      runtime::log_error(
        "shard", "shard {} was taken over: the journal refused this node's epoch {}, it is at {}",
        one.id, one.at_epoch, one.journal.at_epoch);
      forget(one.id);
      context_->outside->fenced(one.id, one.at_epoch, one.journal.at_epoch);
      continue;
    }
    if (one.journal.last < index->second.covers()) // a standby took over that had not heard of them
      return give_up("the journal of shard " + std::to_string(one.id) + " ends at row " +
                     std::to_string(one.journal.last) + ", but row " +
                     std::to_string(index->second.covers()) +
                     " was acknowledged: it has lost rows, and nothing may follow them");
    index->second.take(one.tail);
    kept.emplace_back(one.id, one.at_epoch);
  }
  shard_.lane_restarted(kept, now());
}

/// Nobody may answer for entities that another node writes, or whose events the journal has lost.
void shard_actor::give_up(const std::string& why) {
  runtime::log_error("shard", "the shards stop: {}", why);
  quit(caf::make_error(caf::sec::runtime_error, why));
}

void shard_actor::on_exit() {
  tree_.stop(); // however it came
  tracked_actor::on_exit();
}

std::map<entity_id, timestamp_ns> shard_actor::wakes_of(storage::journal& store,
                                                        const storage::stream_index& index) {
  auto wakes = store.wake_times();
  std::erase_if(wakes, [&](const auto& one) { return !index.contains(one.first); });
  return wakes;
}

/// A shard whose lease came back opens at the epoch it had: not before its earlier appends are decided (runtime/shard.hpp, S7).
void shard_actor::open_drained() {
  for (auto at = to_open_.begin(); at != to_open_.end();) {
    if (!shard_.is_drained(at->first)) {
      ++at;
      continue;
    }
    prepare(at->second);
    at = to_open_.erase(at);
  }
}

/// On the loader's thread: raises the journal's epoch, so that no former owner writes any more, then reads what lies in the shard.
void shard_actor::prepare(const open_shard& order) {
  const auto self = caf::actor_cast<caf::actor>(this);
  opening_[order.shard] = order.turn;
  const auto job = [context = context_, self, order] {
    shard_prepared made{order, {}, false, nullptr, nullptr};
    try {
      const auto taken = context->store.take_over(order.shard, order.at_epoch);
      made.head = taken.head;
      made.is_taken = taken.is_taken;
      if (made.is_taken) {
        made.index = std::make_shared<storage::stream_index>(
          storage::load_stream_index(context->store, order.shard));
        made.wakes = std::make_shared<std::map<entity_id, timestamp_ns>>(
          wakes_of(context->store, *made.index));
      }
    } catch (const std::exception& problem) {
      runtime::log_warning("shard", "shard {} cannot be opened yet: {}", order.shard,
                           problem.what());
      made = {order, {}, false, nullptr, nullptr};
    }
    caf::anon_send(self, made);
  };
  if (!context_->loader.post(job)) // tried again by who asked
    caf::anon_send(self, shard_prepared{order, {}, false, nullptr, nullptr});
}

void shard_actor::take_over(const shard_prepared& made) {
  const auto& order = made.order;
  const auto wanted = opening_.find(order.shard);
  if (wanted == opening_.end() || wanted->second != order.turn) return; // dropped meanwhile
  if (!made.index)
    return context_->outside->open_failed(order.shard, order.turn, made.head.at_epoch);
  opening_.erase(wanted);
  context_->indexes[order.shard] = std::move(*made.index);
  context_->lane.adopt(order.shard, made.head);
  shard_.open(order.shard, order.at_epoch);
  recover(order.shard, *made.wakes);
  context_->outside->opened(order.shard, order.turn);
}

/// The next owner finds an index that needs no row read.
void shard_actor::tell_drained() {
  for (auto at = stopping_.begin(); at != stopping_.end();) {
    const auto [shard, turn] = *at;
    if (!shard_.is_drained(shard)) {
      ++at;
      continue;
    }
    at = stopping_.erase(at);
    const auto index = context_->indexes.find(shard);
    if (index != context_->indexes.end()) save_index(shard, index->second);
    context_->outside->drained(shard, turn);
  }
}

void shard_actor::forget(storage::shard_id shard) {
  stopping_.erase(shard);
  opening_.erase(shard);
  to_open_.erase(shard);
  if (context_->indexes.erase(shard) == 0) return;
  std::erase_if(failed_children_,
                [&](const auto& one) { return shard_.shard_of(one.first) == shard; });
  shard_.drop(shard, now());
}

void shard_actor::speak_outside() {
  if (context_->outside == nullptr) return;
  if (!to_send_.empty()) context_->outside->send(std::exchange(to_send_, {}));
  if (!to_acknowledge_.empty()) context_->outside->acknowledge(std::exchange(to_acknowledge_, {}));
  if (!to_tell_.empty()) context_->outside->children_changed(std::exchange(to_tell_, {}));
  if (!to_pass_on_.empty()) context_->outside->pass_on(std::exchange(to_pass_on_, {}));
}

} // namespace rialto::actors

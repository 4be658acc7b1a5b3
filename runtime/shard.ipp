// runtime/shard.ipp: the bodies of shard<World>; see shard.hpp.
#pragma once

#include "runtime/shard.hpp"

namespace rialto::runtime {

template <class World>
auto shard<World>::slot_of(entity_id id, bool may_create) -> slot* {
  if (auto* known = find(id)) return known;
  const bool exists = host_.exists(id);
  if (!exists && !may_create) return nullptr;
  auto& made = slots_[id];
  made.id = id;
  made.history = restart_history(options_.restarts);
  made.last_used = timers_;
  if (exists) {
    made.is_loading = true;
    host_.load(id); // may call loaded() at once
  } else {
    made.live = world_.make(id);
    host_.activated(id);
  }
  return &made;
}

template <class World>
void shard<World>::run(request& one) {
  ++statistics_.requests;
  if (one.to.kind() != entity_kind::order && !serves(one.to))
    return host_.pass_on(std::move(one)); // S6
  if (degraded_ && world_.is_write(one.command)) return refuse(one.token, delivery::unavailable);
  if (lane_.waiting() * 2 > options_.lane_capacity && world_.is_write(one.command))
    return refuse(one.token, delivery::busy);
  auto* at = slot_of(one.to, world_.creates(one.command));
  if (at == nullptr) return refuse(one.token, delivery::no_such_entity);
  if (at->is_given_up) return refuse(one.token, delivery::unavailable);
  if (!at->live || at->awaits_claim) {
    if (at->waiting.size() >= options_.waiting_max) return refuse(one.token, delivery::busy);
    at->waiting.push_back(std::move(one));
    return;
  }
  run_now(*at, one);
}

template <class World>
void shard<World>::run_now(slot& at, request& one) {
  const bool claims = !one.claims.empty();
  if (claims) flush(); // S4: what came before travels alone
  touch(at);
  ++at.requests;
  const auto began_ns = observer_ == nullptr ? 0 : observer_->began_ns();
  try {
    at.live->execute(one.command, clock_, one.token, step_);
  } catch (const std::exception& problem) {
    refuse(one.token, delivery::unavailable);
    return fail(at, problem.what());
  }
  if (observer_ != nullptr) observer_->ran(look_of(at), one, began_ns);
  const bool wrote = step_.made.has_value();
  take_step(at, one.token, claims);
  if (claims && wrote) {
    at.awaits_claim = true;
    flush(std::move(one.claims));
  }
}

template <class World>
void shard<World>::receive(envelope<World>& message) {
  ++statistics_.messages;
  if (!serves(message.to)) return send_away(std::move(message)); // S6
  // What is not taken its sender keeps and sends again: nobody may be told that it is not done.
  if (degraded_) return refuse(message.token, delivery::unknown);
  auto* at = slot_of(message.to, world_.creates(message.body));
  if (at == nullptr || at->is_given_up) return refuse(message.token, delivery::unknown);
  if (!at->live || at->awaits_claim) {
    message.is_durable = true; // or not, but this batch does not wait for it
    if (at->waiting_messages.size() <
        options_.waiting_max) // else: the sender keeps it and sends it again
      at->waiting_messages.push_back(std::move(message));
    return;
  }
  touch(*at);
  ++at->messages;
  const auto began_ns = observer_ == nullptr ? 0 : observer_->began_ns();
  try {
    at->live->handle(message, clock_, step_);
  } catch (const std::exception& problem) {
    refuse(message.token, delivery::unknown);
    return fail(*at, problem.what());
  }
  if (observer_ != nullptr) observer_->handled(look_of(*at), message, began_ns);
  if (step_.acknowledge_now) pending().receipts.push_back({at->id, {message.from, message.number}});
  take_step(*at, message.token, false, message.is_durable);
}

template <class World>
void shard<World>::take_step(slot& at, std::uint64_t token, bool hold_messages, bool is_durable) {
  if (step_.made) {
    add(*step_.made);
    ++statistics_.records;
    ++at.in_flight;
    auto& effects = pending();
    effects.appended.push_back(at.id);
    if (step_.made->cause.peer) effects.receipts.push_back({at.id, step_.made->cause});
  }
  for (auto& message : step_.sent) {
    if (hold_messages || !is_local(message.to)) {
      if (message.token != 0)
        at.live->links_out().ride(message.to, message.number,
                                  std::make_shared<const link_rider<World>>(
                                    link_rider<World>{message.token, message.context}));
      pending().later.push_back(std::move(message));
      continue;
    }
    enqueue(std::move(message));
  }
  if (token == 0 || !step_.result) return;
  if (World::forwarded(*step_.result) != nullptr && !step_.sent.empty())
    return; // the receiver answers
  if (is_durable) pending().outlived.push_back(token);
  pending().answers.push_back({token, delivery::done, std::move(*step_.result)});
}

/// Puts a message on its way: into this batch, or to the host for another lane.
template <class World>
void shard<World>::enqueue(envelope<World>&& message) {
  if (!is_local(message.to)) { // who calls has seen to it that what it rests on is durable
    message.is_durable = true;
    return host_.send(std::move(message));
  }
  for (auto copies = host_.copies(message); copies > 0; --copies) {
    if (copies == 1)
      local_.push_back(std::move(message));
    else
      local_.push_back(message);
  }
}

/// Sends again what is not acknowledged. Of records in flight nothing goes to another lane before them (S1), so it waits behind a barrier.
template <class World>
void shard<World>::resend(slot& at) {
  at.live->links_out().for_each_waiting([&](entity_id to, const auto& one) {
    ++statistics_.resends;
    envelope<World> again{at.id, to, one.number, one.body, 0, {}};
    if (one.rider) again.token = one.rider->token, again.context = one.rider->context;
    again.is_durable = true; // what is decided now says nothing of the record that posted it
    if (is_local(to))
      enqueue(std::move(again));
    else
      pending().later.push_back(std::move(again));
  });
}

/// Everything local has run: publish, hand the batch over.
template <class World>
void shard<World>::settle_batch() {
  while (!local_.empty()) {
    auto message = std::move(local_.front());
    local_.pop_front();
    receive(message);
  }
  flush();
  if (effects_) flush(); // what a failing flush left to be refused
  ++statistics_.batches;
}

template <class World>
void shard<World>::flush(std::vector<storage::claim> claims) {
  for (const auto id : touched_) {
    auto* at = find(id);
    if (at == nullptr) continue;
    at->is_touched = false;
    if (at->live) at->live->publish(clock_, pending().publications);
  }
  touched_.clear();
  for (auto& message : local_) message.is_durable = true; // its sender's record leaves without it
  if (!effects_ && written_.empty()) return;
  if (degraded_ && !written_.empty())
    return fail_lane(); // a feed's trade met a user's order while the journal is away
  storage::submission one;
  std::sort(written_.begin(), written_.end());
  for (const auto shard : written_) {
    auto& at = home_named(shard);
    one.batch.rows.push_back({shard, at.at_epoch, 0, at.blob.finish()});
  }
  written_.clear();
  one.batch.claims = std::move(claims);
  if (!effects_) effects_ = std::make_unique<shard_effects<World>>();
  one.waiting = std::move(effects_);
  // run() keeps half of the lane free of user writes, so a refusal means that the rest of the node
  // floods it.
  if (!hand_over(one)) {
    refused_.push_back(std::move(one.waiting));
    fail_lane();
  }
}

/// To the lane, and counted until its notice comes (S7).
template <class World>
bool shard<World>::hand_over(storage::submission& one) {
  std::vector<storage::shard_id> shards;
  for (const auto& row : one.batch.rows) shards.push_back(row.shard);
  static_cast<shard_effects<World>&>(*one.waiting).shards = shards;
  if (!lane_.submit(one)) return false;
  for (const auto shard : shards) ++home_named(shard).undecided;
  return true;
}

template <class World>
void shard<World>::release_of(storage::notice& one, std::vector<answer>& answers,
                              std::vector<typename World::publication>& publications) {
  auto& effects = static_cast<shard_effects<World>&>(*one.waiting);
  if (one.result == storage::append_result::accepted) {
    for (auto& publication : effects.publications) publications.push_back(std::move(publication));
    effects.publications.clear();
  } else {
    const auto how = one.result == storage::append_result::claim_taken ? delivery::claim_taken
                     : one.result == storage::append_result::unknown   ? delivery::unknown
                                                                       : delivery::unavailable;
    for (auto& waiting : effects.answers)
      if (waiting.how == delivery::done) waiting = {waiting.token, how, {}};
    for (const auto token : effects.outlived) // its sender's record may be durable: not "not done"
      for (auto& waiting : effects.answers)
        if (waiting.token == token) waiting.how = delivery::unknown;
    for (const auto& message : effects.later) // its receiver would have answered
      if (message.token != 0)
        answers.push_back({message.token, message.is_durable ? delivery::unknown : how, {}});
  }
  for (auto& waiting : effects.answers) answers.push_back(std::move(waiting));
  effects.answers.clear();
}

template <class World>
void shard<World>::durable(std::vector<storage::notice>& notices, timestamp_ns clock) {
  set_clock(clock);
  for (auto& one : notices) {
    auto& effects = static_cast<shard_effects<World>&>(*one.waiting);
    for (const auto shard : effects.shards) --home_named(shard).undecided;
    if (effects.is_probe) {
      probing_ = false;
      if (one.result == storage::append_result::accepted) degraded_ = false;
    }
    if (one.result == storage::append_result::accepted) {
      for (const auto id : effects.appended) {
        auto* at = find(id);
        if (at == nullptr || at->in_flight == 0) continue; // dropped since
        --at->in_flight;
        if (at->awaits_claim) {
          at->awaits_claim = false;
          replay_waiting(*at);
        }
      }
      for (const auto& [receiver, cause] : effects.receipts) {
        if (is_local(cause.peer))
          acknowledged(cause.peer, receiver, cause.number);
        else
          host_.acknowledge(cause.peer, receiver, cause.number);
      }
      for (auto& message : effects.later) {
        message.is_durable = true;
        enqueue(std::move(message));
      }
    } else if (one.result == storage::append_result::claim_taken) {
      for (const auto id : effects.appended) {
        auto* at = find(id);
        if (at == nullptr) continue;
        for (auto& waiting : at->waiting) refuse(waiting.token, delivery::no_such_entity);
        host_.passivated(id);
        slots_.erase(id); // it never came to exist
      }
    } else if (!restarting_) {
      fail_lane();
    }
  }
  settle_batch();
}

/// S3: whatever rests on an append that is not durable is forgotten; the journal says what is true.
template <class World>
void shard<World>::fail_lane() {
  ++statistics_.lane_failures;
  degraded_ = true;
  restarting_ = true;
  probing_ = false;
  probe_at_ = {timers_.value + options_.probe_ns};
  forget_written();
  for (const auto& message : local_)
    refuse(message.token, message.is_durable ? delivery::unknown : delivery::unavailable);
  local_.clear();
  if (effects_) { // never handed over
    storage::notice lost{storage::append_result::failed, std::move(effects_)};
    auto& kept = pending();
    std::vector<typename World::publication> none;
    release_of(lost, kept.answers, none);
  }
  for (auto& held : refused_) {
    storage::notice lost{storage::append_result::failed, std::move(held)};
    std::vector<typename World::publication> none;
    release_of(lost, pending().answers, none);
  }
  refused_.clear();
  for (auto& [id, at] : slots_) {
    // What waits for an entity that is being loaded may rest on what failed; if not, it comes again.
    for (const auto& message : at.waiting_messages) refuse(message.token, delivery::unknown);
    at.waiting_messages.clear();
    if (at.in_flight == 0) continue;
    at.in_flight = 0;
    at.awaits_claim = false;
    at.is_touched = false;
    if (at.live) world_.retire(std::move(at.live));
    host_.passivated(id);
    for (auto& waiting : at.waiting) refuse(waiting.token, delivery::unavailable);
    at.waiting.clear();
  }
  touched_.clear();
  host_.restart_lane();
  // What is to be refused leaves behind a barrier of the new session (lane_restarted), or at once
  // if the lane still takes it.
}

template <class World>
void shard<World>::loaded(entity_id id, entity_history history, timestamp_ns clock) {
  recovered_entity<World> made{id,
                               world_.make(id),
                               history.base ? history.base->event_number : 0,
                               history.base ? history.base->bytes.size() : 0,
                               {}};
  try {
    bool sound = !history.base || made.entity->restore(*history.base);
    for (std::size_t i = 0; sound && i < history.records.size(); ++i)
      sound = made.entity->replay(history.records[i]);
    if (!sound)
      made.problem =
        "its history is damaged after event " + std::to_string(made.entity->event_number());
  } catch (const std::exception& problem) {
    made.problem = problem.what();
  }
  recovered(std::move(made), clock);
}

template <class World>
void shard<World>::recovered(recovered_entity<World> one, timestamp_ns clock) {
  set_clock(clock);
  const auto id = one.id;
  auto* at = find(id);
  if (at == nullptr || at->live) return;
  at->is_loading = false;
  if (!one.problem.empty()) return fail(*at, one.problem);
  at->snapshot_at = one.snapshot_event;
  note_snapshot(id, one.snapshot_bytes);
  at->live = std::move(one.entity);
  world_.revive(*at->live);
  at->live->publish_whole(); // the last that it published may have failed with its append
  at->last_used = timers_;
  host_.activated(id);
  touch(*at);
  at->resend_at = {timers_.value + options_.resend_ns};
  at->live->links_out().for_each_waiting([&](entity_id to, const auto& one) {
    enqueue({id, to, one.number, one.body, 0, {}});
  });
  replay_waiting(*at);
}

template <class World>
void shard<World>::replay_waiting(slot& at) {
  auto messages = std::move(at.waiting_messages);
  auto requests = std::move(at.waiting);
  at.waiting_messages.clear();
  at.waiting.clear();
  for (auto& message : messages) local_.push_back(std::move(message));
  for (auto& one : requests) run(one);
}

/// S5.
template <class World>
void shard<World>::fail(slot& at, const std::string& why) {
  ++statistics_.failures;
  const auto delay = at.history.failed(timers_, why);
  at.is_given_up = !delay;
  at.restart_at = {delay ? timers_.value + *delay : 0};
  host_.entity_failed(at.id, why, at.is_given_up);
  if (at.live) {
    world_.retire(std::move(at.live));
    host_.passivated(at.id);
  }
  for (auto& waiting : at.waiting) refuse(waiting.token, delivery::unavailable);
  at.waiting.clear();
  at.waiting_messages.clear(); // their senders keep them
}

template <class World>
void shard<World>::tick(timestamp_ns clock) {
  set_clock(clock);
  std::vector<entity_id> idle, waking;
  while (!wakes_.empty() && wakes_.begin()->first <= clock_) {
    const auto id = wakes_.begin()->second;
    wakes_.erase(wakes_.begin());
    slot_of(id, false); // its own tick wakes it once it is loaded
  }
  // With too long a tail, those that hold more than their share of it are next.
  constexpr std::size_t snapshots_max = 1'000;
  auto snapshots_wanted = tail_events_ > options_.tail_events_max ? snapshots_max : 0;
  const auto large_tail = std::max<std::uint64_t>(1, tail_events_ / (slots_.size() + 1));
  std::uint64_t tail = 0;
  for (auto& slot : slots_) {
    const auto id = slot.first;
    auto& at = slot.second;
    if (!at.live) {
      if (at.restart_at.value != 0 && at.restart_at <= timers_ && at.in_flight == 0 &&
          !restarting_) {
        at.restart_at = {};
        at.is_loading = true;
        idle.push_back(id); // loaded below: load() may change slots_
      }
      continue;
    }
    auto& links = at.live->links_out();
    if (!links.is_drained() && at.resend_at <= timers_ && !at.awaits_claim) { // S4
      at.resend_at = {timers_.value + options_.resend_ns};
      resend(at);
    }
    const auto wake_at = at.live->wake_at();
    const bool is_waking = wake_at.value != 0 && wake_at <= clock_;
    if (is_waking) waking.push_back(id); // and stays: below it must still be there
    const auto unsaved = at.live->event_number() - at.snapshot_at;
    tail += unsaved;
    const bool is_due = unsaved >= std::max(options_.snapshot_events,
                                            at.snapshot_bytes / options_.snapshot_bytes_per_event);
    if (is_due || (snapshots_wanted > 0 && unsaved >= large_tail)) {
      constexpr std::uint64_t bytes_per_event = 120; // at most, of what an event leaves behind
      const bool is_small =
        at.snapshot_bytes + unsaved * bytes_per_event <= options_.snapshot_at_once_bytes;
      // A small one is made here and now, from what is durable; a large one aside, from the journal.
      if (!is_small || at.in_flight == 0) {
        if (!is_due) --snapshots_wanted;
        at.snapshot_at = at.live->event_number();
        if (is_small)
          host_.save_snapshot(at.live->make_snapshot());
        else
          host_.snapshot_in_background(id);
      }
    }
    if (!is_waking && idle.size() < options_.passivations_max &&
        at.last_used.value + options_.idle_ns <= timers_.value && at.in_flight == 0 &&
        !at.awaits_claim && links.is_drained() && world_.may_passivate(*at.live)) {
      if (unsaved > 0) host_.save_snapshot(at.live->make_snapshot());
      if (wake_at.value != 0) note_wake(id, wake_at);
      idle.push_back(id);
    }
  }
  tail_events_ = tail;
  std::sort(idle.begin(), idle.end());
  for (const auto id : idle) {
    if (slots_[id].is_loading) {
      host_.load(id);
    } else {
      host_.passivated(id);
      slots_.erase(id);
    }
  }
  for (const auto id : waking) {
    const auto known = slots_.find(id);
    if (known == slots_.end() || !known->second.live || degraded_) continue;
    auto& at = known->second;
    touch(at);
    try {
      at.live->wake(clock_, step_);
      take_step(at, 0, false);
    } catch (const std::exception& problem) {
      fail(at, problem.what());
    }
  }
  if (degraded_ && !restarting_ && !probing_ && probe_at_ <= timers_) {
    probe_at_ = {timers_.value + options_.probe_ns};
    probing_ = true;
    storage::submission probe; // with no shard open, a barrier
    const auto open =
      std::find_if(homes_.begin(), homes_.end(), [](const home& at) { return at.serves(); });
    if (open != homes_.end()) {
      const auto shard =
        homes_.size() == 1 ? options_.id : static_cast<storage::shard_id>(open - homes_.begin());
      probe.batch.rows.push_back({shard, open->at_epoch, 0, storage::blob_writer{}.finish()});
    }
    auto waiting = std::make_unique<shard_effects<World>>();
    waiting->is_probe = true;
    probe.waiting = std::move(waiting);
    if (!hand_over(probe)) probing_ = false;
  }
  settle_batch();
}

} // namespace rialto::runtime

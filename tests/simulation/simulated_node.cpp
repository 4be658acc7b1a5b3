#include "tests/simulation/simulated_node.hpp"

namespace rialto::simulation {

using actors::trading_shard;

void simulated_node::start() {
  runtime::shard_options options;
  options.idle_ns = 5'000'000'000; // entities come and go often
  options.snapshot_events = 40;
  index_ = storage::load_stream_index(disk_, 0);
  lane_ = std::make_unique<stepped_lane>(disk_);
  shard_ = std::make_unique<trading_shard>(world_, *this, *lane_, options);
  // As shard_actor does: markets, and whatever has events that no snapshot covers.
  for (const auto& [id, at] : disk_.wake_times()) shard_->note_wake(id, at);
  for (const auto id : index_.entities())
    if (id.kind() == entity_kind::market || !index_.positions_of(id).empty())
      shard_->activate(id, now);
  load_wanted();
}

// ---- death

/// Runs something that may call the disk; a death in the middle of it is survived by starting again.
template <class Work>
void simulated_node::survive(const Work& work) {
  try {
    work();
    load_wanted();
  } catch (const storage::simulated_death& death) {
    counts_.deaths_in_append += death.in == storage::simulated_death::call::append;
    counts_.deaths_in_save += death.in == storage::simulated_death::call::save;
    recover(death.in != storage::simulated_death::call::other);
  }
}

void simulated_node::crash() {
  recover(false);
}

void simulated_node::recover(bool died_in_write) {
  for (;;) {
    shard_.reset();
    lane_.reset();
    jobs_.clear();
    to_load_.clear();
    index_ = {};
    world_ = {};
    next_id_ = ids_end_ = 0;
    disk_is_away_ = false;
    leave_log(died_in_write);
    try {
      if (faults_on_ && dice_.chance(plan_.death_in_recovery)) disk_.die_in(1 + dice_.below(40));
      start();
      disk_.die_in(0);
      return;
    } catch (const storage::simulated_death& death) {
      ++counts_.deaths_in_recovery;
      died_in_write = death.in != storage::simulated_death::call::other;
    }
  }
}

/// What is found of the unsynced writes. A killed process leaves them all, a power cut any first part. Of a write in whose middle it died there may
/// be everything, nothing, or a part.
void simulated_node::leave_log(bool died_in_write) {
  const auto size = disk_.unsynced_bytes(), last = disk_.last_write_begins();
  const bool is_cut = dice_.chance(plan_.power_cut);
  ++(is_cut ? counts_.power_cuts : counts_.kills);
  switch (dice_.below(is_cut || died_in_write ? 4 : 1)) {
  case 0: return disk_.crash(size);
  case 1: return disk_.crash(last);
  case 2: return disk_.crash(is_cut ? dice_.below(size + 1) : last + dice_.below(size - last + 1));
  default: return disk_.crash(size, true);
  }
}

std::uint64_t simulated_node::next_id() {
  constexpr std::uint64_t block = 10;
  if (disk_is_away_) disk_.set_broken(disk_is_away_ = false); // who places an order waits for it
  while (next_id_ == ids_end_) {
    survive([&] {
      next_id_ = disk_.draw_ids("order", block);
      ids_end_ = next_id_ + block;
    });
  }
  return next_id_++;
}

// ---- the lane

void simulated_node::submit(std::vector<actors::request> requests) {
  survive([&] { shard_->submit(requests, now); });
}

void simulated_node::tick() {
  survive([&] {
    shard_->tick(now);
    if (++ticks_ % 4 != 0) return;
    post([this, copy = index_] {
      try {
        storage::save_stream_index(disk_, 0, copy);
      } catch (const storage::journal_error&) { // the next one tries again
      }
      return true;
    });
  });
}

std::vector<actors::answer> simulated_node::commit(std::size_t count) {
  std::vector<actors::answer> answers;
  survive([&] {
    while (count > 0 && lane_->waiting() > 0) {
      if (faults_on_ && dice_.chance(plan_.commit_fault))
        disk_.plan_next(static_cast<storage::journal_fault>(1 + dice_.below(4)));
      if (faults_on_ && dice_.chance(plan_.disk_away)) disk_.set_broken(disk_is_away_ = true);
      const auto before = lane_->waiting();
      auto notices = lane_->commit(count);
      count -= std::min(count, before - lane_->waiting());
      take(notices, answers);
    }
    if (plan_.late == 0) load_all();
  });
  return answers;
}

/// As durable_router and shard_actor do.
void simulated_node::take(std::vector<storage::notice>& notices,
                          std::vector<actors::answer>& answers) {
  for (const auto& one : notices) {
    if (one.result != storage::append_result::accepted || one.at == 0) continue;
    for (const auto id :
         static_cast<runtime::shard_effects<actors::trading_world>&>(*one.waiting).appended)
      index_.note(id, one.at);
  }
  for (const auto& one : notices)
    if (one.at != 0) index_.note_row(one.at);
  for (auto& one : notices) trading_shard::release_of(one, answers, published);
  shard_->durable(notices, now);
}

int simulated_node::copies(const runtime::envelope<actors::trading_world>&) {
  if (!faults_on_) return 1;
  if (dice_.chance(plan_.message_lost)) {
    ++counts_.messages_lost;
    return 0;
  }
  if (!dice_.chance(plan_.message_doubled)) return 1;
  ++counts_.messages_doubled;
  return 2;
}

/// The lane's thread first answers what waits, with "failed".
bool simulated_node::reopen_lane() {
  if (lane_->waiting() > 0) return false;
  if (disk_is_away_ && (!faults_on_ || dice_.chance(0.3))) disk_.set_broken(disk_is_away_ = false);
  try {
    const auto heads = lane_->restart();
    index_.take(storage::read_index_tail(disk_, 0, index_.covers() + 1));
    const auto head = heads.find(0);
    shard_->lane_restarted(head == heads.end() ? 0 : head->second.at_epoch, now);
    return true;
  } catch (const storage::journal_error&) {
    return false; // it is away; tried again
  }
}

// ---- the loader

void simulated_node::post(job work, bool may_be_now) {
  const bool is_late = faults_on_ && dice_.chance(plan_.late);
  if (may_be_now && jobs_.empty() && !is_late && work()) return;
  counts_.late_jobs += is_late;
  jobs_.push_back(std::move(work));
}

void simulated_node::load_all() {
  survive([&] {
    for (auto count = jobs_.size(); count > 0; --count) {
      auto work = std::move(jobs_.front());
      jobs_.pop_front();
      const bool is_done = work();
      load_wanted();
      if (is_done) continue;
      jobs_.push_front(std::move(work));
      return;
    }
  });
}

void simulated_node::restart_lane() {
  post([this] { return reopen_lane(); }, false); // the shard is in the middle of something
}

/// What this turn asked for comes back in one pass over the journal.
void simulated_node::load_wanted() {
  while (!to_load_.empty()) // who is back may ask for others
    post([this, wanted = std::exchange(to_load_, {})] {
      for (auto& one : actors::recover_entities(disk_, 0, world_, wanted)) {
        note_recovery(one);
        shard_->recovered(std::move(one), now);
      }
      return true;
    });
}

void simulated_node::note_recovery(const actors::recovered_entity& one) {
  const auto newest = newest_saved_.find(one.id);
  if (!one.entity) return;
  if (newest != newest_saved_.end() && one.snapshot_event < newest->second)
    ++counts_.lost_snapshots;
  if (one.snapshot_event == 0) return;
  ++(one.snapshot_event == one.entity->event_number() ? counts_.from_snapshot
                                                      : counts_.from_older_snapshot);
}

void simulated_node::keep(storage::snapshot made, storage::position covers) {
  try {
    saved_.push_back(made);
    disk_.save_snapshot(made);
    newest_saved_[made.entity] = std::max(newest_saved_[made.entity], made.event_number);
    index_.forget_before(made.entity, covers + 1);
  } catch (const storage::journal_error&) { // costs replay time, nothing else
  }
}

void simulated_node::save_snapshot(storage::snapshot made) {
  const auto positions = index_.positions_of(made.entity);
  const auto covers = positions.empty() ? 0 : positions.back();
  post([this, made = std::move(made), covers] {
    keep(made, covers);
    return true;
  });
}

void simulated_node::snapshot_in_background(entity_id id) {
  post([this, id, positions = index_.positions_of(id)] {
    const auto found = actors::recover_entities(disk_, 0, world_, {{id, positions}});
    const auto& copy = found.front().entity;
    if (copy && !copy->is_blank())
      keep(copy->make_snapshot(), positions.empty() ? 0 : positions.back());
    return true;
  });
}

void simulated_node::entity_failed(entity_id id, const std::string& why, bool given_up) {
  if (!disk_is_away_ || given_up) failures_.push_back(to_string(id) + ": " + why);
}

bool simulated_node::drain(std::vector<actors::answer>& answers) {
  faults_on_ = false;
  disk_.die_in(0);
  if (disk_is_away_) disk_.set_broken(disk_is_away_ = false);
  bool drained = false;
  for (int step = 0; step < 1'000 && !drained; ++step) {
    now.value += 600'000'000;
    tick();
    load_all();
    for (auto& one : commit(1'000)) answers.push_back(std::move(one));
    drained = lane_->waiting() == 0 && jobs_.empty() && !shard_->is_degraded();
    shard_->for_each_active(
      [&](const auto& entity) { drained = drained && entity.links_out().is_drained(); });
  }
  faults_on_ = true;
  return drained;
}

} // namespace rialto::simulation

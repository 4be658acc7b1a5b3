#include "tests/simulation/simulated_node.hpp"

namespace rialto::simulation {

// ---- life and death

void simulated_node::boot(bool takes_over) {
  process_ = std::make_unique<simulated_process>(stage_, *this, shard_id(), disk_.connect(),
                                                 wall_offset_ns_);
  trusted_ahead_ns_ = std::max(trusted_ahead_ns_, wall_offset_ns_); // a start trusts the wall
  is_up_ = true;
  survive([this, takes_over] { process_->start(takes_over); });
}

void simulated_node::survive(const std::function<void()>& work) {
  try {
    work();
  } catch (const storage::simulated_death& death) {
    using call = storage::simulated_death::call;
    stage_.counts.deaths_in_append += death.in == call::append;
    stage_.counts.deaths_in_save += death.in == call::save;
    bury(death.in != call::other);
  } catch (const storage::journal_error&) { // it could not start
    bury(false);
  }
}

void simulated_node::kill() {
  if (is_up_) bury(false);
}

void simulated_node::bury(bool died_in_write) {
  ++deaths_;
  stage_.queue.note("a node dies", number_);
  process_.reset();
  former_.reset();
  next_id_ = ids_end_ = 0;
  is_up_ = disk_is_away_ = false;
  leave_log(died_in_write);
  if (!stage_.has_faults) return boot();
  stage_.queue.after(stage_.dice.between(1'000'000, 3'000'000'000), "a node starts",
                     [this, life = deaths_] {
                       if (is_up_ || life != deaths_) return;
                       if (stage_.chance(stage_.plan.death_in_recovery)) {
                         ++stage_.counts.deaths_in_recovery;
                         disk_.die_in(1 + stage_.dice.below(40));
                       }
                       boot();
                     });
}

/// What is found of the unsynced writes. A killed process leaves them all, a power cut any first part. Of a write in whose middle it died there may
/// be everything, nothing, or a part.
void simulated_node::leave_log(bool died_in_write) {
  const auto size = disk_.unsynced_bytes(), last = disk_.last_write_begins();
  auto& dice = stage_.dice;
  const bool is_cut = dice.chance(stage_.plan.power_cut);
  ++(is_cut ? stage_.counts.power_cuts : stage_.counts.kills);
  switch (dice.below(is_cut || died_in_write ? 4 : 1)) {
  case 0: return disk_.crash(size);
  case 1: return disk_.crash(last);
  case 2: return disk_.crash(is_cut ? dice.below(size + 1) : last + dice.below(size - last + 1));
  default: return disk_.crash(size, true);
  }
}

/// The former process goes on for a while; whoever still reaches it learns that it can do nothing.
void simulated_node::take_over() {
  if (!is_up_ || former_ || disk_is_away_) return;
  ++stage_.counts.takeovers;
  process_->replaced();
  former_ = std::move(process_);
  boot(true);
  stage_.queue.after(stage_.dice.between(10'000'000, 4'000'000'000), "the former process ends",
                     [this, life = deaths_] {
                       if (life == deaths_) former_.reset();
                     });
}

void simulated_node::take_disk_away() {
  if (!is_up_ || disk_is_away_) return;
  ++stage_.counts.disk_away;
  disk_.set_broken(disk_is_away_ = true);
  stage_.queue.after(stage_.dice.between(1'000'000, 1'000'000'000), "the disk is back",
                     [this, outage = ++outages_] {
                       if (outage == outages_) disk_.set_broken(disk_is_away_ = false);
                     });
}

void simulated_node::jump_clock(std::int64_t ns) {
  wall_offset_ns_ += ns;
  ++(ns > 0 ? stage_.counts.jumps_forward : stage_.counts.jumps_back);
  if (process_ == nullptr) return;
  static_cast<void>(process_->read_clock());
  if (process_->clock().held_back_ns() != 0)
    ++stage_.counts.held_back;
  else
    trusted_ahead_ns_ = std::max(trusted_ahead_ns_, wall_offset_ns_);
}

void simulated_node::mend() {
  disk_.die_in(0);
  ++outages_;
  disk_.set_broken(disk_is_away_ = false);
  former_.reset();
  if (!is_up_) boot();
}

// ---- what processes and clients ask

simulated_process* simulated_node::reach() {
  if (!is_up_) return nullptr;
  return former_ && stage_.dice.chance(0.5) ? former_.get() : process_.get();
}

void simulated_node::forget_stream(std::uint64_t client) {
  for (auto* const one : {process_.get(), former_.get()})
    if (one != nullptr) one->streams().unsubscribe(client);
}

std::uint64_t simulated_node::draw_id() {
  constexpr std::uint64_t block = 10;
  if (is_up_ && next_id_ == ids_end_)
    survive([this] {
      try {
        next_id_ = process_->disk().draw_ids("order", block);
        ids_end_ = next_id_ + block;
      } catch (const storage::journal_error&) { // it is away
      }
    });
  return next_id_ == ids_end_ ? 0 : next_id_++;
}

std::string simulated_node::waits_for() const {
  if (!is_up_ || disk_is_away_) return "its start or its disk";
  return former_ ? "its former process" : process_->waits_for();
}

void simulated_node::about_to_append() {
  if (stage_.chance(stage_.plan.commit_fault))
    disk_.plan_next(static_cast<storage::journal_fault>(1 + stage_.dice.below(4)));
  if (stage_.chance(stage_.plan.disk_away)) take_disk_away();
}

void simulated_node::recovered(const actors::recovered_entity& one) {
  if (!one.entity) return;
  auto& newest = newest_seen_[one.id];
  if (one.snapshot_event < newest) ++stage_.counts.lost_snapshots;
  newest = std::max(newest, one.snapshot_event);
  if (one.snapshot_event == 0) return;
  ++(one.snapshot_event == one.entity->event_number() ? stage_.counts.from_snapshot
                                                      : stage_.counts.from_older_snapshot);
}

void simulated_node::failed(entity_id id, const std::string& why) {
  if (!disk_is_away_) failures_.push_back(to_string(id) + ": " + why);
}

} // namespace rialto::simulation

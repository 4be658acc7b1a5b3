#include "tests/simulation/simulated_node.hpp"

namespace rialto::simulation {

using actors::trading_shard;

void simulated_node::start() {
  runtime::shard_options options;
  options.idle_ns = 5'000'000'000; // entities come and go often
  options.snapshot_events = 40;
  shard_ = std::make_unique<trading_shard>(world_, *this, lane_, options);
  index_rows();
  // As a real node at its start: whatever is not clean, and every market.
  for (const auto& [id, positions] : index_) {
    const auto saved = snapshots_.find(id);
    const auto history = history_of(id);
    if (id.kind() == entity_kind::market || saved == snapshots_.end() || !history.records.empty())
      shard_->activate(id, now);
  }
}

void simulated_node::index_rows() {
  for (; indexed_ < lane_.rows.size(); ++indexed_) {
    const auto records = storage::read_blob(lane_.rows[indexed_]);
    RIALTO_ASSERT(records.has_value());
    for (const auto& one : *records) index_[one.stream].insert(indexed_ + 1);
  }
}

runtime::entity_history simulated_node::history_of(entity_id id) const {
  runtime::entity_history found;
  if (const auto saved = snapshots_.find(id); saved != snapshots_.end()) found.base = saved->second;
  const auto positions = index_.find(id);
  if (positions == index_.end()) return found;
  for (const auto at : positions->second) {
    const auto records = storage::read_blob(lane_.rows[at - 1]);
    for (const auto& one : *records)
      if (one.stream == id && (!found.base || one.first_event > found.base->event_number))
        found.records.push_back(one);
  }
  return found;
}

void simulated_node::load(entity_id id) {
  shard_->loaded(id, history_of(id), now);
}

void simulated_node::snapshot_in_background(entity_id id) {
  auto copy = world_.make(id);
  const auto history = history_of(id);
  if (history.base && !copy->restore(*history.base)) return;
  for (const auto& one : history.records)
    if (!copy->replay(one)) return;
  if (!copy->is_blank()) save_snapshot(copy->make_snapshot());
}

int simulated_node::copies(const runtime::envelope<actors::trading_world>&) {
  if (!faults_on_) return 1;
  if (dice_.chance(plan_.message_lost)) {
    ++tally_.messages_lost;
    return 0;
  }
  if (!dice_.chance(plan_.message_doubled)) return 1;
  ++tally_.messages_doubled;
  return 2;
}

std::vector<actors::answer> simulated_node::commit(std::size_t count) {
  auto fault = disk_fault::none;
  if (faults_on_ && dice_.chance(plan_.commit_fault))
    fault = static_cast<disk_fault>(1 + dice_.below(3));
  const bool could_fail = !lane_.has_failed();
  const auto rows_before = lane_.rows.size();
  auto notices = lane_.commit(count, fault);
  if (could_fail && lane_.has_failed()) {
    tally_.commits_refused += fault == disk_fault::refused;
    tally_.unknown_written += fault == disk_fault::unknown_written;
    tally_.unknown_lost += fault == disk_fault::unknown_lost;
  }
  if (lane_.rows.size() > rows_before)
    former_snapshots_.clear(); // a synced commit syncs what lies before it
  index_rows();
  std::vector<actors::answer> answers;
  for (auto& one : notices) trading_shard::release_of(one, answers, published);
  shard_->durable(notices, now);
  if (restart_lane_ &&
      lane_.waiting() == 0) { // the real lane answers what waits first, then reopens
    restart_lane_ = false;
    lane_.restart();
    index_rows();
    shard_->lane_restarted(0, now);
  }
  return answers;
}

void simulated_node::save_snapshot(storage::snapshot made) {
  auto& now_saved = snapshots_[made.entity];
  former_snapshots_.try_emplace(made.entity,
                                now_saved.entity ? std::optional(now_saved) : std::nullopt);
  now_saved = std::move(made);
}

void simulated_node::crash() {
  ++tally_.crashes;
  const auto rows_before = lane_.rows.size(), waiting = lane_.waiting();
  lane_.crash(dice_.below(4));
  const auto written = lane_.rows.size() - rows_before;
  tally_.written_unanswered += written > 0;
  tally_.writes_lost += waiting > written;
  if (written == 0 && dice_.chance(0.5)) {
    for (auto& [id, former] : former_snapshots_) {
      ++tally_.snapshots_lost;
      if (former)
        snapshots_[id] = std::move(*former);
      else
        snapshots_.erase(id);
    }
  }
  former_snapshots_.clear();
  restart_lane_ = false;
  shard_.reset();
  world_ = {};
  start();
}

bool simulated_node::drain(std::vector<actors::answer>& answers) {
  faults_on_ = false;
  bool drained = false;
  for (int step = 0; step < 1'000 && !drained; ++step) {
    now.value += 600'000'000;
    tick();
    for (auto& one : commit(1'000)) answers.push_back(std::move(one));
    drained = lane_.waiting() == 0 && !shard_->is_degraded();
    shard_->for_each_active(
      [&](const auto& entity) { drained = drained && entity.links_out().is_drained(); });
  }
  faults_on_ = true;
  return drained;
}

} // namespace rialto::simulation

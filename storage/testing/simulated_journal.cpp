#include "storage/testing/simulated_journal.hpp"

#include "domain/assert.hpp"

#include <random>

namespace rialto::storage {

journal_fault_plan journal_fault_plan::from_seed(std::uint64_t seed, std::uint64_t appends,
                                                 std::uint32_t per_mille) {
  std::mt19937_64 dice(seed);
  journal_fault_plan plan;
  for (std::uint64_t at = 1; at <= appends; ++at)
    if (dice() % 1'000 < per_mille) plan.at_append[at] = static_cast<journal_fault>(1 + dice() % 4);
  return plan;
}

template <class Key, class Value>
void simulated_journal::synced_map<Key, Value>::put(const Key& key, Value value) {
  const auto at = now.find(key);
  former.try_emplace(key, at == now.end() ? std::nullopt : std::optional<Value>(at->second));
  now.insert_or_assign(key, std::move(value));
}

template <class Key, class Value>
void simulated_journal::synced_map<Key, Value>::forget_unsynced() {
  for (auto& [key, value] : former) {
    if (value)
      now.insert_or_assign(key, std::move(*value));
    else
      now.erase(key);
  }
  former.clear();
}

void simulated_journal::crash() {
  const std::lock_guard hold(lock_);
  snapshots_.forget_unsynced();
  checkpoints_.forget_unsynced();
  if (undecided_) write(*undecided_);
  undecided_.reset();
  session_over_ = false;
  is_broken_ = false;
}

void simulated_journal::set_broken(bool broken) {
  const std::lock_guard hold(lock_);
  is_broken_ = broken;
}

std::uint64_t simulated_journal::appends() const {
  const std::lock_guard hold(lock_);
  return appends_;
}

void simulated_journal::check_disk() const {
  if (is_broken_) throw journal_error("simulated journal: the disk is away");
}

void simulated_journal::sync() {
  snapshots_.former.clear();
  checkpoints_.former.clear();
}

void simulated_journal::write(const journal_batch& batch) {
  for (const auto& row : batch.rows) shards_[row.shard].blobs.push_back(row.blob);
  for (const auto& one : batch.claims) claims_.try_emplace(one.key, one.owner);
}

append_outcome simulated_journal::append(const journal_batch& batch) {
  const std::lock_guard hold(lock_);
  if (session_over_)
    return {append_result::failed, "the session is over since an earlier failure: call heads()"};
  const auto over = [this](append_result result, const char* why) {
    session_over_ = true;
    return append_outcome{result, why};
  };
  if (is_broken_) return over(append_result::failed, "the disk is away");
  ++appends_;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    if (i > 0) RIALTO_ASSERT(batch.rows[i - 1].shard < batch.rows[i].shard);
    const auto known = shards_.find(batch.rows[i].shard);
    const auto last = known == shards_.end() ? 0 : known->second.blobs.size();
    const auto at_epoch = known == shards_.end() ? 0 : known->second.at_epoch;
    if (batch.rows[i].predecessor != last || batch.rows[i].at_epoch != at_epoch)
      return over(append_result::stale, "not the current epoch or head");
  }
  std::map<std::string_view, entity_id> taken;
  for (const auto& one : batch.claims) {
    const auto known = claims_.find(one.key);
    const auto owner =
      known != claims_.end() ? known->second : taken.try_emplace(one.key, one.owner).first->second;
    if (owner != one.owner) return {append_result::claim_taken, {}};
  }
  const auto fault = plan_.at_append.find(appends_);
  switch (fault == plan_.at_append.end() ? journal_fault::none : fault->second) {
  case journal_fault::none: break;
  case journal_fault::failed: return over(append_result::failed, "planned: disk full");
  case journal_fault::stale: return over(append_result::stale, "planned: taken over");
  case journal_fault::unknown_written:
    undecided_ = batch;
    return over(append_result::unknown, "planned: written, connection lost");
  case journal_fault::unknown_lost: return over(append_result::unknown, "planned: connection lost");
  }
  write(batch);
  sync();
  return {append_result::accepted, {}};
}

std::map<shard_id, journal_head> simulated_journal::heads() {
  const std::lock_guard hold(lock_);
  check_disk();
  if (undecided_) write(*undecided_);
  undecided_.reset();
  session_over_ = false;
  sync();
  std::map<shard_id, journal_head> found;
  for (const auto& [shard, rows] : shards_) found[shard] = {rows.blobs.size(), rows.at_epoch};
  return found;
}

journal_head simulated_journal::take_over(shard_id shard) {
  static_cast<void>(heads());
  const std::lock_guard hold(lock_);
  auto& rows = shards_[shard];
  ++rows.at_epoch;
  return {rows.blobs.size(), rows.at_epoch};
}

void simulated_journal::read(shard_id shard, position first,
                             const std::function<bool(position, std::string_view blob)>& row) {
  RIALTO_ASSERT(first > 0);
  for (;; ++first) {
    std::string blob;
    {
      const std::lock_guard hold(lock_);
      check_disk();
      const auto known = shards_.find(shard);
      if (known == shards_.end() || first > known->second.blobs.size()) return;
      blob = known->second.blobs[first - 1];
    }
    if (!row(first, blob)) return;
  }
}

std::optional<entity_id> simulated_journal::find_claim(std::string_view key) {
  const std::lock_guard hold(lock_);
  check_disk();
  const auto known = claims_.find(key);
  return known == claims_.end() ? std::nullopt : std::optional(known->second);
}

void simulated_journal::save_snapshot(const snapshot& made) {
  const std::lock_guard hold(lock_);
  check_disk();
  RIALTO_ASSERT(made.entity);
  snapshots_.put(made.entity, made);
}

std::optional<snapshot> simulated_journal::load_snapshot(entity_id entity) {
  const std::lock_guard hold(lock_);
  check_disk();
  const auto known = snapshots_.now.find(entity);
  return known == snapshots_.now.end() ? std::nullopt : std::optional(known->second);
}

std::map<entity_id, timestamp_ns> simulated_journal::wake_times() {
  const std::lock_guard hold(lock_);
  check_disk();
  std::map<entity_id, timestamp_ns> all;
  for (const auto& [id, made] : snapshots_.now)
    if (made.wake_at.value != 0) all[id] = made.wake_at;
  return all;
}

void simulated_journal::save_checkpoint(std::string_view name, std::string_view bytes) {
  const std::lock_guard hold(lock_);
  check_disk();
  checkpoints_.put(std::string(name), std::string(bytes));
}

std::optional<std::string> simulated_journal::load_checkpoint(std::string_view name) {
  const std::lock_guard hold(lock_);
  check_disk();
  const auto known = checkpoints_.now.find(name);
  return known == checkpoints_.now.end() ? std::nullopt : std::optional(known->second);
}

std::uint64_t simulated_journal::draw_ids(std::string_view sequence, std::uint64_t count) {
  const std::lock_guard hold(lock_);
  check_disk();
  RIALTO_ASSERT(count > 0);
  auto& next = sequences_.try_emplace(std::string(sequence), 1).first->second;
  const auto first = next;
  next += count;
  sync();
  return first;
}

bool simulated_journal::checkpoint_log() {
  const std::lock_guard hold(lock_);
  check_disk();
  return true;
}

} // namespace rialto::storage

#include "storage/testing/simulated_journal.hpp"

#include "domain/assert.hpp"
#include "storage/testing/forwarding_journal.hpp"

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

// ---- the log

namespace {

enum class frame_kind : std::uint8_t { rows = 1, snapshot = 2, checkpoint = 3 };

constexpr std::size_t frame_head_bytes = sizeof(std::uint32_t) + sizeof(std::uint64_t);

std::string body_of(const journal_batch& batch, std::uint64_t by) {
  std::string body;
  byte_writer out(body);
  out.put(frame_kind::rows);
  out.put(by);
  out.put(static_cast<std::uint32_t>(batch.claims.size()));
  for (const auto& one : batch.claims) {
    out.put(one.key);
    out.put(one.owner);
  }
  out.put(static_cast<std::uint32_t>(batch.rows.size()));
  for (const auto& row : batch.rows) {
    out.put(row.shard);
    out.put(row.at_epoch);
    out.put(row.blob);
  }
  return body;
}

std::string body_of(const snapshot& made) {
  std::string body;
  byte_writer out(body);
  out.put(frame_kind::snapshot);
  out.put(made.entity);
  out.put(made.event_number);
  out.put(made.bytes);
  out.put(made.wake_at);
  return body;
}

std::string body_of(std::string_view name, std::string_view bytes) {
  std::string body;
  byte_writer out(body);
  out.put(frame_kind::checkpoint);
  out.put(std::string(name));
  out.put(std::string(bytes));
  return body;
}

} // namespace

void simulated_journal::log(const std::string& body, bool is_row) {
  const auto begin = log_.size();
  byte_writer out(log_);
  out.put(static_cast<std::uint32_t>(body.size()));
  out.put(hash64(body));
  log_ += body;
  frames_.push_back({begin, log_.size(), is_row});
}

void simulated_journal::open_log() {
  is_opened_ = true;
  std::string_view left = log_;
  while (left.size() >= frame_head_bytes) {
    byte_reader head(left);
    const auto bytes = head.get<std::uint32_t>();
    const auto checksum = head.get<std::uint64_t>();
    const auto body = left.substr(frame_head_bytes, bytes);
    if (body.size() < bytes) break;
    if (hash64(body) != checksum && lie_ != journal_lie::trusts_its_log) break;
    if (!take_frame(body)) break;
    left.remove_prefix(frame_head_bytes + bytes);
  }
  sync();
}

bool simulated_journal::take_frame(std::string_view body) {
  byte_reader in(body);
  switch (in.get<frame_kind>()) {
  case frame_kind::rows: {
    journal_batch batch;
    const auto by = in.get<std::uint64_t>();
    for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
      auto& one = batch.claims.emplace_back();
      in.get(one.key);
      in.get(one.owner);
    }
    for (auto count = in.get<std::uint32_t>(); count > 0 && !in.failed(); --count) {
      auto& row = batch.rows.emplace_back();
      in.get(row.shard);
      in.get(row.at_epoch);
      in.get(row.blob);
    }
    if (!in.done()) return false;
    write(batch, by);
    ++counts_.rows_found;
    return true;
  }
  case frame_kind::snapshot: {
    snapshot made;
    in.get(made.entity);
    in.get(made.event_number);
    in.get(made.bytes);
    in.get(made.wake_at);
    if (!in.done()) return false;
    const auto id = made.entity;
    snapshots_.put(id, std::move(made));
    ++counts_.values_found;
    return true;
  }
  case frame_kind::checkpoint: {
    const auto name = in.get<std::string>();
    auto bytes = in.get<std::string>();
    if (!in.done()) return false;
    checkpoints_.put(name, std::move(bytes));
    ++counts_.values_found;
    return true;
  }
  }
  return false;
}

// ---- faults

std::size_t simulated_journal::unsynced_bytes() const {
  const std::lock_guard hold(lock_);
  return log_.size();
}

std::size_t simulated_journal::last_write_begins() const {
  const std::lock_guard hold(lock_);
  return frames_.empty() ? 0 : frames_.back().begin;
}

void simulated_journal::crash(std::size_t kept, bool has_hole) {
  const std::lock_guard hold(lock_);
  snapshots_.forget_unsynced();
  checkpoints_.forget_unsynced();
  for (auto& [id, rows] : shards_) {
    rows.blobs.resize(rows.synced);
    rows.writers.of_row.resize(rows.synced);
    rows.owner.reset();
  }
  undecided_.reset();
  own_.is_over = is_broken_ = is_opened_ = false;
  dies_in_ = 0;
  log_.resize(std::min(kept, log_.size()));
  for (; !frames_.empty() && frames_.back().end > log_.size(); frames_.pop_back()) {
    const auto& lost = frames_.back();
    if (lost.begin < log_.size())
      ++(lost.is_row ? counts_.rows_torn : counts_.values_torn);
    else
      ++(lost.is_row ? counts_.rows_absent : counts_.values_lost);
  }
  if (!has_hole || frames_.empty()) return;
  const auto& torn = frames_.back();
  ++(torn.is_row ? counts_.rows_torn : counts_.values_torn);
  auto& byte = log_[(torn.begin + frame_head_bytes + torn.end) / 2];
  byte = static_cast<char>(~byte);
  frames_.pop_back();
}

void simulated_journal::crash() {
  std::size_t kept = 0;
  {
    const std::lock_guard hold(lock_);
    for (const auto& one : frames_)
      if (one.is_row) kept = one.end;
  }
  crash(kept);
}

void simulated_journal::die_in(std::uint64_t calls) {
  const std::lock_guard hold(lock_);
  dies_in_ = calls;
}

void simulated_journal::plan_next(journal_fault fault) {
  const std::lock_guard hold(lock_);
  plan_.at_append[appends_ + 1] = fault;
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

/// What every call but an append begins with.
void simulated_journal::enter() {
  if (dies_now()) throw simulated_death{};
  check_disk();
  if (!is_opened_) open_log();
}

void simulated_journal::sync() {
  if (undecided_) write(*undecided_, undecided_by_);
  undecided_.reset();
  for (auto& [id, rows] : shards_) rows.synced = rows.blobs.size();
  snapshots_.former.clear();
  checkpoints_.former.clear();
  log_.clear();
  frames_.clear();
}

void simulated_journal::write(const journal_batch& batch, std::uint64_t by) {
  for (const auto& row : batch.rows) {
    shards_[row.shard].blobs.push_back(row.blob);
    shards_[row.shard].writers.of_row.push_back({row.at_epoch, by});
  }
  for (const auto& one : batch.claims) claims_.try_emplace(one.key, one.owner);
}

// ---- another caller

class simulated_journal::connection final : public forwarding_journal {
public:
  explicit connection(simulated_journal& disk)
      : forwarding_journal(disk), disk_(disk), session_{++disk.sessions_} {}
  append_outcome append(const journal_batch& batch) override {
    return disk_.append(batch, session_);
  }
  std::map<shard_id, journal_head> heads() override { return disk_.heads(session_); }
  takeover_outcome take_over(shard_id shard, epoch at_epoch) override {
    return disk_.take_over(shard, at_epoch, session_);
  }
  journal_head take_over(shard_id shard) override {
    static_cast<void>(disk_.heads(session_));
    const std::lock_guard hold(disk_.lock_);
    return disk_.raise(shard, disk_.shards_[shard].at_epoch + 1, session_);
  }

private:
  simulated_journal& disk_;
  session session_;
};

std::unique_ptr<journal> simulated_journal::connect() {
  return std::make_unique<connection>(*this);
}

// ---- the interface

append_outcome simulated_journal::append(const journal_batch& batch) {
  return append(batch, own_);
}

append_outcome simulated_journal::append(const journal_batch& batch, session& by) {
  const std::lock_guard hold(lock_);
  const bool dies = dies_now();
  if (dies && (by.is_over || is_broken_)) throw simulated_death{simulated_death::call::other};
  if (by.is_over)
    return {append_result::failed, "the session is over since an earlier failure: call heads()"};
  const auto over = [&by](append_result result, const char* why) {
    by.is_over = true;
    return append_outcome{result, why};
  };
  if (is_broken_) {
    ++counts_.refused_away;
    return over(append_result::failed, "the disk is away");
  }
  if (!is_opened_) open_log();
  if (undecided_) sync(); // of another session, so it was before this one
  ++appends_;
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    if (i > 0) RIALTO_ASSERT(batch.rows[i - 1].shard < batch.rows[i].shard);
    const auto known = shards_.find(batch.rows[i].shard);
    const auto last = known == shards_.end() ? 0 : known->second.blobs.size();
    const auto at_epoch = known == shards_.end() ? 0 : known->second.at_epoch;
    if (lie_ == journal_lie::accepts_stale) continue;
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
  if (dies) {
    log(body_of(batch, by.number), true);
    throw simulated_death{simulated_death::call::append};
  }
  const auto planned = plan_.at_append.find(appends_);
  const auto fault = planned == plan_.at_append.end() ? journal_fault::none : planned->second;
  ++counts_.faults[fault];
  switch (fault) {
  case journal_fault::none: break;
  case journal_fault::failed: return over(append_result::failed, "planned: disk full");
  case journal_fault::stale: return over(append_result::stale, "planned: taken over");
  case journal_fault::unknown_written:
    undecided_ = batch;
    undecided_by_ = by.number;
    log(body_of(batch, by.number), true);
    return over(append_result::unknown, "planned: written, connection lost");
  case journal_fault::unknown_lost: return over(append_result::unknown, "planned: connection lost");
  }
  write(batch, by.number);
  if (lie_ == journal_lie::acknowledges_unsynced)
    log(body_of(batch, by.number), true);
  else
    sync();
  return {append_result::accepted, {}};
}

std::map<shard_id, journal_head> simulated_journal::heads() {
  return heads(own_);
}

std::map<shard_id, journal_head> simulated_journal::heads(session& by) {
  const std::lock_guard hold(lock_);
  enter();
  by.is_over = false;
  if (lie_ != journal_lie::acknowledges_unsynced) sync();
  std::map<shard_id, journal_head> found;
  for (const auto& [shard, rows] : shards_) found[shard] = {rows.blobs.size(), rows.at_epoch};
  return found;
}

journal_head simulated_journal::take_over(shard_id shard) {
  static_cast<void>(heads());
  const std::lock_guard hold(lock_);
  return raise(shard, shards_[shard].at_epoch + 1, own_);
}

takeover_outcome simulated_journal::take_over(shard_id shard, epoch at_epoch) {
  return take_over(shard, at_epoch, own_);
}

takeover_outcome simulated_journal::take_over(shard_id shard, epoch at_epoch, session& by) {
  RIALTO_ASSERT(at_epoch > 0);
  static_cast<void>(heads(by));
  const std::lock_guard hold(lock_);
  const auto known = shards_.find(shard);
  if (known == shards_.end() || known->second.at_epoch < at_epoch)
    return {true, raise(shard, at_epoch, by)};
  const auto& rows = known->second;
  return {rows.at_epoch == at_epoch && rows.owner == by.number, {rows.blobs.size(), rows.at_epoch}};
}

/// Under the lock.
journal_head simulated_journal::raise(shard_id shard, epoch to, const session& by) {
  auto& rows = shards_[shard];
  for (; rows.at_epoch < to; ++rows.at_epoch) rows.writers.raised.push_back(rows.blobs.size());
  rows.owner = by.number;
  return {rows.blobs.size(), rows.at_epoch};
}

void simulated_journal::read(shard_id shard, position first,
                             const std::function<bool(position, std::string_view blob)>& row) {
  RIALTO_ASSERT(first > 0);
  for (;; ++first) {
    std::string blob;
    {
      const std::lock_guard hold(lock_);
      enter();
      const auto known = shards_.find(shard);
      if (known == shards_.end() || first > known->second.blobs.size()) return;
      blob = known->second.blobs[first - 1];
    }
    if (!row(first, blob)) return;
  }
}

std::optional<entity_id> simulated_journal::find_claim(std::string_view key) {
  const std::lock_guard hold(lock_);
  enter();
  const auto known = claims_.find(key);
  return known == claims_.end() ? std::nullopt : std::optional(known->second);
}

void simulated_journal::save_snapshot(const snapshot& made) {
  const std::lock_guard hold(lock_);
  RIALTO_ASSERT(made.entity);
  const bool dies = dies_now();
  if (dies && (is_broken_ || !is_opened_)) throw simulated_death{};
  if (!dies) enter();
  // As PostgreSQL: one that is older than what is there came late, from a former owner, and is let go.
  if (const auto known = snapshots_.now.find(made.entity);
      !dies && known != snapshots_.now.end() && known->second.event_number > made.event_number)
    return;
  log(body_of(made), false);
  if (dies) throw simulated_death{simulated_death::call::save};
  snapshots_.put(made.entity, made);
}

std::optional<snapshot> simulated_journal::load_snapshot(entity_id entity) {
  const std::lock_guard hold(lock_);
  enter();
  const auto known = snapshots_.now.find(entity);
  return known == snapshots_.now.end() ? std::nullopt : std::optional(known->second);
}

std::map<entity_id, timestamp_ns> simulated_journal::wake_times() {
  const std::lock_guard hold(lock_);
  enter();
  std::map<entity_id, timestamp_ns> all;
  for (const auto& [id, made] : snapshots_.now)
    if (made.wake_at.value != 0) all[id] = made.wake_at;
  return all;
}

void simulated_journal::save_checkpoint(std::string_view name, std::string_view bytes) {
  const std::lock_guard hold(lock_);
  const bool dies = dies_now();
  if (dies && (is_broken_ || !is_opened_)) throw simulated_death{};
  if (!dies) enter();
  log(body_of(name, bytes), false);
  if (dies) throw simulated_death{simulated_death::call::save};
  checkpoints_.put(std::string(name), std::string(bytes));
}

std::optional<std::string> simulated_journal::load_checkpoint(std::string_view name) {
  const std::lock_guard hold(lock_);
  enter();
  const auto known = checkpoints_.now.find(name);
  return known == checkpoints_.now.end() ? std::nullopt : std::optional(known->second);
}

std::uint64_t simulated_journal::draw_ids(std::string_view sequence, std::uint64_t count) {
  const std::lock_guard hold(lock_);
  enter();
  RIALTO_ASSERT(count > 0);
  auto& next = sequences_.try_emplace(std::string(sequence), 1).first->second;
  const auto first = next;
  next += count;
  sync();
  return first;
}

bool simulated_journal::checkpoint_log() {
  const std::lock_guard hold(lock_);
  enter();
  return true;
}

} // namespace rialto::storage

#include "storage/sqlite_journal.hpp"

#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/migrations.hpp"
#include "storage/sqlite_row_id.hpp"

#include <sqlite3.h>

#include <filesystem>

namespace rialto::storage {

namespace {

constexpr std::size_t chunk_rows_max = 256;
constexpr std::size_t chunk_bytes_max = 1 << 20;

// Passes over the log before its rest is copied with the writers held.
constexpr int copy_passes_max = 8;
constexpr int held_pages_max = 256;

bool is_code(const sqlite_error& problem, int primary) {
  return (problem.code & 0xff) == primary;
}

bool has_room(const std::string& directory, std::int64_t bytes) {
  std::error_code none;
  const auto there = std::filesystem::space(directory, none);
  return !none && there.available >= static_cast<std::uintmax_t>(bytes);
}

} // namespace

sqlite_journal::writer::writer(database opened)
    : on(std::move(opened)), begin(on.prepare("BEGIN IMMEDIATE")), commit(on.prepare("COMMIT")),
      rollback(on.prepare("ROLLBACK")),
      epoch_of(on.prepare("SELECT epoch FROM shards WHERE shard = ?")),
      raise_epoch(on.prepare("INSERT INTO shards(shard, epoch) VALUES(?, ?) "
                             "ON CONFLICT(shard) DO UPDATE SET epoch = excluded.epoch")),
      insert_row(on.prepare("INSERT INTO journal(id, epoch, blob) VALUES(?, ?, ?)")),
      owner_of(on.prepare("SELECT owner FROM claims WHERE key = ?")),
      take_claim(on.prepare("INSERT OR IGNORE INTO claims(key, owner) VALUES(?, ?)")),
      draw(on.prepare("INSERT INTO sequences(name, next) VALUES(?, 1 + ?) "
                      "ON CONFLICT(name) DO UPDATE SET next = next + excluded.next - 1 "
                      "RETURNING next")) {}

std::unique_ptr<journal> open_sqlite_journal(const std::string& data_directory) {
  return std::make_unique<sqlite_journal>(data_directory);
}

std::unique_ptr<journal> open_sqlite_journal(const std::string& data_directory,
                                             const sqlite_journal_options& options) {
  return std::make_unique<sqlite_journal>(data_directory, options);
}

sqlite_journal::sqlite_journal(const std::string& data_directory,
                               const sqlite_journal_options& options)
    : lock_(data_directory), path_(data_directory + "/journal.sqlite"), options_(options),
      archive_(data_directory + "/archive"), recent_(options.recent_bytes) {
  check_file_exists();
  auto first = open(sync_mode::full);
  migrate(first, "journal");
  sync_directory(data_directory);
  writer_ = std::make_unique<writer>(std::move(first));
  aside_ = std::make_unique<aside>(open(sync_mode::normal));
  log_ = open(sync_mode::full);
  try { // what a killed process left in the log is durable before it is shown
    renew_log();
  } catch (const sqlite_error& problem) {
    if (!is_code(problem, SQLITE_FULL)) throw;
    writer_->on.sync_log(); // a node must start on a full disk, to serve what it has
  }
  if (options_.log_bytes > 0 && has_room(data_directory, 16 * options_.log_bytes))
    log_.lengthen_log(options_.log_bytes);
  read_heads();
  check_archive_fits();
  sweep_garbage();
  auto last_part = aside_->on.prepare("SELECT coalesce(max(id), 0) FROM parts");
  if (last_part.step()) next_part_ = last_part.number(0) + 1;
}

database sqlite_journal::open(sync_mode sync) const {
  open_options how;
  how.sync = sync;
  how.autocheckpoint = 0;
  how.log_keep_bytes = std::max<std::int64_t>(how.log_keep_bytes, 4 * options_.log_bytes);
  how.vfs = options_.vfs;
  return database(path_, how);
}

append_outcome sqlite_journal::append(const journal_batch& batch) {
  const std::lock_guard hold(write_lock_);
  if (session_over_ || is_log_suspect_) {
    session_over_ = true;
    return {append_result::failed, "the session is over since an earlier failure: call heads()"};
  }
  for (std::size_t i = 0; i < batch.rows.size(); ++i) {
    const auto& row = batch.rows[i];
    RIALTO_ASSERT(row.shard < shard_limit);
    if (i > 0) RIALTO_ASSERT(batch.rows[i - 1].shard < row.shard);
    const auto& head = heads_[row.shard];
    if (row.at_epoch != head.at_epoch || row.predecessor != head.last)
      return end_session(append_result::stale,
                         "shard " + std::to_string(row.shard) + " is at epoch " +
                           std::to_string(head.at_epoch) + " row " + std::to_string(head.last) +
                           ", the append came with epoch " + std::to_string(row.at_epoch) +
                           " predecessor " + std::to_string(row.predecessor));
  }
  return write_batch(batch);
}

append_outcome sqlite_journal::write_batch(const journal_batch& batch) {
  bool is_committing = false;
  try {
    writer_->begin.run();
    crash_point("journal-begun");
    for (const auto& row : batch.rows) {
      auto& stored = writer_->epoch_of.with(row.shard);
      const auto current = stored.step() ? stored.number(0) : 0;
      stored.reset();
      if (current != row.at_epoch) {
        roll_back();
        return end_session(append_result::stale, "shard " + std::to_string(row.shard) +
                                                   " was taken over: its epoch is " +
                                                   std::to_string(current));
      }
      writer_->insert_row.run(row_id(row.shard, row.predecessor + 1), row.at_epoch,
                              blob_view{row.blob});
    }
    if (!batch.claims.empty() && has_foreign_claim(batch)) {
      roll_back();
      if (writer_->on.in_transaction())
        return end_session(append_result::failed, "a refused claim could not be rolled back");
      return {append_result::claim_taken, {}};
    }
    is_committing = true;
    crash_point("journal-inserted");
    writer_->commit.run();
    crash_point("journal-committed");
  } catch (const sqlite_error& problem) {
    note_problem(problem);
    roll_back();
    if (is_code(problem, SQLITE_CONSTRAINT)) // a row is there that this process did not write
      return end_session(append_result::stale, problem.what());
    // Before COMMIT no frame is marked as committed. In COMMIT a full disk refuses the write of the
    // frame that would be; after any other error it may have reached the disk.
    if (!is_committing || is_code(problem, SQLITE_FULL) || is_code(problem, SQLITE_BUSY))
      return end_session(append_result::failed, problem.what());
    is_log_suspect_ = true;
    return end_session(append_result::unknown, problem.what());
  }
  for (const auto& row : batch.rows) {
    heads_[row.shard].last = row.predecessor + 1;
    recent_.add(row.shard, row.predecessor + 1, row.blob);
    log_bytes_ += row.blob.size();
  }
  return {append_result::accepted, {}};
}

bool sqlite_journal::has_foreign_claim(const journal_batch& batch) {
  for (const auto& one : batch.claims) {
    auto& known = writer_->owner_of.with(one.key);
    const bool is_taken = known.step() && known.number(0) != one.owner.value;
    known.reset();
    if (is_taken) return true;
    writer_->take_claim.run(one.key, one.owner);
  }
  return false;
}

append_outcome sqlite_journal::end_session(append_result result, std::string detail) {
  session_over_ = true;
  recent_.clear();
  return {result, std::move(detail)};
}

void sqlite_journal::roll_back() noexcept {
  if (!writer_->on.in_transaction()) return;
  try {
    writer_->rollback.run();
  } catch (const sqlite_error&) { // heads() opens a new connection, which ends the transaction
  }
}

void sqlite_journal::note_problem(const sqlite_error& problem) {
  if (is_code(problem, SQLITE_IOERR)) is_log_suspect_ = true;
}

std::map<shard_id, journal_head> sqlite_journal::heads() {
  const std::scoped_lock hold(log_lock_, aside_lock_, write_lock_);
  if (session_over_ || is_log_suspect_) reopen();
  guarded([this] { writer_->on.sync_log(); });
  read_heads();
  session_over_ = false;
  return heads_;
}

/// The new connections are open before the old ones close, or the last close would copy the log.
void sqlite_journal::reopen() {
  auto fresh_writer = std::make_unique<writer>(open(sync_mode::full));
  auto fresh_aside = std::make_unique<aside>(open(sync_mode::normal));
  auto fresh_log = open(sync_mode::full);
  writer_ = std::move(fresh_writer);
  aside_ = std::move(fresh_aside);
  log_ = std::move(fresh_log);
  if (is_log_suspect_) renew_log();
}

/// Copies the log back, synced, and begins a new one with a synced write: no frame of the old one,
/// seen or unseen, can be read again.
void sqlite_journal::renew_log() {
  const int code =
    sqlite3_wal_checkpoint_v2(log_.raw(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  if (code != SQLITE_OK)
    throw sqlite_error(path_ + ": copying the log back failed: " + sqlite3_errmsg(log_.raw()),
                       code);
  static_cast<void>(draw_locked("log", 1));
  is_log_suspect_ = false;
}

void sqlite_journal::read_heads() {
  std::map<shard_id, journal_head> found;
  auto epochs = writer_->on.prepare("SELECT shard, epoch FROM shards");
  while (epochs.step()) found[static_cast<shard_id>(epochs.integer(0))].at_epoch = epochs.number(1);
  auto last = writer_->on.prepare("SELECT max(id) FROM journal WHERE id < ?");
  for (auto below = row_id(shard_limit - 1, 0);;) { // from the highest shard down
    if (!last.with(below).step() || last.is_null(0)) break;
    const auto id = last.number(0);
    found[shard_of(id)].last = position_of(id);
    below = row_id(shard_of(id), 0);
  }
  last.reset();
  heads_ = std::move(found);
}

journal_head sqlite_journal::take_over(shard_id shard) {
  RIALTO_ASSERT(shard < shard_limit - 1);
  static_cast<void>(heads()); // whatever a former session left open is settled first
  const std::lock_guard hold(write_lock_);
  return raise(shard, heads_[shard].at_epoch + 1);
}

takeover_outcome sqlite_journal::take_over(shard_id shard, epoch at_epoch) {
  RIALTO_ASSERT(shard < shard_limit - 1);
  RIALTO_ASSERT(at_epoch > 0);
  static_cast<void>(heads());
  const std::lock_guard hold(write_lock_);
  const auto known = heads_.find(shard);
  const auto head = known == heads_.end() ? journal_head{} : known->second;
  if (head.at_epoch < at_epoch) return {true, raise(shard, at_epoch)};
  const auto mine = taken_.find(shard);
  return {head.at_epoch == at_epoch && mine != taken_.end() && mine->second == at_epoch, head};
}

/// Under write_lock_.
journal_head sqlite_journal::raise(shard_id shard, epoch to) {
  guarded([&] { writer_->raise_epoch.run(shard, to); });
  auto& head = heads_[shard];
  head.at_epoch = taken_[shard] = to;
  return head;
}

void sqlite_journal::read(shard_id shard, position first,
                          const std::function<bool(position, std::string_view blob)>& row) {
  // In growing chunks, copied out: one row is cheap to get, a scan holds neither lock nor snapshot.
  std::vector<std::string> chunk;
  std::vector<recent_rows::blob> recent;
  const auto end = row_id(shard + 1, 0);
  for (std::size_t rows_max = 1;; rows_max = std::min(rows_max * 4, chunk_rows_max)) {
    if (recent_.get(shard, first, rows_max, recent)) {
      for (const auto& blob : recent)
        if (!row(first++, *blob)) return;
      continue;
    }
    chunk.clear();
    bool is_absent = false;
    {
      const std::lock_guard hold(aside_lock_);
      auto& rows = aside_->rows.with(row_id(shard, first), end);
      for (std::size_t bytes = 0;
           chunk.size() < rows_max && bytes < chunk_bytes_max && rows.step();) {
        is_absent = rows.number(0) != row_id(shard, first + chunk.size());
        if (is_absent) break;
        chunk.push_back(rows.text(1));
        bytes += chunk.back().size();
      }
      rows.reset();
    }
    for (const auto& blob : chunk)
      if (!row(first++, blob)) return;
    if (is_absent && !read_archived(shard, first, row)) return; // below the table's first row
    if (chunk.empty() && !is_absent) return;
  }
}

std::optional<entity_id> sqlite_journal::find_claim(std::string_view key) {
  const std::lock_guard hold(aside_lock_);
  auto& found = aside_->owner_of.with(key);
  if (!found.step()) return std::nullopt;
  const entity_id owner(found.number(0));
  found.reset();
  return owner;
}

std::uint64_t sqlite_journal::draw_ids(std::string_view sequence, std::uint64_t count) {
  RIALTO_ASSERT(count > 0);
  const std::lock_guard hold(write_lock_);
  std::uint64_t first = 0;
  guarded([&] { first = draw_locked(sequence, count); });
  crash_point("ids-drawn");
  return first;
}

std::uint64_t sqlite_journal::draw_locked(std::string_view sequence, std::uint64_t count) {
  if (writer_->on.in_transaction())
    throw journal_error(path_ + ": an append could not be rolled back: call heads()");
  auto& drawn = writer_->draw.with(sequence, count);
  std::uint64_t next = 0;
  while (drawn.step()) next = drawn.number(0); // the last step commits
  RIALTO_ASSERT(next > count);
  return next - count;
}

bool sqlite_journal::checkpoint_log() {
  const std::lock_guard hold(log_lock_);
  log_bytes_ = 0;
  const auto copy_back = [this](int mode, int& pages, int& copied) {
    const int code = sqlite3_wal_checkpoint_v2(log_.raw(), nullptr, mode, &pages, &copied);
    if (code == SQLITE_OK) return true;
    if ((code & 0xff) == SQLITE_BUSY) return false;
    const sqlite_error problem(
      path_ + ": copying the log back failed: " + sqlite3_errmsg(log_.raw()), code);
    note_problem(problem);
    throw problem;
  };
  int pages = 0, copied = 0;
  if (!copy_back(SQLITE_CHECKPOINT_PASSIVE, pages, copied)) return false;
  crash_point("log-folded");
  if (pages < options_.log_restart_pages) return true;
  // Under steady load the writer is always a few pages ahead, and the log would grow for ever. Each pass leaves what came during the one
  // before it; then holding the writers for the rest takes milliseconds.
  for (int pass = 1; pass < copy_passes_max && pages - copied > held_pages_max; ++pass)
    if (!copy_back(SQLITE_CHECKPOINT_PASSIVE, pages, copied)) return false;
  const std::lock_guard writers(write_lock_);
  return copy_back(SQLITE_CHECKPOINT_RESTART, pages, copied);
}

} // namespace rialto::storage

// storage/sqlite_journal.hpp: the journal of an embedded node: DATA/journal.sqlite.
//
// The room: three connections of one process, which a lock on the directory keeps alone. `writer_`
// appends, raises epochs and draws ids, each commit synced (FULL). `aside_` reads, and writes
// snapshots and checkpoints without a sync of their own (NORMAL: a crash may lose the newest, never
// their order among the appends). `log_` copies the log back. Thread-safe.
//
//   S1  only who holds write_lock_ writes, so an append never meets a busy database
//   S2  a write transaction is small: large values go in by parts, the row that names them last
//   S3  what heads() says stays true: a commit of unknown fate is never seen again, and what it shows
//       is durable
//   S4  after any IO error the log is suspect, for the system may have dropped what a failed sync
//       should have written: no append until heads() has copied the log back and begun a new one
//   S5  locks are taken in the order archiving_lock_, saving_lock_, log_lock_, aside_lock_, write_lock_
//   S6  a row leaves the table when a file in DATA/archive that gives back its very bytes is durable
//   S7  what is written aside is synced by who wrote it, a megabyte at a time: an append's sync would have to wait for all of it
#pragma once

#include "storage/data_lock.hpp"
#include "storage/recent_rows.hpp"
#include "storage/row_archive.hpp"
#include "storage/sqlite.hpp"

#include <atomic>
#include <mutex>

namespace rialto::storage {

struct sqlite_journal_options {
  const char* vfs = nullptr;          // nullptr: the system's own (tests inject faults)
  std::size_t part_bytes = 256 << 10; // of a large value, per transaction
  std::size_t archive_block_bytes = archive_writer::usual_block_bytes;
  int log_restart_pages = 4'096; // a log longer than this is started over, briefly holding writers
  std::size_t recent_bytes = 0;  // of the newest rows kept in memory for read()
  std::int64_t log_bytes = 0;    // the log is made that long at once: commits then overwrite
};

class sqlite_journal final : public journal {
public:
  explicit sqlite_journal(const std::string& data_directory,
                          const sqlite_journal_options& options = {});

  [[nodiscard]] append_outcome append(const journal_batch& batch) override;
  [[nodiscard]] std::map<shard_id, journal_head> heads() override;
  [[nodiscard]] takeover_outcome take_over(shard_id shard, epoch at_epoch) override;
  [[nodiscard]] journal_head take_over(shard_id shard) override;
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view blob)>& row) override;
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key) override;
  void save_snapshot(const snapshot& made) override;
  [[nodiscard]] std::optional<snapshot> load_snapshot(entity_id entity) override;
  [[nodiscard]] std::map<entity_id, timestamp_ns> wake_times() override;
  void save_checkpoint(std::string_view name, std::string_view bytes) override;
  [[nodiscard]] std::optional<std::string> load_checkpoint(std::string_view name) override;
  [[nodiscard]] std::uint64_t draw_ids(std::string_view sequence, std::uint64_t count) override;
  void save_snapshots(const std::vector<snapshot>& made) override;
  archive_outcome archive(const archive_request& wanted) override;
  [[nodiscard]] position archived(shard_id shard) override { return archive_.last(shard); }
  bool checkpoint_log() override;
  [[nodiscard]] std::uint64_t log_bytes() const override { return log_bytes_; }

  /// The rows of a shard that are in the table; none: 0 and 0.
  [[nodiscard]] std::pair<position, position> table_rows(shard_id shard);
  /// Compares rows that are in the table and in an archive. Throws journal_error at one that differs.
  void check_overlap(shard_id shard);
  /// What the interface gives only by name, whole, for who copies a journal; nobody else is calling.
  void each_claim(const std::function<void(claim)>& take);
  [[nodiscard]] std::vector<entity_id> snapshot_entities();
  [[nodiscard]] std::map<std::string, std::uint64_t> sequences(); // and the next number of each
  /// Of journal.sqlite, and how many of them wait to be used again.
  [[nodiscard]] std::pair<std::uint64_t, std::uint64_t> file_bytes();
  /// Gives free pages back to the file system: copies what is left, so nobody may be waiting.
  void shrink();

private:
  /// The writer's connection; its statements close before it does.
  struct writer {
    explicit writer(database opened);
    database on;
    statement begin, commit, rollback, epoch_of, raise_epoch, insert_row, owner_of, take_claim,
      draw;
  };
  struct aside {
    explicit aside(database opened);
    database on;
    statement rows, first_row, row_sizes, drop_rows, owner_of, find_snapshot, put_snapshot, wakes,
      find_checkpoint, put_checkpoint, part, put_part, drop_part, put_garbage, drop_garbage,
      any_garbage;
  };
  /// Where a large value lies.
  struct part_range {
    std::uint64_t first = 0, count = 0;
    std::uint32_t crc = 0;
  };

  [[nodiscard]] database open(sync_mode sync) const;
  [[nodiscard]] append_outcome write_batch(const journal_batch& batch);
  [[nodiscard]] bool has_foreign_claim(const journal_batch& batch);
  [[nodiscard]] append_outcome end_session(append_result result, std::string detail);
  [[nodiscard]] journal_head raise(shard_id shard, epoch to);
  void roll_back() noexcept;
  void read_heads();
  void reopen();
  void renew_log();
  /// Runs what may fail beside append(); an IO error of it ends the session as well.
  template <class Work>
  void guarded(Work&& work) {
    try {
      work();
    } catch (const sqlite_error& problem) {
      note_problem(problem);
      throw;
    }
  }
  void note_problem(const sqlite_error& problem);
  [[nodiscard]] std::uint64_t draw_locked(std::string_view sequence, std::uint64_t count);

  template <class Name>
  void save_parts(std::string_view bytes, statement aside::*find, const Name& name,
                  const std::function<void(const part_range&)>& put);
  template <class Name>
  void name_parts(const part_range& made, statement aside::*find, const Name& name,
                  const std::function<void(const part_range&)>& put);
  void put_snapshot(const snapshot& made, const part_range& at);
  /// One small transaction of the aside connection (S7).
  template <class Work>
  void write_aside(Work&& work) {
    const std::lock_guard hold(aside_lock_);
    guarded([&] {
      {
        const std::lock_guard hold_writer(write_lock_);
        transaction step(aside_->on);
        work();
        step.commit();
      }
      if (unsynced_aside_ < unsynced_aside_max) return;
      unsynced_aside_ = 0;
      aside_->on.sync_log();
    });
  }
  [[nodiscard]] std::optional<std::string> load_parts(const part_range& range);
  void drop_range(const part_range& range);
  void sweep_garbage();

  struct table_row {
    position at = 0;
    epoch at_epoch = 0;
    std::string blob;
  };
  void check_file_exists() const;
  void check_archive_fits() const;
  [[nodiscard]] bool read_archived(shard_id shard, position& first,
                                   const std::function<bool(position, std::string_view blob)>& row);
  [[nodiscard]] std::vector<table_row> table_chunk(const archive_range& rows);
  [[nodiscard]] archive_range plan_file(const archive_request& wanted, position last,
                                        bool& is_full);
  [[nodiscard]] bool write_archive(const archive_request& wanted, const archive_range& range,
                                   archive_outcome& done);
  [[nodiscard]] bool drop_archived(const archive_request& wanted, archive_outcome& done);
  void check_same(shard_id shard, const std::vector<table_row>& rows);

  data_lock lock_;
  std::string path_;
  sqlite_journal_options options_;
  row_archive archive_;
  recent_rows recent_;
  std::mutex archiving_lock_, saving_lock_, log_lock_, aside_lock_, write_lock_;
  std::unique_ptr<writer> writer_;
  std::unique_ptr<aside> aside_;
  database log_;
  std::map<shard_id, journal_head> heads_;
  std::map<shard_id, epoch> taken_; // by this process
  std::uint64_t next_part_ = 1;
  static constexpr std::size_t unsynced_aside_max = 1 << 20;
  std::size_t unsynced_aside_ = 0;          // bytes of parts; aside_lock_
  std::atomic<bool> is_log_suspect_{false}; // S4
  std::atomic<std::uint64_t> log_bytes_{0}; // appended since the last checkpoint_log()
  bool session_over_ = false;               // no append until heads()
};

/// With options of the engine (tests).
[[nodiscard]] std::unique_ptr<journal> open_sqlite_journal(const std::string& data_directory,
                                                           const sqlite_journal_options& options);

} // namespace rialto::storage

// storage/journal.hpp: the durable truth. One writer per lane, one row per shard and commit.
//
// The room: engines (sqlite_journal, postgres_journal) behind one interface, checked by
// tests/storage/journal_contract.hpp. Calls block, so they are made on the lane's own thread
// (lane.hpp), never on an actor's or the io thread. An engine that is opened is one lane: of two lanes
// on the same rows the epoch of a shard says which one may write to it.
//
//   J1  append is atomic: all rows and claims of a batch, or none
//   J2  a shard's positions are 1, 2, 3... without gap; a row goes in only if `predecessor` is the
//   head and `epoch` the current one J3  what append acknowledged survives a crash of process or
//   machine J4  after `unknown` the caller must call heads() and must not append again on the same
//   session J5  an archived row is read like any other, and the newest row of a shard is never archived
#pragma once

#include "domain/ids.hpp"
#include "domain/money.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::storage {

using shard_id = std::uint32_t;
using position = std::uint64_t; // of a row within its shard; 0: before the first
using epoch = std::uint64_t;

/// A unique key taken by an entity ("email:a@b.c"); taking one that another entity holds refuses
/// the batch.
struct claim {
  std::string key;
  entity_id owner;
  RIALTO_FIELDS(key, owner)
};

/// One row: what one commit adds to one shard. `blob` is made by record.hpp.
struct journal_row {
  shard_id shard = 0;
  epoch at_epoch = 0;
  position predecessor = 0; // the row gets predecessor + 1
  std::string blob;
};

struct journal_batch {
  std::vector<journal_row> rows; // ascending by shard, at most one per shard
  std::vector<claim> claims;
};

/// accepted: durable. stale: epoch or predecessor is not the current one, the session is dead.
/// claim_taken: nothing was written, the session goes on. failed: surely not written (disk full, IO
/// error before commit); the session is dead. unknown: perhaps written.
enum class append_result : std::uint8_t { accepted, stale, claim_taken, failed, unknown };

struct append_outcome {
  append_result result = append_result::failed;
  std::string detail; // for the log: the engine's words
};

struct snapshot {
  entity_id entity;
  std::uint64_t event_number = 0; // of the last event it contains
  std::string bytes;              // checksummed by the store
  timestamp_ns wake_at;           // when the entity must be activated even if nobody asks; 0: never
};

struct journal_head {
  position last = 0;
  epoch at_epoch = 0;
};

/// What a lane that asked for a shard got.
struct takeover_outcome {
  bool is_taken = false; // false: the shard stays as `head` says, written by another lane
  journal_head head;
};

/// Rows that are to leave the engine's table for files beside it (row_archive.hpp).
struct archive_request {
  shard_id shard = 0;
  position last = 0;                       // rows up to this one
  std::uint64_t file_bytes = 256ull << 20; // of blobs in one file, before compression
  bool whole_files_only = false;           // what does not fill one stays
  /// Called between small steps, under no lock; false: stop here (a later call goes on).
  std::function<bool()> go_on;
};

struct archived_file {
  std::string path;
  position first = 0, last = 0;
  std::uint64_t records = 0, events = 0, bytes = 0, stored_bytes = 0; // blobs, the file
};

struct archive_outcome {
  std::vector<archived_file> files; // made by this call
  std::uint64_t rows_dropped = 0;   // from the table; more than in `files` after an interruption
};

class journal {
public:
  virtual ~journal() = default;

  [[nodiscard]] virtual append_outcome append(const journal_batch& batch) = 0;

  /// The head of every shard that has rows or an epoch.
  [[nodiscard]] virtual std::map<shard_id, journal_head> heads() = 0;
  /// The newest row of every shard, other lanes' included. It looks and changes no session, so any thread may ask at any time. An engine with
  /// one lane answers nothing: what it appended is known. Throws journal_error.
  [[nodiscard]] virtual std::map<shard_id, position> last_rows() { return {}; }
  /// Raises a shard's epoch to exactly `at_epoch` (from 1) and makes every older writer stale. Refused if the
  /// shard is there or above already; asking again for what this lane has is granted again. Throws
  /// journal_error; then nobody knows, and asking again tells.
  [[nodiscard]] virtual takeover_outcome take_over(shard_id shard, epoch at_epoch) = 0;
  /// The same, one above whatever it is: for a node that is alone. Returns the new head.
  [[nodiscard]] virtual journal_head take_over(shard_id shard) = 0;
  /// Calls `row` with each row of a shard from `first` on, in order, until it returns false.
  virtual void read(shard_id shard, position first,
                    const std::function<bool(position, std::string_view blob)>& row) = 0;

  [[nodiscard]] virtual std::optional<entity_id> find_claim(std::string_view key) = 0;

  virtual void save_snapshot(const snapshot& made) = 0; // replaces an older one of the entity
  /// Several, in order; those before one that throws may be saved.
  virtual void save_snapshots(const std::vector<snapshot>& made) {
    for (const auto& one : made) save_snapshot(one);
  }
  [[nodiscard]] virtual std::optional<snapshot> load_snapshot(entity_id entity) = 0;

  /// Every entity whose newest snapshot has a wake time.
  [[nodiscard]] virtual std::map<entity_id, timestamp_ns> wake_times() = 0;

  /// Index and other checkpoints: small named blobs, replaced whole. Rebuildable.
  virtual void save_checkpoint(std::string_view name, std::string_view bytes) = 0;
  [[nodiscard]] virtual std::optional<std::string> load_checkpoint(std::string_view name) = 0;

  /// Draws `count` ids of a named sequence ("order", "account", "user", "market"), durable before
  /// it returns; the first of the block.
  [[nodiscard]] virtual std::uint64_t draw_ids(std::string_view sequence, std::uint64_t count) = 0;

  /// Moves old rows into archives, beside running appends; an engine without archives moves none. A
  /// damaged row is never moved. Throws journal_error; then a later call finishes what was begun.
  virtual archive_outcome archive(const archive_request&) { return {}; }
  /// The last row of a shard that lies in archives; 0: none.
  [[nodiscard]] virtual position archived(shard_id) { return 0; }

  /// Moves the engine's write-ahead log into the main file; off the commit path. Returns false when
  /// busy.
  virtual bool checkpoint_log() = 0;
  /// Bytes of rows that the log holds and no checkpoint_log() has looked at: when there are many, it is time for one.
  [[nodiscard]] virtual std::uint64_t log_bytes() const { return 0; }
};

/// Thrown by everything but append() when the engine fails (disk, corruption, lost connection).
struct journal_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Thrown when rows that were acknowledged are not there any more: an old copy was put back, or a standby
/// that lagged took over. Whoever wrote them must stop, for what it told the world is gone.
struct journal_behind : journal_error {
  using journal_error::journal_error;
};

/// DATA/journal.sqlite, WAL, synchronous=FULL. Applies migrations. Throws journal_error.
[[nodiscard]] std::unique_ptr<journal> open_sqlite_journal(const std::string& data_directory);

} // namespace rialto::storage

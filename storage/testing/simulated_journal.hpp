// storage/testing/simulated_journal.hpp: a journal in memory with a disk that can forget, for
// simulations and tests of what stands on a journal.
//
// The room: the rules of storage/journal.hpp over maps, and faults by plan. Deterministic: no file,
// no clock, no thread of its own (calls may come from several; one mutex). What is written and not
// yet synced lies in a log of checksummed frames, as in SQLite's; a sync empties it.
//   T1  what was acknowledged survives crash(); snapshots and checkpoints survive it from the next
//       synced call on (append, draw_ids, take_over, heads), as in sqlite_journal
//   T2  a row of unknown fate is either never seen or there from the next heads() on; a crash()
//       before that decides by how much of the log it leaves
//   T3  a crash leaves any first part of the log, cut anywhere or with a hole in its last frame. The
//       first call afterwards opens it: frames up to the first that is not whole count and are
//       durable from then on, everything behind is gone for good
//   T4  connect() gives further callers on the same rows, each with its own session; the epoch and the
//       head decide between them (J2)
#pragma once

#include "domain/bytes.hpp"
#include "storage/journal.hpp"

#include <mutex>

namespace rialto::storage {

enum class journal_fault : std::uint8_t { none, failed, stale, unknown_written, unknown_lost };

/// What happens to the n-th append (from 1), counted over the journal's life.
struct journal_fault_plan {
  std::map<std::uint64_t, journal_fault> at_append;
  /// A fault on about `per_mille` of the first `appends`, chosen by the seed.
  [[nodiscard]] static journal_fault_plan from_seed(std::uint64_t seed, std::uint64_t appends,
                                                    std::uint32_t per_mille);
};

/// Thrown in the middle of a call by die_in(): no std::exception, for nothing in the process may
/// survive it. crash() must follow.
struct simulated_death {
  enum class call : std::uint8_t { append, save, other } in = call::other;
};

/// A disk that breaks its word, for tests of who should notice.
enum class journal_lie : std::uint8_t {
  none,
  acknowledges_unsynced, // a power cut takes acknowledged rows back
  trusts_its_log,        // the checksums of frames are not looked at
  accepts_stale          // whoever was taken over may go on writing
};

/// Who wrote a shard's rows, as the journal saw it.
struct row_writer {
  epoch at_epoch = 0;
  std::uint64_t session = 0; // of connect(), from 1; 0: the journal's own
};
struct journal_writers {
  std::vector<row_writer> of_row; // row p is of_row[p - 1]
  std::vector<position> raised;   // the head when the epoch became 1, 2, 3...
};

/// What really happened: faults that appends met, and what became of the log at crashes.
struct journal_counts {
  std::map<journal_fault, std::uint64_t> faults;
  std::uint64_t refused_away = 0;                                   // appends while it was broken
  std::uint64_t rows_found = 0, rows_absent = 0, rows_torn = 0;     // appends without an answer
  std::uint64_t values_found = 0, values_lost = 0, values_torn = 0; // snapshots, checkpoints
};

class simulated_journal final : public journal {
public:
  simulated_journal() = default;
  explicit simulated_journal(journal_fault_plan plan, journal_lie lie = journal_lie::none)
      : plan_(std::move(plan)), lie_(lie) {}

  /// A second caller with a session of its own: a failure ends the session of who met it, no other.
  [[nodiscard]] std::unique_ptr<journal> connect();

  /// Bytes written and not synced.
  [[nodiscard]] std::size_t unsynced_bytes() const;
  /// Of these, where the last write begins.
  [[nodiscard]] std::size_t last_write_begins() const;
  /// The process or machine dies and starts again: of what was not synced the first `kept` bytes are
  /// left, and with `has_hole` some bytes within the last of their frames are not.
  void crash(std::size_t kept, bool has_hole = false);
  /// Leaves the log up to the last row in it (a row of unknown fate that was written), nothing else.
  void crash();
  /// The n-th call from now on (1: the next) dies: an append or a save behind its write, before its
  /// sync; any other before it did anything. 0: none does.
  void die_in(std::uint64_t calls);
  /// What the next append meets.
  void plan_next(journal_fault fault);
  [[nodiscard]] const journal_counts& counts() const { return counts_; }
  /// The rows of a shard, durable or shown; not while another thread calls.
  [[nodiscard]] const std::vector<std::string>& rows(shard_id shard) const {
    static const std::vector<std::string> none;
    const auto known = shards_.find(shard);
    return known == shards_.end() ? none : known->second.blobs;
  }
  [[nodiscard]] const journal_writers& writers(shard_id shard) const {
    static const journal_writers nobody;
    const auto known = shards_.find(shard);
    return known == shards_.end() ? nobody : known->second.writers;
  }
  /// What load_snapshot would give, without being a call; not while another thread calls.
  [[nodiscard]] const snapshot* peek_snapshot(entity_id entity) const {
    const auto known = snapshots_.now.find(entity);
    return known == snapshots_.now.end() ? nullptr : &known->second;
  }
  /// Every call fails until set to false (a disk that went away): append says `failed`, all others
  /// throw.
  void set_broken(bool broken);
  [[nodiscard]] std::uint64_t appends() const;

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
  bool checkpoint_log() override;

private:
  class connection;

  /// A map whose changes since the last sync can be taken back.
  template <class Key, class Value>
  struct synced_map {
    std::map<Key, Value, std::less<>> now;
    std::map<Key, std::optional<Value>> former; // of what changed since the last sync
    void put(const Key& key, Value value);
    void forget_unsynced();
  };
  struct shard_rows {
    epoch at_epoch = 0;
    std::optional<std::uint64_t> owner; // the session that took it over; a crash forgets it
    std::vector<std::string> blobs;     // position p is blobs[p - 1]
    journal_writers writers;
    std::size_t synced = 0; // so many of them
  };

  /// One write in the log: its place and what it adds.
  struct frame {
    std::size_t begin = 0, end = 0;
    bool is_row = false;
  };

  [[nodiscard]] bool dies_now() { return dies_in_ > 0 && --dies_in_ == 0; }
  void enter();
  void check_disk() const;
  void sync();
  void log(const std::string& body, bool is_row);
  void open_log();
  [[nodiscard]] bool take_frame(std::string_view body);
  struct session {
    std::uint64_t number = 0;
    bool is_over = false;
  };
  void write(const journal_batch& batch, std::uint64_t by);
  [[nodiscard]] append_outcome append(const journal_batch& batch, session& by);
  [[nodiscard]] std::map<shard_id, journal_head> heads(session& by);
  [[nodiscard]] takeover_outcome take_over(shard_id shard, epoch at_epoch, session& by);
  [[nodiscard]] journal_head raise(shard_id shard, epoch to, const session& by);

  mutable std::mutex lock_;
  journal_fault_plan plan_;
  journal_lie lie_ = journal_lie::none;
  std::uint64_t appends_ = 0, dies_in_ = 0;
  bool is_broken_ = false, is_opened_ = true;
  session own_;
  std::uint64_t sessions_ = 0;
  std::map<shard_id, shard_rows> shards_;
  std::map<std::string, entity_id, std::less<>> claims_;
  std::map<std::string, std::uint64_t, std::less<>> sequences_;
  std::optional<journal_batch> undecided_; // written, not yet seen
  std::uint64_t undecided_by_ = 0;
  synced_map<entity_id, snapshot> snapshots_;
  synced_map<std::string, std::string> checkpoints_;
  std::string log_; // frames: length, checksum, body
  std::vector<frame> frames_;
  journal_counts counts_;
};

} // namespace rialto::storage

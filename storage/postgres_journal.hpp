// storage/postgres_journal.hpp: the journal in PostgreSQL 15, shared by nodes that fence one another.
//
// The room: one connection that appends, in order (`lane_`), and a few for all else (`pool_`), so that a
// reader never stands before an append. Opened, it is one lane with a row in table lanes. Thread-safe.
// docs/decisions/0030-postgres-is-fenced-by-the-append.md says why it is safe.
//   P1  an append is one statement, one transaction: function journal_append of the migration
//   P2  appends of a session are numbered; behind one that was refused all are, whatever they touch
//   P3  an append whose connection was lost is `unknown`; heads() ends what is left of the old session
//       before it reads, so what it does not show will never appear
//   P4  what this lane was told to be durable was flushed: synchronous_commit is never off or local here;
//       checkpoints alone may be lost by a crash, newest first
//   P5  every call ends: see postgres_options, the pool's limits, and end_session_ms
//   P6  no text that leaves holds the address
#pragma once

#include "storage/postgres_pool.hpp"
#include "storage/recent_rows.hpp"

#include <deque>
#include <mutex>
#include <span>

namespace rialto::storage {

struct postgres_journal_options {
  std::string name = "rialto";  // of the lane, for those who look into the database
  postgres_options connections; // of all of them
  postgres_pool::limits pool;
  std::size_t recent_bytes = 0; // of the newest rows kept in memory for read()
  int end_session_ms = 5'000;   // how long a terminated session may take to end
};

class postgres_journal final : public journal {
public:
  /// Applies migrations and opens a lane. Throws journal_error.
  explicit postgres_journal(std::string address, postgres_journal_options options = {});

  [[nodiscard]] append_outcome append(const journal_batch& batch) override;
  [[nodiscard]] std::map<shard_id, journal_head> heads() override;
  [[nodiscard]] std::map<shard_id, position> last_rows() override;
  [[nodiscard]] takeover_outcome take_over(shard_id shard, epoch at_epoch) override;
  [[nodiscard]] journal_head take_over(shard_id shard) override;
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view blob)>& row) override;
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key) override;
  void save_snapshot(const snapshot& made) override { save_together({&made, 1}); }
  void save_snapshots(const std::vector<snapshot>& made) override;
  [[nodiscard]] std::optional<snapshot> load_snapshot(entity_id entity) override;
  [[nodiscard]] std::map<entity_id, timestamp_ns> wake_times() override;
  void save_checkpoint(std::string_view name, std::string_view bytes) override;
  [[nodiscard]] std::optional<std::string> load_checkpoint(std::string_view name) override;
  [[nodiscard]] std::uint64_t draw_ids(std::string_view sequence, std::uint64_t count) override;
  bool checkpoint_log() override { return true; } // PostgreSQL's own business

  /// Several appends on their way at once: each send() has its receive(), in order. append() is both.
  void send(const journal_batch& batch);
  [[nodiscard]] append_outcome receive();

  /// Nothing was ever written to it.
  [[nodiscard]] bool is_empty();
  [[nodiscard]] std::uint64_t lane_number() const { return lane_number_; }
  /// Of the connection that appends, now (tests, inspection).
  [[nodiscard]] int backend_pid();

private:
  struct sent_batch {
    std::string problem; // not empty: it was not sent at all
    std::uint64_t number = 0;
    std::vector<std::pair<shard_id, position>> rows;
    std::vector<std::string> blobs; // for recent_, if that keeps any
  };
  void save_together(std::span<const snapshot> some);
  void reopen_if_ended();
  void send_locked(const journal_batch& batch);
  [[nodiscard]] append_outcome receive_locked();
  [[nodiscard]] append_outcome end_session(append_result result, std::string detail, bool closes);
  void open_session();
  void end_former_session(postgres_connection& on);
  [[nodiscard]] takeover_outcome raise(shard_id shard, std::optional<epoch> to);
  void end_owners_session(shard_id shard);
  [[nodiscard]] postgres_result read_chunk(shard_id shard, position first, std::size_t rows_max);

  const std::string address_;
  const postgres_journal_options options_;
  postgres_pool pool_;
  recent_rows recent_;
  std::uint64_t lane_number_ = 0;

  std::mutex lane_lock_; // of all below
  postgres_connection lane_;
  std::int64_t session_ = 0;                  // number in table lanes; 0: none was opened yet
  std::uint64_t counter_ = 0, confirmed_ = 0; // the last append sent on it, and accepted
  std::int64_t backend_pid_ = 0, backend_start_ = 0;
  std::deque<sent_batch> on_way_;
  bool session_over_ = false; // no append until heads()
};

/// Throws journal_error.
[[nodiscard]] std::unique_ptr<journal> open_postgres_journal(std::string address,
                                                             postgres_journal_options options = {});

} // namespace rialto::storage

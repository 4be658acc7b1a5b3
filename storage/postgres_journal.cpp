#include "storage/postgres_journal.hpp"

#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/postgres_migrations.hpp"
#include "storage/postgres_reader.hpp"

#include <algorithm>
#include <limits>

namespace rialto::storage {

namespace {

constexpr std::size_t chunk_rows_max = 256;

// An error's SQLSTATE, as migration 0001 raises it and as PostgreSQL does.
constexpr std::string_view stale_state = "RS001", claim_state = "RC001";
constexpr std::string_view unique_violation = "23505", lock_not_available = "55P03";

const std::string append_statement = "journal_append", heads_statement = "journal_heads";

/// What every connection begins with. A database may be set to acknowledge what it has not flushed; this
/// one's truth is not for that (P4).
void prepare_session(postgres_connection& on) {
  on.exec("SELECT set_config('idle_in_transaction_session_timeout', '500', false), "
          "set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') "
          "IN ('off', 'local') THEN 'on' ELSE current_setting('synchronous_commit') END, false)");
}

/// A journal's migration may wait for another node's.
postgres_options patient(postgres_options options) {
  options.answer_timeout_ms = std::max(options.answer_timeout_ms, 60'000);
  return options;
}

} // namespace

std::unique_ptr<journal> open_postgres_journal(std::string address,
                                               postgres_journal_options options) {
  return std::make_unique<postgres_journal>(std::move(address), std::move(options));
}

postgres_journal::postgres_journal(std::string address, postgres_journal_options options)
    : address_(std::move(address)), options_(std::move(options)),
      pool_(address_, options_.connections, options_.pool, prepare_session),
      recent_(options_.recent_bytes) {
  {
    postgres_connection first(address_, patient(options_.connections));
    migrate_postgres(first);
    // Lanes that nobody runs any more and no shard names.
    first.exec("DELETE FROM lanes l WHERE NOT EXISTS (SELECT FROM shards s WHERE s.lane = l.lane) "
               "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.pid = l.backend_pid "
               "AND a.backend_start = l.backend_start)");
    lane_number_ = first.exec("SELECT nextval('lane_numbers')").number(0, 0);
  }
  const std::lock_guard hold(lane_lock_);
  open_session();
}

// ---- the lane's session

/// Connects, makes sure that nothing of the former session can happen any more, and begins to count.
void postgres_journal::open_session() {
  lane_.close();
  on_way_.clear();
  postgres_connection fresh(address_, options_.connections);
  prepare_session(fresh);
  end_former_session(fresh);
  const auto me =
    fresh.exec("SELECT (extract(epoch FROM backend_start) * 1000000)::bigint FROM pg_stat_activity "
               "WHERE pid = pg_backend_pid()");
  const auto started = me.empty() ? 0 : me.integer(0, 0);
  // The row is locked by an append that is under way: what cannot be terminated is waited for.
  const auto opened = fresh.exec(
    "INSERT INTO lanes AS l(lane, name, session, counter, backend_pid, backend_start) "
    "SELECT $1, $2, nextval('lane_sessions'), 0, pg_backend_pid(), "
    "(SELECT backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) "
    "ON CONFLICT (lane) DO UPDATE SET session = excluded.session, counter = 0, "
    "backend_pid = excluded.backend_pid, backend_start = excluded.backend_start RETURNING session",
    lane_number_, options_.name);
  session_ = opened.integer(0, 0);
  counter_ = confirmed_ = 0;
  backend_pid_ = fresh.backend_pid();
  backend_start_ = started;
  fresh.prepare(append_statement, "SELECT journal_append($1, $2, $3, $4, $5, $6, $7, $8, $9)");
  fresh.prepare(heads_statement,
                "SELECT shard, epoch, coalesce((SELECT max(j.position) FROM journal j "
                "WHERE j.shard = s.shard), 0) FROM shards s");
  fresh.begin_pipeline();
  lane_ = std::move(fresh);
}

void postgres_journal::end_former_session(postgres_connection& on) {
  if (backend_pid_ == 0) return;
  const auto ended = on.exec(
    "SELECT pg_terminate_backend(pid, $3) FROM pg_stat_activity WHERE pid = $1 "
    "AND (extract(epoch FROM backend_start) * 1000000)::bigint = $2 AND pid <> pg_backend_pid()",
    backend_pid_, backend_start_, options_.end_session_ms);
  if (!ended.empty() && !ended.truth(0, 0))
    throw journal_error(on.where() + ": the former session of this lane does not end");
}

append_outcome postgres_journal::end_session(append_result result, std::string detail,
                                             bool closes) {
  session_over_ = true;
  recent_.clear();
  if (closes) {
    lane_.close();
    on_way_.clear();
  }
  return {result, std::move(detail)};
}

int postgres_journal::backend_pid() {
  const std::lock_guard hold(lane_lock_);
  return lane_.backend_pid();
}

// ---- appends

append_outcome postgres_journal::append(const journal_batch& batch) {
  const std::lock_guard hold(lane_lock_);
  RIALTO_ASSERT(on_way_.empty());
  send_locked(batch);
  return receive_locked();
}

void postgres_journal::send(const journal_batch& batch) {
  const std::lock_guard hold(lane_lock_);
  send_locked(batch);
}

append_outcome postgres_journal::receive() {
  const std::lock_guard hold(lane_lock_);
  return receive_locked();
}

/// A session that ended while nothing was under way (the server started anew) has left nothing open: the next append need not fail.
void postgres_journal::reopen_if_ended() {
  if (session_over_ || !on_way_.empty() || !lane_.is_open() || !lane_.is_broken()) return;
  recent_.clear();
  open_session();
}

void postgres_journal::send_locked(const journal_batch& batch) {
  std::string problem;
  try {
    reopen_if_ended();
  } catch (const journal_error& failure) {
    problem = failure.what();
  }
  auto& made = on_way_.emplace_back();
  if (!problem.empty()) {
    made.problem = std::move(problem);
    return;
  }
  if (session_over_ || !lane_.is_open()) {
    made.problem = "the session is over since an earlier failure: call heads()";
    return;
  }
  std::vector<std::int64_t> shards, epochs, predecessors, owners;
  std::vector<bytes_view> blobs;
  std::vector<std::string_view> keys;
  for (const auto& row : batch.rows) {
    if (!shards.empty()) RIALTO_ASSERT(shards.back() < static_cast<std::int64_t>(row.shard));
    shards.push_back(row.shard);
    epochs.push_back(static_cast<std::int64_t>(row.at_epoch));
    predecessors.push_back(static_cast<std::int64_t>(row.predecessor));
    blobs.push_back({row.blob});
    made.rows.emplace_back(row.shard, row.predecessor + 1);
    if (options_.recent_bytes > 0) made.blobs.push_back(row.blob);
  }
  for (const auto& one : batch.claims) {
    keys.push_back(one.key);
    owners.push_back(static_cast<std::int64_t>(one.owner.value));
  }
  made.number = ++counter_;
  crash_point("journal-begun");
  try {
    lane_.send(append_statement, postgres_parameters(lane_number_, session_, made.number, shards,
                                                     epochs, predecessors, blobs, keys, owners));
  } catch (const postgres_error&) { // the connection is closed; receive() calls the fate unknown
  }
  crash_point("journal-inserted");
}

append_outcome postgres_journal::receive_locked() {
  RIALTO_ASSERT(!on_way_.empty());
  const auto batch = std::move(on_way_.front());
  on_way_.pop_front();
  if (!batch.problem.empty()) {
    session_over_ = true;
    return {append_result::failed, batch.problem};
  }
  const bool is_behind_a_failure = session_over_;
  try {
    static_cast<void>(lane_.receive());
  } catch (const postgres_error& problem) {
    if (problem.is_lost) {
      auto left = std::move(on_way_); // their fate is as unknown, and they are told one by one
      auto outcome = end_session(append_result::unknown, problem.what(), true);
      on_way_ = std::move(left);
      return outcome;
    }
    if (is_behind_a_failure) return {append_result::failed, problem.what()};
    if (problem.state == claim_state && on_way_.empty()) {
      counter_ = confirmed_; // it was rolled back with all else
      return {append_result::claim_taken, {}};
    }
    const bool is_stale = problem.state == stale_state || problem.state == unique_violation;
    // After any other error the server may have become another one (25006, read-only): connect anew.
    return end_session(is_stale ? append_result::stale : append_result::failed, problem.what(),
                       !is_stale && on_way_.empty());
  }
  confirmed_ = batch.number;
  crash_point("journal-committed");
  for (std::size_t i = 0; i < batch.blobs.size(); ++i)
    recent_.add(batch.rows[i].first, batch.rows[i].second, batch.blobs[i]);
  return {append_result::accepted, {}};
}

std::map<shard_id, journal_head> postgres_journal::heads() {
  const std::lock_guard hold(lane_lock_);
  RIALTO_ASSERT(on_way_.empty() || session_over_);
  on_way_.clear();
  for (bool is_fresh = false;; is_fresh = true) {
    if (is_fresh || !lane_.is_open() || lane_.unreceived() > 0 || lane_.is_broken()) {
      recent_.clear();
      open_session();
      is_fresh = true;
    }
    try {
      lane_.send(heads_statement, postgres_parameters());
      const auto rows = lane_.receive();
      std::map<shard_id, journal_head> found;
      for (int i = 0; i < rows.rows(); ++i)
        found[static_cast<shard_id>(rows.integer(i, 0))] = {rows.number(i, 2), rows.number(i, 1)};
      session_over_ = false;
      counter_ = confirmed_; // what was refused did not count
      return found;
    } catch (const postgres_error&) {
      if (is_fresh) throw;
    }
  }
}

// ---- takeover

takeover_outcome postgres_journal::take_over(shard_id shard, epoch at_epoch) {
  RIALTO_ASSERT(at_epoch > 0);
  return raise(shard, at_epoch);
}

journal_head postgres_journal::take_over(shard_id shard) {
  return raise(shard, std::nullopt).head;
}

/// An append of the old owner that is under way holds the row. It is waited for, and if it does not end its
/// session is ended: a machine that froze in the middle must not keep a shard from being served.
takeover_outcome postgres_journal::raise(shard_id shard, std::optional<epoch> to) {
  static constexpr std::string_view ask = "SELECT * FROM journal_take_over($1, $2, $3)";
  const auto once = [&](postgres_connection& on) {
    const auto told =
      to ? on.exec(ask, shard, *to, lane_number_) : on.exec(ask, shard, nullptr, lane_number_);
    return takeover_outcome{told.truth(0, 0), {told.number(0, 2), told.number(0, 1)}};
  };
  for (int attempt = 0;; ++attempt) {
    try {
      return pool_.with(once);
    } catch (const postgres_error& problem) {
      if (problem.state != lock_not_available || attempt == 3) throw;
    }
    end_owners_session(shard);
  }
}

void postgres_journal::end_owners_session(shard_id shard) {
  pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT pg_terminate_backend(a.pid, $3) FROM shards s JOIN lanes l USING (lane) "
                   "JOIN pg_stat_activity a ON a.pid = l.backend_pid AND a.backend_start = "
                   "l.backend_start WHERE s.shard = $1 AND s.lane <> $2",
                   shard, lane_number_, options_.end_session_ms);
  });
}

// ---- reading

postgres_result postgres_journal::read_chunk(shard_id shard, position first, std::size_t rows_max) {
  return pool_.with([&](postgres_connection& on) {
    return select_rows(on, shard, first, std::numeric_limits<std::int64_t>::max(), rows_max,
                       postgres_chunk_bytes_max);
  });
}

std::map<shard_id, position> postgres_journal::last_rows() {
  const auto rows = pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT shard, coalesce((SELECT max(j.position) FROM journal j "
                   "WHERE j.shard = s.shard), 0) FROM shards s");
  });
  std::map<shard_id, position> found;
  for (int i = 0; i < rows.rows(); ++i)
    found[static_cast<shard_id>(rows.integer(i, 0))] = rows.number(i, 1);
  return found;
}

void postgres_journal::read(shard_id shard, position first,
                            const std::function<bool(position, std::string_view blob)>& row) {
  // In growing chunks: one row is cheap to get, and a scan holds neither connection nor snapshot.
  std::vector<recent_rows::blob> recent;
  for (std::size_t rows_max = 1;; rows_max = std::min(rows_max * 4, chunk_rows_max)) {
    if (recent_.get(shard, first, rows_max, recent)) {
      for (const auto& blob : recent)
        if (!row(first++, *blob)) return;
      continue;
    }
    const auto chunk = read_chunk(shard, first, rows_max);
    for (int i = 0; i < chunk.rows(); ++i) {
      if (chunk.number(i, 0) != first)
        throw journal_error("PostgreSQL: row " + std::to_string(first) + " of shard " +
                            std::to_string(shard) + " is missing");
      if (!row(first++, chunk.bytes(i, 1))) return;
    }
    if (chunk.empty()) return;
  }
}

} // namespace rialto::storage

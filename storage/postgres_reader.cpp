#include "storage/postgres_reader.hpp"

#include "storage/postgres_migrations.hpp"

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace rialto::storage {

namespace {

constexpr std::size_t chunk_rows_max = 256;

/// Nobody waits for who only looks, and a server under load may be slow.
postgres_options patient() {
  postgres_options options;
  options.application_name = "rialto journal";
  options.answer_timeout_ms = 60'000;
  return options;
}

void check_tables(postgres_connection& on) {
  const auto there = on.exec("SELECT to_regclass('journal') IS NOT NULL AND "
                             "to_regclass('snapshots') IS NOT NULL AND "
                             "to_regclass('claims') IS NOT NULL");
  if (!there.truth(0, 0))
    throw journal_error(on.where() + ": this database has no journal (its tables are not there)");
  for (const auto& one : postgres_migration_states(on))
    if (!one.problem.empty())
      throw journal_error(on.where() + ": migration " + one.name + " " + one.problem);
}

} // namespace

/// octet_length reads no blob.
postgres_result select_rows(postgres_connection& on, shard_id shard, position first, position last,
                            std::size_t rows_max, std::int64_t bytes_max) {
  return on.exec(
    "SELECT position, blob FROM (SELECT position, blob, sum(octet_length(blob)) OVER (ORDER BY "
    "position) - octet_length(blob) AS bytes_before FROM (SELECT position, blob FROM journal "
    "WHERE shard = $1 AND position >= $2 AND position <= $3 ORDER BY position LIMIT $4) AS chunk) "
    "AS counted WHERE bytes_before < $5 ORDER BY position",
    shard, first, last, std::min(rows_max, chunk_rows_max), bytes_max);
}

std::int64_t postgres_crc(std::string_view bytes) {
  return static_cast<std::int64_t>(crc32_z(
    crc32_z(0, nullptr, 0), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

std::optional<postgres_row_cursor::row> postgres_row_cursor::next() {
  if (at_ == last_) return std::nullopt;
  if (index_ == 0 || index_ == chunk_.rows()) {
    chunk_ = {}; // before the next one comes
    chunk_ = select_rows(*on_, shard_, at_ + 1, last_, chunk_rows_max, bytes_max_);
    index_ = 0;
  }
  if (chunk_.empty())
    throw journal_error(on_->where() + ": row " + std::to_string(last_) + " of shard " +
                        std::to_string(shard_) + " was there and is gone");
  at_ = chunk_.number(index_, 0);
  return row{at_, chunk_.bytes(index_++, 1)};
}

postgres_reader::postgres_reader(const std::string& address) : on_(address, patient()) {
  on_.exec("SELECT set_config('default_transaction_read_only', 'on', false)");
  check_tables(on_);
}

/// By the rows themselves, for a judge relies on no other table; from shard to shard along the index.
std::map<shard_id, position> postgres_reader::cut() {
  const auto found = on_.exec(
    "WITH RECURSIVE known AS (SELECT min(shard) AS shard FROM journal UNION ALL SELECT (SELECT "
    "min(j.shard) FROM journal j WHERE j.shard > k.shard) FROM known k WHERE k.shard IS NOT NULL) "
    "SELECT shard, (SELECT max(j.position) FROM journal j WHERE j.shard = k.shard) FROM known k "
    "WHERE shard IS NOT NULL");
  std::map<shard_id, position> heads;
  for (int i = 0; i < found.rows(); ++i)
    heads[static_cast<shard_id>(found.integer(i, 0))] = found.number(i, 1);
  return heads;
}

void postgres_reader::each_snapshot(const std::function<void(snapshot made, bool is_sound)>& take) {
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  for (auto first = std::numeric_limits<std::int64_t>::min();;) {
    const auto chunk = on_.exec(
      "SELECT entity, event_number, wake_at, crc, bytes FROM (SELECT *, sum(octet_length(bytes)) "
      "OVER (ORDER BY entity) - octet_length(bytes) AS bytes_before FROM (SELECT * FROM snapshots "
      "WHERE entity >= $1 ORDER BY entity LIMIT $2) AS chunk) AS counted WHERE bytes_before < $3 "
      "ORDER BY entity",
      first, chunk_rows_max, postgres_chunk_bytes_max);
    for (int i = 0; i < chunk.rows(); ++i)
      take({entity_id(chunk.number(i, 0)),
            chunk.number(i, 1),
            chunk.text(i, 4),
            {chunk.integer(i, 2)}},
           postgres_crc(chunk.bytes(i, 4)) == chunk.integer(i, 3));
    if (chunk.empty() || chunk.integer(chunk.rows() - 1, 0) == last) return;
    first = chunk.integer(chunk.rows() - 1, 0) + 1;
  }
}

std::optional<entity_id> postgres_reader::find_claim(std::string_view key) {
  const auto found = on_.exec("SELECT owner FROM claims WHERE key = $1", key);
  return found.empty() ? std::nullopt : std::optional(entity_id(found.number(0, 0)));
}

std::optional<shard_id> postgres_reader::shard_count() {
  if (!on_.exec("SELECT to_regclass('cluster') IS NOT NULL").truth(0, 0)) return std::nullopt;
  const auto found = on_.exec("SELECT shard_count FROM cluster");
  return found.empty() ? std::nullopt : std::optional(static_cast<shard_id>(found.integer(0, 0)));
}

} // namespace rialto::storage

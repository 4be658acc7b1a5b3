// Claims, snapshots, checkpoints and ids of postgres_journal: all on connections of the pool, and all
// such that doing them twice is as good as once.
#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/postgres_journal.hpp"
#include "storage/postgres_reader.hpp"

namespace rialto::storage {

namespace {

// The value can be made anew, so nobody waits for the disk; it is written before any later commit is.
constexpr std::string_view unflushed =
  "WITH how AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) ";

} // namespace

bool postgres_journal::is_empty() {
  return pool_.with([](postgres_connection& on) {
    return on
      .exec(
        "SELECT NOT (EXISTS (SELECT FROM journal) OR EXISTS (SELECT FROM shards) OR EXISTS "
        "(SELECT FROM claims) OR EXISTS (SELECT FROM snapshots) OR EXISTS (SELECT FROM sequences))")
      .truth(0, 0);
  });
}

std::optional<entity_id> postgres_journal::find_claim(std::string_view key) {
  const auto found = pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT owner FROM claims WHERE key = $1", key);
  });
  return found.empty() ? std::nullopt : std::optional(entity_id(found.number(0, 0)));
}

/// One that is older than what is there came late, from a former owner, and is let go.
void postgres_journal::save_snapshot(const snapshot& made) {
  RIALTO_ASSERT(made.entity);
  crash_point("snapshot-begun");
  pool_.with([&](postgres_connection& on) {
    return on.exec(std::string(unflushed) +
                     "INSERT INTO snapshots AS s(entity, event_number, wake_at, crc, bytes) "
                     "SELECT $1::bigint, $2::bigint, $3::bigint, $4::bigint, $5::bytea FROM how "
                     "ON CONFLICT (entity) DO UPDATE SET event_number = excluded.event_number, "
                     "wake_at = excluded.wake_at, crc = excluded.crc, bytes = excluded.bytes "
                     "WHERE s.event_number <= excluded.event_number",
                   made.entity, made.event_number, made.wake_at, postgres_crc(made.bytes),
                   bytes_view{made.bytes});
  });
  crash_point("snapshot-saved");
}

std::optional<snapshot> postgres_journal::load_snapshot(entity_id entity) {
  const auto found = pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT event_number, wake_at, crc, bytes FROM snapshots WHERE entity = $1",
                   entity);
  });
  if (found.empty()) return std::nullopt;
  if (postgres_crc(found.bytes(0, 3)) != found.integer(0, 2))
    throw journal_error("PostgreSQL: the snapshot of " + to_string(entity) + " is damaged");
  return snapshot{entity, found.number(0, 0), found.text(0, 3), {found.integer(0, 1)}};
}

std::map<entity_id, timestamp_ns> postgres_journal::wake_times() {
  const auto found = pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT entity, wake_at FROM snapshots WHERE wake_at <> 0");
  });
  std::map<entity_id, timestamp_ns> all;
  for (int i = 0; i < found.rows(); ++i) all[entity_id(found.number(i, 0))] = {found.integer(i, 1)};
  return all;
}

void postgres_journal::save_checkpoint(std::string_view name, std::string_view bytes) {
  crash_point("index-begun");
  pool_.with([&](postgres_connection& on) {
    return on.exec(std::string(unflushed) +
                     "INSERT INTO checkpoints(name, crc, bytes) "
                     "SELECT $1::text, $2::bigint, $3::bytea FROM how ON CONFLICT (name) DO UPDATE "
                     "SET crc = excluded.crc, bytes = excluded.bytes",
                   name, postgres_crc(bytes), bytes_view{bytes});
  });
  crash_point("index-saved");
}

std::optional<std::string> postgres_journal::load_checkpoint(std::string_view name) {
  const auto found = pool_.with([&](postgres_connection& on) {
    return on.exec("SELECT crc, bytes FROM checkpoints WHERE name = $1", name);
  });
  if (found.empty() || postgres_crc(found.bytes(0, 1)) != found.integer(0, 0)) return std::nullopt;
  return found.text(0, 1); // a damaged one is as good as none: it is rebuilt
}

std::uint64_t postgres_journal::draw_ids(std::string_view sequence, std::uint64_t count) {
  RIALTO_ASSERT(count > 0);
  const auto drawn = pool_.with([&](postgres_connection& on) {
    return on.exec("INSERT INTO sequences AS s(name, next) VALUES($1, 1 + $2::bigint) "
                   "ON CONFLICT (name) DO UPDATE SET next = s.next + excluded.next - 1 "
                   "RETURNING next",
                   sequence, count);
  });
  crash_point("ids-drawn");
  return drawn.number(0, 0) - count;
}

} // namespace rialto::storage

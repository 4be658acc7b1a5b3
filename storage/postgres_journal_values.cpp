// Claims, snapshots, checkpoints and ids of postgres_journal: all on connections of the pool, and all
// such that doing them twice is as good as once.
#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/postgres_journal.hpp"
#include "storage/postgres_reader.hpp"

namespace rialto::storage {

namespace {

// In one statement; a larger snapshot travels alone.
constexpr std::size_t snapshots_max = 256, snapshot_bytes_max = 4 << 20;

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

void postgres_journal::save_snapshots(const std::vector<snapshot>& made) {
  for (auto from = made.begin(); from != made.end();) {
    auto bytes = from->bytes.size();
    auto end = from + 1;
    while (end != made.end() && end - from < static_cast<std::ptrdiff_t>(snapshots_max) &&
           bytes + end->bytes.size() <= snapshot_bytes_max)
      bytes += (end++)->bytes.size();
    save_together({from, end});
    from = end;
  }
}

/// Flushed, for rows that a snapshot covers are forgotten by whoever saved it. One that is older than what is there came late, from a former
/// owner, and is let go.
void postgres_journal::save_together(std::span<const snapshot> some) {
  std::vector<std::int64_t> entities, events, wakes, sums;
  std::vector<bytes_view> blobs;
  for (const auto& one : some) {
    RIALTO_ASSERT(one.entity);
    entities.push_back(static_cast<std::int64_t>(one.entity.value));
    events.push_back(static_cast<std::int64_t>(one.event_number));
    wakes.push_back(one.wake_at.value);
    sums.push_back(postgres_crc(one.bytes));
    blobs.push_back({one.bytes});
  }
  crash_point("snapshot-begun");
  pool_.with([&](postgres_connection& on) {
    // In the order of their keys, so that nobody waits in a circle; of an entity that came twice the later one.
    return on.exec(
      "INSERT INTO snapshots AS s(entity, event_number, wake_at, crc, bytes) "
      "SELECT DISTINCT ON (u.entity) u.entity, u.event_number, u.wake_at, u.crc, u.bytes "
      "FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[]) "
      "WITH ORDINALITY AS u(entity, event_number, wake_at, crc, bytes, nth) "
      "ORDER BY u.entity, u.event_number DESC, u.nth DESC "
      "ON CONFLICT (entity) DO UPDATE SET event_number = excluded.event_number, "
      "wake_at = excluded.wake_at, crc = excluded.crc, bytes = excluded.bytes "
      "WHERE s.event_number <= excluded.event_number",
      entities, events, wakes, sums, blobs);
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

/// Not flushed: an older one costs reading more rows.
void postgres_journal::save_checkpoint(std::string_view name, std::string_view bytes) {
  crash_point("index-begun");
  pool_.with([&](postgres_connection& on) {
    return on.exec(
      "WITH how AS MATERIALIZED (SELECT set_config('synchronous_commit', 'off', true)) "
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

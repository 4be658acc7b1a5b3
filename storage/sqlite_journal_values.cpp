// Snapshots and checkpoints of sqlite_journal: large values in parts (S2).
#include "domain/assert.hpp"
#include "storage/crash_point.hpp"
#include "storage/sqlite_journal.hpp"

#include <zlib.h>

namespace rialto::storage {

namespace {

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(crc32_z(
    crc32_z(0, nullptr, 0), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

} // namespace

sqlite_journal::aside::aside(database opened)
    : on(std::move(opened)),
      rows(on.prepare("SELECT id, blob, epoch FROM journal WHERE id >= ? AND id < ? ORDER BY id")),
      first_row(on.prepare("SELECT id FROM journal WHERE id >= ? AND id < ? ORDER BY id LIMIT 1")),
      row_sizes(on.prepare("SELECT id, length(blob) FROM journal WHERE id >= ? AND id <= ? "
                           "ORDER BY id LIMIT 4096")),
      drop_rows(on.prepare("DELETE FROM journal WHERE id >= ? AND id <= ?")),
      owner_of(on.prepare("SELECT owner FROM claims WHERE key = ?")),
      find_snapshot(on.prepare("SELECT part_first, part_count, crc, event_number, wake_at "
                               "FROM snapshots WHERE entity = ?")),
      put_snapshot(on.prepare("INSERT OR REPLACE INTO snapshots(entity, part_first, part_count, "
                              "crc, event_number, wake_at) VALUES(?, ?, ?, ?, ?, ?)")),
      wakes(on.prepare("SELECT entity, wake_at FROM snapshots WHERE wake_at <> 0")),
      find_checkpoint(
        on.prepare("SELECT part_first, part_count, crc FROM checkpoints WHERE name = ?")),
      put_checkpoint(on.prepare("INSERT OR REPLACE INTO checkpoints(name, part_first, part_count, "
                                "crc) VALUES(?, ?, ?, ?)")),
      part(on.prepare("SELECT bytes FROM parts WHERE id = ?")),
      put_part(on.prepare("INSERT INTO parts(id, bytes) VALUES(?, ?)")),
      drop_part(on.prepare("DELETE FROM parts WHERE id = ?")),
      put_garbage(on.prepare("INSERT INTO garbage(part_first, part_count) VALUES(?, ?)")),
      drop_garbage(on.prepare("DELETE FROM garbage WHERE part_first = ?")),
      any_garbage(on.prepare("SELECT part_first, part_count FROM garbage LIMIT 1")) {}

/// Writes all but the last part ahead, each alone; the last one goes in with the row that names
/// them, in the transaction that also gives up the value it replaces.
template <class Name>
void sqlite_journal::save_parts(std::string_view bytes, statement aside::*find, const Name& name,
                                const std::function<void(const part_range&)>& put) {
  const std::lock_guard hold(saving_lock_);
  const auto size = options_.part_bytes;
  const part_range made{next_part_, bytes.empty() ? 1 : (bytes.size() + size - 1) / size,
                        crc_of(bytes)};
  next_part_ += made.count;
  const auto put_part = [&](std::uint64_t index) {
    const auto part = bytes.substr(std::min(index * size, bytes.size()), size);
    aside_->put_part.run(made.first + index, blob_view{part});
    unsynced_aside_ += part.size();
  };
  if (made.count > 1) write_aside([&] { aside_->put_garbage.run(made.first, made.count); });
  for (std::uint64_t index = 0; index + 1 < made.count; ++index)
    write_aside([&] { put_part(index); });
  write_aside([&] {
    put_part(made.count - 1);
    name_parts(made, find, name, put);
  });
  sweep_garbage();
}

/// Within the transaction that writes a value's last part: the row that names it, and no longer the
/// one before.
template <class Name>
void sqlite_journal::name_parts(const part_range& made, statement aside::*find, const Name& name,
                                const std::function<void(const part_range&)>& put) {
  part_range former;
  auto& known = ((*aside_).*find).with(name);
  if (known.step()) former = {known.number(0), known.number(1), 0};
  known.reset();
  put(made);
  if (made.count > 1) aside_->drop_garbage.run(made.first);
  if (former.count == 1) aside_->drop_part.run(former.first);
  if (former.count > 1) aside_->put_garbage.run(former.first, former.count);
}

void sqlite_journal::drop_range(const part_range& range) {
  for (std::uint64_t index = 0; index < range.count; ++index)
    write_aside([&] {
      aside_->drop_part.run(range.first + index);
      if (index + 1 == range.count) aside_->drop_garbage.run(range.first);
    });
}

/// What was replaced, or left half-written by a crash or a failure. Under saving_lock_ or at open.
void sqlite_journal::sweep_garbage() {
  for (;;) {
    part_range range;
    {
      const std::lock_guard hold(aside_lock_);
      auto& found = aside_->any_garbage.with();
      if (found.step()) range = {found.number(0), found.number(1), 0};
      found.reset();
    }
    if (range.count == 0) return;
    drop_range(range);
  }
}

/// Empty if a part is missing or the checksum is wrong. Called under aside_lock_.
std::optional<std::string> sqlite_journal::load_parts(const part_range& range) {
  std::string bytes;
  for (std::uint64_t index = 0; index < range.count; ++index) {
    auto& found = aside_->part.with(range.first + index);
    if (!found.step()) return std::nullopt;
    bytes += found.bytes(0);
    found.reset();
  }
  if (crc_of(bytes) != range.crc) return std::nullopt;
  return bytes;
}

void sqlite_journal::save_snapshot(const snapshot& made) {
  RIALTO_ASSERT(made.entity);
  crash_point("snapshot-begun");
  save_parts(made.bytes, &aside::find_snapshot, made.entity,
             [&](const part_range& at) { put_snapshot(made, at); });
  crash_point("snapshot-saved");
}

void sqlite_journal::put_snapshot(const snapshot& made, const part_range& at) {
  aside_->put_snapshot.run(made.entity, at.first, at.count, at.crc, made.event_number,
                           made.wake_at);
}

/// Small ones share a transaction, of the size of one part at most (S2).
void sqlite_journal::save_snapshots(const std::vector<snapshot>& made) {
  constexpr std::size_t group_max = 256;
  for (std::size_t from = 0, end = 0; from < made.size(); from = end) {
    std::size_t bytes = 0;
    while (end < made.size() && end < from + group_max &&
           bytes + made[end].bytes.size() <= options_.part_bytes)
      bytes += made[end++].bytes.size();
    if (end <= from + 1) {
      end = from + 1;
      save_snapshot(made[from]);
      continue;
    }
    crash_point("snapshot-begun");
    const std::lock_guard hold(saving_lock_);
    write_aside([&] {
      for (auto one = made.begin() + static_cast<std::ptrdiff_t>(from);
           one != made.begin() + static_cast<std::ptrdiff_t>(end); ++one) {
        RIALTO_ASSERT(one->entity);
        const part_range at{next_part_++, 1, crc_of(one->bytes)};
        aside_->put_part.run(at.first, blob_view{one->bytes});
        unsynced_aside_ += one->bytes.size();
        name_parts(at, &aside::find_snapshot, one->entity,
                   [&](const part_range& named) { put_snapshot(*one, named); });
      }
    });
    sweep_garbage();
    crash_point("snapshot-saved");
  }
}

std::optional<snapshot> sqlite_journal::load_snapshot(entity_id entity) {
  const std::lock_guard hold(aside_lock_);
  auto& found = aside_->find_snapshot.with(entity);
  if (!found.step()) return std::nullopt;
  const part_range range{found.number(0), found.number(1),
                         static_cast<std::uint32_t>(found.number(2))};
  snapshot saved{entity, found.number(3), {}, {found.integer(4)}};
  found.reset();
  auto bytes = load_parts(range);
  if (!bytes) throw journal_error(path_ + ": the snapshot of " + to_string(entity) + " is damaged");
  saved.bytes = std::move(*bytes);
  return saved;
}

void sqlite_journal::each_claim(const std::function<void(claim)>& take) {
  const std::lock_guard hold(aside_lock_);
  auto found = aside_->on.prepare("SELECT key, owner FROM claims ORDER BY key");
  while (found.step()) take({found.text(0), entity_id(found.number(1))});
}

std::vector<entity_id> sqlite_journal::snapshot_entities() {
  const std::lock_guard hold(aside_lock_);
  std::vector<entity_id> all;
  auto found = aside_->on.prepare("SELECT entity FROM snapshots ORDER BY entity");
  while (found.step()) all.emplace_back(found.number(0));
  return all;
}

std::map<std::string, std::uint64_t> sqlite_journal::sequences() {
  const std::lock_guard hold(aside_lock_);
  std::map<std::string, std::uint64_t> all;
  auto found = aside_->on.prepare("SELECT name, next FROM sequences WHERE name <> 'log'");
  while (found.step()) all[found.text(0)] = found.number(1);
  return all;
}

std::map<entity_id, timestamp_ns> sqlite_journal::wake_times() {
  const std::lock_guard hold(aside_lock_);
  std::map<entity_id, timestamp_ns> all;
  auto& found = aside_->wakes.with();
  while (found.step()) all[entity_id(found.number(0))] = {found.integer(1)};
  return all;
}

void sqlite_journal::save_checkpoint(std::string_view name, std::string_view bytes) {
  crash_point("index-begun");
  save_parts(bytes, &aside::find_checkpoint, name, [&](const part_range& at) {
    aside_->put_checkpoint.run(name, at.first, at.count, at.crc);
  });
  crash_point("index-saved");
}

std::optional<std::string> sqlite_journal::load_checkpoint(std::string_view name) {
  const std::lock_guard hold(aside_lock_);
  auto& found = aside_->find_checkpoint.with(name);
  if (!found.step()) return std::nullopt;
  const part_range range{found.number(0), found.number(1),
                         static_cast<std::uint32_t>(found.number(2))};
  found.reset();
  return load_parts(range); // a damaged one is as good as none: it is rebuilt
}

} // namespace rialto::storage

#include "storage/journal_backup.hpp"

#include "storage/journal_restore.hpp"
#include "storage/migrations.hpp"
#include "storage/row_archive.hpp"
#include "storage/sqlite.hpp"
#include "storage/sqlite_row_id.hpp"
#include "storage/unsynced_file.hpp"

#include <filesystem>

namespace rialto::storage {

namespace {

constexpr shard_id only_shard = 0;
constexpr std::size_t chunk_rows = 256, chunk_bytes = 1 << 20; // of one read
constexpr std::size_t transaction_bytes = 8 << 20;             // of one write

/// Reads that belong together; nothing is written, so it only ends.
class read_transaction {
public:
  explicit read_transaction(database& on) : on_(on) { on_.exec("BEGIN"); }
  ~read_transaction() {
    try {
      on_.exec("ROLLBACK");
    } catch (const journal_error&) { // the connection ends with the backup
    }
  }
  read_transaction(const read_transaction&) = delete;
  read_transaction& operator=(const read_transaction&) = delete;

private:
  database& on_;
};

std::vector<std::string> applied_to(database& on) {
  std::vector<std::string> found;
  auto rows = on.prepare("SELECT name, hash FROM migrations ORDER BY number");
  while (rows.step()) found.push_back(rows.text(0) + " " + rows.text(1));
  return found;
}

struct part_range {
  std::uint64_t first = 0, count = 0;
};

class copying {
public:
  copying(const std::string& data, const std::string& target)
      : archive_(data + "/archive"), from_(data + "/journal.sqlite", {.is_read_only = true}),
        into_(target + "/journal.sqlite", {.sync = sync_mode::normal}) {
    migrate(into_, "journal");
    if (applied_to(from_) != applied_to(into_))
      throw journal_error(from_.path() + ": its tables are of another version of the program");
    rows_ = from_.prepare("SELECT id, epoch, blob FROM journal WHERE id >= ? AND id <= ? "
                          "ORDER BY id");
    insert_ = into_.prepare("INSERT INTO journal(id, epoch, blob) VALUES(?, ?, ?)");
  }

  journal_backup run(const std::function<void(position, position)>& progress) {
    for (const auto& one : list_archives(archive_))
      if (one.shard == only_shard) done_.archives.push_back(one);
    if (!done_.archives.empty()) done_.archived = done_.archives.back().last;
    copy_checkpoints();
    copy_snapshots();
    copy_heads();
    copy_rows(progress);
    into_.exec("PRAGMA synchronous=FULL");
    into_.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    return std::move(done_);
  }

private:
  [[nodiscard]] std::vector<std::string> parts_of(const part_range& range) {
    std::vector<std::string> parts;
    auto part = from_.prepare("SELECT bytes FROM parts WHERE id = ?");
    for (std::uint64_t i = 0; i < range.count; ++i) {
      if (!part.with(range.first + i).step())
        throw journal_error(from_.path() + ": part " + std::to_string(range.first + i) +
                            " of a snapshot is missing");
      parts.push_back(part.text(0));
      part.reset();
    }
    return parts;
  }

  [[nodiscard]] part_range put_parts(const std::vector<std::string>& parts) {
    const part_range made{next_part_, parts.size()};
    auto put = into_.prepare("INSERT INTO parts(id, bytes) VALUES(?, ?)");
    for (const auto& one : parts) put.run(next_part_++, blob_view{one});
    return made;
  }

  void copy_checkpoints() {
    std::vector<std::string> names;
    auto all = from_.prepare("SELECT name FROM checkpoints ORDER BY name");
    while (all.step()) names.push_back(all.text(0));
    auto find = from_.prepare("SELECT part_first, part_count, crc FROM checkpoints WHERE name = ?");
    auto put = into_.prepare("INSERT INTO checkpoints(name, part_first, part_count, crc) "
                             "VALUES(?, ?, ?, ?)");
    for (const auto& name : names) {
      std::vector<std::string> parts;
      std::int64_t crc = 0;
      {
        const read_transaction hold(from_);
        if (!find.with(name).step()) continue;
        const part_range at{find.number(0), find.number(1)};
        crc = find.integer(2);
        find.reset();
        parts = parts_of(at);
      }
      const auto made = put_parts(parts);
      put.run(name, made.first, made.count, crc);
    }
  }

  void copy_snapshots() {
    std::vector<std::uint64_t> entities;
    auto all = from_.prepare("SELECT entity FROM snapshots ORDER BY entity");
    while (all.step()) entities.push_back(all.number(0));
    auto find = from_.prepare("SELECT part_first, part_count, crc, event_number, wake_at "
                              "FROM snapshots WHERE entity = ?");
    auto put = into_.prepare("INSERT INTO snapshots(entity, part_first, part_count, crc, "
                             "event_number, wake_at) VALUES(?, ?, ?, ?, ?, ?)");
    into_.exec("BEGIN");
    for (const auto entity : entities) {
      std::vector<std::string> parts;
      std::int64_t crc = 0, event_number = 0, wake_at = 0;
      {
        const read_transaction hold(from_);
        if (!find.with(entity).step()) continue;
        const part_range at{find.number(0), find.number(1)};
        crc = find.integer(2), event_number = find.integer(3), wake_at = find.integer(4);
        find.reset();
        parts = parts_of(at);
      }
      const auto made = put_parts(parts);
      put.run(entity, made.first, made.count, crc, event_number, wake_at);
      for (const auto& one : parts) note_written(one.size());
      ++done_.snapshots;
    }
    end_transaction();
  }

  void copy_heads() {
    std::vector<std::pair<std::string, std::uint64_t>> claims, sequences;
    std::uint64_t at_epoch = 0;
    {
      const read_transaction hold(from_);
      auto newest = from_.prepare("SELECT coalesce(max(id), 0) FROM journal");
      if (newest.step()) {
        if (shard_of(newest.number(0)) != only_shard)
          throw journal_error(from_.path() + ": it has more than one shard");
        done_.last = position_of(newest.number(0));
      }
      newest.reset();
      auto epochs = from_.prepare("SELECT epoch FROM shards WHERE shard = ?");
      if (epochs.with(only_shard).step()) at_epoch = epochs.number(0);
      epochs.reset();
      for (auto [table, into] : {std::pair{"SELECT key, owner FROM claims", &claims},
                                 std::pair{"SELECT name, next FROM sequences", &sequences}}) {
        auto rows = from_.prepare(table);
        while (rows.step()) into->emplace_back(rows.text(0), rows.number(1));
      }
    }
    if (done_.last == 0) throw journal_error(from_.path() + ": the journal has no rows yet");
    if (done_.last <= done_.archived)
      throw journal_error(from_.path() + " ends at row " + std::to_string(done_.last) +
                          ", but rows up to " + std::to_string(done_.archived) +
                          " were archived: it is not the one they were taken from");
    into_.exec("BEGIN");
    into_.prepare("INSERT INTO shards(shard, epoch) VALUES(?, ?)").run(only_shard, at_epoch);
    auto take_claim = into_.prepare("INSERT INTO claims(key, owner) VALUES(?, ?)");
    for (const auto& [key, owner] : claims) take_claim.run(key, owner);
    auto set_next = into_.prepare("INSERT INTO sequences(name, next) VALUES(?, ?)");
    for (const auto& [name, next] : sequences) set_next.run(name, next);
    into_.exec("COMMIT");
  }

  void copy_rows(const std::function<void(position, position)>& progress) {
    into_.exec("BEGIN");
    for (next_ = done_.archived + 1; next_ <= done_.last;) {
      if (!copy_chunk()) copy_archived();
      progress(next_ - 1, done_.last);
    }
    end_transaction();
  }

  /// False if the next row is not in the table.
  [[nodiscard]] bool copy_chunk() {
    auto& rows = rows_.with(row_id(only_shard, next_), row_id(only_shard, done_.last));
    std::vector<std::pair<epoch, std::string>> chunk;
    for (std::size_t bytes = 0; chunk.size() < chunk_rows && bytes < chunk_bytes && rows.step();) {
      if (position_of(rows.number(0)) != next_ + chunk.size()) break;
      chunk.emplace_back(rows.number(1), rows.text(2));
      bytes += chunk.back().second.size();
    }
    rows.reset();
    for (const auto& [of, blob] : chunk) put_row(of, blob);
    return !chunk.empty();
  }

  /// The node has archived it since.
  void copy_archived() {
    for (const auto& range : list_archives(archive_)) {
      if (range.shard != only_shard || next_ < range.first || next_ > range.last) continue;
      const auto path = archive_ + "/" + archive_name(range);
      const archive_reader file(path);
      const bool is_sound =
        file.block_of(next_)->read(next_, [&](position, epoch of, std::string_view blob) {
          put_row(of, blob);
          return next_ <= done_.last;
        });
      if (!is_sound) throw journal_error(path + ": a block is not made of rows");
      return;
    }
    throw journal_error("row " + std::to_string(next_) + " is neither in " + from_.path() +
                        " nor in " + archive_);
  }

  void put_row(epoch of, std::string_view blob) {
    insert_.run(row_id(only_shard, next_), of, blob_view{blob});
    ++next_;
    ++done_.rows;
    done_.bytes += blob.size();
    note_written(blob.size());
  }

  void note_written(std::size_t bytes) {
    if ((open_bytes_ += bytes) < transaction_bytes) return;
    end_transaction();
    into_.exec("BEGIN");
  }
  void end_transaction() {
    open_bytes_ = 0;
    into_.exec("COMMIT");
  }

  std::string archive_;
  database from_, into_;
  statement rows_, insert_;
  std::uint64_t next_part_ = 1;
  position next_ = 1;
  std::size_t open_bytes_ = 0;
  journal_backup done_;
};

} // namespace

journal_backup back_up_journal(const std::string& data, const std::string& target,
                               const std::function<void(position, position)>& progress) {
  return copying(data, target).run(progress);
}

void back_up_tape(const std::string& from, const std::string& to) {
  {
    database source(from, {.is_read_only = true});
    source.prepare("VACUUM INTO ?").run(std::string_view(to));
  }
  std::filesystem::permissions(to, std::filesystem::perms::owner_read |
                                     std::filesystem::perms::owner_write);
  auto made = open_unsynced(to, "tape");
  if (made.trust == file_trust::damaged) throw journal_error(made.why);
  close_unsynced(made.open); // the copy is whole, however the tape itself was left
}

void skip_ids(const std::string& journal_path) {
  database on(journal_path, {});
  on.prepare("UPDATE sequences SET next = next + CASE name WHEN 'order' THEN ? ELSE ? END")
    .run(order_ids_skipped, ids_skipped);
}

} // namespace rialto::storage

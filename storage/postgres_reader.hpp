// storage/postgres_reader.hpp: the journal in PostgreSQL for one who only looks, while nodes write on.
//
// The room: one connection of its own and short statements, each for itself. No lane, no migration, no
// lock, nothing written: the session refuses to. One thread at a time.
//   R1  cut() is one statement, so it is of one moment: of two rows one of which rests on the other it
//       has both, or the earlier, or neither
//   R2  snapshots that were read before cut() are not ahead of it, for a snapshot is saved only when
//       what it holds is durable
//   R3  no statement lasts longer than a chunk takes, so the server may clean up behind the writers
//   R4  memory: per cursor a chunk's bytes and one row; of snapshots one chunk and one snapshot
#pragma once

#include "storage/postgres.hpp"

#include <functional>
#include <map>
#include <optional>

namespace rialto::storage {

inline constexpr std::int64_t postgres_chunk_bytes_max = 4 << 20;

/// (position, blob) of a shard's rows from `first` to `last`: at most 256, and no more bytes than
/// `bytes_max` and one row.
[[nodiscard]] postgres_result select_rows(postgres_connection& on, shard_id shard, position first,
                                          position last, std::size_t rows_max,
                                          std::int64_t bytes_max);

/// What a snapshot's bytes are stored with.
[[nodiscard]] std::int64_t postgres_crc(std::string_view bytes);

/// Rows of one shard up to a cut, in order. A row that is not there is not its business: the positions
/// show the gap.
class postgres_row_cursor {
public:
  struct row {
    position at = 0;
    std::string_view blob; // until the next call
  };

  /// The connection outlives it; several may share one.
  postgres_row_cursor(postgres_connection& on, shard_id shard, position last,
                      std::int64_t bytes_max)
      : on_(&on), shard_(shard), last_(last), bytes_max_(bytes_max) {}

  /// Empty behind the last one. Throws journal_error, also if the last row is not there any more.
  [[nodiscard]] std::optional<row> next();

private:
  postgres_connection* on_;
  shard_id shard_;
  position last_;
  std::int64_t bytes_max_;
  position at_ = 0; // of the row that was given last
  postgres_result chunk_;
  int index_ = 0;
};

class postgres_reader {
public:
  /// Throws journal_error: no connection, no journal in that database, or one of a newer program.
  explicit postgres_reader(const std::string& address);

  /// The newest row of every shard that has rows, as of one moment.
  [[nodiscard]] std::map<shard_id, position> cut();
  /// A shard's rows up to `last`, in chunks.
  [[nodiscard]] postgres_row_cursor rows(shard_id shard, position last,
                                         std::int64_t bytes_max = postgres_chunk_bytes_max) {
    return {on_, shard, last, bytes_max};
  }
  /// Calls take(snapshot, whether its checksum is right) for the newest one of every entity.
  void each_snapshot(const std::function<void(snapshot made, bool is_sound)>& take);

  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key);
  /// Into how many shards the cluster spreads its entities; empty: no cluster was ever started here.
  [[nodiscard]] std::optional<shard_id> shard_count();
  /// "host:port/database", without user and password.
  [[nodiscard]] const std::string& where() const { return on_.where(); }

private:
  postgres_connection on_;
};

} // namespace rialto::storage

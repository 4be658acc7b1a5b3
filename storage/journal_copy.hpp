// storage/journal_copy.hpp: moves the journal of an embedded node into an empty PostgreSQL journal.
//
// The room: nobody else runs on either side; the caller holds the data directory's lock by having opened
// `from`. What is copied: every row (archived ones too), claims, snapshots, ids, and a stream index for
// each new shard. Read models, tape and secrets are files of a node and stay where they are.
//   Y1  records of a stream keep their order and numbers; positions are 1, 2, 3... in each new shard
//   Y2  with one shard, row p of the copy is row p of the original, byte for byte
//   Y3  a copy that ended early is not gone on with: the target is refused until it is empty again
#pragma once

#include "storage/postgres_journal.hpp"
#include "storage/sqlite_journal.hpp"

namespace rialto::storage {

struct copy_progress {
  std::uint64_t rows = 0, rows_total = 0; // of the original
  std::uint64_t records = 0, bytes = 0, rows_made = 0;
  std::uint64_t claims = 0, snapshots = 0, sequences = 0;
};

/// `tell` is called about every 1,000 rows or snapshots. Throws journal_error: the target is not empty, the original is
/// damaged, or one of them fails.
copy_progress copy_journal(sqlite_journal& from, postgres_journal& to, shard_id shard_count,
                           const std::function<void(const copy_progress&)>& tell);

} // namespace rialto::storage

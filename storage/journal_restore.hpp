// storage/journal_restore.hpp: a whole journal.sqlite from what is left of one: archives, its table, older copies.
//
// The room: reads its sources and changes none of them. Each row is taken from the first source that gives it back undamaged, so a damaged block
// is made good by a copy that still has its rows. What stands beside the rows (claims, sequences, epochs) is copied from the tables that can be
// read, and completed from the events; snapshots, indexes and read models are made anew by the node. New ids begin far above the known ones, for
// some may have been given out in rows that are lost.
#pragma once

#include "storage/journal.hpp"

#include <string>
#include <vector>

namespace rialto::storage {

/// Between the highest known id and the first new one: more than are given out between two backups.
inline constexpr std::uint64_t ids_skipped = 1'000, order_ids_skipped = 100'000'000;

struct restore_outcome {
  std::map<shard_id, position> last; // the newest row of each shard
  std::uint64_t rows = 0, bytes = 0, claims = 0;
  std::vector<std::string> notes; // what could not be read, and was found elsewhere
};

/// `sources`: data directories, directories of archives, journal.sqlite files. `target`: a directory
/// without a journal and archives, made when missing; a failure leaves no journal in it. Throws
/// journal_error, which names the row that no source has.
[[nodiscard]] restore_outcome restore_journal(const std::vector<std::string>& sources,
                                              const std::string& target);

} // namespace rialto::storage

// actors/snapshot_cover.hpp: makes snapshots of whoever needs old rows, so that these may leave the journal. Blocking.
//
// The room: no CAF; for a journal that nobody else writes. It works in groups, each one pass over the rows that the group needs, so that memory
// is that of a group however many accounts there are.
#pragma once

#include "storage/stream_index.hpp"

#include <string>
#include <vector>

namespace rialto::actors {

/// Of one group: whichever is reached first ends it.
struct cover_limits {
  std::size_t entities = 4'096, rows = 1'000'000;
};

struct cover_outcome {
  std::size_t entities = 0, snapshots = 0; // who needed old rows; who had no snapshot of now yet
  std::vector<std::string> problems;       // who still needs them, and why
};

/// Covers everybody who needs a row up to `last`, and notes it in the index. Throws journal_error.
[[nodiscard]] cover_outcome cover_rows(storage::journal& store, storage::shard_id shard,
                                       storage::stream_index& index, storage::position last,
                                       const cover_limits& limits = {});

/// How many need a row up to `last`.
[[nodiscard]] std::size_t count_needing(const storage::stream_index& index, storage::position last);

} // namespace rialto::actors

// storage/archiving.hpp: which rows of a journal may leave it now, and the step that a running node
// takes once an hour.
//
// The room: engine-neutral; the moving is journal::archive(). Archived rows can still be read, so
// nothing breaks when a row goes that somebody needs: the rules keep what is read often, and what a
// start needs, in the table.
#pragma once

#include "storage/stream_index.hpp"

namespace rialto::storage {

/// Rows below it are needed to recover nobody; empty: there are none such.
[[nodiscard]] std::optional<position> archivable_below(const stream_index& index);

/// The first row from `first` to `last` written at `since` or later; last + 1 if none is. Few reads.
/// Throws journal_error.
[[nodiscard]] position first_row_since(journal& store, shard_id shard, position first,
                                       position last, timestamp_ns since);

struct archive_rule {
  shard_id shard = 0;
  timestamp_ns before;          // younger rows stay
  position projected = 0;       // so do rows that the read models have not seen
  std::function<bool()> go_on;  // archive_request::go_on
  std::uint64_t file_bytes = 0; // 0: archive_request's own
};

/// Moves what the rule and the stream index, as it was saved last, allow, in whole files only. From
/// any thread, beside a running shard. Throws journal_error.
[[nodiscard]] archive_outcome archive_when_due(journal& store, const archive_rule& rule);

} // namespace rialto::storage

// storage/journal_backup.hpp: copies of a node's databases while it goes on writing them.
//
// The room: reads DATA and never writes there; takes no lock, for the node has it. A reader that stays in one transaction would keep the
// node's log from starting over and, with it, hold up orders: so every read is short, and what makes the copy one moment is their order.
//   K1  archives, stream index and snapshots first, the heads last: nothing in the copy is ahead of its rows, and rows never change
//   K2  rows behind the archives up to that head are copied, from the table or from an archive that has taken them since
//   K3  heads, epochs, claims and ids are of one transaction
#pragma once

#include "storage/archive_file.hpp"

#include <functional>
#include <string>

namespace rialto::storage {

struct journal_backup {
  std::vector<archive_range> archives; // files of DATA/archive that belong to it
  position archived = 0, last = 0;     // rows 1 to `archived` are in those, the others in the copy
  std::uint64_t rows = 0, bytes = 0, snapshots = 0;
};

/// Makes TARGET/journal.sqlite. `progress` is told the newest row that was copied and the last one. Throws journal_error.
[[nodiscard]] journal_backup
back_up_journal(const std::string& data, const std::string& target,
                const std::function<void(position done, position last)>& progress);

/// Makes a copy of a tape (trades and candles) of one moment. Throws journal_error.
void back_up_tape(const std::string& from, const std::string& to);

/// New ids of a restored journal begin far above its known ones: some may have been given out after the backup. Throws journal_error.
void skip_ids(const std::string& journal_path);

} // namespace rialto::storage

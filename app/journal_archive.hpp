// app/journal_archive.hpp: `rialto journal archive` and `rialto journal restore`: old rows into files, and a journal from what is left of one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace rialto::app {

struct archive_wish {
  std::string data_directory;
  std::int64_t keep_days = 30; // younger rows stay
  bool dry_run = false;        // only say what would be done
  bool shrink = false;         // give the freed pages back to the file system
};

/// Makes the snapshots that old rows are still needed for, moves the rows, prints what was moved.
/// Returns the exit code: 0, 1 when something keeps rows from being moved, 2 when the journal cannot be opened.
[[nodiscard]] int journal_archive(const archive_wish& wish);

/// Makes journal.sqlite in a new data directory from archives, tables and copies of them; prints what it found.
/// Returns 0, or 1 when a row is in none of them or the directory cannot be written.
[[nodiscard]] int journal_restore(const std::vector<std::string>& sources,
                                  const std::string& target);

} // namespace rialto::app

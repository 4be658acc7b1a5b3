// app/journal_move.hpp: what `rialto migrate` does: tables of a PostgreSQL journal, and an embedded
// journal into one.
#pragma once

#include "storage/journal.hpp"

#include <string>

namespace rialto::app {

/// Prints each migration and whether the database has it. Returns 0, 1 when one is missing or does not fit.
[[nodiscard]] int tell_migrations(const std::string& address);
/// Applies what is missing and prints as above.
[[nodiscard]] int apply_migrations(const std::string& address);

struct move_wish {
  std::string data_directory; // of a stopped node
  std::string address;        // of an empty PostgreSQL journal
  storage::shard_id shard_count = 0;
};
/// Copies, prints how far it is, and renames DATA/journal.sqlite to journal.sqlite.moved: two journals that go on
/// from one state would spend the same money twice. Returns the exit code.
[[nodiscard]] int move_journal(const move_wish& wish);

} // namespace rialto::app

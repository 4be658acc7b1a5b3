// storage/postgres_migrations.hpp: the numbered SQL files of storage/migrations/postgres, applied to a
// PostgreSQL database.
//
// The room: the same names, the same hashes and the same refusals as storage/migrations.hpp. Several
// nodes may start at once: an advisory lock lets one of them work and the others find it done.
#pragma once

#include "storage/migrations.hpp"
#include "storage/postgres.hpp"

namespace rialto::storage {

struct migration_state {
  std::string name;        // "journal/0001_journal"
  bool is_applied = false; // with this very text
  std::string problem;     // empty: none; else why the database and the program do not fit
};

/// What the program knows and what the database has; changes nothing.
[[nodiscard]] std::vector<migration_state> postgres_migration_states(postgres_connection& on);

/// Applies what is missing, each file in a transaction of its own. Throws journal_error.
void migrate_postgres(postgres_connection& on);
/// The same for a given list (tests); of it the set "postgres".
void migrate_postgres(postgres_connection& on, std::span<const migration> all);

} // namespace rialto::storage

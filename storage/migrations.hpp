// storage/migrations.hpp: numbered SQL files that bring a database's tables up to date.
//
// The room: storage/migrations/SET/NNNN_name.sql, embedded at configure time. Each is applied once,
// in a transaction of its own, and remembered with a hash of its text: a file that was changed
// after it had been applied, or a database that is newer than the program, is refused.
#pragma once

#include "storage/sqlite.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace rialto::storage {

struct migration {
  std::string_view set;     // "journal", "read", "tape"
  std::uint32_t number = 0; // 1, 2, 3... within its set
  std::string_view name;    // "0001_journal"
  std::string_view sql;
};

/// All of them, by set and number.
[[nodiscard]] std::span<const migration> embedded_migrations();

/// Applies what a set has and the database does not. Throws journal_error.
void migrate(database& on, std::string_view set);
/// The same for a given list (tests).
void migrate(database& on, std::string_view set, std::span<const migration> all);

} // namespace rialto::storage

// storage/unsynced_file.hpp: opens and closes a database that is written with synchronous=OFF, and
// tells whether what it finds can be trusted.
//
// The room: no table but `file_state`. Without syncs a file survives the death of the process (the
// kernel holds what was written) but not the death of the machine. So the file remembers the boot
// it is written under, and whether it was closed properly, which syncs it.
//   U1  is_clean is set only after the whole file was synced, and cleared before anything is written
//   U2  a file left open by another boot is never trusted as it is
#pragma once

#include "storage/sqlite.hpp"

#include <string>
#include <string_view>

namespace rialto::storage {

/// How far a file can be trusted. left_by_crash: not closed properly, and the machine has restarted
/// since.
enum class file_trust : std::uint8_t { whole, left_by_crash, damaged };

struct unsynced_file {
  database open; // is_open() unless damaged
  file_trust trust = file_trust::whole;
  std::string why; // when not whole
};

/// Opens or creates with synchronous=OFF, applies migrations, looks at file_state, and checks every
/// page when the file is small (64 MB: a fraction of a second) or was left by a crash. Damage,
/// foreign contents and migrations that do not match give `damaged`; a disk that refuses (full, IO
/// error, no permission) throws journal_error.
[[nodiscard]] unsynced_file open_unsynced(const std::string& path, std::string_view migration_set);

/// Notes that the file is written under this boot; open_unsynced does it for a file that is whole, the
/// caller for one that was left by a crash and is kept.
void mark_open(database& open);

/// Syncs and marks the file as clean, when no reader holds it open. Never throws: a file that is
/// not marked is only trusted less.
void close_unsynced(database& open) noexcept;

/// Renames or (to == "") removes a database with its log files. Throws journal_error.
void move_database(const std::string& path, const std::string& to);

/// The machine's boot; "" when the system does not tell.
[[nodiscard]] std::string current_boot();

} // namespace rialto::storage

// storage/testing/faulty_vfs.hpp: SQLite's own files with a disk that fails by plan and forgets
// what was not synced.
//
// The room: a shim over the system's VFS, registered under name(), for tests of the real
// sqlite_journal. It counts every write, sync and truncation of every file; the planned call fails,
// a write half done. It remembers what each file held at its last sync, so that a power cut can
// take back any part of what came after. A sync that fails drops what it should have written: as
// with Linux, a later sync succeeds without it. A file that was renamed is found again, one that was
// removed stays away. One per process; thread-safe.
#pragma once

#include <cstdint>
#include <memory>

namespace rialto::storage {

enum class disk_fault : std::uint8_t {
  full,        // writes find no space: SQLITE_FULL; syncs and truncations work
  write_error, // writes and truncations: SQLITE_IOERR_WRITE
  sync_error,  // syncs: SQLITE_IOERR_FSYNC
};

class faulty_vfs {
public:
  /// The one instance; registers itself on first use.
  [[nodiscard]] static faulty_vfs& instance();
  [[nodiscard]] static const char* name() { return "rialto-faulty"; }

  /// The `call`-th call from now (from 1) of the kind the fault strikes fails, and every later one
  /// too if `goes_on`.
  void fail_at(std::uint64_t call, disk_fault how, bool goes_on);
  /// The power goes at the `call`-th call of any kind: it and everything later fails.
  void cut_power_at(std::uint64_t call);
  /// No fault from now on.
  void heal();
  /// The planned fault or cut has struck since it was planned.
  [[nodiscard]] bool has_struck() const;

  /// After a cut, with every database closed: takes back what was not synced, except the sectors
  /// that `seed` lets survive, and heals.
  void restore_power(std::uint64_t seed);
  /// Forgets all files (between tests).
  void forget_files();

  struct state;

private:
  faulty_vfs();
  ~faulty_vfs() = delete; // registered for the life of the process
  state* state_;
};

} // namespace rialto::storage

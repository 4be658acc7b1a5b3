#include "storage/unsynced_file.hpp"

#include "storage/migrations.hpp"

#include <sqlite3.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace rialto::storage {

namespace {

constexpr std::uintmax_t check_bytes_max = 64 << 20;
constexpr int autocheckpoint_pages = 4'000; // 16 MB of log: fewer copies of the pages that are hot

/// What the file holds is wrong, as opposed to a disk that cannot be read or written now.
bool is_damage(const journal_error& problem) {
  const auto* engine = dynamic_cast<const sqlite_error*>(&problem);
  if (engine == nullptr) return true; // a migration that does not match
  switch (engine->code & 0xff) {
  case SQLITE_CORRUPT:
  case SQLITE_NOTADB:
  case SQLITE_ERROR: // a table that should be there
  case SQLITE_CONSTRAINT:
  case SQLITE_MISMATCH:
  case SQLITE_FORMAT: return true;
  default: return false;
  }
}

bool was_left_by_crash(database& open) {
  auto state = open.prepare("SELECT boot, is_clean FROM file_state WHERE one = 1");
  if (!state.step()) return false; // just created
  const auto boot = state.text(0);
  const bool is_clean = state.integer(1) != 0;
  state.reset();
  return !is_clean && (boot.empty() || boot != current_boot());
}

std::string first_flaw(database& open) {
  auto check = open.prepare("PRAGMA quick_check(1)");
  std::string said = check.step() ? check.text(0) : "no answer";
  check.reset();
  return said == "ok" ? std::string{} : said;
}

void set_state(database& open, bool is_clean) {
  open
    .prepare("INSERT INTO file_state(one, boot, is_clean) VALUES(1, ?, ?) "
             "ON CONFLICT(one) DO UPDATE SET boot = excluded.boot, is_clean = excluded.is_clean")
    .run(current_boot(), is_clean);
}

} // namespace

std::string current_boot() {
  std::ifstream in("/proc/sys/kernel/random/boot_id");
  std::string boot;
  std::getline(in, boot);
  return boot;
}

unsynced_file open_unsynced(const std::string& path, std::string_view migration_set) {
  unsynced_file found;
  std::error_code ignored;
  const auto bytes = std::filesystem::file_size(path, ignored);
  const bool is_small = ignored || bytes <= check_bytes_max;
  try {
    found.open = database(path, {.sync = sync_mode::off, .autocheckpoint = autocheckpoint_pages});
    migrate(found.open, migration_set);
    const bool crashed = was_left_by_crash(found.open);
    if (crashed) {
      found.trust = file_trust::left_by_crash;
      found.why = path + ": it was open when the machine went down";
    }
    if (crashed || is_small) {
      if (const auto flaw = first_flaw(found.open); !flaw.empty())
        throw sqlite_error(path + ": " + flaw, SQLITE_CORRUPT);
    }
    if (!crashed) mark_open(found.open);
  } catch (const journal_error& problem) {
    if (!is_damage(problem)) throw;
    found.open = {};
    found.trust = file_trust::damaged;
    found.why = problem.what();
  }
  return found;
}

void mark_open(database& open) {
  set_state(open, false);
}

void close_unsynced(database& open) noexcept {
  if (!open.is_open()) return;
  try {
    open.exec("PRAGMA synchronous=FULL");
    set_state(open, false); // so that the checkpoint has something to copy, and syncs the file
    auto checkpoint = open.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
    const bool is_done = checkpoint.step() && checkpoint.integer(0) == 0;
    checkpoint.reset();
    if (is_done) set_state(open, true);
  } catch (const std::exception&) {
    // Not marked, so it is looked at with more care the next time.
  }
}

void move_database(const std::string& path, const std::string& to) {
  for (const auto* tail : {"", "-wal", "-shm"}) {
    const auto from = path + tail;
    const auto target = to + tail;
    const int failed =
      to.empty() ? std::remove(from.c_str()) : std::rename(from.c_str(), target.c_str());
    if (failed != 0 && errno != ENOENT)
      throw journal_error(from + ": cannot be " + (to.empty() ? "removed: " : "renamed: ") +
                          std::strerror(errno));
  }
}

} // namespace rialto::storage

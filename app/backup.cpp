#include "app/backup.hpp"

#include "app/backup_files.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "app/data_directory.hpp"
#include "app/journal_tools.hpp"
#include "runtime/clock.hpp"
#include "storage/data_lock.hpp"
#include "storage/journal_backup.hpp"

#include <fmt/chrono.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace rialto::app {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view restoring = "restore.unfinished"; // in the target while it is filled

/// Not the program's fault and not the disk's: the words on the command line.
struct misuse : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// One line that is written over, on a terminal only.
class progress_line {
public:
  ~progress_line() { clear(); }
  void show(const std::string& text) {
    if (!is_terminal_) return;
    fmt::print(stderr, "\r\x1b[K{} ", text);
    is_shown_ = true;
  }
  void clear() {
    if (is_shown_) fmt::print(stderr, "\r\x1b[K");
    is_shown_ = false;
  }
  [[nodiscard]] part_progress of(const std::string& doing) {
    return [this, doing](const std::string& name, std::uint64_t bytes) {
      show(fmt::format("{} {}: {} MiB", doing, name, bytes >> 20));
    };
  }

private:
  const bool is_terminal_ = isatty(STDERR_FILENO) == 1;
  bool is_shown_ = false;
};

bool names_a_server(const std::string& words) {
  return words.starts_with("postgres://") || words.starts_with("postgresql://");
}

std::string now_text() {
  runtime::system_clock clock;
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     fmt::gmtime(static_cast<std::time_t>(clock.now().value / 1'000'000'000)));
}

bool is_within(const fs::path& path, const fs::path& directory) {
  const auto lies = fs::weakly_canonical(fs::absolute(path)).string();
  return lies.starts_with(fs::weakly_canonical(fs::absolute(directory)).string() + "/");
}

void check_wish(const backup_wish& wish) {
  const auto& data = wish.data_directory;
  if (names_a_server(data))
    throw misuse("backup: a journal in PostgreSQL is backed up with pg_dump or pg_basebackup, see "
                 "docs/OPERATIONS.md");
  if (!fs::is_regular_file(data + "/journal.sqlite"))
    throw misuse("backup: there is no journal.sqlite in " + data +
                 "; name the data directory with --data DIR (a node whose journal is in PostgreSQL "
                 "has none: pg_dump backs that one up, see docs/OPERATIONS.md)");
  if (fs::exists(fs::symlink_status(wish.out)))
    throw misuse("backup: " + wish.out + " is there already and is not written over");
  const auto parent = fs::absolute(wish.out).parent_path();
  if (!fs::is_directory(parent)) throw misuse("backup: there is no directory " + parent.string());
  if (is_within(wish.out, data))
    throw misuse("backup: " + wish.out + " would lie in the data directory and be lost with it");
}

/// What a backup is made of lies beside its place, under a lock, and goes on every way out.
class backup_folder {
public:
  explicit backup_folder(const std::string& out) : home_(out + ".unfinished"), lock_(home_) {
    clear(); // what a backup that was killed has left
    fs::create_directory(data());
    fs::permissions(data(), fs::perms::owner_all);
  }
  ~backup_folder() {
    std::error_code ignored;
    fs::remove_all(home_, ignored);
  }
  backup_folder(const backup_folder&) = delete;
  backup_folder& operator=(const backup_folder&) = delete;

  [[nodiscard]] std::string data() const { return home_ + "/data"; }
  [[nodiscard]] std::string packed() const { return home_ + "/packed"; }

private:
  void clear() const {
    fs::remove_all(data());
    fs::remove(packed());
  }

  std::string home_;
  storage::data_lock lock_;
};

/// Puts the archives into the backup's folder: copies of a directory's own; for a packed file links do.
void gather_archives(const backup_wish& wish, const storage::journal_backup& made,
                     const std::string& into, progress_line& line) {
  if (made.archives.empty()) return;
  fs::create_directory(into + "/archive");
  const bool is_packed = is_backup_file_name(wish.out);
  for (const auto& range : made.archives) {
    const auto name = "/archive/" + storage::archive_name(range);
    const auto from = fs::absolute(wish.data_directory).string() + name;
    line.show("copying " + name.substr(1));
    if (is_packed)
      fs::create_symlink(from, into + name);
    else
      copy_part(from, into + name);
  }
}

std::vector<part_file> parts_in(const std::string& directory, const storage::journal_backup& made) {
  std::vector<part_file> found;
  const auto add = [&](const std::string& name) {
    if (const auto path = directory + "/" + name; fs::exists(path)) found.push_back({name, path});
  };
  for (const auto* name : secret_names) add(name);
  for (const auto& range : made.archives) add("archive/" + storage::archive_name(range));
  add("journal.sqlite");
  add("tape.sqlite");
  return found;
}

/// Its name is taken by nobody meanwhile, or the backup fails.
void publish_file(const std::string& made, const std::string& out) {
  if (::link(made.c_str(), out.c_str()) != 0)
    throw std::runtime_error(out + ": cannot be named: " + std::strerror(errno));
  storage::sync_directory(fs::absolute(out).parent_path().string());
}

void publish_directory(const std::string& made, const std::string& out) {
  fs::remove(made + "/lock"); // of the check
  fs::rename(made, out);
  storage::sync_directory(fs::absolute(out).parent_path().string());
}

int make_backup(const backup_wish& wish) {
  const auto& data = wish.data_directory;
  const backup_folder folder(wish.out);
  const auto into = folder.data();
  progress_line line;

  const auto made = storage::back_up_journal(data, into, [&](auto done, auto last) {
    line.show(fmt::format("journal: row {} of {}", grouped(done), grouped(last)));
  });
  gather_archives(wish, made, into, line);
  line.clear();
  fmt::print("journal: rows 1 to {}, {} of them in {}; {}\n", grouped(made.last),
             grouped(made.archived), counted(made.archives.size(), "archive"),
             counted(made.snapshots, "snapshot"));
  for (const auto* name : secret_names)
    if (const auto path = data + "/" + name; fs::exists(path))
      copy_part(path, into + "/" + name);
    else
      fmt::print("there is no {} in {}\n", name, data);
  if (!wish.without_tape && fs::exists(data + "/tape.sqlite")) {
    line.show("tape.sqlite: copying");
    storage::back_up_tape(data + "/tape.sqlite", into + "/tape.sqlite");
  }
  line.show("checking");
  if (journal_verify(into) != 0) {
    complain("backup: the journal is not clean, so no backup was made; see rialto journal restore");
    return exit_failed;
  }

  backup_manifest manifest{now_text(), "rialto " RIALTO_VERSION, made.last, {}};
  const auto files = parts_in(into, made);
  std::uint64_t stored = 0;
  if (is_backup_file_name(wish.out)) {
    stored = pack_parts(folder.packed(), files, manifest, line.of("packing"));
    take_parts(folder.packed(), "", line.of("reading back"));
    publish_file(folder.packed(), wish.out);
  } else {
    seal_parts(into, files, manifest, line.of("summing"));
    publish_directory(into, wish.out);
  }
  line.clear();
  std::uint64_t bytes = 0;
  for (const auto& [name, part] : manifest.parts) bytes += part.bytes;
  fmt::print("wrote {}: {}, {}{}\n", wish.out, counted(manifest.parts.size(), "file"),
             counted(bytes, "byte"),
             stored == 0 ? "" : fmt::format(" in {} ({})", grouped(stored), ratio(bytes, stored)));
  fmt::print("it holds the node's keys: keep it as safe as the data directory\n");
  return 0;
}

// ---- restoring

void check_source(const std::string& from) {
  if (fs::is_directory(from)) {
    if (fs::exists(from + "/" + std::string(manifest_name))) return;
    throw misuse("restore: " + from +
                 " has no manifest.json, so it is no backup; the copy of a "
                 "stopped node's data directory is used as it is, and rialto "
                 "journal restore makes a journal of what is left of one");
  }
  if (!fs::is_regular_file(from)) throw misuse("restore: there is no file " + from);
  std::array<char, 16> start{};
  std::ifstream(from, std::ios::binary).read(start.data(), start.size());
  const std::string_view begins(start.data(), start.size());
  if (begins.starts_with("PGDMP"))
    throw misuse("restore: " + from +
                 " was made by pg_dump; pg_restore puts it back, see "
                 "docs/OPERATIONS.md");
  if (begins.starts_with("SQLite format 3"))
    throw misuse("restore: " + from +
                 " is a database, not a backup; rialto journal restore --from " + from +
                 " --to DIR makes a journal of it");
}

void check_target(const std::string& data) {
  if (names_a_server(data))
    throw misuse("restore: a backup of an embedded node goes into a data directory; rialto migrate "
                 "moves that into PostgreSQL afterwards, see docs/OPERATIONS.md");
  if (!fs::exists(data)) return;
  if (!fs::is_directory(data)) throw misuse("restore: " + data + " is a file");
  for (const auto& one : fs::directory_iterator(data))
    if (const auto name = one.path().filename().string(); name != "lock" && name != restoring)
      throw misuse("restore: " + data + " is not empty (it has " + name +
                   "); name a new or an empty directory");
}

/// The journal comes last: until then the directory is none that a node takes for whole.
void move_in(const std::string& staged, const std::string& data, const backup_manifest& manifest) {
  for (const auto& [name, part] : manifest.parts)
    if (name != "journal.sqlite" && name.find('/') == std::string::npos)
      fs::rename(staged + "/" + name, data + "/" + name);
  if (fs::exists(staged + "/archive")) {
    storage::sync_directory(staged + "/archive");
    fs::rename(staged + "/archive", data + "/archive");
  }
  storage::sync_directory(data);
  fs::rename(staged + "/journal.sqlite", data + "/journal.sqlite");
  storage::sync_directory(data);
}

int take_backup(const restore_wish& wish) {
  const auto& data = wish.data_directory;
  make_data_directory(data);
  const storage::data_lock lock(data);
  const auto staged = data + "/" + std::string(restoring);
  fs::remove_all(staged);
  fs::create_directory(staged);
  fs::permissions(staged, fs::perms::owner_all);
  const struct folder_end {
    const std::string& path;
    ~folder_end() {
      std::error_code ignored;
      fs::remove_all(path, ignored);
    }
  } end{staged};
  progress_line line;
  const auto manifest = take_parts(wish.from, staged, line.of("reading"));
  line.show("checking");
  if (journal_verify(staged) != 0) {
    complain("restore: the journal in " + wish.from + " is not clean; nothing was restored");
    return exit_failed;
  }
  line.clear();
  storage::skip_ids(staged + "/journal.sqlite");
  move_in(staged, data, manifest);
  fmt::print("restored {} of {} into {}: {}, {}\n", wish.from, manifest.made_at, data,
             counted(manifest.rows, "row"), counted(manifest.parts.size(), "file"));
  fmt::print(
    "start it with rialto serve --data {}; the lists are made anew then. The node that was "
    "backed up must not run on: both would be the same one\n",
    data);
  return 0;
}

template <class Work>
int run_checked(const char* command, Work&& work) {
  try {
    return work();
  } catch (const misuse& problem) {
    complain(problem.what());
    return exit_misused;
  } catch (const storage::directory_in_use& problem) {
    complain(fmt::format("{}: {}", command, problem.what()));
    return exit_misused;
  } catch (const std::exception& problem) {
    complain(fmt::format("{}: {}", command, problem.what()));
    return exit_failed;
  }
}

} // namespace

bool is_backup_file_name(std::string_view out) {
  return out.ends_with(".tar.gz") || out.ends_with(".tgz");
}

int back_up(const backup_wish& wish) {
  return run_checked("backup", [&] {
    check_wish(wish);
    return make_backup(wish);
  });
}

int restore(const restore_wish& wish) {
  return run_checked("restore", [&] {
    check_source(wish.from);
    check_target(wish.data_directory);
    return take_backup(wish);
  });
}

} // namespace rialto::app

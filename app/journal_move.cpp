#include "app/journal_move.hpp"

#include "app/commands.hpp"
#include "storage/journal_copy.hpp"
#include "storage/postgres_migrations.hpp"
#include "storage/read_models.hpp"
#include "storage/shard_map.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

namespace rialto::app {

namespace {

storage::postgres_options patient() {
  storage::postgres_options options;
  options.application_name = "rialto migrate";
  options.answer_timeout_ms = 300'000; // a large snapshot, a loaded server
  return options;
}

int print_states(storage::postgres_connection& on) {
  bool is_well = true;
  for (const auto& one : storage::postgres_migration_states(on)) {
    is_well = is_well && one.is_applied && one.problem.empty();
    fmt::print("{}  {}\n", one.name,
               !one.problem.empty() ? one.problem
               : one.is_applied     ? "applied"
                                    : "missing");
  }
  return is_well ? 0 : exit_failed;
}

/// A line that is written over on a terminal, and at most one every two seconds elsewhere.
class progress_line {
public:
  void show(const storage::copy_progress& now) {
    const auto at = std::chrono::steady_clock::now();
    if (at < next_) return;
    next_ = at + std::chrono::seconds(2);
    const auto share = now.rows_total == 0 ? 100 : now.rows * 100 / now.rows_total;
    fmt::print("{} of {} rows ({} %), {} records, {} snapshots\n", now.rows, now.rows_total, share,
               now.records, now.snapshots);
    std::fflush(stdout);
  }

private:
  std::chrono::steady_clock::time_point next_;
};

} // namespace

int tell_migrations(const std::string& address) {
  storage::postgres_connection on(address, patient());
  return print_states(on);
}

int apply_migrations(const std::string& address) {
  storage::postgres_connection on(address, patient());
  storage::migrate_postgres(on);
  return print_states(on);
}

int move_journal(const move_wish& wish) {
  const std::filesystem::path file = wish.data_directory + "/journal.sqlite";
  storage::copy_progress done;
  {
    storage::sqlite_journal from(wish.data_directory); // holds the directory's lock
    storage::postgres_journal_options options;
    options.name = "rialto migrate";
    options.connections = patient();
    storage::postgres_journal to(wish.address, options);
    progress_line line;
    done = storage::copy_journal(from, to, wish.shard_count,
                                 [&](const storage::copy_progress& now) { line.show(now); });
    // Of several shards every row has another position: what followed the old ones begins anew.
    if (wish.shard_count != storage::embedded_shards)
      storage::open_projector(wish.data_directory)->reset();
    std::filesystem::rename(file, file.string() + ".moved");
  }
  for (const auto* left : {"-wal", "-shm"}) // empty since it was closed
    std::filesystem::remove(file.string() + left);
  fmt::print(
    "moved: {} rows with {} records became {} rows in {} shards; {} claims, {} snapshots, {} "
    "id sequences\n",
    done.rows, done.records, done.rows_made, wish.shard_count, done.claims, done.snapshots,
    done.sequences);
  fmt::print("The original is {}.moved now, so that no node goes on from it. Every node of the "
             "cluster needs the files token-key and secret-key of {}.\n",
             file.string(), wish.data_directory);
  return 0;
}

} // namespace rialto::app

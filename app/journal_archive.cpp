#include "app/journal_archive.hpp"

#include "actors/snapshot_cover.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "runtime/clock.hpp"
#include "storage/archiving.hpp"
#include "storage/journal_restore.hpp"
#include "storage/sqlite_journal.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;
constexpr std::int64_t day_ns = 86'400'000'000'000;

/// The last row that is old enough; the newest row of all stays whatever its age.
storage::position last_wanted(storage::sqlite_journal& store, std::int64_t keep_days) {
  const auto newest = store.table_rows(only_shard).second;
  if (newest < 2) return 0;
  runtime::system_clock clock;
  const auto now = clock.now();
  return storage::first_row_since(store, only_shard, store.archived(only_shard) + 1, newest - 1,
                                  {now.value - keep_days * day_ns}) -
         1;
}

int tell_only(storage::sqlite_journal& store, const storage::stream_index& index,
              storage::position last) {
  const auto first = store.archived(only_shard) + 1;
  if (first > last) {
    fmt::print("would finish an interrupted archiving\n");
    return 0;
  }
  std::uint64_t bytes = 0;
  store.read(only_shard, first, [&](storage::position at, std::string_view blob) {
    bytes += blob.size();
    return at < last;
  });
  const auto needing = actors::count_needing(index, last);
  fmt::print("would move rows {} to {}: {}, {} before compression; {} first\n", grouped(first),
             grouped(last), counted(last - first + 1, "row"), counted(bytes, "byte"),
             counted(needing, "snapshot"));
  return 0;
}

void print_moved(const storage::archive_outcome& done) {
  storage::archived_file sum;
  std::uint64_t rows = 0;
  for (const auto& one : done.files) {
    fmt::print("{}: {}, {}, {} in {} ({})\n", one.path, counted(one.last - one.first + 1, "row"),
               counted(one.events, "event"), counted(one.bytes, "byte"), grouped(one.stored_bytes),
               ratio(one.bytes, one.stored_bytes));
    rows += one.last - one.first + 1;
    sum.events += one.events;
    sum.bytes += one.bytes;
    sum.stored_bytes += one.stored_bytes;
  }
  if (done.rows_dropped > rows)
    fmt::print("{} of an interrupted archiving left the table\n",
               counted(done.rows_dropped - rows, "row"));
  fmt::print("moved {}, {} in {}: {} in {} ({})\n", counted(rows, "row"),
             counted(sum.events, "event"), counted(done.files.size(), "file"),
             counted(sum.bytes, "byte"), grouped(sum.stored_bytes),
             ratio(sum.bytes, sum.stored_bytes));
}

int move_rows(storage::sqlite_journal& store, storage::stream_index& index, storage::position last,
              bool shrink) {
  const auto covered = actors::cover_rows(store, only_shard, index, last);
  fmt::print("{} needed old rows: {} made\n",
             covered.entities == 1 ? "1 entity" : grouped(covered.entities) + " entities",
             counted(covered.snapshots, "snapshot"));
  for (const auto& problem : covered.problems) complain(problem);
  storage::save_stream_index(store, only_shard, index);
  storage::archive_request wanted;
  wanted.shard = only_shard;
  wanted.last = std::min(last, storage::archivable_below(index).value_or(1) - 1);
  if (wanted.last < last)
    fmt::print("rows {} to {} stay: they are still needed\n", grouped(wanted.last + 1),
               grouped(last));
  print_moved(store.archive(wanted));
  if (shrink) store.shrink();
  static_cast<void>(store.checkpoint_log());
  const auto [bytes, free] = store.file_bytes();
  fmt::print("journal.sqlite has {}, {} of them free for new rows{}\n", counted(bytes, "byte"),
             grouped(free), free > bytes / 2 ? "; --shrink gives them back" : "");
  return covered.problems.empty() ? 0 : exit_failed;
}

} // namespace

int journal_archive(const archive_wish& wish) {
  try {
    storage::sqlite_journal store(wish.data_directory);
    auto index = storage::load_stream_index(store, only_shard);
    const auto last = last_wanted(store, wish.keep_days);
    const auto first = store.table_rows(only_shard).first; // an interrupted one is finished
    if (first == 0 || last < first) {
      fmt::print("nothing to move: {}\n",
                 first == 0 ? "the journal is empty"
                            : fmt::format("every row from {} on is the newest or younger than {}",
                                          grouped(first), counted(wish.keep_days, "day")));
      return 0;
    }
    if (wish.dry_run) return tell_only(store, index, last);
    return move_rows(store, index, last, wish.shrink);
  } catch (const storage::directory_in_use& problem) {
    fmt::print(stderr,
               "rialto journal archive: {}; a running node moves old rows by itself, see its "
               "setting storage.archive-after-days\n",
               problem.what());
    return 2;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal archive: {}\n", problem.what());
    return 2;
  }
}

int journal_restore(const std::vector<std::string>& sources, const std::string& target) {
  try {
    const auto done = storage::restore_journal(sources, target);
    for (const auto& note : done.notes) fmt::print("made good: {}\n", note);
    for (const auto& [shard, last] : done.last)
      fmt::print("shard {}: rows 1 to {}\n", shard, grouped(last));
    fmt::print("restored {}, {} and {} into {}\n", counted(done.rows, "row"),
               counted(done.bytes, "byte"), counted(done.claims, "claim"), target);
    fmt::print("rialto journal verify --data {} checks it; token-key (sessions), secret-key (hmac "
               "API keys) and tape.sqlite "
               "(public trades, candles) are copied by hand if they are left\n",
               target);
    return 0;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal restore: {}\n", problem.what());
    return exit_failed;
  }
}

} // namespace rialto::app

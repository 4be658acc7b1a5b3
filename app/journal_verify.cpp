// rialto journal verify: the archives byte by byte, then every row through the judge of the promises.
#include "actors/journal_merge.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "app/journal_tools.hpp"
#include "storage/postgres_reader.hpp"
#include "storage/sqlite_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <deque>
#include <set>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;           // of an embedded journal
constexpr std::int64_t chunks_bytes_max = 64ll << 20; // of all shards' cursors together

/// What is wrong with the files and where they meet the table; notes are printed, nothing is wrong then.
std::vector<std::string> check_archives(storage::sqlite_journal& store, const std::string& data) {
  const auto directory = data + "/archive";
  const auto files = storage::list_archives(directory);
  auto problems = storage::check_succession(files);
  for (const auto& file : files)
    for (auto& problem : storage::check_archive(directory + "/" + storage::archive_name(file)))
      problems.push_back(std::move(problem));
  const auto archived = store.archived(only_shard);
  const auto [first, last] = store.table_rows(only_shard);
  if (first > archived + 1)
    problems.push_back(fmt::format("rows {} to {} are neither in an archive nor in the table",
                                   archived + 1, first - 1));
  if (first == 0 || first > archived || !problems.empty()) return problems;
  try {
    store.check_overlap(only_shard);
    fmt::print("rows {} to {} are in an archive and still in the table: an interrupted archiving, "
               "which the next one finishes\n",
               first, archived);
  } catch (const storage::journal_error& problem) {
    problems.emplace_back(problem.what());
  }
  return problems;
}

/// Calls take(position, blob) for every row.
template <class Take>
void read_rows(storage::journal& store, Take&& take) {
  store.read(only_shard, 1, [&](storage::position at, std::string_view blob) {
    take(at, blob);
    return true;
  });
}

/// What the judge says behind the last row: what is wrong, and a line that sums up. Returns the exit code.
int tell(actors::journal_checker& judge, const std::string& rows, std::size_t snapshots,
         const std::vector<std::string>& problems = {}) {
  judge.finish();
  for (const auto* const some : {&problems, &judge.violations()})
    for (const auto& one : *some) fmt::print("{}\n", one);
  const bool is_clean = problems.empty() && judge.violations().empty();
  fmt::print("{} rows ({}), {} records, {} events, {} entities, {} snapshots, links {}, "
             "state {:016x}: {}\n",
             judge.rows, rows, judge.records, judge.events, judge.entity_count(), snapshots,
             judge.is_drained() ? "drained" : "not drained", judge.state_hash(),
             is_clean ? "clean" : "NOT CLEAN");
  return is_clean ? 0 : exit_failed;
}

int check_rows(storage::sqlite_journal& store) {
  std::set<entity_id> entities;
  read_rows(store, [&](storage::position, std::string_view blob) {
    if (const auto records = storage::read_blob(blob))
      for (const auto& one : *records) entities.insert(one.stream);
  });
  actors::journal_checker checker;
  std::size_t snapshots = 0;
  for (const auto id : entities)
    if (auto made = store.load_snapshot(id)) {
      checker.expect(std::move(*made));
      ++snapshots;
    }
  read_rows(store, [&](storage::position at, std::string_view blob) { checker.take(at, blob); });
  return tell(checker, fmt::format("{} archived", store.archived(only_shard)), snapshots);
}

/// Snapshots first, then the cut: so none of them is of a later moment, however nodes write on meanwhile.
int check_rows(storage::postgres_reader& store) {
  actors::journal_checker judge;
  std::size_t snapshots = 0;
  std::vector<std::string> problems;
  store.each_snapshot([&](storage::snapshot made, bool is_sound) {
    ++snapshots;
    if (is_sound)
      judge.expect(std::move(made));
    else
      problems.push_back("the snapshot of " + to_string(made.entity) + ": its checksum is wrong");
  });
  const auto heads = store.cut();
  const auto chunk_bytes =
    std::max<std::int64_t>(chunks_bytes_max / std::max<std::int64_t>(std::ssize(heads), 1), 1);
  std::deque<storage::postgres_row_cursor> cursors; // stay where they are
  actors::journal_merge rows(judge);
  for (const auto& [shard, last] : heads) {
    auto& from = cursors.emplace_back(
      store.rows(shard, last, std::min(chunk_bytes, storage::postgres_chunk_bytes_max)));
    rows.add(shard, [&from]() -> std::optional<actors::merged_row> {
      const auto row = from.next();
      if (!row) return std::nullopt;
      return actors::merged_row{row->at, row->blob};
    });
  }
  rows.run();
  return tell(judge, counted(heads.size(), "shard"), snapshots, problems);
}

} // namespace

int journal_verify(const std::string& data_directory) {
  try {
    storage::sqlite_journal store(data_directory);
    const auto problems = check_archives(store, data_directory);
    for (const auto& one : problems) fmt::print("{}\n", one);
    if (problems.empty()) return check_rows(store);
    fmt::print("{} in the archives; what stands on them was not checked: NOT CLEAN\n",
               counted(problems.size(), "flaw"));
    return exit_failed;
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal verify: {}\n", problem.what());
    return 2;
  }
}

int postgres_journal_verify(const std::string& address) {
  try {
    storage::postgres_reader store(address);
    return check_rows(store);
  } catch (const std::exception& problem) {
    fmt::print(stderr, "rialto journal verify: {}\n", problem.what());
    return 2;
  }
}

} // namespace rialto::app

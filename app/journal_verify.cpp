// rialto journal verify: the archives byte by byte, then every row through the judge of the promises.
#include "actors/journal_checker.hpp"
#include "app/commands.hpp"
#include "app/count_text.hpp"
#include "app/journal_tools.hpp"
#include "storage/sqlite_journal.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <set>

namespace rialto::app {

namespace {

constexpr storage::shard_id only_shard = 0;

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
  checker.finish();
  for (const auto& one : checker.violations()) fmt::print("{}\n", one);
  std::string states; // of all entities: the same after archiving, and in a restored journal
  for (const auto id : entities) byte_writer(states).put(checker.state_hash(id));
  fmt::print("{} rows ({} archived), {} records, {} events, {} entities, {} snapshots, links {}, "
             "state {:016x}: {}\n",
             checker.rows, store.archived(only_shard), checker.records, checker.events,
             entities.size(), snapshots, checker.is_drained() ? "drained" : "not drained",
             hash64(states), checker.violations().empty() ? "clean" : "NOT CLEAN");
  return checker.violations().empty() ? 0 : exit_failed;
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

} // namespace rialto::app

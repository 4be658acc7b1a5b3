#include "app/journal_choice.hpp"

#include "storage/postgres_journal.hpp"
#include "storage/sqlite_journal.hpp"

#include <filesystem>

namespace rialto::app {

namespace {

// Under load the log is folded more often than the setting says, so that it stays within this length.
constexpr std::int64_t log_bytes = 64 << 20;
constexpr std::size_t recent_bytes = 32 << 20; // a second of the highest load

} // namespace

std::unique_ptr<storage::data_lock> lock_data_directory(const runtime::node_settings& settings) {
  if (!is_journal_shared(settings)) return nullptr;
  const auto& directory = *settings.data_directory;
  auto lock = std::make_unique<storage::data_lock>(directory);
  if (std::filesystem::exists(directory + "/journal.sqlite"))
    throw storage::journal_error(
      directory +
      " holds an embedded journal, and storage.journal names another one: move it there "
      "with rialto migrate, or use a new data directory");
  return lock;
}

std::unique_ptr<storage::journal> open_journal(const runtime::node_settings& settings) {
  if (is_journal_shared(settings)) {
    storage::postgres_journal_options options;
    options.recent_bytes = recent_bytes;
    return storage::open_postgres_journal(*settings.storage_journal, std::move(options));
  }
  storage::sqlite_journal_options options;
  options.recent_bytes = recent_bytes;
  options.log_bytes = log_bytes;
  return storage::open_sqlite_journal(*settings.data_directory, options);
}

std::unique_ptr<storage::journal> open_journal_of(storage::shard_id shard,
                                                  const runtime::node_settings& settings) {
  auto store = open_journal(settings);
  if (!is_journal_shared(settings)) return store;
  for (const auto& [other, head] : store->heads())
    if (other != shard && head.last > 0)
      throw storage::journal_error("the journal has rows of shard " + std::to_string(other) +
                                   ", so it is a cluster's; a node that is alone runs shard " +
                                   std::to_string(shard) + " only");
  static_cast<void>(store->take_over(shard));
  return store;
}

} // namespace rialto::app

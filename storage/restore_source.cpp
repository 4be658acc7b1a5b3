#include "storage/restore_source.hpp"

#include "storage/sqlite_row_id.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

namespace rialto::storage {

namespace {

namespace fs = std::filesystem;

class archive_source final : public row_source {
public:
  using row_source::row_source;
  void read(position first, const take_row& take) override {
    const archive_reader file(path_);
    if (file.range() != range_)
      throw journal_error(path_ + ": it holds other rows than its name says");
    for (auto at = first; at <= range_.last;) {
      const auto block = file.block_of(at);
      const bool is_sound = block->read(at, [&](position row, epoch of, std::string_view blob) {
        take(row, of, blob);
        return true;
      });
      if (!is_sound) throw journal_error(path_ + ": a block is not made of rows");
      at = block->last() + 1;
    }
  }
};

class table_source final : public row_source {
public:
  table_source(const archive_range& range, const std::string& path, std::shared_ptr<database> on)
      : row_source(range, path), on_(std::move(on)) {}
  void read(position first, const take_row& take) override {
    auto rows = on_->prepare("SELECT id, epoch, blob FROM journal WHERE id >= ? AND id <= ? "
                             "ORDER BY id");
    rows.with(row_id(range_.shard, first), row_id(range_.shard, range_.last));
    while (rows.step()) take(position_of(rows.number(0)), rows.number(1), rows.bytes(2));
  }

private:
  std::shared_ptr<database> on_;
};

} // namespace

restore_sources::restore_sources(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    if (fs::is_regular_file(path)) {
      add_table(path);
    } else if (fs::is_directory(path)) {
      if (const auto table = path + "/journal.sqlite"; fs::is_regular_file(table)) add_table(table);
      add_archives(path);
      add_archives(path + "/archive");
    } else {
      throw journal_error(path + " is neither a directory nor a journal.sqlite");
    }
  }
  if (all.empty())
    throw journal_error("there are no rows to restore: " +
                        (notes.empty() ? "neither a journal.sqlite nor archives" : notes.front()));
}

void restore_sources::add_archives(const std::string& directory) {
  for (const auto& range : list_archives(directory))
    all.push_back(std::make_unique<archive_source>(range, directory + "/" + archive_name(range)));
}

void restore_sources::add_table(const std::string& path) {
  try {
    open_options how;
    how.is_read_only = true;
    const auto on = std::make_shared<database>(path, how);
    auto epochs_of = on->prepare("SELECT shard, epoch FROM shards");
    while (epochs_of.step()) {
      auto& known = epochs[static_cast<shard_id>(epochs_of.number(0))];
      known = std::max(known, epochs_of.number(1));
    }
    auto claims_of = on->prepare("SELECT key, owner FROM claims");
    while (claims_of.step()) claims.try_emplace(claims_of.text(0), claims_of.number(1));
    auto sequences = on->prepare("SELECT name, next FROM sequences");
    while (sequences.step()) {
      auto& next = next_ids[sequences.text(0)];
      next = std::max(next, sequences.number(1));
    }
    auto bounds = on->prepare("SELECT min(id), max(id) FROM journal WHERE id >= ? AND id < ?");
    auto behind = on->prepare("SELECT min(id) FROM journal WHERE id >= ?");
    for (std::uint64_t from = 0; behind.with(from).step() && !behind.is_null(0);) {
      const auto shard = shard_of(behind.number(0));
      behind.reset();
      from = row_id(shard + 1, 0);
      if (!bounds.with(row_id(shard, 0), from).step()) break;
      const archive_range range{shard, position_of(bounds.number(0)),
                                position_of(bounds.number(1))};
      bounds.reset();
      all.push_back(std::make_unique<table_source>(range, path, on));
    }
  } catch (const journal_error& problem) {
    notes.emplace_back(problem.what());
  }
}

std::vector<shard_id> restore_sources::shards() const {
  std::set<shard_id> found;
  for (const auto& one : all) found.insert(one->range().shard);
  return {found.begin(), found.end()};
}

position restore_sources::last(shard_id shard) const {
  position found = 0;
  for (const auto& one : all)
    if (one->range().shard == shard) found = std::max(found, one->range().last);
  return found;
}

} // namespace rialto::storage

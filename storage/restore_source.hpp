// storage/restore_source.hpp: where a restored journal's rows come from: archives and tables, read only.
#pragma once

#include "storage/row_archive.hpp"
#include "storage/sqlite.hpp"

namespace rialto::storage {

/// Rows of one shard, from one file.
class row_source {
public:
  using take_row = std::function<void(position, epoch, std::string_view)>;

  row_source(const archive_range& range, std::string path)
      : range_(range), path_(std::move(path)) {}
  virtual ~row_source() = default;
  row_source(const row_source&) = delete;
  row_source& operator=(const row_source&) = delete;

  /// Rows from `first` to the end. Throws journal_error where it cannot go on.
  virtual void read(position first, const take_row& take) = 0;
  [[nodiscard]] bool holds(shard_id shard, position at) const {
    return range_.shard == shard && at >= range_.first && at <= range_.last;
  }
  [[nodiscard]] const archive_range& range() const { return range_; }

protected:
  archive_range range_;
  std::string path_;
};

/// Everything that some paths lead to. A table that cannot be read is noted and left out.
struct restore_sources {
  /// Data directories, directories of archives, journal.sqlite files. Throws journal_error if there
  /// are no rows at all.
  explicit restore_sources(const std::vector<std::string>& paths);

  [[nodiscard]] std::vector<shard_id> shards() const;
  [[nodiscard]] position last(shard_id shard) const;

  std::vector<std::unique_ptr<row_source>> all; // in the order of the paths
  std::map<std::string, entity_id, std::less<>> claims;
  std::map<std::string, std::uint64_t, std::less<>> next_ids;
  std::map<shard_id, epoch> epochs;
  std::vector<std::string> notes;

private:
  void add_table(const std::string& path);
  void add_archives(const std::string& directory);
};

} // namespace rialto::storage

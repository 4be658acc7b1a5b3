// storage/row_archive.hpp: DATA/archive: the rows that have left an engine's table, read as one.
//
// The room: files by name, the newest opened file and block kept for the next read. What an engine
// must keep: a row leaves its table only when a file that holds it is durable under its name, so
// after a crash it is in the table, in a file, or in both. Thread-safe.
#pragma once

#include "storage/archive_file.hpp"

#include <mutex>
#include <set>

namespace rialto::storage {

class row_archive {
public:
  /// The directory need not exist; add() makes it. Throws journal_error.
  explicit row_archive(std::string directory);

  [[nodiscard]] const std::string& directory() const { return directory_; }
  [[nodiscard]] std::string path_of(const archive_range& range) const;
  /// By shard and first row.
  [[nodiscard]] std::vector<archive_range> files() const;
  /// The last archived row of a shard; 0: none.
  [[nodiscard]] position last(shard_id shard) const;

  /// The block that holds a row; nullptr if no file has it by its name. Throws journal_error when the
  /// file is damaged or is not what its name says.
  [[nodiscard]] std::shared_ptr<const archive_block> find(shard_id shard, position at);

  /// Begins a file under a temporary name; publish() gives it its own and makes that durable.
  [[nodiscard]] std::unique_ptr<archive_writer> begin(const archive_range& range, const char* vfs,
                                                      std::size_t block_bytes);
  void publish(const archive_range& range);

private:
  [[nodiscard]] std::string temporary_path(const archive_range& range) const;

  std::string directory_;
  mutable std::mutex lock_;
  std::set<archive_range> files_;
  std::unique_ptr<archive_reader> opened_; // the one that was read last, and its block
  std::shared_ptr<const archive_block> block_;
};

/// The archives in a directory, by shard and first row. What is left of an interrupted writer is not
/// among them.
[[nodiscard]] std::vector<archive_range> list_archives(const std::string& directory);

/// Reads all of a file and says what is wrong with it, block by block; empty: nothing. Each row's
/// blob is looked at, too.
[[nodiscard]] std::vector<std::string> check_archive(const std::string& path);

/// Gaps and overlaps between the files of each shard, by name; empty: none.
[[nodiscard]] std::vector<std::string> check_succession(const std::vector<archive_range>& files);

} // namespace rialto::storage

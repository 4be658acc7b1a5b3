// storage/archive_file.hpp: rows of one shard in a compressed, checksummed file that never changes.
//
// The room: one file, written once and read by blocks; which rows go in and when they leave the
// engine's table is the engine's business. docs/formats/journal.md has the grammar.
//   A1  every byte is under a checksum: the header's, its block's, or the index's; the tail holds a
//       hash over all of them
//   A2  rows of a file follow one another without gap, from range().first to range().last
//   A3  what finish() returned from is synced; under which name it is found is the caller's part
#pragma once

#include "domain/fields.hpp"
#include "storage/journal.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rialto::storage {

struct archive_range {
  shard_id shard = 0;
  position first = 0, last = 0;
  friend auto operator<=>(const archive_range&, const archive_range&) = default;
};

/// "journal-0-000000000001-000000065536.archive".
[[nodiscard]] std::string archive_name(const archive_range& range);
/// The reverse; empty if it is no archive's name.
[[nodiscard]] std::optional<archive_range> parse_archive_name(std::string_view name);

/// Where a block lies, and what it must come to.
struct archive_block_place {
  position first = 0;
  std::uint32_t rows = 0, bytes = 0; // inflated
  std::uint64_t offset = 0;
  std::uint32_t stored_bytes = 0, crc = 0; // of the stored bytes
  RIALTO_FIELDS(first, rows, bytes, offset, stored_bytes, crc)
};

/// What a whole file holds.
struct archive_sums {
  std::uint64_t rows = 0, bytes = 0, stored_bytes = 0, hash = 0;
};

class archive_writer {
public:
  /// Of rows, before compression: what is inflated to read one of them.
  static constexpr std::size_t usual_block_bytes = 1 << 20;

  /// Creates `path`, or begins it anew, mode 0600, through SQLite's `vfs` (nullptr: the system's).
  archive_writer(std::string path, const archive_range& range, const char* vfs = nullptr,
                 std::size_t block_bytes = usual_block_bytes);
  ~archive_writer();
  archive_writer(const archive_writer&) = delete;
  archive_writer& operator=(const archive_writer&) = delete;

  /// The next row; the first one is range.first.
  void add(epoch at_epoch, std::string_view blob);
  /// Call it after range.last: the file is whole and synced.
  archive_sums finish();

private:
  struct file;
  void put(std::string_view bytes);
  void end_block();

  std::unique_ptr<file> file_;
  archive_range range_;
  std::size_t block_bytes_;
  position next_;
  std::string block_;
  std::vector<archive_block_place> places_;
  archive_sums sums_;
};

/// The rows of one block.
class archive_block {
public:
  archive_block(const archive_block_place& place, std::string bytes)
      : first_(place.first), rows_(place.rows), bytes_(std::move(bytes)) {}

  [[nodiscard]] position last() const { return first_ + rows_ - 1; }
  [[nodiscard]] bool holds(position at) const { return at >= first_ && at <= last(); }
  /// Calls `row` with each one from `from` on until it returns false. False if the block is not
  /// made of rows.
  [[nodiscard]] bool read(position from,
                          const std::function<bool(position, epoch, std::string_view)>& row) const;

private:
  position first_;
  std::uint32_t rows_;
  std::string bytes_;
};

/// One opened file: its header, index and tail were right. Not thread-safe.
class archive_reader {
public:
  /// Throws journal_error, which names the file and what is wrong with it.
  explicit archive_reader(const std::string& path);
  ~archive_reader();
  archive_reader(const archive_reader&) = delete;
  archive_reader& operator=(const archive_reader&) = delete;

  [[nodiscard]] const archive_range& range() const { return range_; }
  [[nodiscard]] const archive_sums& sums() const { return sums_; }
  [[nodiscard]] const std::vector<archive_block_place>& blocks() const { return places_; }
  /// The block with this row. Throws journal_error, which names file, block and rows.
  [[nodiscard]] std::shared_ptr<const archive_block> block_of(position at) const;
  [[nodiscard]] std::shared_ptr<const archive_block> block(std::size_t index) const;
  /// Compares all stored bytes with the tail's hash.
  [[nodiscard]] bool is_whole() const;

private:
  [[nodiscard]] std::string bytes_at(std::uint64_t offset, std::uint64_t size) const;
  [[noreturn]] void fail(const std::string& what) const;

  std::string path_;
  int file_ = -1;
  archive_range range_;
  archive_sums sums_;
  std::uint64_t index_offset_ = 0;
  std::vector<archive_block_place> places_;
};

} // namespace rialto::storage

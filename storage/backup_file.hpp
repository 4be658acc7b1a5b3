// storage/backup_file.hpp: files packed into one: a tar archive in gzip, which `tar xzf` reads too.
//
// The room: bytes in, bytes out; what a backup consists of is the program's business. The tar stream is cut into pieces of 1 MiB and
// each one is a gzip member of its own, so damage is found at once and where it is, and memory stays bounded.
//   B1  what is read is under a checksum: gzip's for a member, tar's for a header; a member begins with one fixed header
//   B2  a reader never believes a length: entries and members are bounded by what the file has
//   B3  a file without its end was not finished; what finish() returned from is synced
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace rialto::storage {

class backup_writer {
public:
  /// Creates the file, mode 0600. Throws journal_error; also if there is one.
  explicit backup_writer(std::string path);
  ~backup_writer();
  backup_writer(const backup_writer&) = delete;
  backup_writer& operator=(const backup_writer&) = delete;

  /// Begins an entry of exactly so many bytes; `name` has at most 100 characters.
  void begin(std::string_view name, std::uint64_t bytes);
  void add(std::string_view bytes);
  /// Call it after the last entry; returns how many bytes the file has.
  std::uint64_t finish();

private:
  void put(std::string_view bytes);
  void end_entry();
  void end_member();
  void write_out(std::string_view bytes);
  [[noreturn]] void fail(std::string_view what) const;

  std::string path_;
  int file_ = -1;
  std::string piece_;
  std::uint64_t entry_left_ = 0, entry_bytes_ = 0, stored_bytes_ = 0;
};

struct backup_entry {
  std::string name;
  std::uint64_t bytes = 0;
};

class backup_reader {
public:
  /// Throws journal_error, which names the file and what is wrong with it; so do the others.
  explicit backup_reader(std::string path);
  ~backup_reader();
  backup_reader(const backup_reader&) = delete;
  backup_reader& operator=(const backup_reader&) = delete;

  /// The next entry; whatever is left of the one before is passed over. Empty at the end of a whole file.
  [[nodiscard]] std::optional<backup_entry> next();
  /// All bytes of the entry that next() told, in pieces.
  void read(const std::function<void(std::string_view)>& take);

private:
  [[nodiscard]] std::string_view more(std::uint64_t at_most);
  [[nodiscard]] std::string exactly(std::uint64_t bytes);
  void load_member();
  [[noreturn]] void fail(std::string_view what) const;

  std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0, offset_ = 0; // of the file; where the next member begins
  std::string stored_, piece_;
  std::size_t used_ = 0;        // of piece_
  std::uint64_t member_at_ = 0; // where piece_ began in the file
  backup_entry entry_;
  std::uint64_t entry_left_ = 0;
  bool is_over_ = false;
};

} // namespace rialto::storage

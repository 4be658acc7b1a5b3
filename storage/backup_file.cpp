#include "storage/backup_file.hpp"

#include "domain/assert.hpp"
#include "storage/journal.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>

namespace rialto::storage {

namespace {

constexpr std::size_t piece_bytes = 1 << 20, block_bytes = 512;
constexpr int compression_level = 6;
constexpr std::size_t gzip_header_bytes = 10;
// Fields of a tar header: where they begin and how long they are.
constexpr std::size_t name_bytes = 100, size_at = 124, size_bytes = 12, sum_at = 148, sum_bytes = 8;
constexpr std::uint64_t octal_max = (std::uint64_t{1} << 33) - 1; // 11 octal digits

using compressor_ptr = std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)>;
using decompressor_ptr =
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>;

std::string member_of(std::string_view bytes) {
  const compressor_ptr made(libdeflate_alloc_compressor(compression_level),
                            libdeflate_free_compressor);
  if (!made) throw journal_error("a backup cannot be compressed: out of memory");
  std::string out(libdeflate_gzip_compress_bound(made.get(), bytes.size()), '\0');
  out.resize(
    libdeflate_gzip_compress(made.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  RIALTO_ASSERT(!out.empty());
  return out;
}

/// How every member begins; gzip's own checksum does not cover these bytes.
const std::string& member_header() {
  static const auto made = member_of("").substr(0, gzip_header_bytes);
  return made;
}

std::size_t padding(std::uint64_t bytes) {
  return static_cast<std::size_t>((block_bytes - bytes % block_bytes) % block_bytes);
}

using header = std::array<char, block_bytes>;

void put_sum(header& made) {
  std::memset(made.data() + sum_at, ' ', sum_bytes);
  unsigned sum = 0;
  for (const char one : made) sum += static_cast<unsigned char>(one);
  std::snprintf(made.data() + sum_at, sum_bytes, "%06o", sum); // digits, a zero, a blank
}

/// A regular file of mode 0600; nothing in it tells the machine or the time.
header header_of(std::string_view name, std::uint64_t bytes) {
  header made{};
  RIALTO_ASSERT(!name.empty());
  RIALTO_ASSERT_VALUES(name.size() <= name_bytes, name.size(), name_bytes);
  std::memcpy(made.data(), name.data(), name.size());
  std::snprintf(made.data() + 100, 8, "0000600");
  std::snprintf(made.data() + 108, 8, "0000000");
  std::snprintf(made.data() + 116, 8, "0000000");
  if (bytes <= octal_max) {
    std::snprintf(made.data() + size_at, size_bytes, "%011llo",
                  static_cast<unsigned long long>(bytes));
  } else { // as GNU tar does it: a mark, then big-endian
    made[size_at] = static_cast<char>(0x80);
    for (std::size_t i = 0; i < sizeof bytes; ++i)
      made[size_at + size_bytes - 1 - i] = static_cast<char>(bytes >> (8 * i));
  }
  std::snprintf(made.data() + 136, 12, "00000000000");
  made[156] = '0';
  std::memcpy(made.data() + 257, "ustar\00000", 8);
  put_sum(made);
  return made;
}

std::uint64_t size_in(std::string_view head) {
  const auto field = head.substr(size_at, size_bytes);
  std::uint64_t bytes = 0;
  if (static_cast<unsigned char>(field.front()) == 0x80) {
    for (const char one : field.substr(size_bytes - sizeof bytes))
      bytes = bytes << 8 | static_cast<unsigned char>(one);
    return bytes;
  }
  for (const char one : field) {
    if (one < '0' || one > '7') break;
    bytes = bytes << 3 | static_cast<std::uint64_t>(one - '0');
  }
  return bytes;
}

} // namespace

// ---- writing

backup_writer::backup_writer(std::string path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
  if (file_ < 0) fail(std::string("cannot be created: ") + std::strerror(errno));
}

backup_writer::~backup_writer() {
  if (file_ >= 0) ::close(file_);
}

void backup_writer::begin(std::string_view name, std::uint64_t bytes) {
  end_entry();
  const auto head = header_of(name, bytes);
  put({head.data(), head.size()});
  entry_left_ = entry_bytes_ = bytes;
}

void backup_writer::add(std::string_view bytes) {
  RIALTO_ASSERT_VALUES(bytes.size() <= entry_left_, bytes.size(), entry_left_);
  entry_left_ -= bytes.size();
  put(bytes);
}

void backup_writer::end_entry() {
  RIALTO_ASSERT_VALUES(entry_left_ == 0, entry_left_, entry_bytes_);
  put(std::string(padding(entry_bytes_), '\0'));
  entry_bytes_ = 0;
}

std::uint64_t backup_writer::finish() {
  end_entry();
  put(std::string(2 * block_bytes, '\0'));
  end_member();
  if (::fsync(file_) != 0) fail(std::string("cannot be synced: ") + std::strerror(errno));
  return stored_bytes_;
}

void backup_writer::put(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto taken = bytes.substr(0, piece_bytes - piece_.size());
    piece_ += taken;
    bytes.remove_prefix(taken.size());
    if (piece_.size() == piece_bytes) end_member();
  }
}

void backup_writer::end_member() {
  if (piece_.empty()) return;
  write_out(member_of(piece_));
  piece_.clear();
}

void backup_writer::write_out(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(std::string("cannot be written: ") + std::strerror(errno));
    stored_bytes_ += static_cast<std::uint64_t>(written);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
}

void backup_writer::fail(std::string_view what) const {
  throw journal_error(path_ + ": " + std::string(what));
}

// ---- reading

backup_reader::backup_reader(std::string path) : path_(std::move(path)) {
  file_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) throw journal_error(path_ + ": cannot be opened: " + std::strerror(errno));
  size_ = static_cast<std::uint64_t>(std::max<off_t>(0, ::lseek(file_, 0, SEEK_END)));
}

backup_reader::~backup_reader() {
  ::close(file_);
}

void backup_reader::fail(std::string_view what) const {
  auto where = "byte " + std::to_string(member_at_);
  if (!entry_.name.empty())
    where += ", which is in " + entry_.name + " from its byte " +
             std::to_string(entry_.bytes - entry_left_) + " on";
  throw journal_error(path_ + ": at " + where + ": " + std::string(what));
}

void backup_reader::load_member() {
  member_at_ = offset_;
  if (offset_ >= size_) fail("the file ends here: it is not whole");
  static const auto stored_max = libdeflate_gzip_compress_bound(nullptr, piece_bytes);
  stored_.resize(std::min<std::uint64_t>(stored_max, size_ - offset_));
  for (std::size_t got = 0; got < stored_.size();) {
    const auto more =
      ::pread(file_, stored_.data() + got, stored_.size() - got, static_cast<off_t>(offset_ + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
    if (more == 0) fail("the file ends here: it became shorter");
    got += static_cast<std::size_t>(more);
  }
  if (!stored_.starts_with(member_header())) {
    if (member_at_ > 0) fail("it is damaged");
    fail("this is no file that rialto backup wrote, or it is damaged");
  }
  const decompressor_ptr made(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  if (!made) throw journal_error(path_ + ": cannot be read: out of memory");
  piece_.resize(piece_bytes);
  std::size_t taken = 0, came = 0;
  if (libdeflate_gzip_decompress_ex(made.get(), stored_.data(), stored_.size(), piece_.data(),
                                    piece_.size(), &taken, &came) != LIBDEFLATE_SUCCESS ||
      came == 0)
    fail("it is damaged or not whole");
  piece_.resize(came);
  used_ = 0;
  offset_ += taken;
}

std::string_view backup_reader::more(std::uint64_t at_most) {
  if (used_ == piece_.size()) load_member();
  const auto found = std::string_view(piece_).substr(used_).substr(0, at_most);
  used_ += found.size();
  return found;
}

std::string backup_reader::exactly(std::uint64_t bytes) {
  std::string all;
  while (all.size() < bytes) all += more(bytes - all.size());
  return all;
}

std::optional<backup_entry> backup_reader::next() {
  if (is_over_) return std::nullopt;
  read([](std::string_view) {});
  const auto padded = exactly(padding(entry_.bytes));
  entry_ = {};
  if (padded.find_first_not_of('\0') != std::string::npos)
    fail("what fills up an entry is damaged");
  const auto head = exactly(block_bytes);
  if (head.find_first_not_of('\0') == std::string::npos) {
    const auto last = exactly(block_bytes);
    if (last.find_first_not_of('\0') != std::string::npos) fail("its end is damaged");
    if (used_ != piece_.size() || offset_ != size_) fail("there is something behind its end");
    is_over_ = true;
    return std::nullopt;
  }
  backup_entry found{head.substr(0, std::min(head.find('\0'), name_bytes)), size_in(head)};
  const auto made = found.name.empty() ? header{} : header_of(found.name, found.bytes);
  if (head != std::string_view(made.data(), made.size())) fail("the header of an entry is damaged");
  entry_ = std::move(found);
  entry_left_ = entry_.bytes;
  return entry_;
}

void backup_reader::read(const std::function<void(std::string_view)>& take) {
  while (entry_left_ > 0) {
    const auto piece = more(entry_left_);
    entry_left_ -= piece.size();
    take(piece);
  }
}

} // namespace rialto::storage

#include "storage/archive_file.hpp"

#include "domain/assert.hpp"
#include "domain/bytes.hpp"
#include "storage/sqlite.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <libdeflate.h>
#include <unistd.h>

namespace rialto::storage {

namespace {

constexpr std::uint64_t magic = 0x3156'4843'5241'4c52; // "RLARCHV1"
constexpr std::size_t header_bytes = 8 + 4 + 8 + 8 + 4;
constexpr std::size_t place_bytes = 8 + 4 + 4 + 8 + 4 + 4;
constexpr std::size_t tail_bytes = 8 + 4 + 8 + 8 + 8 + 4 + 8;
constexpr std::size_t row_head_bytes = sizeof(epoch) + sizeof(std::uint32_t);
constexpr int compression_level = 6;
constexpr std::uint64_t deflate_ratio_max = 1'032; // bytes that one byte of deflate can stand for
constexpr std::size_t write_bytes = 64 << 10;      // SQLite writes less than 128 KB at once

std::uint32_t crc_of(std::string_view bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

std::string header_of(const archive_range& range) {
  std::string bytes;
  byte_writer out(bytes);
  out.put(magic);
  out.put(range.shard);
  out.put(range.first);
  out.put(range.last);
  out.put(crc_of(bytes));
  return bytes;
}

using compressor_ptr = std::unique_ptr<libdeflate_compressor, void (*)(libdeflate_compressor*)>;
using decompressor_ptr =
  std::unique_ptr<libdeflate_decompressor, void (*)(libdeflate_decompressor*)>;

std::string deflated(const std::string& bytes) {
  const compressor_ptr made(libdeflate_alloc_compressor(compression_level),
                            libdeflate_free_compressor);
  if (!made) throw journal_error("an archive's block cannot be compressed: out of memory");
  std::string out(libdeflate_zlib_compress_bound(made.get(), bytes.size()), '\0');
  out.resize(
    libdeflate_zlib_compress(made.get(), bytes.data(), bytes.size(), out.data(), out.size()));
  RIALTO_ASSERT(!out.empty());
  return out;
}

/// False if they do not come to exactly as many bytes as `into` has.
bool inflate(std::string_view bytes, std::string& into) {
  const decompressor_ptr made(libdeflate_alloc_decompressor(), libdeflate_free_decompressor);
  return made && libdeflate_zlib_decompress(made.get(), bytes.data(), bytes.size(), into.data(),
                                            into.size(), nullptr) == LIBDEFLATE_SUCCESS;
}

std::string words_of(const archive_block_place& place, std::size_t index) {
  return "block " + std::to_string(index + 1) + " (rows " + std::to_string(place.first) + " to " +
         std::to_string(place.first + place.rows - 1) + ")";
}

} // namespace

std::string archive_name(const archive_range& range) {
  char text[96];
  std::snprintf(text, sizeof text, "journal-%u-%012llu-%012llu.archive", range.shard,
                static_cast<unsigned long long>(range.first),
                static_cast<unsigned long long>(range.last));
  return text;
}

std::optional<archive_range> parse_archive_name(std::string_view name) {
  archive_range range;
  unsigned long long first = 0, last = 0;
  const std::string text(name);
  if (std::sscanf(text.c_str(), "journal-%u-%llu-%llu.archive", &range.shard, &first, &last) != 3)
    return std::nullopt;
  range.first = first;
  range.last = last;
  if (archive_name(range) != name || first == 0 || last < first) return std::nullopt;
  return range;
}

// ---- writing

/// A file of SQLite's own, so that tests can let it stand on a disk that fails (faulty_vfs).
struct archive_writer::file {
  file(std::string where, const char* vfs) : path(std::move(where)) {
    auto* system = sqlite3_vfs_find(vfs);
    RIALTO_ASSERT(system != nullptr);
    const int made = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0) throw journal_error(path + ": cannot be created: " + std::strerror(errno));
    ::close(made);
    room.resize(static_cast<std::size_t>(system->szOsFile) / sizeof(std::max_align_t) + 1);
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL;
    const int code = system->xOpen(system, path.c_str(), raw(), flags, nullptr);
    if (code != SQLITE_OK) fail("cannot be opened", code);
    if (const int cut = raw()->pMethods->xTruncate(raw(), 0); cut != SQLITE_OK) {
      raw()->pMethods->xClose(raw());
      fail("cannot be written", cut);
    }
  }
  ~file() {
    if (raw()->pMethods != nullptr) raw()->pMethods->xClose(raw());
    if (!is_finished) ::unlink(path.c_str());
  }
  file(const file&) = delete;
  file& operator=(const file&) = delete;

  [[nodiscard]] sqlite3_file* raw() { return reinterpret_cast<sqlite3_file*>(room.data()); }
  void append(std::string_view bytes) {
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), write_bytes))) {
      const auto piece = bytes.substr(0, write_bytes);
      const int code = raw()->pMethods->xWrite(raw(), piece.data(), static_cast<int>(piece.size()),
                                               static_cast<sqlite3_int64>(size));
      if (code != SQLITE_OK) fail("cannot be written", code);
      size += piece.size();
    }
  }
  void sync() {
    const int code = raw()->pMethods->xSync(raw(), SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) fail("cannot be synced", code);
  }
  [[noreturn]] void fail(const std::string& what, int code) const {
    throw sqlite_error(path + ": " + what + ": " + sqlite3_errstr(code & 0xff) + " (" +
                         std::to_string(code) + ")",
                       code);
  }

  std::string path;
  std::vector<std::max_align_t> room;
  std::uint64_t size = 0;
  bool is_finished = false;
};

archive_writer::archive_writer(std::string path, const archive_range& range, const char* vfs,
                               std::size_t block_bytes)
    : file_(std::make_unique<file>(std::move(path), vfs)), range_(range), block_bytes_(block_bytes),
      next_(range.first) {
  RIALTO_ASSERT(range.first > 0);
  RIALTO_ASSERT(range.last >= range.first);
  put(header_of(range));
}

archive_writer::~archive_writer() = default;

void archive_writer::put(std::string_view bytes) {
  file_->append(bytes);
  sums_.hash = hash64(bytes, sums_.hash);
}

void archive_writer::add(epoch at_epoch, std::string_view blob) {
  RIALTO_ASSERT_VALUES(next_ <= range_.last, next_, range_.last);
  if (block_.empty()) places_.push_back({.first = next_});
  byte_writer out(block_);
  out.put(at_epoch);
  out.put(static_cast<std::uint32_t>(blob.size()));
  block_ += blob;
  ++next_;
  ++places_.back().rows;
  ++sums_.rows;
  sums_.bytes += blob.size();
  if (block_.size() >= block_bytes_) end_block();
}

void archive_writer::end_block() {
  const auto stored = deflated(block_);
  auto& place = places_.back();
  place.bytes = static_cast<std::uint32_t>(block_.size());
  place.offset = file_->size;
  place.stored_bytes = static_cast<std::uint32_t>(stored.size());
  place.crc = crc_of(stored);
  put(stored);
  block_.clear();
}

archive_sums archive_writer::finish() {
  RIALTO_ASSERT_VALUES(next_ == range_.last + 1, next_, range_.last);
  if (!block_.empty()) end_block();
  const auto index_offset = file_->size;
  std::string end;
  byte_writer out(end);
  for (const auto& place : places_) out.put(place);
  out.put(index_offset);
  out.put(static_cast<std::uint32_t>(places_.size()));
  out.put(sums_.rows);
  out.put(sums_.bytes);
  out.put(sums_.hash);
  out.put(crc_of(end));
  out.put(magic);
  file_->append(end);
  file_->sync();
  file_->is_finished = true;
  sums_.stored_bytes = file_->size;
  return sums_;
}

// ---- reading

bool archive_block::read(position from,
                         const std::function<bool(position, epoch, std::string_view)>& row) const {
  byte_reader in(bytes_);
  for (auto at = first_; at <= last(); ++at) {
    const auto at_epoch = in.get<epoch>();
    const auto blob = in.take(in.get<std::uint32_t>());
    if (in.failed()) return false;
    if (at >= from && !row(at, at_epoch, blob)) return true;
  }
  return in.done();
}

archive_reader::archive_reader(const std::string& path) : path_(path) {
  file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file_ < 0) fail(std::string("cannot be opened: ") + std::strerror(errno));
  try {
    const auto size = static_cast<std::uint64_t>(std::max<off_t>(0, ::lseek(file_, 0, SEEK_END)));
    if (size < header_bytes + place_bytes + tail_bytes) fail("it is too short");
    const auto header = bytes_at(0, header_bytes);
    byte_reader head(std::string_view(header).substr(sizeof magic));
    head.get(range_.shard);
    head.get(range_.first);
    head.get(range_.last);
    if (header != header_of(range_)) fail("its header is damaged");
    const auto tail = bytes_at(size - tail_bytes, tail_bytes);
    byte_reader in(tail);
    in.get(index_offset_);
    const auto count = in.get<std::uint32_t>();
    in.get(sums_.rows);
    in.get(sums_.bytes);
    in.get(sums_.hash);
    sums_.stored_bytes = size;
    const auto index_size = std::uint64_t{count} * place_bytes;
    if (size - header_bytes - tail_bytes < index_size ||
        index_offset_ != size - tail_bytes - index_size)
      fail("its tail is damaged");
    const auto index = bytes_at(index_offset_, index_size);
    const auto crc = in.get<std::uint32_t>();
    if (crc != crc_of(index + tail.substr(0, tail_bytes - sizeof crc - sizeof magic)) ||
        in.get<std::uint64_t>() != magic)
      fail("its index or tail is damaged");
    byte_reader places(index);
    auto next = range_.first;
    auto offset = std::uint64_t{header_bytes};
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto place = places.get<archive_block_place>();
      if (place.first != next || place.rows == 0 || place.offset != offset)
        fail("its blocks do not follow one another");
      if (place.bytes > deflate_ratio_max * place.stored_bytes)
        fail("a block claims to hold more than its bytes can");
      next += place.rows;
      offset += place.stored_bytes;
      places_.push_back(place);
    }
    if (next != range_.last + 1 || sums_.rows != next - range_.first || offset != index_offset_)
      fail("its blocks are not what its header says");
  } catch (...) {
    ::close(file_);
    throw;
  }
}

archive_reader::~archive_reader() {
  ::close(file_);
}

void archive_reader::fail(const std::string& what) const {
  throw journal_error(path_ + ": " + what);
}

std::string archive_reader::bytes_at(std::uint64_t offset, std::uint64_t size) const {
  std::string bytes(size, '\0');
  for (std::size_t got = 0; got < size;) {
    const auto more =
      ::pread(file_, bytes.data() + got, size - got, static_cast<off_t>(offset + got));
    if (more < 0 && errno == EINTR) continue;
    if (more < 0) fail(std::string("cannot be read: ") + std::strerror(errno));
    if (more == 0) fail("it is shorter than it was");
    got += static_cast<std::size_t>(more);
  }
  return bytes;
}

std::shared_ptr<const archive_block> archive_reader::block(std::size_t index) const {
  const auto& place = places_.at(index);
  const auto stored = bytes_at(place.offset, place.stored_bytes);
  if (crc_of(stored) != place.crc) fail(words_of(place, index) + " is damaged: wrong checksum");
  std::string bytes(place.bytes, '\0');
  if (!inflate(stored, bytes)) fail(words_of(place, index) + " is damaged: it cannot be inflated");
  return std::make_shared<archive_block>(place, std::move(bytes));
}

std::shared_ptr<const archive_block> archive_reader::block_of(position at) const {
  const auto behind = std::upper_bound(
    places_.begin(), places_.end(), at,
    [](position wanted, const archive_block_place& place) { return wanted < place.first; });
  RIALTO_ASSERT(behind != places_.begin());
  RIALTO_ASSERT(at <= range_.last);
  return block(static_cast<std::size_t>(behind - places_.begin()) - 1);
}

bool archive_reader::is_whole() const {
  auto hash = hash64(bytes_at(0, header_bytes));
  for (const auto& place : places_) hash = hash64(bytes_at(place.offset, place.stored_bytes), hash);
  return hash == sums_.hash;
}

} // namespace rialto::storage

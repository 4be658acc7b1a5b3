// Archives of the journal: a file is refused with a reason, or gives its rows without gap and within bounds.
#include "storage/archive_file.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/memory_file.hpp"

#include <zlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace rialto::fuzz {

namespace {

using namespace rialto::storage;

// The grammar of docs/formats/journal.md, as far as a checksum's place needs it.
constexpr std::size_t header_bytes = 32, place_bytes = 32, tail_bytes = 48;
constexpr std::size_t inflated_max = 64 << 20; // of one file here

std::uint32_t crc_of(std::string_view bytes) {
  return static_cast<std::uint32_t>(
    crc32_z(0, reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()));
}

void put_crc(std::string& bytes, std::size_t at, std::string_view of) {
  const auto crc = crc_of(of);
  std::memcpy(bytes.data() + at, &crc, sizeof crc);
}

/// With the checksums that its bytes would need, so that what lies behind them is met.
std::string repaired(std::string bytes) {
  if (bytes.size() < header_bytes + tail_bytes) return bytes;
  const std::string_view all = bytes;
  put_crc(bytes, 28, all.substr(0, 28));
  const auto tail = bytes.size() - tail_bytes;
  const auto count = byte_reader(all.substr(tail + 8)).get<std::uint32_t>();
  if (count > (tail - header_bytes) / place_bytes) return bytes;
  const auto index = tail - count * place_bytes;
  for (auto place = index; place < tail; place += place_bytes) {
    byte_reader in(all.substr(place + 16));
    const auto offset = in.get<std::uint64_t>();
    const auto size = in.get<std::uint32_t>();
    if (offset <= index && size <= index - offset)
      put_crc(bytes, place + 28, all.substr(offset, size));
  }
  put_crc(bytes, bytes.size() - 12, all.substr(index, bytes.size() - 12 - index));
  return bytes;
}

void check_archive(const std::string& bytes) {
  const memory_file stored(bytes);
  try {
    const archive_reader file(stored.path());
    RIALTO_ASSERT(file.range().first > 0 && file.range().first <= file.range().last);
    RIALTO_ASSERT(file.blocks().size() * place_bytes < bytes.size());
    RIALTO_ASSERT(file.sums().stored_bytes == bytes.size());
    static_cast<void>(file.is_whole());
    std::uint64_t inflated = 0;
    for (const auto& place : file.blocks()) // zlib packs 1,032 bytes into one at most
      RIALTO_ASSERT_VALUES(place.bytes <= 1'032ULL * place.stored_bytes, place.bytes,
                           place.stored_bytes);
    for (std::size_t i = 0; i < file.blocks().size(); ++i) {
      inflated += file.blocks()[i].bytes;
      if (inflated > inflated_max) return;
      auto next = file.blocks()[i].first;
      static_cast<void>(file.block(i)->read(next, [&](position at, epoch, std::string_view blob) {
        RIALTO_ASSERT(at == next++ && blob.size() <= file.blocks()[i].bytes);
        return true;
      }));
    }
  } catch (const journal_error& refusal) {
    RIALTO_ASSERT(std::string_view(refusal.what()).starts_with(stored.path() + ": "));
  }
}

std::vector<std::string> make_archives() {
  const auto path =
    std::filesystem::temp_directory_path() / ("rialto-fuzz-" + std::to_string(::getpid()));
  std::vector<std::string> all;
  for (const std::size_t block_bytes : {100, 1'000'000}) {
    archive_writer file(path.string(), {4, 101, 105}, nullptr, block_bytes);
    for (const std::size_t size : {0, 5, 90, 40, 200}) file.add(3, std::string(size, 'r'));
    file.finish();
    std::ifstream in(path, std::ios::binary);
    all.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>{});
  }
  std::filesystem::remove(path);
  return all;
}

} // namespace

RIALTO_FUZZ_TARGET(journal_archive, make_archives) {
  check_archive(std::string(input));
  check_archive(repaired(std::string(input)));
}

RIALTO_FUZZ_TARGET(archive_name) {
  const auto range = parse_archive_name(input);
  if (!range) return;
  RIALTO_ASSERT(archive_name(*range) == input);
  RIALTO_ASSERT(range->first > 0 && range->first <= range->last);
}

} // namespace rialto::fuzz

// One archive: what goes in comes out, and no byte of it can change unnoticed.
#include "storage/row_archive.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <sys/stat.h>

using namespace rialto;
using namespace rialto::storage;

namespace {

struct stored_row {
  epoch at_epoch = 0;
  std::string blob;
  friend bool operator==(const stored_row&, const stored_row&) = default;
};

/// Writes them as rows 101, 102, 103... of shard 4, in small blocks; the path.
std::string written(const temporary_directory& directory, const std::vector<stored_row>& rows,
                    std::size_t block_bytes) {
  const archive_range range{4, 101, 100 + rows.size()};
  const auto path = directory / archive_name(range);
  archive_writer file(path, range, nullptr, block_bytes);
  for (const auto& row : rows) file.add(row.at_epoch, row.blob);
  const auto sums = file.finish();
  CHECK(sums.rows == rows.size());
  CHECK(sums.stored_bytes == std::filesystem::file_size(path));
  return path;
}

std::vector<stored_row> read_back(const std::string& path) {
  const archive_reader file(path);
  std::vector<stored_row> rows;
  for (auto at = file.range().first; at <= file.range().last;) {
    const auto block = file.block_of(at);
    CHECK(block->holds(at));
    REQUIRE(block->read(at, [&](position row, epoch at_epoch, std::string_view blob) {
      CHECK(row == at++);
      rows.push_back({at_epoch, std::string(blob)});
      return true;
    }));
  }
  return rows;
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_content(const std::string& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

std::vector<stored_row> sound_rows(std::size_t count, std::size_t event_bytes) {
  std::vector<stored_row> rows;
  for (std::size_t i = 1; i <= count; ++i) rows.push_back({i / 5, sound_blob(i, event_bytes)});
  return rows;
}

} // namespace

TEST_CASE("archive_file: a name tells shard and rows, and nothing else is a name") {
  const archive_range range{17, 1, 65'536};
  CHECK(archive_name(range) == "journal-17-000000000001-000000065536.archive");
  CHECK(parse_archive_name(archive_name(range)) == range);
  const archive_range late{0, 999'999'999'999, 1'099'511'627'775};
  CHECK(parse_archive_name(archive_name(late)) == late);
  for (const auto* wrong : {"", "journal.sqlite", "journal-17-1-65536.archive",
                            "journal-17-000000000001-000000065536.archive.unfinished",
                            "journal-17-000000000005-000000000004.archive",
                            "journal-17-000000000000-000000000004.archive",
                            "journal-x-000000000001-000000000004.archive"})
    CHECK_FALSE(parse_archive_name(wrong));
}

TEST_CASE("archive_file: rows of any size come back in their order, from any row on") {
  for (const auto seed : seeds(20)) {
    CAPTURE(seed);
    random_source dice(seed);
    std::vector<stored_row> rows(1 + dice() % 300);
    for (auto& row : rows) {
      row.at_epoch = dice() % 4;
      for (auto n = dice() % (dice() % 10 == 0 ? 60'000 : 800); n > 0; --n)
        row.blob += static_cast<char>(dice() % 50);
    }
    temporary_directory directory(directory_kind::in_memory);
    const auto path = written(directory, rows, 1 + dice() % 100'000);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    CHECK(read_back(path) == rows);
    const archive_reader file(path);
    CHECK(file.is_whole());
    for (int probe = 0; probe < 20; ++probe) {
      const auto wanted = dice() % rows.size();
      std::string found;
      CHECK(file.block_of(101 + wanted)
              ->read(101 + wanted, [&](position, epoch, std::string_view blob) {
                found = blob;
                return false;
              }));
      CHECK(found == rows[wanted].blob);
    }
  }
}

TEST_CASE("archive_file: blocks of the usual size, large rows, and rows that do not compress") {
  random_source dice(5);
  std::vector<stored_row> rows(300);
  for (auto& row : rows) {
    row.blob.resize(dice() % (dice() % 50 == 0 ? 3'000'000 : 20'000));
    const bool is_noise = dice() % 2 == 0;
    for (auto& byte : row.blob) byte = static_cast<char>(is_noise ? dice() : dice() % 3);
  }
  temporary_directory directory(directory_kind::in_memory);
  const auto path = written(directory, rows, archive_writer::usual_block_bytes);
  const archive_reader file(path);
  CHECK(file.blocks().size() > 5);
  CHECK(std::any_of(file.blocks().begin(), file.blocks().end(),
                    [](const archive_block_place& one) { return one.stored_bytes > 500'000; }));
  CHECK(file.is_whole());
  CHECK(read_back(path) == rows);
}

TEST_CASE("archive_file: each changed, missing or additional byte is noticed") {
  temporary_directory directory(directory_kind::in_memory);
  const auto rows = sound_rows(12, 40);
  const auto path = written(directory, rows, 300); // four blocks or so
  REQUIRE(archive_reader(path).blocks().size() > 2);
  REQUIRE(check_archive(path).empty());
  const auto whole = content_of(path);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const int change : {0x01, 0x80, 0xff}) {
      CAPTURE(at);
      auto damaged = whole;
      damaged[at] = static_cast<char>(damaged[at] ^ change);
      write_content(path, damaged);
      const auto problems = check_archive(path);
      REQUIRE_FALSE(problems.empty());
      CHECK(problems.front().find(path) == 0);
      CHECK_THROWS_AS(static_cast<void>(read_back(path)), journal_error); // nor is it read
    }
  for (std::size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    write_content(path, whole.substr(0, size));
    CHECK_FALSE(check_archive(path).empty());
  }
  write_content(path, whole + '\0');
  CHECK_FALSE(check_archive(path).empty());
  write_content(path, whole);
  CHECK(check_archive(path).empty());
}

TEST_CASE("archive_file: a damaged block is named, the others are read") {
  temporary_directory directory;
  const auto path = written(directory, sound_rows(50, 200), 2'000);
  const auto places = archive_reader(path).blocks();
  REQUIRE(places.size() > 3);
  auto bytes = content_of(path);
  bytes[places[1].offset + places[1].stored_bytes / 2] ^= 1;
  write_content(path, bytes);
  const auto problems = check_archive(path);
  REQUIRE(problems.size() == 1);
  const auto rows = "block 2 (rows " + std::to_string(places[1].first) + " to " +
                    std::to_string(places[2].first - 1) + ") is damaged";
  CHECK(problems.front().find(rows) != std::string::npos);
  const archive_reader file(path);
  CHECK_THROWS_WITH_AS(static_cast<void>(file.block_of(places[2].first - 1)),
                       doctest::Contains(rows.c_str()), journal_error);
  CHECK(file.block_of(places[2].first)->holds(places[2].first));
  CHECK_FALSE(file.is_whole());
}

TEST_CASE("archive_file: a damaged row inside a sound file and a wrong name are told") {
  temporary_directory directory;
  auto rows = sound_rows(5, 20);
  rows[3].blob[10] ^= 1;
  const auto path = written(directory, rows, 2'000);
  REQUIRE(check_archive(path).size() == 1);
  CHECK(check_archive(path).front().find("row 104 is damaged") != std::string::npos);
  const auto other = directory / archive_name({4, 201, 205});
  std::filesystem::rename(path, other);
  CHECK(check_archive(other).front().find("rows 101 to 105") != std::string::npos);
  row_archive all(directory.path());
  CHECK_THROWS_WITH_AS(static_cast<void>(all.find(4, 201)),
                       doctest::Contains("it holds other rows than its name says"), journal_error);
}

TEST_CASE("archive_file: gaps and overlaps between files are told, by shard") {
  CHECK(check_succession({}).empty());
  CHECK(check_succession({{0, 1, 10}, {0, 11, 20}, {3, 1, 5}}).empty());
  const auto problems =
    check_succession({{0, 3, 10}, {0, 12, 20}, {0, 20, 22}, {1, 1, 4}, {1, 5, 6}, {1, 2, 3}});
  REQUIRE(problems.size() == 4);
  CHECK(problems[0].find("rows 1 to 2 are missing before journal-0-000000000003") !=
        std::string::npos);
  CHECK(problems[1].find("rows 11 to 11 are missing before") != std::string::npos);
  CHECK(problems[2].find("rows 20 to 20 are in two files") != std::string::npos);
  CHECK(problems[3].find("rows 2 to 3 are in two files") != std::string::npos);
}

TEST_CASE("archive_file: the bytes of version 1 stay readable") {
  // Two rows of docs/formats/journal.md's example, epoch 3, as rows 7 and 8 of shard 0.
  temporary_directory directory;
  const auto path = directory / archive_name({0, 7, 8});
  const char* source = std::getenv("RIALTO_SOURCE_DIR");
  const auto root = source != nullptr ? std::filesystem::path(source)
                                      : std::filesystem::path(__FILE__).parent_path() / ".." / "..";
  std::ifstream golden(root / "tests" / "storage" / "golden" / "archive_v1.txt");
  std::string text, line;
  while (std::getline(golden, line))
    if (!line.starts_with('#')) text += line;
  REQUIRE_FALSE(text.empty());
  write_content(path, from_hex(text));
  CHECK(check_archive(path).empty());
  const auto rows = read_back(path);
  REQUIRE(rows.size() == 2);
  for (const auto& row : rows) {
    CHECK(row.at_epoch == 3);
    const auto records = read_blob(row.blob);
    REQUIRE(records);
    REQUIRE(records->size() == 1);
    CHECK(records->front().stream == entity_id(account_id{17}));
    CHECK(records->front().first_event == 4);
  }
}

// A packed file: what goes in comes out, tar reads it too, and no damage is taken for content.
#include "storage/backup_file.hpp"
#include "storage/journal.hpp"
#include "tests/storage/samples.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <map>
#include <sys/stat.h>

using namespace rialto::storage;

namespace {

using contents = std::map<std::string, std::string>;

std::string noise(std::uint64_t seed, std::size_t bytes) {
  random_source from(seed);
  std::string made(bytes, '\0');
  for (auto& one : made) one = static_cast<char>(from());
  return made;
}

/// In pieces, as files are read.
std::uint64_t pack(const std::string& path, const contents& files) {
  backup_writer into(path);
  for (const auto& [name, bytes] : files) {
    into.begin(name, bytes.size());
    for (std::string_view left = bytes; !left.empty();) {
      const auto piece = left.substr(0, 70'001);
      into.add(piece);
      left.remove_prefix(piece.size());
    }
  }
  return into.finish();
}

contents unpack(const std::string& path) {
  backup_reader from(path);
  contents found;
  while (const auto entry = from.next()) {
    auto& bytes = found[entry->name];
    from.read([&](std::string_view piece) { bytes += piece; });
    CHECK(bytes.size() == entry->bytes);
  }
  return found;
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The last byte of a deflated stream may have bits that mean nothing.
bool is_refused_or(const std::string& path, const contents& files) {
  try {
    return unpack(path) == files;
  } catch (const journal_error&) {
    return true;
  }
}

} // namespace

TEST_CASE("backup_file: what goes in comes out, of any length") {
  const temporary_directory directory;
  const contents files{{"archive/journal-0-000000000001-000000000009.archive", noise(1, 3'500'000)},
                       {"empty", ""},
                       {"one block", std::string(512, 'x')},
                       {"secret-key", "k\n"},
                       {"zeros", std::string(2'000'000, '\0')}};
  const auto path = directory / "packed";
  const auto bytes = pack(path, files);
  CHECK(bytes == std::filesystem::file_size(path));
  CHECK(unpack(path) == files);
  struct stat facts {};
  REQUIRE(::stat(path.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK_THROWS_AS(backup_writer{path}, journal_error); // never written over
}

TEST_CASE("backup_file: tar reads it") {
  const temporary_directory directory;
  const contents files{{"archive/a", noise(2, 1'500'000)}, {"b", "bytes"}};
  static_cast<void>(pack(directory / "packed", files));
  const auto command = "tar -xzf " + (directory / "packed") + " -C " + directory.path();
  REQUIRE(std::system(command.c_str()) ==
          0); // NOLINT(cert-env33-c): a tool of the system is what is tested
  for (const auto& [name, bytes] : files) CHECK(read_file(directory / name) == bytes);
}

TEST_CASE("backup_file: a reader may pass over entries") {
  const temporary_directory directory;
  static_cast<void>(pack(directory / "packed", {{"a", noise(3, 1'200'000)}, {"b", "bytes"}}));
  backup_reader from(directory / "packed");
  REQUIRE(from.next()->name == "a");
  REQUIRE(from.next()->name == "b");
  CHECK_FALSE(from.next());
  CHECK_FALSE(from.next());
}

TEST_CASE("backup_file: no change of a byte changes what is read, and no length does") {
  const temporary_directory directory;
  const contents files{{"a", "some text, some more text"}, {"b", noise(4, 300)}};
  static_cast<void>(pack(directory / "packed", files));
  const auto whole = read_file(directory / "packed");
  const auto path = directory / "changed";
  for (std::size_t at = 0; at < whole.size(); ++at) {
    CAPTURE(at);
    auto changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ 0x20);
    write_file(path, changed);
    CHECK(is_refused_or(path, files));
    write_file(path, whole.substr(0, at));
    CHECK_THROWS_AS(unpack(path), journal_error);
  }
  write_file(path, whole + "x");
  CHECK_THROWS_AS(unpack(path), journal_error);
}

TEST_CASE("backup_file: damage is named with its place") {
  const temporary_directory directory;
  static_cast<void>(pack(directory / "packed", {{"tape.sqlite", noise(5, 3'000'000)}}));
  auto bytes = read_file(directory / "packed");
  bytes[bytes.size() / 2] ^= 1; // in the second of three members
  write_file(directory / "packed", bytes);
  CHECK_THROWS_WITH_AS(
    unpack(directory / "packed"),
    doctest::Contains("which is in tape.sqlite from its byte 1048064 on: it is damaged"),
    journal_error);
}

TEST_CASE("backup_file: a tar of somebody else is no backup") {
  const temporary_directory directory;
  write_file(directory / "file", "text");
  const auto command = "tar -czf " + (directory / "packed") + " -C " + directory.path() + " file";
  REQUIRE(std::system(command.c_str()) == 0); // NOLINT(cert-env33-c): as above
  CHECK_THROWS_AS(unpack(directory / "packed"), journal_error);
}

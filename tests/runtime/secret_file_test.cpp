#include "runtime/secret_file.hpp"
#include "runtime/settings_list.hpp"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sys/stat.h>

using namespace rialto::runtime;
namespace fs = std::filesystem;

namespace {

struct temporary_directory {
  fs::path path;
  temporary_directory() {
    auto pattern = (fs::temp_directory_path() / "rialto-secret-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~temporary_directory() { fs::remove_all(path); }
  [[nodiscard]] std::string file(const char* name) const { return (path / name).string(); }
};

std::string complaint_of(const auto& what) {
  try {
    what();
  } catch (const secret_error& error) {
    return error.what();
  }
  return "nothing";
}

} // namespace

TEST_CASE("secret_file: is written for its user alone, once, and reads back") {
  const temporary_directory place;
  const auto file = place.file("s");
  CHECK_FALSE(read_secret_file(file));
  write_secret_file(file, "hush");
  CHECK(read_secret_file(file) == "hush");
  struct stat facts {};
  REQUIRE(stat(file.c_str(), &facts) == 0);
  CHECK((facts.st_mode & 0777) == 0600);
  CHECK(complaint_of([&] { write_secret_file(file, "other"); }).find("File exists") !=
        std::string::npos);
  CHECK(read_secret_file(file) == "hush");
  CHECK(std::distance(fs::directory_iterator(place.path), fs::directory_iterator()) == 1);
}

TEST_CASE("secret_file: a secret others may read, or an endless one, is refused") {
  const temporary_directory place;
  const auto file = place.file("s");
  write_secret_file(file, "hush");
  fs::permissions(file, fs::perms::group_read, fs::perm_options::add);
  const auto complaint = complaint_of([&] { (void)read_secret_file(file); });
  CHECK(complaint.find("others may read") != std::string::npos);
  CHECK(complaint.find("hush") == std::string::npos);
  write_secret_file(place.file("long"), std::string(5'000, 'x'));
  CHECK_THROWS_AS((void)read_secret_file(place.file("long")), secret_error);
  CHECK_THROWS_AS(write_secret_file("/no/such/directory/s", "x"), secret_error);
}

TEST_CASE("secret_file: the token key is made once and is strong") {
  const temporary_directory place;
  const auto key = load_token_key(place.path.string(), "");
  CHECK(weakness_of_key(key) == "");
  CHECK(load_token_key(place.path.string(), "") == key);
  CHECK(load_token_key(place.path.string(), "configured instead") == "configured instead");
  const temporary_directory other;
  CHECK(load_token_key(other.path.string(), "") != key);
}

TEST_CASE("secret_file: a weak token key in the file refuses to start") {
  const temporary_directory place;
  write_secret_file(place.file("token-key"), "changeme");
  const auto complaint = complaint_of([&] { (void)load_token_key(place.path.string(), ""); });
  CHECK(complaint.find("has fewer than 32 bytes") != std::string::npos);
  CHECK(complaint.find("changeme") == std::string::npos);
}

TEST_CASE("secret_file: random texts are never called weak and never repeat") {
  std::set<std::string> seen;
  for (int i = 0; i < 2'000; ++i) {
    const auto text = random_hex(32);
    REQUIRE(text.size() == 64);
    REQUIRE(weakness_of_key(text) == "");
    seen.insert(text);
  }
  CHECK(seen.size() == 2'000);
}

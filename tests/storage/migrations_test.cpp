#include "storage/migrations.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <sys/stat.h>

using namespace rialto::storage;

namespace {

constexpr migration first{"things", 1, "0001_things",
                          "CREATE TABLE things(id INTEGER PRIMARY KEY)"};
constexpr migration second{
  "things", 2, "0002_names",
  "ALTER TABLE things ADD COLUMN name TEXT; INSERT INTO things VALUES(1, 'a')"};
constexpr migration changed{"things", 1, "0001_things", "CREATE TABLE things(id INTEGER)"};
constexpr migration broken{"things", 2, "0002_broken", "CREATE TABLE more(id INTEGER); nonsense"};

std::int64_t rows_of(database& on, const std::string& table) {
  auto count = on.prepare("SELECT count(*) FROM " + table);
  REQUIRE(count.step());
  const auto rows = count.integer(0);
  count.reset();
  return rows;
}

} // namespace

TEST_CASE("migrations: each is applied once, in order") {
  temporary_directory directory;
  {
    database on(directory / "a.sqlite", {});
    migrate(on, "things", std::vector{first});
  }
  database on(directory / "a.sqlite", {});
  migrate(on, "things", std::vector{first, second});
  migrate(on, "things", std::vector{first, second});
  CHECK(rows_of(on, "things") == 1);
  CHECK(rows_of(on, "migrations") == 2);
}

TEST_CASE("migrations: a changed file, a gap, a newer database and an unknown set are refused") {
  temporary_directory directory;
  database on(directory / "a.sqlite", {});
  migrate(on, "things", std::vector{first, second});
  CHECK_THROWS_WITH_AS(migrate(on, "things", std::vector{changed, second}),
                       doctest::Contains("was changed after it had been applied"), journal_error);
  CHECK_THROWS_WITH_AS(migrate(on, "things", std::vector{first}),
                       doctest::Contains("written by a newer one"), journal_error);
  CHECK_THROWS_WITH_AS(migrate(on, "things", std::vector{second}),
                       doctest::Contains("does not follow"), journal_error);
  CHECK_THROWS_WITH_AS(migrate(on, "nothing"), doctest::Contains("no such set"), journal_error);
}

TEST_CASE("migrations: one that fails leaves nothing behind") {
  temporary_directory directory;
  database on(directory / "a.sqlite", {});
  CHECK_THROWS_AS(migrate(on, "things", std::vector{first, broken}), sqlite_error);
  CHECK(rows_of(on, "migrations") == 1);
  migrate(on, "things", std::vector{first, second}); // "more" does not exist, so this is free to go
  CHECK(rows_of(on, "sqlite_schema WHERE name = 'more'") == 0);
}

TEST_CASE("migrations: the embedded sets apply to an empty database") {
  for (const auto& one : embedded_migrations()) {
    if (one.number != 1 || one.set == "postgres") continue; // those are another engine's
    temporary_directory directory;
    database on(directory / "a.sqlite", {});
    migrate(on, one.set);
    CHECK(rows_of(on, "migrations") >= 1);
  }
}

TEST_CASE("sqlite: files are private, errors name the file, a left transaction is rolled back") {
  temporary_directory directory;
  const auto path = directory / "a.sqlite";
  database on(path, {});
  on.exec("CREATE TABLE t(x)");
  for (const auto* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    REQUIRE(::stat((path + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
  {
    transaction left(on);
    on.prepare("INSERT INTO t VALUES(?)").run(1);
  }
  CHECK(rows_of(on, "t") == 0);
  CHECK_FALSE(on.in_transaction());
  CHECK_THROWS_WITH_AS(on.exec("SELECT nothing"), doctest::Contains("a.sqlite"), sqlite_error);
  CHECK_THROWS_AS(database(directory / "no/such/folder.sqlite", {}), sqlite_error);
}

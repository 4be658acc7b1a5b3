#include "storage/postgres.hpp"
#include "storage/testing/postgres_server.hpp"

#include <doctest/doctest.h>

#include <array>
#include <optional>

using namespace rialto;
using namespace rialto::storage;

namespace {

/// One server for the file: making one costs a second.
postgres_server& server() {
  static postgres_server one(postgres_server_options{.is_synced = false});
  return one;
}

postgres_options patient() {
  postgres_options options;
  options.answer_timeout_ms = 120'000; // the machine may be starved
  return options;
}

template <class Work>
std::optional<postgres_error> error_of(Work&& work) {
  try {
    work();
  } catch (const postgres_error& problem) {
    return problem;
  }
  return std::nullopt;
}

} // namespace

TEST_CASE("postgres: values travel in binary and come back as they were") {
  postgres_connection on(server().make_database(), patient());
  on.run_script("CREATE TABLE things(number bigint, name text, body bytea, is_set boolean); "
                "CREATE TABLE others(number integer)");
  std::string body;
  for (int i = 0; i < 512; ++i) body += static_cast<char>(i);
  on.prepare("put", "INSERT INTO things VALUES($1, $2, $3, $4)");
  CHECK(on.run("put", INT64_MIN, "a name", bytes_view{body}, true).changes() == 1);
  CHECK(on.run("put", account_id{7}, std::string(), bytes_view{{}}, false).changes() == 1);
  CHECK(on.run("put", nullptr, nullptr, nullptr, nullptr).changes() == 1);
  const auto found = on.exec("SELECT * FROM things ORDER BY number NULLS LAST");
  REQUIRE(found.rows() == 3);
  CHECK(found.integer(0, 0) == INT64_MIN);
  CHECK(found.text(0, 1) == "a name");
  CHECK(found.bytes(0, 2) == body);
  CHECK(found.truth(0, 3));
  CHECK(found.number(1, 0) == 7);
  CHECK(found.bytes(1, 1).empty());
  CHECK_FALSE(found.is_null(1, 2));
  CHECK(found.is_null(2, 0));
  CHECK(found.is_null(2, 2));
  CHECK(on.exec("SELECT (-5)::integer, (-3)::smallint").integer(0, 0) == -5);
  CHECK(on.exec("SELECT (-5)::integer, (-3)::smallint").integer(0, 1) == -3);

  const std::array<std::int64_t, 3> numbers{1, -2, 3};
  const std::array names{std::string_view("x"), std::string_view(""), std::string_view("z")};
  const std::array bodies{bytes_view{body}, bytes_view{{}}, bytes_view{"q"}};
  on.exec(
    "INSERT INTO things SELECT n, t, b, true FROM unnest($1::bigint[], $2::text[], $3::bytea[]) "
    "AS u(n, t, b)",
    std::span<const std::int64_t>(numbers), std::span<const std::string_view>(names),
    std::span<const bytes_view>(bodies));
  const auto back = on.exec("SELECT number, name, body FROM things WHERE number IN (1, -2, 3) "
                            "ORDER BY name DESC");
  REQUIRE(back.rows() == 3);
  CHECK(back.integer(0, 0) == 3);
  CHECK(back.bytes(1, 2) == body);
  CHECK(back.bytes(2, 2).empty());
  CHECK(
    on.exec("SELECT cardinality($1::bigint[])", std::span<const std::int64_t>()).integer(0, 0) ==
    0);
}

TEST_CASE("postgres: an error names its SQLSTATE and leaves the connection usable") {
  postgres_connection on(server().make_database(), patient());
  on.exec("CREATE TABLE keys(k bigint PRIMARY KEY)");
  on.exec("INSERT INTO keys VALUES($1)", 1);
  const auto problem = error_of([&] { on.exec("INSERT INTO keys VALUES($1)", 1); });
  REQUIRE(problem);
  CHECK(problem->state == "23505");
  CHECK_FALSE(problem->is_lost);
  {
    postgres_transaction step(on);
    on.exec("INSERT INTO keys VALUES($1)", 2);
  } // not committed
  {
    postgres_transaction step(on);
    on.exec("INSERT INTO keys VALUES($1)", 3);
    CHECK(error_of([&] { on.exec("SELECT 1 / $1", 0); })->state == "22012");
    CHECK(on.has_failed_transaction());
  }
  CHECK_FALSE(on.in_transaction());
  {
    postgres_transaction step(on);
    on.exec("INSERT INTO keys VALUES($1)", 4);
    step.commit();
  }
  CHECK(on.exec("SELECT sum(k)::bigint FROM keys").integer(0, 0) == 5);
}

TEST_CASE("postgres: an error of the commit itself is an error of the statement") {
  postgres_connection on(server().make_database(), patient());
  on.run_script("CREATE TABLE a(k bigint PRIMARY KEY); "
                "CREATE TABLE b(k bigint REFERENCES a(k) DEFERRABLE INITIALLY DEFERRED)");
  const auto put = [&] { return on.exec("INSERT INTO b VALUES($1) RETURNING k", 1).rows(); };
  CHECK(error_of([&] { static_cast<void>(put()); })->state == "23503");
  on.prepare("put", "INSERT INTO b VALUES($1) RETURNING k");
  on.begin_pipeline();
  on.send("put", postgres_parameters(2));
  CHECK(error_of([&] { static_cast<void>(on.receive()); })->state == "23503");
  on.end_pipeline();
  CHECK(on.exec("SELECT * FROM b").empty());
}

TEST_CASE("postgres: statements of a pipeline are transactions of their own") {
  postgres_connection on(server().make_database(), patient());
  on.exec("CREATE TABLE keys(k bigint PRIMARY KEY, body bytea)");
  on.prepare("put", "INSERT INTO keys VALUES($1, $2) RETURNING k");
  const std::string body(100'000, 'x'); // more than any socket's buffer
  on.begin_pipeline();
  for (const int key : {1, 2, 1, 3, 2, 4})
    on.send("put", postgres_parameters(key, bytes_view{body}));
  std::string told;
  while (on.unreceived() > 0) {
    const auto problem = error_of([&] { told += std::to_string(on.receive().integer(0, 0)); });
    if (problem) told += problem->state == "23505" ? "!" : "?";
  }
  on.end_pipeline();
  CHECK(told == "12!3!4");
  CHECK(on.exec("SELECT count(*) FROM keys").integer(0, 0) == 4);
}

TEST_CASE("postgres: a terminated session is a lost connection") {
  const auto address = server().make_database();
  postgres_connection on(address, patient());
  postgres_connection other(address, patient());
  CHECK_FALSE(on.is_broken());
  CHECK(
    other.exec("SELECT pg_terminate_backend($1::integer, 60000)", std::to_string(on.backend_pid()))
      .truth(0, 0));
  CHECK(on.is_broken());
  const auto problem = error_of([&] { on.exec("SELECT 1"); });
  REQUIRE(problem);
  CHECK(problem->is_lost);
  CHECK_FALSE(on.is_open());
  CHECK(error_of([&] { on.exec("SELECT 1"); })->is_lost);
}

TEST_CASE("postgres: a server that is silent is a lost connection after the stated time") {
  postgres_server silent(postgres_server_options{.is_synced = false});
  postgres_options options;
  options.answer_timeout_ms = 300;
  for (const auto& address : {silent.address(), silent.socket_address()}) {
    postgres_connection on(address, options);
    silent.pause();
    const auto problem = error_of([&] { on.exec("SELECT 1"); });
    silent.resume();
    REQUIRE(problem);
    CHECK(problem->is_lost);
    CHECK(std::string(problem->what()).find("no answer in 300 ms") != std::string::npos);
  }
}

TEST_CASE("postgres: a server that dies and comes back, and several hosts") {
  postgres_server dying(postgres_server_options{.is_synced = false});
  const auto port = std::to_string(dying.port());
  postgres_connection on("postgres://rialto@127.0.0.1:1,127.0.0.1:" + port + "/postgres",
                         patient());
  CHECK(on.where() == "127.0.0.1:" + port + "/postgres");
  on.exec("CREATE TABLE kept(k bigint)");
  dying.kill();
  CHECK(error_of([&] { on.exec("SELECT 1"); })->is_lost);
  CHECK(error_of([&] { postgres_connection(dying.address(), patient()); })->is_lost);
  dying.start();
  postgres_connection again(dying.address(), patient());
  CHECK(again.exec("SELECT * FROM kept").empty());
  again.exec("ALTER SYSTEM SET default_transaction_read_only = on");
  again.exec("SELECT pg_reload_conf()");
  dying.restart();
  const auto problem = error_of([&] { postgres_connection(dying.address(), patient()); });
  REQUIRE(problem); // no host takes writes
  CHECK(std::string(problem->what()).find("read-only") != std::string::npos);
}

TEST_CASE("postgres: no message holds a password or the address as it was given") {
  postgres_server guarded(postgres_server_options{.is_synced = false, .password = "s3cretWord"});
  CHECK(postgres_connection(guarded.address(), patient()).is_open());
  const auto port = std::to_string(guarded.port());
  for (const auto& address : std::initializer_list<std::string>{
         "postgres://rialto:s3cretWorse@127.0.0.1:" + port + "/postgres", // wrong
         "postgres://rialto:s3cret/Word@127.0.0.1:" + port + "/postgres", // not written as %2F
         "postgres://rialto:s3cret@Word@127.0.0.1:" + port + "/postgres",
         "postgres://rialto:s3cret:Word@127.0.0.1:" + port + "/postgres",
         "postgres://rialto:s3cret#Word?@127.0.0.1:" + port + "/postgres",
         "postgres://rialto:s3cret%ZZ@127.0.0.1:" + port + "/postgres",
         std::string("host=127.0.0.1 password='s3cret"),
         std::string("sqlite s3cret"),
       }) {
    CAPTURE(address);
    const auto problem = error_of([&] { postgres_connection(address, patient()); });
    REQUIRE(problem);
    const std::string what = problem->what();
    CAPTURE(what);
    CHECK(what.find("s3cret") == std::string::npos);
    CHECK(what.find("Word") == std::string::npos);
  }
  CHECK(postgres_address_problem("postgres://u:p@h1:5432,h2:5433/db").empty());
  CHECK(postgres_address_problem("postgres:///db?host=/run/postgresql").empty());
  CHECK_FALSE(postgres_address_problem("postgres://u:p@ss@h/db").empty());
}

// What a lane on PostgreSQL does when its server, its session or its ownership goes.
#include "storage/postgres_journal.hpp"
#include "tests/storage/journal_contract.hpp"
#include "tests/storage/postgres_fixture.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

const entity_id alice{user_id{1}}, bob{user_id{2}};

/// Holds locks in a transaction until it is let go; its own session may idle as long as it likes.
class holder {
public:
  holder(const std::string& address, const std::string& sql) : on_(address, patient_connection()) {
    on_.exec("BEGIN");
    on_.exec(sql);
  }
  void let_go() { on_.exec("ROLLBACK"); }

private:
  postgres_connection on_;
};

/// Until that many sessions of the database wait for a lock.
void wait_for_waiting(postgres_connection& on, int count) {
  while (on.exec("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                 "AND wait_event_type = 'Lock'")
           .integer(0, 0) < count)
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

} // namespace

TEST_CASE("postgres_journal: a server killed while it appends loses nothing that it acknowledged") {
  postgres_server own(postgres_server_options{.is_synced = false});
  postgres_journal store(own.make_database(), patient_journal());
  position acknowledged = 0;
  for (int round = 0; round < 4; ++round) {
    std::atomic<position> seen{0};
    std::thread killer([&] { // in the middle of some append, wherever that is
      while (seen < static_cast<position>(20 + round * 7)) std::this_thread::yield();
      own.kill();
    });
    append_outcome outcome;
    do {
      outcome =
        store.append({{row_of(0, 0, acknowledged, "row " + std::to_string(acknowledged + 1))}, {}});
      if (outcome.result == append_result::accepted) ++acknowledged, ++seen;
    } while (outcome.result == append_result::accepted);
    killer.join();
    const bool is_unknown = outcome.result == append_result::unknown;
    if (!is_unknown) CHECK(outcome.result == append_result::failed); // it fell between two appends
    CHECK(append_one(store, 0, 0, acknowledged) == append_result::failed); // not before heads()
    CHECK_THROWS_AS(static_cast<void>(store.heads()), journal_error);      // there is no server
    own.start();
    const auto last = store.heads().at(0).last;
    CHECK(last >= acknowledged);
    CHECK(last <= acknowledged + (is_unknown ? 1 : 0));
    acknowledged = last; // what heads() shows is durable
    const auto rows = rows_from(store, 0, 1);
    REQUIRE(rows.size() == acknowledged);
    for (std::size_t i = 0; i < rows.size(); ++i) CHECK(rows[i] == "row " + std::to_string(i + 1));
  }
}

TEST_CASE(
  "postgres_journal: a snapshot that was saved is there after the server was killed, for the "
  "rows it covers were forgotten") {
  postgres_server own(postgres_server_options{.is_synced = false});
  postgres_journal store(own.make_database(), patient_journal());
  for (std::uint64_t round = 1; round <= 4; ++round) {
    store.save_snapshots({{alice, round, "a", {}}, {bob, 10 * round, "b", {}}});
    own.kill();
    own.start();
    for (const auto& [who, event] : {std::pair{alice, round}, std::pair{bob, 10 * round}}) {
      const auto found = store.load_snapshot(who);
      REQUIRE(found);
      CHECK(found->event_number == event);
    }
  }
}

TEST_CASE("postgres_journal: of a batch of snapshots the newest of each entity stays, whatever its "
          "size") {
  postgres_journal store(shared_server().make_database(), patient_journal());
  std::vector<snapshot> many;
  for (std::uint64_t i = 1; i <= 600; ++i)
    many.push_back({user_id{i}, 5, std::string(i % 200 == 0 ? 5 << 20 : 10, 'x'), {}});
  many.push_back({user_id{7}, 9, "newest", {70}});
  many.push_back({user_id{7}, 8, "older", {}});
  many.push_back({user_id{8}, 5, "again", {}});
  many.push_back({user_id{9}, 4, "late", {}});
  store.save_snapshots(many);
  for (std::uint64_t i = 1; i <= 600; ++i) REQUIRE(store.load_snapshot(user_id{i}));
  CHECK(store.load_snapshot(user_id{7})->bytes == "newest");
  CHECK(store.load_snapshot(user_id{8})->bytes == "again");
  CHECK(store.load_snapshot(user_id{9})->event_number == 5);
  CHECK(store.load_snapshot(user_id{400})->bytes.size() == 5 << 20);
  CHECK(store.wake_times() == std::map<entity_id, timestamp_ns>{{user_id{7}, {70}}});
}

TEST_CASE("postgres_journal: everything works again after a restart of the server") {
  postgres_server own(postgres_server_options{.is_synced = false});
  postgres_journal store(own.make_database(), patient_journal());
  CHECK(append_one(store, 0, 0, 0, "1", {{"email:a", alice}}) == append_result::accepted);
  store.save_snapshot({alice, 1, "one", {}});
  const auto first = store.draw_ids("order", 10);
  own.restart();
  CHECK(store.find_claim("email:a") == alice); // the pool's connections were closed
  CHECK(store.load_snapshot(alice)->bytes == "one");
  CHECK(store.draw_ids("order", 10) == first + 10);
  CHECK(append_one(store, 0, 0, 1, "2") == append_result::accepted); // so was the lane's
  CHECK(store.heads().at(0).last == 2);
  CHECK(rows_from(store, 0, 1) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("postgres_journal: while the server is away appends fail, and none comes later") {
  postgres_server own(postgres_server_options{.is_synced = false});
  postgres_journal store(own.make_database(), patient_journal());
  CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
  own.stop();
  CHECK(append_one(store, 0, 0, 1, "lost") == append_result::failed);
  CHECK(append_one(store, 0, 0, 1, "lost") == append_result::failed); // until heads()
  CHECK_THROWS_AS(static_cast<void>(store.heads()), journal_error);
  own.start();
  CHECK(append_one(store, 0, 0, 1, "lost") == append_result::failed);
  CHECK(store.heads().at(0).last == 1);
  CHECK(append_one(store, 0, 0, 1, "2") == append_result::accepted);
  CHECK(rows_from(store, 0, 1) == std::vector<std::string>{"1", "2"});
}

TEST_CASE(
  "postgres_journal: an append whose session is terminated is unknown until heads() tells") {
  const auto address = shared_server().make_database();
  postgres_journal store(address, patient_journal());
  postgres_connection on(address, patient_connection());
  CHECK(append_one(store, 0, 0, 0) == append_result::accepted);
  const auto former = store.backend_pid();
  holder lock(address, "SELECT FROM shards FOR UPDATE");
  store.send({{row_of(0, 0, 1)}, {}});
  wait_for_waiting(on, 1);
  CHECK(on.exec("SELECT pg_terminate_backend($1::bigint::integer, 60000)", former).truth(0, 0));
  CHECK(store.receive().result == append_result::unknown);
  lock.let_go();
  CHECK(append_one(store, 0, 0, 1) == append_result::failed); // it asks nobody by itself
  CHECK(store.heads().at(0).last == 1);
  CHECK(store.backend_pid() != former);
  CHECK(append_one(store, 0, 0, 1) == append_result::accepted);
}

TEST_CASE("postgres_journal: a session that ends while nothing is under way costs no append") {
  const auto address = shared_server().make_database();
  postgres_journal first(address, patient_journal()), second(address, patient_journal());
  postgres_connection on(address, patient_connection());
  CHECK(append_one(first, 0, 0, 0) == append_result::accepted);
  CHECK(append_one(first, 1, 0, 0) == append_result::accepted);
  const auto end = [&] {
    const auto former = first.backend_pid();
    CHECK(on.exec("SELECT pg_terminate_backend($1::bigint::integer, 60000)", former).truth(0, 0));
  };
  end();
  CHECK(append_one(first, 0, 0, 1) == append_result::accepted);
  end();
  REQUIRE(second.take_over(0, 1).is_taken); // meanwhile
  CHECK(append_one(first, 0, 0, 2) == append_result::stale);
  CHECK(first.heads().at(0).at_epoch == 1);
  CHECK(append_one(first, 1, 0, 1) == append_result::accepted);
}

TEST_CASE("postgres_journal: what heads() does not show never appears") {
  const auto address = shared_server().make_database();
  auto options = patient_journal();
  options.connections.answer_timeout_ms = 1'000; // this one is to pass
  postgres_journal store(address, options);
  postgres_connection on(address, patient_connection());
  CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
  holder lock(address, "SELECT FROM shards FOR UPDATE");
  CHECK(append_one(store, 0, 0, 1, "late") ==
        append_result::unknown); // it still waits in the server
  wait_for_waiting(on, 1);
  std::map<shard_id, journal_head> heads;
  while (heads.empty()) {
    try {
      heads = store.heads();
    } catch (const journal_error&) { // a starved machine: the time above is short
    }
  }
  CHECK(heads.at(0).last == 1);
  lock.let_go();
  while (append_one(store, 0, 0, 1, "2") != append_result::accepted)
    static_cast<void>(store.heads());
  CHECK(rows_from(store, 0, 1) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("postgres_journal: of two lanes the one with the current epoch writes") {
  const auto address = shared_server().make_database();
  postgres_journal first(address, patient_journal()), second(address, patient_journal());
  REQUIRE(first.take_over(0, 1).is_taken);
  REQUIRE(first.take_over(1, 1).is_taken);
  CHECK(append_one(first, 0, 1, 0) == append_result::accepted);
  CHECK_FALSE(second.take_over(0, 1).is_taken);
  CHECK(append_one(second, 0, 2, 1) == append_result::stale); // an epoch nobody has given yet
  CHECK(second.heads().at(0).at_epoch == 1);
  const auto taken = second.take_over(0, 2);
  CHECK(taken.is_taken);
  CHECK(taken.head.last == 1);
  CHECK(second.take_over(0, 2).is_taken);
  CHECK_FALSE(first.take_over(0, 2).is_taken);
  CHECK(append_one(second, 0, 2, 1) == append_result::accepted);
  const auto refused = first.append({{row_of(0, 1, 1)}, {}}); // it was paused and wakes up
  CHECK(refused.result == append_result::stale);
  CHECK(refused.detail.find("shard 0 is at epoch 2 row 2") != std::string::npos);
  CHECK(first.heads().at(0).at_epoch == 2);
  CHECK(append_one(first, 1, 1, 0) == append_result::accepted); // its other shard is still its own
  CHECK(second.heads().at(1).last == 1);
}

TEST_CASE("postgres_journal: a takeover ends the session of an owner that hangs in an append") {
  const auto address = shared_server().make_database();
  postgres_journal first(address, patient_journal()), second(address, patient_journal());
  postgres_connection on(address, patient_connection());
  REQUIRE(first.take_over(0, 1).is_taken);
  CHECK(append_one(first, 0, 1, 0) == append_result::accepted);
  // The append holds its shard's row and waits for a key that another transaction has put.
  holder lock(address, "INSERT INTO claims(key, owner) VALUES('email:a', 1)");
  first.send({{row_of(0, 1, 1)}, {{"email:a", bob}}});
  wait_for_waiting(on, 1);
  const auto taken = second.take_over(0, 2);
  CHECK(taken.is_taken);
  CHECK(taken.head.last == 1);
  CHECK(first.receive().result == append_result::unknown);
  lock.let_go();
  CHECK(append_one(second, 0, 2, 1, "second") == append_result::accepted);
  const auto heads = first.heads();
  CHECK(heads.at(0).at_epoch == 2);
  CHECK(heads.at(0).last == 2);
  CHECK(append_one(first, 0, 1, 2) == append_result::stale);
}

TEST_CASE("postgres_journal: behind a refused append of a pipeline all are refused") {
  postgres_journal store(shared_server().make_database(), patient_journal());
  CHECK(append_one(store, 1, 0, 0) == append_result::accepted);
  store.send({{row_of(1, 0, 1)}, {}});
  store.send({{row_of(1, 0, 7)}, {}}); // no such predecessor
  store.send({{row_of(2, 0, 0)}, {}}); // sound in itself, and another shard
  store.send({{row_of(1, 0, 2)}, {}});
  CHECK(store.receive().result == append_result::accepted);
  CHECK(store.receive().result == append_result::stale);
  CHECK(store.receive().result == append_result::failed);
  CHECK(store.receive().result == append_result::failed);
  CHECK(append_one(store, 2, 0, 0) == append_result::failed);
  const auto heads = store.heads();
  CHECK(heads.at(1).last == 2);
  CHECK_FALSE(heads.contains(2));
  for (position at = 0; at < 50; ++at)
    store.send({{row_of(2, 0, at, std::string(50'000, 'x'))}, {}});
  for (position at = 0; at < 50; ++at) CHECK(store.receive().result == append_result::accepted);
  CHECK(store.heads().at(2).last == 50);
}

TEST_CASE("postgres_journal: a full disk refuses appends, and nothing is written") {
  const auto address = shared_server().make_database();
  postgres_journal store(address, patient_journal());
  postgres_connection on(address, patient_connection());
  CHECK(append_one(store, 0, 0, 0, "1") == append_result::accepted);
  on.run_script("CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                "RAISE EXCEPTION 'could not extend file' USING ERRCODE = 'disk_full'; END $$; "
                "CREATE TRIGGER full_disk AFTER INSERT ON journal EXECUTE FUNCTION full_disk()");
  const auto refused = store.append({{row_of(0, 0, 1)}, {{"email:a", alice}}});
  CHECK(refused.result == append_result::failed);
  CHECK(refused.detail.find("could not extend file (53100)") != std::string::npos);
  CHECK(store.heads().at(0).last == 1); // needs no room
  CHECK(append_one(store, 0, 0, 1) == append_result::failed);
  on.run_script("DROP TRIGGER full_disk ON journal");
  CHECK(store.heads().at(0).last == 1);
  CHECK(append_one(store, 0, 0, 1, "2") == append_result::accepted);
  CHECK_FALSE(store.find_claim("email:a"));
  CHECK(rows_from(store, 0, 1) == std::vector<std::string>{"1", "2"});
}

TEST_CASE("postgres_journal: what a database calls durable is not taken from its defaults") {
  const auto address = shared_server().make_database();
  postgres_connection on(address, patient_connection());
  on.exec("ALTER DATABASE " + address.substr(address.rfind('/') + 1) +
          " SET synchronous_commit = off");
  postgres_journal store(address, patient_journal());
  on.run_script(
    "CREATE TABLE seen(mode text); "
    "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
    "INSERT INTO seen VALUES(current_setting('synchronous_commit')); RETURN NULL; END $$; "
    "CREATE TRIGGER look AFTER INSERT ON journal EXECUTE FUNCTION look(); "
    "CREATE TRIGGER look AFTER INSERT ON sequences EXECUTE FUNCTION look()");
  CHECK(append_one(store, 0, 0, 0) == append_result::accepted);
  static_cast<void>(store.draw_ids("order", 1));
  const auto seen = on.exec("SELECT count(*), count(*) FILTER (WHERE mode = 'on') FROM seen");
  CHECK(seen.integer(0, 0) == 2);
  CHECK(seen.integer(0, 1) == 2);
}

#include "storage/cluster_store.hpp"
#include "tests/storage/cluster_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <thread>

using namespace rialto;
using namespace rialto::storage;

namespace {

constexpr int patient_ms = 120'000;
constexpr std::uint8_t joining = 0, up = 1, gone = 3;

postgres_server& server() {
  static postgres_server one(postgres_server_options{.is_synced = false});
  return one;
}

/// A session of somebody, on a database of the case's own.
struct session {
  explicit session(const std::string& address)
      : on(open_cluster_session(address, "rialto test", patient_ms)), store(on) {}
  /// Joins as a node of four shards.
  std::uint64_t join(const std::string& name, const std::string& process = "p") {
    me = store.join("rialto", 4, {name, process, name + ":4000", 4}).id;
    return me;
  }
  cluster_answer renew(std::uint8_t declared = up, std::uint64_t since = 0) {
    return store.renew({me, "", "", declared, since});
  }
  bool is_alive() {
    try {
      on.exec("SELECT 1");
      return true;
    } catch (const postgres_error&) {
      return false;
    }
  }
  postgres_connection on;
  cluster_store store;
  std::uint64_t me = 0;
};

/// A node with both of its sessions, leading.
struct leading_node {
  explicit leading_node(const std::string& address, const std::string& name = "a")
      : own(address), lead(address) {
    own.join(name);
    static_cast<void>(own.renew());
    REQUIRE(lead.store.enter(own.me, true) == cluster_entry::entered);
    REQUIRE(lead.store.try_lock(own.me));
  }
  cluster_shard row(shard_id shard) {
    for (const auto& one : own.store.read().changed_shards)
      if (one.shard == shard) return one;
    return {};
  }
  std::uint64_t change(const cluster_change& what) { return lead.store.write_changes({&what, 1}); }
  std::uint64_t pass(std::uint64_t me, const cluster_handover& what) {
    return own.store.pass_on(me, {&what, 1});
  }
  session own, lead;
};

} // namespace

TEST_CASE("cluster_store: the first one makes the cluster, later ones are told what there is") {
  session one(testing::make_cluster_database(server()));
  CHECK_FALSE(one.store.read().exists);
  CHECK(one.store.create("rialto", 4).shard_count == 4);
  const auto known = one.store.create("other", 8);
  CHECK(known.name == "rialto");
  CHECK(known.shard_count == 4);
  const auto read = one.store.read();
  CHECK(read.exists);
  CHECK(read.changed_shards.size() == 4);
  CHECK(read.nodes.empty());
  const auto refused = one.store.join("other", 8, {"a", "p", "a:1", 4});
  CHECK(refused.id == 0);
  CHECK(refused.known.name == "rialto");
  CHECK(one.store.read().nodes.empty());
}

TEST_CASE("cluster_store: an incarnation is given once, and a name has one row") {
  const auto address = testing::make_cluster_database(server());
  session first(address), second(address), other(address);
  CHECK(first.join("a", "p1") == 1);
  CHECK(other.join("b") == 2);
  CHECK(first.is_alive());
  CHECK(second.join("a", "p2") == 3);
  CHECK_FALSE(first.is_alive()); // the former life's session is over when join returns
  CHECK(other.is_alive());
  const auto read = other.renew();
  REQUIRE(read.nodes.size() == 2);
  CHECK(read.is_renewed);
  session former(address);
  const auto answer = former.store.renew({1, "a", "p1", up, 0});
  CHECK_FALSE(answer.is_renewed);
  CHECK(answer.is_replaced);
  CHECK_FALSE(former.store.renew({1, "a", "p2", up, 0}).is_replaced); // its own later life
  CHECK(former.store.enter(1, false) == cluster_entry::no_such_life);
}

TEST_CASE(
  "cluster_store: a renewal counts, says the state, and reads what changed since a version") {
  leading_node a(testing::make_cluster_database(server()));
  const auto first = a.own.renew(joining);
  const auto second = a.own.renew(up, first.version);
  CHECK(second.changed_shards.empty());
  REQUIRE(second.nodes.size() == 1);
  CHECK(second.nodes[0].name == "a");
  CHECK(second.nodes[0].address == "a:4000");
  CHECK(second.nodes[0].roles == 4);
  CHECK(second.nodes[0].state == up);
  CHECK(second.nodes[0].renewal == first.nodes[0].renewal + 1);
  CHECK(second.nodes[0].renewed_at >= first.nodes[0].renewed_at);
  CHECK(second.database_now >= second.nodes[0].renewed_at);
  CHECK(second.database_started == first.database_started);
  CHECK(second.leader == a.own.me);
  CHECK(a.change({.shard = 2, .owner = 1, .at_epoch = 1}) == 1);
  const auto third = a.own.renew(up, second.version);
  REQUIRE(third.changed_shards.size() == 1);
  CHECK(third.changed_shards[0].shard == 2);
  CHECK(third.version > second.version);
}

TEST_CASE("cluster_store: what reads a version has every change up to it") {
  const auto address = testing::make_cluster_database(server());
  session slow(address), quick(address), reader(address);
  slow.store.create("rialto", 4);
  const auto before = reader.store.read().version;
  slow.on.exec("BEGIN");
  CHECK(slow.store.wish_move(1, 9)); // has its version, is not committed
  std::thread behind([&] { CHECK(quick.store.wish_move(2, 9)); });
  const auto between = reader.store.renew({.since = before});
  CHECK(between.version == before);
  CHECK(between.changed_shards.empty());
  slow.on.exec("COMMIT");
  behind.join();
  const auto after = reader.store.renew({.since = between.version});
  CHECK(after.changed_shards.size() == 2);
  CHECK(after.version == before + 2);
}

TEST_CASE("cluster_store: a new session ends the former one of its kind") {
  const auto address = testing::make_cluster_database(server());
  leading_node a(address);
  session own(address), lead(address);
  CHECK(own.store.enter(a.own.me, false) == cluster_entry::entered);
  CHECK_FALSE(a.own.is_alive());
  CHECK(a.lead.is_alive());
  CHECK(lead.store.enter(a.own.me, true) == cluster_entry::entered);
  CHECK_FALSE(a.lead.is_alive());
  CHECK(own.store.read().leader == 0); // and the lock is free
  CHECK(lead.store.try_lock(a.own.me));
  CHECK(lead.store.enter(a.own.me, true) ==
        cluster_entry::entered); // again: it is that one already
  CHECK(lead.is_alive());
}

TEST_CASE("cluster_store: one session leads, and only one that has entered") {
  const auto address = testing::make_cluster_database(server());
  leading_node a(address);
  session own(address), lead(address);
  own.join("b");
  CHECK_FALSE(lead.store.try_lock(own.me)); // has not entered
  CHECK(lead.store.enter(own.me, true) == cluster_entry::entered);
  CHECK_FALSE(lead.store.try_lock(own.me));
  const cluster_change change{.shard = 0, .owner = own.me, .at_epoch = 1};
  CHECK(lead.store.write_changes({&change, 1}) == 0);
  const cluster_death death{a.own.me, a.own.renew().nodes[0].renewal};
  CHECK(lead.store.write_deaths({&death, 1}) == 0);
  CHECK(a.own.renew().is_renewed);
  a.lead.store.unlock();
  CHECK(own.store.read().leader == 0);
  CHECK(lead.store.try_lock(own.me));
  CHECK(own.store.read().leader == own.me);
  CHECK(lead.store.write_changes({&change, 1}) == 1);
  lead.on.close();
  while (own.store.read().leader != 0) std::this_thread::yield(); // freed with its session
}

TEST_CASE("cluster_store: a holder is ended only if it has not renewed since, or is gone") {
  const auto address = testing::make_cluster_database(server());
  leading_node a(address);
  session b(address);
  b.join("b");
  const auto seen = b.renew().nodes;
  const auto renewal = std::find_if(seen.begin(), seen.end(), [](const auto& row) {
                         return row.name == "a";
                       })->renewal;
  static_cast<void>(a.own.renew());
  CHECK_FALSE(b.store.end_holder({a.own.me, renewal}));
  CHECK(a.lead.is_alive());
  CHECK(b.store.end_holder({a.own.me, renewal + 1}));
  CHECK_FALSE(a.lead.is_alive());
  CHECK(b.store.read().leader == 0);
  leading_node c(address, "c");
  c.own.store.leave(c.own.me);
  CHECK(b.store.end_holder({c.own.me, 0}));
  CHECK_FALSE(c.lead.is_alive());
}

TEST_CASE("cluster_store: a death holds only for the renewal it names") {
  const auto address = testing::make_cluster_database(server());
  leading_node a(address);
  session b(address);
  b.join("b");
  const auto renewal = b.renew().nodes[1].renewal;
  const auto declare = [&](std::uint64_t seen) {
    const cluster_death death{b.me, seen};
    return a.lead.store.write_deaths({&death, 1});
  };
  static_cast<void>(b.renew());
  CHECK(declare(renewal) == 0);
  CHECK(b.renew().is_renewed);
  CHECK(declare(renewal + 2) == 1);
  CHECK(declare(renewal + 2) == 0);
  CHECK_FALSE(b.renew().is_renewed); // a row that is gone never comes back
  CHECK(b.store.enter(b.me, false) == cluster_entry::no_such_life);
  CHECK(a.own.renew().nodes.size() == 2);
}

TEST_CASE("cluster_store: a change of the leader holds only for the row it was made from") {
  leading_node a(testing::make_cluster_database(server()));
  const cluster_change right{.shard = 1, .owner = 1, .at_epoch = 1};
  const auto with = [&](auto change) {
    auto made = right;
    change(made);
    return made;
  };
  CHECK(a.change(with([](auto& c) { c.seen_epoch = 1; })) == 0);
  CHECK(a.change(with([](auto& c) { c.seen_next = 7; })) == 0);
  CHECK(a.change(with([](auto& c) { c.seen_wanted = 7; })) == 0);
  CHECK(a.change(with([](auto& c) { c.shard = 4; })) == 0);
  CHECK(a.change(with([](auto& c) { c.at_epoch = 0; })) == 0); // an owner needs an epoch of its own
  CHECK(a.row(1).owner == 0);
  CHECK(a.change(right) == 1);
  CHECK(a.change(right) == 0);
  auto row = a.row(1);
  CHECK(row.owner == 1);
  CHECK(row.at_epoch == 1);
  CHECK(row.changed_at.value > 0);
  CHECK(row.moved_at.value == 0);
  CHECK(a.change(
          {.shard = 1, .seen_epoch = 1, .owner = 1, .at_epoch = 1, .next = 2, .is_move = true}) ==
        1);
  row = a.row(1);
  CHECK(row.next == 2);
  CHECK(row.at_epoch == 1);
  CHECK(row.moved_at == row.changed_at);
}

TEST_CASE("cluster_store: of several changes those that hold are made, in one version") {
  leading_node a(testing::make_cluster_database(server()));
  const std::vector<cluster_change> many{{.shard = 0, .owner = 1, .at_epoch = 1},
                                         {.shard = 1, .seen_epoch = 9, .owner = 1, .at_epoch = 10},
                                         {.shard = 2, .owner = 1, .at_epoch = 1}};
  const auto before = a.own.renew().version;
  CHECK(a.lead.store.write_changes(many) == 2);
  CHECK(a.own.renew().version == before + 1);
  CHECK(a.own.renew(up, before).changed_shards.size() == 2);
}

TEST_CASE("cluster_store: only the owner passes on, and what the row says") {
  leading_node a(testing::make_cluster_database(server()));
  REQUIRE(a.change({.shard = 3, .owner = 1, .at_epoch = 4, .next = 2}) == 1);
  const cluster_handover right{.shard = 3, .seen_epoch = 4, .seen_next = 2, .to = 2, .to_epoch = 5};
  CHECK(a.pass(2, right) == 0);
  CHECK(a.pass(1, {3, 3, 2, 2, 5}) == 0);
  CHECK(a.pass(1, {3, 4, 0, 2, 5}) == 0);
  CHECK(a.pass(1, {3, 4, 2, 2, 4}) == 0); // an epoch never stays with a new owner
  CHECK(a.row(3).owner == 1);
  CHECK(a.pass(1, right) == 1);
  CHECK(a.pass(1, right) == 0);
  const auto row = a.row(3);
  CHECK(row.owner == 2);
  CHECK(row.at_epoch == 5);
  CHECK(row.next == 0);
}

TEST_CASE("cluster_store: wishes stand in the rows until they are taken back") {
  leading_node a(testing::make_cluster_database(server()));
  CHECK(a.own.store.wish_move(2, 7));
  CHECK(a.row(2).wanted == 7);
  CHECK_FALSE(a.own.store.wish_move(4, 7));
  CHECK(a.own.store.wish_move(2, 0));
  CHECK(a.row(2).wanted == 0);
  CHECK_FALSE(a.own.renew().is_drain_wished);
  CHECK(a.own.store.wish_drain(a.own.me));
  CHECK(a.own.renew().is_drain_wished);
  CHECK_FALSE(a.own.store.wish_drain(77));
  a.own.store.leave(a.own.me);
  const auto read = a.own.renew();
  CHECK_FALSE(read.is_renewed);
  CHECK(read.nodes[0].state == gone);
  CHECK_FALSE(a.own.store.wish_drain(a.own.me));
}

TEST_CASE("cluster_store: a statement that nobody waits for any more is ended by the server") {
  const auto address = testing::make_cluster_database(server());
  session holder(address), reader(address);
  holder.store.create("rialto", 4);
  holder.on.exec("BEGIN");
  CHECK(holder.store.wish_move(0, 1)); // holds the row of cluster
  auto brief = open_cluster_session(address, "rialto test", 300);
  CHECK_THROWS_AS(cluster_store(brief).wish_move(1, 1), postgres_error);
  holder.on.exec("COMMIT");
  for (int i = 0; i < 5; ++i) CHECK(reader.store.read().version == 2);
}

#include "tests/runtime/cluster_nodes.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

storage::postgres_server& server() {
  static storage::postgres_server one(storage::postgres_server_options{.is_synced = false});
  return one;
}

std::string new_database() {
  return make_cluster_database(server());
}

} // namespace

TEST_CASE("cluster_driver: three nodes that start own every shard, each once and evenly") {
  test_cluster all(new_database());
  auto& a = all.add(all.patient("a"));
  auto& b = all.add(all.patient("b"));
  auto& c = all.add(all.patient("c"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b, &c}); }));
  CHECK(all.record().doubles() == 0);
  CHECK(a.driver.shard_count() == test_cluster::shards);
  CHECK(a.driver.may_read());
  const auto peers = a.get(&test_node::peers_);
  REQUIRE(peers.size() == 2);
  const std::set<std::string> names{peers[0].name, peers[1].name};
  CHECK(names == std::set<std::string>{"b", "c"});
  CHECK(peers[0].address == peers[0].name + ".example:4000");
  // One leads, the rows say which, and everybody knows.
  const auto leader = all.read().leader;
  std::size_t leading = 0;
  for (const auto* node : {&a, &b, &c}) {
    const auto seen = node->driver.status();
    CHECK(seen.lease == own_lease::confirmed);
    CHECK(seen.nodes.size() == 3);
    CHECK(seen.serving.size() == node->open().size());
    if (seen.leads) {
      ++leading;
      CHECK(seen.me == leader);
    }
    CHECK(node->get(&test_node::wrong_routes_) == 0);
  }
  CHECK(leading == 1);
}

TEST_CASE("cluster_driver: nobody owns anything before its mesh stands, nor without the role") {
  test_cluster all(new_database());
  auto without = all.patient("edge");
  without.roles = role_edge;
  auto& edge = all.add(without);
  auto& a = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return all.is_served_by({&edge, &a}); }));
  CHECK(edge.open().empty());
  CHECK(edge.driver.route_of(3).owner == a.driver.me());
}

TEST_CASE("cluster_driver: a node that joins gets its share, at the stated rate") {
  test_cluster all(new_database());
  const auto slow = [&](const char* name) {
    auto options = all.patient(name);
    options.placement.moves_per_second = 3;
    return options;
  };
  auto& a = all.add(slow("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a}); }));
  auto& b = all.add(slow("b"));
  std::multiset<std::int64_t> moves; // begun, by the database's clock
  std::map<shard_id, std::int64_t> last;
  REQUIRE(comes_true([&] {
    for (const auto& row : all.read().changed_shards)
      if (row.moved_at.value != 0 && last[row.shard] != row.moved_at.value) {
        last[row.shard] = row.moved_at.value;
        moves.insert(row.moved_at.value);
      }
    return all.is_balanced({&a, &b});
  }));
  CHECK(moves.size() == test_cluster::shards / 2); // no more than balance needs
  const std::vector<std::int64_t> stamps(moves.begin(), moves.end());
  for (std::size_t i = 3; i < stamps.size(); ++i) CHECK(stamps[i] - stamps[i - 3] >= 1'000'000'000);
  CHECK(a.get(&test_node::stops_) == moves.size()); // handed over, never taken
  CHECK(a.get(&test_node::drops_of_open_) == 0);
  CHECK(all.record().doubles() == 0);
}

TEST_CASE("cluster_driver: a node that drains hands over what it has and leaves") {
  test_cluster all(new_database());
  auto& a = all.add(all.patient("a"));
  auto& b = all.add(all.patient("b"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b}); }));
  auto& leading = a.driver.status().leads ? a : b; // the harder one
  auto& other = &leading == &a ? b : a;
  const auto had = leading.open();
  leading.driver.ask_drain();
  REQUIRE(comes_true([&] { return leading.has_left(leave_reason::drained); }));
  CHECK(leading.get(&test_node::drops_of_open_) == 0);
  CHECK(leading.open().empty());
  CHECK_FALSE(leading.driver.may_read());
  REQUIRE(comes_true([&] { return all.is_served_by({&other}); }));
  for (const auto& [shard, at_epoch] : had)
    CHECK(all.row(shard).at_epoch == at_epoch + 1); // by the owner's hand, so by one
  CHECK(all.record().doubles() == 0);
  for (const auto& row : all.read().nodes)
    CHECK((row.state == static_cast<int>(node_state::gone)) == (row.id != other.driver.me()));
}

TEST_CASE("cluster_driver: the last node that drains waits for nobody, and its shards wait for the "
          "next one") {
  test_cluster all(new_database());
  auto& a = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a}); }));
  a.driver.ask_drain();
  REQUIRE(comes_true([&] { return a.has_left(leave_reason::drained); }));
  auto& b = all.add(all.patient("b"));
  REQUIRE(comes_true([&] { return all.is_served_by({&b}); }));
  CHECK(all.record().doubles() == 0);
}

TEST_CASE("cluster_driver: an operator's wishes in the rows are carried out") {
  test_cluster all(new_database());
  auto& a = all.add(all.patient("a"));
  auto& b = all.add(all.patient("b"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b}); }));
  const auto moved = a.open().begin()->first;
  CHECK(all.store().wish_move(moved, b.driver.me()));
  REQUIRE(comes_true([&] { return b.open().contains(moved) && all.is_balanced({&a, &b}); }));
  CHECK(all.store().wish_move(moved, 4'711)); // nobody: refused, and the wish is gone
  REQUIRE(comes_true([&] { return all.row(moved).wanted == nobody; }));
  CHECK(all.row(moved).owner == b.driver.me());
  CHECK(all.store().wish_drain(a.driver.me()));
  REQUIRE(comes_true([&] { return a.has_left(leave_reason::drained); }));
  REQUIRE(comes_true([&] { return all.is_served_by({&b}); }));
}

TEST_CASE("cluster_driver: a node that is stopped loses its shards, the lock, and learns it") {
  test_cluster all(new_database());
  auto& a = all.add(all.brief("a"));
  auto& b = all.add(all.brief("b"));
  auto& c = all.add(all.brief("c"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b, &c}); }));
  std::vector<test_node*> others{&a, &b, &c};
  REQUIRE(comes_true([&] { return all.read().leader != nobody; }));
  const auto leader = all.read().leader;
  const auto at = std::find_if(others.begin(), others.end(),
                               [&](const auto* node) { return node->driver.me() == leader; });
  REQUIRE(at != others.end());
  auto& hung = **at;
  others.erase(at);
  const auto lives = hung.get(&test_node::lives_).size();
  hung.clock.set_stopped(true);
  REQUIRE(comes_true([&] { return all.is_balanced(others); }));
  CHECK(all.read().leader != leader);
  CHECK(hung.open().size() > 0); // it does not know yet: two copies, one of a lower epoch
  CHECK_FALSE(hung.driver.may_read({runtime::system_clock().monotonic_ns()}));
  hung.clock.set_stopped(false);
  REQUIRE(comes_true([&] {
    return hung.get(&test_node::lives_).size() > lives && all.is_balanced({&a, &b, &c});
  }));
  CHECK(hung.has_been(own_lease::lost));
  CHECK(hung.get(&test_node::drops_of_open_) > 0);
  CHECK(all.record().doubles() == 0);
  std::size_t ended = 0, deaths = 0;
  for (const auto* node : others) {
    ended += node->driver.status().holders_ended;
    deaths += node->driver.status().deaths_written;
  }
  CHECK(ended > 0);
  CHECK(deaths > 0);
}

TEST_CASE("cluster_driver: a node that was killed is missed, and its name comes back") {
  test_cluster all(new_database());
  auto& a = all.add(all.brief("a"));
  auto& b = all.add(all.brief("b"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b}); }));
  const auto was = a.driver.me();
  all.kill(a);
  b.driver.peer_closed(was);
  REQUIRE(comes_true([&] { return all.is_balanced({&b}); }));
  auto& again = all.add(all.brief("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&again, &b}); }));
  CHECK(again.driver.me() > was);
  CHECK(all.record().doubles() == 0);
}

TEST_CASE("cluster_driver: a server that was away longer than a lease costs nobody his life") {
  storage::postgres_server own_server(storage::postgres_server_options{.is_synced = false});
  test_cluster all(make_cluster_database(own_server));
  const auto options = [&](const char* name) {
    auto made = all.patient(name);
    made.statement_ms = 2'000;
    made.times.lease_ns = made.times.short_lease_ns = 5'000'000'000;
    made.times.reads_ns = made.times.gap_ns = 1'500'000'000;
    return made;
  };
  auto& a = all.add(options("a"));
  auto& b = all.add(options("b"));
  auto& c = all.add(options("c"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b, &c}); }));
  const auto before = a.open();
  own_server.kill();
  REQUIRE(comes_true([&] {
    return a.has_been(own_lease::lost) && b.has_been(own_lease::lost) &&
           c.has_been(own_lease::lost);
  }));
  CHECK(a.open().empty());
  CHECK_FALSE(a.driver.may_read());
  own_server.start();
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b, &c}); }));
  CHECK(a.open() == before); // the same owner, the same epoch
  for (const auto* node : {&a, &b, &c}) {
    CHECK(node->get(&test_node::lives_).size() == 1);
    CHECK(node->driver.status().deaths_written == 0);
  }
}

TEST_CASE("cluster_driver: a database that hangs stops no clock") {
  storage::postgres_server own_server(storage::postgres_server_options{.is_synced = false});
  test_cluster all(make_cluster_database(own_server));
  auto& a = all.add(all.brief("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a}); }));
  own_server.pause();
  CHECK(comes_true([&] { return a.has_been(own_lease::lost) && a.open().empty(); }));
  CHECK(a.driver.status().serving.empty());
  own_server.resume();
  CHECK(comes_true([&] { return all.is_balanced({&a}); }));
  CHECK(all.record().doubles() == 0);
}

TEST_CASE("cluster_driver: of two processes with one name the later one lives") {
  test_cluster all(new_database());
  auto& first = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&first}); }));
  auto& second = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return first.has_left(leave_reason::replaced); }));
  CHECK(first.open().empty());
  CHECK(first.get(&test_node::detail_) == "another process joined under the name \"a\"");
  REQUIRE(comes_true([&] { return all.is_balanced({&second}); }));
  CHECK(second.get(&test_node::lives_).size() == 1);
  CHECK(all.record().doubles() == 0);
}

TEST_CASE("cluster_driver: a database that holds another cluster is refused") {
  test_cluster all(new_database());
  static_cast<void>(all.store().create("theirs", 4));
  auto& a = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return a.has_left(leave_reason::refused); }));
  CHECK(a.get(&test_node::detail_) == "the database holds the cluster \"theirs\", not \"rialto\"");
  CHECK(a.driver.me() == nobody);
}

TEST_CASE(
  "cluster_driver: a shard whose journal is above its row is taken at an epoch above both") {
  test_cluster all(new_database());
  all.record().raise(5, 70); // copied from elsewhere
  auto& a = all.add(all.patient("a"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a}); }));
  CHECK(all.row(5).at_epoch == 71);
  // And one that is fenced while it is open.
  all.record().raise(6, 90);
  a.driver.shard_fenced(6, a.open().at(6), 90);
  REQUIRE(comes_true([&] { return all.row(6).at_epoch == 91 && all.is_balanced({&a}); }));
}

TEST_CASE("cluster_driver: a shard that fails to open is tried again") {
  test_cluster all(new_database());
  auto options = all.patient("a");
  options.placement.gather_ns = 1'000'000'000;
  auto& a = all.add(options);
  a.set_failures(20);
  REQUIRE(comes_true([&] { return all.is_balanced({&a}); }));
  CHECK(a.get(&test_node::failures_left_) == 0);
}

TEST_CASE("cluster_driver: a session that somebody ends is opened again, and nobody notices") {
  test_cluster all(new_database());
  auto& a = all.add(all.patient("a"));
  auto& b = all.add(all.patient("b"));
  REQUIRE(comes_true([&] { return all.is_balanced({&a, &b}); }));
  const auto end_all = [&] {
    all.session().exec("SELECT pg_terminate_backend(pid, 1000) FROM pg_stat_activity "
                       "WHERE application_name IN ('rialto node', 'rialto leader') AND datname = "
                       "current_database()");
  };
  for (int i = 0; i < 5; ++i) {
    const auto opened = a.driver.status().sessions_opened;
    end_all();
    REQUIRE(comes_true([&] { return a.driver.status().sessions_opened > opened; }));
  }
  const auto moved = a.open().begin()->first; // there is a leader again
  CHECK(all.store().wish_move(moved, b.driver.me()));
  REQUIRE(comes_true([&] { return b.open().contains(moved) && all.is_balanced({&a, &b}); }));
  CHECK(a.get(&test_node::lives_).size() == 1);
  CHECK(a.get(&test_node::drops_of_open_) == 0);
}

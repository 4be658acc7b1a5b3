#include "tests/simulation/cluster/cluster_session.hpp"
#include "tests/simulation/seeds.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

using namespace rialto;
using namespace rialto::simulation;
using rialto::testing::seeds;

namespace {

std::string first_of(const std::vector<std::string>& violations) {
  return violations.empty() ? "" : violations.front();
}

/// Three to twelve nodes and 64 shards, as clusters are.
cluster_spec small_cluster(std::uint64_t seed) {
  return honest_cluster(seed, 3 + seed % 10, 64, 20);
}

struct storm_tally {
  std::map<std::string, std::uint64_t> counts;
  std::vector<std::int64_t> served_ns, balanced_ns;

  void add(const cluster_session& session) {
    for (const auto& [what, times] : session.faults()) counts[what] += times;
    const auto& of = session.database().counts();
    counts["deaths declared"] += of.deaths;
    counts["changes refused, the row had changed"] += of.changes_refused;
    counts["takeovers refused by the journal"] += of.takeovers_refused;
    counts["sessions of stopped leaders ended"] += of.ended_holders;
    counts["statements too late for their session"] += of.too_late;
    counts["moves"] += of.moves;
    served_ns.push_back(session.served_after_ns());
    balanced_ns.push_back(session.balanced_after_ns());
  }
  [[nodiscard]] std::string text() const {
    std::string made;
    for (const auto& [what, times] : counts) made += "\n  " + what + ": " + std::to_string(times);
    const auto worst = [](const auto& all) {
      return std::to_string(*std::max_element(all.begin(), all.end()) / 1'000'000) + " ms";
    };
    return made + "\n  all shards served after the last fault: at most " + worst(served_ns) +
           "\n  balance after the last fault: at most " + worst(balanced_ns);
  }
};

std::int64_t quantile(std::vector<std::int64_t> all, double share) {
  if (all.empty()) return -1;
  std::sort(all.begin(), all.end());
  return all[std::min(all.size() - 1,
                      static_cast<std::size_t>(share * static_cast<double>(all.size())))];
}

} // namespace

TEST_CASE("cluster: small clusters keep what is promised through a minute of faults") {
  storm_tally all;
  for (const auto seed : seeds(100)) {
    CAPTURE(seed); // again: RIALTO_SEED=seed; every event: RIALTO_TRACE=1
    cluster_session session(small_cluster(seed));
    CHECK(first_of(session.run()) == "");
    all.add(session);
  }
  MESSAGE("100 seeds of 3 to 12 nodes and 64 shards:" << all.text());
  if (std::getenv("RIALTO_SEED") == nullptr)
    for (const auto& [what, times] : all.counts) {
      CAPTURE(what);
      CHECK(times > 0);
    }
}

TEST_CASE("cluster: 100 nodes and 10,000 shards do") {
  storm_tally all;
  for (const auto seed : seeds(2)) {
    CAPTURE(seed);
    cluster_session session(honest_cluster(seed, 100, 10'000, 200));
    CHECK(first_of(session.run()) == "");
    all.add(session);
  }
  MESSAGE("2 seeds of 100 nodes and 10,000 shards:" << all.text());
}

TEST_CASE("cluster: the same seed is the same history, event by event") {
  const auto history_of = [](std::uint64_t seed) {
    cluster_session session(small_cluster(seed));
    CHECK(first_of(session.run()) == "");
    return session.history();
  };
  CHECK(history_of(4) == history_of(4));
  CHECK(history_of(4) != history_of(5));
}

TEST_CASE("cluster: a broken rule is seen") {
  struct row {
    const char* what;
    void (*lies)(cluster_spec&);
    const char* seen;
  };
  const row table[] = {
    {"a lease too short", [](cluster_spec& spec) { spec.lie.times.lease_ns = 600'000'000; },
     "was declared gone"},
    {"a lease too long", [](cluster_spec& spec) { spec.lie.times.lease_ns = 30'000'000'000; },
     "is away for"},
    {"reads go on too long", [](cluster_spec& spec) { spec.lie.times.reads_ns = 2'900'000'000; },
     "is served by"},
    {"an owner is not waited for", [](cluster_spec& spec) { spec.lie.placement.handover_ns = 0; },
     "is served by"},
    {"too many moves",
     [](cluster_spec& spec) {
       spec.lie.placement.moves_per_second = spec.lie.placement.moves_under_way_max = 1'000;
     },
     "moves began within a second"},
    {"no moves", [](cluster_spec& spec) { spec.lie.placement.moves_per_second = 0; }, "no balance"},
  };
  for (const auto& [what, lies, seen] : table) {
    const std::string rule = what;
    CAPTURE(rule);
    bool is_seen = false;
    for (std::uint64_t seed = 1; seed <= 20 && !is_seen; ++seed) {
      auto spec = small_cluster(seed);
      lies(spec);
      cluster_session session(spec);
      for (const auto& one : session.run())
        is_seen = is_seen || one.find(seen) != std::string::npos;
    }
    CHECK(is_seen);
  }
}

TEST_CASE("cluster: an epoch that does not rise, or has two owners, is seen") {
  event_queue queue;
  std::vector<std::string> said;
  cluster_database database(queue, 1, {}, [&](const std::string& what) { said.push_back(what); });
  const auto by = database.connect(nobody, 0);
  const auto first = database.join(by, "first", role_trading);
  const auto second = database.join(by, "second", role_trading);
  CHECK(database.try_lock(by));
  database.write(by, write_changes{{{.shard = 0, .owner = first, .at_epoch = 3}}});
  CHECK(database.take_over(first, 0, 3) == 0);
  CHECK(database.take_over(second, 0, 3) == 3);
  CHECK(said.empty());
  database.pass(first, {.shard = 0, .seen_epoch = 3, .to = second, .to_epoch = 3});
  CHECK(said.size() == 2); // no rise, and two owners
  static_cast<void>(database.take_over(first, 0, 4));
  CHECK(said.size() == 3); // no row ever said so
}

TEST_CASE(
  "cluster: a declaration does not hold for a node that has renewed since, nor without the lock") {
  event_queue queue;
  std::vector<std::string> said;
  cluster_database database(queue, 1, {}, [&](const std::string& what) { said.push_back(what); });
  const auto leader = database.connect(nobody, 0), other = database.connect(nobody, 0);
  const auto node = database.join(other, "node", role_trading);
  const auto seen = database.renew(node, node_state::up, 0).nodes.front().renewal;
  CHECK(database.try_lock(leader));
  CHECK_FALSE(database.try_lock(other));
  static_cast<void>(database.renew(node, node_state::up, 0));
  database.write(leader, write_deaths{{{node, seen}}});
  database.write(other, write_deaths{{{node, seen + 1}}});
  CHECK_FALSE(database.is_gone(node));
  database.write(leader, write_deaths{{{node, seen + 1}}});
  CHECK(database.is_gone(node));
  CHECK(said.size() == 1); // too early, in true time
}

TEST_CASE("cluster: what grows with what") {
  struct size {
    std::size_t nodes;
    std::uint32_t shards, moves_per_second;
  };
  std::string table = "\n nodes shards moves/s | killed p50  max | leader p50  max | hung max | "
                      "cut max | join  moves | "
                      "drain | per node and second: statements rows read\n";
  for (const auto& [nodes, shards, rate] :
       {size{3, 64, 20}, size{10, 64, 20}, size{10, 1'000, 20}, size{100, 1'000, 20},
        size{100, 10'000, 20}, size{100, 10'000, 200}}) {
    auto spec = honest_cluster(7, nodes, shards, rate);
    cluster_session session(spec);
    session.start_all();
    CHECK(session.settle(900'000'000'000));
    CHECK(session.database().counts().moves == 0); // it waited for all of them
    session.pass(5'000'000'000);
    const auto before = session.database().counts();
    session.pass(10'000'000'000);
    const auto after = session.database().counts();
    const auto per_node = [&](std::uint64_t a, std::uint64_t b) {
      return static_cast<double>(b - a) / 10 / static_cast<double>(nodes);
    };
    std::map<std::pair<cluster_session::loss, bool>, std::vector<std::int64_t>> took;
    using loss = cluster_session::loss;
    for (int i = 0; i < 5; ++i)
      for (const auto& [how, is_leader] : {std::pair{loss::killed, false},
                                           {loss::killed, true},
                                           {loss::hung, i % 2 == 0},
                                           {loss::cut, i % 2 == 0}}) {
        const bool is_counted_apart = how == loss::killed;
        auto& all = took[{how, is_counted_apart && is_leader}];
        const auto one = session.lose(how, is_leader);
        all.insert(all.end(), one.begin(), one.end());
        CHECK(session.settle(900'000'000'000));
        session.pass(4'000'000'000);
      }
    const auto moves = session.database().counts().moves;
    const auto join = session.join_one();
    const auto joined = session.database().counts().moves - moves;
    const auto drain = session.drain_one();
    const auto in_ms = [](std::int64_t ns) { return static_cast<long long>(ns / 1'000'000); };
    char line[256];
    std::snprintf(
      line, sizeof line,
      "%6zu %6u %7u | %10lld %4lld | %10lld %4lld | %8lld | %7lld | %5lld %5llu | %5lld | %10.1f "
      "%8.0f\n",
      nodes, shards, rate, in_ms(quantile(took[{loss::killed, false}], 0.5)),
      in_ms(quantile(took[{loss::killed, false}], 1)),
      in_ms(quantile(took[{loss::killed, true}], 0.5)),
      in_ms(quantile(took[{loss::killed, true}], 1)), in_ms(quantile(took[{loss::hung, false}], 1)),
      in_ms(quantile(took[{loss::cut, false}], 1)), in_ms(join),
      static_cast<unsigned long long>(joined), in_ms(drain),
      per_node(before.statements, after.statements), per_node(before.rows_read, after.rows_read));
    table += line;
    CHECK(first_of(session.violations()) == "");
    CHECK(quantile(took[{loss::killed, false}], 1) < 2'000'000'000);
    CHECK(quantile(took[{loss::killed, true}], 1) < 2'000'000'000);
    CHECK(quantile(took[{loss::hung, false}], 1) < 5'000'000'000);
    CHECK(join > 0);
    CHECK(drain > 0);
  }
  MESSAGE("milliseconds of simulated time:" << table);
}

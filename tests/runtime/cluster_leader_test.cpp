#include "runtime/cluster/leader.hpp"
#include "tests/runtime/cluster_tables.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::runtime::cluster;

namespace {

/// Node "a" with its rows, its membership and what it says as a possible leader. Everybody renews at every answer
/// except those in `silent`.
struct candidate {
  cluster_rows rows;
  membership nodes;
  leader mine;
  timestamp_ns at;
  std::string names = "a b c", shards = "a b c", silent;
  incarnation holder = nobody;
  std::uint64_t answers = 0;
  std::map<incarnation, timestamp_ns> renewed;
  std::vector<leader_output> out;

  candidate() {
    std::vector<membership_output> ignored;
    nodes.step(node_joined{node_of('a'), at}, at, ignored);
  }
  void step(const leader_input& input) { mine.step(input, at, out); }
  /// An answer that was sent `age` ago.
  void read(std::int64_t age = 0) {
    auto read = read_of(names, shards, ++answers);
    read.sent = {at.value - age};
    read.database_now = {database_noon.value + at.value};
    read.leader = holder;
    for (auto& row : read.nodes) {
      if (silent.find(row.name) == std::string::npos) renewed[row.id] = read.database_now;
      row.renewed_at = renewed[row.id];
      row.renewal = static_cast<std::uint64_t>(row.renewed_at.value);
    }
    static_cast<void>(rows.apply(read));
    std::vector<membership_output> ignored;
    nodes.step(answer_came{read}, at, ignored);
    step(rows_known{rows, nodes, read.sent});
  }
  void live(std::int64_t ns) {
    for (const auto end = at.value + ns; at.value < end;) {
      at.value += 250 * ms;
      read();
    }
  }
  /// What was said since the last call.
  std::string said() {
    std::string text;
    for (const auto& one : out) {
      if (std::holds_alternative<try_lock>(one)) text += "try ";
      if (std::holds_alternative<unlock>(one)) text += "unlock ";
      if (std::holds_alternative<read_now>(one)) text += "read ";
      if (const auto* end = std::get_if<end_holder>(&one))
        text += std::string("end:") + letter_of(end->holder.who) + ' ';
      if (const auto* dead = std::get_if<write_deaths>(&one)) {
        text += "gone:";
        for (const auto& who : dead->gone) text += letter_of(who.who);
        text += ' ';
      }
      if (const auto* write = std::get_if<write_changes>(&one))
        text += "changes:" + std::to_string(write->changes.size()) + ' ';
      if (const auto* refused = std::get_if<move_refused>(&one))
        text += "refused:" + std::to_string(refused->which.shard) + ' ';
    }
    out.clear();
    if (!text.empty()) text.pop_back();
    return text;
  }
};

} // namespace

TEST_CASE("leader: a free lock is tried for once until it is answered") {
  candidate node;
  node.read();
  CHECK(node.said() == "try");
  node.read();
  CHECK(node.said() == "");
  node.step(lock_refused{});
  node.holder = node_of('b');
  node.read();
  CHECK(node.said() == ""); // b holds it and lives
  node.holder = nobody;
  node.read();
  CHECK(node.said() == "try");
  node.step(lock_gained{});
  CHECK(node.mine.leads());
  CHECK(node.said() == "read");
}

TEST_CASE("leader: who must not own must not lead") {
  for (const std::string names : {"a? b c", "a- b c", "a! b c", "b c"}) {
    CAPTURE(names);
    candidate node;
    node.names = names;
    node.read();
    CHECK(node.said() == "");
    node.step(lock_gained{});
    static_cast<void>(node.said());
    node.read();
    CHECK(node.said() == "unlock");
    CHECK_FALSE(node.mine.leads());
  }
  candidate node; // an answer that is too old to confirm the lease
  node.at.value += 5 * s;
  node.read(2 * s);
  CHECK(node.said() == "");
}

TEST_CASE("leader: nothing is written without the lock") {
  candidate node;
  node.holder = node_of('b');
  node.silent = "c";
  node.shards = ". . .";
  node.live(10 * s);
  CHECK(node.said() == "");
}

TEST_CASE("leader: one transaction at a time, decided on answers sent after the last one's end") {
  candidate node;
  node.shards = "a b .";
  node.read();
  node.step(lock_gained{});
  static_cast<void>(node.said());
  node.at.value += 250 * ms;
  node.read(260 * ms); // sent before the lock was gained
  CHECK(node.said() == "");
  node.read();
  CHECK(node.said() == "changes:1");
  node.at.value += 250 * ms;
  node.read();
  CHECK(node.said() == ""); // under way
  node.step(written{});
  CHECK(node.said() == "read");
  node.at.value += 5 * ms;
  node.read(10 * ms);
  CHECK(node.said() == ""); // sent before the end
  node.read();
  CHECK(node.said() == "changes:1"); // the row has not changed: asked again, and harmless
}

TEST_CASE("leader: deaths are declared first, shards are given away from rows that show them") {
  candidate node;
  node.read();
  node.step(lock_gained{});
  node.silent = "c";
  node.live(2'750 * ms);
  CHECK(node.said() == "try read");
  node.live(250 * ms);
  CHECK(node.said() == "gone:c");
  node.step(written{});
  node.names = "a b c!";
  node.live(250 * ms);
  CHECK(node.said() == "read changes:1");
}

TEST_CASE("leader: a lost lock ends all of it, a new leader goes on from the rows") {
  candidate node;
  node.shards = "a b .";
  node.read();
  node.step(lock_gained{});
  node.read();
  CHECK(node.said() == "try read changes:1");
  node.step(lock_lost{});
  CHECK_FALSE(node.mine.leads());
  node.step(written{}); // an end that comes late
  CHECK(node.said() == "");
  node.holder = node_of('b');
  node.read();
  CHECK(node.said() == "");
  node.holder = nobody;
  node.read();
  node.step(lock_gained{});
  node.read();
  CHECK(node.said() == "try read changes:1");
}

TEST_CASE("leader: the session of a holder whose lease is over is ended, and no other's") {
  candidate node;
  node.holder = node_of('b');
  node.read();
  node.silent = "bc";
  node.live(2'750 * ms);
  CHECK(node.said() == "");
  node.live(250 * ms);
  CHECK(node.said() == "end:b");
  node.silent = "c";
  node.live(250 * ms);
  CHECK(node.said() == "");
  node.names = "a b! c"; // a former leader declared it gone, then it got the lock: an orphan
  node.live(250 * ms);
  CHECK(node.said() == "end:b");
}

TEST_CASE("leader: a wish that cannot be had is told and taken back") {
  candidate node;
  node.names = "a b c!";
  node.shards = "a=c b";
  node.read();
  node.step(lock_gained{});
  node.read();
  CHECK(node.said() == "try read refused:0 changes:1");
}

TEST_CASE(
  "leader: a cluster that starts waits a second for its nodes, one that lost a node does not") {
  candidate node;
  node.shards = "z z ."; // of a life before
  node.read();
  node.step(lock_gained{});
  node.live(1 * s);
  CHECK(node.said() == "try read");
  node.live(250 * ms);
  CHECK(node.said() == "changes:3");
  node.step(written{});
  node.shards = "a z .";
  node.live(250 * ms);
  CHECK(node.said() == "read changes:2");
}

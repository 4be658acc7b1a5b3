#include "runtime/cluster/membership.hpp"
#include "tests/runtime/cluster_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rialto;
using namespace rialto::runtime::cluster;

namespace {

/// Node "a" looks at "b" and "c". Its steady clock and the database's are `at` after their beginnings.
struct watch {
  membership mine;
  timestamp_ns at;
  std::vector<node_row> nodes = nodes_of("a b c");
  timestamp_ns database_started{1};
  std::int64_t database_jump_ns = 0;
  std::vector<membership_output> out;

  watch() { step(node_joined{node_of('a'), at}); }
  void step(const membership_input& input) { mine.step(input, at, out); }
  void pass(std::int64_t ns) { at.value += ns; }
  [[nodiscard]] timestamp_ns database_now() const {
    return {database_noon.value + at.value + database_jump_ns};
  }
  void renew(const std::string& names) {
    for (auto& row : nodes) {
      if (names.find(row.name) == std::string::npos) continue;
      row.renewed_at = database_now();
      ++row.renewal;
    }
  }
  void read(bool is_renewed = true, std::int64_t wall_offset_ns = 0) {
    rows_read answer;
    answer.sent = at;
    answer.is_renewed = is_renewed;
    answer.database_now = database_now();
    answer.database_started = database_started;
    answer.wall_offset_ns = wall_offset_ns;
    answer.nodes = nodes;
    step(answer_came{answer});
  }
  /// Renews and reads every 250 ms.
  void live(std::int64_t ns, const std::string& names) {
    for (const auto end = at.value + ns; at.value < end;) {
      pass(250 * ms);
      renew(names);
      read();
    }
  }
  [[nodiscard]] std::string expired() const {
    std::string names;
    for (const auto& one : mine.expired()) names += letter_of(one.who);
    return names;
  }
  /// What was said since the last call.
  std::string said() {
    std::string text;
    for (const auto& one : out) {
      if (const auto* lease = std::get_if<lease_changed>(&one))
        text += lease->to == own_lease::confirmed     ? "confirmed "
                : lease->to == own_lease::unconfirmed ? "unconfirmed "
                                                      : "lost ";
      else if (std::holds_alternative<join_needed>(one))
        text += "join ";
      else if (const auto& node = std::get<node_changed>(one); true)
        text += std::string(1, letter_of(node.who)) + "jud!"[static_cast<int>(node.to)] + ' ';
    }
    out.clear();
    if (!text.empty()) text.pop_back();
    return text;
  }
};

} // namespace

TEST_CASE("membership: who renews lives, who stops is expired after one lease, not before") {
  watch node;
  node.live(10 * s, "abc");
  CHECK(node.expired() == "");
  node.live(2'750 * ms, "ab");
  CHECK(node.expired() == "");
  node.live(250 * ms, "ab");
  CHECK(node.expired() == "c");
  node.live(250 * ms, "abc");
  CHECK(node.expired() == "");
}

TEST_CASE("membership: a closed connection shortens the lease and does no more") {
  watch node;
  node.live(10 * s, "abc");
  node.step(peer_closed{node_of('c')});
  node.step(peer_closed{node_of('b')});
  node.live(1 * s, "ab");
  CHECK(node.expired() == "");
  node.live(250 * ms, "ab");
  CHECK(node.expired() == "c"); // and never b, which renews
  node.step(peer_connected{node_of('c')});
  node.live(250 * ms, "ab");
  CHECK(node.expired() == "");
  node.step(peer_closed{99}); // nobody of that number
  node.live(1'500 * ms, "ab");
  CHECK(node.expired() == "c");
}

TEST_CASE("membership: after a gap in the own view nobody is expired for one lease") {
  struct row {
    std::string what;
    void (*happens)(watch&);
    bool is_gap;
  };
  const row table[] = {
    {"nothing", [](watch&) {}, false},
    {"1.25 s without an answer", [](watch& node) { node.pass(1'250 * ms); }, false},
    {"10 s without an answer", [](watch& node) { node.pass(10 * s); }, true},
    {"the database restarts", [](watch& node) { node.database_started.value = 2; }, true},
    {"its clock jumps ahead", [](watch& node) { node.database_jump_ns = 10 * s; }, true},
    {"its clock steps a little", [](watch& node) { node.database_jump_ns = 200 * ms; }, false},
    {"its clock steps more", [](watch& node) { node.database_jump_ns = 201 * ms; }, true},
    {"its clock goes back", [](watch& node) { node.database_jump_ns = -10 * s; }, true},
  };
  for (const auto& [what, happens, is_gap] : table) {
    CAPTURE(what);
    watch node;
    node.live(10 * s, "abc");
    node.live(2'750 * ms, "ab"); // c is nearly over
    happens(node);
    node.live(250 * ms, "ab");
    CHECK(node.expired() == (is_gap ? "" : "c"));
    node.live(2'750 * ms, "ab");
    CHECK(node.expired() == (is_gap ? "" : "c"));
    node.live(250 * ms, "ab");
    CHECK(node.expired() == "c");
  }
}

TEST_CASE("membership: the first answer counts as a gap") {
  watch node;
  node.pass(100 * s); // b and c have not renewed for long
  node.step(node_joined{node_of('a'), node.at});
  node.read();
  CHECK(node.expired() == "");
  node.live(2'750 * ms, "a");
  CHECK(node.expired() == "");
  node.live(250 * ms, "a");
  CHECK(node.expired() == "bc");
}

TEST_CASE(
  "membership: the own lease is unconfirmed after 1 s and lost after 3 s without a renewal") {
  watch node;
  node.read();
  CHECK(node.said() == "confirmed au bu cu");
  const auto renewed = node.at;
  node.pass(1 * s - 1);
  node.step(time_passed{});
  CHECK(node.said() == "");
  CHECK(node.mine.may_read(node.at));
  CHECK_FALSE(
    node.mine.may_read({renewed.value + 1 * s})); // without a step: a process that was stopped
  node.pass(1);
  node.step(time_passed{});
  CHECK(node.said() == "unconfirmed");
  node.pass(2 * s - 1);
  node.step(time_passed{});
  CHECK(node.said() == "");
  node.pass(1);
  node.step(time_passed{});
  CHECK(node.said() == "lost");
  node.read(); // nobody took it for dead: the same life goes on
  CHECK(node.said() == "confirmed");
}

TEST_CASE("membership: a renewal counts from when it was sent") {
  watch node;
  rows_read answer;
  answer.sent = node.at;
  answer.is_renewed = true;
  answer.nodes = node.nodes;
  node.pass(1'500 * ms);
  node.step(answer_came{answer});
  CHECK(node.mine.lease_at(node.at) == own_lease::unconfirmed);
}

TEST_CASE("membership: a life that is over is told once and joins again as another") {
  watch node;
  node.read();
  static_cast<void>(node.said());
  node.read(false);
  CHECK(node.said() == "lost join");
  CHECK(node.mine.lease_at(node.at) == own_lease::none);
  node.pass(1 * s);
  node.read(false);
  CHECK(node.said() == "");
  node.nodes = nodes_of("b c d");
  node.step(node_joined{node_of('d'), node.at});
  CHECK(node.said() == "confirmed");
  node.read();
  CHECK(node.said() == "du a!"); // its former row is replaced
}

TEST_CASE("membership: what a node says of itself") {
  watch node;
  CHECK(node.mine.declared() == node_state::joining);
  node.step(ready_asked{});
  CHECK(node.mine.declared() == node_state::up);
  node.read(true, 1 * s + 1);
  CHECK(node.mine.declared() == node_state::joining); // its clock is off: it owns nothing
  node.read(true, -1 * s);
  CHECK(node.mine.declared() == node_state::up);
  node.step(drain_asked{});
  CHECK(node.mine.declared() == node_state::draining);
}

TEST_CASE("membership: nodes come, change and go") {
  watch node;
  node.nodes = nodes_of("a b?");
  node.read();
  CHECK(node.said() == "confirmed au bj");
  node.nodes = nodes_of("a b c?");
  node.read();
  CHECK(node.said() == "bu cj");
  node.nodes = nodes_of("a b- c!");
  node.read();
  CHECK(node.said() == "bd c!");
  node.nodes = nodes_of("a");
  node.read();
  CHECK(node.said() == "b!"); // c was gone before
}

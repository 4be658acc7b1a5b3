#include "runtime/cluster/shard_duty.hpp"
#include "tests/runtime/cluster_tables.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace rialto;
using namespace rialto::runtime::cluster;

namespace {

/// Node "a" with a confirmed lease. An answer to an order is given to its latest turn.
struct node_under_test {
  cluster_rows rows;
  shard_duty mine;
  timestamp_ns at;
  std::uint64_t version = 0;
  std::map<shard_id, turn_number> turns;
  std::vector<duty_output> out;

  node_under_test() {
    step(node_joined{node_of('a'), at});
    step(lease_changed{own_lease::confirmed});
  }
  void step(const duty_input& input) {
    const auto before = out.size();
    mine.step(input, at, out);
    for (auto i = before; i < out.size(); ++i) {
      if (const auto* open = std::get_if<open_shard>(&out[i])) turns[open->shard] = open->turn;
      if (const auto* stop = std::get_if<stop_shard>(&out[i])) turns[stop->shard] = stop->turn;
      if (const auto* pass = std::get_if<pass_on>(&out[i])) turns[pass->shard] = pass->turn;
    }
  }
  void read(const std::string& shards, storage::epoch at_epoch = 5, std::int64_t age = 0) {
    auto read = read_of("a b c", shards, ++version);
    for (auto& row : read.changed_shards)
      if (row.owner != nobody) row.at_epoch = at_epoch;
    const auto changed = rows.apply(read);
    step(rows_changed{rows, changed, {at.value - age}});
  }
  /// One action of a case; see the table.
  void act(const std::string& word) {
    at.value += 1 * ms;
    if (word.find('@') != std::string::npos) {
      const auto epoch = std::stoull(word.substr(word.find('@') + 1));
      return read(word.substr(0, word.find('@')), epoch);
    }
    if (word == "late") return read("a", 5, 10 * ms);
    if (word == "opened") return step(shard_opened{0, turns[0]});
    if (word == "failed") return step(shard_open_failed{0, turns[0], 0});
    if (word == "stale9") return step(shard_open_failed{0, turns[0], 9});
    if (word == "drained") return step(shard_drained{0, turns[0]});
    if (word == "ended") return step(pass_on_ended{0, turns[0]});
    if (word == "fenced9") return step(shard_fenced{0, 5, 9});
    if (word == "fenced-other") return step(shard_fenced{0, 4, 9});
    if (word == "unconfirmed") return step(lease_changed{own_lease::unconfirmed});
    if (word == "lost") return step(lease_changed{own_lease::lost});
    if (word == "confirmed") return step(lease_changed{own_lease::confirmed});
    if (word == "second") return static_cast<void>(at.value += 1 * s);
    FAIL("no such action: " << word);
  }
  std::string said() {
    std::string text;
    for (const auto& one : out) {
      if (const auto* open = std::get_if<open_shard>(&one))
        text += "open@" + std::to_string(open->at_epoch) + ' ';
      if (std::holds_alternative<stop_shard>(one)) text += "stop ";
      if (std::holds_alternative<resume_shard>(one)) text += "resume ";
      if (std::holds_alternative<drop_shard>(one)) text += "drop ";
      if (const auto* pass = std::get_if<pass_on>(&one))
        text +=
          std::string("pass:") + letter_of(pass->to) + '@' + std::to_string(pass->to_epoch) + ' ';
    }
    out.clear();
    if (!text.empty()) text.pop_back();
    return text;
  }
};

} // namespace

TEST_CASE("shard_duty: what a node does with one shard, case by case") {
  struct row {
    std::string what, actions,
      said; // "a@5": the row says owner a, epoch 5; "late": an answer sent 10 ms ago
  };
  const row table[] = {
    {"an own shard is opened, once", "a@5 a@5 opened a@5", "open@5"},
    {"another's is not", "b@5", ""},
    {"one that goes to another is dropped", "a@5 opened b@6", "open@5 drop"},
    {"one that goes while it opens is dropped, its answer ignored", "a@5 b@6 opened b@6",
     "open@5 drop"},
    {"a new epoch is a new opening", "a@5 opened a@7", "open@5 drop open@7"},
    {"handover: stop, drain, pass on, forget", "a@5 opened a>b@5 drained a>b@5 ended b@6",
     "open@5 stop pass:b@6 drop"},
    {"nothing is passed on before the lane is drained", "a@5 opened a>b@5 a>b@5", "open@5 stop"},
    {"a handover that was called off resumes", "a@5 opened a>b@5 a@5", "open@5 stop resume"},
    {"also when drained", "a@5 opened a>b@5 drained a@5", "open@5 stop resume"},
    {"a drain that was called off counts for nothing", "a@5 opened a>b@5 a@5 drained a>b@5 a>b@5",
     "open@5 stop resume stop"},
    {"the target may change", "a@5 opened a>b@5 a>c@5 drained a>c@5", "open@5 stop pass:c@6"},
    {"passing on that had no effect is done again", "a@5 opened a>b@5 drained a>b@5 ended a>b@5",
     "open@5 stop pass:b@6 pass:b@6"},
    {"passing on that came too late resumes", "a@5 opened a>b@5 drained a>b@5 ended a@5",
     "open@5 stop pass:b@6 resume"},
    {"an answer from before its end does not tell", "a@5 opened a>b@5 drained a>b@5 ended late",
     "open@5 stop pass:b@6"},
    {"what is opening is opened before it is handed over", "a@5 a>b@5 opened a>b@5", "open@5 stop"},
    {"what never was open is passed on at once", "a>b@5 ended b@6", "pass:b@6 drop"},
    {"a failed opening is tried again, later", "a@5 failed a@5 second a@5 opened", "open@5 open@5"},
    {"a failed one that is to move is passed on", "a@5 failed a>b@5", "open@5 pass:b@6"},
    {"a journal above the row: another epoch is asked for", "a@5 stale9 a@5 ended a@10",
     "open@5 pass:a@10 drop open@10"},
    {"unless the row knew", "a@5 stale9 b@6", "open@5 drop"},
    {"a refused write closes it and asks for another epoch", "a@5 opened fenced9 a@5",
     "open@5 drop pass:a@10"},
    {"of another epoch it says nothing", "a@5 opened fenced-other a@5", "open@5"},
    {"a lost lease drops all", "a@5 opened lost", "open@5 drop"},
    {"a lease that is back opens again", "a@5 opened lost a@5 confirmed a@5", "open@5 drop open@5"},
    {"an unconfirmed one opens nothing and drops nothing", "a@5 opened unconfirmed a@5", "open@5"},
    {"nothing is opened without it", "unconfirmed a@5 confirmed a@5", "open@5"},
    {"a loss in the middle of a handover", "a@5 opened a>b@5 lost drained", "open@5 stop drop"},
  };
  for (const auto& [what, actions, said] : table) {
    CAPTURE(what);
    node_under_test node;
    std::istringstream words(actions);
    for (std::string word; words >> word;) node.act(word);
    CHECK(node.said() == said);
  }
}

TEST_CASE("shard_duty: openings that fail wait longer each time, up to a bound") {
  node_under_test node;
  node.act("a@5");
  std::vector<std::int64_t> waits;
  for (int i = 0; i < 9; ++i) {
    node.act("failed");
    static_cast<void>(node.said());
    std::int64_t waited = 0;
    for (; node.said().empty() && waited < 60; ++waited) {
      node.at.value += 200 * ms;
      node.read("a");
    }
    waits.push_back(waited * 200);
  }
  CHECK(waits ==
        std::vector<std::int64_t>{200, 400, 800, 1'600, 3'200, 6'400, 10'000, 10'000, 10'000});
}

TEST_CASE("shard_duty: where a shard is") {
  node_under_test node;
  node.read("a b a>b");
  const auto text_of = [&](shard_id shard) {
    const auto route = node.mine.where(node.rows, shard);
    return std::string(1, letter_of(route.owner)) + std::to_string(route.at_epoch) +
           (route.is_moving ? " moving" : "") + (route.is_here ? " here" : "");
  };
  CHECK(text_of(0) == "a5");
  node.step(shard_opened{0, node.turns[0]});
  CHECK(text_of(0) == "a5 here");
  CHECK(text_of(1) == "b5");
  CHECK(text_of(2) == "a5 moving");
  CHECK(text_of(9) == ".0");
  CHECK(node.mine.serving() == 1);
}

TEST_CASE("shard_duty: a draining node may leave when neither a copy nor a row is left") {
  node_under_test node;
  node.read("a b");
  CHECK_FALSE(node.mine.owns_nothing(node.rows));
  node.read("b b>a", 6);
  CHECK_FALSE(node.mine.owns_nothing(node.rows));
  node.read("b b", 6);
  CHECK(node.mine.owns_nothing(node.rows));
}

TEST_CASE("shard_duty: another life starts with nothing") {
  node_under_test node;
  node.read("a a");
  node.step(shard_opened{0, node.turns[0]});
  static_cast<void>(node.said());
  node.step(node_joined{node_of('d'), node.at});
  CHECK(node.said() == "drop drop");
  node.read("d a", 6);
  CHECK(node.said() == "open@6");
}

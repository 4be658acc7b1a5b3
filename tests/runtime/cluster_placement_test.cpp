#include "runtime/cluster/placement.hpp"
#include "tests/runtime/cluster_tables.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace rialto;
using namespace rialto::runtime::cluster;

namespace {

/// "0=a": given to a now. "1>b": begins to move to b. "2>.": stays after all. "3~": its wish is taken back.
std::string text_of(const placement_plan& plan) {
  std::string text;
  for (const auto& made : plan.changes) {
    text += (text.empty() ? "" : " ") + std::to_string(made.shard);
    if (made.why == change_reason::assigned || made.why == change_reason::forced)
      text += std::string("=") + letter_of(made.owner);
    else if (made.next != made.seen_next)
      text += std::string(">") + letter_of(made.next);
    if (made.wanted != made.seen_wanted) text += "~";
  }
  return text;
}

/// What the database and the owners make of a plan when nothing goes wrong.
void carry_out(const placement_plan& plan, std::vector<shard_row>& shards, timestamp_ns at) {
  for (const auto& made : plan.changes) {
    auto& row = shards[made.shard];
    REQUIRE(row.at_epoch == made.seen_epoch);
    REQUIRE(row.next == made.seen_next);
    row.owner = made.owner;
    row.at_epoch = made.at_epoch;
    row.next = made.next;
    row.wanted = made.wanted;
    row.changed_at = at;
    if (made.why == change_reason::moved) row.moved_at = at;
    if (row.next == nobody) continue;
    row.owner = row.next;
    row.next = nobody;
    ++row.at_epoch;
  }
}

std::map<incarnation, std::int64_t> counts_of(const std::vector<shard_row>& shards) {
  std::map<incarnation, std::int64_t> counts;
  for (const auto& row : shards) ++counts[row.owner];
  return counts;
}

std::uint64_t next_random(std::uint64_t& state) { // splitmix64
  auto z = (state += 0x9e37'79b9'7f4a'7c15);
  z = (z ^ (z >> 30)) * 0xbf58'476d'1ce4'e5b9;
  z = (z ^ (z >> 27)) * 0x94d0'49bb'1331'11eb;
  return z ^ (z >> 31);
}

} // namespace

TEST_CASE("placement: what a plan does, case by case") {
  struct row {
    std::string what, nodes, shards, plan;
  };
  const row table[] = {
    {"the first node gets all", "a", ". . .", "0=a 1=a 2=a"},
    {"new shards are spread", "a b", ". . . .", "0=a 1=b 2=a 3=b"},
    {"nothing to do", "a b", "a a b", ""},
    {"nobody may own: nothing is done", "a? b-", ". a b", ""},
    {"a dead owner's shards go where least is", "a b c!", "a c c b b", "1=a 2=a"},
    {"an owner nobody knows any more is dead", "a b", "a z b", "1=a"},
    {"a dead owner's handover goes on to its target", "a b c!", "a c>b b a", "1=b"},
    {"a node that joins gets only its share", "a b c", "a a a b b b", "0>c 3>c"},
    {"one shard of difference is balance", "a b", "a a b", ""},
    {"a draining node gives all", "a b c-", "a c c b", "1>a 2>b"},
    {"a node whose clock is off gives all", "a b c?", "a c c b", "1>a 2>b"},
    {"a node without the role gets none and gives all", "a b e~", ". e .", "0=a 1>a 2=b"},
    {"a move under way is left alone and counts", "a b", "a a>b a b", ""},
    {"its target died: stay", "a b!", "a>b a", "0>."},
    {"its target died and the owner drains: another one", "a- b! c", "a>b c", "0>c"},
    {"its target drains: stay", "a b- ", "a>b a", "0>."},
    {"a wish is a move, and balance follows it", "a b", "a=b a b b", "0>b~ 2>a"},
    {"a wish for where it is is taken back", "a b", "a=a b", "0~"},
    {"a wish for where it goes is taken back", "a b", "a>b=b a", "0~"},
    {"a wish for the dead is refused", "a b!", "a=b a", "0~"},
    {"a wish for a node without the role is refused", "a e~", "a=e a", "0~"},
    {"a wish of a dead owner's shard waits for its new owner", "a b c!", "c=b a b", "0=a"},
    {"deaths and drains at once", "a b- c!", "a b c", "1>a 2=a"},
    // Of five shards the first one is users', the last one the feed's.
    {"each role's shards go to its nodes", "a^ b* c+", ". . . . .", "0=a 1=b 2=b 3=b 4=c"},
    {"what a node has no role for leaves it", "a^ b* c+", "b a b b a", "0>a 1>b 4>c"},
    {"no node has the role: its shards wait, the others go on", "a^! b* c* d+", "a b b b d", "1>c"},
    {"who has all has its share of each", "a b*", "a a a b a", ""},
    {"and of the one that others have, too, only that", "a b* c*", "a a a a a", "1>b 2>c"},
    {"a wish for a node of another role is refused", "a^ b* c+", "a=b b b b c", "0~"},
  };
  for (const auto& [what, nodes, shards, plan] : table) {
    CAPTURE(what);
    CHECK(text_of(plan_placement(rows_of(nodes, shards), {})) == plan);
  }
}

TEST_CASE("placement: a refused wish is named") {
  const auto plan = plan_placement(rows_of("a b!", "a=b a"), {});
  CHECK(plan.refused == std::vector<refused_move>{{0, node_of('b')}});
}

TEST_CASE("placement: a change raises the epoch with the owner and names what it saw") {
  const auto plan = plan_placement(rows_of("a b c!", "a c>b b a"), {});
  REQUIRE(plan.changes.size() == 1);
  CHECK(plan.changes.front() == shard_change{.shard = 1,
                                             .seen_epoch = 5,
                                             .seen_next = node_of('b'),
                                             .owner = node_of('b'),
                                             .at_epoch = 6,
                                             .why = change_reason::assigned});
}

TEST_CASE("placement: an owner that does not pass on in time loses the shard") {
  auto read = read_of("a b", "a>b a");
  read.changed_shards[0].changed_at = {database_noon.value - 10 * s + 1};
  cluster_rows rows;
  static_cast<void>(rows.apply(read));
  CHECK(text_of(plan_placement(rows, {})) == "");
  read.changed_shards[0].changed_at = {database_noon.value - 10 * s};
  read.version = 2;
  static_cast<void>(rows.apply(read));
  CHECK(text_of(plan_placement(rows, {})) == "0=b");
  CHECK(text_of(plan_placement(rows, {}, true)) == ""); // it may only look so long
}

TEST_CASE("placement: planned moves are bounded, deaths are not") {
  auto read = read_of("a b c!", "a a a a a a c c c c c c");
  const placement_options two{.moves_per_second = 2, .moves_under_way_max = 3};
  const auto plan_at = [&](std::int64_t first_moved_ago, std::int64_t second_moved_ago) {
    read.changed_shards[0].moved_at = {database_noon.value - first_moved_ago};
    read.changed_shards[1].moved_at = {database_noon.value - second_moved_ago};
    cluster_rows rows;
    static_cast<void>(rows.apply(read));
    return text_of(plan_placement(rows, two));
  };
  CHECK(plan_at(1 * ms, 2 * ms) == "6=b 7=b 8=b 9=b 10=b 11=b");
  read.nodes = nodes_of("a b-");
  read.changed_shards = shards_of("a a a a a a b b b b b b");
  CHECK(plan_at(1 * ms, 999 * ms) == "");
  CHECK(plan_at(1 * ms, 1'000 * ms) == "6>a");
  CHECK(plan_at(2 * s, 3 * s) == "6>a 7>a");
  read.changed_shards = shards_of("a a a a a a b>a b>a b>a b b b");
  CHECK(plan_at(2 * s, 3 * s) == "");
}

TEST_CASE("placement: what moved longest ago moves first, so a wish is not undone at once") {
  auto read = read_of("a b", "a a a a b b b");
  for (std::size_t i = 0; i < 4; ++i)
    read.changed_shards[i].moved_at = {database_noon.value -
                                       static_cast<std::int64_t>(i == 2 ? 90 : 10) * s};
  cluster_rows rows;
  static_cast<void>(rows.apply(read));
  CHECK(text_of(plan_placement(rows, {})) == "");
  read.nodes = nodes_of("a b c");
  read.version = 2;
  static_cast<void>(rows.apply(read));
  CHECK(text_of(plan_placement(rows, {.moves_per_second = 1})) == "2>c");
  CHECK(text_of(plan_placement(rows, {})) == "0>c 2>c");
}

TEST_CASE("placement: from any state to balance, in the fewest moves, the same way each time") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    auto chance = seed;
    const auto node_count = 1 + next_random(chance) % 9;
    auto read = read_of("");
    for (std::uint64_t i = 0; i < node_count; ++i)
      read.nodes.push_back(nodes_of(std::string(1, static_cast<char>('a' + i)))[0]);
    const auto shard_count = 1 + next_random(chance) % 100;
    for (std::uint64_t i = 0; i < shard_count; ++i)
      read.changed_shards.push_back({.shard = static_cast<shard_id>(i),
                                     .owner = 1 + next_random(chance) % node_count,
                                     .at_epoch = 1 + next_random(chance) % 7});
    const auto floor = static_cast<std::int64_t>(shard_count / node_count);
    const auto ceiling = static_cast<std::int64_t>((shard_count + node_count - 1) / node_count);
    std::int64_t above = 0, below = 0, moves = 0;
    auto counts = counts_of(read.changed_shards);
    for (std::uint64_t i = 1; i <= node_count; ++i) {
      above += std::max<std::int64_t>(0, counts[i] - ceiling);
      below += std::max<std::int64_t>(0, floor - counts[i]);
    }
    for (int round = 0; round < 200; ++round) {
      cluster_rows rows;
      read.database_now.value += 1 * s;
      static_cast<void>(rows.apply(read));
      const auto plan = plan_placement(rows, {});
      CHECK(plan.changes == plan_placement(rows, {}).changes);
      if (plan.changes.empty()) break;
      CHECK(plan.changes.size() <= 20);
      moves += static_cast<std::int64_t>(plan.changes.size());
      carry_out(plan, read.changed_shards, read.database_now);
    }
    counts = counts_of(read.changed_shards);
    for (std::uint64_t i = 1; i <= node_count; ++i) {
      CHECK(counts[i] >= floor);
      CHECK(counts[i] <= ceiling);
    }
    CHECK(moves == std::max(above, below));
  }
}

// Parents hear of their children on other nodes: what is kept, sent again, forgotten. Two nodes in memory; links are function calls.
#include "actors/cluster/child_news.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;
using protocol::child_condition;
using incarnation = runtime::cluster::incarnation;

namespace {

constexpr storage::shard_id shard_count = 8;
constexpr std::int64_t second_ns = 1'000'000'000;

storage::shard_id shard_of(entity_id id) {
  return storage::shard_of(id, shard_count);
}

/// Account `child` is node 1's, user `parent` node 2's; their shards differ.
struct family {
  struct node {
    std::unique_ptr<child_news> news;
    std::vector<protocol::child_report> heard;
  };
  std::map<incarnation, node> nodes;
  std::map<storage::shard_id, runtime::cluster::shard_route> owners;
  bool is_cut = false;
  int sends = 0;
  entity_id child = account_id{1}, parent;
  std::int64_t now = second_ns;

  family() {
    for (std::uint64_t number = 1; !parent || shard_of(parent) == shard_of(child); ++number)
      parent = user_id{number};
    for (storage::shard_id shard = 0; shard < shard_count; ++shard)
      owners[shard] = {2, 1, false, false};
    owners[shard_of(child)] = {1, 5, false, false};
    for (incarnation id = 1; id <= 3; ++id) make(id);
  }
  void make(incarnation id) {
    auto& at = nodes[id];
    child_news_surroundings around;
    around.route_of = [this, id](storage::shard_id shard) {
      auto route = owners.at(shard);
      route.is_here = route.owner == id && !route.is_moving;
      return route;
    };
    around.send = [this](incarnation to, std::string_view bytes) {
      if (is_cut) return false;
      ++sends;
      const auto frame = protocol::decode(bytes);
      REQUIRE(frame.has_value());
      nodes.at(to).news->came(std::get<protocol::child_report_frame>(*frame));
      return true;
    };
    around.is_linked = [this, id](incarnation who) { return who == id || !is_cut; };
    around.heard = [&at](const protocol::child_report& one) { at.heard.push_back(one); };
    at.news = std::make_unique<child_news>(shard_count, std::move(around));
  }
  void say(child_condition condition, const std::string& why = "") {
    nodes.at(1).news->changed({{child, parent, condition, why, {now}}});
  }
  void tick() {
    now += second_ns;
    for (auto& [id, at] : nodes) at.news->tick({now});
  }
  std::vector<protocol::child_report>& heard(incarnation id = 2) { return nodes.at(id).heard; }
  child_view seen(incarnation id = 2) {
    const auto all = nodes.at(id).news->children_of(parent, {});
    REQUIRE(all.size() == 1);
    return all.front();
  }
};

} // namespace

TEST_CASE("child_news: a parent hears of a failure, of the recovery, and of one that is given up") {
  family all;
  all.say(child_condition::failed, "it broke");
  REQUIRE(all.heard().size() == 1);
  CHECK(all.seen().condition == child_condition::failed);
  CHECK(all.seen().restarts == 1);
  CHECK(all.seen().last_failure == "it broke");
  CHECK(all.seen().owner == 1);
  all.say(child_condition::running);
  CHECK(all.seen().condition == child_condition::running);
  CHECK(all.seen().last_failure == "it broke"); // of the last time
  CHECK(all.nodes.at(2).news->degraded().empty());
  all.say(child_condition::given_up, "again");
  CHECK(all.seen().restarts == 2);
  CHECK(all.nodes.at(2).news->degraded() == std::set<entity_id>{all.parent});
  CHECK(all.nodes.at(1).news->degraded().empty()); // the parent is not here
  for (int i = 0; i < 10; ++i) all.tick();
  CHECK(all.sends == 3); // each state once
}

TEST_CASE(
  "child_news: one that never failed is told to nobody, yet shown when its parent knows it") {
  family all;
  all.say(child_condition::running);
  CHECK(all.sends == 0);
  CHECK(all.nodes.at(2).news->children_of(all.parent, {}).empty());
  const auto known = all.nodes.at(2).news->children_of(all.parent, {all.child});
  REQUIRE(known.size() == 1);
  CHECK(known[0].owner == 1);
  CHECK(known[0].away_since.value == 0);
}

TEST_CASE("child_news: what was said while a link was down, or lost with it, is said again") {
  family all;
  all.is_cut = true;
  all.say(child_condition::failed, "first");
  all.say(child_condition::given_up, "second");
  all.tick();
  CHECK(all.heard().empty());
  all.is_cut = false;
  all.tick();
  REQUIRE(all.heard().size() == 1); // the last state alone
  CHECK(all.seen().last_failure == "second");
  CHECK(all.seen().restarts == 2);
  all.nodes.at(1).news->peer_closed(2); // perhaps it was lost on the way
  all.tick();
  CHECK(all.sends == 2);
  CHECK(all.heard().size() == 1); // and it is no news
}

TEST_CASE("child_news: a new owner of the parent's shard is told; the former forgets in time") {
  family all;
  all.say(child_condition::given_up, "why");
  all.owners[shard_of(all.parent)] = {3, 2, false, false};
  all.tick();
  REQUIRE(all.heard(3).size() == 1);
  CHECK(all.seen(3).condition == child_condition::given_up);
  CHECK(all.nodes.at(2).news->children_of(all.parent, {}).size() == 1);
  for (int i = 0; i < 11; ++i) all.tick();
  CHECK(all.nodes.at(2).news->children_of(all.parent, {}).empty());
  CHECK(all.nodes.at(3).news->children_of(all.parent, {}).size() == 1);
}

TEST_CASE("child_news: an older report changes nothing, and a doubled one is no news") {
  family all;
  protocol::child_report one;
  one.child = all.child;
  one.parent = all.parent;
  one.at_epoch = 5;
  one.number = 7;
  one.condition = child_condition::given_up;
  auto older = one, former = one, newer = one;
  older.number = 6;
  older.condition = child_condition::running;
  former.at_epoch = 4;
  former.number = 100;
  newer.at_epoch = 6;
  newer.number = 1;
  auto& news = *all.nodes.at(2).news;
  news.came({{one, older, one, former}});
  CHECK(all.heard().size() == 1);
  CHECK(all.seen().condition == child_condition::given_up);
  news.came({{newer}});
  CHECK(all.heard().size() == 2);
}

TEST_CASE("child_news: what a former owner said of the condition ends with its epoch") {
  family all;
  all.say(child_condition::given_up, "why");
  CHECK(all.nodes.at(2).news->degraded().size() == 1);
  all.owners[shard_of(all.child)] = {3, 6, false, false};
  CHECK(all.seen().condition == child_condition::running);
  CHECK(all.seen().last_failure == "why");
  CHECK(all.seen().owner == 3);
  CHECK(all.nodes.at(2).news->degraded().empty());
}

TEST_CASE("child_news: a child is away while its shard has no owner that answers") {
  family all;
  all.say(child_condition::failed, "why");
  all.tick();
  CHECK(all.seen().away_since.value == 0);
  all.is_cut = true; // its node died or hangs: no link
  all.tick();
  const auto since = all.now;
  all.tick();
  CHECK(all.seen().away_since.value == since);
  all.is_cut = false;
  all.owners[shard_of(all.child)] = {runtime::cluster::nobody, 5, false, false};
  all.tick();
  CHECK(all.seen().away_since.value == since); // still the same absence
  all.owners[shard_of(all.child)] = {2, 6, false, false};
  all.tick();
  CHECK(all.seen().away_since.value == 0);
}

TEST_CASE("child_news: both ends keep a bounded number, and those that run again give way") {
  family all;
  auto& own = *all.nodes.at(1).news;
  for (storage::shard_id shard = 0; shard < shard_count; ++shard)
    all.owners[shard] = {1, 1, false, false}; // parents are here
  const auto change = [&](std::uint64_t number, child_condition condition) {
    own.changed({{account_id{number}, user_id{number}, condition, "x", {1}}});
  };
  std::vector<child_change> many;
  for (std::uint64_t i = 1; i <= child_news::children_max; ++i)
    many.push_back({account_id{i}, user_id{i}, child_condition::given_up, "x", {1}});
  own.changed(many);
  CHECK(own.left_out() == 0);
  CHECK(own.degraded().size() == child_news::children_max);
  change(child_news::children_max + 1, child_condition::failed);
  CHECK(own.left_out() == 1);
  CHECK(own.children_of(user_id{child_news::children_max + 1}, {}).empty());
  change(7, child_condition::running);
  change(child_news::children_max + 1, child_condition::failed);
  CHECK(own.left_out() == 1);
  CHECK(own.children_of(user_id{child_news::children_max + 1}, {}).size() == 1);
  CHECK(own.children_of(user_id{7}, {}).empty());
}

// Answers of several nodes' inspectors as one: whose row comes first, what is cut, and who is missing.
#include "actors/inspector_merge.hpp"

#include <doctest/doctest.h>

using namespace rialto::actors;
using json = nlohmann::ordered_json;

namespace {

json row(const char* node, const std::string& name) {
  return {{"node", node}, {"name", name}};
}
inspected_node said(const char* node, json rows) {
  return {node, {{"rows", std::move(rows)}, {"node", node}}, {}};
}
inspected_node silent(const char* node, const char* why) {
  return {node, nullptr, why};
}
inspected_node refused(const char* node, const char* field, const char* rule) {
  return {node, inspector_error(field, rule), {}};
}
/// "a/account/1 b/account/2"
std::string names(const json& came) {
  std::string all;
  for (const auto& one : came.at("rows"))
    all += (all.empty() ? "" : " ") + one["node"].get<std::string>() + '/' +
           one["name"].get<std::string>();
  return all;
}
json busy(const char* node, const char* name, const char* field, double amount) {
  auto made = row(node, name);
  made[field] = amount;
  return made;
}
json member(const char* name, const char* membership) {
  return {{"node", name}, {"state", nullptr}, {"membership", membership}, {"shards", 3}};
}

} // namespace

TEST_CASE("inspector_merge: actors are sorted over all nodes as asked, and cut to the limit") {
  const auto of = [](const char* sort, const char* field) {
    return names(merged_rows({{"query", "actors"}, {"sort", sort}, {"limit", 3}},
                             {said("b", {busy("b", "x", field, 5), busy("b", "y", field, 1)}),
                              said("a", {busy("a", "z", field, 9), busy("a", "w", field, 5)})},
                             nullptr));
  };
  CHECK(of("cpu", "cpu_percent") == "a/z a/w b/x");
  CHECK(of("rate", "messages_per_second") == "a/z a/w b/x");
  CHECK(of("memory", "memory_bytes") == "a/z a/w b/x");
  CHECK(of("longest", "longest_us") == "a/z a/w b/x");
  CHECK(of("mailbox", "mailbox") == "a/z a/w b/x");
  CHECK(of("restarts", "restarts") == "a/z a/w b/x");
  CHECK(of("messages", "messages") == "a/z a/w b/x");
  CHECK(of("name", "cpu_percent") == "a/w b/x b/y");
  const auto slow = merged_rows(
    {{"query", "slow"}, {"limit", 1}},
    {said("a", {busy("a", "z", "longest_us", 2)}), said("b", {busy("b", "x", "longest_us", 3)})},
    nullptr);
  CHECK(names(slow) == "b/x");
}

TEST_CASE("inspector_merge: without a limit a list holds what one node's holds") {
  auto many = json::array();
  for (int i = 0; i < 40; ++i) many.push_back(busy("a", "x", "cpu_percent", i));
  const auto came = merged_rows({{"query", "actors"}, {"sort", "cpu"}},
                                {said("a", many), said("b", many)}, nullptr);
  CHECK(came["rows"].size() == inspector_limits::actors);
}

TEST_CASE("inspector_merge: the number of actors is that of all nodes") {
  auto a = said("a", {row("a", "x")}), b = said("b", {row("b", "y")});
  a.answer["actors"] = 10u;
  b.answer["actors"] = 5u;
  CHECK(merged_rows({{"query", "actors"}}, {a, b}, nullptr)["actors"] == 15);
}

TEST_CASE("inspector_merge: a node that does not answer, or with an error, is named with why") {
  const auto came = merged_rows({{"query", "shards"}},
                                {said("a", {row("a", "shards")}),
                                 silent("c", "its link ended"),
                                 refused("b", "", "too many questions wait: ask again"),
                                 {"d", json(5), {}}},
                                nullptr);
  CHECK(names(came) == "a/shards");
  CHECK(came["unreachable"] ==
        json::array({{{"node", "b"}, {"why", "too many questions wait: ask again"}},
                     {{"node", "c"}, {"why", "its link ended"}},
                     {{"node", "d"}, {"why", "its answer is no list"}}}));
  CHECK(merged_rows({{"query", "shards"}}, {said("a", json::array())}, nullptr)["unreachable"] ==
        json::array());
}

TEST_CASE("inspector_merge: a tree has one root a node, each node's rows cut from their end") {
  const auto tree_of = [](const char* node, int rows) {
    auto all = json::array();
    for (int i = 0; i < rows; ++i) all.push_back(row(node, "n" + std::to_string(i)));
    return said(node, all);
  };
  const auto question = [](int limit) { return json{{"query", "tree"}, {"limit", limit}}; };
  CHECK(names(merged_rows(question(100), {tree_of("b", 2), tree_of("a", 1)}, nullptr)) ==
        "a/n0 b/n0 b/n1");
  // Of 7 rows, b's one leaves six to the two others.
  CHECK(names(merged_rows(question(7), {tree_of("a", 9), tree_of("b", 1), tree_of("c", 9)},
                          nullptr)) == "a/n0 a/n1 a/n2 b/n0 c/n0 c/n1 c/n2");
  CHECK(names(merged_rows(question(2), {tree_of("a", 9), tree_of("b", 1), tree_of("c", 9)},
                          nullptr)) == "a/n0 b/n0");
}

TEST_CASE("inspector_merge: a tree's root may be on one node; nowhere is an error") {
  const json question{{"query", "tree"}, {"root", "user/1"}};
  const auto none = [](const char* node) { return refused(node, "root", "no such actor runs"); };
  const auto came = merged_rows(question, {none("a"), said("b", {row("b", "user/1")})}, nullptr);
  CHECK(names(came) == "b/user/1");
  CHECK(came["unreachable"].empty());
  CHECK(rule_of(merged_rows(question, {none("a"), none("b")}, nullptr)) == "no such actor runs");
  CHECK(rule_of(merged_rows(question, {none("a"), silent("b", "its link ended")}, nullptr)) ==
        "no such actor runs on the nodes that answer; without b (its link ended)");
}

TEST_CASE("inspector_merge: nodes shows who is known, also who is down or says nothing") {
  auto up = said("a", {{{"node", "a"}, {"state", "up"}, {"version", "1"}, {"shards", 1}}});
  auto draining = said("b", {{{"node", "b"}, {"state", "up"}}});
  const json members{member("a", "up"), member("b", "draining"), member("c", "up"),
                     member("d", "gone")};
  const auto came =
    merged_rows({{"query", "nodes"}}, {up, draining, silent("c", "its link ended")}, members);
  const auto& rows = came["rows"];
  REQUIRE(rows.size() == 4);
  CHECK(rows[0]["state"] == "up");
  CHECK(rows[0]["version"] == "1");
  CHECK(rows[0]["shards"] == 3); // of the cluster's tables, not of its actors
  CHECK(rows[1]["state"] == "draining");
  CHECK(rows[2]["state"] == "unreachable");
  CHECK(rows[3]["state"] == "down");
  CHECK(came["unreachable"] == json::array({{{"node", "c"}, {"why", "its link ended"}}}));
}

TEST_CASE("inspector_merge: an actor is shown where its entity runs, with children of all nodes") {
  const auto actor = [](const char* node, bool has_entity, json children) {
    json answer{{"actor", row(node, "user/7")}, {"entity", nullptr}, {"node", node}};
    if (has_entity) answer["entity"] = {{"condition", "live"}};
    answer["children"] = std::move(children);
    return inspected_node{node, std::move(answer), {}};
  };
  const auto here = row("b", "account/8");
  const auto came =
    merged_actor({actor("a", false, {row("a", "account/7")}), actor("b", true, {here}),
                  actor("c", false, {here}), refused("d", "name", "no such actor runs")});
  CHECK(came["node"] == "b");
  CHECK(came["children"] == json::array({here, row("a", "account/7")}));
  CHECK(came["also_on"] == json::array({"a", "c"}));
  // Of actors that every node has, the first node's is shown, with its own children.
  const inspected_node a{"a", {{"node", "a"}, {"children", {row("a", "x")}}}, {}};
  const inspected_node b{"b", {{"node", "b"}, {"children", {row("b", "x")}}}, {}};
  CHECK(merged_actor({a, b})["children"].size() == 1);
  CHECK(merged_actor({a, b})["node"] == "a");
}

TEST_CASE("inspector_merge: an actor that runs nowhere is no such actor; another refusal is told") {
  const auto none = refused("a", "name", "no such actor runs");
  CHECK(is_no_such_actor(merged_actor({none, none})));
  CHECK(rule_of(merged_actor({none, silent("b", "no link")})) ==
        "no such actor runs on the nodes that answer; without b (no link)");
  CHECK(rule_of(merged_actor({none, refused("b", "", "its shard does not answer")})) ==
        "its shard does not answer");
}

TEST_CASE("inspector_merge: a change goes to who holds the actor, and to nobody when several may") {
  const auto at = [](const char* node, bool holds) {
    return said(node, {{{"node", node}, {"name", "user/7"}, {"holds", holds}}});
  };
  const auto nothing = said("c", json::array());
  CHECK(place_of("user/7", {at("a", false), at("b", true), nothing}).node == "b");
  CHECK(place_of("user/7", {at("a", false), nothing}).node == "a");
  const auto both = place_of("feed", {at("a", true), at("b", true)});
  CHECK(both.node.empty());
  CHECK(rule_of(both.refusal) == "must say which: feed runs on a, b");
  const auto none = place_of("user/9", {nothing, silent("b", "no link")});
  CHECK(none.node.empty());
  CHECK(rule_of(none.refusal) ==
        "no such actor runs on the nodes that answer; without b (no link)");
}

// A question for a whole cluster: who is asked, what is merged, where it ends. Three nodes in memory; links are function calls.
#include "actors/cluster/inspection.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace rialto::actors;
using namespace std::chrono_literals;
using json = nlohmann::ordered_json;
using incarnation = rialto::runtime::cluster::incarnation;

namespace {

struct three_nodes {
  struct node {
    std::string name;
    std::unique_ptr<cluster_questions> questions;
    std::unique_ptr<cluster_inspection> inspection;
    std::vector<json> asked;      // of itself alone
    std::vector<std::string> who; // by whom
  };
  std::map<incarnation, node> nodes;
  std::set<incarnation> cut;    // their links take nothing
  std::set<incarnation> silent; // they say nothing
  std::set<std::string> gone;

  three_nodes() {
    for (incarnation id = 1; id <= 3; ++id) make(id);
  }
  void make(incarnation id) {
    auto& at = nodes[id];
    at.name = std::string(1, static_cast<char>('a' + id - 1));
    at.questions = std::make_unique<cluster_questions>(
      [this, id](incarnation to, std::string_view bytes) { return carry(id, to, bytes); });
    inspection_surroundings around;
    around.node = at.name;
    around.local = [this, id](std::string_view question, std::string_view who) {
      return local(nodes.at(id), question, who);
    };
    around.members = [this] {
      auto rows = json::array();
      for (const auto& [number, one] : nodes)
        rows.push_back({{"node", one.name},
                        {"membership", gone.contains(one.name) ? "gone" : "up"},
                        {"incarnation", number}});
      return rows;
    };
    around.link_trouble = [](const std::string&) { return std::string("refused by the peer"); };
    at.inspection = std::make_unique<cluster_inspection>(std::move(around), *at.questions);
  }

  bool carry(incarnation from, incarnation to, std::string_view bytes) {
    if (cut.contains(to) || cut.contains(from)) return false;
    auto frame = protocol::decode(bytes);
    REQUIRE(frame.has_value());
    if (auto* const asked = std::get_if<protocol::question_frame>(&*frame)) {
      if (silent.contains(to)) return true;
      for (const auto& one : asked->items) {
        protocol::reply_frame back;
        back.items.push_back({one.number, local(nodes.at(to), one.text, one.who)});
        const auto made = protocol::encode(back);
        for (const auto& each : made.frames) CHECK(carry(to, from, each));
      }
      return true;
    }
    nodes.at(to).questions->replied(from, std::get<protocol::reply_frame>(*frame));
    return true;
  }

  /// A node has an actor of its own name, and one that all have.
  std::string local(node& at, std::string_view text, std::string_view who) {
    const auto question = json::parse(text);
    at.asked.push_back(question);
    at.who.emplace_back(who);
    const auto query = question.value("query", "");
    const auto name = question.value("name", "");
    const bool is_here = name == "actor/" + at.name || name == "feed";
    if (query == "where") {
      auto rows = json::array();
      if (is_here) rows.push_back({{"node", at.name}, {"name", name}, {"holds", true}});
      return json{{"rows", rows}}.dump();
    }
    if (query == "kill" || query == "actor" || query == "trace")
      return is_here ? json{{"node", at.name}, {"name", name}, {"done", "killed"}}.dump()
                     : inspector_error("name", "no such actor runs").dump();
    if (query == "shards")
      return json{{"rows", {{{"node", at.name}, {"name", "shards"}}}}, {"node", at.name}}.dump();
    if (query == "nodes")
      return json{{"rows", {{{"node", at.name}, {"state", "up"}, {"version", "1"}}}}}.dump();
    return inspector_error("query", "must be one of...").dump();
  }

  json ask(const json& question, incarnation of = 1) {
    return json::parse(nodes.at(of).inspection->answer(question.dump(), "a test"));
  }
  std::size_t asked_of(incarnation id) const { return nodes.at(id).asked.size(); }
};

std::string nodes_of(const json& came) {
  std::string all;
  for (const auto& one : came.at("rows")) all += one["node"].get<std::string>();
  return all;
}

} // namespace

TEST_CASE(
  "cluster_inspection: any node answers for all, and a forwarded question goes no further") {
  three_nodes all;
  for (incarnation of = 1; of <= 3; ++of) {
    const auto came = all.ask({{"query", "shards"}}, of);
    CHECK(nodes_of(came) == "abc");
    CHECK(came["node"] == all.nodes.at(of).name);
    CHECK(came["scope"] == "cluster");
    CHECK(came["unreachable"].empty());
  }
  for (const auto& [id, one] : all.nodes) {
    CHECK(one.asked.size() == 3); // once for each of the three questions
    for (const auto& question : one.asked) CHECK(question["scope"] == "node");
  }
  CHECK(all.nodes.at(2).who.front() == "a test (asked of a)");
}

TEST_CASE("cluster_inspection: a question may be for one node alone") {
  three_nodes all;
  CHECK(nodes_of(all.ask({{"query", "shards"}, {"scope", "node"}})) == "a");
  CHECK(all.asked_of(2) == 0);
  CHECK(nodes_of(all.ask({{"query", "shards"}, {"node", "c"}})) == "c");
  CHECK(all.asked_of(1) == 1);
  CHECK(all.asked_of(2) == 0);
  CHECK(rule_of(all.ask({{"query", "shards"}, {"node", "x"}})) == "must be one of a, b, c");
  CHECK(rule_of(all.ask({{"query", "shards"}, {"node", 5}})) == "must be the name of a node");
}

TEST_CASE("cluster_inspection: who does not answer in time, or has no link, is named") {
  three_nodes all;
  all.cut.insert(2);
  all.silent.insert(3);
  const auto begun = std::chrono::steady_clock::now();
  const auto came = all.ask({{"query", "shards"}});
  CHECK(std::chrono::steady_clock::now() - begun >= 2s);
  CHECK(nodes_of(came) == "a");
  CHECK(came["unreachable"][0] ==
        json{{"node", "b"}, {"why", "there is no link to it: refused by the peer"}});
  CHECK(came["unreachable"][1]["node"] == "c");
  CHECK(came["unreachable"][1]["why"].get<std::string>().starts_with(
    "it did not answer within 2000 ms"));
  CHECK(all.nodes.at(1).questions->open() == 0);
}

TEST_CASE("cluster_inspection: a node that is gone is not asked, but shown") {
  three_nodes all;
  all.gone.insert("b");
  CHECK(nodes_of(all.ask({{"query", "shards"}})) == "ac");
  CHECK(all.asked_of(2) == 0);
  const auto nodes = all.ask({{"query", "nodes"}});
  CHECK(nodes_of(nodes) == "abc");
  CHECK(nodes["rows"][0]["state"] == "up");
  CHECK(nodes["rows"][0]["version"] == "1");
  CHECK(nodes["rows"][1]["state"] == "down");
  CHECK(all.ask({{"query", "nodes"}, {"node", "b"}})["rows"][0]["state"] == "down");
  CHECK(rule_of(all.ask({{"query", "shards"}, {"node", "b"}})) == "b is down");
}

TEST_CASE("cluster_inspection: a change goes to the node that has the actor and to no other") {
  three_nodes all;
  const auto kills = [&](incarnation id) {
    const auto& asked = all.nodes.at(id).asked;
    return std::count_if(asked.begin(), asked.end(),
                         [](const auto& one) { return one["query"] == "kill"; });
  };
  const auto came = all.ask({{"query", "kill"}, {"name", "actor/c"}});
  CHECK(came["done"] == "killed");
  CHECK(came["node"] == "c");
  CHECK(kills(1) == 0);
  CHECK(kills(2) == 0);
  CHECK(kills(3) == 1);
  CHECK(is_no_such_actor(all.ask({{"query", "kill"}, {"name", "actor/x"}})));
  CHECK(rule_of(all.ask({{"query", "kill"}, {"name", "feed"}})) ==
        "must say which: feed runs on a, b, c");
  CHECK(kills(1) + kills(2) + kills(3) == 1);
  CHECK(all.ask({{"query", "kill"}, {"name", "feed"}, {"node", "b"}})["node"] == "b");
  CHECK(kills(2) == 1);
  all.cut.insert(3);
  CHECK(rule_of(all.ask({{"query", "kill"}, {"name", "actor/c"}})).find("without c (there is no") !=
        std::string::npos);
}

TEST_CASE("cluster_inspection: what is no question, or no query, this node refuses") {
  three_nodes all;
  CHECK(rule_of(all.ask({{"query", "beauty"}})) == "must be one of...");
  CHECK(all.asked_of(2) == 0);
  CHECK(json::parse(all.nodes.at(1).inspection->answer("[", "x")).contains("error"));
}

TEST_CASE("cluster_questions: a link that ends, and the node's end, let go who waits") {
  cluster_questions questions([](incarnation, std::string_view) { return true; });
  const std::vector<asked_node> one{{7, "g"}};
  CHECK(questions
          .ask(
            one, "q", "w", [&] { questions.peer_closed(8); }, 10ms)[0]
          .why == "it did not answer within 10 ms");
  CHECK(questions
          .ask(
            one, "q", "w", [&] { questions.peer_closed(7); }, 60s)[0]
          .why == "its link ended");
  // A reply of somebody else, or to no question, changes nothing.
  CHECK(questions
          .ask(
            one, "q", "w",
            [&] {
              questions.replied(8, {{{3, "wrong"}}});
              questions.replied(7, {{{9, "wrong"}}});
              questions.replied(7, {{{3, "right"}}});
              questions.replied(7, {{{3, "late"}}});
            },
            60s)[0]
          .text == "right");
  CHECK(questions
          .ask(
            one, "q", "w", [&] { questions.stop(); }, 60s)[0]
          .why == "this node is stopping");
  CHECK(questions.ask(one, "q", "w", {}, 60s)[0].why == "this node is stopping");
  CHECK(questions.open() == 0);
}

TEST_CASE("cluster_questions: beyond the bound nobody is asked, and that is said") {
  std::size_t sent = 0;
  cluster_questions questions([&](incarnation, std::string_view) { return ++sent > 0; });
  std::vector<asked_node> many;
  for (incarnation id = 1; id <= cluster_questions::open_max + 1; ++id) many.push_back({id, "n"});
  const auto replies = questions.ask(many, "q", "w", {}, 1ms);
  CHECK(sent == cluster_questions::open_max);
  CHECK(replies.back().why == "256 questions are under way already: ask again");
  CHECK(questions.open() == 0);
}

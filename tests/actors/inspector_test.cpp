// Questions to the inspector of a running shard: each answer, each refusal, and that no secret is in any.
#include "actors/inspector.hpp"
#include "tests/actors/running_shard.ipp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>

using namespace rialto;
using namespace rialto::actors;
using nlohmann::json;

namespace {

struct inspected_shard {
  running_shard node;
  inspector looks{{"n1", node.registry, node.clock,
                   [this] { return std::vector<caf::actor>{node.shard()}; }, nullptr,
                   [](nlohmann::ordered_json& row) { row["version"] = "1"; },
                   [](nlohmann::ordered_json& row) { row["head"] = 7; }}};

  explicit inspected_shard(std::uint64_t users) { node.set_up(users); }

  json ask(const json& question) { return json::parse(looks.answer(question.dump(), "a test")); }
  std::string refusal(const json& question) {
    const auto came = ask(question);
    if (!came.contains("error")) return "answered";
    const auto& no = came["error"];
    return (no["field"].is_null() ? std::string("-") : no["field"].get<std::string>()) + ": " +
           no["rule"].get<std::string>();
  }
};

bool has_row(const json& came, const std::string& name) {
  const auto& rows = came.at("rows");
  return std::any_of(rows.begin(), rows.end(),
                     [&](const auto& row) { return row["name"] == name; });
}

} // namespace

TEST_CASE("inspector: a question that is none is refused with its field and the rule") {
  inspected_shard at(1);
  CHECK(at.refusal({{"query", "everything"}}).starts_with("query: must be one of nodes, tree,"));
  CHECK(at.refusal(json::object()) == "query: is missing");
  CHECK(at.refusal(json::array()) == "-: a question must be one JSON object");
  CHECK(at.refusal({{"query", "actors"}, {"limit", 0}}) ==
        "limit: must be a whole number of 1 to 1000");
  CHECK(at.refusal({{"query", "actors"}, {"limit", UINT64_MAX}}) ==
        "limit: must be a whole number of 1 to 1000");
  CHECK(at.refusal({{"query", "actors"}, {"sort", "beauty"}}).starts_with("sort: must be one of"));
  CHECK(at.refusal({{"query", "actors"}, {"kidn", "user"}}) == "kidn: is not known here");
  CHECK(at.refusal({{"query", "actor"}}) == "name: is missing");
  CHECK(at.refusal({{"query", "actor"}, {"name", 5}}) ==
        "name: must be a text of at most 100 bytes");
  CHECK(at.refusal({{"query", "actor"}, {"name", "account/9"}}) == "name: no such actor runs");
  CHECK(at.refusal({{"query", "kill"}, {"name", "shard/0"}}) ==
        "name: the node stands on it: restart the node instead");
  CHECK(json::parse(at.looks.answer("{", "x")).contains("error"));
  CHECK(json::parse(at.looks.answer(std::string(70'000, ' '), "x")).contains("error"));
}

TEST_CASE("inspector: nodes, shards and journal say how they stand; every row names the node") {
  inspected_shard at(2);
  const auto nodes = at.ask({{"query", "nodes"}});
  CHECK(nodes["rows"][0]["version"] == "1");
  CHECK(nodes["rows"][0]["actors_by_kind"]["account"] == 2);
  const auto shards = at.ask({{"query", "shards"}});
  CHECK(shards["rows"][0]["name"] == "shard/0");
  CHECK(shards["rows"][0]["state"] == "serving");
  CHECK(shards["rows"][0]["records"] >= 5);
  CHECK(at.ask({{"query", "journal"}})["rows"][0]["head"] == 7);
  for (const auto* query : {"nodes", "shards", "journal", "actors", "tree", "slow"}) {
    const auto came = at.ask({{"query", query}});
    CHECK(came["node"] == "n1");
    for (const auto& row : came["rows"]) CHECK(row["node"] == "n1");
  }
}

TEST_CASE("inspector: actors are filtered, sorted, and count what their entities ran") {
  inspected_shard at(3);
  for (std::int64_t step = 1; step <= 20; ++step) at.node.rest(2, step);
  const auto accounts = at.ask({{"query", "actors"}, {"kind", "account"}});
  CHECK(accounts["rows"].size() == 3);
  for (const auto& row : accounts["rows"])
    if (row["name"] == "account/2") CHECK(row["messages"] >= 20); // of before anybody looked
  CHECK(at.ask({{"query", "actors"}, {"name", "t/3"}})["rows"].size() == 1);
  CHECK(at.ask({{"query", "actors"}, {"limit", 2}})["rows"].size() == 2);
  const auto heavy = at.ask({{"query", "actors"}, {"kind", "account"}, {"sort", "memory"}})["rows"];
  CHECK(heavy[0]["name"] == "account/2");
  CHECK(heavy[0]["memory_bytes"] > heavy[1]["memory_bytes"]);
  // Measured while somebody looks.
  REQUIRE(at.node.wait_until([&] {
    at.node.rest(1, 30);
    const auto busy = at.ask({{"query", "actors"}, {"kind", "account"}, {"sort", "cpu"}})["rows"];
    return busy[0]["name"] == "account/1" && busy[0]["longest_us"].get<int>() >= 0 &&
           busy[0]["longest_message"] == "place_order";
  }));
  CHECK(has_row(at.ask({{"query", "slow"}}), "account/1"));
}

TEST_CASE("inspector: the tree shows users above accounts, cut where it is told") {
  inspected_shard at(3);
  const auto whole = at.ask({{"query", "tree"}});
  CHECK(has_row(whole, "account/3"));
  const auto part = at.ask({{"query", "tree"}, {"root", "user/1"}});
  REQUIRE(part["rows"].size() == 2);
  CHECK(part["rows"][0]["children"] == 1);
  CHECK(part["rows"][1]["name"] == "account/1");
  CHECK(part["rows"][1]["depth"] == 1);
  const auto cut = at.ask({{"query", "tree"}, {"children", 2}});
  CHECK_FALSE(has_row(cut, "user/3"));
  CHECK(at.refusal({{"query", "tree"}, {"root", "user/9"}}) == "root: no such actor runs");
}

TEST_CASE("inspector: an actor shows its entity field by field, its stream, links and children") {
  inspected_shard at(2);
  const auto order = at.node.rest(1, 3);
  REQUIRE(at.node.find(order));
  const auto account = at.ask({{"query", "actor"}, {"name", "account/1"}});
  const auto& entity = account["entity"];
  CHECK(entity["condition"] == "live");
  CHECK(entity["state"]["owner"] == "user/1");
  CHECK(entity["state"]["open_orders"][0]["price"] == 9'997);
  CHECK(entity["state"]["open_orders"][0]["way"] == "buy");
  CHECK(entity["stream"]["event_number"] >= 4);
  CHECK(entity["links"][0]["to"] == "market/1");
  CHECK(account["children"][0]["name"] == to_string(entity_id(order)));
  const auto market = at.ask({{"query", "actor"}, {"name", "market/1"}})["entity"]["state"];
  CHECK(market["instrument"]["symbol"] == "BTCUSDT");
  CHECK(market["bids"][0] == json::array({9'997, 1'000}));
  const auto working = at.ask({{"query", "actor"}, {"name", to_string(entity_id(order))}});
  CHECK(working["order"]["size"] == 1'000);
  CHECK(at.ask({{"query", "actor"}, {"name", "shard/0"}})["shard"]["state"] == "serving");
}

TEST_CASE("inspector: a user's hashes and keys are in no answer") {
  inspected_shard at(1);
  api_key_record key;
  key.key = "abcdefghijklmnop";
  key.label = "a bot";
  key.secret = "sealed-secret";
  key.account = {1};
  static_cast<void>(
    at.node.ask(user_id{1}, user_command{add_api_key{key}}, {{"api-key:" + key.key, user_id{1}}}));
  REQUIRE(!at.ask({{"query", "trace"}, {"name", "user/1"}}).contains("error"));
  std::string said;
  REQUIRE(at.node.wait_until([&] { // the shard notices the looker within a tick
    static_cast<void>(at.node.ask(
      user_id{1}, user_command{start_session{77, "refresh-hash", "hash", {INT64_MAX}}}));
    said = at.ask({{"query", "trace"}, {"name", "user/1"}}).dump();
    return said.find("start_session") != std::string::npos;
  }));
  const auto whole = at.ask({{"query", "actor"}, {"name", "user/1"}});
  CHECK(whole["entity"]["state"]["email"] == "user1@example.org");
  CHECK(whole["entity"]["state"]["api_keys"][0]["label"] == "a bot");
  said += whole.dump();
  for (const auto* secret : {"refresh-hash", "\"hash\"", "sealed-secret", "abcdefghijklmnop"}) {
    CAPTURE(secret);
    CHECK(said.find(secret) == std::string::npos);
  }
}

TEST_CASE("inspector: a trace tells what an entity was asked and what reached it over links") {
  inspected_shard at(1);
  const auto trace = [&](const char* name, std::uint64_t after) {
    return at.ask({{"query", "trace"}, {"name", name}, {"after", after}});
  };
  CHECK(trace("account/1", 0)["lines"].empty());
  CHECK(trace("market/1", 0)["lines"].empty());
  std::int64_t step = 0;
  json lines;
  REQUIRE(at.node.wait_until([&] {
    at.node.rest(1, ++step);
    lines = trace("account/1", 0)["lines"];
    return !lines.empty() && !trace("market/1", 0)["lines"].empty();
  }));
  CHECK(lines[0]["kind"] == "place_order");
  CHECK(lines[0]["text"].get<std::string>().find("market/1: buy limit 1000 at ") !=
        std::string::npos);
  const auto passed = trace("market/1", 0)["lines"];
  CHECK(passed[0]["kind"] == "submit_order");
  CHECK(passed[0]["text"].get<std::string>().starts_with("from account/1: order/"));
  CHECK(trace("account/1", lines.back()["number"])["lines"].empty());
  const auto of_shard = trace("shard/0", 0);
  CHECK(of_shard["lines"].size() <= 100);
  CHECK(at.refusal({{"query", "trace"}, {"name", "nobody/1"}}) == "name: no such actor runs");
}

TEST_CASE("inspector: kill is a fault that supervision mends; who did it is the failure's text") {
  inspected_shard at(1);
  const auto order = at.node.rest(1, 1);
  CHECK(at.ask({{"query", "kill"}, {"name", "account/1"}})["done"] == "killed");
  REQUIRE(at.node.wait_until([&] { return at.node.restarts(account_id{1}) == 1; }));
  CHECK(at.node.row(account_id{1})->last_failure == "killed by a test");
  CHECK(at.node.ask(account_id{1}, account_command{cancel{order}, {}}).how == delivery::done);
  REQUIRE(at.node.find(at.node.rest(1, 2)));
}

TEST_CASE("inspector: restart brings back who was given up, and forgets its failures") {
  inspected_shard at(1);
  const auto order = at.node.rest(1, 1);
  for (std::uint32_t k = 1; k <= 6; ++k) {
    REQUIRE(at.node.wait_until([&] {
      return !at.ask({{"query", "kill"}, {"name", "account/1"}}).contains("error");
    }));
    REQUIRE(at.node.wait_until([&] { return at.node.restarts(account_id{1}) == k; }));
  }
  REQUIRE(at.node.wait_until([&] { return at.node.is_given_up(account_id{1}); }));
  const auto shown = at.ask({{"query", "actor"}, {"name", "account/1"}});
  CHECK(shown["actor"]["status"] == "failed");
  CHECK(shown["entity"]["condition"] == "given up");
  CHECK(at.ask({{"query", "restart"}, {"name", "account/1"}})["done"] == "restarted");
  REQUIRE(at.node.wait_until([&] {
    return at.node.ask(account_id{1}, account_command{get_order{order}, {}}).how == delivery::done;
  }));
  CHECK_FALSE(at.node.is_given_up(account_id{1}));
  // One that runs is dropped and comes back as well.
  CHECK(at.ask({{"query", "restart"}, {"name", "account/1"}})["done"] == "restarted");
  REQUIRE(at.node.wait_until([&] {
    return at.node.ask(account_id{1}, account_command{get_order{order}, {}}).how == delivery::done;
  }));
}

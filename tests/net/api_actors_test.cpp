// The list of actors: filters, pages, failures.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::net;

TEST_CASE("actors: the list is by name, filtered, in pages") {
  api_node node;
  std::vector<std::shared_ptr<runtime::actor_entry>> kept;
  for (const std::string number : {"3", "1", "2"})
    kept.push_back(node.actors.add("account", "account/" + number, "user/1", node.clock.now()));
  kept.push_back(node.actors.add("user", "user/1", "shard/0", node.clock.now()));
  kept.back()->enqueued = 5;
  kept.back()->handled = 3;
  const auto& token = node.admin().token;
  const auto names = [&](const std::string& query) {
    std::string out;
    const auto answer = node.get("/api/v1/admin/actors" + query, token).body();
    for (const auto& one : answer["items"]) out += one["name"].get<std::string>() + " ";
    return out + (answer["next_cursor"].is_null() ? "" : "...");
  };
  CHECK(names("") == "account/1 account/2 account/3 user/1 ");
  CHECK(names("?kind=user") == "user/1 ");
  CHECK(names("?parent=user/1") == "account/1 account/2 account/3 ");
  CHECK(names("?limit=2") == "account/1 account/2 ...");
  CHECK(names("?limit=2&cursor=account/2") == "account/3 user/1 ");
  const auto user = node.get("/api/v1/admin/actors?kind=user", token).body()["items"][0];
  CHECK(user["mailbox"] == 2);
  CHECK(user["messages"] == 3);
  CHECK(user["parent"] == "shard/0");
  CHECK(user["last_failure"].is_null());
}

TEST_CASE("actors: one that was given up is listed as failed until it starts again") {
  api_node node;
  node.actors.note_failure("account/7", "account", "user/1", "poisoned", true);
  const auto& token = node.admin().token;
  const auto first = [&] {
    return node.get("/api/v1/admin/actors?kind=account", token).body()["items"][0];
  };
  CHECK(first()["status"] == "failed");
  CHECK(first()["last_failure"] == "poisoned");
  CHECK(first()["started_at"].is_null());
  const auto again = node.actors.add("account", "account/7", "user/1", node.clock.now());
  CHECK(first()["status"] == "running");
  CHECK(first()["failures"] == 1);
}

TEST_CASE("actors: what is none is not found") {
  api_node node;
  const auto& token = node.admin().token;
  for (const std::string name : {"account/99", "order/5", "walrus/1", "account/x", "none/1"}) {
    CAPTURE(name);
    const auto answer = node.get("/api/v1/admin/actors/" + name, token);
    CHECK(answer.status == 404);
    CHECK(answer.code() == "unknown-actor");
  }
  CHECK(node.get("/api/v1/admin/actors?kinds=user", token).status == 400);
}

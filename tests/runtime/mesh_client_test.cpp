#include "runtime/mesh/mesh_client.hpp"
#include "tests/runtime/mesh_node.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace rialto::runtime;
using namespace rialto::testing;
using namespace std::chrono_literals;

namespace {

using answer_way = std::function<void(std::string)>;

std::string address_of(mesh_node& node) {
  return node.address().address;
}

} // namespace

TEST_CASE("mesh_client: a tool with a certificate asks and is answered") {
  mesh_node one(1, {}, {}, [](const std::string& request, const answer_way& answer) {
    answer("you said " + request);
  });
  mesh_client tool(cluster_authority().files("operator"), address_of(one));
  std::string why;
  CHECK(tool.ask("nodes", 60s, why) == "you said nodes");
  const std::string large(3'000'000, 'x');
  CHECK(tool.ask(large, 60s, why) == "you said " + large);
  CHECK(why.empty());
  CHECK(one.links().statistics().asks == 2);
}

TEST_CASE("mesh_client: an answer may come later from any thread, and not at all") {
  std::mutex lock;
  std::deque<answer_way> open;
  mesh_node one(
    1, [](mesh_options& options) { options.asks_max = 2; }, {},
    [&](const std::string&, const answer_way& answer) {
      const std::lock_guard hold(lock);
      open.push_back(answer);
    });
  mesh_client tool(cluster_authority().files("operator"), address_of(one));
  std::thread later([&] {
    CHECK(eventually([&] {
      const std::lock_guard hold(lock);
      return !open.empty();
    }));
    const std::lock_guard hold(lock);
    open.front()("at last");
    open.front()("twice");
    open.clear();
  });
  std::string why;
  CHECK(tool.ask("slow", 60s, why) == "at last");
  later.join();
  CHECK_FALSE(tool.ask("silence", 50ms, why));
  CHECK(why.find("no answer within") != std::string::npos);
  CHECK(eventually([&] { // two that nobody answers keep their places
    static_cast<void>(tool.ask("silence", 50ms, why));
    return one.links().statistics().asks >= 3;
  }));
  CHECK(eventually([&] {
    return !tool.ask("one too many", 60s, why) &&
           why.find("2 requests are being answered already") != std::string::npos;
  }));
  CHECK(one.links().statistics().refused_asks >= 1);
}

TEST_CASE("mesh_client: an answer that comes after the mesh has gone goes nowhere") {
  answer_way kept;
  std::mutex lock;
  auto one = std::make_unique<mesh_node>(1, mesh_node::wish{}, mesh_node::listener{},
                                         [&](const std::string&, const answer_way& answer) {
                                           const std::lock_guard hold(lock);
                                           kept = answer;
                                         });
  {
    mesh_client tool(cluster_authority().files("operator"), address_of(*one));
    std::string why;
    REQUIRE(eventually([&] {
      CHECK_FALSE(tool.ask("anybody?", 100ms, why));
      const std::lock_guard hold(lock);
      return kept != nullptr;
    }));
  }
  one.reset();
  kept("too late");
}

TEST_CASE("mesh_client: a node that has no service, is gone or does not know the tool is said") {
  std::string why;
  auto one = std::make_unique<mesh_node>(1);
  const auto address = address_of(*one);
  mesh_client tool(cluster_authority().files("operator"), address);
  CHECK_FALSE(tool.ask("nodes", 60s, why));
  CHECK(why == address + ": this node answers no tools");
  test_authority other;
  mesh_client stranger(other.files("operator"), address);
  CHECK_FALSE(stranger.ask("nodes", 60s, why));
  CHECK(why.find("TLS: ") != std::string::npos);
  one.reset();
  CHECK_FALSE(tool.ask("nodes", 5s, why));
  CHECK_FALSE(why.empty());
  CHECK_THROWS_AS(mesh_client(cluster_authority().files("operator"), "no address"), mesh_failure);
  CHECK_THROWS_AS(mesh_client(tls_files{}, address), mesh_failure);
}

TEST_CASE("mesh_client: a connection that was lost is made again") {
  const auto echo = [](const std::string& request, const answer_way& answer) { answer(request); };
  auto one = std::make_unique<mesh_node>(1, mesh_node::wish{}, mesh_node::listener{}, echo);
  const auto address = address_of(*one);
  mesh_client tool(cluster_authority().files("operator"), address);
  std::string why;
  REQUIRE(tool.ask("first", 60s, why) == "first");
  one.reset();
  one = std::make_unique<mesh_node>(
    2, [&](mesh_options& options) { options.listen = address; }, mesh_node::listener{}, echo);
  CHECK(eventually([&] { return tool.ask("second", 5s, why) == "second"; }));
}

// A stop that takes long says what it waits for; one that does not says nothing.
#include "runtime/stop_watch.hpp"

#include <doctest/doctest.h>

#include <future>
#include <vector>

using namespace rialto::runtime;

TEST_CASE("stop_watch: a step that takes long is told, with what it waits for") {
  std::promise<std::string> told;
  int lines = 0;
  std::string asked = "account/1";
  {
    stop_watch watch(std::chrono::milliseconds(1), [&](const std::string& line) {
      if (++lines == 1) told.set_value(line);
    });
    watch.step("the actors", [&] { return asked; });
    auto first = told.get_future();
    REQUIRE(first.wait_for(std::chrono::seconds(30)) == std::future_status::ready);
    CHECK(first.get() == "the stop has waited 0 s for the actors: account/1");
  }
  CHECK(lines >= 1);
}

TEST_CASE("stop_watch: each step has its own patience, and no line comes after the end") {
  std::vector<std::string> lines;
  {
    stop_watch watch(std::chrono::hours(1),
                     [&](const std::string& line) { lines.push_back(line); });
    watch.step("the edge");
    watch.step("the journal");
  }
  CHECK(lines.empty());
}

TEST_CASE("stop_watch: one that was never started ends") {
  stop_watch watch;
}

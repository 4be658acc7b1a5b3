#include "runtime/restart_policy.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::runtime;

TEST_CASE("restart_history: the delay doubles up to its bound, then it gives up") {
  restart_history history(
    {.restarts_max = 4, .window_ns = 1'000, .back_off_ns = 10, .back_off_max_ns = 35});
  CHECK(history.failed({0}, "a") == 10);
  CHECK(history.failed({1}, "b") == 20);
  CHECK(history.failed({2}, "c") == 35);
  CHECK(history.failed({3}, "d") == 35);
  CHECK_FALSE(history.failed({4}, "e").has_value());
  CHECK(history.failures() == 5);
  CHECK(history.last_failure() == "e");
}

TEST_CASE("restart_history: failures older than the window are forgiven") {
  restart_history history(
    {.restarts_max = 1, .window_ns = 100, .back_off_ns = 10, .back_off_max_ns = 10});
  CHECK(history.failed({0}, "a").has_value());
  CHECK_FALSE(history.failed({99}, "b").has_value());
  CHECK(history.failed({100}, "c").has_value());
}

// When the live feed connects again, and when its requests may leave.
#include "net/live/connect_pace.hpp"
#include "net/live/rest_budget.hpp"

#include <doctest/doctest.h>

using namespace rialto::net;

namespace {
constexpr std::int64_t second = 1'000'000'000;
}

TEST_CASE(
  "connect_backoff: pauses double from half a second to a minute, spread over their upper half") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    connect_backoff pace(seed);
    for (std::int64_t longest = second; longest < 200 * second; longest *= 2) {
      const auto most = std::min(longest, 60 * second);
      const auto pause = pace.failed();
      CHECK(pause >= most / 2);
      CHECK(pause <= most);
    }
    pace.succeeded();
    CHECK(pace.failed() <= second);
  }
}

TEST_CASE("connect_backoff: two programs do not knock at the same time") {
  connect_backoff one(1), other(2);
  int same = 0;
  for (int i = 0; i < 20; ++i) same += one.failed() == other.failed();
  CHECK(same < 2);
}

TEST_CASE("connect_budget: 300 connects in any five minutes, no more") {
  connect_budget budget;
  for (int i = 0; i < 300; ++i) CHECK(budget.take(i));
  CHECK_FALSE(budget.take(299));
  CHECK_FALSE(budget.take(300 * second - 1));
  CHECK(budget.take(300 * second)); // the first one is five minutes old
  CHECK_FALSE(budget.take(300 * second));
  CHECK(budget.take(300 * second + 1));
}

TEST_CASE("rest_budget: weight within a minute stays within its bound") {
  rest_budget budget(1'000);
  const auto start = 120 * second;
  for (int i = 0; i < 4; ++i) {
    CHECK(budget.may_leave_at(250, start) == start);
    budget.left(250, start);
  }
  CHECK(budget.may_leave_at(1, start + second) == 180 * second); // the next minute
  CHECK(budget.may_leave_at(250, 180 * second) == 180 * second);
}

TEST_CASE("rest_budget: the server's own count is believed when it is higher") {
  rest_budget budget(1'000);
  budget.left(10, 60 * second);
  budget.told_used(990, 61 * second);
  CHECK(budget.used(61 * second) == 990);
  CHECK(budget.may_leave_at(20, 62 * second) == 120 * second);
  budget.told_used(5, 63 * second); // a late answer does not give weight back
  CHECK(budget.used(63 * second) == 990);
  CHECK(budget.used(120 * second) == 0);
}

TEST_CASE("rest_budget: everything waits after a refusal, as long as the server says") {
  rest_budget budget;
  budget.refused(30, 100 * second);
  CHECK(budget.may_leave_at(1, 101 * second) == 130 * second);
  budget.refused(5, 101 * second); // a shorter one does not end the longer
  CHECK(budget.may_leave_at(1, 101 * second) == 130 * second);
  budget.refused(-1, 130 * second); // it said nothing: ten seconds
  CHECK(budget.may_leave_at(1, 131 * second) == 140 * second);
  budget.refused(INT64_MAX, 140 * second); // absurd: three days
  CHECK(budget.blocked_until() == 140 * second + 3 * 86'400 * second);
}

TEST_CASE(
  "rest_budget: a request heavier than the budget waits for an empty minute, not for ever") {
  rest_budget budget(100);
  CHECK(budget.may_leave_at(250, 60 * second) == 60 * second);
  budget.left(1, 60 * second);
  CHECK(budget.may_leave_at(250, 61 * second) == 120 * second);
}

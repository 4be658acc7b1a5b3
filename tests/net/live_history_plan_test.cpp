#include "net/live/history_plan.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::net;

namespace {

constexpr std::int64_t minute_ns = history_plan::minute_ns, second_ns = 1'000'000'000;
constexpr std::int64_t day_minutes = 24 * 60, back_minutes = history_plan::days_max * day_minutes;
constexpr std::int64_t noon =
  1'723'118'400 * second_ns / minute_ns; // 2024-08-08 12:00 UTC, in minutes

timestamp_ns minute(std::int64_t number) {
  return {(noon + number) * minute_ns};
}
timestamp_ns at(std::int64_t minutes, std::int64_t seconds) {
  return {minute(minutes).value + seconds * second_ns};
}
minute_range range(std::int64_t from, std::int64_t to) {
  return {minute(from), minute(to)};
}
std::vector<timestamp_ns> minutes(std::int64_t from, std::int64_t to) {
  std::vector<timestamp_ns> made;
  for (auto n = from; n < to; ++n) made.push_back(minute(n));
  return made;
}

/// A plan whose first look, at 12:00:30, found everything.
history_plan begun() {
  history_plan made;
  made.came_live(at(0, 30));
  REQUIRE(made.look(at(0, 30)) == range(-back_minutes, 0));
  made.found(minutes(-back_minutes, 0));
  REQUIRE(made.next() == range(-history_plan::overlap_minutes, 0));
  made.answered(true, at(0, 31));
  REQUIRE_FALSE(made.next());
  return made;
}

} // namespace

TEST_CASE("ranges_to_ask: every missing minute, oldest first, few questions") {
  CHECK(ranges_to_ask({}, range(0, 0)).empty());
  CHECK(ranges_to_ask(minutes(0, 50), range(0, 50)).empty());
  CHECK(ranges_to_ask({}, range(0, 1'000)) == std::deque{range(0, 1'000)});
  CHECK(ranges_to_ask({}, range(0, 1'001)) == std::deque{range(0, 1'000), range(1'000, 1'001)});
  CHECK(ranges_to_ask(minutes(10, 20), range(0, 30)) == std::deque{range(0, 30)});
  CHECK(ranges_to_ask(minutes(0, 20), range(0, 30)) == std::deque{range(20, 30)});
  CHECK(ranges_to_ask(minutes(20, 60), range(0, 30)) == std::deque{range(0, 20)});
  CHECK(ranges_to_ask(minutes(-5, 2'000), range(0, 2'001)) == std::deque{range(2'000, 2'001)});
  CHECK(ranges_to_ask(minutes(5, 1'500), range(0, 1'600)) ==
        std::deque{range(0, 5), range(1'500, 1'600)});
}

TEST_CASE(
  "history_plan: without any candle it asks for 30 days in 44 questions, one after the other") {
  history_plan plan;
  CHECK(plan.is_new());
  CHECK_FALSE(plan.look(at(0, 30))); // it has not come live
  plan.came_live(at(0, 30));
  REQUIRE(plan.look(at(0, 30)) == range(-back_minutes, 0));
  plan.found({});
  CHECK_FALSE(plan.look(at(0, 40))); // what was found is being asked for
  std::int64_t questions = 0;
  for (auto from = -back_minutes; plan.next(); ++questions) {
    const auto to = std::min<std::int64_t>(0, from + history_plan::rows_max);
    REQUIRE(plan.next() == range(from, to));
    from = to;
    plan.answered(true, at(0, 45));
  }
  CHECK(questions == 44);
  CHECK_FALSE(plan.is_new());
}

TEST_CASE("history_plan: the minute in which it came live is asked for when it is over") {
  auto plan = begun();
  CHECK_FALSE(plan.look(at(1, 1))); // it may still change
  REQUIRE(plan.look(at(1, 2)) == range(0, 1));
  plan.found({});
  CHECK(plan.next() == range(0, 1));
  plan.answered(true, at(1, 3));
  CHECK_FALSE(plan.next());
  CHECK_FALSE(plan.look(at(2, 3))); // from here on it is heard
  // Silence leaves no candles before the first trade: it looks again when the longer candles end.
  REQUIRE(plan.look(at(5, 2)) == range(1, 5));
  plan.found(minutes(1, 5));
  CHECK_FALSE(plan.next());
}

TEST_CASE("history_plan: a connection that ended costs the hole and the newest hour before it") {
  auto plan = begun();
  plan.came_live(at(90, 10));
  REQUIRE(plan.look(at(90, 10)) == range(-60, 90));
  plan.found(minutes(-60, 85)); // 85 to 89 are missing or partial
  CHECK(plan.next() == range(25, 90));
  plan.answered(true, at(90, 11));
  // One that comes and goes asks at most once a minute.
  plan.came_live(at(90, 20));
  plan.came_live(at(90, 30));
  CHECK_FALSE(plan.look(at(90, 30)));
  REQUIRE(plan.look(at(91, 2)) == range(30, 91));
  plan.found(minutes(30, 90));
  CHECK(plan.next() == range(30, 91));
}

TEST_CASE("history_plan: what failed is looked for again after a minute, the rest of it as well") {
  history_plan plan;
  plan.came_live(at(0, 30));
  REQUIRE(plan.look(at(0, 30)));
  plan.found({});
  plan.answered(true, at(0, 31));
  plan.answered(false, at(0, 40));
  CHECK_FALSE(plan.next());
  CHECK(plan.is_new());
  CHECK_FALSE(plan.look(at(0, 59)));
  REQUIRE(plan.look(at(1, 40)) == range(1 - back_minutes, 1));
  plan.found(minutes(-back_minutes, -back_minutes + 1'000));
  CHECK(plan.next()->from == minute(940 - back_minutes)); // the newest hour of what is known, again
}

TEST_CASE("history_plan: longer candles that ran meanwhile are made anew when they end") {
  auto plan = begun(); // came live at 12:00:30
  CHECK(plan.ended(at(5, 1)).empty());
  CHECK(plan.ended(at(5, 3)) == minutes(0, 1)); // 5m
  CHECK(plan.ended(at(5, 3)).empty());
  CHECK(plan.ended(at(59, 59)) == minutes(0, 1)); // 15m
  plan.came_live(at(59, 59));
  CHECK(plan.ended(at(60, 2)) == minutes(59, 60)); // 5m, 15m and 1h end together, once
  CHECK(plan.ended(at(240, 2)) == minutes(59, 60));
  CHECK(plan.ended(at(12 * 60, 2)) == minutes(59, 60));
  CHECK(plan.ended(at(10 * day_minutes, 0)).empty());
}

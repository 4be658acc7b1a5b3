#include "runtime/clock.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::runtime;

namespace {
constexpr std::int64_t second = 1'000'000'000;
constexpr timestamp_ns start{1'000'000 * second};
} // namespace

TEST_CASE("clock: now is the wall while both clocks move together") {
  manual_clock clock(start);
  CHECK(clock.now() == start);
  clock.advance(5 * second);
  CHECK(clock.now() == start + timestamp_ns{5 * second});
  CHECK(clock.held_back_ns() == 0);
}

TEST_CASE("clock: a forward jump is not stamped, and real time goes on under it") {
  manual_clock clock(start);
  (void)clock.now();
  clock.jump_wall(3'600 * second);
  CHECK(clock.now() == start);
  clock.advance(2 * second);
  CHECK(clock.now() == start + timestamp_ns{2 * second});
  CHECK(clock.held_back_ns() == 3'600 * second);
  CHECK(clock.jump_count() == 1);
}

TEST_CASE("clock: the wall is trusted again when it returns, or when somebody accepts the jump") {
  manual_clock clock(start);
  clock.jump_wall(60 * second);
  CHECK(clock.now() == start);
  clock.jump_wall(-60 * second);
  CHECK(clock.now() == start);
  CHECK(clock.held_back_ns() == 0);
  clock.jump_wall(60 * second);
  CHECK(clock.now() == start);
  clock.accept_jump();
  CHECK(clock.now() == start + timestamp_ns{60 * second});
  CHECK(clock.jump_count() == 2);
}

TEST_CASE("clock: small corrections are followed, however many") {
  manual_clock clock(start);
  for (int i = 0; i < 100; ++i) {
    clock.jump_wall(second / 2);
    CHECK(clock.now() == clock.wall());
  }
  CHECK(clock.jump_count() == 0);
}

TEST_CASE("clock: exactly the bound is a correction, one more is a jump") {
  manual_clock clock(start);
  clock.jump_wall(node_clock::jump_ns_max);
  CHECK(clock.now() == clock.wall());
  clock.jump_wall(node_clock::jump_ns_max + 1);
  CHECK(clock.now() < clock.wall());
}

TEST_CASE("clock: after a backward jump the way back up is not a forward jump") {
  manual_clock clock(start);
  (void)clock.now();
  clock.jump_wall(-3'600 * second);
  CHECK(clock.now() == start - timestamp_ns{3'600 * second});
  clock.jump_wall(3'600 * second);
  CHECK(clock.now() == start);
  CHECK(clock.jump_count() == 0);
}

TEST_CASE("clock: the machine's clocks agree with themselves") {
  system_clock clock;
  const auto before = clock.monotonic_ns();
  const auto now = clock.now();
  CHECK(clock.monotonic_ns() >= before);
  CHECK(now.value > 1'700'000'000 * second);
  CHECK(clock.held_back_ns() == 0);
}

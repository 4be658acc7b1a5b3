#include "runtime/clock.hpp"

#include "domain/assert.hpp"

#include <time.h>

namespace rialto::runtime {

namespace {

std::int64_t read_clock(clockid_t which) {
  timespec at{};
  const auto failed = clock_gettime(which, &at);
  RIALTO_ASSERT(failed == 0);
  return static_cast<std::int64_t>(at.tv_sec) * 1'000'000'000 + at.tv_nsec;
}

} // namespace

void node_clock::trust_wall() {
  const auto offset = wall().value - monotonic_ns();
  highest_.store(offset, std::memory_order_relaxed);
  current_.store(offset, std::memory_order_relaxed);
  held_back_ns_.store(0, std::memory_order_relaxed);
}

void node_clock::accept_jump() {
  trust_wall();
}

timestamp_ns node_clock::now() {
  // The wall first: a thread that is stopped between the two reads then looks like a backward jump,
  // which does no harm, and never like a forward one. Concurrent calls may each store their offset;
  // all of them are within the bound.
  const auto at = wall();
  const auto real = monotonic_ns();
  const auto offset = at.value - real;
  const auto highest = highest_.load(std::memory_order_relaxed);
  if (offset <= highest + jump_ns_max) {
    if (offset > highest) highest_.store(offset, std::memory_order_relaxed);
    current_.store(offset, std::memory_order_relaxed);
    if (held_back_ns() != 0) held_back_ns_.store(0, std::memory_order_relaxed);
    return at;
  }
  const timestamp_ns held{real + current_.load(std::memory_order_relaxed)};
  if (held_back_ns_.exchange(at.value - held.value, std::memory_order_relaxed) == 0) {
    jump_count_.fetch_add(1, std::memory_order_relaxed);
  }
  return held;
}

timestamp_ns system_clock::wall() const {
  return {read_clock(CLOCK_REALTIME)};
}
std::int64_t system_clock::monotonic_ns() const {
  return read_clock(CLOCK_BOOTTIME);
}

void manual_clock::advance(std::int64_t ns) {
  RIALTO_ASSERT_VALUES(ns >= 0, ns, 0);
  wall_.fetch_add(ns, std::memory_order_relaxed);
  monotonic_.fetch_add(ns, std::memory_order_relaxed);
}

} // namespace rialto::runtime

// tests/simulation/simulated_clock.hpp: one node's clocks on simulated time: the wall can be set, the other only moves with time.
#pragma once

#include "runtime/clock.hpp"
#include "tests/simulation/event_queue.hpp"

namespace rialto::simulation {

/// One per life of a node: a start trusts the wall as it is then.
class simulated_clock final : public runtime::node_clock {
public:
  /// `offset_ns`: how far the machine's wall is off true time; it outlives this clock.
  simulated_clock(const event_queue& queue, const std::int64_t& offset_ns)
      : queue_(queue), offset_ns_(offset_ns), started_(queue.now()) {
    trust_wall();
  }
  [[nodiscard]] timestamp_ns wall() const override { return {queue_.now().value + offset_ns_}; }
  [[nodiscard]] std::int64_t monotonic_ns() const override {
    return queue_.now().value - started_.value;
  }

private:
  const event_queue& queue_;
  const std::int64_t& offset_ns_;
  timestamp_ns started_;
};

} // namespace rialto::simulation

// domain/account_timers.hpp: what an account still has to do by itself: armed guards and mass cancels under way.
//
// The room: plain state with its bounds and the next time something is due; changed by account::take only.
#pragma once

#include "domain/account_timer_events.hpp"

#include <algorithm>
#include <map>

namespace rialto {

/// A mass cancel that one step did not finish. Kept only for a market and side with more open orders than a step asks
/// about, or one a guard fired for: there are never more than open orders and guards together.
struct order_sweep {
  order_id after, last;    // asked about up to here; to be asked about up to there
  timestamp_ns next_at;    // when it goes on
  bool until_gone = false; // begins again until nothing is found
  bool found = false;      // something, in this round
  RIALTO_FIELDS(after, last, next_at, until_gone, found)
};

/// Which orders it means.
struct sweep_key {
  market_id market;        // 0: of any
  std::optional<side> way; // empty: both
  RIALTO_FIELDS(market, way)
  friend auto operator<=>(const sweep_key&, const sweep_key&) = default;
};

struct account_timers {
  static constexpr std::size_t guards_max = 100;
  static constexpr std::size_t wake_cancels_max =
    5'000; // of one wake(): 25,000 a second at a tick of 200 ms
  static constexpr std::int64_t timeout_ns_min = 1'000'000'000;
  static constexpr std::int64_t timeout_ns_max = 86'400'000'000'000;
  static constexpr std::int64_t grace_ns_max = 300'000'000'000;
  static constexpr std::int64_t again_ns =
    10'000'000'000; // between rounds of a sweep until all are gone
  /// A renewal that moves the deadline by less than this part of the timeout is not worth an event.
  static constexpr std::int64_t renewal_part = 32;

  std::map<guard_key, guard> guards;
  std::map<sweep_key, order_sweep> sweeps;
  RIALTO_FIELDS(guards, sweeps)

  /// The earliest time something is due; 0: nothing is waiting.
  [[nodiscard]] timestamp_ns next() const {
    timestamp_ns first;
    const auto note = [&](timestamp_ns at) {
      if (first.value == 0 || at < first) first = at;
    };
    for (const auto& [key, one] : guards) note(one.deadline);
    for (const auto& [key, one] : sweeps) note(one.next_at);
    return first;
  }
};

} // namespace rialto

// domain/order_slicing.hpp: TWAP and VWAP: how an order is divided over time; pure arithmetic.
//
//   Slice i of n (from 1) is due at start + (i - 1) x duration / n, rounded down to the nanosecond. Until then
//   target(i) = size x (w1 + .. + wi) / (w1 + .. + wn), rounded down to the lot, should have been sent; target(n) is all.
//   TWAP is VWAP with equal weights.
#pragma once

#include "domain/fields.hpp"
#include "domain/ids.hpp"
#include "domain/money.hpp"

#include <algorithm>
#include <vector>

namespace rialto {

/// twap: the same quantity in each slice. vwap: as much as its part of the day usually trades.
enum class slicing_kind : std::uint8_t { twap = 1, vwap = 2 };

struct order_slicing {
  static constexpr std::uint32_t slices_min = 2, slices_max = 1'000;
  static constexpr std::int64_t interval_ns_min = 1'000'000'000; // from slice to slice
  static constexpr std::int64_t duration_ns_max = 86'400'000'000'000;
  static constexpr std::int64_t delay_ns_max = 7 * 86'400'000'000'000; // until it starts
  static constexpr std::uint32_t weight_max = 1'000'000;               // of one slice; at least 1

  slicing_kind kind = slicing_kind::twap;
  timestamp_ns start_at; // in a command 0: now
  std::int64_t duration_ns = 0;
  std::uint32_t slices = 0;
  std::vector<std::uint32_t> weights; // one for each slice; empty: equal
  RIALTO_FIELDS(kind, start_at, duration_ns, slices, weights)
  friend bool operator==(const order_slicing&, const order_slicing&) = default;
};

/// What its owner sees of it.
struct slicing_view {
  slicing_kind kind = slicing_kind::twap;
  bool is_by_volume = false; // weighted; else equal
  timestamp_ns start_at, end_at;
  std::uint32_t slices = 0, sent = 0; // a slice that was too small to be sent is in the next one
  timestamp_ns next_at;               // 0: no further slice
  RIALTO_FIELDS(kind, is_by_volume, start_at, end_at, slices, sent, next_at)
  friend bool operator==(const slicing_view&, const slicing_view&) = default;
};

/// When slice `number` (from 1) of `slices` between two times is due.
[[nodiscard]] inline timestamp_ns slice_due(timestamp_ns start, std::int64_t duration_ns,
                                            std::uint32_t slices, std::uint32_t number) {
  const auto passed = static_cast<__int128>(duration_ns) * (number - 1) / slices;
  return {start.value + static_cast<std::int64_t>(passed)};
}
[[nodiscard]] inline timestamp_ns slice_due(const order_slicing& how, std::uint32_t number) {
  return slice_due(how.start_at, how.duration_ns, how.slices, number);
}

/// The newest slice that is due; 0: none yet.
[[nodiscard]] inline std::uint32_t newest_due(const order_slicing& how, timestamp_ns now) {
  if (now < how.start_at) return 0;
  const auto passed = static_cast<__int128>(now.value - how.start_at.value);
  auto number = static_cast<std::uint32_t>(
    std::min<__int128>(how.slices - 1, passed * how.slices / how.duration_ns));
  // Due times are rounded down: the next slice may be due a nanosecond before its share of the time has passed.
  if (number + 1 < how.slices && slice_due(how, number + 2) <= now) ++number;
  return number + 1;
}

/// How much of `size` should have been sent with slice `number`.
[[nodiscard]] inline quantity_lots slice_target(const order_slicing& how, quantity_lots size,
                                                std::uint32_t number) {
  if (number >= how.slices) return size;
  std::int64_t part = number, whole = how.slices;
  if (!how.weights.empty()) {
    part = whole = 0;
    for (std::uint32_t i = 0; i < how.slices; ++i) {
      whole += how.weights[i];
      if (i < number) part += how.weights[i];
    }
  }
  return {static_cast<std::int64_t>(static_cast<__int128>(size.value) * part / whole)};
}

/// Whether an order can be divided so: within the bounds, and every slice has a weight or none has. `start_at`, if it is
/// given, is asked about where the time is known.
[[nodiscard]] inline bool is_sound(const order_slicing& how) {
  if (how.kind != slicing_kind::twap && how.kind != slicing_kind::vwap) return false;
  if (how.slices < order_slicing::slices_min || how.slices > order_slicing::slices_max)
    return false;
  if (how.duration_ns > order_slicing::duration_ns_max ||
      how.duration_ns < how.slices * order_slicing::interval_ns_min)
    return false;
  if (how.weights.empty()) return true;
  if (how.kind != slicing_kind::vwap || how.weights.size() != how.slices) return false;
  for (const auto weight : how.weights)
    if (weight == 0 || weight > order_slicing::weight_max) return false;
  return true;
}

} // namespace rialto

// domain/volume_weights.hpp: the weights of a VWAP's slices, from what was traded at the same time of earlier days.
#pragma once

#include "domain/candle.hpp"
#include "domain/order_slicing.hpp"

#include <vector>

namespace rialto {

inline constexpr int weight_days_max = 7;

/// Candles of a minute that weigh on slices: those of `day` (from 1: yesterday) open in [from, to).
struct weighed_range {
  timestamp_ns from, to;
};
[[nodiscard]] weighed_range weighed_on(const order_slicing& how, int day);

/// One weight for each slice, from one-minute candles of earlier days in any order: in proportion to the volume that
/// fell within the slice's part of the day, a candle's spread evenly over its minute; the greatest is
/// order_slicing::weight_max and the least 1. Days count alike, a minute without a candle as one without a trade. Empty
/// when nothing was traded: the slices are equal then.
[[nodiscard]] std::vector<std::uint32_t> volume_weights(const order_slicing& how,
                                                        const std::vector<candle>& past);

} // namespace rialto

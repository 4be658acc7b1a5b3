// domain/wide_units.hpp: sums of amounts, 128 bits wide, so that no sequence of events overflows them.
#pragma once

#include "domain/bytes.hpp"
#include "domain/money.hpp"

#include <limits>

namespace rialto {

/// A sum of amounts.
using wide_units = __int128;

/// The nearest amount to a sum.
[[nodiscard]] constexpr amount_units capped(wide_units sum) {
  constexpr auto most = std::numeric_limits<std::int64_t>::max();
  constexpr auto least = std::numeric_limits<std::int64_t>::min();
  if (sum > most) return {most};
  return {sum < least ? least : static_cast<std::int64_t>(sum)};
}

inline void put_wide(wide_units sum, byte_writer& out) {
  out.put(static_cast<std::uint64_t>(sum));
  out.put(static_cast<std::int64_t>(sum >> 64));
}
[[nodiscard]] inline wide_units get_wide(byte_reader& in) {
  const auto low = in.get<std::uint64_t>();
  const auto high = in.get<std::int64_t>();
  return static_cast<wide_units>((static_cast<unsigned __int128>(high) << 64) | low);
}

} // namespace rialto

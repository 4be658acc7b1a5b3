// domain/trade_fees.hpp: what the two sides' rates are worth in one trade.
//
// The room: orders have the rates they were stamped with (fee_schedule.hpp); here two of them meet.
//   F1  no trade costs the venue money: a rebate is paid out of the other side's fee and is never more, whatever schedule
//       either was stamped by. The house pays nothing, so nobody has a rebate against it; of two rebates, in an auction,
//       neither is paid
#pragma once

#include "domain/money.hpp"

#include <algorithm>

namespace rialto {

/// What counts of `rate` against one who pays `theirs` (0: the house).
[[nodiscard]] constexpr rate_ppm rate_against(rate_ppm theirs, rate_ppm rate) {
  return {std::max(rate.value, -std::max<std::int64_t>(theirs.value, 0))};
}

} // namespace rialto

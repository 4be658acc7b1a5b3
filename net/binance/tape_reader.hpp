// net/binance/tape_reader.hpp: trades by id and time, oldest first, and trades taken together, from the tape.
//
// The room: pure reading; any thread. Every call looks at a bounded number of trades.
//
//   T1  what is found is in order of ids, which is the order of time
//   T2  an aggregate is every trade one taking order made at one price: trades that follow one another with one time,
//       side and price. Its number is that of its first trade, so it is the same whoever asks and whenever
#pragma once

#include "storage/tape_store.hpp"

#include <cstdint>
#include <vector>

namespace rialto::net::binance {

inline constexpr std::uint32_t trades_max = 1'000; // of one answer
inline constexpr std::uint32_t looked_at_max = 100'000;

/// Trades together; see T2.
struct aggregate {
  trade_id first, last;
  price_ticks price;
  quantity_lots size;
  bool buyer_is_maker = false;
  timestamp_ns at;
};

[[nodiscard]] aggregate aggregate_of(const tape_entry& first);
/// Takes the next trade in, if it goes with them.
[[nodiscard]] bool extend(aggregate& group, const tape_entry& next);

class tape_reader {
public:
  tape_reader(storage::tape_store& tape, market_id market) : tape_(tape), market_(market) {}

  [[nodiscard]] std::vector<tape_entry> newest(std::uint32_t limit) const;
  /// With an id of `first` or above.
  [[nodiscard]] std::vector<tape_entry> from_id(std::uint64_t first, std::uint32_t limit) const;
  /// The lowest id that is of `at` or later; above the last one if there is none.
  [[nodiscard]] std::uint64_t first_at(timestamp_ns at) const;

  [[nodiscard]] std::vector<aggregate> newest_aggregates(std::uint32_t limit) const;
  /// Of trades before `until`.
  [[nodiscard]] std::vector<aggregate> aggregates_from(std::uint64_t first, timestamp_ns until,
                                                       std::uint32_t limit) const;
  /// The newest ones of trades before `until`.
  [[nodiscard]] std::vector<aggregate> aggregates_until(timestamp_ns until,
                                                        std::uint32_t limit) const;

private:
  [[nodiscard]] std::vector<aggregate> newest_before(std::uint64_t before,
                                                     std::uint32_t limit) const;
  storage::tape_store& tape_;
  market_id market_;
};

} // namespace rialto::net::binance

// actors/feed/sim_market.hpp: one simulated market: a fair price that wanders, a book that follows
// it, and trades that eat the book.
//
// The room: pure; one step() is one beat of 100 ms.
//   S1  the best bid is at most touch_, the best ask above it: the book is never crossed
//   S2  every trade is at a level that was the best one of its side, and takes no more than it had
//   S3  update ids have no hole, trade ids rise by one
#pragma once

#include "actors/feed/feed_source.hpp"
#include "actors/feed/sim_climate.hpp"
#include "actors/feed/sim_day.hpp"
#include "actors/feed/sim_instrument.hpp"
#include "actors/feed/sim_ladder.hpp"

namespace rialto::actors {

/// Fair prices are counts of 10^-8 / 1024.
inline constexpr std::int64_t sim_fine = 1'024;

class sim_market {
public:
  /// `past`: the minutes before the start, oldest first; the last one closes at the start price.
  sim_market(std::uint64_t seed, const sim_instrument& instrument, const sim_scale& scale,
             std::vector<sim_minute> past);

  /// Whole book, best prices and statistics.
  void begin(timestamp_ns at, std::vector<feed_news>& out);
  /// One beat that ends at `at`. `leg_fair`: the fair price other markets imply; 0: its own.
  void step(const sim_weather& weather, std::int64_t leg_fair, timestamp_ns at,
            std::vector<feed_news>& out);
  [[nodiscard]] feed_snapshot snapshot() const;
  [[nodiscard]] std::int64_t fair() const { return fair_; }
  [[nodiscard]] const std::string& symbol() const { return symbol_; }

private:
  [[nodiscard]] sim_ladder& ladder(side way) { return way == side::buy ? bids_ : asks_; }
  /// The rank of the best price that side may have.
  [[nodiscard]] std::int64_t limit(side way) const {
    return way == side::buy ? touch_ : -(touch_ + 1);
  }
  void fill_book();
  void move(const sim_weather& weather, std::int64_t leg_fair);
  void trade(const sim_weather& weather, timestamp_ns at, std::vector<feed_news>& out);
  void take(side taker, std::int64_t lots, timestamp_ns at, std::vector<feed_news>& out);
  void follow(timestamp_ns at, std::vector<feed_news>& out);
  void leave(side way, timestamp_ns at, std::vector<feed_news>& out);
  void refill(side way);
  void churn(const sim_weather& weather);
  void publish(timestamp_ns at, std::vector<feed_news>& out);
  [[nodiscard]] feed_ticker ticker() const;
  [[nodiscard]] feed_statistics statistics(timestamp_ns at) const;
  [[nodiscard]] std::int64_t level_lots(std::int64_t distance);
  [[nodiscard]] std::int64_t gap();

  std::string symbol_;
  sim_scale scale_;
  sim_random random_;
  sim_ladder bids_{side::buy}, asks_{side::sell};
  std::int64_t touch_ = 0; // in ticks, see S1
  std::int64_t fair_ = 0;
  std::int64_t gap_mean_ = 1; // ticks between levels
  side last_taker_ = side::buy;
  std::int64_t last_return_ = 0;
  std::uint64_t update_ = 0, trade_id_ = 0;
  std::int64_t beat_ = 0;
  timestamp_ns begun_;
  feed_ticker last_ticker_;
  sim_day day_;
};

} // namespace rialto::actors

// actors/feed/sim_day.hpp: the last 24 hours of one simulated market, minute by minute, for its
// statistics.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rialto::actors {

/// Prices in ticks, volume in lots.
struct sim_minute {
  std::int64_t open = 0, high = 0, low = 0, close = 0;
  std::int64_t lots = 0, taker_buy_lots = 0, quote8 = 0, trades = 0;

  void add(std::int64_t price, std::int64_t size, std::int64_t value8, bool taker_buys) {
    high = trades == 0 ? price : std::max(high, price);
    low = trades == 0 ? price : std::min(low, price);
    if (trades == 0) open = price;
    close = price;
    lots += size;
    taker_buy_lots += taker_buys ? size : 0;
    quote8 += value8;
    ++trades;
  }
};

class sim_day {
public:
  static constexpr std::size_t minutes = 24 * 60;

  /// `past`: the last minutes before the start, oldest first.
  explicit sim_day(std::vector<sim_minute> past) : past_(std::move(past)) {
    if (past_.size() > minutes) past_.erase(past_.begin(), past_.end() - minutes);
    if (past_.empty()) past_.emplace_back();
    begin_minute();
  }
  void add(std::int64_t price, std::int64_t size, std::int64_t value8, bool taker_buys) {
    now_.add(price, size, value8, taker_buys);
  }
  /// A minute has passed.
  void roll() {
    if (past_.size() < minutes)
      past_.push_back(now_);
    else {
      past_[oldest_] = now_;
      oldest_ = (oldest_ + 1) % past_.size();
    }
    begin_minute();
  }
  /// Open, high, low, close and sums of the whole day.
  [[nodiscard]] sim_minute whole() const {
    auto sum = closed_;
    sum.high = std::max(sum.high, now_.high);
    sum.low = std::min(sum.low, now_.low);
    sum.close = now_.close;
    sum.lots += now_.lots;
    sum.quote8 += now_.quote8;
    sum.trades += now_.trades;
    return sum;
  }

private:
  /// Sums what is closed, once a minute, and begins the next at the last price.
  void begin_minute() {
    const auto& newest = past_[(oldest_ + past_.size() - 1) % past_.size()];
    closed_ = {};
    closed_.open = past_[oldest_].open;
    closed_.high = newest.high;
    closed_.low = newest.low;
    for (const auto& one : past_) {
      closed_.high = std::max(closed_.high, one.high);
      closed_.low = std::min(closed_.low, one.low);
      closed_.lots += one.lots;
      closed_.quote8 += one.quote8;
      closed_.trades += one.trades;
    }
    now_ = {};
    now_.open = now_.high = now_.low = now_.close = newest.close;
  }

  std::vector<sim_minute> past_; // a ring once it is full
  std::size_t oldest_ = 0;
  sim_minute closed_, now_;
};

} // namespace rialto::actors

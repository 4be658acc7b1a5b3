// actors/feed/touch_check.hpp: does our book say the same best prices as the source does at the same update?
//
// The room: pure. A source tells its best bid and ask after update u on a stream of its own, so a ticker may come a little before or after
// the depth update that ends with u. The few on either side are kept.
//   K1  an update is compared at most once
//   K2  at most touches_max of our touches and tickers_max tickers ahead of the book are kept; the oldest go
#pragma once

#include "domain/feed.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>

namespace rialto::actors {

class touch_check {
public:
  static constexpr std::size_t touches_max = 64, tickers_max = 2'048;

  struct touch {
    std::uint64_t update = 0;
    std::int64_t bid8 = 0, bid_size8 = 0, ask8 = 0, ask_size8 = 0; // zero: that side is empty
    friend bool operator==(const touch&, const touch&) = default;
  };
  enum class verdict : std::uint8_t { nothing_to_compare, equal, different };

  /// Our book after a depth update.
  verdict on_book(const touch& ours) {
    auto made = verdict::nothing_to_compare;
    const auto same = std::find_if(tickers_.begin(), tickers_.end(),
                                   [&](const touch& one) { return one.update >= ours.update; });
    const bool is_met = same != tickers_.end() && same->update == ours.update;
    if (is_met) made = *same == ours ? verdict::equal : verdict::different;
    tickers_.erase(tickers_.begin(), is_met ? same + 1 : same);
    if (!is_met) {
      if (touches_.size() == touches_max) touches_.pop_front();
      touches_.push_back(ours);
    }
    last_ = ours.update;
    return made;
  }
  /// The source's word.
  verdict on_ticker(const feed_ticker& told) {
    const touch theirs{told.update, told.bid8, told.bid_size8, told.ask8, told.ask_size8};
    if (told.update > last_) {
      // In order, each update once: the stream's own order, so the place is nearly always the end.
      const auto place = std::find_if(tickers_.rbegin(), tickers_.rend(), [&](const touch& one) {
        return one.update <= theirs.update;
      });
      if (place != tickers_.rend() && place->update == theirs.update) return {};
      tickers_.insert(place.base(), theirs);
      if (tickers_.size() > tickers_max) tickers_.pop_front();
      return verdict::nothing_to_compare;
    }
    const auto ours = std::find_if(touches_.begin(), touches_.end(),
                                   [&](const touch& one) { return one.update == theirs.update; });
    if (ours == touches_.end()) return verdict::nothing_to_compare;
    const bool is_equal = *ours == theirs;
    touches_.erase(ours);
    return is_equal ? verdict::equal : verdict::different;
  }
  /// The book is not in step any more, or begins anew.
  void clear() {
    touches_.clear();
    tickers_.clear();
    last_ = 0;
  }

private:
  std::deque<touch> touches_; // of our book, not compared yet, the oldest first
  std::deque<touch> tickers_; // ahead of our book, by update
  std::uint64_t last_ = 0;
};

} // namespace rialto::actors

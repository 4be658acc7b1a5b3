// net/live/history_plan.hpp: which one-minute candles of one symbol the exchange's history is asked for, and when.
//
// The room: pure; time is a parameter. Whoever uses it reads the store where look() says and asks the exchange what next() says.
//   H1  a minute is asked for when it has been over for settle_ns, and while it is not older than days_max
//   H2  one range at a time, the oldest first; each spans at most rows_max minutes, so that a look leads to at most 44 requests
//   H3  when the symbol comes live, the newest overlap_minutes that are known are asked for as well: what the exchange corrected since shows
//       there. At most once a minute
//   H4  what failed is looked for again after a minute
#pragma once

#include "domain/candle.hpp"

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace rialto::net {

/// Open times in [from, to).
struct minute_range {
  timestamp_ns from, to;
  friend bool operator==(const minute_range&, const minute_range&) = default;
};

class history_plan {
public:
  static constexpr std::int64_t minute_ns = 60'000'000'000, settle_ns = 2'000'000'000;
  static constexpr std::int64_t days_max = 30, rows_max = 1'000, overlap_minutes = 60;

  /// Its trades are heard again, from now on: before that some may be missing.
  void came_live(timestamp_ns now);
  /// The stretch of stored candles to look through now. Empty: nothing is due, or what was found is still being asked for.
  [[nodiscard]] std::optional<minute_range> look(timestamp_ns now);
  /// What is there of it: open times of closed candles that are not partial, rising.
  void found(const std::vector<timestamp_ns>& whole);
  /// To be asked for now; answered() belongs to it. Empty: everything was.
  [[nodiscard]] std::optional<minute_range> next() const;
  void answered(bool is_good, timestamp_ns now);
  /// Minutes whose longer candles are over and are to be made anew of their parts: one of them ran while trades were missed.
  [[nodiscard]] std::vector<timestamp_ns> ended(timestamp_ns now);
  /// Nothing was looked for yet: holes before the first look() stay.
  [[nodiscard]] bool is_new() const { return asked_until_.value == 0; }

private:
  void done();

  std::set<timestamp_ns>
    due_; // when to look; at most one of each interval, and one after a failure
  std::map<timestamp_ns, timestamp_ns>
    ending_; // end of a longer candle -> a minute in it; at most one of each interval
  std::deque<minute_range> queue_;
  minute_range looked_;
  timestamp_ns asked_until_, looked_at_;
  bool wants_overlap_ = false;
};

/// Ranges that hold every minute of `in` that is not in `whole` (rising), oldest first.
[[nodiscard]] std::deque<minute_range> ranges_to_ask(const std::vector<timestamp_ns>& whole,
                                                     minute_range in);

} // namespace rialto::net

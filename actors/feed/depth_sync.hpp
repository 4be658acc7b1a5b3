// actors/feed/depth_sync.hpp: Binance's rule for one symbol's book: which updates may be laid into
// it, and when it has lost its place.
//
// The room: pure; time is a parameter, nothing is read or sent. Updates wait until a snapshot with
// id L comes; those with u <= L are dropped, the first one laid in spans L + 1, and each one after
// it begins at the last u + 1 (an overlapping one is harmless, its sizes are totals, and is taken).
//   D1  what is handed out is a snapshot, then updates without a hole, until a feed_reset
//   D2  the waiting updates follow one another without a hole
#pragma once

#include "actors/feed/feed_source.hpp"

#include <deque>

namespace rialto::actors {

/// Updates, and price levels in them, that may wait for a snapshot; beyond that they are given up.
inline constexpr std::size_t depth_sync_updates_max = 10'000;
inline constexpr std::size_t depth_sync_levels_max = 1'000'000;

class depth_sync {
public:
  /// An update as the source sent it.
  void on_depth(feed_depth update, std::vector<feed_news>& out);
  /// A snapshot. One that is too old for the waiting updates is refused; one that comes while the
  /// book is in step is not needed.
  void on_snapshot(feed_snapshot whole, std::vector<feed_news>& out);
  /// The caller found that the book cannot be right (it crossed itself): begins anew.
  void lose(const std::string& symbol, std::vector<feed_news>& out);

  /// The connection is gone, or the book differs from the source's: what waits counts no more either. No gap is counted, and a snapshot
  /// may be asked for at once.
  void forget(const std::string& symbol, std::vector<feed_news>& out);

  [[nodiscard]] bool is_synchronised() const { return is_synchronised_; }
  /// A snapshot is needed and may be asked for now: at once after a loss, then after 1, 2, 4 ... at
  /// most 60 seconds. Each true counts as having asked.
  [[nodiscard]] bool wants_snapshot(timestamp_ns now);

  [[nodiscard]] std::uint64_t gaps() const { return gaps_; }
  [[nodiscard]] std::uint64_t resyncs() const { return resyncs_; }
  [[nodiscard]] std::uint64_t overflows() const { return overflows_; }
  [[nodiscard]] std::uint64_t dropped() const { return dropped_; } // older than what was known
  /// Update ids that wait or are in the book: first and last; 0 if none.
  [[nodiscard]] std::uint64_t first_known() const {
    return waiting_.empty() ? last_update_ : waiting_.front().first_update;
  }
  [[nodiscard]] std::uint64_t last_known() const {
    return waiting_.empty() ? last_update_ : waiting_.back().last_update;
  }

private:
  void wait(feed_depth update);
  void forget_waiting();

  bool is_synchronised_ = false;
  std::uint64_t last_update_ = 0; // of the book, while it is in step
  std::deque<feed_depth> waiting_;
  std::size_t waiting_levels_ = 0;
  timestamp_ns ask_again_at_;
  std::int64_t ask_pause_ns_ = 0;
  std::uint64_t gaps_ = 0, resyncs_ = 0, overflows_ = 0, dropped_ = 0;
};

} // namespace rialto::actors

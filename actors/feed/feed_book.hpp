// actors/feed/feed_book.hpp: the source's whole book of one symbol, as the source has it.
//
// The room: kept beside the market's mirror so that a market that recovers can be given a snapshot
// at any time, and so that what we applied can be compared with the source's own best prices. No
// rule of trading, no synchronisation: depth_sync decides what may come in.
#pragma once

#include "domain/feed.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <utility>

namespace rialto::actors {

/// Levels kept a side; the worst ones go first.
inline constexpr std::size_t feed_book_levels_max = 100'000;

class feed_book {
public:
  void apply(const feed_snapshot& whole) {
    clear();
    for (const auto& level : whole.levels) set(level);
    last_update_ = whole.last_update;
  }
  void apply(const feed_depth& change) {
    for (const auto& level : change.levels) set(level);
    last_update_ = change.last_update;
  }
  void clear() {
    bids_.clear();
    asks_.clear();
    last_update_ = 0;
  }

  [[nodiscard]] std::optional<feed_level> best(side way) const {
    return way == side::buy ? first(bids_, way) : first(asks_, way);
  }
  [[nodiscard]] bool is_crossed() const {
    return !bids_.empty() && !asks_.empty() && bids_.begin()->first >= asks_.begin()->first;
  }
  [[nodiscard]] std::uint64_t last_update() const { return last_update_; }
  [[nodiscard]] std::size_t level_count() const { return bids_.size() + asks_.size(); }
  /// The whole book, bids then asks, the best first.
  [[nodiscard]] feed_snapshot snapshot(std::string symbol) const {
    feed_snapshot made{std::move(symbol), last_update_, {}};
    made.levels.reserve(level_count());
    for (const auto& [price8, size8] : bids_) made.levels.push_back({side::buy, price8, size8});
    for (const auto& [price8, size8] : asks_) made.levels.push_back({side::sell, price8, size8});
    return made;
  }

private:
  template <class Side>
  [[nodiscard]] static std::optional<feed_level> first(const Side& levels, side way) {
    if (levels.empty()) return {};
    return feed_level{way, levels.begin()->first, levels.begin()->second};
  }
  template <class Side>
  static void set(Side& levels, const feed_level& level) {
    if (level.size8 == 0) {
      levels.erase(level.price8);
      return;
    }
    levels.insert_or_assign(level.price8, level.size8);
    if (levels.size() > feed_book_levels_max) levels.erase(std::prev(levels.end()));
  }
  void set(const feed_level& level) {
    if (level.way == side::buy)
      set(bids_, level);
    else
      set(asks_, level);
  }

  std::map<std::int64_t, std::int64_t, std::greater<>> bids_; // price8 -> size8, best first
  std::map<std::int64_t, std::int64_t> asks_;
  std::uint64_t last_update_ = 0;
};

} // namespace rialto::actors

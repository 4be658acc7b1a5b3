// domain/price_ladder.hpp: one side's price levels in order of rank.
//
// The room: ranks near the best one stand in a window, an array with a bit per rank, where finding, adding
// and removing take a line or two; those far from it stand in a sorted array. The window follows the best
// rank, in steps of a quarter of its span or more, so that moving it costs little per tick the market moves.
//
//   P1  every rank at or above base_ is in the window; so the best one is, if there is any
#pragma once

#include "domain/order_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <limits>

namespace rialto {

using level_index = std::uint32_t;
inline constexpr level_index no_level = 0xffff'ffff;

class price_ladder {
public:
  static constexpr std::int64_t span = 1'024;

  price_ladder() { near_.fill(no_level); }

  [[nodiscard]] level_index find(std::int64_t rank) const {
    if (is_near(rank)) return near_[offset(rank)];
    if (rank > base_) return no_level; // P1
    const auto at = place(rank);
    return at != far_.end() && at->rank == rank ? at->at : no_level;
  }
  /// The rank must not be there yet.
  void add(std::int64_t rank, level_index at) {
    if (near_count_ == 0 && far_.empty())
      base_ = base_below(rank);
    else if (rank >= base_ && !is_near(rank))
      move_up(base_below(rank));
    if (is_near(rank))
      put(rank, at);
    else
      far_.insert(place(rank), {rank, at});
  }
  /// The rank must be there.
  void remove(std::int64_t rank) {
    if (!is_near(rank)) {
      const auto at = place(rank);
      RIALTO_ASSERT(at != far_.end() && at->rank == rank);
      far_.erase(at);
      return;
    }
    clear(offset(rank));
    if (far_.empty()) return;
    if (near_count_ == 0)
      move_down(base_below(far_.back().rank));
    else if (top() < span / 8)
      move_down(base_below(base_ + static_cast<std::int64_t>(top())));
  }

  // All no_level where there is none.
  [[nodiscard]] level_index highest() const { return near_count_ == 0 ? no_level : near_[top()]; }
  [[nodiscard]] level_index lowest() const {
    if (!far_.empty()) return far_.front().at;
    return near_count_ == 0 ? no_level : near_[first_from(0)];
  }
  /// The next one under a rank that is there.
  [[nodiscard]] level_index below(std::int64_t rank) const {
    if (is_near(rank)) {
      const auto at = last_before(offset(rank));
      if (at < near_.size()) return near_[at];
      return far_.empty() ? no_level : far_.back().at;
    }
    const auto at = place(rank);
    return at == far_.begin() ? no_level : (at - 1)->at;
  }
  /// The next one over a rank that is there.
  [[nodiscard]] level_index above(std::int64_t rank) const {
    std::size_t from = 0;
    if (is_near(rank)) {
      from = offset(rank) + 1;
    } else if (const auto at = place(rank) + 1; at < far_.end()) {
      return at->at;
    }
    const auto at = first_from(from);
    return at < near_.size() ? near_[at] : no_level;
  }

private:
  struct far_level {
    std::int64_t rank = 0;
    level_index at = 0;
  };
  static constexpr std::size_t words = span / 64;

  /// Where the window must begin for a best rank to stand at three quarters of it.
  [[nodiscard]] static std::int64_t base_below(std::int64_t rank) {
    constexpr auto room = span / 4 * 3;
    constexpr auto least = std::numeric_limits<std::int64_t>::min();
    constexpr auto most = std::numeric_limits<std::int64_t>::max() - span + 1;
    return rank < least + room ? least : std::min(rank - room, most);
  }
  [[nodiscard]] bool is_near(std::int64_t rank) const {
    return static_cast<std::uint64_t>(rank) - static_cast<std::uint64_t>(base_) < span;
  }
  [[nodiscard]] std::size_t offset(std::int64_t rank) const {
    return static_cast<std::size_t>(rank - base_);
  }
  [[nodiscard]] std::vector<far_level>::const_iterator place(std::int64_t rank) const {
    return std::lower_bound(far_.begin(), far_.end(), rank,
                            [](const far_level& one, std::int64_t r) { return one.rank < r; });
  }

  void put(std::int64_t rank, level_index at) {
    const auto i = offset(rank);
    near_[i] = at;
    used_[i / 64] |= std::uint64_t{1} << (i % 64);
    used_words_ |= 1U << (i / 64);
    ++near_count_;
  }
  void clear(std::size_t i) {
    RIALTO_ASSERT(near_[i] != no_level);
    near_[i] = no_level;
    used_[i / 64] &= ~(std::uint64_t{1} << (i % 64));
    if (used_[i / 64] == 0) used_words_ &= ~(1U << (i / 64));
    --near_count_;
  }
  /// The highest used place; there must be one.
  [[nodiscard]] std::size_t top() const {
    const auto word = static_cast<std::size_t>(31 - std::countl_zero(used_words_));
    return word * 64 + static_cast<std::size_t>(63 - std::countl_zero(used_[word]));
  }
  /// The first used place at or over `from`; past the end if there is none.
  [[nodiscard]] std::size_t first_from(std::size_t from) const {
    if (from >= near_.size()) return near_.size();
    auto word = from / 64;
    auto bits = used_[word] & (~std::uint64_t{0} << (from % 64));
    while (bits == 0) {
      if (++word == words) return near_.size();
      bits = used_[word];
    }
    return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }
  /// The last used place under `from`; past the end if there is none.
  [[nodiscard]] std::size_t last_before(std::size_t from) const {
    auto word = from / 64;
    auto bits = used_[word] & ~(~std::uint64_t{0} << (from % 64));
    while (bits == 0) {
      if (word-- == 0) return near_.size();
      bits = used_[word];
    }
    return word * 64 + static_cast<std::size_t>(63 - std::countl_zero(bits));
  }

  void move_up(std::int64_t base) {
    take_out([&](const far_level& one) {
      if (one.rank < base) far_.push_back(one); // they come rising, over all that is there
      return one.rank >= base;
    });
    put_back(base);
  }
  void move_down(std::int64_t base) {
    take_out([](const far_level&) { return true; });
    for (; !far_.empty() && far_.back().rank >= base; far_.pop_back())
      moving_.push_back(far_.back());
    put_back(base);
  }
  template <class Stays>
  void take_out(Stays stays) {
    moving_.clear();
    for (auto i = first_from(0); i < near_.size(); i = first_from(i + 1)) {
      const far_level one{base_ + static_cast<std::int64_t>(i), near_[i]};
      clear(i);
      if (stays(one)) moving_.push_back(one);
    }
  }
  void put_back(std::int64_t base) {
    base_ = base;
    for (const auto& one : moving_) put(one.rank, one.at);
  }

  std::int64_t base_ = 0;
  std::array<level_index, span> near_; // by rank - base_
  std::array<std::uint64_t, words> used_{};
  std::uint32_t used_words_ = 0;
  std::uint32_t near_count_ = 0;
  std::vector<far_level> far_;    // worst first
  std::vector<far_level> moving_; // kept for its memory
};

} // namespace rialto

// domain/market_ids.hpp: the numbers a market hands out: trade ids and book update ids.
//
// The room: both are reserved by the million in an ids_reserved event before the first of them is
// used; after a restart they go on at the reserved bounds. So they never go back, and a block's
// unused rest is skipped. What was handed out is not history, only the bounds are.
#pragma once

#include "domain/market_events.hpp"

#include <algorithm>

namespace rialto {

class market_ids {
public:
  static constexpr std::uint64_t block = 1'000'000;

  /// Makes sure that one trade and one publication can be numbered; at a step's beginning.
  void prepare(std::vector<market_event>& out) {
    if (!is_live_) go_live();
    if (trade_next_ >= bounds_.trade_id_bound || update_next_ >= bounds_.update_id_bound)
      reserve(out);
  }
  [[nodiscard]] trade_id take_trade(std::vector<market_event>& out) {
    if (trade_next_ >= bounds_.trade_id_bound) reserve(out);
    return {trade_next_++};
  }
  /// Publications cannot reserve: prepare() has left one.
  [[nodiscard]] bool has_update() const {
    return is_live_ && update_next_ < bounds_.update_id_bound;
  }
  [[nodiscard]] std::uint64_t take_update() { return update_next_++; }
  /// The last update id that was handed out, or may have been before a restart.
  [[nodiscard]] std::uint64_t last_update() const {
    return is_live_ ? update_next_ - 1 : std::max<std::uint64_t>(bounds_.update_id_bound, 1) - 1;
  }
  /// The state that events make.
  [[nodiscard]] const ids_reserved& bounds() const { return bounds_; }
  void apply(const ids_reserved& happened) { bounds_ = happened; }
  /// Goes on with the counters of a predecessor in the same process.
  void inherit(const market_ids& predecessor) {
    if (!predecessor.is_live_) return;
    is_live_ = true;
    trade_next_ = predecessor.trade_next_;
    update_next_ = predecessor.update_next_;
  }

private:
  void go_live() {
    is_live_ = true;
    trade_next_ = std::max<std::uint64_t>(bounds_.trade_id_bound, 1);
    update_next_ = std::max<std::uint64_t>(bounds_.update_id_bound, 1);
  }
  void reserve(std::vector<market_event>& out) {
    auto next = bounds_;
    if (trade_next_ >= next.trade_id_bound) next.trade_id_bound = trade_next_ + block;
    if (update_next_ >= next.update_id_bound) next.update_id_bound = update_next_ + block;
    apply(next);
    out.push_back(next);
  }

  ids_reserved bounds_;
  std::uint64_t trade_next_ = 1, update_next_ = 1;
  bool is_live_ = false; // counters are set; not so while events are replayed
};

} // namespace rialto

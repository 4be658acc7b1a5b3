// domain/trailing_orders.hpp: the orders of one side that follow the price, found by the price at which they go.
//
// The room: an order follows the extreme of the price since it began (a sell the highest, a buy the lowest) and
// goes when the price has turned from it by the order's trail. Orders with one extreme form a group; a new
// extreme joins all groups it passes into one, the smaller into the larger, so a rising price costs what joining
// costs, not a walk over the orders. No events, no orders: domain/trigger_book.hpp keeps them.
//
//   goes when   sell: last <= extreme - trail,  last <= floor(extreme x (1 - rate))
//               buy:  last >= extreme + trail,  last >= ceil(extreme x (1 + rate))
#pragma once

#include "domain/order.hpp"

#include <map>
#include <memory>
#include <set>

namespace rialto {

class trailing_orders {
  struct group;

public:
  /// Where an order is; kept by its owner, who must not move it while it follows.
  struct follower {
    order_id id;
    std::uint64_t number = 0; // unique; orders those that go at one price
    order_trigger trigger;

  private:
    friend class trailing_orders;
    group* in = nullptr;
  };
  /// An order that goes, and the price at which it does.
  struct due {
    price_ticks level;
    std::uint64_t number = 0;
    order_id id;
  };

  explicit trailing_orders(side way) : sign_(way == side::sell ? 1 : -1) {}

  [[nodiscard]] bool empty() const { return groups_.empty(); }
  void add(follower& one, price_ticks extreme);
  void remove(follower& one);
  [[nodiscard]] static bool follows(const follower& one) { return one.in != nullptr; }
  /// Of one that follows.
  [[nodiscard]] price_ticks extreme_of(const follower& one) const;

  /// The price was here: whoever has seen less far follows.
  void follow(price_ticks price);
  /// follow() would change something.
  [[nodiscard]] bool would_follow(price_ticks price) const {
    return !groups_.empty() && groups_.begin()->first < sign_ * price.value;
  }
  /// After follow(extreme) an order might go at `last`.
  [[nodiscard]] bool might_go(price_ticks extreme, price_ticks last) const;
  /// Moves out who goes at `last`, in no order; they follow no more.
  void take_due(price_ticks last, std::vector<due>& out);

private:
  // Prices have the side's sign: an extreme is the largest, and an order goes at or below its level.
  using trail_key = std::pair<std::int64_t, std::uint64_t>; // trail, number
  using members = std::map<trail_key, follower*>;           // the first goes first
  struct group {
    std::int64_t extreme = 0;
    members by_ticks, by_rate;
    [[nodiscard]] std::size_t size() const { return by_ticks.size() + by_rate.size(); }
  };

  [[nodiscard]] static trail_key key_of(const follower& one) {
    const auto& trigger = one.trigger;
    return {trigger.trail.value != 0 ? trigger.trail.value : trigger.trail_rate.value, one.number};
  }
  [[nodiscard]] static members& list_of(const follower& one) {
    return one.trigger.trail.value != 0 ? one.in->by_ticks : one.in->by_rate;
  }
  [[nodiscard]] std::int64_t level_by_rate(std::int64_t extreme, std::int64_t rate) const;
  [[nodiscard]] std::int64_t nearest(const group& of) const;
  void index(const group& of) { nearest_.emplace(nearest(of), of.extreme); }
  void unindex(const group& of) { nearest_.erase({nearest(of), of.extreme}); }
  static void join(group& to, group& from);

  std::int64_t sign_;
  std::map<std::int64_t, std::unique_ptr<group>> groups_; // by extreme
  std::set<std::pair<std::int64_t, std::int64_t>>
    nearest_;                                         // where a group's first goes, its extreme
  std::map<std::int64_t, std::size_t> ticks_, rates_; // how many have this trail
};

} // namespace rialto

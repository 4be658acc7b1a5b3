// domain/trigger_book.hpp: the orders that wait for a price: stops, take-profits, and those that follow it.
//
// The room: who waits, in what order they go, and the extremes that trailing orders follow. It decides nothing:
// domain/market_triggers.cpp shows it prices and sends who is due into the book.
//
//   waits to rise  a stop to buy, a take-profit to sell: due when last >= its price
//   waits to fall  a stop to sell, a take-profit to buy: due when last <= its price
// An order with a trail begins to follow there (at once if it names no price) and is due when the price has turned
// by its trail (trailing_orders.hpp). Orders due at one price go in the order in which the price came to theirs,
// then in the order in which they came to wait.
#pragma once

#include "domain/bytes.hpp"
#include "domain/link_message.hpp"
#include "domain/trailing_orders.hpp"

#include <map>
#include <set>
#include <tuple>

namespace rialto {

class trigger_book {
public:
  /// More never wait at once in one market.
  static constexpr std::size_t orders_max = 100'000;
  /// Prices beyond it are no trigger's.
  static constexpr std::int64_t price_max = std::int64_t{1} << 60;

  struct waiting {
    submit_order order;
    trailing_orders::follower place;
  };

  trigger_book() = default;
  // Not copied: orders that follow are linked by their addresses.
  trigger_book(trigger_book&&) = default;
  trigger_book& operator=(trigger_book&&) = default;

  [[nodiscard]] bool empty() const { return waiting_.empty(); }
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }
  [[nodiscard]] const waiting* find(order_id id) const {
    const auto at = waiting_.find(id);
    return at == waiting_.end() ? nullptr : &at->second;
  }
  /// When the next of them expires; 0: never.
  [[nodiscard]] timestamp_ns next_expiry() const {
    return expiries_.empty() ? timestamp_ns{} : expiries_.begin()->first;
  }
  /// The first that has expired; 0: none.
  [[nodiscard]] order_id find_expired(timestamp_ns now) const {
    return !expiries_.empty() && expiries_.begin()->first <= now ? expiries_.begin()->second
                                                                 : order_id{};
  }
  [[nodiscard]] static bool waits_to_rise(const submit_order& order) {
    return (order.way == side::buy) == (order.rules->trigger.kind == trigger_kind::stop);
  }
  /// The last price is where it waits for it.
  [[nodiscard]] static bool is_reached(const submit_order& order, price_ticks last) {
    const auto& trigger = order.rules->trigger;
    return waits_to_rise(order) ? last >= trigger.price : last <= trigger.price;
  }

  /// Of one that follows.
  [[nodiscard]] price_ticks extreme_of(const waiting& one) const {
    return (one.order.way == side::buy ? buys_ : sells_).extreme_of(one.place);
  }

  // ---- past events
  /// `extreme`: it follows from there; 0: it waits for its price.
  void add(const submit_order& order, price_ticks extreme);
  void begin(order_id id, price_ticks extreme);
  void remove(order_id id);
  /// The price was at both.
  void follow(price_ticks low, price_ticks high);

  // ---- decisions
  /// follow() would change something.
  [[nodiscard]] bool would_follow(price_ticks low, price_ticks high) const {
    return buys_.would_follow(low) || sells_.would_follow(high);
  }
  /// After follow(low, high) an order that follows might go at `last`.
  [[nodiscard]] bool might_go(price_ticks low, price_ticks high, price_ticks last) const {
    return buys_.might_go(low, last) || sells_.might_go(high, last);
  }
  /// Appends who goes at this price, and who begins to follow. They are not found again: remove() or begin() must
  /// follow.
  void take_due(price_ticks last, std::vector<order_id>& going, std::vector<order_id>& beginning);

  void encode(byte_writer& out) const;
  void decode(byte_reader& in);
  void check_invariants() const;

private:
  using place = std::tuple<std::int64_t, std::uint64_t, order_id>; // price, number
  using places = std::set<place>;
  [[nodiscard]] trailing_orders& followers(side way) { return way == side::buy ? buys_ : sells_; }
  [[nodiscard]] places& places_of(const waiting& one) {
    return waits_to_rise(one.order) ? rising_ : falling_;
  }
  [[nodiscard]] static place place_of(const waiting& one);
  void insert(const submit_order& order, std::uint64_t number, price_ticks extreme);
  void take_reached(places& from, std::int64_t here, std::vector<trailing_orders::due>& out,
                    std::vector<order_id>& beginning);

  std::map<order_id, waiting> waiting_;
  std::uint64_t next_number_ = 1;
  places rising_, falling_; // falling prices are negative: the first goes first
  trailing_orders buys_{side::buy}, sells_{side::sell};
  std::set<std::pair<timestamp_ns, order_id>> expiries_;
};

} // namespace rialto

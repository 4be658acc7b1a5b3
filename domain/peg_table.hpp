// domain/peg_table.hpp: the orders of one market whose price follows a reference, and the price each should have.
//
// They rest in the book as any order; here is what else they asked for. An order's own price (order_view, holds) is
// its limit, which the price in the book never goes beyond. Where they are moved is market_pegs.cpp.
//
//   primary  the best price of its own side, away from it by the offset: a buy lower, a sell higher
//   market   the best price of the other side, away by the offset
//   mid      half way between them, rounded away from the other side, away by the offset
//
// The best prices are those of orders that are not pegged, and of the mirrored market: else pegged orders would chase
// one another.
#pragma once

#include "domain/order_book.hpp"

#include <map>

namespace rialto {

/// One side's best price, 0 if there is none.
struct reference_prices {
  price_ticks bid, ask;
};

class peg_table {
public:
  static constexpr std::size_t orders_max = 1'000;

  struct pegged {
    side way = side::buy;
    order_peg peg;
    price_ticks limit;
    RIALTO_FIELDS(way, peg, limit)
  };

  void add(const order_pegged& one) {
    orders_.insert_or_assign(one.id, pegged{one.way, one.peg, one.limit});
  }
  /// What an event means for them: an order that has ended is no longer here.
  void apply(const trade_executed& one) {
    if (one.maker_is_last) orders_.erase(one.maker);
    if (one.taker_is_last) orders_.erase(one.taker);
  }
  void apply(const order_closed& one) { orders_.erase(one.id); }

  [[nodiscard]] const pegged* find(order_id id) const {
    const auto at = orders_.find(id);
    return at == orders_.end() ? nullptr : &at->second;
  }
  [[nodiscard]] bool empty() const { return orders_.empty(); }
  [[nodiscard]] std::size_t size() const { return orders_.size(); }
  [[nodiscard]] const std::map<order_id, pegged>& all() const { return orders_; }

  /// The best prices without these orders.
  [[nodiscard]] reference_prices references(const order_book& book) const;
  /// What the order wishes for, within its limit; 0: its reference is missing, or the price would not be positive.
  [[nodiscard]] static price_ticks wish_of(const pegged& one, const reference_prices& by);

  void encode(byte_writer& out) const { out.put(orders_); }
  void decode(byte_reader& in);
  /// Each is in the book, on its side, within its limit, and has no secrets.
  [[nodiscard]] bool fits(const order_book& book) const;

private:
  std::map<order_id, pegged> orders_; // the oldest first
};

} // namespace rialto

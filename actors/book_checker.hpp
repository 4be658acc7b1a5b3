// actors/book_checker.hpp: the resting orders of one market as its events alone tell them. No CAF.
//
// The room: part of the journal's judge (journal_checker.hpp). It is the obvious, slow book: a queue per price. It knows nothing of the house,
// which is not in the journal, so it says only what must hold with or without one. An iceberg's next slice goes to the end of the
// queue; who takes or amends shows a fresh one there.
//   P3  who takes meets the oldest order of the best price; in an auction's end both are the oldest of
//       their best prices, and they trade at the price it announced
//   P5  between two records the best bid is below the best ask, except in an auction; nothing trades
//       in one before its end
#pragma once

#include "domain/market_events.hpp"

#include <list>
#include <map>
#include <string>
#include <unordered_map>

namespace rialto::actors {

class book_checker {
public:
  /// Takes an event; what is wrong with it, or empty.
  [[nodiscard]] std::string take(const market_event& happened);
  /// The book between two records; what is wrong with it, or empty.
  [[nodiscard]] std::string check() const;
  /// The last event was part of an auction's end: both sides pay as makers.
  [[nodiscard]] bool is_uncrossing() const { return uncross_price_.value != 0; }
  [[nodiscard]] std::size_t order_count() const { return places_.size(); }

private:
  struct resting {
    order_id id;
    quantity_lots shown, reserve;
    quantity_lots display; // 0: all of it
  };
  using queue = std::list<resting>;
  struct place {
    side way = side::buy;
    price_ticks price;
    queue::iterator at;
  };
  /// Best first.
  using levels = std::map<std::int64_t, queue>;
  [[nodiscard]] static std::int64_t rank(side way, price_ticks price) {
    return way == side::buy ? -price.value : price.value;
  }
  [[nodiscard]] levels& side_of(side way) { return sides_[way == side::sell]; }
  void add(order_id id, side way, price_ticks price, quantity_lots open, quantity_lots display);
  void remove(order_id id);
  void queue_again(const place& at, price_ticks price, quantity_lots open);
  [[nodiscard]] std::string take_off(order_id id, quantity_lots size, bool as_maker);
  [[nodiscard]] std::string take(const order_changed& changed);
  [[nodiscard]] std::string take(const trade_executed& trade);
  [[nodiscard]] std::string take_auction_trade(const trade_executed& trade);
  [[nodiscard]] order_id first_of(side way) const;

  levels sides_[2];
  bool is_auction_ = false;
  price_ticks uncross_price_; // 0: not at an auction's end
  std::unordered_map<order_id, place> places_;
  std::unordered_map<order_id, std::pair<side, price_ticks>> limits_; // of pegged orders
};

} // namespace rialto::actors

// actors/book_checker.hpp: the resting orders of one market as its events alone tell them. No CAF.
//
// The room: part of the journal's judge (journal_checker.hpp). It is the obvious, slow book: a queue per price. It knows nothing of the house,
// which is not in the journal, so it says only what must hold with or without one.
//   P3  who takes meets the oldest order of the best price
//   P5  between two records the best bid is below the best ask
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
  [[nodiscard]] std::size_t order_count() const { return places_.size(); }

private:
  struct resting {
    order_id id;
    quantity_lots open;
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
  void add(order_id id, side way, price_ticks price, quantity_lots open);
  void remove(order_id id);
  [[nodiscard]] std::string fill(order_id id, quantity_lots size);

  levels sides_[2];
  std::unordered_map<order_id, place> places_;
};

} // namespace rialto::actors

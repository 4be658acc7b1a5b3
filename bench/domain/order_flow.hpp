// bench/domain/order_flow.hpp: the reference flow of the order book benches, made before the clock
// starts: 45 % limit orders around a random-walk middle over about 500 levels, 40 % cancels of
// uniformly random live orders, 10 % marketable limits that trade, 5 % amends to another price.
#pragma once

#include "domain/order_book.hpp"

#include <random>

namespace rialto::bench {

struct flow_operation {
  enum class kind : std::uint8_t { add, cancel, amend };
  kind what = kind::add;
  side way = side::buy;
  std::uint16_t book = 0;
  std::uint32_t id = 0;
  std::int32_t price = 0, size = 0;
};
static_assert(sizeof(flow_operation) == 16);

inline instrument flow_instrument() {
  instrument spec;
  spec.market = {1};
  spec.symbol = "BTCUSDT";
  spec.base = "BTC";
  spec.quote = "USDT";
  spec.tick_size = {1'000'000};
  spec.lot_size = {1'000};
  return spec;
}

inline submit_order submit_of(const flow_operation& one) {
  submit_order order;
  order.id = {one.id};
  order.account = {1 + one.id % 1'000};
  order.owner = {1 + one.id % 1'000};
  order.way = one.way;
  order.price = {one.price};
  order.size = {one.size};
  order.maker_fee = {1'000};
  order.taker_fee = {1'000};
  return order;
}
inline amend_order amend_of(const flow_operation& one) {
  return {{one.id}, {1 + one.id % 1'000}, {one.price}, {one.size}};
}
inline cancel_order cancel_of(const flow_operation& one) {
  return {{one.id}, {1 + one.id % 1'000}};
}

struct order_flow {
  std::size_t books = 1;
  std::size_t prologue = 0; // the first operations fill the books; not measured
  std::vector<flow_operation> operations;
};

/// Runs books of its own to know which orders live and where the touch is.
class flow_maker {
public:
  flow_maker(std::size_t books, std::size_t orders_each, std::size_t count, std::uint64_t seed)
      : random_(seed), books_(books) {
    flow_.books = books;
    for (auto& one : books_) one.book.set_terms(flow_instrument());
    for (std::size_t i = 0; i < orders_each * books; ++i) add(i % books);
    flow_.prologue = flow_.operations.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto at = random_() % books;
      auto& in = books_[at];
      if (random_() % 16 == 0) in.middle += random_() % 2 == 0 ? 1 : -1;
      const auto kind = random_() % 100;
      if (kind < 45 || in.live.empty())
        add(at);
      else if (kind < 85)
        cancel(at);
      else if (kind < 95)
        cross(at);
      else
        amend(at);
    }
  }
  [[nodiscard]] order_flow take() { return std::move(flow_); }

private:
  struct one_book {
    order_book book;
    market_ids ids;
    std::int32_t middle = 50'000;
    std::vector<std::uint32_t> live;
    std::vector<std::uint32_t> place; // of an order in live, by its number within the book
    std::uint32_t orders = 0;
  };

  std::int32_t upto(std::uint64_t n) { return 1 + static_cast<std::int32_t>(random_() % n); }

  void add(std::size_t at) {
    flow_operation one;
    one.way = random_() % 2 == 0 ? side::buy : side::sell;
    one.price = books_[at].middle + (one.way == side::buy ? -upto(250) : upto(250));
    one.size = upto(100);
    submit(at, one);
  }
  void cross(std::size_t at) {
    flow_operation one;
    one.way = random_() % 2 == 0 ? side::buy : side::sell;
    const auto& book = books_[at].book;
    auto best = book.best(opposite(one.way));
    if (best == no_level) {
      one.way = opposite(one.way);
      best = book.best(opposite(one.way));
    }
    if (best == no_level) return add(at);
    one.price = static_cast<std::int32_t>(book.level(best).price.value);
    one.size = upto(100);
    submit(at, one);
  }
  void submit(std::size_t at, flow_operation one) {
    one.id = ++books_[at].orders;
    run(at, one);
  }
  void cancel(std::size_t at) {
    flow_operation one;
    one.what = flow_operation::kind::cancel;
    one.id = some(at);
    run(at, one);
  }
  void amend(std::size_t at) {
    flow_operation one;
    one.what = flow_operation::kind::amend;
    one.id = some(at);
    const auto& book = books_[at].book;
    const auto& order = book.order(book.find({one.id}));
    const auto& level = book.level(order.level);
    do {
      one.price = books_[at].middle + (level.way == side::buy ? -upto(250) : upto(250));
    } while (one.price == level.price.value);
    one.size =
      static_cast<std::int32_t>((book.extra(book.find({one.id})).executed + order.open).value);
    run(at, one);
  }
  std::uint32_t some(std::size_t at) { return books_[at].live[random_() % books_[at].live.size()]; }
  void run(std::size_t at, flow_operation one) {
    auto& in = books_[at];
    one.book = static_cast<std::uint16_t>(at);
    flow_.operations.push_back(one);
    events_.clear();
    in.ids.prepare(events_);
    switch (one.what) {
    case flow_operation::kind::add: in.book.submit(submit_of(one), in.ids, events_); break;
    case flow_operation::kind::cancel: in.book.cancel(in.book.find({one.id}), events_); break;
    case flow_operation::kind::amend:
      in.book.amend(in.book.find({one.id}), amend_of(one), true, in.ids, events_);
      break;
    }
    in.place.resize(in.orders + 1);
    for (const auto& happened : events_) {
      if (const auto* trade = std::get_if<trade_executed>(&happened)) {
        if (trade->maker_is_last) remove(in, static_cast<std::uint32_t>(trade->maker.value));
        if (trade->taker_is_last && one.what == flow_operation::kind::amend) remove(in, one.id);
      } else if (std::holds_alternative<order_rested>(happened)) {
        in.place[one.id] = static_cast<std::uint32_t>(in.live.size());
        in.live.push_back(one.id);
      } else if (std::holds_alternative<order_closed>(happened)) {
        remove(in, one.id);
      }
    }
  }
  static void remove(one_book& in, std::uint32_t id) {
    const auto last = in.live.back();
    in.live[in.place[id]] = last;
    in.place[last] = in.place[id];
    in.live.pop_back();
  }

  std::mt19937_64 random_;
  std::vector<one_book> books_;
  order_flow flow_;
  std::vector<market_event> events_;
};

} // namespace rialto::bench

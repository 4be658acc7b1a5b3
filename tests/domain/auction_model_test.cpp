// The call auction against a slow, obvious one that tries every price, and what must hold of any.
#include "tests/domain/market_fixture.hpp"

#include <random>

namespace rialto::testing {

namespace {

struct bid_or_ask {
  order_id id;
  side way = side::buy;
  std::int64_t price = 0, size = 0;
};

auction_quote slow_quote(const std::vector<bid_or_ask>& orders, std::int64_t reference) {
  auction_quote best;
  std::int64_t least_left = 0, least_far = 0;
  for (std::int64_t price = 1; price <= 60; ++price) {
    std::int64_t demand = 0, supply = 0;
    for (const auto& one : orders) {
      if (one.way == side::buy && one.price >= price) demand += one.size;
      if (one.way == side::sell && one.price <= price) supply += one.size;
    }
    const auto volume = std::min(demand, supply), left = std::abs(demand - supply);
    const auto far = reference == 0 ? 0 : std::abs(price - reference);
    const bool is_better = volume != best.volume.value ? volume > best.volume.value
                           : left != least_left        ? left < least_left
                                                       : far < least_far;
    if (volume == 0 || (best.volume.value != 0 && !is_better)) continue;
    best = {{price}, {volume}, {demand - supply}};
    least_left = left;
    least_far = far;
  }
  return best;
}

} // namespace

TEST_CASE("auction: price and trades are what trying every price gives") {
  std::uint64_t crossed = 0, trades = 0;
  for (const auto seed : seeds(2'000)) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(dice() % n); };
    market_under_test it(whole_units(market_mode::own));
    std::int64_t reference = 0;
    const auto place = [&](std::uint64_t id, side way, std::int64_t price, std::int64_t size) {
      submit_order order;
      order.id = {id};
      order.account = {id};
      order.owner = {id};
      order.way = way;
      order.price = {price};
      order.size = {size};
      if (below(4) == 0)
        order.rules = {{{1 + below(static_cast<std::uint64_t>(size))}, {}, {}, {}, {}}};
      it.run(order);
    };
    if (below(3) > 0) {
      reference = 10 + below(40);
      place(1'001, side::buy, reference, 1);
      place(1'002, side::sell, reference, 1);
    }
    auto spec = it.machine.spec();
    spec.status = market_status::auction;
    it.run(change_instrument{spec, 60});
    std::vector<bid_or_ask> orders;
    const auto spread = 2 + static_cast<std::uint64_t>(below(30));
    for (std::uint64_t id = 1 + static_cast<std::uint64_t>(below(4)); id <= 25; ++id) {
      const auto way = below(2) == 0 ? side::buy : side::sell;
      orders.push_back({{id}, way, 15 + below(spread), 1 + below(8)});
      place(id, way, orders.back().price, orders.back().size);
    }
    const auto expected = slow_quote(orders, reference);
    CHECK(it.view().auction->quote == expected);
    const auto published = it.published();
    REQUIRE(published.auction);
    CHECK(published.auction->quote == expected);
    it.wake(it.machine.wake_at());
    quantity_lots volume;
    std::map<std::uint64_t, std::int64_t> filled;
    for (const auto& happened : it.last()) {
      const auto* trade = std::get_if<trade_executed>(&happened);
      if (trade == nullptr) continue;
      ++trades;
      CHECK(trade->price == expected.price);
      volume += trade->size;
      filled[trade->taker.value] += trade->size.value;
      filled[trade->maker.value] += trade->size.value;
    }
    CHECK(volume == expected.volume);
    crossed += volume.value > 0;
    // Better prices are filled before worse ones, and nobody beyond his limit.
    for (const auto& one : orders) {
      const auto got = filled[one.id.value];
      CHECK(got <= one.size);
      const bool may = one.way == side::buy ? one.price >= expected.price.value
                                            : one.price <= expected.price.value;
      if (!may) CHECK(got == 0);
      for (const auto& other : orders) {
        if (other.way != one.way) continue;
        const bool is_better =
          one.way == side::buy ? one.price > other.price : one.price < other.price;
        if (is_better && filled[other.id.value] > 0) CHECK(got == one.size);
      }
    }
  }
  MESSAGE("auctions with trades " << crossed << ", trades " << trades);
  CHECK((crossed > 1'000 || std::getenv("RIALTO_SEED") != nullptr));
}

TEST_CASE("auction: with self-trade prevention any auction ends uncrossed, nobody meets himself") {
  std::uint64_t prevented = 0, rounds = 0;
  for (const auto seed : seeds(500)) {
    CAPTURE(seed);
    std::mt19937_64 dice(seed);
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(dice() % n); };
    market_under_test it(whole_units(market_mode::own));
    auto spec = it.machine.spec();
    spec.status = market_status::auction;
    it.run(change_instrument{spec, 60});
    std::map<std::uint64_t, submit_order> orders;
    for (std::uint64_t id = 1; id <= 40; ++id) {
      submit_order order;
      order.id = {id};
      order.account = {1 + static_cast<std::uint64_t>(below(3))};
      order.owner = {order.account.value};
      order.way = below(2) == 0 ? side::buy : side::sell;
      order.price = {20 + below(15)};
      order.size = {1 + below(9)};
      order.stp = static_cast<stp_mode>(below(5));
      orders[id] = order;
      it.run(order);
    }
    it.wake(it.machine.wake_at()); // checks that the book is not crossed
    price_ticks price;
    for (const auto& happened : it.last()) {
      prevented += std::holds_alternative<trade_prevented>(happened);
      if (const auto* round = std::get_if<auction_uncrossed>(&happened))
        price = round->price, ++rounds;
      const auto* trade = std::get_if<trade_executed>(&happened);
      if (trade == nullptr) continue;
      CHECK(trade->price == price);
      const auto& younger = orders[trade->taker.value];
      CHECK((younger.stp == stp_mode::none || younger.owner != orders[trade->maker.value].owner));
    }
    market replayed(entity_id{market_id{7}});
    std::vector<addressed_message> posts;
    for (std::size_t i = 0; i < it.events.size(); ++i)
      replayed.apply(it.events[i], it.times[i], posts);
    CHECK(replayed.state_hash() == it.machine.state_hash());
    CHECK(posts.size() == it.posts.size());
  }
  MESSAGE("prevented " << prevented << ", rounds " << rounds);
}

} // namespace rialto::testing

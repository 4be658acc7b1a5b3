// Random sessions of a mirrored market: what must hold whatever the feed and the users do.
#include "tests/domain/market_fixture.hpp"

#include <random>
#include <set>

using namespace rialto;
using rialto::testing::market_under_test;
using rialto::testing::seeds;
using rialto::testing::whole_units;

namespace {

struct order_facts {
  side way = side::buy;
  bool has_limit = true;
  std::int64_t limit = 0, size = 0, filled = 0;
};

class session {
public:
  explicit session(std::uint64_t seed) : it(whole_units(market_mode::mirrored)), random_(seed) {}

  void step() {
    const auto kind = random_() % 100;
    if (kind < 30) {
      depth(random_() % 20 == 0);
    } else if (kind < 45) {
      it.run(mirror_trade{{price()}, {between(1, 12)}, chance(50), {}});
    } else if (kind < 46) {
      const auto before = it.machine.state_hash();
      it.run(mirror_reset{});
      REQUIRE(it.machine.state_hash() == before);
    } else if (kind < 80) {
      place();
    } else if (kind < 90) {
      const auto id = 1 + random_() % (orders_ + 1);
      it.run(cancel_order{{id}, {1}});
    } else if (kind < 98) {
      amend_order wish{{1 + random_() % (orders_ + 1)}, {1}, {price()}, {between(1, 30)}};
      const bool was_resting = it.machine.book().find(wish.id) != no_order;
      const auto answer = it.run(wish);
      if (was_resting && std::holds_alternative<order_view>(answer)) {
        facts[wish.id.value].limit = wish.price.value;
        facts[wish.id.value].size = wish.size.value;
      }
    } else {
      auto spec = it.machine.spec();
      spec.status = chance(60) ? market_status::open : market_status::halted;
      it.run(change_instrument{spec});
    }
    check_fills();
  }

  market_under_test it;
  std::map<std::uint64_t, order_facts> facts;
  std::uint64_t by_house = 0, of_house = 0;

private:
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  std::int64_t price() { return middle_ + between(-6, 6); }

  /// Sometimes crossed with itself, sometimes through our orders; the middle wanders.
  void depth(bool is_snapshot) {
    middle_ = std::max<std::int64_t>(50, middle_ + between(-2, 2));
    mirror_depth news;
    news.is_snapshot = is_snapshot;
    for (auto n = between(0, is_snapshot ? 12 : 4); n > 0; --n) {
      const auto way = chance(50) ? side::buy : side::sell;
      const auto away = between(chance(5) ? -2 : 1, 6);
      news.levels.push_back({way,
                             {way == side::buy ? middle_ - away : middle_ + away},
                             {chance(25) ? 0 : between(1, 20)}});
    }
    const auto before = it.machine.state_hash();
    it.run(news);
    if (it.last().empty()) REQUIRE(it.machine.state_hash() == before);
  }

  void place() {
    submit_order order;
    order.id = {++orders_};
    order.account = {1};
    order.way = chance(50) ? side::buy : side::sell;
    order.size = {between(1, 25)};
    if (chance(20)) {
      order.type = order_type::market;
      if (chance(50)) order.quote_target = {between(1, 2'000) * units_per_whole};
    } else {
      order.price = {price()};
      if (chance(20)) order.type = order_type::post_only;
      if (order.type == order_type::limit && chance(20)) order.tif = time_in_force::ioc;
    }
    facts[order.id.value] = {order.way, order.price.value != 0, order.price.value, order.size.value,
                             0};
    // What may be taken at each price, own orders and house together.
    std::map<std::int64_t, std::int64_t> offered;
    for (const auto& level : it.view().levels)
      if (level.way != order.way) offered[level.price.value] = level.size.value;
    it.run(order);
    std::int64_t last = 0;
    for (const auto& happened : it.last())
      if (const auto* trade = std::get_if<trade_executed>(&happened)) {
        REQUIRE((offered[trade->price.value] -= trade->size.value) >= 0);
        if (last != 0) // prices get no better
          REQUIRE(
            (order.way == side::buy ? trade->price.value >= last : trade->price.value <= last));
        last = trade->price.value;
      }
    for (const auto& [at, left] : offered) // no better price was passed over
      if (last != 0 && (order.way == side::buy ? at < last : at > last)) REQUIRE(left == 0);
  }

  /// Own orders never fill beyond size or limit; makers at their own price.
  void check_fills() {
    for (const auto& happened : it.last()) {
      const auto* trade = std::get_if<trade_executed>(&happened);
      if (trade == nullptr) continue;
      by_house += !trade->taker;
      of_house += !trade->maker;
      REQUIRE((trade->taker || trade->maker));
      for (const auto id : {trade->taker, trade->maker}) {
        if (!id) continue;
        auto& order = facts.at(id.value);
        order.filled += trade->size.value;
        REQUIRE(order.filled <= order.size);
        REQUIRE((order.way == trade->taker_side) == (id == trade->taker));
        if (!order.has_limit) continue;
        REQUIRE((order.way == side::buy ? trade->price.value <= order.limit
                                        : trade->price.value >= order.limit));
        if (id == trade->maker) REQUIRE(trade->price.value == order.limit);
      }
    }
  }

  std::mt19937_64 random_;
  std::uint64_t orders_ = 0;
  std::int64_t middle_ = 100;
};

} // namespace

// After every step market_under_test checks the invariants: the book is never crossed, taken never
// exceeds shown, what stands ahead of an order is really there.
TEST_CASE("house: fills keep to sizes, limits and what was offered, whatever the feed does") {
  std::uint64_t by_house = 0, of_house = 0;
  for (const auto seed : seeds(200)) {
    CAPTURE(seed);
    session random(seed);
    for (int i = 0; i < 1'000; ++i) {
      CAPTURE(i);
      random.step();
    }
    by_house += random.by_house;
    of_house += random.of_house;
  }
  MESSAGE("house as taker " << by_house << ", house as maker " << of_house);
  CHECK(by_house > 1'000);
  CHECK(of_house > 1'000);
}

TEST_CASE("house: replay without the feed gives the same state and posts the same messages") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    session random(seed);
    for (int i = 0; i < 1'000; ++i) random.step();
    market blank(entity_id{market_id{7}});
    std::vector<addressed_message> posts;
    for (std::size_t i = 0; i < random.it.events.size(); ++i)
      blank.apply(random.it.events[i], random.it.times[i], posts);
    blank.check_invariants();
    REQUIRE(blank.state_hash() == random.it.machine.state_hash());
    REQUIRE(posts.size() == random.it.posts.size());
    for (std::size_t i = 0; i < posts.size(); ++i)
      REQUIRE(to_bytes(posts[i].body) == to_bytes(random.it.posts[i].body));
  }
}

TEST_CASE("house: publications build the book that the market has") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    session random(seed);
    std::map<std::pair<side, std::int64_t>, std::int64_t> copy;
    std::uint64_t last = 0;
    std::set<std::uint64_t> lines;
    for (int i = 0; i < 1'000; ++i) {
      random.step();
      if (i % 3 != 0) continue;
      const auto news = random.it.published();
      for (const auto& line : news.trades) REQUIRE(lines.insert(line.trade.value).second);
      if (news.is_snapshot) copy.clear();
      if (news.last_update != 0) {
        REQUIRE(news.first_update == last + 1);
        last = news.last_update;
      }
      for (const auto& level : news.levels) {
        auto& size = copy[{level.way, level.price.value}];
        size = level.size.value;
        if (size == 0) copy.erase({level.way, level.price.value});
      }
      std::map<std::pair<side, std::int64_t>, std::int64_t> real;
      for (const auto& level : random.it.view().levels)
        real[{level.way, level.price.value}] = level.size.value;
      REQUIRE(copy == real);
    }
  }
}

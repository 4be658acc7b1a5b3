// TWAP and VWAP: the division of an order over time, and the account that sends its slices.
#include "tests/domain/account_fixture.hpp"

#include <doctest/doctest.h>

#include <sstream>

using namespace rialto;
using namespace rialto::testing;

namespace {

constexpr std::int64_t second = 1'000'000'000;

order_slicing twap(std::uint32_t slices, std::int64_t seconds) {
  return {slicing_kind::twap, {}, seconds * second, slices, {}};
}

place_order sliced(std::uint64_t id, const order_slicing& how, std::int64_t size = 10,
                   side way = side::buy) {
  auto order = limit_order(id, way, 100, size);
  order.slicing = how;
  return order;
}

/// One sliced order, number 100, and what becomes of it. Actions:
///   "buy 100x10 in 5 over 50", "sell 100x10 by 1,2,3 over 30" (weights), then perhaps "after 20" (s), "min 3" (lots)
///   "wait 10" (s; then the account wakes), "fill 1 99x2" (slice 1; with "last": that was all), "end 1" (expired),
///   "reject 1", "prevent 1 2" (self-trade prevention took 2 off it), "cancel", "cancel_all", "snapshot"
/// Outcome: the slices sent, as "1:2" (slice 1 of 2 lots); then the order's status, what it has executed, and what the
/// account holds in whole coins.
class scenario {
public:
  scenario() {
    it_.deposit("AAA", coins(1'000));
    it_.deposit("BBB", coins(100'000));
  }

  void run(const std::string& text) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      const auto arrow = line.find("=>");
      if (arrow == std::string::npos) continue;
      CAPTURE(line);
      it_.first_post = it_.posts.size();
      std::istringstream words(line.substr(0, arrow));
      act(words);
      std::istringstream expected(line.substr(arrow + 2));
      std::string want;
      for (std::string word; expected >> word;) want += (want.empty() ? "" : " ") + word;
      CHECK(told() == want);
    }
    it_.check_replay();
  }

private:
  static std::pair<std::int64_t, std::int64_t> pair_of(const std::string& text) { // "100x5"
    const auto x = text.find('x');
    REQUIRE(x != std::string::npos);
    return {std::stoll(text.substr(0, x)), std::stoll(text.substr(x + 1))};
  }
  void act(std::istringstream& words) {
    std::string what, word;
    std::uint64_t number = 0;
    std::int64_t count = 0;
    words >> what;
    if (what == "buy" || what == "sell")
      return place(what == "buy" ? side::buy : side::sell, words);
    if (what == "snapshot") return it_.pass_through_snapshot();
    if (what == "cancel") return void(it_.ask(cancel{{100}}));
    if (what == "cancel_all") return void(it_.ask(cancel_all{}));
    if (what == "wait") {
      words >> count;
      it_.now.value = start_ + (seconds_ += count) * second;
      return it_.wake();
    }
    words >> number;
    if (what == "end") return void(it_.end(100 + number, order_status::expired));
    if (what == "reject")
      return void(it_.end(100 + number, order_status::rejected, reject_reason::market_halted));
    if (what == "prevent") {
      words >> count;
      return void(it_.hear(order_reduced{{100 + number}, it_.id, {count}}, it_.market));
    }
    REQUIRE(what == "fill");
    words >> word;
    const auto [price, size] = pair_of(word);
    word.clear();
    words >> word;
    it_.fill(100 + number, price, size, word == "last");
  }
  void place(side way, std::istringstream& words) {
    std::string word;
    words >> word;
    const auto [price, size] = pair_of(word);
    auto order = limit_order(100, way, price, size);
    auto& how = order.slicing.emplace();
    while (words >> word) {
      std::string value;
      words >> value;
      if (word == "in") how.slices = static_cast<std::uint32_t>(std::stoul(value));
      if (word == "over") how.duration_ns = std::stoll(value) * second;
      if (word == "after") how.start_at = {it_.now.value + 1'000 + std::stoll(value) * second};
      if (word == "min") order.terms.quantity_min = {std::stoll(value)};
      if (word != "by") continue;
      how.kind = slicing_kind::vwap;
      std::istringstream all(value);
      for (std::string one; std::getline(all, one, ',');)
        how.weights.push_back(static_cast<std::uint32_t>(std::stoul(one)));
      how.slices = static_cast<std::uint32_t>(how.weights.size());
    }
    const auto result = it_.ask(order);
    CHECK(why(result) == reject_reason::none);
    REQUIRE(std::holds_alternative<order_view>(result));
    start_ = it_.now.value;
  }
  std::string told() {
    std::string text;
    for (auto i = it_.first_post; i < it_.posts.size(); ++i)
      if (const auto* sent = std::get_if<submit_order>(&it_.posts[i].body)) {
        CHECK(sent->tif == time_in_force::ioc);
        text += std::to_string(sent->id.value - 100) + ":" + std::to_string(sent->size.value) + " ";
      }
    const auto order = it_.order(100);
    it_.now.value -= 1'000; // looking takes no time
    static constexpr const char* names[] = {"", "new", "part", "filled", "cancelled", "expired"};
    const auto held = it_.hold(order.way == side::buy ? "BBB" : "AAA");
    return text + names[static_cast<int>(order.status)] + " " +
           std::to_string(order.executed.value) + " hold " +
           std::to_string(held.value / units_per_whole);
  }

  account_under_test it_;
  std::int64_t start_ = 0, seconds_ = 0;
};

} // namespace

TEST_CASE("slices: worked examples") {
  const char* const examples[] = {
    // Equal slices, all filled at once: the whole is filled with the last one.
    R"(buy 100x10 in 5 over 50 => new 0 hold 1000
       wait 0                  => 1:2 new 0 hold 1000
       fill 1 100x2 last       => part 2 hold 800
       wait 9                  => part 2 hold 800
       wait 1                  => 2:2 part 2 hold 800
       fill 2 100x2 last       => part 4 hold 600
       wait 10                 => 3:2 part 4 hold 600
       fill 3 100x2 last       => part 6 hold 400
       wait 10                 => 4:2 part 6 hold 400
       fill 4 100x2 last       => part 8 hold 200
       wait 10                 => 5:2 part 8 hold 200
       fill 5 100x2 last       => filled 10 hold 0)",
    // Sizes are whole lots: 10/3, 20/3 and 10 are 3, 6 and 10.
    R"(sell 100x10 in 3 over 30 => new 0 hold 10
       wait 0                  => 1:3 new 0 hold 10
       fill 1 100x3 last       => part 3 hold 7
       wait 10                 => 2:3 part 3 hold 7
       fill 2 101x3 last       => part 6 hold 4
       wait 10                 => 3:4 part 6 hold 4
       fill 3 100x4 last       => filled 10 hold 0)",
    // By weight: 1, 2 and 5 of 8.
    R"(buy 100x16 by 1,2,5 over 30 => new 0 hold 1600
       wait 0                  => 1:2 new 0 hold 1600
       fill 1 100x2 last       => part 2 hold 1400
       wait 10                 => 2:4 part 2 hold 1400
       fill 2 100x4 last       => part 6 hold 1000
       wait 10                 => 3:10 part 6 hold 1000
       fill 3 100x10 last      => filled 16 hold 0)",
    // What one slice does not trade the next one takes up; a better price releases at once.
    R"(buy 100x10 in 5 over 50 => new 0 hold 1000
       wait 0                  => 1:2 new 0 hold 1000
       fill 1 90x1             => part 1 hold 900
       end 1                   => part 1 hold 900
       wait 10                 => 2:3 part 1 hold 900
       end 2                   => part 1 hold 900
       wait 10                 => 3:5 part 1 hold 900
       fill 3 100x5 last       => part 6 hold 400)",
    // The last slice takes what is left; what it does not trade expires.
    R"(buy 100x10 in 2 over 20 => new 0 hold 1000
       wait 0                  => 1:5 new 0 hold 1000
       end 1                   => new 0 hold 1000
       wait 10                 => 2:10 new 0 hold 1000
       fill 2 100x4            => part 4 hold 600
       end 2                   => expired 4 hold 0)",
    // A halted market rejects the slice: the same.
    R"(sell 100x4 in 2 over 20 => new 0 hold 4
       wait 0                  => 1:2 new 0 hold 4
       reject 1                => new 0 hold 4
       wait 10                 => 2:4 new 0 hold 4
       reject 2                => expired 0 hold 0)",
    // A slice without an answer counts as on its way: the next one leaves it alone, and the end waits for it.
    R"(buy 100x10 in 2 over 20 => new 0 hold 1000
       wait 0                  => 1:5 new 0 hold 1000
       wait 10                 => 2:5 new 0 hold 1000
       fill 2 100x5 last       => part 5 hold 500
       fill 1 100x3            => part 8 hold 200
       end 1                   => expired 8 hold 0)",
    // Below the smallest quantity nothing is sent: 2, 5, 7 and 10 at a minimum of 4. The last three lots expire.
    R"(buy 100x10 in 4 over 40 min 4 => new 0 hold 1000
       wait 0                  => new 0 hold 1000
       wait 10                 => 2:5 new 0 hold 1000
       fill 2 100x5 last       => part 5 hold 500
       wait 10                 => part 5 hold 500
       wait 10                 => 4:5 part 5 hold 500
       fill 4 100x2            => part 7 hold 300
       end 4                   => expired 7 hold 0)",
    R"(buy 100x10 in 2 over 20 min 4 => new 0 hold 1000
       wait 0                  => 1:5 new 0 hold 1000
       fill 1 100x5 last       => part 5 hold 500
       wait 10                 => 2:5 part 5 hold 500
       fill 2 100x4            => part 9 hold 100
       end 2                   => expired 9 hold 0)",
    // It starts when it says.
    R"(buy 100x10 in 2 over 20 after 30 => new 0 hold 1000
       wait 29                 => new 0 hold 1000
       wait 1                  => 1:5 new 0 hold 1000)",
    // After a long stop only the newest slice is sent, as large as all that are due.
    R"(buy 100x10 in 5 over 50 => new 0 hold 1000
       wait 0                  => 1:2 new 0 hold 1000
       fill 1 100x2 last       => part 2 hold 800
       wait 35                 => 4:6 part 2 hold 800
       fill 4 100x6 last       => part 8 hold 200
       wait 86400              => 5:2 part 8 hold 200
       fill 5 100x2 last       => filled 10 hold 0)",
    // A restart in the middle, with a slice on its way.
    R"(sell 100x10 in 5 over 50 => new 0 hold 10
       snapshot                => new 0 hold 10
       wait 0                  => 1:2 new 0 hold 10
       snapshot                => new 0 hold 10
       fill 1 100x1            => part 1 hold 9
       snapshot                => part 1 hold 9
       end 1                   => part 1 hold 9
       wait 10                 => 2:3 part 1 hold 9
       snapshot                => part 1 hold 9
       wait 10                 => 3:2 part 1 hold 9)",
    // Cancelled between two slices: at once.
    R"(buy 100x10 in 5 over 50 => new 0 hold 1000
       wait 0                  => 1:2 new 0 hold 1000
       fill 1 100x2 last       => part 2 hold 800
       cancel                  => cancelled 2 hold 0
       wait 10                 => cancelled 2 hold 0)",
    // Cancelled with a slice on its way: that may trade, nothing follows.
    R"(buy 100x10 in 5 over 50 => new 0 hold 1000
       wait 0                  => 1:2 new 0 hold 1000
       cancel                  => new 0 hold 1000
       cancel                  => new 0 hold 1000
       wait 10                 => new 0 hold 1000
       fill 1 100x1            => part 1 hold 900
       end 1                   => cancelled 1 hold 0)",
    // ... also if that slice was the rest: then it is filled.
    R"(buy 100x2 in 2 over 20  => new 0 hold 200
       wait 10                 => 2:2 new 0 hold 200
       cancel_all              => new 0 hold 200
       fill 2 100x2 last       => filled 2 hold 0)",
    R"(sell 100x10 in 5 over 50 => new 0 hold 10
       cancel_all              => cancelled 0 hold 0)",
    // Self-trade prevention took some off a slice: it is off the whole, and its hold is free.
    R"(buy 100x10 in 2 over 20 => new 0 hold 1000
       wait 0                  => 1:5 new 0 hold 1000
       prevent 1 2             => new 0 hold 800
       fill 1 100x3            => part 3 hold 500
       end 1                   => part 3 hold 500
       wait 10                 => 2:5 part 3 hold 500
       prevent 2 5             => part 3 hold 0
       end 2                   => expired 3 hold 0)",
  };
  for (const std::string text : examples) {
    CAPTURE(text);
    scenario{}.run(text);
  }
}

TEST_CASE("slices: due times and targets, against a slow division") {
  for (const auto seed : seeds(300)) {
    CAPTURE(seed);
    dice throws(seed);
    order_slicing how;
    how.kind = slicing_kind::vwap;
    how.start_at = {throws.between(1, 1'000'000'000)};
    how.slices = static_cast<std::uint32_t>(throws.between(2, 50));
    how.duration_ns = throws.between(how.slices * second, 3'600 * second);
    if (throws.chance(0.5))
      for (std::uint32_t i = 0; i < how.slices; ++i)
        how.weights.push_back(
          static_cast<std::uint32_t>(throws.between(1, order_slicing::weight_max)));
    REQUIRE(is_sound(how));
    const quantity_lots size{throws.between(1, 9'000'000'000)};
    std::uint32_t due = 0;
    auto last = quantity_lots{0};
    for (std::uint32_t i = 1; i <= how.slices; ++i) {
      const auto at = slice_due(how, i);
      CHECK(newest_due(how, at) == i);
      CHECK(newest_due(how, {at.value - 1}) == due);
      due = i;
      const auto target = slice_target(how, size, i);
      CHECK(target >= last);
      std::int64_t part = 0, whole = 0;
      for (std::uint32_t k = 0; k < how.slices; ++k) {
        const std::int64_t weight = how.weights.empty() ? 1 : how.weights[k];
        whole += weight;
        if (k < i) part += weight;
      }
      CHECK(target.value == size.value * part / whole);
      last = target;
    }
    CHECK(last == size);
    CHECK(newest_due(how, {how.start_at.value + 10 * how.duration_ns}) == how.slices);
  }
}

TEST_CASE("slices: what does not fit is refused") {
  account_under_test it;
  it.deposit("BBB", coins(1'000'000));
  const auto no = [&](const place_order& order) { return why(it.ask(order)); };
  constexpr auto invalid = reject_reason::slicing_invalid;
  CHECK(no(sliced(100, twap(1, 10))) == invalid);
  CHECK(no(sliced(100, twap(1'001, 2'000))) == invalid);
  CHECK(no(sliced(100, twap(11, 10))) == invalid); // more than one a second
  CHECK(no(sliced(100, twap(10, 86'401))) == invalid);
  auto how = twap(2, 10);
  how.weights = {1, 1};
  CHECK(no(sliced(100, how)) == invalid); // a TWAP's are equal
  how.kind = slicing_kind::vwap;
  how.weights = {1, 0};
  CHECK(no(sliced(100, how)) == invalid);
  how.weights = {1};
  CHECK(no(sliced(100, how)) == invalid);
  how = twap(2, 10);
  how.start_at = {it.now.value - 1};
  CHECK(no(sliced(100, how)) == invalid);
  how.start_at = {it.now.value + order_slicing::delay_ns_max + second};
  CHECK(no(sliced(100, how)) == invalid);
  auto order = sliced(100, twap(2, 10));
  order.tif = time_in_force::ioc;
  CHECK(no(order) == invalid);
  order = sliced(100, twap(2, 10));
  order.type = order_type::post_only;
  CHECK(no(order) == invalid);
  order = sliced(100, twap(2, 10));
  order.rules.emplace().display = {1};
  CHECK(no(order) == invalid);
  order = market_order(100, side::buy, 3);
  order.slicing = twap(2, 10);
  CHECK(no(order) == invalid);
  CHECK(no(sliced(100, twap(2, 10), 0)) == reject_reason::quantity_invalid);
  CHECK(no(sliced(100, twap(2, 10), 900'000)) == reject_reason::insufficient_balance);

  REQUIRE(no(sliced(100, twap(5, 10))) == reject_reason::none);
  CHECK(no(limit_order(105, side::buy, 1, 1)) == reject_reason::already_exists); // its last slice's
  CHECK(no(sliced(98, twap(2, 10))) == reject_reason::already_exists); // would be one of its slices
  CHECK(why(it.ask(amend{{100}, {101}, {}, whole_terms()})) == reject_reason::amend_not_allowed);
  CHECK(why(it.ask(
          place_list{false, {sliced(300, twap(2, 10)), limit_order(310, side::buy, 1, 10)}})) ==
        reject_reason::list_invalid);
  for (std::uint64_t i = 1; i < sliced_orders_max; ++i)
    REQUIRE(no(sliced(1'000 + 10 * i, twap(2, 10), 1)) == reject_reason::none);
  CHECK(no(sliced(5'000, twap(2, 10), 1)) == reject_reason::too_many_sliced);
  CHECK(std::get<orders_view>(it.ask(cancel_all{})).asked == sliced_orders_max);
  CHECK(it.machine.open_orders().empty());
  CHECK(it.hold("BBB") == amount_units{});
  CHECK(no(sliced(5'000, twap(2, 10), 1)) == reject_reason::none);
}

TEST_CASE("slices: the day's order limit must have room for all of them") {
  account_under_test it;
  it.deposit("BBB", coins(10'000));
  it.limits.orders_per_day_max = 6;
  CHECK(why(it.ask(sliced(100, twap(6, 60)))) == reject_reason::too_many_orders_today);
  CHECK(why(it.ask(sliced(100, twap(5, 60)))) == reject_reason::none);
  CHECK(why(it.ask(sliced(200, twap(5, 60)))) == reject_reason::too_many_orders_today);
}

TEST_CASE("slices: what the owner sees") {
  account_under_test it;
  it.deposit("BBB", coins(10'000));
  auto order = sliced(100, twap(2, 10));
  order.client_order_id = "mine";
  (void)it.published();
  const auto placed = std::get<order_view>(it.ask(order));
  REQUIRE(placed.slicing);
  CHECK(
    *placed.slicing ==
    slicing_view{slicing_kind::twap, false, it.now, {it.now.value + 10 * second}, 2, 0, it.now});
  CHECK(it.published().size() == 1);
  it.wake();
  const auto news = it.published(); // the slice, and the whole that has sent it
  REQUIRE(news.size() == 2);
  CHECK(news[0].order->id == order_id{101});
  CHECK(news[0].order->parent == order_id{100});
  CHECK(news[0].order->client_order_id.empty());
  CHECK_FALSE(news[0].order->slicing);
  CHECK(news[1].order->id == order_id{100});
  CHECK(news[1].order->slicing->sent == 1);
  CHECK(news[1].order->slicing->next_at.value == placed.slicing->start_at.value + 5 * second);
  it.fill(101, 100, 5, true);
  std::size_t fills = 0;
  for (const auto& one : it.published()) {
    if (one.order && one.order->id == order_id{100}) {
      CHECK(one.order->status == order_status::partially_filled);
      CHECK(one.order->executed == quantity_lots{5});
      CHECK(one.order->executed_quote == coins(500));
    }
    if (one.order) fills += one.order->fills.size();
  }
  CHECK(fills == 1);                                              // the slice's
  CHECK(std::get<order_view>(it.ask(order)).id == order_id{100}); // placed again: as it is now
  CHECK(it.order(101).status == order_status::filled);
  CHECK(it.order(101).parent == order_id{100});
}

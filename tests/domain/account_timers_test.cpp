// Guards and mass cancels: what an account does when its time has come.
#include "tests/domain/account_fixture.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

namespace rialto::testing {

namespace {

constexpr std::int64_t second = 1'000'000'000;

/// An account with a clock to turn and orders to lose.
struct timed : account_under_test {
  timed() { deposit("BBB", coins(100'000'000)); }

  /// Orders 1..count, buys of one lot at one tick.
  void place(std::uint64_t from, std::uint64_t through, std::uint64_t in_market = 7) {
    for (auto i = from; i <= through; ++i) {
      auto order = limit_order(i, side::buy, 1, 1);
      order.terms.market = {in_market};
      REQUIRE(is_forwarded(ask(order)));
    }
  }
  void turn(std::int64_t ns) {
    now.value += ns;
    wake();
  }
  [[nodiscard]] std::uint64_t cancels() const {
    return static_cast<std::uint64_t>(std::count_if(
      posts.begin() + static_cast<std::ptrdiff_t>(first_post), posts.end(),
      [](const auto& one) { return std::holds_alternative<cancel_order>(one.body); }));
  }
  [[nodiscard]] std::vector<std::uint64_t> fired() {
    std::vector<std::uint64_t> markets;
    for (const auto& one : published())
      if (one.fired) markets.push_back(one.fired->market.value);
    return markets;
  }
  guards_view arm(const guard& wish, bool only_renews = false) {
    const auto result = ask(arm_guard{wish, only_renews});
    REQUIRE(std::holds_alternative<guards_view>(result));
    return std::get<guards_view>(result);
  }
  std::vector<guard> armed() { return std::get<guards_view>(ask(get_guards{})).guards; }
};

guard a_timer(std::int64_t seconds, std::uint64_t market = 0, std::uint64_t session = 1) {
  guard one;
  one.key = {guard_kind::timer, session, {market}};
  one.timeout_ns = seconds * second;
  return one;
}
guard a_lease(std::uint64_t connection, std::int64_t grace_s = 0, std::uint64_t market = 0) {
  guard one;
  one.key = {guard_kind::connection, 1, {market}};
  one.timeout_ns = 15 * second;
  one.grace_ns = grace_s * second;
  one.edge = 90;
  one.connection = connection;
  return one;
}

} // namespace

// Lines: arm SECONDS MARKET | disarm MARKET | wait SECONDS | lease CONNECTION GRACE | renew CONNECTION GRACE |
// close CONNECTION | snapshot; after each, "->" what was fired (markets; "none") and how many cancels were posted
// (orders 1 to 5 are in market 7, 6 to 8 in market 8; markets never answer).
TEST_CASE("account timers: worked examples") {
  const char* const examples[] = {
    // A timer fires once, at its deadline.
    "arm 10 0 -> none 0; wait 9 -> none 0; wait 1 -> 0 8; wait 9 -> none 0",
    // Only in its market; the other market's goes on.
    "arm 10 7 -> none 0; arm 20 8 -> none 0; wait 10 -> 7 5; wait 10 -> 8 8",
    // Arming again moves the deadline, disarming ends it.
    "arm 10 0 -> none 0; wait 9 -> none 0; arm 10 0 -> none 0; wait 9 -> none 0; wait 1 -> 0 8",
    "arm 10 0 -> none 0; disarm 0 -> none 0; wait 20 -> none 0",
    "arm 10 7 -> none 0; disarm 0 -> none 0; wait 20 -> 7 5",
    // A shorter timeout counts at once.
    "arm 100 0 -> none 0; arm 2 0 -> none 0; wait 2 -> 0 8",
    // What a market did not answer is asked about again 10 s later, until it is gone.
    "arm 5 7 -> none 0; wait 5 -> 7 5; wait 9 -> none 0; wait 1 -> none 5; wait 10 -> none 5",
    // It survives a snapshot, before the deadline and between two rounds.
    "arm 5 7 -> none 0; snapshot -> none 0; wait 5 -> 7 5; snapshot -> none 0; wait 10 -> none 5",
    // Nobody woke it for a day (the node was down): it fires late, not never.
    "arm 5 7 -> none 0; wait 86400 -> 7 5",
    // A connection that closes: at once, or after its grace.
    "lease 1 0 -> none 0; close 1 -> 0 0; wait 0 -> none 8",
    "lease 1 30 -> none 0; close 1 -> none 0; wait 29 -> none 0; wait 1 -> 0 8",
    // Nobody renews: 15 s, and the grace.
    "lease 1 0 -> none 0; wait 14 -> none 0; wait 1 -> 0 8",
    "lease 1 30 -> none 0; wait 44 -> none 0; wait 1 -> 0 8",
    "lease 1 0 -> none 0; wait 14 -> none 0; renew 1 0 -> none 0; wait 14 -> none 0; wait 1 -> 0 8",
    // Back within the grace: the end of the old connection is forgotten.
    "lease 1 30 -> none 0; close 1 -> none 0; wait 20 -> none 0; lease 2 30 -> none 0; wait 44 -> "
    "none "
    "0; wait 1 -> 0 8",
    // The newer connection holds the guard: the older neither fires nor renews it.
    "lease 1 0 -> none 0; lease 2 0 -> none 0; close 1 -> none 0; wait 10 -> none 0; renew 1 0 -> "
    "none "
    "0; wait 5 -> 0 8",
    // What has fired is not renewed back to life.
    "lease 1 0 -> none 0; wait 15 -> 0 8; renew 1 0 -> none 0; wait 10 -> none 8; close 1 -> none "
    "0",
  };
  for (const std::string text : examples) {
    CAPTURE(text);
    timed it;
    it.place(1, 5);
    it.place(6, 8, 8);
    (void)it.published();
    std::istringstream lines(text);
    std::string line;
    while (std::getline(lines, line, ';')) {
      CAPTURE(line);
      std::istringstream words(line);
      std::string what, arrow, fired;
      std::int64_t one = 0, two = 0;
      std::uint64_t cancels = 0;
      words >> what;
      if (what == "arm" || what == "lease" || what == "renew") words >> one >> two;
      if (what == "disarm" || what == "wait" || what == "close") words >> one;
      words >> arrow >> fired >> cancels;
      REQUIRE(arrow == "->");
      it.first_post = it.posts.size();
      const auto id = static_cast<std::uint64_t>(one);
      it.now.value -= what == "wait" || what == "snapshot" ? 0 : 1'000; // a step takes that long
      if (what == "arm") (void)it.arm(a_timer(one, static_cast<std::uint64_t>(two)));
      if (what == "disarm") (void)it.arm(a_timer(0, id));
      if (what == "lease") (void)it.arm(a_lease(id, two));
      if (what == "renew") (void)it.arm(a_lease(id, two), true);
      if (what == "close") (void)it.ask(close_connection{90, id});
      if (what == "snapshot") it.pass_through_snapshot();
      if (what == "wait") it.turn(one * second);
      const auto markets = it.fired();
      CHECK((markets.empty() ? "none" : std::to_string(markets.front())) == fired);
      CHECK(it.cancels() == cancels);
    }
    it.check_replay();
  }
}

TEST_CASE(
  "account timers: a renewal of little use is no event, and the answer says when it fires") {
  timed it;
  const auto first = it.arm(a_timer(64)).guards.at(0).deadline;
  it.now.value += second;
  CHECK(it.arm(a_timer(64)).guards.at(0).deadline == first);
  CHECK(it.event_count() == 0);
  it.now.value += second;
  const auto later = it.arm(a_timer(64)).guards.at(0).deadline;
  CHECK(it.event_count() == 1);
  CHECK(later.value == it.now.value + 64 * second);
  CHECK(it.armed().size() == 1);
  // Nobody's renewal moves a deadline back, except with another timeout.
  const auto shorter = it.arm(a_timer(2)).guards.at(0).deadline;
  CHECK(shorter.value == it.now.value + 2 * second);
}

TEST_CASE("account timers: bounds are said") {
  timed it;
  const auto no = [&](const guard& wish) { return why(it.ask(arm_guard{wish})); };
  auto wish = a_timer(1);
  CHECK(no(wish) == reject_reason::none);
  wish.timeout_ns = second - 1;
  CHECK(no(wish) == reject_reason::timeout_invalid);
  wish.timeout_ns = 24 * 3'600 * second + 1;
  CHECK(no(wish) == reject_reason::timeout_invalid);
  wish.timeout_ns = -1;
  CHECK(no(wish) == reject_reason::timeout_invalid);
  CHECK(no(a_lease(1, 300)) == reject_reason::none);
  CHECK(no(a_lease(1, 301)) == reject_reason::timeout_invalid);
  wish = a_timer(5);
  wish.grace_ns = 1;
  CHECK(no(wish) == reject_reason::timeout_invalid);
  for (std::uint64_t session = 2; it.armed().size() < account_timers::guards_max; ++session)
    REQUIRE(no(a_timer(5, 0, session)) == reject_reason::none);
  CHECK(no(a_timer(5, 0, 999)) == reject_reason::too_many_guards);
  CHECK(no(a_timer(6, 0, 2)) == reject_reason::none); // renewing one is possible
  CHECK(why(it.ask(arm_guard{a_timer(0, 0, 2)})) == reject_reason::none);
  CHECK(no(a_timer(5, 0, 999)) == reject_reason::none);
}

TEST_CASE("account timers: cancel_all asks for any number, the first thousand at once") {
  timed it;
  it.place(1, 14'500);
  it.place(14'501, 14'600, 8);
  const auto of_one = std::get<orders_view>(it.ask(cancel_all{{8}, {}}));
  CHECK(of_one.asked == 100);
  CHECK(of_one.orders.size() == 100);
  CHECK(it.event_count() == 1);
  CHECK(it.machine.wake_at().value == 0); // no more to do
  CHECK(std::get<orders_view>(it.ask(cancel_all{{}, side::sell})).asked == 0);
  CHECK(it.event_count() == 0);
  const auto all = std::get<orders_view>(it.ask(cancel_all{{7}, side::buy}));
  CHECK(all.asked == 14'500);
  CHECK(all.orders.size() == 1'000);
  CHECK(all.orders.back().id == order_id{1'000});
  CHECK(it.cancels() == 1'000);
  it.place(20'001, 20'010); // placed after: not meant
  std::vector<std::uint64_t> steps;
  while (it.machine.wake_at().value != 0) {
    if (steps.size() == 1) it.pass_through_snapshot(); // a crash in the middle
    it.turn(200'000'000);
    CHECK(it.event_count() == 1);
    steps.push_back(it.cancels());
  }
  CHECK(steps == std::vector<std::uint64_t>{5'000, 5'000, 3'500});
  std::vector<std::uint64_t> asked;
  for (const auto& one : it.posts)
    if (const auto* ask = std::get_if<cancel_order>(&one.body))
      if (one.to == entity_id{market_id{7}}) asked.push_back(ask->id.value);
  CHECK(asked.size() == 14'500);
  CHECK(std::adjacent_find(asked.begin(), asked.end()) == asked.end()); // none twice
  CHECK(asked.back() == 14'500);
  it.check_replay();
}

TEST_CASE("account timers: a fired guard's orders are asked about until none of them is open") {
  timed it;
  it.place(1, 3);
  (void)it.arm(a_timer(1));
  it.turn(second);
  CHECK(it.cancels() == 3);
  it.end(1, order_status::cancelled);
  it.end(2, order_status::cancelled);
  it.place(4, 4); // placed after: not meant
  it.turn(account_timers::again_ns);
  CHECK(it.cancels() == 1);
  it.end(3, order_status::cancelled);
  it.turn(account_timers::again_ns);
  CHECK(it.cancels() == 0);
  CHECK(it.machine.wake_at().value == 0);
  CHECK(it.order(4).status == order_status::new_order);
  it.check_replay();
}

} // namespace rialto::testing

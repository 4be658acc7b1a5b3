#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;

namespace {

account_under_test rich() {
  account_under_test it;
  it.deposit("AAA", coins(1'000'000));
  it.deposit("BBB", coins(1'000'000));
  return it;
}

place_order named(std::uint64_t id, const std::string& name, std::uint64_t body = 1) {
  auto order = limit_order(id, side::buy, 10, 2);
  order.client_order_id = name;
  order.body_hash = body;
  return order;
}

} // namespace

TEST_CASE("account: a repeated client order id answers the same order as it is now") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(named(1, "a"))));
  const auto same = it.ask(named(2, "a"));
  CHECK(it.event_count() == 0);
  CHECK(std::get<order_view>(same) == it.order(1));
  CHECK(why(it.ask(named(3, "a", 2))) == reject_reason::client_order_id_reused);

  it.fill(1, 9, 1);
  CHECK(std::get<order_view>(it.ask(named(2, "a"))).status == order_status::partially_filled);
  REQUIRE(is_forwarded(it.ask(amend{{1}, {11}, {3}, whole_terms()})));
  it.amended(1, 11, 3);
  it.end(1, order_status::cancelled);
  const auto last = it.order(1);
  CHECK(std::get<order_view>(it.ask(named(2, "a"))) == last);
  CHECK(why(it.ask(named(3, "a", 2))) == reject_reason::client_order_id_reused);

  // Also when the order is no longer among the last thousand final ones, and after a restart.
  for (std::uint64_t i = 100; i < 1'200; ++i) {
    REQUIRE(is_forwarded(it.ask(named(i, numbered("n", i)))));
    it.end(i, order_status::rejected, reject_reason::would_take);
  }
  CHECK(why(it.ask(get_order{{1}})) == reject_reason::unknown_order);
  it.pass_through_snapshot();
  CHECK(std::get<order_view>(it.ask(named(2, "a"))) == last);
  it.check_replay();
}

TEST_CASE("account: after 24 h a client order id is free again, unless its order is open") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(named(1, "closed"))));
  REQUIRE(is_forwarded(it.ask(named(2, "open"))));
  it.end(1, order_status::cancelled);
  const auto placed = it.now.value - 2'000; // of order 1
  it.now = {placed + day_ns - 3'000};
  CHECK(std::get<order_view>(it.ask(named(3, "closed"))).id == order_id{1});
  it.now = {placed + day_ns};
  for (int i = 0; i < 2; ++i) { // the second time it is no longer in the list of the day
    CHECK(why(it.ask(named(4, "open"))) == reject_reason::client_order_id_reused);
    if (i == 1) break;
    REQUIRE(is_forwarded(it.ask(named(5, "closed"))));
    CHECK(it.order(5).id == order_id{5});
    it.pass_through_snapshot();
  }
  it.end(2, order_status::cancelled);
  CHECK(is_forwarded(it.ask(named(6, "open"))));
  CHECK(std::get<order_view>(it.ask(named(7, "closed"))).id == order_id{5});
  it.check_replay();
}

TEST_CASE("account: orders are counted over a day, whether named or not") {
  auto it = rich();
  it.limits.orders_per_day_max = 3;
  it.now = {472'222 * hour_ns + 10}; // the start of an hour
  std::uint64_t id = 0;
  const auto place = [&] {
    const auto result = it.ask(limit_order(++id, side::buy, 1, 1));
    if (is_forwarded(result)) it.end(id, order_status::cancelled);
    return why(result);
  };
  CHECK(place() == reject_reason::none);
  it.now.value += hour_ns;
  CHECK(place() == reject_reason::none);
  CHECK(place() == reject_reason::none);
  CHECK(place() == reject_reason::too_many_orders_today);
  it.now.value += 22 * hour_ns;
  it.pass_through_snapshot();
  CHECK(place() == reject_reason::too_many_orders_today);
  it.now.value += 2 * hour_ns; // the first order's hour is gone, not yet the second's
  CHECK(place() == reject_reason::none);
  CHECK(place() == reject_reason::too_many_orders_today);
  it.now.value += 1'000 * hour_ns;
  for (int i = 0; i < 3; ++i) CHECK(place() == reject_reason::none);
  CHECK(place() == reject_reason::too_many_orders_today);
  it.check_replay();
}

TEST_CASE("account: get_order knows open orders and the last thousand final ones") {
  auto it = rich();
  for (std::uint64_t i = 1; i <= 1'001; ++i) {
    REQUIRE(is_forwarded(it.ask(limit_order(i, side::sell, 5, 1))));
    it.fill(i, 5, 1, true);
  }
  CHECK(why(it.ask(get_order{{1}})) == reject_reason::unknown_order);
  CHECK(it.order(2).status == order_status::filled);
  CHECK(it.order(2).fills.empty());
  auto other = limit_order(2'000, side::buy, 5, 1);
  other.terms.market = {9};
  REQUIRE(is_forwarded(it.ask(other)));
  REQUIRE(is_forwarded(it.ask(limit_order(2'001, side::buy, 5, 1))));
  const auto all = std::get<orders_view>(it.ask(get_orders{})).orders;
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == order_id{2'000});
  const auto some = std::get<orders_view>(it.ask(get_orders{{7}})).orders;
  REQUIRE(some.size() == 1);
  CHECK(some[0].id == order_id{2'001});
  CHECK(it.event_count() == 0);
}

TEST_CASE("account: a transfer happens once per reference") {
  account_under_test it;
  const transfer in{transfer_kind::deposit, "BBB", coins(10), "bank-1"};
  const auto first = std::get<transfer_view>(it.ask(in));
  CHECK(first.account == it.id);
  CHECK(first.available == coins(10));
  CHECK(first.at == it.now);
  it.deposit("BBB", coins(5));
  it.pass_through_snapshot();
  const auto again = std::get<transfer_view>(it.ask(in));
  CHECK(it.event_count() == 0);
  CHECK(again.available == coins(10)); // as it was answered
  CHECK(again.at == first.at);
  CHECK(it.available("BBB") == coins(15));

  const auto other = [&](auto change) {
    auto cmd = in;
    change(cmd);
    return why(it.ask(cmd));
  };
  using enum reject_reason;
  CHECK(other([](auto& t) { t.kind = transfer_kind::withdrawal; }) == reference_reused);
  CHECK(other([](auto& t) { t.asset = "AAA"; }) == reference_reused);
  CHECK(other([](auto& t) { t.amount = coins(11); }) == reference_reused);
  CHECK(other([](auto& t) { t.reference = "x", t.amount = {}; }) == amount_invalid);
  CHECK(other([](auto& t) { t.reference = "x", t.amount = {-1}; }) == amount_invalid);
  CHECK(other([](auto& t) { t.reference = ""; }) == amount_invalid);
  CHECK(other([](auto& t) { t.reference = std::string(65, 'r'); }) == amount_invalid);
  CHECK(other([](auto& t) { t.reference = "x", t.asset = "no asset"; }) == amount_invalid);
  CHECK(other([](auto& t) { t.reference = "x", t.asset = ""; }) == amount_invalid);

  const transfer out{transfer_kind::withdrawal, "BBB", coins(16), "bank-2"};
  CHECK(why(it.ask(out)) == insufficient_balance);
  it.deposit("BBB", coins(1));
  CHECK(std::get<transfer_view>(it.ask(out)).available == amount_units{}); // a "no" is not kept
  CHECK(std::get<transfer_view>(it.ask(out)).available == amount_units{});
  CHECK(it.books.balance_of({ledger_kind::external, 0}, "BBB") == amount_units{});
  it.check_replay();
}

TEST_CASE("account: what is on hold cannot be withdrawn") {
  auto it = rich();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 1, 999'999))));
  CHECK(why(it.ask(transfer{transfer_kind::withdrawal, "BBB", coins(2), "w"})) ==
        reject_reason::insufficient_balance);
  CHECK(why(it.ask(transfer{transfer_kind::withdrawal, "BBB", coins(1), "w"})) ==
        reject_reason::none);
}

TEST_CASE("account: the last ten thousand references are remembered") {
  account_under_test it;
  const auto nth = [](std::size_t i) {
    return transfer{transfer_kind::deposit, "AAA", {1}, numbered("n", i)};
  };
  for (std::size_t i = 0; i <= transfer_log::kept_max; ++i) (void)it.ask(nth(i));
  (void)it.ask(nth(1));
  CHECK(it.event_count() == 0);
  (void)it.ask(nth(0)); // forgotten
  CHECK(it.event_count() == 1);
  it.pass_through_snapshot();
  (void)it.ask(nth(2));
  CHECK(it.event_count() == 0);
}

TEST_CASE("account: a damaged snapshot is refused, never read beyond") {
  auto it = rich();
  for (std::uint64_t i = 1; i <= 5; ++i) REQUIRE(is_forwarded(it.ask(named(i, numbered("c", i)))));
  it.end(2, order_status::cancelled);
  std::string bytes;
  byte_writer out(bytes);
  it.machine.encode(out);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    account copy(it.id);
    byte_reader in(std::string_view(bytes).substr(0, size));
    copy.decode(in);
    const bool is_older =
      size + sizeof(std::uint64_t) == bytes.size(); // from before the last number was kept
    CHECK(in.done() == is_older);
  }
  for (const auto seed : seeds(500)) {
    dice throws(seed);
    auto bad = bytes;
    for (int i = 0; i < 3; ++i) bad[throws.below(bad.size())] = static_cast<char>(throws.next());
    account copy(it.id);
    byte_reader in(bad);
    copy.decode(in);
    if (!in.done()) continue;
    // It may be sound by chance or off in a number; using it must not leave memory.
    std::vector<account_event> events;
    std::vector<addressed_message> posts;
    (void)copy.execute({named(9, "c1"), {}}, it.now, events, posts);
    (void)copy.execute({get_orders{}, {}}, it.now, events, posts);
    (void)copy.state_hash();
  }
  account other(account_id{18});
  byte_reader in(bytes);
  other.decode(in);
  CHECK(in.failed());
}

// Random sessions of one account with a scripted market, against books kept the slow way: money is counted
// from the messages, client ids and orders of a day by looking through all that was ever placed.
#include "tests/domain/account_fixture.hpp"

#include <deque>
#include <map>

using namespace rialto;
using namespace rialto::testing;

namespace {

/// An order as the scripted market has it.
struct market_side {
  submit_order order;
  quantity_lots executed, prevented;
  amount_units spent;
  [[nodiscard]] quantity_lots open() const { return order.size - executed - prevented; }
};

struct placed_id {
  std::string name;
  std::uint64_t body = 0;
  order_id id;
  std::int64_t at = 0;
};

class session {
public:
  explicit session(std::uint64_t seed) : throws_(seed) {
    it_.limits = {40, 120};
    if (throws_.chance(0.3)) it_.limits.orders_per_day_max = 30;
  }

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      if (throws_.chance(0.02)) it_.now.value += throws_.between(0, 10) * hour_ns;
      act();
      if (throws_.chance(0.6)) deliver();
      if (throws_.chance(0.03)) it_.pass_through_snapshot();
      check();
    }
    // Everything ends: links drain, every order is closed.
    while (!to_market_.empty() || !resting_.empty()) {
      while (!to_market_.empty()) deliver();
      if (!resting_.empty()) cancel_at_market(resting_.begin()->first);
      check();
    }
    CHECK(it_.machine.open_orders().empty());
    for (const auto& one : it_.machine.balances().views()) CHECK(one.hold == amount_units{});
    CHECK(it_.books.check_drained() == "");
    it_.check_replay();
  }
  [[nodiscard]] std::size_t fills() const { return fills_; }
  [[nodiscard]] std::size_t placed() const { return placed_.size(); }
  [[nodiscard]] std::size_t repeats() const { return repeats_; }
  [[nodiscard]] std::size_t amends() const { return amends_; }
  [[nodiscard]] std::size_t cuts() const { return cuts_; }

private:
  void act() {
    switch (throws_.below(10)) {
    case 0:
    case 1: return transfer_some();
    case 2: return amend_one();
    case 3: return throws_.chance(0.8) ? cancel_some() : guard_some();
    default: return place();
    }
  }

  void transfer_some() {
    const transfer cmd{throws_.chance(0.7) ? transfer_kind::deposit : transfer_kind::withdrawal,
                       throws_.chance(0.5) ? "AAA" : "BBB",
                       {throws_.between(1, 3'000) * units_per_whole / 7},
                       numbered("t", throws_.below(200))};
    const auto result = it_.ask(cmd);
    collect();
    if (it_.event_count() == 0) return;
    REQUIRE(std::holds_alternative<transfer_view>(result));
    CHECK(!references_[cmd.reference]);
    references_[cmd.reference] = true;
    total_[cmd.asset] += cmd.kind == transfer_kind::deposit ? cmd.amount.value : -cmd.amount.value;
  }

  void place() {
    auto order = throws_.chance(0.8) ? limit_order(++next_, side::buy, throws_.between(90, 110),
                                                   throws_.between(1, 12))
                                     : market_order(++next_, side::buy, throws_.between(1, 12));
    if (throws_.chance(0.5)) order.way = side::sell;
    if (order.type == order_type::market && throws_.chance(0.5)) {
      order.size = {};
      order.quote_quantity = {throws_.between(1, 2'000) * units_per_whole / 3};
    }
    if (throws_.chance(0.6)) {
      order.client_order_id = numbered("c", throws_.below(60));
      order.body_hash = throws_.below(3);
    }
    const auto expected = expect(order);
    const auto available_before = it_.available(order.way == side::buy ? "BBB" : "AAA");
    const auto result = it_.ask(order);
    collect();
    if (expected.what == client_ids::verdict::same) {
      ++repeats_;
      REQUIRE(std::holds_alternative<order_view>(result));
      CHECK(std::get<order_view>(result).id == expected.id);
      CHECK(is_final(std::get<order_view>(result).status) ==
            !it_.machine.open_orders().contains(expected.id));
    } else if (expected.what == client_ids::verdict::reused) {
      CHECK(why(result) == reject_reason::client_order_id_reused);
    } else if (it_.machine.open_orders().size() >= it_.limits.open_orders_max &&
               !is_forwarded(result)) {
      CHECK(why(result) == reject_reason::too_many_open_orders);
    } else if (orders_of_day() >= it_.limits.orders_per_day_max) {
      CHECK(why(result) == reject_reason::too_many_orders_today);
    } else if (is_forwarded(result)) {
      placed_.push_back({order.client_order_id, order.body_hash, order.id, it_.now.value});
      CHECK(it_.last_event<order_placed>().hold <= available_before);
      CHECK(it_.last_event<order_placed>().hold.value > 0);
    } else {
      CHECK(why(result) == reject_reason::insufficient_balance);
      if (order.type == order_type::limit)
        CHECK(available_before.value < (order.way == side::buy ? order.price.value : 1) *
                                         order.size.value * units_per_whole);
    }
  }

  struct expectation {
    client_ids::verdict what = client_ids::verdict::fresh;
    order_id id;
  };
  [[nodiscard]] expectation expect(const place_order& order) const {
    if (order.client_order_id.empty()) return {};
    for (auto one = placed_.rbegin(); one != placed_.rend(); ++one) {
      if (one->name != order.client_order_id) continue;
      if (it_.now.value + 1'000 - one->at < day_ns) // the step comes a microsecond later
        return {one->body == order.body_hash ? client_ids::verdict::same
                                             : client_ids::verdict::reused,
                one->id};
      if (it_.machine.open_orders().contains(one->id)) return {client_ids::verdict::reused, {}};
      return {};
    }
    return {};
  }
  [[nodiscard]] std::uint64_t orders_of_day() const {
    std::uint64_t count = 0;
    for (const auto& one : placed_)
      count += it_.now.value / hour_ns - one.at / hour_ns <= 24 ? 1U : 0U;
    return count;
  }

  [[nodiscard]] order_id any_order() {
    if (placed_.empty()) return {1};
    const auto back = throws_.below(std::min<std::uint64_t>(placed_.size(), 10));
    return placed_[placed_.size() - 1 - back].id;
  }
  void amend_one() {
    amend wish{any_order(), {}, {}, whole_terms()};
    if (throws_.chance(0.6)) wish.price = {throws_.between(85, 115)};
    if (throws_.chance(0.6)) wish.size = {throws_.between(1, 20)};
    if (is_forwarded(it_.ask(wish))) ++amends_;
    collect();
  }
  void cancel_some() {
    if (throws_.chance(0.9))
      (void)it_.ask(cancel{any_order()});
    else
      (void)it_.ask(cancel_all{});
    collect();
  }
  /// Dead-man timers, connections that end, and whatever of them is due.
  void guard_some() {
    arm_guard arm;
    arm.wish.key = {throws_.chance(0.5) ? guard_kind::timer : guard_kind::connection, 1, {}};
    if (throws_.chance(0.5)) arm.wish.key.market = account_under_test::market;
    arm.wish.timeout_ns = throws_.between(0, 3) * 1'000'000'000;
    if (throws_.chance(0.2))
      (void)it_.ask(close_connection{0, 0});
    else
      (void)it_.ask(arm);
    it_.wake();
    collect();
  }

  /// The account's new posts join the link.
  void collect() {
    for (auto i = it_.first_post; i < it_.posts.size(); ++i)
      to_market_.push_back(it_.posts[i].body);
  }

  // ---- the scripted market: anything a market may do, at the seed's whim

  void deliver() {
    if (!to_market_.empty() && throws_.chance(0.7)) {
      const auto message = to_market_.front();
      to_market_.pop_front();
      std::visit([this](const auto& one) { take(one); }, message);
    } else if (!resting_.empty()) {
      auto at = resting_.begin();
      std::advance(at, static_cast<long>(throws_.below(resting_.size())));
      trade_or_cut(at->first);
    }
  }
  void trade_or_cut(order_id id) { return throws_.chance(0.15) ? cut_some(id) : trade_some(id); }
  void take(const submit_order& order) {
    if (throws_.chance(0.05)) return end(order.id, order_status::rejected);
    resting_[order.id] = {order, {}, {}, {}};
    for (auto trades = throws_.below(4); trades > 0 && resting_.contains(order.id); --trades)
      trade_or_cut(order.id);
    if (resting_.contains(order.id) && (order.type == order_type::market || throws_.chance(0.1)))
      end(order.id, order_status::expired);
  }
  void take(const amend_order& wish) {
    const auto at = resting_.find(wish.id);
    if (at == resting_.end()) {
      it_.amended(wish.id.value, 0, 0, reject_reason::unknown_order);
      return;
    }
    auto& mine = at->second;
    if (wish.size <= mine.executed + mine.prevented || throws_.chance(0.2)) {
      it_.amended(wish.id.value, mine.order.price.value, mine.order.size.value,
                  reject_reason::amend_not_allowed);
      return;
    }
    mine.order.price = wish.price;
    mine.order.size = wish.size;
    it_.amended(wish.id.value, wish.price.value, wish.size.value);
    if (throws_.chance(0.3)) trade_or_cut(wish.id);
  }
  void take(const cancel_order& wish) {
    if (resting_.contains(wish.id) && throws_.chance(0.9)) cancel_at_market(wish.id);
  }
  template <class Other>
  void take(const Other&) {
    FAIL("an account posts no such message");
  }
  void cancel_at_market(order_id id) { end(id, order_status::cancelled); }
  void end(order_id id, order_status how) {
    resting_.erase(id);
    it_.end(id.value, how);
  }

  /// Self-trade prevention takes a part off it, or all.
  void cut_some(order_id id) {
    auto& mine = resting_.at(id);
    if (mine.order.size.value == 0) return;
    const auto size = throws_.between(1, mine.open().value);
    const bool is_all = size == mine.open().value;
    mine.prevented.value += size;
    it_.hear(order_reduced{id, it_.id, {size}}, it_.market);
    REQUIRE(it_.event_count() == 1);
    ++cuts_;
    if (is_all) end(id, order_status::expired);
  }

  /// One fill within limit, size and budget.
  void trade_some(order_id id) {
    auto& mine = resting_.at(id);
    const auto& order = mine.order;
    const bool buys = order.way == side::buy;
    auto price = order.price.value != 0
                   ? order.price.value + throws_.between(0, 5) * (buys ? -1 : 1)
                   : throws_.between(90, 112);
    auto most = order.size.value == 0 ? 20 : mine.open().value;
    auto budget = std::numeric_limits<std::int64_t>::max();
    if (order.quote_target.value != 0) budget = order.quote_target.value - mine.spent.value;
    if (order.spend_max.value != 0)
      budget = std::min(budget, order.spend_max.value - mine.spent.value);
    most = std::min(most, budget / (price * units_per_whole));
    if (most == 0) return end(id, order_status::expired);
    const auto size = throws_.between(1, most);
    const bool is_last = order.size.value != 0 ? size == mine.open().value : throws_.chance(0.3);
    mine.executed.value += size;
    mine.spent += coins(price * size);
    if (is_last) resting_.erase(id); // `order` is gone below
    const amount_units fee{throws_.between(-100, 5'000)};

    trade_executed trade; // the house is the other side
    trade.taker = id;
    trade.taker_side = buys ? side::buy : side::sell;
    trade.notional = coins(price * size);
    trade.base = coins(size);
    it_.books.post(postings_of(market_event{trade}, it_.market, "AAA", "BBB"));
    it_.fill(id.value, price, size, is_last, fee);
    REQUIRE(it_.event_count() == 1);
    total_["AAA"] += coins(buys ? size : -size).value - (buys ? fee.value : 0);
    total_["BBB"] += coins(price * size).value * (buys ? -1 : 1) - (buys ? 0 : fee.value);
    ++fills_;
  }

  void check() {
    for (const auto& one : it_.machine.balances().views()) {
      CAPTURE(one.asset);
      CHECK(one.available.value + one.hold.value == total_[one.asset]);
    }
    for (const auto& [id, order] : it_.machine.open_orders()) {
      if (order.is_amending || order.type != order_type::limit) continue;
      CHECK(order.hold.value == (order.way == side::buy ? order.price.value : 1) *
                                  (order.size - order.executed - order.prevented).value *
                                  units_per_whole);
    }
  }

  dice throws_;
  account_under_test it_;
  std::map<std::string, std::int64_t> total_;
  std::map<std::string, bool> references_;
  std::vector<placed_id> placed_;
  std::deque<link_message> to_market_;
  std::map<order_id, market_side> resting_;
  std::uint64_t next_ = 0;
  std::size_t fills_ = 0, repeats_ = 0, amends_ = 0, cuts_ = 0;
};

} // namespace

TEST_CASE("account: any session is what slow books say, and replays to the same state") {
  std::size_t fills = 0, placed = 0, repeats = 0, amends = 0, cuts = 0;
  for (const auto seed : seeds(150)) {
    CAPTURE(seed);
    session one(seed);
    one.run(400);
    fills += one.fills();
    placed += one.placed();
    repeats += one.repeats();
    amends += one.amends();
    cuts += one.cuts();
  }
  MESSAGE("orders " << placed << ", fills " << fills << ", amends " << amends << ", cuts " << cuts
                    << ", repeated ids " << repeats);
  CHECK(placed > 0);
  CHECK(fills > 0);
  CHECK(cuts > 0);
}

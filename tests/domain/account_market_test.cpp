// Accounts and real markets joined by plain pipes: one first-in first-out queue per sender and receiver,
// delivered in any order. Money is never made or lost, and with empty pipes clearing is zero.
#include "tests/domain/account_fixture.hpp"

#include <deque>
#include <map>

using namespace rialto;
using namespace rialto::testing;

namespace {

template <class Machine>
struct recorded {
  explicit recorded(entity_id self) : machine(self), id(self) {}

  /// Same events, same state and messages.
  void check_replay() const {
    Machine again(id);
    std::vector<addressed_message> reposted;
    for (std::size_t i = 0; i < events.size(); ++i) again.apply(events[i], times[i], reposted);
    CHECK(again.state_hash() == machine.state_hash());
    CHECK(bytes_of(reposted) == bytes_of(posts));
  }

  Machine machine;
  entity_id id;
  std::vector<typename Machine::event> events;
  std::vector<timestamp_ns> times;
  std::vector<addressed_message> posts;
  std::size_t done_events = 0, done_posts = 0;
};

class floor_of_trade {
public:
  explicit floor_of_trade(std::uint64_t seed) : throws_(seed) {
    for (std::uint64_t i = 1; i <= 3; ++i) {
      accounts_.emplace_back(entity_id{account_id{i}});
      auto& one = accounts_.back();
      (void)one.machine.handle(open_account{{i}, {i}, "main"}, user_id{i}, {}, now_, one.events,
                               one.posts);
      take_in(one);
      for (const auto* asset : {"AAA", "BBB"})
        (void)ask(one, transfer{transfer_kind::deposit, asset, coins(throws_.between(0, 3'000)),
                                std::string("first ") + asset});
    }
    for (const auto mode : {market_mode::own, market_mode::mirrored}) {
      auto spec = whole_units(mode);
      spec.market = {markets_.size() + 7};
      spec.symbol += std::to_string(markets_.size());
      spec.maker_fee = {-100};
      spec.taker_fee = {1'500};
      if (throws_.chance(0.5)) spec.lot_size = {units_per_whole / 1'000};
      specs_.push_back(spec);
      markets_.emplace_back(entity_id{spec.market});
      run(markets_.back(), market_command{list_instrument{spec}});
    }
  }

  void run_session(int steps) {
    for (int i = 0; i < steps; ++i) {
      now_.value += throws_.between(0, 1'000'000);
      if (throws_.chance(0.1)) pass_time(throws_.between(0, 3'000'000'000));
      if (throws_.chance(0.5)) trade();
      if (throws_.chance(0.3)) feed();
      for (auto n = throws_.below(4); n > 0; --n) deliver();
      REQUIRE(books_.check() == "");
    }
    while (deliver()) REQUIRE(books_.check() == "");
    for (int i = 0; i < 20; ++i) { // whatever goes in slices comes to its end
      pass_time(10'000'000'000);
      while (deliver()) REQUIRE(books_.check() == "");
    }
    CHECK(books_.check_drained() == "");
    for (const auto& [parent, whole] : wholes_) {
      const auto view = std::get<order_view>(ask(accounts_[whole.value - 1], get_order{parent}));
      CHECK(is_final(view.status));
      CHECK(view.executed <= view.size);
      CHECK(view.executed == traded_in_slices_[parent]);
      CHECK((view.status == order_status::filled) == (view.executed == view.size));
    }
    for (auto& one : accounts_) {
      check_books(one.machine, account_id{one.id.number()}, books_);
      check_open_orders(one);
      one.check_replay();
    }
    for (auto& one : markets_) one.check_replay();
    // And nothing stays behind when all is cancelled.
    for (auto& one : accounts_) {
      (void)ask(one, cancel_all{});
      while (deliver()) {
      }
      CHECK(one.machine.open_orders().empty());
      for (const auto& balance : one.machine.balances().views())
        CHECK(balance.hold == amount_units{});
    }
    CHECK(books_.check() == "");
    CHECK(books_.check_drained() == "");
  }
  std::map<std::string, std::size_t> seen; // events by what they are

private:
  void trade() {
    auto& one = accounts_[throws_.below(accounts_.size())];
    const auto& spec = specs_[throws_.below(specs_.size())];
    auto order = limit_order(++next_, throws_.chance(0.5) ? side::buy : side::sell,
                             throws_.between(95, 105), throws_.between(1, 40));
    order.terms = {spec.market,
                   spec.base,
                   spec.quote,
                   spec.units_per_tick_lot(),
                   spec.lot_size,
                   {},
                   {1},
                   {1'000'000},
                   spec.maker_fee,
                   spec.taker_fee,
                   spec.collar,
                   market_status::open,
                   {100}};
    order_id any{next_ - throws_.below(std::min<std::uint64_t>(next_, 30))};
    if (const auto& open = one.machine.open_orders(); !open.empty() && throws_.chance(0.9)) {
      auto at = open.begin();
      std::advance(at, static_cast<long>(throws_.below(open.size())));
      any = at->first;
    }
    switch (throws_.below(10)) {
    case 0:
    case 1: {
      amend wish{any, {throws_.between(95, 105)}, {throws_.between(1, 60)}, order.terms};
      (void)ask(one, wish);
      return;
    }
    case 2: (void)ask(one, cancel{any}); return;
    case 3:
    case 4: {
      order.type = order_type::market;
      order.price = {};
      if (throws_.chance(0.5)) {
        order.size = {};
        order.quote_quantity = {throws_.between(1, 4'000) * units_per_whole / 3};
      }
      break;
    }
    case 5: order.type = order_type::post_only; break;
    case 6: return link(one, order);
    case 8: {
      order_slicing how;
      how.slices = static_cast<std::uint32_t>(throws_.between(2, 6));
      how.duration_ns = how.slices * throws_.between(1'000'000'000, 3'000'000'000);
      if (throws_.chance(0.5)) {
        how.kind = slicing_kind::vwap;
        for (std::uint32_t i = 0; i < how.slices; ++i)
          how.weights.push_back(static_cast<std::uint32_t>(throws_.between(1, 9)));
      }
      order.slicing = how;
      next_ += how.slices;
      if (std::holds_alternative<order_view>(ask(one, order)))
        wholes_[order.id] = {one.id.number()};
      return;
    }
    case 7: order.rules.emplace().trigger = a_trigger(order.way); break;
    default:
      order.tif = throws_.chance(0.8)   ? time_in_force::gtc
                  : throws_.chance(0.5) ? time_in_force::ioc
                                        : time_in_force::fok;
    }
    (void)ask(one, order);
  }

  order_trigger a_trigger(side way) {
    const auto away = way == side::sell ? -1 : 1;
    if (throws_.chance(0.5))
      return {trigger_kind::stop, {100 + away * throws_.between(1, 5)}, {}, {}};
    return {trigger_kind::stop, {}, {throws_.between(1, 5)}, {}};
  }
  /// Two of which one goes, or an entry and its exits.
  void link(recorded<account>& one, place_order order) {
    place_list list;
    list.has_entry = throws_.chance(0.5);
    if (list.has_entry) {
      list.orders.push_back(order);
      order.way = opposite(order.way);
    }
    order.price = {throws_.between(95, 105)};
    order.id = {++next_};
    list.orders.push_back(order);
    order.id = {++next_};
    order.rules.emplace().trigger = a_trigger(order.way);
    if (throws_.chance(0.5)) {
      order.type = order_type::market;
      order.tif = time_in_force::ioc;
      order.price = {};
    }
    list.orders.push_back(order);
    (void)ask(one, list);
  }

  /// The clock moves on, and every account does what is due.
  void pass_time(std::int64_t ns) {
    now_.value += ns;
    for (auto& one : accounts_) {
      const auto due = one.machine.wake_at();
      if (due.value == 0 || due > now_) continue;
      one.machine.wake(now_, one.events, one.posts);
      take_in(one);
    }
  }
  void note_slices(const account_event& happened) {
    if (const auto* slice = std::get_if<slice_placed>(&happened)) {
      parents_[slice->order.id] = slice->parent;
      ++seen["slice"];
    } else if (const auto* fill = std::get_if<fill_settled>(&happened)) {
      if (const auto at = parents_.find(fill->id); at != parents_.end())
        traded_in_slices_[at->second] += fill->fill.size;
    }
  }

  void feed() {
    auto& mirror = markets_[1];
    if (throws_.chance(0.05)) return run(mirror, market_command{mirror_reset{}});
    if (throws_.chance(0.3)) {
      run(mirror,
          market_command{mirror_trade{
            {throws_.between(95, 105)}, {throws_.between(1, 50)}, throws_.chance(0.5), now_}});
      return;
    }
    mirror_depth depth;
    depth.is_snapshot = throws_.chance(0.3);
    const auto middle = throws_.between(97, 103);
    for (std::int64_t i = 1; i <= 4; ++i) {
      depth.levels.push_back({side::buy, {middle - i}, {throws_.between(0, 30)}});
      depth.levels.push_back({side::sell, {middle + i}, {throws_.between(0, 30)}});
    }
    run(mirror, market_command{std::move(depth)});
  }

  template <class Body>
  outcome ask(recorded<account>& one, const Body& body) {
    auto result = one.machine.execute({body, {}}, now_, one.events, one.posts);
    take_in(one);
    return result;
  }
  void run(recorded<market>& one, const market_command& cmd) {
    (void)one.machine.execute(cmd, now_, one.events, one.posts);
    take_in(one);
  }

  /// New events go to the books, new posts into the pipes.
  template <class Machine>
  void take_in(recorded<Machine>& one) {
    one.machine.check_invariants();
    one.times.resize(one.events.size(), now_);
    for (; one.done_events < one.events.size(); ++one.done_events) {
      const auto& happened = one.events[one.done_events];
      if constexpr (std::is_same_v<Machine, account>) {
        books_.post(postings_of(happened, {one.id.number()}));
        note_slices(happened);
        if (std::holds_alternative<fill_settled>(happened)) ++seen["fill"];
        if (std::holds_alternative<amend_settled>(happened)) ++seen["amend"];
        if (std::holds_alternative<trigger_noted>(happened)) ++seen["trigger"];
        if (std::holds_alternative<exits_settled>(happened)) ++seen["exits"];
      } else {
        const auto& spec = one.machine.spec();
        books_.post(postings_of(happened, spec.market, spec.base, spec.quote));
        if (const auto* trade = std::get_if<trade_executed>(&happened))
          ++seen[trade->taker && trade->maker ? "trade of users" : "trade with the house"];
      }
    }
    for (; one.done_posts < one.posts.size(); ++one.done_posts) {
      const auto& post = one.posts[one.done_posts];
      pipes_[{one.id, post.to}].push_back(post.body);
    }
  }

  /// One message of any pipe. False when all are empty.
  bool deliver() {
    std::erase_if(pipes_, [](const auto& pipe) { return pipe.second.empty(); });
    if (pipes_.empty()) return false;
    auto at = pipes_.begin();
    std::advance(at, static_cast<long>(throws_.below(pipes_.size())));
    const auto [from, to] = at->first;
    const auto message = at->second.front();
    at->second.pop_front();
    if (to.kind() == entity_kind::account) {
      auto& one = accounts_[to.number() - 1];
      (void)one.machine.handle(message, from, {}, now_, one.events, one.posts);
      take_in(one);
    } else {
      auto& one = markets_[to.number() - 7];
      (void)one.machine.handle(message, from, {}, now_, one.events, one.posts);
      take_in(one);
    }
    return true;
  }

  /// With empty pipes an account's open orders are those that rest in the books, no more, no fewer.
  void check_open_orders(const recorded<account>& one) {
    for (const auto& open : one.machine.open_orders()) {
      const auto& [id, order] = open;
      CAPTURE(open.first.value);
      CHECK_FALSE(order.is_amending);
      const auto& there = markets_[order.market.value - 7].machine;
      const auto* pending = there.links().find_pending(id);
      CHECK(order.is_pending == (pending != nullptr));
      if (pending != nullptr) continue;
      const auto* waiting = there.triggers().find(id);
      if (waiting != nullptr) {
        CHECK_FALSE(order.is_triggered);
        CHECK(waiting->order.size == order.size);
        continue;
      }
      const auto& book = there.book();
      const auto at = book.find(id);
      REQUIRE(at != no_order);
      CHECK(book.open(at) == order.size - order.executed - order.prevented);
      CHECK(book.extra(at).executed == order.executed);
      CHECK(book.level(book.order(at).level).price == order.price);
    }
  }

  dice throws_;
  timestamp_ns now_{1'700'000'000'000'000'000};
  std::deque<recorded<account>> accounts_;
  std::deque<recorded<market>> markets_;
  std::vector<instrument> specs_;
  std::map<std::pair<entity_id, entity_id>, std::deque<link_message>> pipes_;
  ledger books_;
  std::uint64_t next_ = 0;
  std::map<order_id, order_id> parents_;  // of slices
  std::map<order_id, account_id> wholes_; // of which slices are sent
  std::map<order_id, quantity_lots> traded_in_slices_;
};

} // namespace

TEST_CASE(
  "account: with real markets every position sums to zero, and clearing is zero once drained") {
  std::map<std::string, std::size_t> seen;
  for (const auto seed : seeds(150)) {
    CAPTURE(seed);
    floor_of_trade floor(seed);
    floor.run_session(300);
    for (const auto& [what, count] : floor.seen) seen[what] += count;
  }
  for (const std::string what :
       {"fill", "amend", "trigger", "exits", "slice", "trade of users", "trade with the house"}) {
    MESSAGE(what << ": " << seen[what]);
    CHECK(seen[what] > 0);
  }
}

// Random sessions of an own market against the slow obvious book, and what replay must give.
#include "tests/domain/market_fixture.hpp"
#include "tests/domain/slow_book.hpp"

#include <random>

using namespace rialto;
using rialto::testing::market_under_test;
using rialto::testing::seeds;
using rialto::testing::slow_book;

namespace {

/// Fine units and fees, so that roundings show.
instrument fine_units() {
  instrument spec;
  spec.market = {7};
  spec.symbol = "AAABBB";
  spec.base = "AAA";
  spec.quote = "BBB";
  spec.tick_size = {300};      // 0.000003
  spec.lot_size = {1'000'000}; // 0.01: 3 quote units a tick and lot
  spec.quantity_max = {5'000};
  return spec;
}

/// Orders around a price of 1'000 ticks, all types, some of them wrong.
class session {
public:
  explicit session(std::uint64_t seed) : random_(seed) {}

  submit_order order(const slow_book& book) {
    submit_order out;
    out.id = {++orders_};
    if (chance(2) && !book.orders().empty()) // one that rests already
      out.id = book.orders()[random_() % book.orders().size()].placed.id;
    out.account = {1 + random_() % 3};
    out.owner = {out.account.value == 3 ? 1 : out.account.value}; // 1 and 3 are one's
    if (chance(30)) out.stp = static_cast<stp_mode>(random_() % 5);
    out.way = chance(50) ? side::buy : side::sell;
    out.size = {between(1, 50)};
    out.maker_fee = {between(-200, 1'500)};
    out.taker_fee = {between(0, 2'000)};
    const auto kind = random_() % 100;
    if (kind < 60) {
      out.type = order_type::limit;
    } else if (kind < 75) {
      out.type = order_type::post_only;
    } else {
      out.type = order_type::market;
      if (chance(40)) {
        out.quote_target = {between(1, 120'000)};
        if (chance(70)) out.size = {};
      }
      if (out.way == side::buy && chance(50)) out.spend_max = {between(1, 120'000)};
    }
    if (out.type != order_type::market) out.price = {price(out.way)};
    if (out.type != order_type::post_only) {
      if (chance(15)) out.tif = time_in_force::ioc;
      if (chance(15)) out.tif = time_in_force::fok;
    }
    if (chance(15)) add_rules(out);
    return out;
  }
  amend_order amend() {
    const auto id = some_order();
    return {id, account_of(id), {price(chance(50) ? side::buy : side::sell)}, {between(1, 60)}};
  }
  /// Only the size, mostly smaller.
  amend_order shrink(const slow_book& book) {
    if (book.orders().empty()) return amend();
    const auto& one = book.orders()[random_() % book.orders().size()];
    return {one.placed.id,
            one.placed.account,
            one.placed.price,
            {one.executed + between(0, one.open + 2)}};
  }
  cancel_order cancel() {
    const auto id = some_order();
    return {id, account_of(id)};
  }
  void note(const submit_order& order) { accounts_[order.id.value] = order.account; }
  std::uint64_t pick() { return random_() % 100; }

private:
  void add_rules(submit_order& out) {
    order_rules rules;
    const bool rests = out.type != order_type::market && out.tif == time_in_force::gtc;
    if (rests && chance(70))
      rules.display = {between(1, std::min<std::int64_t>(out.size.value, 8))};
    if (out.type != order_type::post_only && out.size.value > 0 && chance(50))
      rules.size_min = {between(1, out.size.value)};
    out.rules = rules;
  }
  bool chance(unsigned percent) { return random_() % 100 < percent; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }
  std::int64_t price(side way) {
    return way == side::buy ? between(985, 1'004) : between(996, 1'015);
  }
  order_id some_order() {
    const auto newest = orders_ + 1; // may not exist
    return {newest - std::min<std::uint64_t>(newest - 1, random_() % 60)};
  }
  account_id account_of(order_id id) {
    const auto at = accounts_.find(id.value);
    return at == accounts_.end() || chance(3) ? account_id{4} : at->second;
  }

  std::mt19937_64 random_;
  std::uint64_t orders_ = 0;
  std::map<std::uint64_t, account_id> accounts_;
};

template <class T>
std::string bytes_of(const std::vector<T>& all) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& one : all) {
    if constexpr (std::is_same_v<T, addressed_message>) {
      out.put(one.to);
      out.put(one.body);
    } else {
      out.put(one);
    }
  }
  return bytes;
}

/// The answer lists what the account is told of its taking order, and ends as it is told.
void check_answer(const outcome& answer, const market_under_test& live) {
  const auto* no = std::get_if<rejection>(&answer);
  const auto& view = no == nullptr ? std::get<order_view>(answer) : no->order;
  std::vector<fill_view> fills;
  quantity_lots prevented;
  auto status = order_status::new_order;
  auto reason = reject_reason::none;
  for (auto i = live.first_post; i < live.posts.size(); ++i) {
    if (const auto* fill = std::get_if<order_filled>(&live.posts[i].body);
        fill != nullptr && fill->id == view.id) {
      fills.push_back(fill->fill);
      status = fill->is_last ? order_status::filled : order_status::partially_filled;
    } else if (const auto* less = std::get_if<order_reduced>(&live.posts[i].body);
               less != nullptr && less->id == view.id) {
      prevented += less->size;
    } else if (const auto* end = std::get_if<order_ended>(&live.posts[i].body);
               end != nullptr && end->id == view.id) {
      status = end->status;
      reason = end->reason;
    }
  }
  REQUIRE(view.fills == fills);
  REQUIRE(view.status == status);
  REQUIRE(view.reason == reason);
  REQUIRE((no != nullptr) == (status == order_status::rejected));
  quantity_lots executed;
  for (const auto& fill : fills) executed += fill.size;
  REQUIRE(view.executed == executed);
  REQUIRE(view.prevented == prevented);
}

/// One step of the session on both books; the events must be the same.
void step(session& random, market_under_test& live, slow_book& slow) {
  const auto kind = random.pick();
  std::vector<market_event> expected;
  if (kind < 55) {
    const auto order = random.order(slow);
    if (slow.rests(order.id)) {
      const auto answer = live.run(order);
      REQUIRE(std::get<rejection>(answer).reason == reject_reason::already_exists);
      REQUIRE(live.last().empty());
      return;
    }
    random.note(order);
    expected = slow.submit(order);
    check_answer(live.run(order), live);
  } else if (kind < 80) {
    const auto wish = random.cancel();
    expected = slow.cancel(wish);
    live.run(wish);
  } else {
    const auto wish = kind < 90 ? random.amend() : random.shrink(slow);
    if (wish.size.value == 0) return;
    expected = slow.amend(wish);
    live.run(wish);
  }
  REQUIRE(bytes_of(live.last()) == bytes_of(expected));
}

} // namespace

TEST_CASE("order_book: every step does what the slow obvious book does") {
  std::uint64_t trades = 0, rested = 0, moved = 0, kept = 0, fok = 0, prevented = 0, icebergs = 0;
  for (const auto seed : seeds(250)) {
    CAPTURE(seed);
    session random(seed);
    market_under_test live(fine_units());
    slow_book slow(fine_units());
    for (int i = 0; i < 1'000; ++i) {
      CAPTURE(i);
      step(random, live, slow);
      if (i % 10 == 0) REQUIRE(live.view().levels == slow.levels());
    }
    for (const auto& happened : live.events) {
      trades += std::holds_alternative<trade_executed>(happened);
      prevented += std::holds_alternative<trade_prevented>(happened);
      if (const auto* one = std::get_if<order_rested>(&happened)) {
        ++rested;
        icebergs += one->rules.has_value();
      }
      if (const auto* changed = std::get_if<order_changed>(&happened))
        ++(changed->keeps_priority ? kept : moved);
      if (const auto* closed = std::get_if<order_closed>(&happened))
        fok += closed->reason == reject_reason::fok_unfillable;
    }
  }
  MESSAGE("trades " << trades << ", rested " << rested << ", moved " << moved << ", kept " << kept
                    << ", fok refused " << fok << ", prevented " << prevented << ", icebergs "
                    << icebergs);
  CHECK(trades > 0);
  CHECK(rested > 0);
  CHECK(moved > 0);
  CHECK(kept > 0);
  CHECK(prevented > 0);
  CHECK(icebergs > 0);
}

TEST_CASE("market: replaying its events gives the same state and posts the same messages") {
  for (const auto seed : seeds(100)) {
    CAPTURE(seed);
    session random(seed);
    market_under_test live(fine_units());
    slow_book slow(fine_units());
    for (int i = 0; i < 1'000; ++i) step(random, live, slow);

    market blank(entity_id{market_id{7}});
    std::vector<addressed_message> posts;
    for (std::size_t i = 0; i < live.events.size(); ++i)
      blank.apply(live.events[i], live.times[i], posts);
    blank.check_invariants();
    REQUIRE(blank.state_hash() == live.machine.state_hash());
    REQUIRE(bytes_of(posts) == bytes_of(live.posts));
  }
}

TEST_CASE("market: a snapshot and the events after it give the same state") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    session random(seed);
    market_under_test live(fine_units());
    slow_book slow(fine_units());
    for (int i = 0; i < 500; ++i) step(random, live, slow);

    std::string bytes;
    byte_writer out(bytes);
    live.machine.encode(out);
    market restored(entity_id{market_id{7}});
    byte_reader in(bytes);
    restored.decode(in);
    REQUIRE(in.done());
    restored.check_invariants();
    REQUIRE(restored.state_hash() == live.machine.state_hash());

    const auto from = live.events.size(), from_post = live.posts.size();
    for (int i = 0; i < 500; ++i) step(random, live, slow);
    std::vector<addressed_message> posts;
    for (auto i = from; i < live.events.size(); ++i)
      restored.apply(live.events[i], live.times[i], posts);
    restored.check_invariants();
    REQUIRE(restored.state_hash() == live.machine.state_hash());
    REQUIRE(bytes_of(posts) ==
            bytes_of(std::vector<addressed_message>(
              live.posts.begin() + static_cast<std::ptrdiff_t>(from_post), live.posts.end())));
  }
}

TEST_CASE("market: a damaged snapshot is refused, wherever it is cut") {
  session random(1);
  market_under_test live(fine_units());
  slow_book slow(fine_units());
  for (int i = 0; i < 60; ++i) step(random, live, slow);
  std::string bytes;
  byte_writer out(bytes);
  live.machine.encode(out);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    market restored(entity_id{market_id{7}});
    byte_reader in(std::string_view(bytes).substr(0, size));
    restored.decode(in);
    CHECK_FALSE(in.done());
  }
  market other(entity_id{market_id{8}});
  byte_reader in(bytes);
  other.decode(in);
  CHECK(in.failed());
}

TEST_CASE("market: an order's fills, limit and fees add up whatever happens") {
  for (const auto seed : seeds(50)) {
    CAPTURE(seed);
    session random(seed);
    market_under_test live(fine_units());
    slow_book slow(fine_units());
    for (int i = 0; i < 1'000; ++i) step(random, live, slow);
    std::map<std::uint64_t, std::int64_t> filled;
    std::map<std::uint64_t, bool> ended;
    for (const auto& post : live.posts) {
      if (const auto* fill = std::get_if<order_filled>(&post.body)) {
        REQUIRE_FALSE(ended[fill->id.value]);
        filled[fill->id.value] += fill->fill.size.value;
        ended[fill->id.value] = fill->is_last;
        REQUIRE(fill->fill.notional.value == fill->fill.price.value * fill->fill.size.value * 3);
      } else if (const auto* end = std::get_if<order_ended>(&post.body)) {
        REQUIRE_FALSE(ended[end->id.value]);
        ended[end->id.value] = true;
      }
    }
    for (const auto& one : slow.orders()) {
      REQUIRE_FALSE(ended[one.placed.id.value]);
      REQUIRE(filled[one.placed.id.value] == one.executed);
    }
    std::size_t open = 0;
    for (const auto& [id, is_over] : ended) open += !is_over;
    REQUIRE(open <= slow.orders().size()); // whoever was told of a fill rests or was told the end
  }
}

// tests/domain/account_fixture.hpp: an account under test. After every step its invariants hold, its events'
// legs balance, its balances are the sums of those legs, and a "no" has left no event.
#pragma once

#include "domain/account.hpp"
#include "domain/ledger.hpp"
#include "tests/domain/market_fixture.hpp"
#include "tests/simulation/random.hpp"

#include <doctest/doctest.h>

namespace rialto::testing {

using dice = simulation::random;

/// Whole coins in the smallest unit.
inline amount_units coins(std::int64_t count) {
  return {count * units_per_whole};
}

/// "c7". (GCC 12 warns falsely about "c" + std::to_string(7).)
inline std::string numbered(const char* name, std::uint64_t number) {
  std::string text(name);
  text += std::to_string(number);
  return text;
}

/// One lot at one tick costs one whole BBB and is one whole AAA. Fees 0, collar 5 %, reference 100.
inline market_terms whole_terms() {
  market_terms terms;
  terms.market = {7};
  terms.base = "AAA";
  terms.quote = "BBB";
  terms.units_per_tick_lot = units_per_whole;
  terms.lot_size = {units_per_whole};
  terms.quantity_min = {1};
  terms.quantity_max = {1'000'000};
  terms.collar = {50'000};
  terms.reference_price = {100};
  return terms;
}

inline place_order limit_order(std::uint64_t id, side way, std::int64_t price, std::int64_t size) {
  place_order order;
  order.id = {id};
  order.way = way;
  order.price = {price};
  order.size = {size};
  order.terms = whole_terms();
  return order;
}
inline place_order market_order(std::uint64_t id, side way, std::int64_t size,
                                amount_units quote = {}) {
  auto order = limit_order(id, way, 0, size);
  order.type = order_type::market;
  order.quote_quantity = quote;
  return order;
}

/// The legs' sums of one account are what it says it has.
inline void check_books(const account& machine, account_id id, const ledger& books) {
  CHECK(books.check() == "");
  for (account_balances::index i = 0; i < machine.balances().size(); ++i) {
    const auto view = machine.balances().view(i);
    CAPTURE(view.asset);
    CHECK(books.balance_of({ledger_kind::available, id.value}, view.asset) == view.available);
    CHECK(books.balance_of({ledger_kind::hold, id.value}, view.asset) == view.hold);
  }
}

inline std::string bytes_of(const std::vector<addressed_message>& posts) {
  std::string bytes;
  byte_writer out(bytes);
  for (const auto& one : posts) {
    out.put(one.to);
    out.put(one.body);
  }
  return bytes;
}

class account_under_test {
public:
  static constexpr account_id id{17};
  static constexpr user_id owner{4};
  static constexpr market_id market{7};

  account_under_test() : machine(id) { hear(open_account{id, owner, "main"}, owner); }

  /// Runs a command's body.
  template <class Body>
  outcome ask(const Body& body) {
    return step([&] { return machine.execute({body, limits}, now, events, posts); });
  }
  template <class Message>
  outcome hear(const Message& message, entity_id from) {
    return step([&] { return machine.handle(message, from, {}, now, events, posts); });
  }
  /// What the shard does when wake_at() has come; nothing before.
  void wake() {
    (void)step([&]() -> outcome {
      const auto due = machine.wake_at();
      if (due.value != 0 && due <= now) machine.wake(now, events, posts);
      return done{};
    });
  }
  outcome fill(std::uint64_t order, std::int64_t price, std::int64_t size, bool is_last = false,
               amount_units fee = {}) {
    return hear(order_filled{{order}, id, a_fill(price, size, fee), is_last}, market);
  }
  outcome end(std::uint64_t order, order_status how, reject_reason why = reject_reason::none) {
    return hear(order_ended{{order}, id, how, why}, market);
  }
  outcome amended(std::uint64_t order, std::int64_t price, std::int64_t size,
                  reject_reason why = reject_reason::none) {
    return hear(order_amended{{order}, id, {price}, {size}, why}, market);
  }
  void deposit(const std::string& asset, amount_units amount) {
    const auto result =
      ask(transfer{transfer_kind::deposit, asset, amount, numbered("r", ++references_)});
    REQUIRE(std::holds_alternative<transfer_view>(result));
  }

  [[nodiscard]] amount_units available(const std::string& asset) const {
    return machine.balances().available(asset);
  }
  [[nodiscard]] amount_units hold(const std::string& asset) const {
    return find_balance(asset).hold;
  }
  [[nodiscard]] std::size_t event_count() const { return events.size() - first; }
  [[nodiscard]] std::size_t post_count() const { return posts.size() - first_post; }
  template <class Event>
  [[nodiscard]] const Event& last_event() const {
    REQUIRE(!events.empty());
    REQUIRE(std::holds_alternative<Event>(events.back()));
    return std::get<Event>(events.back());
  }
  template <class Message>
  [[nodiscard]] const Message& last_post() const {
    REQUIRE(post_count() > 0);
    REQUIRE(std::holds_alternative<Message>(posts.back().body));
    return std::get<Message>(posts.back().body);
  }
  [[nodiscard]] order_view order(std::uint64_t number) {
    const auto result = ask(get_order{{number}});
    REQUIRE(std::holds_alternative<order_view>(result));
    return std::get<order_view>(result);
  }
  std::vector<account_publication> published() {
    std::vector<publication> out;
    machine.publish(now, out);
    std::vector<account_publication> mine;
    for (const auto& one : out) mine.push_back(std::get<account_publication>(one));
    return mine;
  }

  /// Every event again into a fresh machine: same state, same messages, nothing published.
  void check_replay() const {
    account again(id);
    std::vector<addressed_message> reposted;
    for (std::size_t i = 0; i < events.size(); ++i) again.apply(events[i], times[i], reposted);
    CHECK(again.state_hash() == machine.state_hash());
    CHECK(bytes_of(reposted) == bytes_of(posts));
    std::vector<publication> told;
    again.publish(now, told);
    CHECK(told.empty());
  }
  /// The machine goes on from its own snapshot.
  void pass_through_snapshot() {
    std::string bytes;
    byte_writer out(bytes);
    machine.encode(out);
    account copy(id);
    byte_reader in(bytes);
    copy.decode(in);
    REQUIRE(in.done());
    REQUIRE(copy.state_hash() == machine.state_hash());
    machine = std::move(copy);
    machine.check_invariants();
  }

  account machine;
  account_limits limits;
  timestamp_ns now{1'700'000'000'000'000'000};
  std::vector<account_event> events;
  std::vector<timestamp_ns> times;
  std::vector<addressed_message> posts;
  std::size_t first = 0, first_post = 0; // of the last step
  ledger books;

private:
  fill_view a_fill(std::int64_t price, std::int64_t size, amount_units fee) {
    return {{++trades_}, {price}, {size}, coins(price * size), fee, false, now};
  }
  [[nodiscard]] balance_view find_balance(const std::string& asset) const {
    for (const auto& one : machine.balances().views())
      if (one.asset == asset) return one;
    return {asset, {}, {}};
  }
  template <class Call>
  outcome step(Call call) {
    now.value += 1'000;
    first = events.size();
    first_post = posts.size();
    auto result = call();
    times.resize(events.size(), now);
    for (auto i = first; i < events.size(); ++i) books.post(postings_of(events[i], id));
    machine.check_invariants();
    check_books(machine, id, books);
    if (std::holds_alternative<rejection>(result)) CHECK(event_count() == 0);
    return result;
  }

  std::uint64_t trades_ = 0, references_ = 0;
};

/// The reason of a "no"; none for anything else.
inline reject_reason why(const outcome& result) {
  const auto* no = std::get_if<rejection>(&result);
  return no == nullptr ? reject_reason::none : no->reason;
}
inline bool is_forwarded(const outcome& result) {
  return std::holds_alternative<forwarded>(result);
}

} // namespace rialto::testing

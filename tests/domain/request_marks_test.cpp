// A signed request is never executed twice: by worked examples, and by random sessions that are replayed and
// pass through snapshots.
#include "tests/domain/account_fixture.hpp"

using namespace rialto;
using namespace rialto::testing;
using r = reject_reason;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

class marked_account : public account_under_test {
public:
  marked_account() {
    deposit("AAA", coins(1'000'000));
    deposit("BBB", coins(100'000'000));
  }
  template <class Body>
  outcome ask_marked(const Body& body, std::uint64_t hash, std::int64_t until_ns) {
    now.value += 1'000;
    first = events.size();
    first_post = posts.size();
    auto result =
      machine.execute({body, limits, request_mark{hash, {until_ns}}}, now, events, posts);
    times.resize(events.size(), now);
    for (auto i = first; i < events.size(); ++i) books.post(postings_of(events[i], id));
    machine.check_invariants();
    if (std::holds_alternative<rejection>(result)) CHECK(event_count() == 0);
    return result;
  }
  [[nodiscard]] std::int64_t soon() const { return now.value + 6 * second_ns; }
};

} // namespace

TEST_CASE("account: the same signed placement again is refused with the order it made") {
  marked_account it;
  const auto until = it.soon();
  REQUIRE(is_forwarded(it.ask_marked(limit_order(1, side::buy, 5, 1), 77, until)));
  CHECK(it.last_event<request_executed>().mark == request_mark{77, {until}});
  CHECK(it.last_event<request_executed>().order == order_id{1});
  CHECK(it.event_count() == 2);

  // The edge draws a new order id each time; the request is the same.
  const auto again = it.ask_marked(limit_order(2, side::buy, 5, 1), 77, until);
  REQUIRE(why(again) == r::request_repeated);
  CHECK(std::get<rejection>(again).order.id == order_id{1});
  CHECK(std::get<rejection>(again).order.status == order_status::new_order);
  it.end(1, order_status::cancelled);
  const auto later = it.ask_marked(limit_order(3, side::buy, 5, 1), 77, until);
  CHECK(std::get<rejection>(later).order.status == order_status::cancelled);
  CHECK(is_forwarded(it.ask_marked(limit_order(4, side::buy, 5, 1), 78, until))); // another request
  it.check_replay();
}

TEST_CASE("account: a mark is kept over a snapshot, until its time and no longer") {
  marked_account it;
  const auto until = it.soon();
  REQUIRE(is_forwarded(it.ask_marked(limit_order(1, side::buy, 5, 1), 77, until)));
  it.pass_through_snapshot();
  it.now = {until - 1'001}; // asked a nanosecond before
  CHECK(why(it.ask_marked(limit_order(2, side::buy, 5, 1), 77, until)) == r::request_repeated);
  it.now = {until - 1'000}; // asked at the very time
  CHECK(why(it.ask_marked(limit_order(2, side::buy, 5, 1), 77, until)) == r::request_late);
  CHECK(why(it.ask_marked(limit_order(2, side::buy, 5, 1), 79, until)) == r::request_late);
  const auto far = it.now.value + request_marks::ahead_ns_max + 1'001;
  CHECK(why(it.ask_marked(limit_order(2, side::buy, 5, 1), 79, far)) == r::request_late);
  CHECK(is_forwarded(it.ask_marked(limit_order(2, side::buy, 5, 1), 79, far)));
  it.check_replay();
}

TEST_CASE("account: a marked command that does nothing is not remembered") {
  marked_account it;
  const auto until = it.soon();
  CHECK(why(it.ask_marked(limit_order(1, side::buy, 5, 1'000'000'000), 77, until)) ==
        r::quantity_invalid);
  CHECK(is_forwarded(it.ask_marked(limit_order(1, side::buy, 5, 1), 77, until)));
  (void)it.ask_marked(get_orders{}, 78, until);
  CHECK(it.event_count() == 0);
  CHECK(is_forwarded(it.ask_marked(limit_order(2, side::buy, 5, 1), 78, until)));
  (void)it.ask(limit_order(3, side::buy, 5, 1)); // unmarked: as ever
  CHECK(it.event_count() == 1);
}

TEST_CASE("account: cancels, amends, lists and mass cancels carry marks as well") {
  marked_account it;
  const auto until = it.soon();
  REQUIRE(is_forwarded(it.ask(limit_order(1, side::buy, 5, 2))));
  REQUIRE(is_forwarded(it.ask_marked(amend{{1}, {}, {1}, whole_terms()}, 1, until)));
  it.amended(1, 5, 1);
  CHECK(why(it.ask_marked(amend{{1}, {}, {1}, whole_terms()}, 1, until)) == r::request_repeated);
  REQUIRE(is_forwarded(it.ask_marked(cancel{{1}}, 2, until)));
  CHECK(why(it.ask_marked(cancel{{1}}, 2, until)) == r::request_repeated);
  CHECK(it.post_count() == 0); // the market is asked once
  it.end(1, order_status::cancelled);
  CHECK(std::get<rejection>(it.ask_marked(cancel{{1}}, 2, until)).order.id == order_id{1});

  place_list pair;
  pair.orders = {limit_order(2, side::sell, 120, 1), limit_order(3, side::sell, 80, 1)};
  pair.orders[1].rules = order_rules{};
  pair.orders[1].rules->trigger = {trigger_kind::stop, {81}, {}, {}};
  REQUIRE(is_forwarded(it.ask_marked(pair, 3, until)));
  CHECK(why(it.ask_marked(pair, 3, until)) == r::request_repeated);
  CHECK(std::get<orders_view>(it.ask_marked(cancel_all{}, 4, until)).asked == 2);
  CHECK(why(it.ask_marked(cancel_all{}, 4, until)) == r::request_repeated);
  CHECK(std::get<rejection>(it.ask_marked(cancel_all{}, 4, until)).order.id == order_id{});
  it.check_replay();
}

TEST_CASE("request_marks: none is forgotten before its time, and there are at most 100,000") {
  request_marks marks;
  const timestamp_ns start{1'000 * second_ns};
  for (std::uint64_t i = 1; i <= request_marks::marks_max; ++i) {
    REQUIRE(marks.refusal_of({i, {start.value + 5 * second_ns}}, start) == r::none);
    marks.add({{i, {start.value + 5 * second_ns}}, {i}}, start);
  }
  const request_mark more{1'000'000, {start.value + 9 * second_ns}};
  CHECK(marks.refusal_of(more, start) == r::too_many_marks);
  CHECK(marks.find(1)->order == order_id{1});
  const timestamp_ns over{start.value + 5 * second_ns};
  CHECK(marks.refusal_of(more, over) == r::none);
  marks.add({more, {7}}, over);
  CHECK(marks.size() == request_marks::marks_max - 15); // sixteen went
  CHECK(marks.find(1) == nullptr);
  CHECK(marks.find(1'000'000)->order == order_id{7});
  CHECK(marks.is_sound());
}

TEST_CASE("account: random marked sessions execute each request once, replay and snapshot agree") {
  for (const auto seed : seeds(40)) {
    CAPTURE(seed);
    dice throws(seed);
    marked_account it;
    std::map<std::uint64_t, std::int64_t> until; // of each request there was
    std::map<std::uint64_t, std::int64_t> done;  // of those that did something
    std::uint64_t next_order = 1;
    for (int step = 0; step < 300; ++step) {
      it.now.value += throws.between(0, 2 * second_ns);
      const auto hash = static_cast<std::uint64_t>(throws.between(1, 40)) +
                        static_cast<std::uint64_t>(it.now.value / (30 * second_ns)) * 100;
      auto [known, is_new] =
        until.try_emplace(hash, it.now.value + throws.between(1, 60) * second_ns);
      const auto before = it.events.size();
      const bool was_late = known->second <= it.now.value + 1'000;
      const bool was_done = done.contains(hash);
      outcome result;
      if (throws.chance(0.6)) {
        result = it.ask_marked(limit_order(next_order++, side::buy, 5, throws.between(0, 3)), hash,
                               known->second);
      } else {
        const auto target = static_cast<std::uint64_t>(throws.between(1, 20));
        result = it.ask_marked(cancel{{target}}, hash, known->second);
      }
      if (was_late) {
        CHECK(why(result) == r::request_late);
      } else if (was_done) {
        CHECK(why(result) == r::request_repeated);
      } else {
        CHECK(why(result) != r::request_repeated);
        if (it.events.size() > before) done[hash] = known->second;
      }
      if (throws.chance(0.02)) it.pass_through_snapshot();
    }
    CHECK(!done.empty());
    it.check_replay();
  }
}

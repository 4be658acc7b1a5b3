// Trades that a node missed: three nodes with tapes on disk; links are function calls, and the worker is the test.
#include "actors/cluster/tape_relay.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

#include <deque>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000, minute_ns = 60 * second_ns;
constexpr timestamp_ns day{20'000 * 86'400 * second_ns};
const market_id btc{1};

tape_entry trade(std::uint64_t id, std::int64_t at_ns = 0) {
  return {{id}, {100 + static_cast<std::int64_t>(id)}, {1}, false, {day.value + at_ns}};
}
std::vector<tape_entry> trades(std::uint64_t from, std::uint64_t to, std::int64_t apart_ns = 0) {
  std::vector<tape_entry> all;
  for (auto id = from; id <= to; ++id)
    all.push_back(trade(id, static_cast<std::int64_t>(id) * apart_ns));
  return all;
}
std::vector<std::uint64_t> ids(const std::vector<tape_entry>& all) {
  std::vector<std::uint64_t> made;
  for (const auto& one : all) made.push_back(one.trade.value);
  return made;
}
std::vector<std::uint64_t> range(std::uint64_t from, std::uint64_t to) {
  return ids(trades(from, to));
}

struct town {
  struct node {
    storage::temporary_directory directory;
    std::unique_ptr<storage::tape_store> tape = storage::open_tape_store(directory.path());
    std::unique_ptr<tape_relay> relay;
    std::vector<tape_entry> shown;
    std::vector<candle> candles;
    std::vector<timestamp_ns> partial;
    std::deque<std::function<void()>> jobs;
    std::size_t jobs_max = 10;

    /// As the market data actors do.
    void take(const std::vector<tape_entry>& made) {
      tape->append(btc, made);
      shown.insert(shown.end(), made.begin(), made.end());
    }
  };
  struct letter {
    incarnation from, to;
    std::string bytes;
  };
  std::map<incarnation, node> nodes;
  std::deque<letter> under_way;
  std::set<incarnation> cut, silent;
  std::int64_t now = second_ns;

  explicit town(tape_relay_limits limits = {}) {
    for (incarnation id = 1; id <= 3; ++id) {
      auto& one = nodes[id];
      tape_relay_surroundings around;
      around.monotonic_ns = [this] { return now; };
      around.now = [this] { return timestamp_ns{day.value + now}; };
      around.send = [this, id](incarnation to, std::string_view bytes) {
        if (cut.contains(to)) return false;
        under_way.push_back({id, to, std::string(bytes)});
        return true;
      };
      around.show = [&one](std::vector<market_publication> news) {
        for (auto& each : news) one.take(each.trades);
      };
      around.post = [&one](std::function<void()> job) {
        if (one.jobs.size() >= one.jobs_max) return false;
        one.jobs.push_back(std::move(job));
        return true;
      };
      around.take_candles = [&one](market_id, const std::vector<candle>& closed) {
        one.candles = closed;
      };
      around.mark_partial = [&one](market_id, timestamp_ns from) { one.partial.push_back(from); };
      limits.tape_looks_max = 0;
      one.relay = std::make_unique<tape_relay>(*one.tape, std::move(around), limits);
    }
  }
  /// Everything that can happen without time passing.
  void settle() {
    for (bool is_busy = true; is_busy;) {
      is_busy = false;
      while (!under_way.empty()) {
        const auto one = std::move(under_way.front());
        under_way.pop_front();
        is_busy = true;
        if (silent.contains(one.to)) continue;
        auto frame = protocol::decode(one.bytes);
        REQUIRE(frame.has_value());
        auto& relay = *nodes[one.to].relay;
        if (auto* const asked = std::get_if<protocol::tape_question_frame>(&*frame))
          relay.take(one.from, *asked);
        else
          relay.take(one.from, std::get<protocol::tape_answer_frame>(*frame));
      }
      for (auto& [id, one] : nodes)
        while (!one.jobs.empty()) {
          const auto job = std::move(one.jobs.front());
          one.jobs.pop_front();
          is_busy = true;
          job();
        }
    }
  }
  /// News of the market reach a node.
  void publish(incarnation to, std::vector<tape_entry> made) {
    std::vector<market_publication> news(1);
    news[0].market = btc;
    news[0].trades = std::move(made);
    nodes[to].relay->pass(news);
    nodes[to].take(news[0].trades);
  }
  void wait(std::int64_t time) {
    now += time;
    for (auto& [id, one] : nodes) one.relay->tick();
    settle();
  }
};

} // namespace

TEST_CASE("tape_relay: what was missed is shown before what came later, once each") {
  town all;
  for (incarnation id = 1; id <= 3; ++id) all.publish(id, trades(1, 5));
  all.publish(2, trades(6, 9));
  all.publish(3, trades(6, 9));
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2, 3});
  CHECK_FALSE(edge.relay->is_whole(btc));
  all.publish(1, trades(10, 11));
  CHECK(ids(edge.shown) == range(1, 5)); // it waits
  all.settle();
  CHECK(ids(edge.shown) == range(1, 11));
  CHECK(edge.relay->is_whole(btc));
  all.publish(1, trades(11, 12)); // told twice
  CHECK(ids(edge.shown) == range(1, 12));
  CHECK(edge.relay->statistics().healed == 4);
  CHECK(edge.relay->statistics().broken == 0);
  CHECK(edge.partial.empty());
}

TEST_CASE("tape_relay: what one node missed as well another one has") {
  town all;
  for (incarnation id = 1; id <= 3; ++id) all.publish(id, trades(1, 5));
  all.publish(2, {trade(6), trade(8)});
  all.publish(3, {trade(7), trade(8)});
  all.nodes[1].relay->open(btc, {2, 3});
  all.settle();
  CHECK(ids(all.nodes[1].shown) == range(1, 8));
}

TEST_CASE("tape_relay: a node that begins goes on where its tape ended") {
  town all;
  all.nodes[1].tape->append(btc, trades(1, 5)); // of its former life
  all.publish(2, trades(1, 9));
  all.nodes[1].relay->open(btc, {2});
  all.settle();
  CHECK(ids(all.nodes[1].shown) == range(6, 9));
}

TEST_CASE("tape_relay: nobody to ask, nothing waits") {
  town all;
  all.nodes[1].relay->open(btc, {});
  all.settle();
  all.publish(1, trades(1, 2));
  CHECK(ids(all.nodes[1].shown) == range(1, 2));
  CHECK(all.nodes[1].relay->statistics().broken == 0);
}

TEST_CASE("tape_relay: a node that does not answer is not waited for longer than wait_ns") {
  town all;
  all.publish(1, trades(1, 5));
  all.publish(2, trades(1, 6));
  all.silent.insert(3);
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2, 3});
  all.publish(1, trades(7, 7));
  all.settle();
  CHECK(ids(edge.shown) == range(1, 5));
  all.wait(tape_relay_limits{}.wait_ns);
  CHECK(ids(edge.shown) == range(1, 7));
  CHECK(edge.relay->statistics().broken == 0); // one has told
  CHECK(edge.partial.empty());
}

TEST_CASE("tape_relay: when nobody answers, the gap is said and what waited is shown") {
  town all;
  all.publish(1, trades(1, 5));
  all.publish(2, trades(1, 8));
  all.cut.insert(2);
  all.silent.insert(3);
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2, 3});
  all.publish(1, trades(9, 9));
  all.settle();
  edge.relay->closed(3);
  all.settle();
  CHECK(ids(edge.shown) == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 9});
  CHECK(edge.relay->statistics().broken == 1);
  CHECK(edge.partial == std::vector<timestamp_ns>{trade(9).at});
}

TEST_CASE("tape_relay: of a long gap the newest trades come, from a minute's begin, and candles of "
          "the minutes before") {
  town all({.trades_max = 100, .page_max = 30, .shown_at_once = 7});
  all.publish(1, trades(1, 5, second_ns));
  all.publish(2, trades(1, 400, second_ns)); // 6 minutes and 40 seconds
  std::vector<candle> minutes;
  for (int i = 0; i < 7; ++i) {
    candle one;
    one.open_time = {day.value + i * minute_ns};
    one.is_open = i == 6;
    minutes.push_back(one);
  }
  all.nodes[2].tape->put_candles(btc, candle_interval::m1, minutes);
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2});
  all.publish(1, trades(401, 402, second_ns));
  all.settle();
  auto wanted = range(1, 5);
  for (const auto id : range(360, 402))
    wanted.push_back(id); // 300 and the 59 that follow are too old, 301 is in a minute cut in two
  CHECK(ids(edge.shown) == wanted);
  REQUIRE(edge.candles.size() == 6); // those before the sixth minute, the first of them its own
  CHECK(edge.candles.front().open_time == day);
  CHECK(edge.candles.back().open_time == timestamp_ns{day.value + 5 * minute_ns});
  CHECK(edge.relay->statistics().broken == 1);
  CHECK(edge.partial == std::vector<timestamp_ns>{trade(360, 360 * second_ns).at});
}

TEST_CASE("tape_relay: another gap while one is being filled is asked about as well") {
  town all;
  for (incarnation id = 1; id <= 2; ++id) all.publish(id, trades(1, 5));
  all.publish(2, trades(6, 7));
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2});
  all.publish(1, trades(8, 8));
  all.publish(2, trades(8, 12));
  edge.relay->open(btc, {2});
  all.publish(1, trades(13, 13));
  all.settle();
  CHECK(ids(edge.shown) == range(1, 13));
}

TEST_CASE("tape_relay: what waits is bounded, then it is shown without the missing ones") {
  town all({.held_max = 10});
  all.publish(1, trades(1, 5));
  all.silent.insert(2);
  auto& edge = all.nodes[1];
  edge.relay->open(btc, {2});
  all.publish(1, trades(8, 16));
  all.settle();
  CHECK(ids(edge.shown) == range(1, 5));
  all.publish(1, trades(17, 17));
  all.settle();
  CHECK(edge.shown.size() == 15);
  CHECK(edge.relay->statistics().broken == 1);
}

TEST_CASE("tape_relay: a worker that is busy is tried again, and questions beyond its bound are "
          "counted") {
  town all;
  all.publish(1, trades(1, 5));
  all.publish(2, trades(1, 6));
  auto& edge = all.nodes[1];
  edge.jobs_max = 0;
  edge.relay->open(btc, {2});
  all.settle();
  CHECK(ids(edge.shown) == range(1, 5));
  edge.jobs_max = 10;
  all.wait(1);
  CHECK(ids(edge.shown) == range(1, 6));
  all.nodes[2].jobs_max = 0;
  edge.relay->open(btc, {2});
  all.settle();
  CHECK(all.nodes[2].relay->statistics().unanswered == 1);
}

TEST_CASE("tape_relay: the past that a feed learned comes to every tape, page by page") {
  town all;
  std::vector<candle> closed;
  for (std::int64_t i = 0; i < 2'500; ++i) {
    candle one;
    one.open_time = {day.value - (2'500 - i) * minute_ns};
    closed.push_back(one);
  }
  all.nodes[1].relay->share(btc, closed, {2, 3});
  CHECK(all.under_way.size() >= 2);
  all.settle();
  for (incarnation id = 2; id <= 3; ++id) {
    REQUIRE(all.nodes[id].candles.size() == 500); // the last page
    CHECK(all.nodes[id].candles.back() == closed.back());
  }
  CHECK(all.nodes[1].candles.empty());
  all.nodes[2].jobs_max = 0; // its worker is busy
  all.nodes[1].relay->share(btc, {closed.begin(), closed.begin() + 1}, {2});
  all.settle();
  CHECK(all.nodes[2].relay->statistics().refused == 1);
}

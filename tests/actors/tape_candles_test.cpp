// Candles made of the tape: a node that goes on, and trades that came after their candles had closed.
#include "actors/tape_candles.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr timestamp_ns day{20'000 * 86'400 * second_ns};

timestamp_ns at(std::int64_t seconds) {
  return {day.value + seconds * second_ns};
}
tape_entry trade(std::uint64_t id, std::int64_t seconds) {
  return {{id}, {1'000 + static_cast<std::int64_t>(id)}, {2}, id % 2 == 0, at(seconds)};
}
instrument btc() {
  instrument spec;
  spec.market = {1};
  spec.symbol = "BTCUSDT";
  spec.base = "BTC";
  spec.quote = "USDT";
  spec.tick_size = {1'000'000};
  spec.lot_size = {1'000};
  return spec;
}

struct recording_edge final : edge {
  void news_lost() override {}
  std::vector<std::string> said;
  void deliver(std::shared_ptr<release>) override {}
  void broadcast(std::vector<channel_message> messages) override {
    for (const auto& one : messages) said.push_back(*one.bytes);
  }
};

struct chart {
  storage::temporary_directory directory;
  std::unique_ptr<storage::tape_store> tape = storage::open_tape_store(directory.path());
  public_faces faces;
  recording_edge out;
  std::shared_ptr<market_faces> face = faces.add(btc());

  /// As the market data actors do.
  void add(const std::vector<tape_entry>& trades, timestamp_ns now = {}) {
    std::vector<closed_candles> closed;
    std::vector<channel_message> messages;
    const auto late = face->candles.first_late(trades);
    tape->append({1}, trades);
    face->candles.add(trades, closed, messages);
    store(closed);
    if (late.value != 0)
      make_candles_anew(*tape, faces, out, {1}, late, std::max(now, trades.back().at));
  }
  void advance(std::int64_t seconds) {
    std::vector<closed_candles> closed;
    std::vector<channel_message> messages;
    face->candles.advance(at(seconds), closed, messages);
    store(closed);
  }
  void store(const std::vector<closed_candles>& closed) {
    for (const auto& one : closed) tape->put_candles({1}, one.interval, one.candles);
  }
  /// Closed ones.
  [[nodiscard]] std::vector<candle> kept(candle_interval interval) const {
    auto all = tape->candles({1}, interval, day, at(86'400), 10'000);
    std::erase_if(all, [](const candle& one) { return one.is_open; });
    for (auto& one : all) one.is_corrected = false;
    return all;
  }
};

} // namespace

TEST_CASE("tape_candles: trades that come after their candles closed are in them, as if they had "
          "come in time") {
  chart troubled, calm;
  const std::vector<tape_entry> first{trade(1, 0), trade(2, 1), trade(3, 1)};
  const std::vector<tape_entry> missed{trade(4, 1), trade(5, 10), trade(6, 59), trade(7, 61)};
  const std::vector<tape_entry> then{trade(8, 299), trade(9, 301)};
  troubled.add(first);
  troubled.advance(298); // nobody traded, it seemed
  auto came = missed;
  came.insert(came.end(), then.begin(), then.end());
  troubled.add(came);
  for (const auto& some : {first, missed, then}) calm.add(some);
  for (auto* one : {&troubled, &calm}) one->advance(600);
  for (const auto interval : {candle_interval::s1, candle_interval::m1, candle_interval::m5}) {
    CAPTURE(to_string(interval));
    CHECK(troubled.kept(interval) == calm.kept(interval));
  }
  CHECK(troubled.kept(candle_interval::m1).at(0).trades == 6);
  CHECK(calm.out.said.empty());
  const auto corrected =
    std::count_if(troubled.out.said.begin(), troubled.out.said.end(), [](const std::string& text) {
      return text.find("\"corrected\":true") != std::string::npos;
    });
  CHECK(corrected >= 4); // seconds 1, 10, 59 and 61, and their minutes
}

TEST_CASE("tape_candles: a node goes on with the candles of its tape's last trade, whole though "
          "the stored ones were not") {
  chart former;
  former.add({trade(1, 0), trade(2, 58), trade(3, 61), trade(4, 62), trade(5, 62)});
  auto running = former.face->candles.running();
  for (auto& one : running)
    for (auto& each : one.candles) {
      each.trades -= 1; // as of some seconds before the crash
      each.is_open = true;
    }
  former.store(running);
  const auto made = candles_of_tape_end(*former.tape, {1}, btc()).candles;
  REQUIRE(made.size() == std::size(all_candle_intervals));
  for (const auto& [interval, one] : made) {
    CAPTURE(to_string(interval));
    auto wanted = former.face->candles.current(interval);
    REQUIRE(wanted.has_value());
    auto found = one;
    found.is_open = wanted->is_open = false;
    CHECK(found == *wanted);
  }
  chart empty;
  CHECK(candles_of_tape_end(*empty.tape, {1}, btc()).candles.empty());
}

TEST_CASE(
  "tape_candles: a node that begins counts each trade once, also those that came to its tape "
  "before its candles began") {
  chart one;
  const std::vector<tape_entry> first = {trade(1, 0), trade(2, 0), trade(3, 0)};
  one.tape->append({1}, first); // by the actor that keeps the tape
  go_on_with_tape(*one.tape, {1}, *one.face);
  one.add(first); // the same news, to the actor that keeps the candles
  one.add({trade(4, 0), trade(5, 70)});
  CHECK(one.face->candles.current(candle_interval::m1)->trades == 1);
  CHECK(one.face->candles.current(candle_interval::h1)->trades == 5);
  for (const auto interval : {candle_interval::s1, candle_interval::m1}) {
    const auto closed = one.tape->candles({1}, interval, at(0), {at(0).value + 1}, 1);
    REQUIRE(closed.size() == 1);
    CHECK(closed[0].trades == 4);
    CHECK(closed[0].volume.value == 8);
  }
  const auto running = one.face->candles.current(candle_interval::h1);
  // An actor that is started again:
  go_on_with_tape(*one.tape, {1}, *one.face);
  CHECK(one.face->candles.current(candle_interval::h1) == running);
}

TEST_CASE(
  "tape_candles: trades of a second that closed before a deaf time come late, and make it whole") {
  chart one;
  one.add({trade(1, 7), trade(2, 7)});
  one.face->candles.set_deaf(true, at(13)); // the node slept, and nothing was heard of the feed
  one.advance(13);
  CHECK_FALSE(one.face->candles.current(candle_interval::s1));
  one.face->candles.set_deaf(false, at(13));
  one.add({trade(3, 7), trade(4, 7)}, at(13));
  one.add({trade(5, 8), trade(6, 13)});
  const auto found = one.tape->candles({1}, candle_interval::s1, at(7), {at(7).value + 1}, 1);
  REQUIRE(found.size() == 1);
  CHECK(found[0].trades == 4);
}

TEST_CASE("tape_candles: trades are read over pages, back to the time that is asked for") {
  chart one;
  std::vector<tape_entry> many;
  for (std::uint64_t id = 1; id <= 25'000; ++id)
    many.push_back(trade(id, static_cast<std::int64_t>(id / 100)));
  one.tape->append({1}, many);
  const auto found = trades_since(*one.tape, {1}, at(30));
  REQUIRE(found.size() == 25'000 - 2'999);
  CHECK(found.front().trade.value == 3'000);
  CHECK(found.back().trade.value == 25'000);
  CHECK(std::is_sorted(found.begin(), found.end(),
                       [](const auto& a, const auto& b) { return a.trade < b.trade; }));
}

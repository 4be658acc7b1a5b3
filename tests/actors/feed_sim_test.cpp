#include "actors/feed/feed_book.hpp"
#include "actors/feed/sim_source.hpp"
#include "tests/actors/feed_recordings.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <cstdio>
#include <map>
#include <set>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t whole = units_per_whole;
constexpr timestamp_ns start{1'700'000'000 * second};

std::vector<sim_instrument> usual() {
  return {{"ETHBTC", "ETH", "BTC", whole / 100'000, whole / 1'000, 0},
          {"BTCUSDT", "BTC", "USDT", whole / 100, whole / 100'000, 0},
          {"ETHUSDT", "ETH", "USDT", whole / 100, whole / 10'000, 0},
          {"BNBUSDT", "BNB", "USDT", whole / 100, whole / 1'000, 0},
          {"SOLUSDT", "SOL", "USDT", whole / 100, whole / 1'000, 0},
          {"XRPUSDT", "XRP", "USDT", whole / 10'000, whole / 10, 0}};
}

void mix(std::uint64_t& hash, std::uint64_t value) {
  hash = (hash ^ value) * 0x0000'0100'0000'01b3;
}

/// Every field of every message, in order.
std::uint64_t hash_of(const std::vector<feed_news>& news) {
  std::uint64_t hash = 0xcbf2'9ce4'8422'2325;
  const auto add = [&](auto... values) { (mix(hash, static_cast<std::uint64_t>(values)), ...); };
  const auto add_levels = [&](const std::vector<feed_level>& levels) {
    for (const auto& one : levels) add(one.way == side::buy, one.price8, one.size8);
  };
  for (const auto& one : news) {
    add(one.index());
    std::visit([&](const auto& message) { add(sim_hash(message.symbol)); }, one);
    if (const auto* all = std::get_if<feed_snapshot>(&one)) {
      add(all->last_update);
      add_levels(all->levels);
    } else if (const auto* change = std::get_if<feed_depth>(&one)) {
      add(change->first_update, change->last_update, change->at.value);
      add_levels(change->levels);
    } else if (const auto* trade = std::get_if<feed_trade>(&one)) {
      add(trade->id, trade->price8, trade->size8, trade->buyer_is_maker, trade->at.value);
    } else if (const auto* best = std::get_if<feed_ticker>(&one)) {
      add(best->update, best->bid8, best->bid_size8, best->ask8, best->ask_size8);
    } else if (const auto* day = std::get_if<feed_statistics>(&one)) {
      add(day->open8, day->high8, day->low8, day->last8, day->volume8, day->quote_volume8,
          day->at.value);
    }
  }
  return hash;
}

/// One market as somebody who follows it sees it. Every rule an exchange keeps is checked as the
/// messages come; `broken` names the first one that was not kept.
struct watcher {
  sim_instrument instrument;
  feed_book book;
  std::string broken;
  std::uint64_t last_trade = 0;
  std::int64_t last_at = 0, last8 = 0, low8 = INT64_MAX, high8 = 0;
  std::size_t snapshots = 0, updates = 0, trades = 0, tickers = 0, numbers = 0;
  std::map<std::int64_t, std::size_t> trades_by_hour;

  void rule(bool kept, const char* name) {
    if (!kept && broken.empty()) broken = name;
  }
  void take(const feed_snapshot& all) {
    ++snapshots;
    if (snapshots > 1) {
      rule(all.last_update == book.last_update(), "a later snapshot is of the current update");
      const auto mine = book.snapshot(all.symbol);
      rule(mine.levels.size() == all.levels.size(), "a later snapshot is the book that was told");
    }
    book.apply(all);
    check_book();
  }
  void take(const feed_depth& change) {
    ++updates;
    rule(snapshots > 0, "a snapshot comes first");
    rule(change.first_update == book.last_update() + 1, "update ids have no hole");
    rule(change.last_update >= change.first_update, "update ids rise");
    rule(!change.levels.empty(), "an update changes something");
    for (const auto& one : change.levels)
      rule(one.price8 > 0 && one.price8 % instrument.tick8 == 0 && one.size8 >= 0 &&
             one.size8 % instrument.lot8 == 0,
           "levels are on tick and lot");
    time(change.at);
    book.apply(change);
    check_book();
  }
  void take(const feed_trade& trade) {
    ++trades;
    ++trades_by_hour[(trade.at.value - start.value) / (3'600 * second)];
    rule(last_trade == 0 || trade.id == last_trade + 1, "trade ids rise by one");
    last_trade = trade.id;
    rule(trade.price8 % instrument.tick8 == 0 && trade.size8 % instrument.lot8 == 0 &&
           trade.size8 > 0,
         "trades are on tick and lot");
    last8 = trade.price8;
    low8 = std::min(low8, last8);
    high8 = std::max(high8, last8);
    time(trade.at);
  }
  void take(const feed_ticker& best) {
    ++tickers;
    const auto bid = book.best(side::buy), ask = book.best(side::sell);
    rule(best.update == book.last_update() && bid->price8 == best.bid8 &&
           bid->size8 == best.bid_size8 && ask->price8 == best.ask8 && ask->size8 == best.ask_size8,
         "the ticker is the book's best");
  }
  void take(const feed_statistics& day) {
    ++numbers;
    rule(day.low8 > 0 && day.low8 <= day.open8 && day.open8 <= day.high8 && day.low8 <= day.last8 &&
           day.last8 <= day.high8,
         "open and last lie between low and high");
    rule(trades == 0 || day.last8 == last8, "the last price is the last trade's");
    rule(day.volume8 > 0 && day.quote_volume8 > 0, "a day has volume");
    time(day.at);
  }
  void take(const feed_reset&) { rule(false, "a simulated book is never lost"); }

  void time(timestamp_ns at) {
    rule(at.value >= last_at, "time does not go back");
    last_at = at.value;
  }
  void check_book() {
    const auto bid = book.best(side::buy), ask = book.best(side::sell);
    rule(bid && ask, "both sides have a price");
    if (bid && ask) rule(bid->price8 < ask->price8, "the book is not crossed");
    rule(book.level_count() <= 240, "the book is bounded");
  }
};

struct floor_of_watchers {
  explicit floor_of_watchers(const std::vector<sim_instrument>& instruments) {
    for (const auto& one : instruments) watchers[one.symbol].instrument = one;
  }
  void take(const std::vector<feed_news>& news) {
    for (const auto& one : news)
      std::visit([&](const auto& message) { watchers.at(message.symbol).take(message); }, one);
  }
  [[nodiscard]] std::int64_t middle8(const char* symbol) const {
    const auto& book = watchers.at(symbol).book;
    return (book.best(side::buy)->price8 + book.best(side::sell)->price8) / 2;
  }
  std::map<std::string, watcher> watchers;
};

std::uint64_t play(std::uint64_t seed, std::int64_t seconds) {
  sim_source source(seed, usual());
  std::vector<feed_news> news;
  for (std::int64_t at = 0; at <= 10 * seconds; ++at)
    source.next({start.value + at * second / 10}, news);
  return hash_of(news);
}

} // namespace

TEST_CASE("sim_source: the same seed says the same, another one something else") {
  for (const auto seed : tests::seeds(5)) {
    CAPTURE(seed);
    CHECK(play(seed, 60) == play(seed, 60));
    CHECK(play(seed, 60) != play(seed + 1, 60));
  }
}

TEST_CASE("sim_source: begins with a snapshot each and trades within the first second") {
  for (const auto seed : tests::seeds(20)) {
    CAPTURE(seed);
    sim_source source(seed, usual());
    CHECK_FALSE(source.is_synchronised("BTCUSDT"));
    std::vector<feed_news> news;
    source.next(start, news);
    REQUIRE(news.size() == 18);
    CHECK(source.is_synchronised("BTCUSDT"));
    CHECK_FALSE(source.is_synchronised("NOSUCH"));
    floor_of_watchers floor(usual());
    floor.take(news);
    for (auto& [symbol, one] : floor.watchers) {
      CHECK(one.snapshots == 1);
      CHECK(one.tickers == 1);
      CHECK(one.book.level_count() == 200);
    }
    news.clear();
    source.next({start.value + second}, news);
    floor.take(news);
    std::size_t trades = 0;
    for (const auto& watched : floor.watchers) {
      CAPTURE(watched.first);
      const auto& one = watched.second;
      CHECK(one.broken == "");
      CHECK(one.updates >= 6);
      trades += one.trades;
    }
    CHECK(trades >= 6);
  }
}

TEST_CASE("sim_source: a day keeps every rule of an exchange, at sane rates") {
  auto instruments = usual();
  instruments.resize(3); // a cross and its legs
  for (const auto seed : tests::seeds(1)) {
    CAPTURE(seed);
    sim_source source(seed, instruments);
    floor_of_watchers floor(instruments);
    std::vector<feed_news> news;
    std::size_t messages = 0, apart = 0; // seconds in which ETHBTC and its legs disagreed
    std::int64_t apart_ppm_max = 0;
    for (std::int64_t at = 0; at <= 86'400; ++at) {
      news.clear();
      source.next({start.value + at * second}, news);
      floor.take(news);
      messages += news.size();
      if (at % 1'000 == 0) source.request_snapshot("ETHUSDT");
      const auto implied = static_cast<std::int64_t>(
        static_cast<__int128>(floor.middle8("ETHUSDT")) * whole / floor.middle8("BTCUSDT"));
      const auto ppm = std::abs(floor.middle8("ETHBTC") - implied) * 1'000'000 / implied;
      apart_ppm_max = std::max(apart_ppm_max, ppm);
      apart += ppm > 500; // about two ticks
    }
    CHECK(source.status().messages == messages);
    CHECK(apart < 24 * 36); // 1 % of the time
    CHECK(apart_ppm_max < 10'000);
    CHECK(floor.watchers.at("ETHUSDT").snapshots == 88);
    for (const auto& watched : floor.watchers) {
      CAPTURE(watched.first);
      const auto& one = watched.second;
      CHECK(one.broken == "");
      const auto rate = [](std::size_t count) { return static_cast<double>(count) / (24 * 3'600); };
      CHECK(rate(one.updates) > 5);
      CHECK(rate(one.updates) <= 10.01);
      CHECK(rate(one.trades) > 0.5);
      CHECK(rate(one.trades) < 20);
      CHECK(rate(one.tickers) < 10);
      CHECK(rate(one.numbers) > 0.99);
      const auto first = scale_of(one.instrument).start_price8;
      CHECK(one.low8 > first / 2);
      CHECK(one.high8 < first * 2);
      CHECK((one.high8 - one.low8) * 200 > first); // it moves by more than half a percent a day
      std::size_t quiet = SIZE_MAX, busy = 0;
      for (std::int64_t hour = 0; hour < 24; ++hour) {
        const auto at = one.trades_by_hour.find(hour);
        const auto count = at == one.trades_by_hour.end() ? 0 : at->second;
        quiet = std::min(quiet, count);
        busy = std::max(busy, count);
      }
      CHECK(quiet > 0);
      CHECK(busy > 3 * quiet);
    }
  }
}

TEST_CASE("sim_source: what it costs (printed, not asserted)") {
  sim_source source(1, usual());
  std::vector<feed_news> news;
  std::size_t messages = 0;
  const auto begin = std::chrono::steady_clock::now();
  for (std::int64_t at = 0; at <= 36'000; ++at) {
    news.clear();
    source.next({start.value + at * second / 10}, news);
    messages += news.size();
  }
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  CHECK(messages > 3'600 * 60);
  std::printf("sim_source: an hour of 6 markets, %zu messages, in %.2f s: %.3f %% of a core\n",
              messages, spent.count(), spent.count() / 36);
}

TEST_CASE("sim_source: coarse, fine, cheap and dear markets keep the rules") {
  const std::vector<sim_instrument> odd = {
    {"AAUSDT", "AA", "USDT", whole, whole, 0},                     // tick as large as the price
    {"BBUSDT", "BB", "USDT", 1, whole, 600},                       // 0.000006
    {"CCUSDT", "CC", "USDT", whole / 100, 1, 9'000'000 * whole},   // dear
    {"DDBTC", "DD", "BTC", 1, whole, 0},                           // no legs
    {"USDCUSDT", "USDC", "USDT", whole / 10'000, whole, 0},        // hardly moves
    {"BTCUSDT", "BTC", "USDT", whole / 100, whole / 100'000, 0},   //
    {"EEUSDT", "EE", "USDT", whole / 100, whole, 2 * whole / 100}, // two ticks
    {"BBBTC", "BB", "BTC", 1, whole, 0},                           // quotient below its tick
  };
  for (const auto seed : tests::seeds(10)) {
    CAPTURE(seed);
    sim_source source(seed, odd);
    floor_of_watchers floor(odd);
    std::vector<feed_news> news;
    for (std::int64_t at = 0; at < 600; ++at) {
      news.clear();
      source.next({start.value + at * second}, news);
      floor.take(news);
    }
    for (const auto& watched : floor.watchers) {
      CAPTURE(watched.first);
      const auto& one = watched.second;
      CHECK(one.broken == "");
      CHECK(one.trades > 100);
    }
  }
}

TEST_CASE("sim_source: a market can be added while it runs, and changes no other") {
  auto instruments = usual();
  sim_source alone(3, instruments), joined(3, instruments);
  const sim_instrument more{"DOGEUSDT", "DOGE", "USDT", whole / 100'000, whole, 0};
  instruments.push_back(more);
  floor_of_watchers floor(instruments);
  std::vector<feed_news> a, b;
  for (std::int64_t at = 0; at < 100; ++at) {
    if (at == 50) {
      joined.add(more);
      joined.add(more);
      CHECK_FALSE(joined.is_synchronised("DOGEUSDT"));
      CHECK(joined.next_due()->value <= start.value + at * second);
    }
    alone.next({start.value + at * second}, a);
    joined.next({start.value + at * second}, b);
  }
  floor.take(b);
  CHECK(floor.watchers.at("DOGEUSDT").snapshots == 1);
  CHECK(floor.watchers.at("DOGEUSDT").updates > 100);
  for (const auto& [symbol, one] : floor.watchers) CHECK(one.broken == "");
  std::erase_if(b, [](const feed_news& one) {
    return std::visit([](const auto& message) { return message.symbol == "DOGEUSDT"; }, one);
  });
  CHECK(hash_of(a) == hash_of(b));
}

TEST_CASE("sim_source: is due at its turns; after a long sleep it goes on without the lost time") {
  sim_source source(1, usual());
  std::vector<feed_news> news;
  source.next(start, news);
  std::set<std::int64_t> dues;
  for (int i = 0; i < 40; ++i) {
    const auto at = *source.next_due();
    CHECK(dues.insert(at.value).second);
    source.next(at, news);
  }
  CHECK(*dues.rbegin() == start.value + second);

  floor_of_watchers floor(usual());
  floor.take(news);
  news.clear();
  const auto later = start.value + 3'600 * second;
  source.next({later}, news);
  floor.take(news);
  CHECK(news.size() < 200);
  news.clear();
  source.next({later + second}, news);
  floor.take(news);
  for (const auto& [symbol, one] : floor.watchers) {
    CHECK(one.broken == "");
    CHECK(one.last_at > later);
    CHECK(one.last_at <= later + second);
  }
  CHECK(source.next_due()->value > later + second);
  CHECK(source.next_due()->value <= later + second + second / 10);
  news.clear();
  source.next({later - 5 * second}, news); // a clock that goes back waits
  CHECK(news.empty());
}

TEST_CASE("sim_source: without markets it says nothing and is never due") {
  sim_source source(1, {});
  std::vector<feed_news> news;
  source.next(start, news);
  source.next({start.value + second}, news);
  CHECK(news.empty());
  CHECK_FALSE(source.next_due());
  source.request_snapshot("BTCUSDT");
  source.next({start.value + second}, news);
  CHECK(news.empty());
}

TEST_CASE("sim_source: its history is whole, joins the start price, and crosses agree with it") {
  for (const auto seed : tests::seeds(5)) {
    CAPTURE(seed);
    const auto instruments = usual();
    sim_source source(seed, instruments);
    const timestamp_ns until{start.value + 17 * second};
    std::map<std::string, std::vector<candle>> minutes;
    for (const auto& one : instruments) {
      CAPTURE(one.symbol);
      const auto rows = source.history(one.symbol, candle_interval::m1, until);
      REQUIRE(rows.size() == 1'440);
      CHECK(rows.back().open_time.value + 60 * second <= until.value);
      CHECK(rows.back().open_time.value + 120 * second > until.value);
      bool is_sound = true, is_joined = true;
      for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& row = rows[i];
        is_sound = is_sound && row.low.value > 0 && row.low <= row.open && row.low <= row.close &&
                   row.high >= row.open && row.high >= row.close && row.volume.value > 0 &&
                   row.trades > 0 && row.quote_volume.value > 0 &&
                   row.taker_buy_volume <= row.volume && row.open_time.value % (60 * second) == 0;
        if (i == 0) continue;
        is_joined = is_joined && row.open == rows[i - 1].close &&
                    row.open_time.value == rows[i - 1].open_time.value + 60 * second;
      }
      CHECK(is_sound);
      CHECK(is_joined);
      minutes[one.symbol] = rows;

      std::vector<feed_news> news;
      sim_source fresh(seed, {one.symbol == "ETHBTC" ? instruments : std::vector{one}});
      fresh.next(until, news);
      for (const auto& message : news)
        if (const auto* best = std::get_if<feed_ticker>(&message))
          if (best->symbol == one.symbol) CHECK(best->bid8 == rows.back().close.value * one.tick8);

      const auto hours = source.history(one.symbol, candle_interval::h1, until);
      CHECK(hours.size() >= 23);
      CHECK(hours.size() <= 24);
      std::int64_t volume = 0, high = 0;
      for (const auto& row : rows)
        if (row.open_time.value / (3'600 * second) ==
            hours.back().open_time.value / (3'600 * second)) {
          volume += row.volume.value;
          high = std::max(high, row.high.value);
        }
      CHECK(hours.back().volume.value == volume);
      CHECK(hours.back().high.value == high);
      CHECK(
        source.history(one.symbol, candle_interval::d1, until, sim_history_minutes_max).size() >=
        6);
    }
    for (std::size_t i = 0; i < 1'440; ++i) {
      const auto implied = static_cast<double>(minutes["ETHUSDT"][i].close.value) /
                           static_cast<double>(minutes["BTCUSDT"][i].close.value);
      const auto said = static_cast<double>(minutes["ETHBTC"][i].close.value) / 100'000;
      if (std::abs(said / implied - 1) > 0.001) {
        CAPTURE(i);
        FAIL_CHECK("ETHBTC ", said, " is not ETHUSDT / BTCUSDT ", implied);
        break;
      }
    }
  }
  sim_source source(1, usual());
  CHECK(source.history("NOSUCH", candle_interval::m1, start).empty());
  CHECK(source.history("BTCUSDT", candle_interval::s1, start).empty());
}

TEST_CASE("sim_source: the 24-hour statistics begin with the history") {
  sim_source source(1, usual());
  std::vector<feed_news> news;
  source.next(start, news);
  for (const auto& one : news) {
    const auto* day = std::get_if<feed_statistics>(&one);
    if (day == nullptr || day->symbol != "BTCUSDT") continue;
    const auto rows = source.history("BTCUSDT", candle_interval::m1, start);
    std::int64_t high = 0, lots = 0;
    for (const auto& row : rows) {
      high = std::max(high, row.high.value);
      lots += row.volume.value;
    }
    CHECK(day->open8 == rows.front().open.value * whole / 100);
    CHECK(day->high8 == high * whole / 100);
    CHECK(day->volume8 == lots * whole / 100'000);
  }
}

TEST_CASE("silent_source: says nothing and is finished") {
  silent_source source;
  std::vector<feed_news> news;
  source.request_snapshot("BTCUSDT");
  source.next(start, news);
  CHECK(news.empty());
  CHECK_FALSE(source.next_due());
  CHECK_FALSE(source.is_synchronised("BTCUSDT"));
  CHECK(source.status().is_finished);
}

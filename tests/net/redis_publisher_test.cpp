// Copies of market data in a real Redis, whatever happens to it: the faces are real, their news come from the test.
#include "actors/public_faces.hpp"
#include "net/redis/redis_publisher.hpp"
#include "storage/testing/redis_server.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace rialto::net {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using storage::redis_connection;
using storage::redis_server;

constexpr timestamp_ns noon{1'723'118'400'000'000'000};

/// The faces of two markets as a node's actors write and its gate shows them.
class face_gate final : public actors::gate {
public:
  face_gate() {
    for (const auto* symbol : {"BTCUSDT", "ETHUSDT"}) {
      instrument spec;
      spec.market = {symbol[0] == 'B' ? 1U : 2U};
      spec.symbol = symbol;
      spec.tick_size = {1'000'000};
      spec.lot_size = {1'000};
      faces_.add(spec);
      change(spec.market.value, 1, 0, true);
    }
  }
  /// One more update of a market's book; `size` 0 takes the level away.
  void change(std::uint64_t market, std::int64_t price, std::int64_t size, bool is_whole = false) {
    market_publication news;
    news.at = noon;
    news.first_update = news.last_update = ++update_;
    news.levels = {{side::buy, {price}, {size}}};
    news.is_snapshot = is_whole;
    tell(market, std::move(news));
  }
  void trade(std::uint64_t market, std::int64_t price) {
    market_publication news;
    news.at = noon;
    news.trades.push_back({{++trade_}, {price}, {1}, false, noon});
    tell(market, std::move(news));
  }
  void tick() {
    std::vector<actors::channel_message> out;
    std::vector<actors::closed_candles> closed;
    for (const std::uint64_t market : {1, 2}) {
      auto face = faces_.find(market_id{market});
      if (auto ticker = face->market.ticker_if_changed(noon)) out.push_back(std::move(*ticker));
      face->candles.advance(noon, closed, out);
    }
    if (edge != nullptr) edge->broadcast(std::move(out));
  }

  void submit(std::vector<actors::request>) override {}
  [[nodiscard]] std::shared_ptr<const actors::directory> markets() const override {
    return faces_.markets();
  }
  [[nodiscard]] order_id next_order_id(std::uint32_t) override { return {}; }
  [[nodiscard]] std::uint64_t next_id(std::string_view) override { return 0; }
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view) override { return {}; }
  [[nodiscard]] std::optional<actors::channel_message>
  channel_snapshot(std::string_view channel) const override {
    return faces_.snapshot(channel, noon);
  }
  [[nodiscard]] std::optional<actors::market_look> look(std::string_view symbol,
                                                        std::size_t levels_max) const override {
    return faces_.look(symbol, levels_max, noon);
  }
  [[nodiscard]] std::optional<candle> running_candle(market_id market,
                                                     candle_interval interval) const override {
    const auto face = faces_.find(market);
    return face ? face->candles.current(interval) : std::nullopt;
  }
  [[nodiscard]] std::optional<std::vector<actors::channel_message>>
  channel_since(std::string_view channel, std::uint64_t sequence) const override {
    return faces_.since(channel, sequence);
  }
  [[nodiscard]] bool wait_for_lists(std::function<void()>) override { return false; }
  [[nodiscard]] bool is_ready(std::string&) const override { return true; }

  actors::edge* edge = nullptr;

private:
  void tell(std::uint64_t market, market_publication news) {
    news.market = {market};
    auto face = faces_.find(news.market);
    auto out = face->market.apply(news);
    std::vector<actors::closed_candles> closed;
    if (!news.trades.empty()) face->candles.add(news.trades, closed, out);
    if (edge != nullptr && !out.empty()) edge->broadcast(std::move(out));
  }

  actors::public_faces faces_{1'000'000};
  std::uint64_t update_ = 0, trade_ = 0;
};

/// What a node's sockets would get.
class recorded_edge final : public actors::edge {
public:
  void deliver(std::shared_ptr<actors::release>) override { ++delivered; }
  void news_lost() override { ++lost; }
  void broadcast(std::vector<actors::channel_message> messages) override {
    for (auto& one : messages) sent[one.channel].push_back(*one.bytes);
  }
  [[nodiscard]] bool wants(market_id market) const override { return market.value == 2; }
  void publish(std::shared_ptr<const actors::market_numbers>) override { ++numbers; }
  std::map<std::string, std::vector<std::string>> sent;
  int delivered = 0, numbers = 0, lost = 0;
};

/// A node with a Redis; how long something takes decides nothing.
struct floor {
  redis_server server;
  face_gate gate;
  recorded_edge sockets;
  redis_publisher copies;
  redis_edge tap{sockets, copies};

  explicit floor(redis_publisher_options options = {}, std::vector<std::string> words = {})
      : server(std::move(words)), copies(with_address(std::move(options)), gate) {
    gate.edge = &tap;
  }
  ~floor() { copies.stop(); }

  redis_publisher_options with_address(redis_publisher_options options) const {
    options.at.port = server.address().port;
    options.at.answer_within = 200ms;
    options.book_every = 10ms;
    options.pause_max = 100ms;
    return options;
  }
  void start() {
    copies.start();
    wait([&] { return copies.statistics().is_connected.load(); });
  }
  template <class Condition>
  static void wait(Condition&& is_so) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!is_so()) {
      REQUIRE(std::chrono::steady_clock::now() < end);
      std::this_thread::sleep_for(1ms);
    }
  }
  redis_connection reader() const {
    auto to = server.address();
    to.answer_within = 60s;
    return redis_connection(to);
  }
  std::string key(const std::string& name) const {
    return reader().ask({"GET", "rialto:latest:" + name}).text;
  }
  json book(const std::string& symbol) const {
    const auto text = key("book." + symbol);
    return text.empty() ? json() : json::parse(text);
  }
  /// Until the key of the book is the book.
  void wait_for_book(const std::string& symbol) const {
    wait([&] { return key("book." + symbol) == *gate.channel_snapshot("book." + symbol)->bytes; });
  }
};

/// One who hears a channel from now on.
class ear {
public:
  ear(redis_connection from, const std::string& channel) : redis_(std::move(from)) {
    redis_.ask({"SUBSCRIBE", channel});
  }
  std::string next() { return redis_.receive().items.at(2).text; }

private:
  redis_connection redis_;
};

std::uint64_t sequence_of(const std::string& message) {
  return json::parse(message).at("seq");
}

} // namespace

TEST_CASE("redis: of several nodes the owner of a market publishes it, and a new one begins with "
          "the whole book") {
  std::atomic<std::uint64_t> owned{1};
  redis_publisher_options options;
  options.refresh_every = 50ms;
  options.is_ours = [&](market_id market) { return market.value == owned; };
  floor at(std::move(options));
  ear both(at.reader(), "rialto:book.ETHUSDT"), btc(at.reader(), "rialto:book.BTCUSDT");
  at.start();
  at.gate.change(2, 200, 1);
  at.gate.change(1, 100, 1);
  at.wait_for_book("BTCUSDT");
  CHECK(at.key("book.ETHUSDT").empty());
  CHECK(sequence_of(btc.next()) > 0);
  owned = 2;
  at.wait_for_book("ETHUSDT");
  at.gate.change(2, 201, 1);
  const auto first = json::parse(both.next()); // nothing of the time before
  CHECK(first.at("data").at("type") == "snapshot");
  CHECK(first.at("data").at("bids").size() == 2);
  const auto published = at.copies.statistics().published.load();
  at.gate.change(1, 101, 1); // another's now
  at.gate.change(2, 202, 1);
  CHECK(sequence_of(both.next()) > first.at("seq"));
  CHECK(at.copies.statistics().published == published + 1);
}

TEST_CASE("redis: subscribers hear what the sockets hear, byte for byte") {
  floor at;
  at.start();
  ear book(at.reader(), "rialto:book.BTCUSDT"), trades(at.reader(), "rialto:trades.BTCUSDT");
  for (int i = 1; i <= 50; ++i) {
    at.gate.change(1, 100 + i, i);
    at.gate.trade(1, 100 + i);
  }
  // Before its first news a channel begins with what there is: the same number, the newest state.
  const auto& sent = at.sockets.sent;
  const auto first = sequence_of(book.next());
  for (const auto& one : sent.at("book.BTCUSDT"))
    if (sequence_of(one) > first) CHECK(book.next() == one);
  auto heard = trades.next();
  for (const auto& one : sent.at("trades.BTCUSDT")) {
    if (sequence_of(one) > sequence_of(heard)) heard = trades.next();
    if (sequence_of(one) == sequence_of(heard) && sequence_of(one) > 1'000'050) CHECK(heard == one);
  }
  CHECK(sequence_of(heard) == 1'000'050);
  CHECK(at.copies.statistics().dropped == 0);
}

TEST_CASE("redis: the keys hold whole books, tickers and candles, and end by themselves") {
  redis_publisher_options options;
  options.key_seconds = 20;
  floor at(options);
  at.start();
  at.gate.change(1, 100, 5);
  at.gate.change(1, 101, 6);
  at.gate.change(1, 100, 0);
  at.gate.trade(1, 101);
  at.gate.tick();
  at.wait_for_book("BTCUSDT");
  const auto book = at.book("BTCUSDT");
  CHECK(book["channel"] == "book.BTCUSDT");
  CHECK(book["data"]["type"] == "snapshot");
  CHECK(book["data"]["bids"] == json::parse(R"([["1.01","0.00006"]])"));
  at.wait_for_book("ETHUSDT"); // no news of it came
  at.wait(
    [&] { return at.key("candles.1m.BTCUSDT") == at.sockets.sent["candles.1m.BTCUSDT"].back(); });
  at.wait([&] { return json::parse(at.key("ticker.BTCUSDT"))["data"]["last_price"] == "1.01"; });
  CHECK(at.key("candles.1m.ETHUSDT").empty());
  auto redis = at.reader();
  const auto trades = redis.ask({"XREVRANGE", "rialto:recent:trades.BTCUSDT", "+", "-"});
  REQUIRE(trades.items.size() == 1);
  const auto& fields = trades.items[0].items.at(1).items;
  CHECK(fields.at(0).text == "seq");
  CHECK(fields.at(1).text == "1000001");
  CHECK(fields.at(3).text == at.sockets.sent["trades.BTCUSDT"].back());
  const auto keys = redis.ask({"KEYS", "*"}).items;
  CHECK(keys.size() == 2 + 2 + std::size(all_candle_intervals) + 1);
  for (const auto& key : keys) {
    CAPTURE(key.text);
    CHECK(key.text.starts_with("rialto:"));
    const auto left = redis.ask({"TTL", key.text}).number;
    CHECK(left > 0);
    CHECK(left <= 20);
  }
}

TEST_CASE("redis: keys of a quiet market are written again before they end") {
  redis_publisher_options options;
  options.refresh_every = 20ms;
  options.key_seconds = 1;
  floor at(options);
  at.start();
  at.gate.trade(1, 100);
  at.gate.tick();
  auto redis = at.reader();
  const auto has = [&](const char* key) { return redis.ask({"EXISTS", key}).number == 1; };
  for (const auto* key : {"rialto:latest:book.ETHUSDT", "rialto:latest:candles.1d.BTCUSDT",
                          "rialto:recent:trades.BTCUSDT"}) {
    CAPTURE(key);
    at.wait([&] { return has(key); });
  }
  const auto keys = at.copies.statistics().keys.load();
  at.wait([&] { return at.copies.statistics().keys > keys + 1'000; }); // about two lives of a key
  CHECK(has("rialto:latest:book.ETHUSDT"));
  CHECK(has("rialto:recent:trades.BTCUSDT"));
  redis.ask({"FLUSHALL"});
  at.wait([&] { return has("rialto:latest:book.ETHUSDT"); });
  at.copies.stop(); // as a node that died
  at.wait([&] { return redis.ask({"DBSIZE"}).number == 0; });
}

TEST_CASE(
  "redis: after a server died its successor gets whole books, and the trades that were missed") {
  floor at;
  at.start();
  at.gate.change(1, 100, 5);
  at.gate.trade(1, 100);
  at.wait_for_book("BTCUSDT");
  at.server.kill();
  for (int i = 1; i <= 30; ++i) {
    at.gate.change(1, 200 + i, i);
    at.gate.trade(1, 200 + i);
  }
  at.wait([&] { return !at.copies.statistics().is_connected; });
  CHECK(at.sockets.sent["trades.BTCUSDT"].size() == 31);
  at.server.start();
  at.wait([&] { return at.copies.statistics().is_connected.load(); });
  CHECK(at.copies.statistics().reconnects == 1);
  at.wait_for_book("BTCUSDT");
  at.wait_for_book("ETHUSDT");
  auto redis = at.reader();
  const auto recent = redis.ask({"XREVRANGE", "rialto:recent:trades.BTCUSDT", "+", "-"});
  REQUIRE(recent.items.size() == 1); // of the lost ones there are the last hundred
  const auto message = json::parse(recent.items[0].items.at(1).items.at(3).text);
  CHECK(message["data"]["trades"].size() == 31);
  CHECK(message["seq"] == 1'000'031);
  ear book(at.reader(), "rialto:book.BTCUSDT");
  at.gate.change(1, 100, 6);
  CHECK(book.next() == at.sockets.sent["book.BTCUSDT"].back());
}

TEST_CASE("redis: who stays subscribed through a hang gets a whole book and every trade in order") {
  floor at;
  at.start();
  at.gate.trade(1, 100);
  ear book(at.reader(), "rialto:book.BTCUSDT"), trades(at.reader(), "rialto:trades.BTCUSDT");
  at.wait([&] { // so the channel has begun, and its confirmed number is known
    return at.reader().ask({"EXISTS", "rialto:recent:trades.BTCUSDT"}).number == 1;
  });
  at.gate.change(1, 100, 1);
  at.wait_for_book("BTCUSDT"); // a round behind the trade's
  at.server.set_frozen(true);
  for (int i = 1; i <= 100; ++i) { // the sockets go on all the while
    at.gate.change(1, 200 + i, i);
    at.gate.trade(1, 200 + i);
  }
  at.wait([&] { return !at.copies.statistics().is_connected; });
  at.server.set_frozen(false);
  at.wait([&] { return at.copies.statistics().is_connected.load(); });
  std::uint64_t heard = 0;
  while (heard < 1'000'101) { // what was under way when it hung may come twice
    const auto next = sequence_of(trades.next());
    CHECK(next <= std::max<std::uint64_t>(heard, 1'000'001) + 1);
    heard = std::max(heard, next);
  }
  for (;;) {
    const auto message = json::parse(book.next());
    if (message["seq"] < at.gate.channel_snapshot("book.BTCUSDT")->sequence) continue;
    CHECK(message["data"]["bids"].size() == (message["data"]["type"] == "snapshot" ? 101 : 1));
    break;
  }
  at.wait_for_book("BTCUSDT");
}

TEST_CASE("redis: more than is kept is dropped, counted and stood for by the last trades") {
  floor at;
  at.start();
  at.gate.trade(1, 100);
  at.wait([&] { return at.key("book.BTCUSDT") != ""; });
  at.wait([&] { return at.reader().ask({"EXISTS", "rialto:recent:trades.BTCUSDT"}).number == 1; });
  at.server.kill();
  at.gate.change(1, 100, 1);
  at.wait([&] { return !at.copies.statistics().is_connected; });
  for (int i = 0; i < 1'500; ++i) at.gate.trade(1, 100);
  at.server.start();
  at.wait([&] { return at.copies.statistics().is_connected.load(); });
  CHECK(at.copies.statistics().dropped >= 1'500);
  const auto recent =
    at.reader().ask({"XREVRANGE", "rialto:recent:trades.BTCUSDT", "+", "-", "COUNT", "1"});
  const auto message = json::parse(recent.items.at(0).items.at(1).items.at(3).text);
  CHECK(message["seq"] == 1'001'501);
  CHECK(message["data"]["trades"].size() == 100);
}

TEST_CASE("redis: a server that says no is away until it says yes") {
  floor at({}, {"--requirepass", "correct-horse"});
  at.copies.start();
  at.gate.change(1, 100, 1);
  auto to = at.server.address();
  to.password = "correct-horse";
  redis_connection admin(to);
  at.wait([&] { // it tries again and again
    const std::string name = "total_connections_received:";
    const auto said = admin.ask({"INFO", "stats"}).text;
    return std::stoi(said.substr(said.find(name) + name.size())) > 5;
  });
  CHECK_FALSE(at.copies.statistics().is_connected);
  CHECK(admin.ask({"DBSIZE"}).number == 0);
  admin.ask({"CONFIG", "SET", "requirepass", ""});
  at.wait_for_book("BTCUSDT");
  // The same when it has no memory left in the middle of the day.
  admin.ask({"CONFIG", "SET", "maxmemory-policy", "noeviction"});
  admin.ask({"CONFIG", "SET", "maxmemory", "1"});
  at.gate.change(1, 100, 2);
  at.wait([&] { return !at.copies.statistics().is_connected; });
  admin.ask({"CONFIG", "SET", "maxmemory", "0"});
  at.wait_for_book("BTCUSDT");
  CHECK(at.copies.statistics().is_connected);
}

TEST_CASE("redis: the rights that docs/REDIS.md names are enough") {
  redis_publisher_options options;
  options.at.user = "node";
  options.at.password = "correct-horse";
  options.at.database = 2;
  floor at(options, {"--user", "node", "on", ">correct-horse", "~rialto:*", "&rialto:*", "+publish",
                     "+set", "+xadd", "+expire", "+exists", "+select"});
  at.start();
  at.gate.trade(1, 100);
  at.gate.tick();
  auto redis = at.reader();
  redis.ask({"SELECT", "2"});
  at.wait([&] { return redis.ask({"EXISTS", "rialto:recent:trades.BTCUSDT"}).number == 1; });
  CHECK(at.copies.statistics().is_connected);
}

TEST_CASE("redis: a node that begins without Redis finds it later") {
  floor at;
  at.server.kill();
  at.copies.start();
  for (int i = 1; i <= 10; ++i) at.gate.trade(1, i);
  at.gate.change(2, 7, 7);
  at.server.start();
  at.wait_for_book("ETHUSDT");
  const auto recent = at.reader().ask({"XRANGE", "rialto:recent:trades.BTCUSDT", "-", "+"});
  REQUIRE(recent.items.size() == 1);
  CHECK(json::parse(recent.items[0].items.at(1).items.at(3).text)["data"]["trades"].size() == 10);
  CHECK(at.copies.statistics().dropped == 0);
}

TEST_CASE("redis: the tap hands everything on, with and without a Redis") {
  floor at;
  at.server.kill();
  at.tap.deliver(nullptr);
  at.tap.publish(nullptr);
  CHECK(at.sockets.delivered == 1);
  CHECK(at.sockets.numbers == 1);
  CHECK(at.tap.wants({2}));
  CHECK_FALSE(at.tap.wants({1}));
  for (int i = 0; i < 10'000; ++i) at.gate.change(1, 100, 1 + i);
  CHECK(at.sockets.sent["book.BTCUSDT"].size() == 10'000);
  at.copies.stop(); // never started
}

TEST_CASE("redis_edge: what may be missing is told to the sockets behind it") {
  floor one;
  one.tap.news_lost();
  CHECK(one.sockets.lost == 1);
}

} // namespace rialto::net

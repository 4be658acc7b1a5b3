// Stream connections in Binance's words: what clients say, and market data on the real entities.
#include "tests/domain/market_fixture.hpp"
#include "tests/net/binance_streams.hpp"
#include "tests/simulation/random.hpp"

namespace rialto::net {

TEST_CASE("binance streams: subscribe, list, unsubscribe, the two forms, and errors that leave the "
          "socket open") {
  streaming_market at;
  auto& node = at.node;
  const auto raw = node.connect("/ws/0");
  auto answer = node.say(
    raw,
    {{"method", "SUBSCRIBE"}, {"params", {"btcusdt@trade", "btcusdt@depth@100ms"}}, {"id", 1}});
  REQUIRE(answer.size() == 1);
  CHECK(answer[0] == json{{"result", nullptr}, {"id", 1}});
  answer = node.say(raw, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", "a"}});
  CHECK(answer[0] == json{{"result", {"btcusdt@trade", "btcusdt@depth@100ms"}}, {"id", "a"}});
  const auto both = node.connect("/stream?streams=btcusdt%40trade/btcusdt@bookTicker");
  const auto empty = node.connect("/stream?streams=");
  CHECK(node.say(empty, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", nullptr}})[0] ==
        json{{"result", json::array()}, {"id", nullptr}});

  at.trade("20000", "0.5");
  const auto bare = node.heard(raw);
  REQUIRE(bare.size() == 1); // the book's change waits for the window's end
  CHECK(bare[0]["e"] == "trade");
  const auto wrapped = node.heard(both);
  REQUIRE(wrapped.size() >= 2);
  CHECK(std::count(wrapped.begin(), wrapped.end(),
                   json{{"stream", "btcusdt@trade"}, {"data", bare[0]}}) == 1);
  CHECK(node.heard(empty).empty());

  answer = node.say(raw, {{"method", "UNSUBSCRIBE"}, {"params", {"btcusdt@trade"}}, {"id", 2}});
  CHECK(answer[0] == json{{"result", nullptr}, {"id", 2}});
  at.trade("20000", "0.5");
  CHECK(node.heard(raw).empty());

  for (const auto& [params, text] :
       {std::pair<std::string, std::string>{"nosuch@trade", "unknown symbol"},
        {"btcusdt@nosuch", "unknown stream"},
        {"BTCUSDT@trade", "unknown stream"},
        {std::string(64, 'k'), "unknown listenKey"}}) {
    answer =
      node.say(raw, {{"method", "SUBSCRIBE"}, {"params", {"btcusdt@ticker", params}}, {"id", 3}});
    CHECK(answer[0]["error"]["code"] == 2);
    CHECK_MESSAGE(answer[0]["error"]["msg"].get<std::string>().find(text) != std::string::npos,
                  answer[0].dump());
    CHECK(answer[0]["id"] == 3);
  }
  CHECK(node.say(raw, {{"method", "LIST_SUBSCRIPTIONS"}, {"id", 4}})[0]["result"] ==
        json{"btcusdt@depth@100ms"}); // all or none
  CHECK(node.say(raw, std::string("{"))[0]["error"]["code"] == 3);
  CHECK_FALSE(node.port.closed.contains(raw));

  CHECK(
    node.say(raw, {{"method", "GET_PROPERTY"}, {"params", {"combined"}}, {"id", 5}})[0]["result"] ==
    false);
  CHECK(node
          .say(raw,
               {{"method", "SET_PROPERTY"}, {"params", {"combined", true}}, {"id", 6}})[0]["result"]
          .is_null());
  node.wait(200);
  const auto now_wrapped = node.heard(raw);
  REQUIRE_FALSE(now_wrapped.empty());
  CHECK(now_wrapped[0]["stream"] == "btcusdt@depth@100ms");
  CHECK(node.api().binance_streams().streams() == 3);
  for (const auto id : {raw, both, empty}) node.api().closed(id);
  CHECK(node.api().binance_streams().streams() == 0);
  CHECK_FALSE(node.api().wants(at.market()));
}

TEST_CASE("binance streams: a handshake that asks for what is not there is refused by name") {
  streaming_market at;
  const auto flaw = [&](const std::string& target, const std::string& address = "127.0.0.1") {
    http_request request;
    const auto mark = target.find('?');
    request.path = std::string_view(target).substr(0, mark);
    if (mark != std::string::npos) request.query = std::string_view(target).substr(mark + 1);
    request.peer_address = address;
    request.is_loopback = address == "127.0.0.1";
    const auto no = at.node.api().refuse_upgrade(request);
    return no ? std::to_string(no->status) + " " + no->body : std::string();
  };
  for (const auto* good :
       {"/ws", "/ws/", "/ws/0", "/ws/btcusdt@trade", "/ws/btcusdt@trade/btcusdt@depth", "/stream",
        "/stream?streams=", "/stream?streams=btcusdt@trade/!miniTicker@arr&timeUnit=MICROSECOND"})
    CHECK_MESSAGE(flaw(good).empty(), good);
  CHECK(flaw("/ws/nosuch@trade").starts_with("400 {\"code\":-1121"));
  CHECK(flaw("/stream?streams=btcusdt@nosuch").starts_with("400"));
  CHECK(flaw("/stream?stream=btcusdt@trade").starts_with("400"));
  CHECK(flaw("/ws/" + std::string(64, 'k')) ==
        R"(400 {"code":-1125,"msg":"This listenKey does not exist."})");
  std::string many = "/stream?streams=";
  for (int i = 0; i < 1'025; ++i) many += "btcusdt@trade/";
  CHECK(flaw(many).starts_with("429"));
  for (int i = 0; i < binance::market_streams::connects_max; ++i)
    CHECK(flaw("/ws", "9.9.9.9").empty());
  CHECK(flaw("/ws", "9.9.9.9").starts_with("429"));
  CHECK(flaw("/ws", "9.9.9.8").empty());
  at.node.wait(301'000);
  CHECK(flaw("/ws", "9.9.9.9").empty());
}

TEST_CASE(
  "binance streams: local books of both speeds never leave REST's, whenever somebody joins") {
  streaming_market at;
  auto& node = at.node;
  for (const auto& one : {at.anna, at.bert}) {
    node.deposit(one, "USDT", "1000000000");
    node.deposit(one, "BTC", "100000");
  }
  for (const auto seed : testing::seeds(4)) {
    CAPTURE(seed);
    simulation::random dice(seed);
    std::vector<local_book> books;
    for (int step = 0; step < 400; ++step) {
      if (books.size() < 8 && dice.chance(0.05))
        books.emplace_back(node, dice.chance(0.5) ? "btcusdt@depth" : "btcusdt@depth@100ms");
      at.random_order(dice);
      if (dice.chance(0.3)) node.wait(static_cast<std::int64_t>(10 + dice.below(400)));
      for (auto& book : books) book.catch_up();
    }
    node.wait(2'000); // quiet: the last u is REST's lastUpdateId
    node.wait(2'000);
    REQUIRE_FALSE(books.empty());
    for (auto& book : books) {
      book.catch_up();
      CHECK(book.is_synced());
      book.check_equal();
      node.api().closed(book.id());
    }
  }
}

TEST_CASE("binance streams: trades, alone and together, are those of the market") {
  streaming_market at;
  auto& node = at.node;
  const auto id = node.connect("/stream?streams=btcusdt@trade/btcusdt@aggTrade");
  // Two makers at one price and one behind them, taken by one order.
  at.sell("20000", "0.1");
  at.sell("20000", "0.2");
  at.sell("20001", "0.3");
  at.buy("20001", "0.6");
  node.wait(200);
  std::vector<json> trades, groups;
  for (const auto& one : node.heard(id))
    (one["stream"] == "btcusdt@trade" ? trades : groups).push_back(one["data"]);
  REQUIRE(trades.size() == 3);
  CHECK(trades[0]["s"] == "BTCUSDT");
  CHECK(trades[0]["p"] == "20000.00000000");
  CHECK(trades[0]["q"] == "0.10000000");
  CHECK(trades[0]["m"] == false);
  CHECK(trades[0]["M"] == true);
  CHECK(trades[0]["T"].is_number_integer());
  CHECK(trades[1]["t"] == trades[0]["t"].get<std::uint64_t>() + 1);
  REQUIRE(groups.size() == 2);
  CHECK(groups[0]["e"] == "aggTrade");
  CHECK(groups[0]["q"] == "0.30000000");
  CHECK(groups[0]["a"] == trades[0]["t"]);
  CHECK(groups[0]["f"] == trades[0]["t"]);
  CHECK(groups[0]["l"] == trades[1]["t"]);
  CHECK(groups[1]["q"] == "0.30000000");
  CHECK(groups[1]["p"] == "20001.00000000");
  CHECK(groups[1]["l"] == trades[2]["t"]);
}

TEST_CASE("binance streams: best quotes and best levels have no e; tickers have every field") {
  streaming_market at;
  auto& node = at.node;
  at.sell("20010", "1");
  at.buy("19990", "2");
  const auto id =
    node.connect("/stream?streams=btcusdt@bookTicker/btcusdt@depth5@100ms/btcusdt@ticker/"
                 "btcusdt@miniTicker/!miniTicker@arr/!ticker@arr");
  at.buy("19991", "3");
  const auto best = node.heard(id);
  REQUIRE(best.size() == 1);
  const auto quote = best[0]["data"];
  CHECK_FALSE(quote.contains("e"));
  CHECK(quote["b"] == "19991.00000000");
  CHECK(quote["B"] == "3.00000000");
  CHECK(quote["a"] == "20010.00000000");
  CHECK(quote["A"] == "1.00000000");
  CHECK(quote["u"] == node.get("/api/v3/depth?symbol=BTCUSDT").body()["lastUpdateId"]);
  at.buy("19000", "1"); // not a best one
  for (const auto& one : node.heard(id)) CHECK(one["stream"] != "btcusdt@bookTicker");
  at.trade("20000", "0.5");
  static_cast<void>(node.heard(id));
  node.wait(1'000);
  std::map<std::string, json> newest;
  for (const auto& one : node.heard(id)) newest[one["stream"]] = one["data"];
  const auto depth = node.get("/api/v3/depth?symbol=BTCUSDT&limit=5").body();
  CHECK(newest["btcusdt@depth5@100ms"] == depth);
  const auto full = newest["btcusdt@ticker"],
             rest = node.get("/api/v3/ticker/24hr?symbol=BTCUSDT").body();
  const std::pair<const char*, const char*> same[] = {
    {"p", "priceChange"},      {"P", "priceChangePercent"},
    {"w", "weightedAvgPrice"}, {"x", "prevClosePrice"},
    {"c", "lastPrice"},        {"Q", "lastQty"},
    {"b", "bidPrice"},         {"B", "bidQty"},
    {"a", "askPrice"},         {"A", "askQty"},
    {"o", "openPrice"},        {"h", "highPrice"},
    {"l", "lowPrice"},         {"v", "volume"},
    {"q", "quoteVolume"},      {"F", "firstId"},
    {"L", "lastId"},           {"n", "count"}};
  CHECK(full["e"] == "24hrTicker");
  for (const auto& [name, of_rest] : same) CHECK_MESSAGE(full[name] == rest[of_rest], name);
  CHECK(full["C"].get<std::int64_t>() - full["O"].get<std::int64_t>() == 86'400'000);
  const auto mini = newest["btcusdt@miniTicker"];
  CHECK(mini["e"] == "24hrMiniTicker");
  for (const auto* name : {"c", "o", "h", "l", "v", "q", "s"})
    CHECK_MESSAGE(mini[name] == full[name], name);
  REQUIRE(newest["!miniTicker@arr"].is_array());
  CHECK(newest["!miniTicker@arr"][0]["s"] == "BTCUSDT");
  CHECK(newest["!ticker@arr"][0] == full);
  node.wait(3'000);
  for (const auto& one : node.heard(id))
    CHECK_MESSAGE(false, one.dump()); // nothing changed: nothing is said
  at.trade("20002", "0.1");
  node.wait(1'000);
  const auto again = node.heard(id);
  const auto list = std::find_if(
    again.begin(), again.end(), [](const json& one) { return one["stream"] == "!miniTicker@arr"; });
  REQUIRE(list != again.end());
  CHECK((*list)["data"].size() == 1); // only what changed
}

TEST_CASE("binance streams: klines run, close, and longer ones are made of their parts") {
  streaming_market at;
  auto& node = at.node;
  constexpr std::int64_t minute_ms = 60'000;
  const auto now_ms = node.clock.now().value / 1'000'000;
  node.wait(3 * minute_ms - now_ms % (3 * minute_ms) + 1'000); // a second into three minutes
  const auto id = node.connect("/stream?streams=btcusdt@kline_1m/btcusdt@kline_3m");
  std::map<std::string, std::vector<json>> told;
  const auto hear = [&] {
    for (const auto& one : node.heard(id)) told[one["stream"]].push_back(one["data"]["k"]);
  };
  for (int minute = 0; minute < 3; ++minute) {
    at.trade(std::to_string(20'000 + 10 * minute), "0.5");
    at.trade(std::to_string(19'995 + 10 * minute), "0.25");
    node.run_until([&] { // what the longer one has so far is read on another thread
      node.wait(100);
      hear();
      return !told["btcusdt@kline_3m"].empty();
    });
    const auto begun = node.clock.now().value / 1'000'000 / minute_ms;
    while (node.clock.now().value / 1'000'000 / minute_ms == begun) {
      node.wait(1'000);
      node.gate.close_candles();
      hear();
    }
  }
  const auto& ones = told["btcusdt@kline_1m"];
  std::vector<json> closed;
  for (const auto& one : ones)
    if (one["x"] == true) closed.push_back(one);
  REQUIRE(closed.size() == 3);
  CHECK(closed[0]["o"] == "20000.00000000");
  CHECK(closed[0]["c"] == "19995.00000000");
  CHECK(closed[0]["h"] == "20000.00000000");
  CHECK(closed[0]["l"] == "19995.00000000");
  CHECK(closed[0]["v"] == "0.75000000");
  CHECK(closed[0]["n"] == 2);
  CHECK(closed[0]["L"].get<std::int64_t>() - closed[0]["f"].get<std::int64_t>() == 1);
  CHECK(closed[1]["f"] == closed[0]["L"].get<std::int64_t>() + 1);
  CHECK(closed[0]["T"].get<std::int64_t>() - closed[0]["t"].get<std::int64_t>() == minute_ms - 1);
  CHECK(closed[1]["t"].get<std::int64_t>() - closed[0]["t"].get<std::int64_t>() == minute_ms);
  CHECK(ones.front()["x"] == false);
  const auto& threes = told["btcusdt@kline_3m"];
  std::vector<json> three_closed;
  for (const auto& one : threes)
    if (one["x"] == true) three_closed.push_back(one);
  REQUIRE(three_closed.size() == 1);
  const auto& sum = three_closed[0];
  CHECK(sum["i"] == "3m");
  CHECK(sum["t"] == closed[0]["t"]);
  CHECK(sum["T"] == closed[2]["T"]);
  CHECK(sum["o"] == closed[0]["o"]);
  CHECK(sum["c"] == closed[2]["c"]);
  CHECK(sum["h"] == "20020.00000000");
  CHECK(sum["l"] == "19995.00000000");
  CHECK(sum["v"] == "2.25000000");
  CHECK(sum["n"] == 6);
  CHECK(sum["f"] == closed[0]["f"]);
  CHECK(sum["L"] == closed[2]["L"]);
}

TEST_CASE("binance streams: listeners share an event's bytes, and nothing is made for nobody") {
  streaming_market at;
  auto& node = at.node;
  CHECK_FALSE(node.api().wants(at.market()));
  const auto a = node.connect("/ws/btcusdt@trade"), b = node.connect("/ws/btcusdt@trade");
  const auto c = node.connect("/stream?streams=btcusdt@trade"),
             d = node.connect("/stream?streams=btcusdt@trade");
  const auto fine = node.connect("/ws/btcusdt@trade?timeUnit=MICROSECOND");
  CHECK(node.api().wants(at.market()));
  at.trade("20000", "0.5");
  CHECK(node.port.bytes[a] == node.port.bytes[b]);
  CHECK(node.port.bytes[c] == node.port.bytes[d]);
  CHECK(node.port.bytes[a] != node.port.bytes[c]);
  CHECK(node.heard(fine)[0]["T"].get<std::int64_t>() / 1'000 ==
        node.heard(a)[0]["T"].get<std::int64_t>());
}

TEST_CASE("binance streams: limits of messages, of streams and of life") {
  api_settings settings;
  streaming_market at(settings);
  auto& node = at.node;
  const auto far = node.connect("/ws", "9.9.9.9"), near = node.connect("/ws");
  const json list = {{"method", "LIST_SUBSCRIPTIONS"}, {"id", 1}};
  for (int i = 0; i < 5; ++i) static_cast<void>(node.say(far, list));
  CHECK_FALSE(node.port.closed.contains(far));
  static_cast<void>(node.say(far, list));
  CHECK(node.port.closed[far] == 1'008);
  for (int i = 0; i < 20; ++i) static_cast<void>(node.say(near, list)); // this machine is not bound
  CHECK_FALSE(node.port.closed.contains(near));

  std::vector<std::string> many;
  for (const auto* kind : {"trade", "ticker"}) many.push_back(std::string("btcusdt@") + kind);
  json params = json::array();
  for (int i = 0; i < 1'100; ++i)
    params.push_back(many[static_cast<std::size_t>(i) % 2]); // doubled ones count once
  CHECK(node.say(near, {{"method", "SUBSCRIBE"}, {"params", params}, {"id", 2}})[0]["result"]
          .is_null());

  static_cast<void>(node.heard(near));
  node.wait((24 * 3'600 - 590) * 1'000LL);
  const auto warned = node.heard(near);
  CHECK(std::any_of(warned.begin(), warned.end(),
                    [](const json& one) { return one.value("e", "") == "serverShutdown"; }));
  CHECK_FALSE(node.port.closed.contains(near));
  node.wait(600'000);
  CHECK(node.port.closed[near] == 1'001);
}

TEST_CASE(
  "binance streams: a depth stream that misses an update ends its listeners, the others go on") {
  streaming_market at;
  auto& node = at.node;
  const auto deep = node.connect("/ws/btcusdt@depth"), trades = node.connect("/ws/btcusdt@trade");
  at.sell("20000", "1");
  node.wait(1'000);
  actors::market_numbers news;
  news.market = at.market();
  news.changes.emplace_back();
  news.changes.back().first_update = 1'000'000'000;
  news.changes.back().last_update = 1'000'000'001;
  node.api().binance_streams().take(news);
  CHECK(node.port.closed[deep] == 1'012);
  CHECK_FALSE(node.port.closed.contains(trades));
  const auto fresh = node.connect("/ws/btcusdt@depth"); // begins anew
  node.api().closed(deep);
  at.sell("20001", "1");
  node.wait(1'100);
  CHECK_FALSE(node.heard(fresh).empty());
}

TEST_CASE(
  "market face: a whole book that comes again tells only how it differs, and ids stay contiguous") {
  streaming_market at;
  auto& node = at.node;
  local_book book(node, "btcusdt@depth@100ms");
  at.sell("20000", "1");
  at.buy("19000", "1");
  node.wait(200);
  book.catch_up();
  const auto face = node.gate.faces().find("BTCUSDT");
  const auto seen = face->market.look(node.clock.now(), 100);
  market_publication whole;
  whole.market = at.market();
  whole.is_snapshot = true;
  whole.first_update = whole.last_update = seen.last_update + 50; // some were never told
  whole.levels = {{side::buy, {1'900'000}, {100'000}}, {side::sell, {2'000'100}, {70'000}}};
  actors::market_numbers numbers;
  static_cast<void>(face->market.apply(whole, node.api(), numbers));
  REQUIRE(numbers.changes.size() == 1);
  CHECK(numbers.changes[0].first_update == seen.last_update + 1);
  CHECK(numbers.changes[0].levels.size() ==
        2); // the old ask went, another came; the bid is as it was
  node.api().binance_streams().take(numbers);
  node.wait(200);
  book.catch_up();
  CHECK(book.is_synced());
  book.check_equal();
  actors::market_numbers again;
  static_cast<void>(face->market.apply(whole, node.api(), again)); // the same once more: no update
  CHECK(again.changes[0].last_update == 0);
  CHECK(again.changes[0].levels.empty());
}

} // namespace rialto::net

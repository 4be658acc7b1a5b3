// The stream: subscriptions, resuming, private channels and order entry.
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

namespace rialto::net {

namespace {

struct stream_floor {
  api_node node;
  trader anna, bert;
  web_socket_id socket = 0;
  stream_floor() {
    node.list("BTC", "USDT");
    anna = node.sign_up("anna@example.org");
    bert = node.sign_up("bert@example.org");
    node.deposit(anna, "USDT", "100000");
    node.deposit(bert, "BTC", "2");
    socket = node.connect();
  }
  json one(const json& message) {
    const auto heard = node.say(socket, message);
    REQUIRE_FALSE(heard.empty());
    return heard.front();
  }
  void log_in(web_socket_id id, const trader& who) {
    const auto heard =
      node.say(id, json{{"id", 1}, {"op", "authenticate"}, {"access_token", who.token}});
    REQUIRE(heard.at(0)["ok"] == true);
  }
  json place(const trader& who, const char* way, const char* price, const char* size) {
    const auto answer = node.post("/api/v1/orders", limit_order(way, price, size), who.token);
    REQUIRE_MESSAGE(answer.status == 201, answer.text);
    return answer.body();
  }
};

json of_channel(const std::vector<json>& messages, const std::string& channel) {
  json out = json::array();
  for (const auto& one : messages)
    if (one.value("channel", "") == channel) out.push_back(one);
  return out;
}

} // namespace

TEST_CASE("stream: orders are placed, amended and cancelled on the socket") {
  stream_floor at;
  auto order = limit_order("buy", "50000.00", "0.1");
  order["id"] = "x-1";
  order["op"] = "order.place";
  const auto nobody = at.one(order);
  CHECK(nobody["id"] == "x-1");
  CHECK(nobody["error"]["code"] == "unauthenticated");
  at.log_in(at.socket, at.anna);
  const auto placed = at.one(order);
  REQUIRE(placed["ok"] == true);
  CHECK(placed["id"] == "x-1");
  CHECK(placed["result"]["status"] == "new");
  const auto id = placed["result"]["order_id"];
  const auto amended =
    at.one({{"id", 2}, {"op", "order.amend"}, {"order_id", id}, {"quantity", "0.05"}});
  CHECK(amended["result"]["quantity"] == "0.05000");
  CHECK(at.one({{"id", 3}, {"op", "order.amend"}, {"order_id", id}})["error"]["field"] == "price");
  CHECK(at.one({{"id", 3}, {"op", "order.cancel"}})["error"]["field"] == "order_id");
  CHECK(at.one({{"id", 4}, {"op", "order.cancel"}, {"order_id", id}})["result"]["status"] ==
        "cancelled");
  CHECK(at.one({{"id", 5}, {"op", "order.cancel"}, {"order_id", id}})["error"]["code"] ==
        "unknown-order");
}

TEST_CASE(
  "stream: what is sent behind authenticate without waiting is taken once that is decided") {
  stream_floor at;
  const auto login = [&](const std::string& token) {
    return json{{"id", "who"}, {"op", "authenticate"}, {"access_token", token}}.dump();
  };
  const auto order = [&](int id) {
    auto one = limit_order("buy", "50000.00", "0.1");
    one["id"] = id;
    one["op"] = "order.place";
    return one.dump();
  };
  auto& api = at.node.api();
  SUBCASE("in its order, also what is wrong with it") {
    api.news_lost(); // the edge does not know her session any more and has to ask
    api.message(at.socket, login(at.anna.token), false);
    api.message(at.socket, order(1), false);
    api.message(at.socket, "{", false);
    api.message(at.socket, "x", true);
    api.message(at.socket, order(2), false);
    CHECK(at.node.port.sent[at.socket].empty());
    const auto heard = at.node.heard(at.socket);
    REQUIRE(heard.size() == 5);
    CHECK(heard[0]["id"] == "who");
    CHECK(heard[0]["ok"] == true);
    CHECK(heard[1]["error"]["code"] == "malformed-json");
    CHECK(heard[2]["error"]["code"] == "not-text");
    CHECK(heard[3]["result"]["status"] == "new");
    CHECK(heard[4]["id"] == 2);
    CHECK(heard[4]["result"]["status"] == "new");
  }
  SUBCASE("a second login among it is decided before the rest goes on") {
    api.news_lost();
    api.message(at.socket, login(at.anna.token), false);
    api.message(at.socket, login(at.bert.token), false);
    api.message(at.socket, order(1), false);
    const auto heard = at.node.heard(at.socket);
    REQUIRE(heard.size() == 3);
    CHECK(heard[0]["result"]["account_id"] == at.anna.account);
    CHECK(heard[1]["result"]["account_id"] == at.bert.account);
    CHECK(heard[2]["error"]["code"] == "insufficient-balance"); // bert has no USDT
  }
  SUBCASE("when it is refused, so is the rest") {
    at.node.gate.failing = actors::delivery::unavailable;
    api.news_lost();
    api.message(at.socket, login(at.anna.token), false);
    api.message(at.socket, order(1), false);
    const auto heard = at.node.heard(at.socket);
    REQUIRE(heard.size() == 2);
    CHECK(heard[0]["ok"] == false);
    CHECK(heard[1]["error"]["code"] == "unauthenticated");
  }
  SUBCASE("not more of it than there is room for; who closes is forgotten") {
    at.node.gate.failing = actors::delivery::unknown; // silence
    api.news_lost();
    api.message(at.socket, login(at.anna.token), false);
    const std::string ping = R"({"op":"ping","id":")" + std::string(60, 'p') + "\"}";
    for (int i = 0; i < 1'200; ++i) api.message(at.socket, ping, false);
    const auto heard = at.node.heard(at.socket);
    CHECK(heard.size() == 201);
    for (const auto& one : heard) CHECK(one["error"]["code"] == "busy");
    api.message(at.socket, std::string(stream_hub::waiting_bytes_max, ' '), false);
    CHECK(at.node.heard(at.socket).size() == 1);
    api.closed(at.socket);
    at.node.wait(60'000);
    CHECK(at.node.heard(at.socket).empty());
  }
}

TEST_CASE("stream: a public channel begins with its snapshot and goes on without gap") {
  stream_floor at;
  at.place(at.anna, "buy", "50000.00", "0.1");
  const auto heard = at.node.say(
    at.socket,
    json{{"id", 1}, {"op", "subscribe"}, {"channels", {"book.BTCUSDT", "trades.BTCUSDT"}}});
  REQUIRE(heard.size() == 3);
  CHECK(heard[0]["result"]["subscribed"][0]["resumed"] == false);
  CHECK(heard[1]["data"]["type"] == "snapshot");
  CHECK(heard[1]["data"]["bids"] == json::parse(R"([["50000.00","0.10000"]])"));
  auto sequence = heard[1]["seq"].get<std::uint64_t>();
  at.place(at.anna, "buy", "49000.00", "0.1");
  at.place(at.bert, "sell", "50000.00", "0.1");
  const auto news = at.node.heard(at.socket);
  for (const auto& one : of_channel(news, "book.BTCUSDT")) {
    CHECK(one["seq"] == ++sequence);
    CHECK(one["data"]["type"] == "diff");
  }
  CHECK(of_channel(news, "trades.BTCUSDT").size() == 1);

  // A client that dropped and resumes sees the rest, each once.
  const auto late = at.node.connect();
  const auto resumed = at.node.say(late, json{{"id", 1},
                                              {"op", "subscribe"},
                                              {"channel", "book.BTCUSDT"},
                                              {"resume_from", sequence - 1}});
  CHECK(resumed.at(0)["result"]["subscribed"][0]["resumed"] == true);
  REQUIRE(resumed.size() == 2);
  CHECK(resumed[1]["seq"] == sequence);
  const auto lost = at.node.say(
    late,
    json{{"id", 2}, {"op", "subscribe"}, {"channel", "book.BTCUSDT"}, {"resume_from", 999'999}});
  CHECK(lost.at(0)["result"]["subscribed"][0]["resumed"] == false);
  CHECK(lost.at(1)["data"]["type"] == "snapshot");
  at.node.say(late, json{{"id", 3}, {"op", "unsubscribe"}, {"channel", "book.BTCUSDT"}});
  at.place(at.anna, "buy", "48000.00", "0.1");
  CHECK(at.node.heard(late).empty());
}

TEST_CASE("stream: the owner, and only he, is told of orders, executions and balances") {
  stream_floor at;
  const auto other = at.node.connect();
  at.log_in(at.socket, at.anna);
  at.log_in(other, at.bert);
  const json all = {
    {"id", 2}, {"op", "subscribe"}, {"channels", {"orders", "executions", "balances"}}};
  const auto first = at.node.say(at.socket, all);
  REQUIRE(first.size() == 4);
  CHECK(of_channel(first, "balances")[0]["snapshot"] == true);
  CHECK(of_channel(first, "balances")[0]["data"][0]["available"] == "100000");
  at.node.say(other, all);
  const auto resting = at.place(at.anna, "buy", "50000.00", "0.1");
  CHECK(at.node.heard(other).empty());
  const auto told = at.node.heard(at.socket);
  CHECK(of_channel(told, "orders")[0]["data"]["order_id"] == resting["order_id"]);
  CHECK(of_channel(told, "balances")[0]["data"][0]["hold"] == "5000");
  at.place(at.bert, "sell", "50000.00", "0.04");
  const auto filled = at.node.heard(at.socket);
  REQUIRE(of_channel(filled, "executions").size() == 1);
  CHECK(of_channel(filled, "executions")[0]["data"]["quantity"] == "0.04000");
  CHECK(of_channel(filled, "orders")[0]["data"]["status"] == "partially_filled");
  CHECK(of_channel(at.node.heard(other), "executions").size() == 1);
}

TEST_CASE("stream: a resumed private channel ends where one that never dropped ends") {
  stream_floor at;
  at.log_in(at.socket, at.anna);
  at.node.say(at.socket, json{{"id", 2}, {"op", "subscribe"}, {"channel", "orders"}});
  at.place(at.anna, "buy", "50000.00", "0.1");
  const auto seen = of_channel(at.node.heard(at.socket), "orders");
  REQUIRE(seen.size() == 1);
  at.place(at.anna, "buy", "49000.00", "0.1");
  at.place(at.bert, "sell", "50000.00", "0.1");
  const auto live = of_channel(at.node.heard(at.socket), "orders");
  const auto late = at.node.connect();
  at.log_in(late, at.anna);
  const auto heard = at.node.say(
    late,
    json{{"id", 3}, {"op", "subscribe"}, {"channel", "orders"}, {"resume_from", seen[0]["seq"]}});
  CHECK(heard.at(0)["result"]["subscribed"][0]["resumed"] == true);
  CHECK(of_channel(heard, "orders") == live);
  const auto old = at.node.say(
    late, json{{"id", 4}, {"op", "subscribe"}, {"channel", "orders"}, {"resume_from", 0}});
  CHECK(old.at(0)["result"]["subscribed"][0]["resumed"] == false);
  CHECK(old.at(1)["snapshot"] == true);
  CHECK(old.at(1)["data"].size() == 1); // the one that still rests
}

TEST_CASE("stream: a ring that lost messages does not pretend otherwise") {
  api_settings settings;
  settings.private_messages_kept = 4;
  private_feed feed(4);
  const account_id account{1};
  const auto message = [](std::uint64_t sequence) {
    return private_message{sequence, private_channel::orders,
                           std::make_shared<const std::string>("{}")};
  };
  CHECK_FALSE(feed.since(account, private_channel::orders, 1));
  feed.watch(account);
  CHECK_FALSE(feed.since(account, private_channel::orders, 0));
  for (std::uint64_t i = 10; i < 20; ++i) feed.add(account, i, {message(i)});
  CHECK_FALSE(feed.since(account, private_channel::orders, 9));
  CHECK_FALSE(feed.since(account, private_channel::orders, 15)); // it may have had two messages
  CHECK(feed.since(account, private_channel::orders, 16)->size() == 3);
  CHECK(feed.since(account, private_channel::orders, 19)->empty());
  CHECK(feed.since(account, private_channel::balances, 16)->empty());
  CHECK_FALSE(feed.since(account, private_channel::orders, 20));
}

TEST_CASE("stream: a ring that was not told everything begins anew where the account stands") {
  private_feed feed(10);
  const account_id account{1};
  const auto message = [](std::uint64_t sequence) {
    return private_message{sequence, private_channel::orders,
                           std::make_shared<const std::string>("{}")};
  };
  CHECK(feed.stands_at(account, 12)); // nobody watches
  feed.watch(account);
  for (std::uint64_t i = 10; i < 13; ++i) feed.add(account, i, {message(i)});
  CHECK(feed.stands_at(account, 12));
  CHECK(feed.since(account, private_channel::orders, 11)->size() == 1);
  CHECK_FALSE(feed.stands_at(account, 13));
  CHECK_FALSE(feed.since(account, private_channel::orders, 12));
  feed.add(account, 14, {message(14)});
  CHECK_FALSE(feed.since(account, private_channel::orders, 13)); // of which it was not told
  feed.add(account, 15, {message(15)});
  CHECK(feed.since(account, private_channel::orders, 14)->size() == 1);
  CHECK(feed.last(account) == 15);
}

TEST_CASE("stream: who was cut off between two messages of one change gets both when he resumes") {
  private_feed feed(5);
  const account_id account{1};
  const auto message = [](std::uint64_t sequence, const char* text,
                          private_channel channel = private_channel::orders) {
    return private_message{sequence, channel, std::make_shared<const std::string>(text)};
  };
  const auto since = [&](private_channel channel, std::uint64_t sequence) {
    const auto found = feed.since(account, channel, sequence);
    std::string all = found ? "" : "refused";
    if (found)
      for (const auto& one : *found) all += *one.text;
    return all;
  };
  feed.watch(account);
  feed.add(account, 8, {message(8, "a")});
  feed.add(account, 9, {message(9, "b"), message(9, "B", private_channel::balances)});
  feed.add(account, 9, {message(9, "c")}); // the other order of a list
  CHECK(since(private_channel::orders, 8) == "bc");
  CHECK(since(private_channel::orders, 9) == "bc"); // he may have b alone
  CHECK(since(private_channel::balances, 9).empty());
  feed.add(account, 12, {message(12, "d")});
  CHECK(since(private_channel::orders, 9) == "bcd");
  CHECK(since(private_channel::orders, 12).empty());
  feed.add(account, 13, {message(13, "e"), message(13, "f")}); // a and b are dropped
  CHECK(since(private_channel::orders, 8) == "refused");
  CHECK(since(private_channel::orders, 9) == "refused"); // b would be missing
  CHECK(since(private_channel::orders, 12) == "ef");
}

TEST_CASE("stream: who listens gets a fresh snapshot when something may not have been told") {
  stream_floor at;
  at.log_in(at.socket, at.anna);
  at.node.say(at.socket,
              json{{"id", 2}, {"op", "subscribe"}, {"channels", {"orders", "balances"}}});
  at.place(at.anna, "buy", "50000.00", "0.1");
  const auto seen = of_channel(at.node.heard(at.socket), "orders");
  REQUIRE(seen.size() == 1);
  const auto mark = [&](std::uint64_t number) {
    auto news = std::make_shared<actors::release>();
    account_publication one;
    one.account = {at.anna.account};
    one.event_number = number;
    news->publications.emplace_back(one);
    at.node.api().deliver(news);
    return at.node.heard(at.socket);
  };
  const auto number = seen[0]["seq"].get<std::uint64_t>();
  CHECK(mark(number).empty()); // all of it was told
  const auto fresh = mark(number + 1);
  REQUIRE(of_channel(fresh, "orders").size() == 1);
  CHECK(of_channel(fresh, "orders")[0]["snapshot"] == true);
  CHECK(of_channel(fresh, "orders")[0]["seq"] == number + 1);
  CHECK(of_channel(fresh, "orders")[0]["data"].size() == 1);
  CHECK(of_channel(fresh, "balances")[0]["snapshot"] == true);
}

TEST_CASE("stream: what an account's former owner said comes too late to be told") {
  stream_floor at;
  at.log_in(at.socket, at.anna);
  at.node.say(at.socket,
              json{{"id", 2}, {"op", "subscribe"}, {"channels", {"orders", "balances"}}});
  at.place(at.anna, "buy", "50000.00", "0.1");
  const auto number = of_channel(at.node.heard(at.socket), "orders")[0]["seq"].get<std::uint64_t>();
  const auto tell = [&](std::uint64_t event) {
    auto news = std::make_shared<actors::release>();
    account_publication one;
    one.account = {at.anna.account};
    one.event_number = event;
    one.balances.push_back({"BTC", {event == number ? 1 : 2}, {}});
    news->publications.emplace_back(one);
    at.node.api().deliver(news);
    return of_channel(at.node.heard(at.socket), "balances");
  };
  CHECK(tell(number - 1).empty());
  CHECK(tell(number).size() == 1); // another message of the same event
  CHECK(tell(number + 1).size() == 1);
  CHECK(tell(number).empty());
}

TEST_CASE("stream: a token that expires ends the private channels, a fresh one opens them again") {
  stream_floor at;
  at.log_in(at.socket, at.anna);
  at.node.say(at.socket,
              json{{"id", 2}, {"op", "subscribe"}, {"channels", {"orders", "book.BTCUSDT"}}});
  at.node.clock.advance(901LL * 1'000'000'000);
  at.node.api().sweep();
  const auto told = at.node.heard(at.socket);
  REQUIRE(told.size() == 1);
  CHECK(told[0]["data"]["event"] == "token-expired");
  CHECK(told[0]["data"]["closed"] == json{"orders"});
  const auto tokens = at.node.post("/api/v1/auth/refresh", {{"refresh_token", at.anna.refresh}});
  at.anna.token = tokens.body()["access_token"];
  at.place(at.anna, "buy", "50000.00", "0.1");
  const auto after = at.node.heard(at.socket);
  CHECK(of_channel(after, "orders").empty());
  CHECK(of_channel(after, "book.BTCUSDT").size() == 1);
  at.log_in(at.socket, at.anna);
  const auto again =
    at.node.say(at.socket, json{{"id", 3}, {"op", "subscribe"}, {"channel", "orders"}});
  CHECK(again.at(1)["data"].size() == 1);
}

TEST_CASE("stream: what is wrong is answered with the message's id and the field") {
  stream_floor at;
  struct row {
    json message;
    std::string code, field;
  };
  const std::vector<row> table = {
    {{{"id", 7}}, "missing-field", "op"},
    {{{"id", 7}, {"op", "dance"}}, "invalid-field", "op"},
    {{{"id", 7}, {"op", "ping"}, {"x", 1}}, "unknown-field", "x"},
    {{{"id", 7}, {"op", "subscribe"}}, "missing-field", "channels"},
    {{{"id", 7}, {"op", "subscribe"}, {"channel", "book.NOPE"}}, "unknown-channel", "channels"},
    {{{"id", 7}, {"op", "subscribe"}, {"channel", "candles.2m.BTCUSDT"}},
     "unknown-channel",
     "channels"},
    {{{"id", 7}, {"op", "subscribe"}, {"channel", "orders"}}, "unauthenticated", "channels"},
    {{{"id", 7}, {"op", "subscribe"}, {"channels", {1, 2}}}, "invalid-field", "channels"},
    {{{"id", 7},
      {"op", "subscribe"},
      {"channels", {"book.BTCUSDT", "trades.BTCUSDT"}},
      {"resume_from", 1}},
     "invalid-field",
     "resume_from"},
    {{{"id", 7}, {"op", "authenticate"}, {"access_token", "x"}}, "unauthenticated", "access_token"},
    {{{"id", 7},
      {"op", "authenticate"},
      {"access_token", at.anna.token},
      {"account_id", at.bert.account}},
     "unknown-account",
     "account_id"},
  };
  for (const auto& one : table) {
    CAPTURE(one.message.dump());
    const auto answer = at.one(one.message);
    CHECK(answer["id"] == 7);
    CHECK(answer["ok"] == false);
    CHECK(answer["error"]["code"] == one.code);
    CHECK(answer["error"]["field"] == one.field);
  }
  CHECK(at.one({{"id", {1}}, {"op", "ping"}})["error"]["field"] == "id");
}

TEST_CASE("stream: subscriptions of a connection are bounded") {
  api_settings settings;
  settings.subscriptions_max = 3;
  api_node node(settings);
  node.list("BTC", "USDT");
  const auto socket = node.connect();
  const auto channels = json{"book.BTCUSDT", "trades.BTCUSDT", "ticker.BTCUSDT"};
  CHECK(node.say(socket, json{{"id", 1}, {"op", "subscribe"}, {"channels", channels}})[0]["ok"] ==
        true);
  const auto fourth =
    node.say(socket, json{{"id", 2}, {"op", "subscribe"}, {"channel", "candles.1m.BTCUSDT"}});
  CHECK(fourth[0]["error"]["code"] == "too-many-subscriptions");
  CHECK(
    node.say(socket, json{{"id", 3}, {"op", "subscribe"}, {"channel", "book.BTCUSDT"}})[0]["ok"] ==
    true);
}

} // namespace rialto::net

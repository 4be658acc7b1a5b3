// How the feeds are doing, as everybody may read it.
#include "actors/feed/feed_source.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

using namespace rialto;
using namespace rialto::net;

TEST_CASE("feeds: a node without a feed has an empty list") {
  api_node node;
  CHECK(node.get("/api/v1/feeds").text == "[]");
  const actors::feed_board board;
  api_settings settings;
  settings.feeds = &board;
  api_node other(settings);
  CHECK(other.get("/api/v1/feeds").text == "[]"); // it has not begun
}

TEST_CASE("feeds: each connection and symbol, with ages, and every member that is declared") {
  actors::feed_board board;
  api_settings settings;
  settings.feeds = &board;
  api_node node(settings);
  const auto now = node.clock.now();
  const auto ago = [&](std::int64_t ms) { return timestamp_ns{now.value - ms * 1'000'000}; };
  actors::feed_status status;
  status.gaps = 2;
  auto report = actors::report_of("binance", "wss://stream.example.org:9443", status);
  report.last_problem = "p: is \"NaN\"\n";
  report.connections.push_back({1, "open", 5'000'000'000, ago(7), 4, 99, 1, ""});
  actors::stream_report stream{"BTCUSDT",
                               actors::stream_state::stale,
                               "no data for 15 s",
                               ago(15'500),
                               -3'000'000,
                               10,
                               2,
                               1,
                               5,
                               0};
  report.streams = {stream, {"ETHUSDT", actors::stream_state::syncing, "x", {}, 0, 0, 0, 0, 0, 0}};
  board.put(report);

  const auto answer = node.get("/api/v1/feeds");
  REQUIRE(answer.status == 200);
  const auto feed = answer.body().at(0);
  CHECK(feed["name"] == "binance");
  CHECK(feed["source"] == "wss://stream.example.org:9443");
  CHECK(feed["connected"] == true);
  CHECK(feed["last_problem"] == "p: is \"NaN\"\n");
  CHECK(feed["connections"][0]["age_ms"] == 5'000);
  CHECK(feed["connections"][0]["last_message_age_ms"] == 7);
  CHECK(feed["connections"][0]["reconnects"] == 1);
  CHECK(feed["connections"][0]["last_problem"].is_null());
  CHECK(feed["streams"][0]["state"] == "stale");
  CHECK(feed["streams"][0]["reason"] == "no data for 15 s");
  CHECK(feed["streams"][0]["last_message_age_ms"] == 15'500);
  CHECK(feed["streams"][0]["clock_skew_ms"] == -3);
  CHECK(feed["streams"][0]["gaps"] == 2);
  CHECK(feed["streams"][1]["last_message_age_ms"].is_null());
  CHECK(feed["counters"]["gaps"] == 2);
  for (const auto& [name, part] : std::initializer_list<std::pair<const char*, json>>{
         {"feed", feed},
         {"feed_connection", feed["connections"][0]},
         {"feed_stream", feed["streams"][0]},
         {"feed_counters", feed["counters"]}})
    for (const auto& field : find_schema(name)->fields)
      if (field.is_required) CHECK_MESSAGE(part.contains(std::string(field.name)), field.name);
}

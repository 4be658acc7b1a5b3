// Which connections and subscriptions the live feed has, step by step, without a socket.
#include "net/live/stream_answer.hpp"
#include "net/live/stream_plan.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace rialto::net;

namespace {

constexpr std::int64_t second = 1'000'000'000;

std::vector<std::string> four(const std::string& name) {
  return {name + "@depth@100ms", name + "@trade", name + "@bookTicker", name + "@ticker"};
}

/// A plan and a server that does what it is told.
struct world {
  stream_plan plan;
  std::int64_t now = 1'000 * second;
  std::vector<plan_output> said; // everything, in order
  std::size_t seen = 0;

  explicit world(stream_plan_options options = {}) : plan(options) {}

  void step() { plan.step(now, said); }
  /// Outputs of one kind since the last look.
  template <class Kind>
  std::vector<Kind> fresh() {
    std::vector<Kind> made;
    for (auto i = seen; i < said.size(); ++i)
      if (const auto* one = std::get_if<Kind>(&said[i])) made.push_back(*one);
    return made;
  }
  void look() { seen = said.size(); }
  /// Opens what is to be opened and answers what was asked, for a while.
  void serve(int steps = 30) {
    auto done = seen;
    for (int i = 0; i < steps; ++i) {
      step();
      for (; done < said.size(); ++done) {
        if (const auto* open = std::get_if<open_link>(&said[done])) plan.opened(open->which, now);
        if (const auto* text = std::get_if<send_text>(&said[done])) {
          const auto id = std::stoull(text->text.substr(text->text.rfind(':') + 1));
          plan.answered(text->which, id, "", now, said);
        }
        if (const auto* cut = std::get_if<cut_link>(&said[done]))
          plan.closed(cut->which, cut->why, now, said);
      }
      now += second / 4;
      for (socket_number which = 1; which < 200; ++which) plan.heard(which, now);
    }
  }
};

} // namespace

TEST_CASE("stream_plan: a symbol is up when each of its streams is confirmed") {
  world at;
  CHECK(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  CHECK_FALSE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.step();
  const auto opens = at.fresh<open_link>();
  REQUIRE(opens.size() == 1);
  CHECK(at.fresh<send_text>().empty()); // not before it is open
  at.look();
  at.plan.opened(opens[0].which, at.now);
  at.step();
  const auto asked = at.fresh<send_text>();
  REQUIRE(asked.size() == 1);
  CHECK(asked[0].text ==
        R"({"method":"SUBSCRIBE","params":["btcusdt@bookTicker","btcusdt@depth@100ms",)"
        R"("btcusdt@ticker","btcusdt@trade"],"id":1})");
  CHECK(at.fresh<symbol_up>().empty());
  at.plan.answered(opens[0].which, 99, "", at.now, at.said); // of no question of ours
  CHECK(at.fresh<symbol_up>().empty());
  at.plan.answered(opens[0].which, 1, "", at.now, at.said);
  REQUIRE(at.fresh<symbol_up>().size() == 1);
  CHECK(at.plan.route_of(opens[0].which) == text_route::deliver);
}

TEST_CASE("stream_plan: 200 streams a connection, and messages at most four a second") {
  world at;
  for (int i = 0; i < 120; ++i)
    CHECK(at.plan.add("S" + std::to_string(i), four("s" + std::to_string(i)), at.now));
  at.serve(100);
  const auto status = at.plan.status();
  REQUIRE(status.size() == 3);
  CHECK(status[0].streams == 200);
  CHECK(status[1].streams == 200);
  CHECK(status[2].streams == 80);
  CHECK(at.fresh<symbol_up>().size() == 120);
  CHECK(at.fresh<send_text>().size() == 12); // 40 streams a message
}

TEST_CASE("stream_plan: no message leaves within a quarter of a second of the one before") {
  world at;
  for (int i = 0; i < 50; ++i)
    REQUIRE(at.plan.add("S" + std::to_string(i), four("s" + std::to_string(i)), at.now));
  at.step();
  at.plan.opened(1, at.now);
  std::size_t sent = 0;
  for (int ms = 0; ms < 1'000; ms += 10) {
    at.plan.heard(1, at.now);
    at.step();
    at.now += 10'000'000;
    sent = at.fresh<send_text>().size();
  }
  CHECK(sent == 4);
}

TEST_CASE(
  "stream_plan: a connection that ends takes its symbols down and is made anew after a pause") {
  world at;
  REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.serve();
  at.look();
  at.plan.closed(1, "cut", at.now, at.said);
  REQUIRE(at.fresh<symbol_down>().size() == 1);
  CHECK(at.fresh<symbol_down>()[0].why == "cut");
  at.step();
  CHECK(at.fresh<open_link>().empty());
  at.now += second;
  at.step();
  CHECK(at.fresh<open_link>().size() == 1);
  at.serve();
  CHECK(at.fresh<symbol_up>().size() == 1);
}

TEST_CASE("stream_plan: silence and unanswered subscriptions cut a connection") {
  world at;
  REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.step();
  at.plan.opened(1, at.now);
  at.step();
  at.now += 10 * second;
  at.plan.heard(1, at.now);
  at.step();
  REQUIRE(at.fresh<cut_link>().size() == 1);
  CHECK(at.fresh<cut_link>()[0].why == "a subscription was not answered");

  world quiet;
  REQUIRE(quiet.plan.add("BTCUSDT", four("btcusdt"), quiet.now));
  quiet.serve();
  quiet.look();
  quiet.now += 29 * second;
  quiet.step();
  CHECK(quiet.fresh<cut_link>().empty());
  quiet.now += second;
  quiet.step();
  REQUIRE(quiet.fresh<cut_link>().size() == 1);
  CHECK(quiet.fresh<cut_link>()[0].why == "nothing was heard of it for too long");
}

TEST_CASE(
  "stream_plan: a refused subscription keeps its symbol down and is asked again in a minute") {
  world at;
  REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.step();
  at.plan.opened(1, at.now);
  at.step();
  at.plan.answered(1, 1, "unknown stream", at.now, at.said);
  CHECK(at.fresh<symbol_up>().empty());
  CHECK(at.plan.refused_subscriptions() == 1);
  at.look();
  for (int i = 0; i < 59; ++i) {
    at.now += second;
    at.plan.heard(1, at.now);
    at.step();
  }
  CHECK(at.fresh<send_text>().empty());
  at.now += second;
  at.plan.heard(1, at.now);
  at.step();
  CHECK(at.fresh<send_text>().size() == 1);
}

TEST_CASE("stream_plan: before its age is reached the next connection takes over without a hole") {
  stream_plan_options options;
  options.age_ns = 60 * second;
  world at(options);
  REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.serve(8);
  at.look();
  at.now += 60 * second;
  at.plan.heard(1, at.now);
  at.step();
  REQUIRE(at.fresh<open_link>().size() == 1);
  const auto next = at.fresh<open_link>()[0].which;
  CHECK(at.plan.route_of(1) == text_route::deliver);
  CHECK(at.plan.route_of(next) == text_route::hold);
  at.serve(4); // subscribed, and within the overlap
  CHECK(at.plan.route_of(1) == text_route::deliver);
  at.serve(8);
  CHECK(at.plan.route_of(1) == text_route::drop);
  CHECK(at.plan.route_of(next) == text_route::deliver);
  CHECK(at.fresh<symbol_down>().empty());
  CHECK(at.fresh<close_link>().size() == 1);
  REQUIRE(at.fresh<release_held>().size() == 1);
  CHECK(at.fresh<release_held>()[0].which == next);
}

TEST_CASE("stream_plan: the old connection may end while the next one is ready, but not before") {
  for (const bool is_ready : {true, false}) {
    CAPTURE(is_ready);
    world at;
    REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
    at.serve(8);
    at.look();
    at.plan.will_close(1);
    at.step();
    REQUIRE(at.fresh<open_link>().size() == 1);
    if (is_ready) at.serve(4);
    at.plan.closed(1, "closed as announced", at.now, at.said);
    CHECK(at.fresh<symbol_down>().size() == (is_ready ? 0 : 1));
    CHECK(at.plan.route_of(2) == text_route::deliver);
    at.serve(8);
    CHECK(at.fresh<symbol_up>().size() == (is_ready ? 0 : 1));
  }
}

TEST_CASE("stream_plan: symbols are added and dropped while it runs") {
  world at;
  REQUIRE(at.plan.add("BTCUSDT", four("btcusdt"), at.now));
  at.serve();
  at.look();
  REQUIRE(at.plan.add("ETHUSDT", four("ethusdt"), at.now));
  at.serve();
  CHECK(at.fresh<open_link>().empty()); // on the same connection
  CHECK(at.fresh<symbol_up>().size() == 1);
  at.look();
  at.plan.remove("BTCUSDT", at.said);
  CHECK(at.fresh<symbol_down>().size() == 1);
  at.serve();
  REQUIRE(at.fresh<send_text>().size() == 1);
  CHECK(at.fresh<send_text>()[0].text.starts_with(R"({"method":"UNSUBSCRIBE","params":["btc)"));
  at.look();
  at.plan.remove("ETHUSDT", at.said);
  at.serve();
  CHECK(at.fresh<close_link>().size() == 1); // nobody needs it any more
  CHECK(at.plan.status().empty());
}

TEST_CASE("stream_answer: answers are told from market data and from garbage") {
  CHECK(is_stream_answer(R"({"result":null,"id":7})"));
  CHECK_FALSE(is_stream_answer(R"({"stream":"a@trade","data":{"id":7}})"));
  CHECK(read_stream_answer(R"({"result":null,"id":7})")->id == 7);
  CHECK(read_stream_answer(R"({"result":null,"id":7})")->problem.empty());
  CHECK(read_stream_answer(R"({"error":{"code":2,"msg":"bad"},"id":8})")->problem == "bad");
  CHECK(read_stream_answer("{\"code\":2,\"msg\":\"bad\\n\",\"id\":8}")->problem == "bad?");
  for (const auto* text : {"", "{", "7", R"({"result":null})", R"({"result":null,"id":-1})",
                           R"({"result":null,"id":"7"})", R"({"result":null,"id":1e400})"}) {
    CAPTURE(text);
    CHECK_FALSE(read_stream_answer(text));
  }
  CHECK(printable(std::string("a\x01\xff") + std::string(500, 'b'), 5) == "a??bb...");
}

// Limits in time and number, and every way a connection or the server can end, over real sockets.
#include "tests/net/support/client.hpp"
#include "tests/net/support/test_server.hpp"

#include <doctest/doctest.h>

#include <sys/resource.h>

using namespace rialto::net;
using rialto::net::testing::client;
using rialto::net::testing::test_server;

namespace {

using statuses = std::vector<unsigned>;

http_response text(std::string body) {
  http_response answer;
  answer.content_type = "text/plain";
  answer.body = std::move(body);
  return answer;
}

constexpr std::int64_t ms = 1'000'000;

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

} // namespace

TEST_CASE(
  "server: slow heads and bodies are ended, idle connections closed, waiting ones are not") {
  server_options options;
  options.header_ns = options.body_ns = options.idle_ns = 200 * ms;
  std::vector<responder> asked;
  test_server running(options);
  running.request = [&](const http_request& request, responder answer) {
    if (request.path == "/later")
      asked.push_back(std::move(answer));
    else
      answer.respond(text("now"));
  };
  running.start();
  client slow_head(running.port()), slow_body(running.port()), slow_chunks(running.port()),
    idle(running.port()), silent(running.port()), waiting(running.port());
  slow_head.send("GET / HTTP/1.1\r\nHost:");
  slow_body.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  slow_chunks.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel");
  CHECK(idle.get("/").body == "now");
  waiting.send(get("/later"));
  CHECK(slow_head.statuses_until_closed() == statuses{408});
  CHECK(slow_body.statuses_until_closed() == statuses{408});
  CHECK(slow_chunks.statuses_until_closed() == statuses{408});
  CHECK(idle.statuses_until_closed().empty());
  CHECK(silent.statuses_until_closed().empty());
  CHECK(running.counted(&server_statistics::timeouts) == 3);
  running.on_io([&] { return asked.at(0).respond(text("late")), 0; });
  CHECK(waiting.read_answer().body == "late");
  CHECK(waiting.statuses_until_closed().empty());
}

TEST_CASE("server: a head in single bytes does not outlive its time by sending on") {
  server_options options;
  options.header_ns = 300 * ms;
  test_server running(options);
  running.start();
  client peer(running.port());
  peer.send("GET / HTTP/1.1\r\nHost: a\r\nX: ");
  int sent = 0;
  while (!peer.is_readable_within(20) && sent < 1'000) {
    peer.send("x");
    ++sent;
  }
  CHECK(sent < 1'000);
  CHECK(peer.statuses_until_closed() == statuses{408});
}

TEST_CASE("server: a client that does not take its answer is ended") {
  server_options options;
  options.body_ns = 200 * ms; // without any progress
  test_server running(options);
  running.request = [](const http_request&, responder answer) {
    answer.respond(text(std::string(20'000'000, 'x')));
  };
  running.start();
  client peer(running.port(), 4'096);
  peer.send(get("/"));
  CHECK(running.wait_until([&] { return running->statistics().timeouts == 1; }));
  CHECK(running.wait_until([&] { return running->statistics().connections == 0; }));
}

TEST_CASE("server: an address at its limit gives up the connection that was idle for longest") {
  server_options options;
  options.connections_per_address_max = 3;
  options.spare_idle_ns = 0;
  std::vector<responder> asked;
  test_server running(options);
  running.request = [&](const http_request& request, responder answer) {
    if (request.path == "/later")
      asked.push_back(std::move(answer));
    else
      answer.respond(text("now"));
  };
  running.start();
  client waiting(running.port()), first(running.port()), second(running.port());
  waiting.send(get("/later"));
  CHECK(first.get("/").status == 200);
  CHECK(second.get("/").status == 200);
  CHECK(first.get("/").status == 200); // so the second is idle for longer
  client third(running.port());
  CHECK(third.get("/").status == 200);
  CHECK(second.statuses_until_closed().empty());
  client fourth(running.port());
  CHECK(fourth.get("/").status == 200);
  CHECK(first.statuses_until_closed().empty());
  running.on_io([&] { return asked.at(0).respond(text("late")), 0; });
  CHECK(waiting.read_answer().body == "late"); // it was owed an answer
  CHECK(running.counted(&server_statistics::refused) == 0);
}

TEST_CASE("server: connections beyond the limit get 503 and a close, later ones fit again") {
  server_options options;
  options.connections_max = 2;
  test_server running(options);
  running.start();
  client first(running.port());
  {
    client second(running.port());
    CHECK(first.get("/").status == 200);
    CHECK(second.get("/").status == 200);
    client third(running.port());
    third.send(get("/"));
    const auto answer = third.read_answer();
    CHECK(answer.status == 503);
    CHECK(answer.header("retry-after") == "1");
    CHECK(third.is_closed());
  }
  REQUIRE(running.wait_until([&] { return running->statistics().connections == 1; }));
  client fourth(running.port());
  CHECK(fourth.get("/").status == 200);
  CHECK(running.counted(&server_statistics::refused) == 1);
}

TEST_CASE("server: one address has its own limit") {
  server_options options;
  options.connections_per_address_max = 1;
  options.spare_idle_ns = 3'600'000 * ms;
  test_server running(options);
  running.start();
  client first(running.port());
  CHECK(first.get("/").status == 200);
  client second(running.port());
  second.send(get("/"));
  CHECK(second.statuses_until_closed() == statuses{503});
  options.limits_loopback = false;
  test_server lenient(options);
  lenient.start();
  client third(lenient.port()), fourth(lenient.port());
  CHECK(third.get("/").status == 200);
  CHECK(fourth.get("/").status == 200);
}

#ifndef __SANITIZE_ADDRESS__ // the sanitizer needs descriptors to look at memory
TEST_CASE("server: out of descriptors it pauses, keeps what it has and goes on later") {
  test_server running;
  running.start();
  client first(running.port());
  CHECK(first.get("/").status == 200);
  std::vector<client> more;
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  for (int i = 0; i < 3; ++i) more.emplace_back(running.port());
  REQUIRE(running.wait_until([&] { return running->statistics().connections == 4; }));
  const int next = dup(0); // the lowest free one
  ::close(next);
  const rlimit tight{static_cast<rlim_t>(next) + 1, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  client queued(running.port()); // takes the last descriptor; the server has none to accept it with
  queued.send(get("/"));
  CHECK(running.wait_until([&] { return running->statistics().refused > 0; }));
  CHECK(first.get("/").status == 200);
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(queued.read_answer().status == 200);
}
#endif

TEST_CASE("server: a half-closed client gets its answers, a vanished one leaves nothing behind") {
  std::vector<responder> asked;
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client half(running.port()), gone(running.port());
  half.send(get("/1") + get("/2") + "GET /3 HT");
  half.end_sending();
  gone.send(get("/"));
  REQUIRE(running.wait_until([&] { return asked.size() == 3; }));
  gone.reset();
  REQUIRE(running.wait_until([&] { return running->statistics().connections == 1; }));
  running.on_io([&] {
    for (const auto& one : asked) one.respond(text("x")); // one of them to nobody
    return 0;
  });
  CHECK(half.statuses_until_closed() == statuses{200, 200});
  CHECK(running.wait_until([&] { return running->statistics().connections == 0; }));
}

TEST_CASE("server: an answer may close, and nothing behind it leaves") {
  std::vector<responder> asked;
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  peer.send(get("/1") + get("/2") + get("/3"));
  REQUIRE(running.wait_until([&] { return asked.size() == 3; }));
  running.on_io([&] {
    asked[2].respond(text("3"));
    auto last = text("2");
    last.close = true;
    asked[1].respond(std::move(last));
    asked[0].respond(text("1"));
    return 0;
  });
  CHECK(peer.read_answer().header("connection").empty());
  const auto last = peer.read_answer();
  CHECK(last.body == "2");
  CHECK(last.header("connection") == "close");
  CHECK(peer.statuses_until_closed().empty());
}

TEST_CASE("server: a handler that throws costs one request, not the node") {
  test_server running;
  running.request = [](const http_request&, const responder&) {
    throw std::runtime_error("secret detail");
  };
  running.start();
  client peer(running.port());
  for (int i = 0; i < 2; ++i) {
    const auto answer = peer.get("/");
    CHECK(answer.status == 500);
    CHECK(answer.body.find("secret") == std::string::npos);
  }
}

TEST_CASE("server: a taken port and a wrong address are said in words") {
  test_server running;
  running.start();
  server_options options;
  options.port = running.port();
  server second(options, running);
  CHECK_THROWS_WITH(
    second.start(),
    ("127.0.0.1:" + std::to_string(options.port) + ": the address is in use").c_str());
  options.address = "example.test";
  server third(options, running);
  CHECK_THROWS_WITH(third.start(), ("example.test:" + std::to_string(options.port) +
                                    ": the address is not an IP address or localhost")
                                     .c_str());
  options.address = "192.0.2.1";
  server fourth(options, running);
  CHECK_THROWS_WITH(
    fourth.start(),
    ("192.0.2.1:" + std::to_string(options.port) + ": this machine has no such address").c_str());
}

TEST_CASE("server: stopping answers what was asked, refuses new connections, and ends") {
  std::vector<responder> asked;
  auto running = std::make_unique<test_server>();
  running->request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running->start();
  const auto port = running->port();
  client waiting(port), idle(port), half(port);
  waiting.send(get("/"));
  half.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhel");
  REQUIRE(running->wait_until(
    [&] { return asked.size() == 1 && (*running)->statistics().connections == 3; }));
  std::thread stopping([&] { (**running).stop(); });
  CHECK(idle.is_closed());
  CHECK_THROWS_AS(client{port}, testing::client_failure);
  half.send("lo");
  REQUIRE(running->wait_until([&] { return asked.size() == 2; }));
  running->on_io([&] {
    for (const auto& one : asked) one.respond(text("last"));
    return 0;
  });
  for (auto* one : {&waiting, &half}) {
    const auto answer = one->read_answer();
    CHECK(answer.body == "last");
    CHECK(answer.header("connection") == "close");
    CHECK(one->is_closed());
  }
  // Peers that have read the end close theirs, so nobody waits for the drain time.
  waiting.reset(), half.reset(), idle.reset();
  stopping.join();
  CHECK((*running)->statistics().connections == 0);
  (*running)->post([] { FAIL("a job after the end"); });
  (**running).stop(); // again is fine
}

TEST_CASE("server: stopping does not wait longer than the drain time") {
  server_options options;
  options.drain_ns = 100 * ms;
  std::vector<responder> asked;
  test_server running(options);
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  peer.send(get("/"));
  REQUIRE(running.wait_until([&] { return asked.size() == 1; }));
  running->stop();
  CHECK(peer.is_closed());
  asked[0].respond(text("to nobody"));
  CHECK(!asked[0].is_open());
}

TEST_CASE("server: jobs posted by many threads run once each, in each one's order") {
  test_server running;
  running.start();
  std::array<int, 4> last{};
  int count = 0, out_of_order = 0; // io thread only
  std::vector<std::thread> posters;
  for (std::size_t t = 0; t < 4; ++t)
    posters.emplace_back([&, t] {
      for (int i = 1; i <= 5'000; ++i)
        running->post([&, t, i] {
          out_of_order += last[t] + 1 == i ? 0 : 1;
          last[t] = i;
          ++count;
        });
    });
  for (auto& one : posters) one.join();
  CHECK(running.on_io([&] { return count; }) == 20'000);
  CHECK(running.on_io([&] { return out_of_order; }) == 0);
}

TEST_CASE("server: the tick comes after what it read, and the timer by itself") {
  int handled = 0, seen_by_tick = 0, ticks = 0;
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    ++handled;
    answer.respond(text("x"));
  };
  running.tick = [&] {
    seen_by_tick = handled;
    ++ticks;
  };
  running.start();
  client peer(running.port());
  std::string all;
  for (int i = 0; i < 50; ++i) all += get("/");
  peer.send(all);
  for (int i = 0; i < 50; ++i) peer.read_answer();
  CHECK(running.on_io([&] { return seen_by_tick; }) == 50); // the answers could not leave before it
  const int before = running.on_io([&] { return ticks; });
  std::this_thread::sleep_for(std::chrono::milliseconds(250));
  CHECK(running.on_io([&] { return ticks; }) >= before + 2); // timer and job, without any traffic
}

TEST_CASE("server: a thousand connections at once") {
  test_server running;
  running.start();
  std::vector<client> peers;
  for (int i = 0; i < 1'000; ++i) peers.emplace_back(running.port());
  for (auto& one : peers) one.send(get("/x"));
  for (auto& one : peers) CHECK(one.read_answer().status == 200);
  CHECK(running.counted(&server_statistics::connections) == 1'000);
  peers.clear();
  CHECK(running.wait_until([&] { return running->statistics().connections == 0; }));
  CHECK(running.counted(&server_statistics::accepted) == 1'000);
}

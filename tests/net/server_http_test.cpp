// Requests and answers over real sockets: what a handler sees, order, bodies, backpressure.
#include "net/server/http_head.hpp"
#include "tests/net/support/client.hpp"
#include "tests/net/support/test_server.hpp"

#include <doctest/doctest.h>

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

std::string get(std::string_view target) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

} // namespace

TEST_CASE("server: a handler sees the request, the client sees the answer") {
  test_server running;
  running.request = [](const http_request& asked, responder answer) {
    CHECK(asked.method == "PATCH");
    CHECK(asked.target == "/orders/7?dry=1&x=%20");
    CHECK(asked.path == "/orders/7");
    CHECK(asked.query == "dry=1&x=%20");
    CHECK(asked.body == "{}");
    CHECK(asked.header("x-ACCOUNT-id") == "A1");
    CHECK(asked.header("X-Nothing").empty());
    CHECK(asked.peer_address == "127.0.0.1");
    CHECK(asked.is_loopback);
    CHECK(asked.received_ns > 0);
    CHECK(asked.request_id == "mine-1.A_b");
    auto response = text("done");
    response.status = 201;
    response.headers = {{"Location", "/orders/7"}, {"X-Split", "a\r\nX-Evil: 1"}};
    answer.respond(std::move(response));
    answer.respond(text("a second answer is dropped"));
    CHECK(!answer.is_open());
  };
  running.start();
  client peer(running.port());
  const auto answer = peer.request("PATCH", "/orders/7?dry=1&x=%20", "{}",
                                   "X-Account-Id: A1\r\nX-Request-Id: mine-1.A_b\r\n");
  CHECK(answer.status == 201);
  CHECK(answer.body == "done");
  CHECK(answer.header("content-type") == "text/plain");
  CHECK(answer.header("x-request-id") == "mine-1.A_b");
  CHECK(answer.header("location") == "/orders/7");
  CHECK(answer.header("x-split") == "a  X-Evil: 1"); // one header, whatever is in it
  CHECK(answer.header("x-evil").empty());
  CHECK(answer.header("date").ends_with(" GMT"));
  CHECK(answer.header("connection").empty());
}

TEST_CASE("server: the log has a path without what may be a key") {
  CHECK(loggable_path("/") == "/");
  CHECK(loggable_path("") == "");
  CHECK(loggable_path("/api/v1/orders/17") == "/api/v1/orders/17");
  CHECK(loggable_path("/ws/" + std::string(64, 'k')) == "/ws/kkkkkkkk...");
  CHECK(loggable_path("/ws/" + std::string(64, 'k') + "/a") == "/ws/kkkkkkkk.../a");
  CHECK(loggable_path("/" + std::string(40, 'a') + "/") == "/" + std::string(40, 'a') + "/");
}

TEST_CASE("server: request ids that are not 1 to 64 plain characters are replaced") {
  test_server running;
  running.start();
  client peer(running.port());
  std::string last;
  for (const std::string& given :
       {std::string("a b"), std::string("<x>"), std::string(65, 'a'), std::string()}) {
    const auto id =
      peer.request("GET", "/", "", "X-Request-Id: " + given + "\r\n").header("x-request-id");
    CHECK(id != given);
    CHECK(id.size() == 15);
    CHECK(id != last);
    last = id;
  }
  const std::string longest(64, 'z');
  CHECK(peer.request("GET", "/", "", "X-Request-Id: " + longest + "\r\n").header("x-request-id") ==
        longest);
}

TEST_CASE(
  "server: HEAD, 204 and 304 have no body, HTTP/1.0 is told what happens to the connection") {
  test_server running;
  running.request = [](const http_request& asked, responder answer) {
    auto response = text("hello");
    if (asked.path == "/204") response.status = 204;
    if (asked.path == "/304") response.status = 304;
    answer.respond(std::move(response));
  };
  running.start();
  client peer(running.port());
  const auto head = peer.request("HEAD", "/");
  CHECK(head.header("content-length") == "5");
  CHECK(head.body.empty());
  for (const std::string target : {"/204", "/304"}) {
    const auto answer = peer.get(target);
    CHECK(answer.status == std::stoul(target.substr(1)));
    CHECK(answer.header("content-length").empty());
  }
  CHECK(peer.get("/").body == "hello");
  peer.send("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n");
  CHECK(peer.read_answer().header("connection") == "keep-alive");
  peer.send("GET / HTTP/1.0\r\n\r\n");
  CHECK(peer.read_answer().header("connection") == "close");
  CHECK(peer.is_closed());
}

TEST_CASE("server: answers leave in the order of the requests, however late each one comes") {
  std::vector<responder> asked; // io thread only
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  std::string all;
  for (int i = 0; i < 10; ++i) all += get(std::string("/").append(std::to_string(i)));
  peer.send(all);
  REQUIRE(running.wait_until([&] { return asked.size() == 10; }));
  running.on_io([&] {
    for (const int i : {9, 4, 3, 5, 1, 2})
      asked[static_cast<std::size_t>(i)].respond(text(std::to_string(i)));
    CHECK(asked[0].is_open());
    CHECK(!asked[9].is_open());
    return 0;
  });
  CHECK(!peer.is_readable_within(50)); // nothing before the first
  running.on_io([&] { return asked[0].respond(text("0")), 0; });
  for (const char* expected : {"0", "1", "2", "3", "4", "5"})
    CHECK(peer.read_answer().body == expected);
  running.on_io([&] {
    for (const int i : {8, 7, 6})
      asked[static_cast<std::size_t>(i)].respond(text(std::to_string(i)));
    return 0;
  });
  for (const char* expected : {"6", "7", "8", "9"}) CHECK(peer.read_answer().body == expected);
}

TEST_CASE("server: answers of one tick to one connection are one write") {
  std::vector<responder> asked;
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  for (int i = 0; i < 20; ++i) peer.send(get("/"));
  REQUIRE(running.wait_until([&] { return asked.size() == 20; }));
  const auto before = running.counted(&server_statistics::writes);
  running.on_io([&] {
    for (const auto& one : asked) one.respond(text("x"));
    return 0;
  });
  for (int i = 0; i < 20; ++i) peer.read_answer();
  CHECK(running.counted(&server_statistics::writes) == before + 1);
}

TEST_CASE("server: a connection is not read beyond its bound of unanswered requests") {
  server_options options;
  options.pipelined_max = 8;
  std::vector<responder> asked;
  test_server running(options);
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  std::string all;
  for (int i = 0; i < 30; ++i) all += get(std::string("/").append(std::to_string(i)));
  peer.send(all);
  REQUIRE(running.wait_until([&] { return asked.size() == 8; }));
  client other(running.port()); // when it is served, the first was certainly looked at again
  other.send(get("/other"));
  REQUIRE(running.wait_until([&] { return asked.size() == 9; }));
  running.on_io([&] { return asked[8].respond(text("other")), 0; });
  CHECK(other.read_answer().body == "other");
  std::size_t answered = 0;
  while (answered < 30) {
    const auto count = running.on_io([&] {
      for (const auto& one : asked) one.respond(text("x"));
      const auto open = asked.size();
      asked.clear();
      return open;
    });
    CHECK(count <= 9);
    for (; answered < 30 && peer.is_readable_within(20); ++answered)
      CHECK(peer.read_answer().body == "x");
  }
  CHECK(running.counted(&server_statistics::requests) == 31);
}

TEST_CASE("server: a client that asks for much and reads nothing is not read either") {
  test_server running;
  running.request = [](const http_request&, responder answer) {
    answer.respond(text(std::string(100'000, 'x')));
  };
  running.start();
  client peer(running.port(), 4'096);
  std::string all;
  for (int i = 0; i < 500; ++i) all += get("/"); // 50 MB of answers, more than sockets buffer
  peer.send(all);
  REQUIRE(running.wait_until([&] { return running->statistics().requests > 0; }));
  client other(running.port());
  CHECK(other.get("/").status == 200);
  CHECK(running.counted(&server_statistics::requests) < 400);
  for (int i = 0; i < 500; ++i) CHECK(peer.read_answer().body.size() == 100'000);
}

TEST_CASE("server: a chunked body in single bytes, a large body in pieces") {
  test_server running;
  running.request = [](const http_request& asked, responder answer) {
    answer.respond(text(std::string(asked.body)));
  };
  running.start();
  client peer(running.port());
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 2; ++i) {
    peer.send_slowly(head +
                     "5\r\nhello\r\nb;ext=1\r\n beautiful \r\n5\r\nworld\r\n0\r\nX-T: 1\r\n\r\n");
    CHECK(peer.read_answer().body == "hello beautiful world");
  }
  std::string large;
  for (int i = 0; large.size() < 1'048'576; ++i) large += std::to_string(i);
  large.resize(1'048'576); // exactly the limit
  CHECK(peer.request("POST", "/", large).body == large);
  std::string parts = head;
  for (std::size_t at = 0; at < large.size(); at += 65'536)
    parts += "10000\r\n" + large.substr(at, 65'536) + "\r\n";
  peer.send(parts + "0\r\n\r\n");
  CHECK(peer.read_answer().body == large);
  peer.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n" + large + "x");
  CHECK(peer.statuses_until_closed() ==
        statuses{413}); // the answer arrives although all of it was sent
}

TEST_CASE("server: a shared body goes to many without being copied into each answer") {
  const auto shared = std::make_shared<const std::string>("shared");
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    http_response response;
    response.shared_body = shared;
    answer.respond(std::move(response));
  };
  running.start();
  client first(running.port()), second(running.port());
  CHECK(first.get("/").body == "shared");
  CHECK(second.get("/").body == "shared");
}

// WebSockets over real sockets: the handshake, conversations, slow readers, endings.
#include "tests/net/support/client.hpp"
#include "tests/net/support/test_server.hpp"

#include <doctest/doctest.h>

using namespace rialto::net;
using rialto::net::testing::client;
using rialto::net::testing::frame;
using rialto::net::testing::handshake;
using rialto::net::testing::masked_frame;
using rialto::net::testing::test_server;
using rialto::net::testing::web_socket_client;

namespace {

std::shared_ptr<const std::string> text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

std::string without(std::string all, const std::string& line) {
  const auto at = all.find(line);
  REQUIRE(at != std::string::npos);
  return all.erase(at, all.find("\r\n", at) + 2 - at);
}
std::string changed(std::string all, const std::string& from, const std::string& to) {
  const auto at = all.find(from);
  REQUIRE(at != std::string::npos);
  return all.replace(at, from.size(), to);
}

} // namespace

TEST_CASE("server: handshakes that are not RFC 6455 are refused") {
  test_server running;
  running.start();
  const auto good = handshake("/stream");
  const std::string key(rialto::net::testing::handshake_key);
  const std::vector<std::pair<std::string, unsigned>> vectors{
    {changed(good, "GET", "POST"), 400},
    {without(good, "Sec-WebSocket-Key"), 400},
    {changed(good, key, "dGhlIHNhbXBsZSBub25jZQ="), 400},
    {changed(good, key, "dGhlIHNhbXBsZSBub25jZR=="), 400}, // bits left over
    {changed(good, key, "dGhlIHNhbXBsZSBub25j!!=="), 400},
    {changed(good, key, ""), 400},
    {handshake("/stream", "Sec-WebSocket-Key: " + key + "\r\n"), 400},
    {without(good, "Sec-WebSocket-Version"), 426},
    {changed(good, "Version: 13", "Version: 8"), 426},
    {changed(good, "Version: 13", "Version: 13, 8"), 426},
    {handshake("/stream", "Sec-WebSocket-Version: 13\r\n"), 426},
    {handshake("/stream", "Content-Length: 3\r\n") + "abc", 400},
    {without(good, "Host"), 400},
  };
  for (const auto& [bytes, status] : vectors) {
    CAPTURE(bytes);
    client peer(running.port());
    peer.send(bytes);
    const auto answer = peer.read_answer();
    CHECK(answer.status == status);
    CHECK(answer.header("content-type") == "application/problem+json");
    if (status == 426) CHECK(answer.header("sec-websocket-version") == "13");
    CHECK(peer.is_closed());
  }
  // Not asked for a WebSocket: plain requests.
  for (const auto& bytes : {without(good, "Connection"), without(good, "Upgrade"),
                            changed(good, "Connection: Upgrade", "Connection: keep-alive"),
                            changed(good, "Upgrade: websocket", "Upgrade: h2c"),
                            changed(good, "HTTP/1.1", "HTTP/1.0")}) {
    CAPTURE(bytes);
    client peer(running.port());
    peer.send(bytes);
    CHECK(peer.read_answer().status == 200);
  }
  // Lists and cases as browsers send them.
  client peer(running.port());
  peer.send(changed(changed(good, "Connection: Upgrade", "connection: keep-alive, upGrade"),
                    "websocket", "WebSocket"));
  const auto answer = peer.read_answer();
  CHECK(answer.status == 101);
  CHECK(answer.header("upgrade") == "websocket");
  CHECK(answer.header("connection") == "Upgrade");
  CHECK(answer.header("sec-websocket-accept") == rialto::net::testing::handshake_accept);
  CHECK(answer.header("sec-websocket-extensions").empty());
}

TEST_CASE("server: the handler sees the handshake and may refuse it") {
  std::vector<std::string> story; // io thread only
  test_server running;
  running.upgrade = [&](const http_request& asked) -> std::optional<http_response> {
    if (asked.header("Origin") == "https://evil.test")
      return plain_problem(403, "origin", "not from there");
    return std::nullopt;
  };
  running.open = [&](web_socket_id, const http_request& asked) {
    story.push_back("open " + std::string(asked.path) + " " + std::string(asked.query));
  };
  running.message = [&](web_socket_id, std::string_view bytes, bool is_binary) {
    story.push_back((is_binary ? "binary " : "text ") + std::string(bytes));
  };
  running.closed = [&](web_socket_id) { story.emplace_back("close"); };
  running.start();
  CHECK_THROWS_WITH((web_socket_client{running.port(), "/stream", "Origin: https://evil.test\r\n"}),
                    doctest::Contains("403"));
  {
    web_socket_client peer(running.port(), "/stream?streams=a/b");
    peer.send_text("hello");
    peer.send(masked_frame(0x82, "\xff"));
    peer.send_close(1000);
    CHECK(peer.read_close() == 1000);
  }
  CHECK(running.wait_until([&] { return story.size() == 4; }));
  CHECK(story ==
        std::vector<std::string>{"open /stream streams=a/b", "text hello", "binary \xff", "close"});
  CHECK(running.counted(&server_statistics::web_sockets) == 0);
}

TEST_CASE("server: frames sent together with the handshake are not lost") {
  test_server running;
  running.start();
  client peer(running.port());
  peer.send(handshake("/stream") + masked_frame(0x81, "early"));
  CHECK(peer.read_answer().status == 101);
  CHECK(peer.read_exactly(7) == "\x81\x05"
                                "early");
  client in_order(running.port()); // behind a plain request on the same connection
  in_order.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + handshake("/stream"));
  CHECK(in_order.read_answer().status == 200);
  CHECK(in_order.read_answer().status == 101);
}

TEST_CASE("server: an upgrade behind an unanswered request is refused in its turn") {
  std::vector<responder> asked;
  test_server running;
  running.request = [&](const http_request&, responder answer) {
    asked.push_back(std::move(answer));
  };
  running.start();
  client peer(running.port());
  peer.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n" + handshake("/stream"));
  REQUIRE(running.wait_until([&] { return asked.size() == 1; }));
  running.on_io([&] { return asked[0].respond({}), 0; });
  CHECK(peer.statuses_until_closed() == std::vector<unsigned>{200, 400});
}

TEST_CASE("server: an echo of every size, in parts and in single bytes, with pings between") {
  test_server running;
  running.start();
  web_socket_client peer(running.port());
  for (const std::size_t size : {0, 1, 125, 126, 65'535, 65'536, 300'000}) {
    const std::string sent(size, 'x');
    peer.send_text(sent);
    CHECK(peer.read_text() == sent);
  }
  peer.send_slowly(masked_frame(0x01, "Hel") + masked_frame(0x89, "ping") +
                   masked_frame(0x80, "lo"));
  const auto pong = peer.read_frame();
  REQUIRE(pong);
  CHECK(pong->opcode == 10);
  CHECK(pong->payload == "ping");
  CHECK(peer.read_text() == "Hello");
  peer.send(masked_frame(0x8a, "unasked pong"));
  std::string many;
  for (int i = 0; i < 1'000; ++i) many += masked_frame(0x81, std::to_string(i));
  peer.send(many);
  for (int i = 0; i < 1'000; ++i) REQUIRE(peer.read_text() == std::to_string(i));
}

TEST_CASE("server: violations are answered with their code, then the connection ends") {
  std::vector<std::string> heard;
  int closed = 0;
  test_server running;
  running.message = [&](web_socket_id, std::string_view bytes, bool) { heard.emplace_back(bytes); };
  running.closed = [&](web_socket_id) { ++closed; };
  running.start();
  const std::vector<std::pair<std::string, unsigned>> vectors{
    {"\x81\x05hello", 1002},                                 // not masked
    {masked_frame(0xc1, "x"), 1002},                         // reserved bit
    {masked_frame(0x83, "x"), 1002},                         // reserved opcode
    {masked_frame(0x89, std::string(126, 'x')), 1002},       // long ping
    {masked_frame(0x80, "x"), 1002},                         // continuation of nothing
    {masked_frame(0x81, "\xc3\x28"), 1007},                  // not UTF-8
    {masked_frame(0x81, std::string(1'048'577, 'x')), 1009}, // too big, sent whole
    {masked_frame(0x88, "\x03\xed"), 1002},                  // close code 1005
    {masked_frame(0x88, "\x0f\xa0 bye"), 4000},              // a good close is echoed
    {masked_frame(0x88, ""), 1005},                          // without a code too
  };
  for (const auto& [bytes, code] : vectors) {
    CAPTURE(code);
    web_socket_client peer(running.port());
    peer.send(bytes + masked_frame(0x81, "never heard"));
    CHECK(peer.read_close() == code);
    CHECK(peer.is_closed());
  }
  CHECK(running.wait_until([&] { return closed == static_cast<int>(vectors.size()); }));
  CHECK(running.on_io([&] { return heard; }).empty());
}

TEST_CASE("server: the handler closes with a code; what it sent before arrives first") {
  test_server running;
  running.message = [&](web_socket_id id, std::string_view bytes, bool) {
    running->send(id, text("last words"));
    running->close(id, 4001, "because " + std::string(bytes));
    CHECK(!running->send(id, text("too late")));
    CHECK(!running->send(id + 1'048'576, text("to nobody")));
  };
  running.start();
  web_socket_client peer(running.port());
  peer.send_text("I say so");
  CHECK(peer.read_text() == "last words");
  const auto last = peer.read_frame();
  REQUIRE(last);
  CHECK(last->close_code() == 4001);
  CHECK(last->payload.substr(2) == "because I say so");
  peer.send_text("ignored now");
  peer.send_close(4001);
  CHECK(!peer.read_frame());              // the server ends the stream, without a second close
  web_socket_client rude(running.port()); // does not answer the close
  rude.send_text("x");
  CHECK(rude.read_close() == 4001);
  CHECK(rude.is_closed());
}

TEST_CASE("server: a message limit of its own for one connection") {
  test_server running;
  running.open = [&](web_socket_id id, const http_request&) { running->set_message_limit(id, 10); };
  running.message = [&](web_socket_id id, std::string_view bytes, bool) {
    if (bytes == "more") running->set_message_limit(id, 100);
    running->send(id, text(std::string(bytes)));
  };
  running.start();
  web_socket_client small(running.port());
  small.send_text("0123456789");
  CHECK(small.read_text() == "0123456789");
  small.send_text("01234567890");
  CHECK(small.read_close() == 1009);
  web_socket_client large(running.port());
  large.send_text("more");
  CHECK(large.read_text() == "more");
  large.send_text(std::string(100, 'x'));
  CHECK(large.read_text() == std::string(100, 'x'));
}

TEST_CASE(
  "server: a reader that stands still gets the latest of each key, in order, when it goes on") {
  web_socket_id id = 0;
  test_server running;
  running.open = [&](web_socket_id opened, const http_request&) { id = opened; };
  running.start();
  web_socket_client peer(running.port(), "/stream", "", 4'096);
  REQUIRE(running.wait_until([&] { return id != 0; }));
  constexpr int rounds = 4'000;
  int refused = 0;
  for (int i = 0; i < rounds; ++i) // 3 keys of 5 KB: 60 MB, far more than sockets buffer
    running->post([&, i] {
      for (std::uint64_t key = 1; key <= 3; ++key)
        refused +=
          running->send(
            id, text(std::to_string(key) + ":" + std::to_string(i) + ":" + std::string(5'000, '.')),
            key)
            ? 0
            : 1;
    });
  CHECK(running.on_io([&] { return refused; }) == 0);
  CHECK(running.on_io([&] { return running->queued_bytes(id); }) < 200'000);
  running.on_io([&] { return running->send(id, text("end")); });
  std::array<int, 4> last{-1, -1, -1, -1};
  int received = 0, out_of_order = 0;
  for (auto one = peer.read_text(); one != "end"; one = peer.read_text()) {
    const auto key = static_cast<std::size_t>(one[0] - '0');
    const int round = std::stoi(one.substr(2));
    out_of_order += round > last.at(key) ? 0 : 1;
    last.at(key) = round;
    ++received;
  }
  CHECK(out_of_order == 0);
  CHECK(received < 3 * rounds); // some were conflated away...
  for (std::size_t key = 1; key <= 3; ++key)
    CHECK(last.at(key) == rounds - 1); // ...but never the latest
  CHECK(running.counted(&server_statistics::slow_consumers) == 0);
}

TEST_CASE(
  "server: a reader that stands still is closed when a message must be delivered and cannot be") {
  server_options options;
  options.send_bytes_max = 100'000;
  std::vector<web_socket_id> ids;
  int closed = 0;
  test_server running(options);
  running.open = [&](web_socket_id opened, const http_request&) { ids.push_back(opened); };
  running.closed = [&](web_socket_id) { ++closed; };
  running.start();
  web_socket_client slow(running.port(), "/stream", "", 4'096), fine(running.port());
  REQUIRE(running.wait_until([&] { return ids.size() == 2; }));
  int accepted = 0;
  for (int i = 0; i < 10'000 && running.on_io([&] {
         return running->send(ids[0], text(std::string(5'000, 'x')));
       });
       ++i)
    ++accepted;
  CHECK(accepted > 0);
  CHECK(accepted < 10'000);
  CHECK(running.wait_until([&] { return closed == 1; }));
  CHECK(running.counted(&server_statistics::slow_consumers) == 1);
  CHECK(running.counted(&server_statistics::web_sockets) == 1);
  int texts = 0;
  std::optional<frame> last; // what was on its way comes whole and in order, then the reason
  while ((last = slow.read_frame()) && last->opcode == 1) ++texts;
  REQUIRE(last);
  CHECK(last->close_code() == 1013);
  CHECK(last->payload.substr(2) == "too slow: this connection's queue of messages is full");
  CHECK(texts < accepted);
  running.on_io(
    [&] { return running->send(ids[1], text("still here")); }); // the other one has not noticed
  CHECK(fine.read_text() == "still here");
}

TEST_CASE("server: a number of frames is a bound too") {
  server_options options;
  options.send_frames_max = 50;
  test_server running(options);
  running.message = [&](web_socket_id id, std::string_view, bool) {
    for (int i = 0; i < 51; ++i) running->send(id, text("x"));
  };
  running.start();
  web_socket_client peer(running.port());
  peer.send_text("go");
  CHECK(peer.read_close() == 1013);
}

TEST_CASE("server: all that a tick sends to one connection is one write, and shared texts are sent "
          "to all") {
  std::vector<web_socket_id> ids;
  test_server running;
  running.open = [&](web_socket_id opened, const http_request&) { ids.push_back(opened); };
  running.start();
  std::vector<web_socket_client> peers;
  for (int i = 0; i < 50; ++i) peers.emplace_back(running.port());
  REQUIRE(running.wait_until([&] { return ids.size() == 50; }));
  const auto before = running.counted(&server_statistics::writes);
  running.on_io([&] {
    for (int i = 0; i < 20; ++i) {
      const auto shared = text("message " + std::to_string(i));
      for (const auto id : ids) CHECK(running->send(id, shared));
    }
    return 0;
  });
  for (auto& one : peers)
    for (int i = 0; i < 20; ++i) REQUIRE(one.read_text() == "message " + std::to_string(i));
  CHECK(running.counted(&server_statistics::writes) == before + 50);
  CHECK(running.counted(&server_statistics::messages_out) == 1'000);
}

TEST_CASE("server: frames that may wait share a write, and one that may not takes them along") {
  std::vector<web_socket_id> ids;
  server_options options;
  options.flush_ns = 300'000'000;
  test_server running(options);
  running.open = [&](web_socket_id opened, const http_request&) { ids.push_back(opened); };
  running.start();
  web_socket_client peer(running.port());
  REQUIRE(running.wait_until([&] { return ids.size() == 1; }));
  const auto say = [&](const std::string& what, bool may_wait) {
    running.on_io([&] { return running->send(ids[0], text(what), 0, may_wait); });
  };
  say("first", false); // from here on something was written lately
  REQUIRE(peer.read_text() == "first");
  const auto before = running.counted(&server_statistics::writes);
  for (int i = 0; i < 10; ++i) say("waits " + std::to_string(i), true);
  for (int i = 0; i < 10; ++i) REQUIRE(peer.read_text() == "waits " + std::to_string(i));
  CHECK(running.counted(&server_statistics::writes) <=
        before + 2); // two if the pause was over in between
  const auto then = running.counted(&server_statistics::writes);
  for (int i = 0; i < 10; ++i) say("waits too " + std::to_string(i), true);
  say("now", false);
  for (int i = 0; i < 10; ++i) REQUIRE(peer.read_text() == "waits too " + std::to_string(i));
  REQUIRE(peer.read_text() == "now");
  CHECK(running.counted(&server_statistics::writes) <= then + 2);
}

TEST_CASE("server: a flood of pings from a client that reads nothing is not read either") {
  server_options options;
  options.send_bytes_max = 100'000;
  test_server running(options);
  running.start();
  web_socket_client flooding(running.port(), "/stream", "", 4'096), fine(running.port());
  std::string pings;
  for (int i = 0; i < 1'000; ++i) pings += masked_frame(0x89, std::string(125, 'p'));
  std::thread sending([&] {
    for (int i = 0; i < 200 && flooding.send(pings); ++i) {
    } // 25 MB of pongs
  });
  for (int i = 0; i < 20; ++i) {
    fine.send_text("alive");
    CHECK(fine.read_text() == "alive");
  }
  int pongs = 0;
  while (pongs < 200'000) {
    const auto one = flooding.read_frame();
    if (!one) break;
    REQUIRE(one->payload.size() == (one->opcode == 10 ? 125 : 0));
    pongs += one->opcode == 10 ? 1 : 0;
  }
  CHECK(pongs == 200'000);
  sending.join();
}

TEST_CASE("server: pings keep a connection, silence ends it") {
  server_options options;
  options.ping_ns = 100'000'000;
  options.silence_ns = 700'000'000;
  int closed = 0;
  test_server running(options);
  running.closed = [&](web_socket_id) { ++closed; };
  running.start();
  web_socket_client silent(running.port()), answering(running.port());
  int pings = 0;
  while (running.on_io([&] { return closed; }) == 0) {
    if (!answering.is_readable_within(20)) continue;
    const auto one = answering.read_frame();
    REQUIRE(one);
    REQUIRE(one->opcode == 9);
    answering.send(masked_frame(0x8a, one->payload));
    ++pings;
  }
  CHECK(pings > 0);
  CHECK(silent.read_close() == 1001);
  CHECK(running.counted(&server_statistics::web_sockets) == 1);
  answering.send_text("x");
  CHECK(answering.read_text() == "x");
}

TEST_CASE(
  "server: a client that vanishes is told of once; handlers may send from within on_close") {
  std::vector<web_socket_id> ids, gone;
  test_server running;
  running.open = [&](web_socket_id opened, const http_request&) { ids.push_back(opened); };
  running.closed = [&](web_socket_id id) {
    gone.push_back(id);
    CHECK(!running->send(id, text("nobody")));
    for (const auto other : ids)
      if (other != id) running->send(other, text("one has left"));
  };
  running.start();
  web_socket_client stays(running.port());
  REQUIRE(running.wait_until([&] { return ids.size() == 1; }));
  {
    web_socket_client leaves(running.port());
    REQUIRE(running.wait_until([&] { return ids.size() == 2; }));
    leaves.reset();
  }
  CHECK(stays.read_text() == "one has left");
  CHECK(running.on_io([&] { return gone; }) == std::vector<web_socket_id>{ids[1]});
}

TEST_CASE("server: a handler that throws costs one WebSocket, not the node") {
  test_server running;
  running.message = [&](web_socket_id id, std::string_view bytes, bool) {
    if (bytes == "bad") throw std::runtime_error("secret detail");
    running->send(id, text(std::string(bytes)));
  };
  running.start();
  web_socket_client first(running.port()), second(running.port());
  first.send_text("bad");
  CHECK(first.read_close() == 1011);
  second.send_text("good");
  CHECK(second.read_text() == "good");
}

TEST_CASE("server: stopping says goodbye to WebSockets") {
  int closed = 0;
  test_server running;
  running.closed = [&](web_socket_id) { ++closed; };
  running.start();
  web_socket_client peer(running.port());
  peer.send_text("x");
  peer.read_text();
  std::thread answering([&] {
    CHECK(peer.read_close() == 1001);
    peer.send_close(1001);
    CHECK(peer.is_closed());
    peer.reset();
  });
  running->stop();
  answering.join();
  CHECK(closed == 1);
  CHECK(running->statistics().web_sockets == 0);
}

// Where one message ends and the next begins: bytes that servers are known to disagree on, and what we say to them.
#include "tests/net/support/client.hpp"
#include "tests/net/support/test_server.hpp"

#include <doctest/doctest.h>

using namespace rialto::net;
using rialto::net::testing::client;
using rialto::net::testing::test_server;

namespace {

using statuses = std::vector<unsigned>;

struct vector {
  std::string name, bytes;
  statuses expected; // all answers, then the server closes
};

/// A request that would be answered 200 if it were read: it never is, behind a bad one.
const std::string smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

std::string with(const std::string& headers, const std::string& body = "") {
  return "POST /x HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body + smuggled;
}
std::string chunked(const std::string& body) {
  return with("Transfer-Encoding: chunked\r\n", body);
}
std::string line(const std::string& request_line) {
  return request_line + "\r\nHost: a\r\n\r\n" + smuggled;
}
std::string nul(std::string text) { // % stands for NUL
  std::replace(text.begin(), text.end(), '%', '\0');
  return text;
}

std::vector<vector> refused_vectors() {
  const auto te = [](const std::string& value) {
    return with("Transfer-Encoding:" + value + "\r\n", "5\r\nhello\r\n0\r\n\r\n");
  };
  const auto length = [](const std::string& value) {
    return with("Content-Length:" + value + "\r\n", "hello");
  };
  return {
    {"length and coding",
     with("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
     {400}},
    {"coding and length",
     with("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "0\r\n\r\n"),
     {400}},
    {"two equal lengths", with("Content-Length: 5\r\nContent-Length: 5\r\n", "hello"), {400}},
    {"two different lengths", with("Content-Length: 5\r\ncontent-length: 6\r\n", "hello"), {400}},
    {"a list of lengths", length(" 5,5"), {400}},
    {"length with a plus", length(" +5"), {400}},
    {"negative length", length(" -1"), {400}},
    {"hexadecimal length", length(" 0x5"), {400}},
    {"length and a blank", length(" 5 "), {400}},
    {"length and a tab", length(" 5\t"), {400}},
    {"empty length", length(" "), {400}},
    {"length of 2^64", length(" 18446744073709551616"), {400}},
    {"length of 2^64 + 5", length(" 18446744073709551621"), {400}},
    {"length with a NUL", nul(length(" 5%")), {400}},
    {"length that is too large", length(" 99999999"), {413}},
    {"coding that is not last", te(" chunked, identity"), {400}},
    {"unknown coding", te(" xchunked"), {400}},
    {"gzip alone", te(" gzip"), {400}},
    {"gzip, then chunked", te(" gzip, chunked"), {501}},
    {"chunked twice", te(" chunked, chunked"), {400}},
    {"chunked in two headers", te(" chunked\r\nTransfer-Encoding: chunked"), {400}},
    {"tab before chunked", te("\tchunked"), {400}},
    {"tab behind chunked", te(" chunked\t"), {400}},
    {"vertical tab before chunked",
     te(" \x0b"
        "chunked"),
     {400}},
    {"NUL behind chunked", nul(te(" chunked%")), {400}},
    {"empty coding", te(" ,chunked"), {400}},
    {"coding in HTTP/1.0",
     "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
     {400}},
    {"blank before the colon", with("Content-Length : 5\r\n", "hello"), {400}},
    {"tab before the colon", with("X\t: 5\r\n"), {400}},
    {"header without a name", with(": 5\r\n"), {400}},
    {"header without a colon", with("X\r\n"), {400}},
    {"folded header", with("X: a\r\n b\r\n"), {400}},
    {"folded first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n" + smuggled, {400}},
    {"bare LF between headers", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n" + smuggled, {400}},
    {"bare LF at the end", "GET / HTTP/1.1\nHost: a\n\n" + smuggled, {400}},
    {"bare CR in a value", with("X: a\rb\r\n"), {400}},
    {"bare CR in the target", line("GET /a\rb HTTP/1.1"), {400}},
    {"NUL in a value", nul(with("X: a%b\r\n")), {400}},
    {"NUL in a name", nul(with("X%Y: a\r\n")), {400}},
    {"NUL in the target", nul(line("GET /a%b HTTP/1.1")), {400}},
    {"high byte in a name", with("X\xe9: a\r\n"), {400}},
    {"control character in a value", with("X: a\x01\r\n"), {400}},
    {"DEL in a value", with("X: a\x7f\r\n"), {400}},
    {"no Host", "GET / HTTP/1.1\r\n\r\n" + smuggled, {400}},
    {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n" + smuggled, {400}},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n" + smuggled, {400}},
    {"absolute target", line("GET http://a/ HTTP/1.1"), {400}},
    {"authority target", line("CONNECT a:443 HTTP/1.1"), {400}},
    {"no target", line("GET HTTP/1.1"), {400}},
    {"two blanks", line("GET  / HTTP/1.1"), {400}},
    {"blank in the target", line("GET /a b HTTP/1.1"), {400}},
    {"high byte in the target", line("GET /\xc3\xa9 HTTP/1.1"), {400}},
    {"tab as a separator", line("GET\t/ HTTP/1.1"), {400}},
    {"bad method", line("G(T / HTTP/1.1"), {400}},
    {"HTTP/0.9", "GET /\r\n\r\n", {400}},
    {"HTTP/1.2", line("GET / HTTP/1.2"), {505}},
    {"HTTP/2.0", line("GET / HTTP/2.0"), {505}},
    {"the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {505}},
    {"no version", line("GET / HTTP/"), {505}},
    {"lower-case version", line("GET / http/1.1"), {400}},
    {"TLS", "\x16\x03\x01\x02\x05\x01\x01\xfc\x03\x03", {400}},
    {"two blank lines first", "\r\n\r\n" + smuggled, {400}},
    {"signed chunk size", chunked("+5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"negative chunk size", chunked("-5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"0x chunk size", chunked("0x5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"empty chunk size", chunked("\r\nhello\r\n0\r\n\r\n"), {400}},
    {"blank before the chunk size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), {400}},
    {"chunk size of 2^64", chunked("10000000000000000\r\nhello\r\n0\r\n\r\n"), {400}},
    {"chunk size of 2^64 + 5", chunked("10000000000000005\r\nhello\r\n0\r\n\r\n"), {400}},
    {"chunk size of 2^64 - 1", chunked("ffffffffffffffff\r\nhello\r\n0\r\n\r\n"), {413}},
    {"chunk without an end", chunked("5\r\nhello0\r\n\r\n"), {400}},
    {"chunk with a bare LF", chunked("5\nhello\r\n0\r\n\r\n"), {400}},
    {"chunk ended with a bare LF", chunked("5\r\nhello\n0\r\n\r\n"), {400}},
    {"chunk longer than said", chunked("5\r\nhello!\r\n0\r\n\r\n"), {400}},
    {"chunks that are too much",
     chunked("fffff\r\n" + std::string(0xfffff, 'x') + "\r\n2\r\nxx\r\n0\r\n\r\n"),
     {413}},
    {"extension of a megabyte",
     chunked("5;a=" + std::string(1'000'000, 'x') + "\r\nhello\r\n0\r\n\r\n"),
     {400}},
    {"Content-Length in the trailer",
     chunked("5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n"),
     {400}},
    {"Transfer-Encoding in the trailer",
     chunked("5\r\nhello\r\n0\r\nTransfer-Encoding: chunked\r\n\r\n"),
     {400}},
    {"Host in the trailer", chunked("5\r\nhello\r\n0\r\nHost: b\r\n\r\n"), {400}},
    {"trailer that does not end", chunked("0\r\nX: " + std::string(20'000, 'x')), {400}},
    {"head that is too large", with("X: " + std::string(17'000, 'x') + "\r\n"), {431}},
    {"head that does not end", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'), {431}},
    {"target that is too long", line("GET /" + std::string(9'000, 'x') + " HTTP/1.1"), {414}},
    {"close", with("Connection: close\r\nContent-Length: 5\r\n", "hello"), {200}},
    {"keep-alive and close",
     with("Connection: keep-alive, close\r\nContent-Length: 5\r\n", "hello"),
     {200}},
    {"HTTP/1.0", "GET / HTTP/1.0\r\n\r\n" + smuggled, {200}},
  };
}

} // namespace

TEST_CASE("server: what could be read in two ways is refused and the connection closed") {
  test_server running;
  running.start();
  for (const auto& one : refused_vectors()) {
    CAPTURE(one.name);
    client peer(running.port());
    peer.send(one.bytes);
    CHECK(peer.statuses_until_closed() == one.expected);
  }
}

TEST_CASE("server: a refusal is a problem document with a request id") {
  test_server running;
  running.start();
  client peer(running.port());
  peer.send("GET / HTTP/1.1\r\n\r\n");
  const auto answer = peer.read_answer();
  CHECK(answer.status == 400);
  CHECK(answer.header("content-type") == "application/problem+json");
  CHECK(answer.body == R"({"type":"about:blank","title":"Bad Request","status":400,)"
                       R"("code":"bad-request","detail":"the Host header is missing"})");
  CHECK(answer.header("connection") == "close");
  CHECK(!answer.header("x-request-id").empty());
  CHECK(peer.is_closed());
  CHECK(running.counted(&server_statistics::parse_errors) == 1);
}

TEST_CASE("server: unusual but clear requests are answered and the connection goes on") {
  const std::vector<std::pair<std::string, std::string>> good{
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / "},
    {"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / "},
    {"GET / HTTP/1.1\r\nHost:a\r\nX:  \t b \t\r\n\r\n", "GET / "},
    {"GET /?a=%00&b=/../ HTTP/1.1\r\nhOST: a\r\n\r\n", "GET /?a=%00&b=/../ "},
    {"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "GET / hello"},
    {"get / HTTP/1.1\r\nHost: a\r\n\r\n", "get / "},
    {"PURGE!~ / HTTP/1.1\r\nHost: a\r\n\r\n", "PURGE!~ / "},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 005\r\n\r\nhello", "POST / hello"},
    {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:0\r\n\r\n", "POST / "},
    {"POST / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / "},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", "POST / "},
    {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "3;x=\"y\"\r\nhel\r\n00002\r\nlo\r\n0\r\nX-Trailer: z\r\n\r\n",
     "POST / hello"},
    {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
     "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
     "GET / "},
    {"GET / HTTP/1.1\r\nHost: a\r\nX: \xc3\xa9\r\n\r\n", "GET / "},
    {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET / "},
  };
  test_server running;
  running.start();
  client peer(running.port()); // one connection for all of them
  for (const auto& [bytes, body] : good) {
    CAPTURE(bytes);
    peer.send(bytes);
    const auto answer = peer.read_answer();
    CHECK(answer.status == 200);
    CHECK(answer.body == body);
  }
  std::string all;
  for (const auto& [bytes, body] : good) all += bytes;
  client at_once(running.port());
  at_once.send(all);
  for (const auto& [bytes, body] : good) CHECK(at_once.read_answer().body == body);
  client slow(running.port());
  slow.send_slowly(all);
  for (const auto& [bytes, body] : good) CHECK(slow.read_answer().body == body);
}

TEST_CASE("server: bad bytes are refused as soon as they are seen, not when the head is whole") {
  test_server running; // header time-out 10 s
  running.start();
  for (const std::string bytes :
       {"GET / HTTP/1.1\nHost", "\x16\x03", "GET /\rx", "\n", "\r\r", "{\"a\"", " GET"}) {
    CAPTURE(bytes);
    client peer(running.port());
    peer.send(bytes);
    CHECK(peer.statuses_until_closed() == statuses{400});
  }
}

TEST_CASE("server: a head over the limit in single bytes is refused") {
  server_options options;
  options.header_bytes_max = 512;
  test_server running(options);
  running.start();
  client peer(running.port());
  peer.send_slowly("GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(600, 'x'));
  CHECK(peer.statuses_until_closed() == statuses{431});
}

TEST_CASE("server: an expectation is met before the body, refused before the body, or not known") {
  server_options options;
  options.body_bytes_max = 10;
  test_server running(options);
  running.start();
  client peer(running.port());
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\n";
  peer.send(head + "Content-Length: 5\r\n\r\n");
  CHECK(peer.read_answer().status == 100);
  peer.send("hello");
  CHECK(peer.read_answer().body == "POST / hello");
  peer.send(head + "Transfer-Encoding: chunked\r\n\r\n");
  CHECK(peer.read_answer().status == 100);
  peer.send("5\r\nworld\r\n0\r\n\r\n");
  CHECK(peer.read_answer().body == "POST / world");
  peer.send(head + "Content-Length: 5\r\n\r\nhello"); // did not wait: no 100 then
  CHECK(peer.read_answer().status == 200);
  peer.send(head + "Content-Length: 11\r\n\r\n");
  CHECK(peer.statuses_until_closed() == statuses{413});
  for (const std::string body : {"", "hel", "hello"}) { // however much of it came along
    CAPTURE(body);
    client other(running.port());
    other.send("POST / HTTP/1.1\r\nHost: a\r\nExpect: 200-ok\r\nContent-Length: 5\r\n\r\n" + body);
    CHECK(other.statuses_until_closed() == statuses{417});
  }
}

TEST_CASE("server: a hundred pipelined requests with a bad one in the middle") {
  test_server running;
  running.start();
  std::string all;
  for (int i = 0; i < 100; ++i)
    all += i == 50 ? "GET /bad HTTP/1.1\r\nHost : a\r\n\r\n"
                   : "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: a\r\n\r\n";
  client peer(running.port());
  peer.send(all);
  statuses expected(50, 200);
  expected.push_back(400);
  CHECK(peer.statuses_until_closed() == expected);
  CHECK(running.counted(&server_statistics::requests) == 50);
}

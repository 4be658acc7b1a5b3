// The API through real sockets: HTTP kept alive and pipelined, the handshake, frames both ways.
#include "net/api/api.hpp"
#include "net/auth/passwords.hpp"
#include "tests/net/api_node.hpp"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace rialto::net {

namespace {

/// Blocking, one answer or frame at a time; five seconds of silence are a failure.
class wire {
public:
  explicit wire(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
    const timeval patience{20, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~wire() { ::close(fd_); }
  wire(const wire&) = delete;
  wire& operator=(const wire&) = delete;

  void send(const std::string& bytes) {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  static std::string http(const std::string& method, const std::string& target,
                          const std::string& body, const std::string& token) {
    return method + " " + target + " HTTP/1.1\r\nHost: localhost\r\n" +
           (token.empty() ? "" : "Authorization: Bearer " + token + "\r\n") +
           (body.empty() ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n") +
           "\r\n" + body;
  }
  http_answer answer() {
    while (in_.find("\r\n\r\n") == std::string::npos) read();
    const auto end = in_.find("\r\n\r\n");
    http_answer out;
    out.status = std::stoi(in_.substr(9, 3));
    const auto head = in_.substr(0, end);
    in_.erase(0, end + 4);
    const std::string name = "Content-Length: ";
    const auto at = head.find(name);
    const auto size = at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
    if (out.status == 101) return out;
    while (in_.size() < size) read();
    out.text = in_.substr(0, size);
    in_.erase(0, size);
    return out;
  }
  http_answer ask(const std::string& method, const std::string& target,
                  const std::string& body = {}, const std::string& token = {}) {
    send(http(method, target, body, token));
    return answer();
  }
  /// A masked text frame of at most 65,535 bytes.
  void say(const json& message) {
    const auto text = message.dump();
    std::string frame = "\x81";
    if (text.size() < 126) {
      frame += static_cast<char>(0x80 | text.size());
    } else {
      frame += static_cast<char>(0xfe);
      frame += static_cast<char>(text.size() >> 8);
      frame += static_cast<char>(text.size() & 255);
    }
    frame += std::string(4, '\0') + text; // a mask of zeros is a mask
    send(frame);
  }
  /// The next text message; a close frame gives {"closed":code}.
  json hear() {
    for (;;) {
      const auto first = take(2);
      std::size_t size = static_cast<unsigned char>(first[1]);
      if (size >= 126) {
        const auto more = take(size == 126 ? 2 : 8);
        size = 0;
        for (const char c : more) size = size << 8 | static_cast<unsigned char>(c);
      }
      const auto text = take(size);
      const int kind = first[0] & 15;
      if (kind == 1) return json::parse(text);
      if (kind == 8)
        return {{"closed",
                 static_cast<unsigned char>(text[0]) << 8 | static_cast<unsigned char>(text[1])}};
    }
  }

private:
  void read() {
    char bytes[16'384];
    const auto count = recv(fd_, bytes, sizeof bytes, 0);
    REQUIRE(count > 0);
    in_.append(bytes, static_cast<std::size_t>(count));
  }
  std::string take(std::size_t count) {
    while (in_.size() < count) read();
    auto out = in_.substr(0, count);
    in_.erase(0, count);
    return out;
  }
  int fd_;
  std::string in_;
};

const std::string handshake =
  "GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// A node on a port of its own.
struct open_node {
  runtime::system_clock clock;
  node_gate gate;
  std::filesystem::path directory =
    std::filesystem::temp_directory_path() / ("rialto-socket-" + std::to_string(getpid()));
  std::unique_ptr<storage::tape_store> tape;
  std::unique_ptr<api> made;
  std::unique_ptr<server> web;
  open_node() {
    std::filesystem::create_directories(directory);
    tape = storage::open_tape_store(directory.string());
    gate.node().now = clock.now();
    gate.project_into(directory.string());
    api_settings settings;
    settings.token_key = "a key of tests, and of nothing else: 0123456789";
    settings.secret_key = "32 bytes that seal in tests only";
    made = std::make_unique<api>(
      gate, [path = directory.string()] { return storage::open_read_models(path); }, *tape,
      settings, clock);
    server_options options;
    options.port = 0;
    web = std::make_unique<server>(options, *made);
    made->attach(*web);
    gate.out = made.get();
    const user_id id{gate.next_id("user")};
    // Before the io thread runs, the gate is ours.
    gate.submit({{1,
                  id,
                  user_command{register_user{id,
                                             "admin@rialto.local",
                                             hash_password("the password of the admin").value(),
                                             user_role::admin,
                                             {gate.next_id("account")}}},
                  {{"email:admin@rialto.local", id}}}});
    web->start();
  }
  ~open_node() {
    web->stop();
    made->stop();
    web.reset();
    made.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory, ignored);
  }
};

} // namespace

TEST_CASE("api over sockets: from registering to a fill, over HTTP and the stream") {
  open_node node;
  wire http(node.web->port());
  const auto log_in = [&](const std::string& email, const std::string& password) {
    const auto got =
      http.ask("POST", "/api/v1/auth/login", json{{"email", email}, {"password", password}}.dump());
    REQUIRE_MESSAGE(got.status == 200, got.text);
    return got.body()["access_token"].get<std::string>();
  };
  const auto admin = log_in("admin@rialto.local", "the password of the admin");
  const json listing = {{"symbol", "BTCUSDT"},
                        {"base", "BTC"},
                        {"quote", "USDT"},
                        {"tick_size", "0.01"},
                        {"lot_size", "0.00001"}};
  CHECK(http.ask("POST", "/api/v1/admin/instruments", listing.dump(), admin).status == 201);
  std::vector<std::string> tokens;
  for (const char* asset : {"USDT", "BTC"}) {
    const auto email = std::string(asset) + "@example.org";
    const auto made =
      http.ask("POST", "/api/v1/auth/register",
               json{{"email", email}, {"password", "correct horse battery"}}.dump());
    REQUIRE_MESSAGE(made.status == 201, made.text);
    const json money = {{"asset", asset}, {"amount", "100000"}, {"reference", asset}};
    CHECK(http
            .ask("POST", "/api/v1/admin/accounts/" + made.body()["account_id"].dump() + "/deposits",
                 money.dump(), admin)
            .status == 201);
    tokens.push_back(log_in(email, "correct horse battery"));
  }

  wire stream(node.web->port());
  stream.send(handshake + "\r\n");
  REQUIRE(stream.answer().status == 101);
  stream.say({{"id", 1}, {"op", "authenticate"}, {"access_token", tokens[0]}});
  CHECK(stream.hear()["ok"] == true);
  stream.say({{"id", 2}, {"op", "subscribe"}, {"channels", {"orders", "trades.BTCUSDT"}}});
  CHECK(stream.hear()["ok"] == true);
  CHECK(stream.hear()["channel"] == "trades.BTCUSDT");
  CHECK(stream.hear()["snapshot"] == true);
  auto order = limit_order("buy", "50000.00", "0.5");
  order["id"] = 3;
  order["op"] = "order.place";
  stream.say(order);
  CHECK(stream.hear()["result"]["status"] == "new");
  CHECK(stream.hear()["data"]["status"] == "new");

  // Twenty sells in one write: answered in order, and settled to the last digit.
  std::string burst;
  for (int i = 0; i < 20; ++i)
    burst += wire::http("POST", "/api/v1/orders", limit_order("sell", "50000.00", "0.01").dump(),
                        tokens[1]);
  http.send(burst);
  std::uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const auto one = http.answer();
    REQUIRE_MESSAGE(one.status == 201, one.text);
    CHECK(one.body()["order_id"].get<std::uint64_t>() > last);
    last = one.body()["order_id"];
  }
  const auto balances = http.ask("GET", "/api/v1/account/balances", "", tokens[0]).body();
  CHECK(balances == json::parse(R"([{"asset":"BTC","available":"0.1998","hold":"0"},)"
                                R"({"asset":"USDT","available":"75000","hold":"15000"}])"));
  int trades = 0, updates = 0;
  while (trades < 20 || updates < 20) {
    const auto one = stream.hear();
    if (one["channel"] == "trades.BTCUSDT")
      trades += static_cast<int>(one["data"]["trades"].size());
    if (one["channel"] == "orders") ++updates;
  }
  CHECK(trades == 20);
  CHECK(updates == 20);

  CHECK(http.ask("POST", "/api/v1/auth/logout", "", tokens[0]).status == 204);
  CHECK(stream.hear()["closed"] == close_session_ended);
  CHECK(http.ask("GET", "/api/v1/me", "", tokens[0]).code() == "session-ended");
}

TEST_CASE("api over sockets: a handshake of a foreign page, or at another path, is refused") {
  open_node node;
  const auto status_of = [&](const std::string& text) {
    wire one(node.web->port());
    one.send(text);
    return one.answer().status;
  };
  CHECK(status_of(handshake + "Origin: https://evil.example\r\n\r\n") == 403);
  CHECK(status_of(handshake + "Origin: http://localhost\r\n\r\n") == 101);
  auto elsewhere = handshake + "\r\n";
  elsewhere.replace(elsewhere.find("/api/v1/stream"), 14, "/api/v1/stroom");
  CHECK(status_of(elsewhere) == 404);
}

} // namespace rialto::net

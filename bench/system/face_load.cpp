// bench/system/face_load.cpp: what an order costs the node in Binance's words against our own, over REST and over the WebSocket.
//
// Usage: face_load RIALTO [--connections N] [--seconds S] [--runs N] [--small] [--server-core N] [--client-core N]
// The same orders by the same users, in turns: native, Binance, native, ... The figure is the node's CPU time per order, all its threads, and the
// ratio of the medians. Every order counted was answered, and so is durable. REST orders are signed with HMAC each; a WebSocket of either kind is
// logged on once.
#include "bench/system/load_node.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace rialto::bench;

namespace {

struct trader {
  std::string token, key, secret;
};
enum class face : std::uint8_t { native, binance };

std::string signature(const std::string& secret, std::string_view message) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
       reinterpret_cast<const unsigned char*>(message.data()), message.size(), digest, &size);
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 15];
  }
  return out;
}

std::string now_ms() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return std::to_string(now.tv_sec * 1'000 + now.tv_nsec / 1'000'000);
}

std::uint64_t chance_state = 42;
std::uint64_t chance() {
  chance_state ^= chance_state << 13;
  chance_state ^= chance_state >> 7;
  return chance_state ^= chance_state << 17;
}

struct order {
  bool buys = false;
  std::string quantity, price, id;
};
order next_order() {
  static std::uint64_t number = 0;
  char text[32];
  order one;
  one.buys = chance() % 2 == 0;
  std::snprintf(text, sizeof text, "0.00%03lu", 100 + static_cast<unsigned long>(chance() % 100));
  one.quantity = text;
  const auto cents = 6'000'000 + static_cast<long>(chance() % 101) - 50;
  std::snprintf(text, sizeof text, "%ld.%02ld", cents / 100, cents % 100);
  one.price = text;
  one.id = "f-" + std::to_string(++number);
  return one;
}

std::string native_fields(const order& one) {
  return R"("symbol":"BTCUSDT","side":")" + std::string(one.buys ? "buy" : "sell") +
         R"(","type":"limit","time_in_force":"gtc","quantity":")" + one.quantity +
         R"(","price":")" + one.price + R"(","client_order_id":")" + one.id + "\"";
}

void send_rest(load_socket& to, const trader& who, face how, const order& one) {
  if (how == face::native)
    return to.send_http("/api/v1/orders", who.token, "{" + native_fields(one) + "}");
  auto form = "symbol=BTCUSDT&side=" + std::string(one.buys ? "BUY" : "SELL") +
              "&type=LIMIT&timeInForce=GTC&quantity=" + one.quantity + "&price=" + one.price +
              "&newClientOrderId=" + one.id + "&timestamp=" + now_ms();
  form += "&signature=" + signature(who.secret, form);
  to.send_bytes("POST /api/v3/order HTTP/1.1\r\nHost: localhost\r\nX-MBX-APIKEY: " + who.key +
                "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: " +
                std::to_string(form.size()) + "\r\n\r\n" + form);
}

void send_message(load_socket& to, face how, const order& one) {
  if (how == face::native)
    return to.send_text(R"({"id":1,"op":"order.place",)" + native_fields(one) + "}");
  to.send_text(R"({"id":1,"method":"order.place","params":{"symbol":"BTCUSDT","side":")" +
               std::string(one.buys ? "BUY" : "SELL") +
               R"(","type":"LIMIT","timeInForce":"GTC","quantity":")" + one.quantity +
               R"(","price":")" + one.price + R"(","newClientOrderId":")" + one.id +
               R"(","timestamp":)" + now_ms() + "}}");
}

/// Logs a socket on.
void log_on(load_socket& to, const trader& who, face how) {
  if (how == face::native) {
    to.send_text(R"({"id":0,"op":"authenticate","access_token":")" + who.token + "\"}");
  } else {
    const auto time = now_ms();
    const auto signed_text = "apiKey=" + who.key + "&timestamp=" + time;
    to.send_text(R"({"id":0,"method":"session.logon","params":{"apiKey":")" + who.key +
                 R"(","timestamp":)" + time + R"(,"signature":")" +
                 signature(who.secret, signed_text) + R"("}})");
  }
  to.flush();
  bool answered = false;
  while (!answered)
    if (!to.read([&](int, std::string_view text) {
          const bool is_good = text.find("\"ok\":true") != std::string_view::npos ||
                               text.find("\"status\":200") != std::string_view::npos;
          if (!is_good) give_up("log on: " + std::string(text));
          answered = true;
        }))
      give_up("the node closed a connection");
}

/// Microseconds of the node's CPU per order; one order under way on every connection.
double run(node& at, const std::vector<trader>& traders, bool web_socket, face how,
           double seconds) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<load_socket>> sockets;
  const auto send_one = [&](std::size_t i) {
    const auto one = next_order();
    web_socket ? send_message(*sockets[i], how, one) : send_rest(*sockets[i], traders[i], how, one);
  };
  const auto* path = how == face::native ? "/api/v1/stream" : "/ws-api/v3?returnRateLimits=false";
  for (std::size_t i = 0; i < traders.size(); ++i) {
    sockets.push_back(std::make_unique<load_socket>(
      at.port, web_socket ? load_socket::kind::web_socket : load_socket::kind::http, path));
    if (web_socket) log_on(*sockets[i], traders[i], how);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i]->descriptor(), &event);
  }
  const auto cpu = at.cpu_seconds();
  const auto end = monotonic_ns() + static_cast<std::int64_t>(seconds * 1e9);
  std::uint64_t answered = 0;
  auto open = traders.size();
  for (std::size_t i = 0; i < traders.size(); ++i) {
    send_one(i);
    sockets[i]->flush();
  }
  while (open > 0) {
    epoll_event events[256];
    const int ready = epoll_wait(poll, events, 256, 5'000);
    if (ready <= 0) give_up("no answer for five seconds");
    const auto now = monotonic_ns();
    for (int e = 0; e < ready; ++e) {
      const auto i = events[e].data.u64;
      const bool alive = sockets[i]->read([&](int status, std::string_view body) {
        const bool is_good =
          status / 100 == 2 && (body.find("\"order_id\"") != std::string_view::npos ||
                                body.find("\"orderId\"") != std::string_view::npos);
        if (!is_good) give_up(std::to_string(status) + " " + std::string(body));
        ++answered;
        --open;
        if (now >= end) return;
        send_one(i);
        ++open;
      });
      if (!alive) give_up("the node closed a connection");
      sockets[i]->flush();
    }
  }
  close(poll);
  return (at.cpu_seconds() - cpu) * 1e6 / static_cast<double>(answered);
}

double middle(std::vector<double> of) {
  std::sort(of.begin(), of.end());
  return of[of.size() / 2];
}

void compare(node& at, const std::vector<trader>& traders, bool web_socket, const options& wanted) {
  std::vector<double> native, binance;
  for (int i = 0; i < wanted.runs; ++i) {
    native.push_back(run(at, traders, web_socket, face::native, wanted.seconds));
    binance.push_back(run(at, traders, web_socket, face::binance, wanted.seconds));
  }
  std::printf(
    "%-9s %zu connections: native %7.1f us, Binance %7.1f us of server CPU an order, %.2f "
    "times\n",
    web_socket ? "WebSocket" : "REST", traders.size(), middle(native), middle(binance),
    middle(binance) / middle(native));
  std::fflush(stdout);
}

} // namespace

int main(int count, char** words) {
  options wanted;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    const auto next = [&] {
      return i + 1 < count ? std::string(words[++i])
                           : (give_up(word + " needs a value"), std::string());
    };
    if (word == "--connections")
      wanted.connections = std::stoi(next());
    else if (word == "--seconds")
      wanted.seconds = std::stod(next());
    else if (word == "--runs")
      wanted.runs = std::stoi(next());
    else if (word == "--server-core")
      wanted.server_core = std::stoi(next());
    else if (word == "--client-core")
      wanted.client_core = std::stoi(next());
    else if (word == "--small")
      wanted.connections = 4, wanted.runs = 1, wanted.seconds = 0.3;
    else if (wanted.rialto.empty())
      wanted.rialto = word;
    else
      give_up("unknown argument " + word);
  }
  if (wanted.rialto.empty()) give_up("say which rialto: face_load build/rialto");
  rlimit files{65'536, 65'536};
  setrlimit(RLIMIT_NOFILE, &files);
  std::signal(SIGPIPE, SIG_IGN);
  pin(wanted.client_core);
  try {
    node at(wanted, 10);
    int next = 0;
    std::vector<trader> traders;
    for (auto& token : users(at, wanted.connections, next)) {
      const auto made = http_request(at.port, "POST", "/api/v1/api-keys", token,
                                     R"({"label":"load","scopes":["read","trade"],"type":"hmac"})");
      traders.push_back({token, must(made, "key", "key"), must(made, "secret", "secret")});
    }
    compare(at, traders, false, wanted);
    compare(at, traders, true, wanted);
  } catch (const std::exception& problem) {
    give_up(problem.what());
  }
}

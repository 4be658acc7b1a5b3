// bench/system/steady_load.cpp: a steady rate of orders on nodes that run already, for who watches their memory meanwhile (cluster_soak.py).
//
// Usage: steady_load --ports P,P [--rate ORDERS_PER_SECOND] [--seconds S] [--connections N] [--client-core N]
// RIALTO_ADMIN_PASSWORD is the administrator's. Each connection has one request under way, trades in one of five markets, cancels
// what it left there with every 16th request, and is closed and opened again with every 256th: so as much ends as begins. Prints orders,
// refused requests and the longest wait at the end; fails if one was refused.
#include "bench/system/load_node.hpp"
#include "bench/system/load_orders.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <sys/epoll.h>
#include <unistd.h>

using namespace rialto::bench;

namespace {

class steady_load {
public:
  steady_load(node& at, const std::vector<std::string>& tokens, const options& wanted)
      : at_(at), tokens_(tokens), wanted_(wanted), clients_(tokens.size()) {
    for (std::size_t i = 0; i < clients_.size(); ++i) open(i);
  }
  ~steady_load() { close(poll_); }
  steady_load(const steady_load&) = delete;
  steady_load& operator=(const steady_load&) = delete;

  /// Sends a request each time one is due, to whoever waited longest without one.
  void run(double per_second) {
    const auto start = monotonic_ns();
    const auto end = start + static_cast<std::int64_t>(wanted_.seconds * 1e9);
    const auto pause_ns = static_cast<std::int64_t>(1e9 / per_second);
    auto due = start;
    std::size_t next = 0;
    for (auto now = start; now < end || busy_ > 0; now = monotonic_ns()) {
      for (std::size_t tried = 0; due <= now && now < end && tried < clients_.size();
           ++tried, next = (next + 1) % clients_.size()) {
        if (clients_[next].sent_at != 0 || !clients_[next].is_known) continue;
        send(next, now);
        due += pause_ns;
      }
      if (due < now - 1'000'000'000) due = now; // what could not be sent is not made up for
      epoll_event events[64];
      const int ready = epoll_wait(poll_, events, 64, 1);
      for (int e = 0; e < ready; ++e) read(events[e].data.u64);
      if (now > end + 10'000'000'000) give_up("no answer for ten seconds");
    }
    std::printf("orders %lu refused %lu longest wait %.3f s\n", orders_, refused_,
                static_cast<double>(longest_) / 1e9);
  }
  [[nodiscard]] unsigned long refused() const { return refused_; }

private:
  struct client {
    std::unique_ptr<load_socket> socket;
    std::int64_t sent_at = 0; // 0: nothing is under way
    bool is_known = false;    // the node has said who it is
    unsigned long requests = 0;
  };

  void open(std::size_t i) {
    auto& mine = clients_[i];
    mine.is_known = false;
    mine.socket = std::make_unique<load_socket>(at_.port_of(i), load_socket::kind::web_socket,
                                                "/api/v1/stream");
    mine.socket->send_text(R"({"id":0,"op":"authenticate","access_token":")" + tokens_[i] + "\"}");
    mine.socket->send_text(R"({"id":"s","op":"subscribe","channels":["orders","balances"]})");
    mine.socket->flush();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll_, EPOLL_CTL_ADD, mine.socket->descriptor(), &event);
  }

  void send(std::size_t i, std::int64_t now) {
    auto& mine = clients_[i];
    if (++mine.requests % 256 == 0) return open(i);
    const auto& market = load_markets[i / wanted_.nodes() % std::size(load_markets)];
    if (mine.requests % 16 == 0) {
      mine.socket->send_text(R"({"id":1,"op":"order.cancel_all","symbol":")" +
                             std::string(market.symbol) + "\"}");
    } else {
      mine.socket->send_text(R"({"id":1,"op":"order.place",)" + order_fields(market, false) + "}");
      ++orders_;
    }
    mine.socket->flush();
    mine.sent_at = now;
    ++busy_;
  }

  void read(std::size_t i) {
    auto& mine = clients_[i];
    const bool is_open = mine.socket->read([&](int, std::string_view text) {
      if (text.starts_with(R"({"id":0,)")) {
        mine.is_known = text.find("\"ok\":true") != std::string_view::npos;
        if (!mine.is_known) give_up("a token is refused");
      }
      if (!text.starts_with(R"({"id":1,)") || mine.sent_at == 0) return;
      if (text.find("\"ok\":true") == std::string_view::npos && refused_++ == 0)
        std::fprintf(stderr, "first refusal: %.*s\n", static_cast<int>(text.size()), text.data());
      longest_ = std::max(longest_, monotonic_ns() - mine.sent_at);
      mine.sent_at = 0;
      --busy_;
    });
    if (!is_open) give_up("a node closed a connection");
  }

  node& at_;
  const std::vector<std::string>& tokens_;
  const options& wanted_;
  std::vector<client> clients_;
  int poll_ = epoll_create1(EPOLL_CLOEXEC);
  std::size_t busy_ = 0;
  unsigned long orders_ = 0, refused_ = 0;
  std::int64_t longest_ = 0;
};

} // namespace

int main(int count, char** words) {
  options wanted;
  wanted.seconds = 60;
  double rate = 500;
  for (int i = 1; i + 1 < count; i += 2) {
    const std::string word = words[i], value = words[i + 1];
    if (word == "--ports")
      wanted.ports = numbers<std::uint16_t>(value);
    else if (word == "--rate")
      rate = std::stod(value);
    else if (word == "--seconds")
      wanted.seconds = std::stod(value);
    else if (word == "--connections")
      wanted.connections = std::stoi(value);
    else if (word == "--client-core")
      wanted.client_core = std::stoi(value);
    else
      give_up("unknown argument " + word);
  }
  if (wanted.ports.empty() || rate <= 0) give_up("say where: --ports P,P");
  std::signal(SIGPIPE, SIG_IGN);
  pin(wanted.client_core);
  try {
    node at(wanted, 10);
    int next = 0;
    const auto tokens = users(at, wanted.connections, next, true);
    steady_load load(at, tokens, wanted);
    load.run(rate);
    return load.refused() == 0 ? 0 : 1;
  } catch (const std::exception& problem) {
    give_up(problem.what());
  }
}

// bench/system/edge_load.cpp: durable orders per second over HTTP keep-alive and over the WebSocket, and fan-out, against the real binary.
//
// Usage: edge_load RIALTO [--mode http|ws|pipelined|fanout|coalesced|single|all] [--connections N] [--seconds S] [--runs N] [--small]
//                  [--server-core N] [--client-core N] [--keep DIR] [--poll] [--streams] [--all-markets]
//                  [--ports P,P --pids N,N [--database PID]]
// Starts the node in a temporary directory, pins it and itself, registers one user a connection, deposits, and sends limit
// orders around one price, of which about half trade. Every order counted was answered, and so is durable.
// --poll: the generator polls its core, so that a client costs the node's core no wake-up; the system's own threads then have less of that core.
// --all-markets: a connection trades in one of five markets, not all in one.
// --ports, --pids: of nodes that run already (RIALTO_ADMIN_PASSWORD is their administrator's); connections take turns. Then it also prints what an
// order cost of commits, bytes, messages and, with --database, of PostgreSQL's CPU.
// --streams: the connections of ws and pipelined also subscribe to orders, executions and balances of their account.
#include "bench/system/load_node.hpp"
#include "bench/system/load_orders.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

using namespace rialto::bench;

namespace {

struct result {
  double per_second = 0, per_cpu_second = 0, p50 = 0, p99 = 0;
  double lag_ms = 0; // of the lists when the last order was answered
  double database_us = 0;
  counters spent; // an order
  std::uint64_t errors = 0;
};

/// Events within five seconds; it gives up if there are none.
int wait_for_events(int poll, epoll_event* events, int count, bool polls) {
  const auto end = monotonic_ns() + 5'000'000'000;
  do {
    const int ready = epoll_wait(poll, events, count, polls ? 0 : 5'000);
    if (ready > 0) return ready;
  } while (monotonic_ns() < end);
  give_up("no answer for five seconds");
}

/// Keeps `in_flight` orders under way on every connection for the time given.
result load_orders(node& at, const std::vector<std::string>& tokens, bool web_socket, int in_flight,
                   const options& wanted) {
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<load_socket>> sockets;
  std::vector<std::deque<std::int64_t>> sent(tokens.size());
  const auto send_one = [&](std::size_t i) {
    // Of those of one node, too, each market has as many.
    const auto& market = load_markets[wanted.all_markets ? i / wanted.nodes() % 5 : 0];
    sent[i].push_back(monotonic_ns());
    if (web_socket)
      sockets[i]->send_text(R"({"id":1,"op":"order.place",)" + order_fields(market) + "}");
    else
      sockets[i]->send_http("/api/v1/orders", tokens[i], "{" + order_fields(market) + "}");
  };
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    sockets.push_back(std::make_unique<load_socket>(
      at.port_of(i), web_socket ? load_socket::kind::web_socket : load_socket::kind::http,
      "/api/v1/stream"));
    if (web_socket) {
      sockets[i]->send_text(R"({"id":0,"op":"authenticate","access_token":")" + tokens[i] + "\"}");
      sockets[i]->flush();
      bool answered = false;
      while (!answered)
        if (!sockets[i]->read([&](int, std::string_view text) {
              if (text.find("\"ok\":true") == std::string_view::npos)
                give_up("authenticate: " + std::string(text));
              answered = true;
            }))
          give_up("the stream was closed");
      if (wanted.streams)
        sockets[i]->send_text(
          R"({"id":"s","op":"subscribe","channels":["orders","executions","balances"]})");
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    epoll_ctl(poll, EPOLL_CTL_ADD, sockets[i]->descriptor(), &event);
  }
  latencies spent;
  result out;
  const auto cpu = at.cpu_seconds(), database_cpu = at.database_cpu_seconds();
  const auto before = at.counted();
  const auto start = monotonic_ns(), end = start + static_cast<std::int64_t>(wanted.seconds * 1e9);
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    for (int k = 0; k < in_flight; ++k) send_one(i);
    sockets[i]->flush();
  }
  std::size_t open = tokens.size() * static_cast<std::size_t>(in_flight);
  while (open > 0) {
    epoll_event events[256];
    const int ready = wait_for_events(poll, events, 256, wanted.polls);
    const auto now = monotonic_ns();
    for (int e = 0; e < ready; ++e) {
      const auto i = events[e].data.u64;
      const bool alive = sockets[i]->read([&](int status, std::string_view body) {
        if (web_socket && !body.starts_with(R"({"id":1,)")) return; // an event of a channel
        if (status / 100 != 2 || body.find("\"order_id\"") == std::string_view::npos) {
          if (out.errors++ == 0)
            std::fprintf(stderr, "first error: %d %.*s\n", status, static_cast<int>(body.size()),
                         body.data());
        }
        spent.ns.push_back(now - sent[i].front());
        sent[i].pop_front();
        --open;
        if (now < end) {
          send_one(i);
          ++open;
        }
      });
      if (!alive) give_up("the node closed a connection");
      sockets[i]->flush();
    }
  }
  const auto elapsed = static_cast<double>(monotonic_ns() - start) / 1e9;
  out.per_second = static_cast<double>(spent.ns.size() - out.errors) / elapsed;
  out.per_cpu_second = static_cast<double>(spent.ns.size() - out.errors) / (at.cpu_seconds() - cpu);
  const auto orders = static_cast<double>(spent.ns.size() - out.errors);
  out.database_us = (at.database_cpu_seconds() - database_cpu) * 1e6 / orders;
  const auto after = at.counted();
  out.spent = {(after.commits - before.commits) / orders,
               (after.journal_bytes - before.journal_bytes) / orders,
               (after.link_messages - before.link_messages) / orders,
               (after.frames - before.frames) / orders};
  out.lag_ms = at.lag_ms();
  out.p50 = spent.percentile_ms(0.5);
  out.p99 = spent.percentile_ms(0.99);
  close(poll);
  return out;
}

struct traded_market {
  std::string symbol, base, price, quantity;
};
const std::vector<traded_market> all_markets{
  {"BTCUSDT", "BTC", "60000.00", "0.00100"}, {"ETHUSDT", "ETH", "3000.00", "0.0100"},
  {"BNBUSDT", "BNB", "600.00", "0.100"},     {"SOLUSDT", "SOL", "200.00", "0.100"},
  {"XRPUSDT", "XRP", "2.0000", "10.0"},
};

/// A buy and a sell that meet, in each market.
void round_of_trades(const std::vector<traded_market>& markets, load_socket& into) {
  for (const auto& one : markets)
    for (const char* way : {"buy", "sell"})
      into.send_text(R"({"id":1,"op":"order.place","symbol":")" + one.symbol + R"(","side":")" +
                     way + R"(","type":"limit","time_in_force":"gtc","quantity":")" + one.quantity +
                     R"(","price":")" + one.price + R"(","client_order_id":"f-)" +
                     std::to_string(++order_number) + "\"}");
  into.flush();
}

std::string channels_of(const std::vector<traded_market>& markets, bool with_candles) {
  std::string list;
  for (const auto& one : markets) {
    for (const char* kind :
         {"book.", "trades.", "candles.1s.", "candles.1m.", "candles.5m.", "candles.1h."}) {
      if (!with_candles && kind[0] == 'c') continue;
      if (!list.empty()) list += ',';
      list += '"' + std::string(kind) + one.symbol + '"';
    }
  }
  return list;
}

/// `clients` subscribers; a trader makes updates as fast as answers come. Frames per second received by all. One market unbatched; or all
/// of them with their candles, when what comes within a flush shares a write.
result fan_out(node& at, const std::string& token, int clients, double seconds, bool is_coalesced) {
  const std::vector<traded_market> markets(
    all_markets.begin(), is_coalesced ? all_markets.end() : all_markets.begin() + 1);
  const auto subscription =
    R"({"id":0,"op":"subscribe","channels":[)" + channels_of(markets, is_coalesced) + "]}";
  const int poll = epoll_create1(EPOLL_CLOEXEC);
  std::vector<std::unique_ptr<load_socket>> sockets;
  for (int i = 0; i <= clients; ++i) { // the last one trades
    sockets.push_back(
      std::make_unique<load_socket>(at.port, load_socket::kind::web_socket, "/api/v1/stream"));
    sockets.back()->send_text(i < clients ? subscription
                                          : R"({"id":0,"op":"authenticate","access_token":")" +
                                              token + "\"}");
    sockets.back()->flush();
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = static_cast<std::uint64_t>(i);
    epoll_ctl(poll, EPOLL_CTL_ADD, sockets.back()->descriptor(), &event);
  }
  std::uint64_t frames = 0;
  result out;
  std::size_t unanswered = 1; // of the trader's messages
  const auto cpu = at.cpu_seconds();
  const auto start = monotonic_ns(), end = start + static_cast<std::int64_t>(seconds * 1e9);
  std::int64_t now = start;
  while (now < end) {
    epoll_event events[512];
    const int ready = epoll_wait(poll, events, 512, 1'000);
    now = monotonic_ns();
    for (int e = 0; e < ready; ++e) {
      const auto i = events[e].data.u64;
      const bool is_trader = i == static_cast<std::uint64_t>(clients);
      if (!sockets[i]->read([&](int, std::string_view text) {
            if (is_trader)
              unanswered -= text.find("\"id\":") != std::string_view::npos;
            else if (text.find("\"channel\"") != std::string_view::npos)
              ++frames;
          }))
        ++out.errors, epoll_ctl(poll, EPOLL_CTL_DEL, sockets[i]->descriptor(), nullptr);
    }
    if (unanswered == 0) {
      round_of_trades(markets, *sockets.back());
      unanswered = 2 * markets.size();
    }
  }
  out.per_second = static_cast<double>(frames) / (static_cast<double>(now - start) / 1e9);
  out.per_cpu_second = static_cast<double>(frames) / (at.cpu_seconds() - cpu);
  close(poll);
  return out;
}

bool runs_already = false; // the nodes were not started here

void print(const char* what, std::vector<result> runs) {
  std::sort(runs.begin(), runs.end(),
            [](const result& a, const result& b) { return a.per_second < b.per_second; });
  const auto& middle = runs[runs.size() / 2];
  const auto& best = runs.back();
  std::uint64_t errors = 0;
  for (const auto& one : runs) errors += one.errors;
  std::printf("%-34s median %9.0f /s (best %9.0f)  per server-CPU-second %9.0f  p50 %7.3f ms  p99 "
              "%7.3f ms  list lag %4.0f ms  errors %lu\n",
              what, middle.per_second, best.per_second, middle.per_cpu_second, middle.p50,
              middle.p99, middle.lag_ms, static_cast<unsigned long>(errors));
  if (runs_already)
    std::printf("    an order: %.3f commits, %.0f journal bytes, %.2f link messages, %.2f frames "
                "between nodes, %.1f us of the nodes' CPU and %.1f us of PostgreSQL's\n",
                middle.spent.commits, middle.spent.journal_bytes, middle.spent.link_messages,
                middle.spent.frames, 1e6 / middle.per_cpu_second, middle.database_us);
  std::fflush(stdout);
  if (errors > 0) std::exit(1);
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
    if (word == "--mode")
      wanted.mode = next();
    else if (word == "--connections")
      wanted.connections = std::stoi(next());
    else if (word == "--seconds")
      wanted.seconds = std::stod(next());
    else if (word == "--runs")
      wanted.runs = std::stoi(next());
    else if (word == "--keep") {
      wanted.keep = next();
      if (std::filesystem::exists(wanted.keep)) give_up("--keep names a new directory");
    } else if (word == "--server-core")
      wanted.server_core = std::stoi(next());
    else if (word == "--client-core")
      wanted.client_core = std::stoi(next());
    else if (word == "--ports")
      wanted.ports = numbers<std::uint16_t>(next());
    else if (word == "--pids")
      wanted.pids = numbers<pid_t>(next());
    else if (word == "--database")
      wanted.database = std::stoi(next());
    else if (word == "--all-markets")
      wanted.all_markets = true;
    else if (word == "--poll")
      wanted.polls = true;
    else if (word == "--streams")
      wanted.streams = true;
    else if (word == "--small")
      wanted.connections = 4, wanted.runs = 1, wanted.seconds = 0.3;
    else if (wanted.rialto.empty())
      wanted.rialto = word;
    else
      give_up("unknown argument " + word);
  }
  if (wanted.rialto.empty() && wanted.ports.empty())
    give_up("say which rialto: edge_load build/rialto");
  runs_already = !wanted.ports.empty();
  rlimit files{65'536, 65'536};
  setrlimit(RLIMIT_NOFILE, &files);
  std::signal(SIGPIPE, SIG_IGN);
  pin(wanted.client_core);
  try {
    constexpr std::string_view modes[] = {"all",       "single", "http",     "ws",
                                          "pipelined", "fanout", "coalesced"};
    if (std::find(std::begin(modes), std::end(modes), wanted.mode) == std::end(modes))
      give_up("--mode is one of all, single, http, ws, pipelined, fanout, coalesced");
    node at(wanted, wanted.mode == "fanout" ? 0 : 10);
    // On nodes that run already there may be users of a former load.
    int next = runs_already ? getpid() % 1'000'000 * 1'000 : 0;
    const auto tokens = users(at, wanted.connections, next, wanted.all_markets);
    const auto is = [&](const char* mode) { return wanted.mode == mode || wanted.mode == "all"; };
    const auto repeat = [&](auto&& once) {
      std::vector<result> runs;
      for (int i = 0; i < wanted.runs; ++i) runs.push_back(once());
      return runs;
    };
    const std::string n = std::to_string(wanted.connections);
    if (is("single"))
      print("HTTP, 1 connection",
            repeat([&] { return load_orders(at, {tokens.front()}, false, 1, wanted); }));
    if (is("http"))
      print(("HTTP, " + n + " connections").c_str(),
            repeat([&] { return load_orders(at, tokens, false, 1, wanted); }));
    if (is("ws"))
      print(("WebSocket, " + n + " x 1 in flight").c_str(),
            repeat([&] { return load_orders(at, tokens, true, 1, wanted); }));
    if (is("pipelined"))
      print(("WebSocket, " + n + " x 8 in flight").c_str(),
            repeat([&] { return load_orders(at, tokens, true, 8, wanted); }));
    const int clients = wanted.connections == 64 ? 1'000 : wanted.connections;
    if (is("fanout"))
      print(("fan-out frames, " + std::to_string(clients) + " clients").c_str(),
            repeat([&] { return fan_out(at, tokens.front(), clients, wanted.seconds, false); }));
    if (wanted.mode == "coalesced")
      print(("fan-out coalesced, " + std::to_string(clients) + " clients").c_str(),
            repeat([&] { return fan_out(at, tokens.front(), clients, wanted.seconds, true); }));
  } catch (const std::exception& problem) {
    give_up(problem.what());
  }
}

#include "net/server/server.hpp"

#include "net/server/connection.hpp"
#include "net/server/http_head.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>

#include <chrono>
#include <random>
#include <stdexcept>
#include <thread>
#include <unordered_map>

namespace rialto::net {

namespace asio = boost::asio;
using tcp = asio::ip::tcp;
using namespace std::chrono_literals;

std::string_view http_request::header(std::string_view name) const {
  for (const auto& one : headers)
    if (equals_ignoring_case(one.name, name)) return one.value;
  return {};
}

http_response plain_problem(unsigned status, std::string_view code, std::string_view detail) {
  http_response answer;
  answer.status = status;
  answer.content_type = "application/problem+json";
  answer.body =
    fmt::format(R"({{"type":"about:blank","title":"{}","status":{},"code":"{}","detail":"{}"}})",
                reason_phrase(status), status, code, detail);
  return answer;
}

struct server::impl {
  server& self;
  server_options options;
  server_handler& handler;
  server_statistics statistics;
  asio::io_context io{1};
  tcp::acceptor acceptor{io};
  asio::steady_timer timer{io}, accept_pause{io};
  std::unordered_map<std::uint64_t, std::unique_ptr<connection>> connections;
  std::unordered_map<std::string, std::size_t> per_address;
  std::vector<connection*> dirty;
  std::uint64_t next_id = 1, next_request = 1, request_prefix = std::random_device{}();
  std::atomic<std::uint16_t> bound_port{0};
  bool stopping = false, stopped = false;
  std::int64_t stop_by_ns = 0;
  connection_context context{
    options,
    handler,
    statistics,
    io,
    [this](connection& one) {
      one.is_dirty = true;
      dirty.push_back(&one);
    },
    [this](std::uint64_t id, std::uint64_t sequence) { return responder(&self, id, sequence); },
    [this] { return fmt::format("{:08x}-{:x}", request_prefix & 0xffff'ffff, next_request++); }};
  std::thread thread;

  impl(server& owner, server_options wanted, server_handler& to)
      : self(owner), options(std::move(wanted)), handler(to) {}

  [[nodiscard]] connection* find(std::uint64_t id) {
    const auto at = connections.find(id);
    return at == connections.end() ? nullptr : at->second.get();
  }

  void bind() {
    const auto where = fmt::format("{}:{}", options.address, options.port);
    boost::system::error_code problem;
    const auto address = asio::ip::make_address(
      options.address == "localhost" ? "127.0.0.1" : options.address, problem);
    if (problem) throw std::runtime_error(where + ": not an IP address");
    const tcp::endpoint endpoint(address, options.port);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(tcp::acceptor::reuse_address(true));
    acceptor.bind(endpoint, problem);
    if (!problem) acceptor.listen(4'096, problem);
    if (problem) throw std::runtime_error(where + ": cannot listen: " + problem.message());
    bound_port = acceptor.local_endpoint().port();
  }

  void accept() {
    acceptor.async_accept([this](boost::system::error_code problem, tcp::socket socket) {
      if (stopping || problem == asio::error::operation_aborted) return;
      if (problem) { // out of descriptors, mostly: wait for some to close
        ++statistics.refused;
        accept_pause.expires_after(100ms);
        accept_pause.async_wait([this](boost::system::error_code ended) {
          if (!ended) accept();
        });
        return;
      }
      take(std::move(socket));
      accept();
    });
  }

  void take(tcp::socket socket) {
    boost::system::error_code problem;
    const auto peer = socket.remote_endpoint(problem);
    if (problem) return;
    auto address = peer.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
      address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
    auto name = address.to_string();
    socket.set_option(tcp::no_delay(true), problem);
    socket.non_blocking(true, problem);
    ++statistics.accepted;
    if (connections.size() >= options.connections_max ||
        (per_address[name] >= options.connections_per_address_max &&
         (options.limits_loopback || !address.is_loopback()))) {
      ++statistics.refused;
      static constexpr std::string_view full =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: "
        "close\r\n\r\n";
      socket.write_some(asio::buffer(full.data(), full.size()), problem);
      return;
    }
    ++per_address[name];
    ++statistics.connections;
    const auto id = next_id++;
    auto made = std::make_unique<connection>(context, id, std::move(socket), std::move(name),
                                             address.is_loopback());
    auto& one = *made;
    connections.emplace(id, std::move(made));
    one.start();
  }

  void sweep() {
    timer.expires_after(100ms);
    timer.async_wait([this](boost::system::error_code problem) {
      if (!problem) sweep();
    });
    const auto now = monotonic_ns();
    handler.on_timer(now);
    std::vector<std::uint64_t> gone;
    for (auto& [id, one] : connections) {
      one->sweep(now);
      if (one->is_dead()) gone.push_back(id);
    }
    if (!gone.empty())
      // A closed socket's handlers are queued by now; behind them nothing refers to the connection.
      asio::post(io, [this, gone = std::move(gone)] {
        for (const auto id : gone) remove(id);
      });
    if (stopping && (connections.empty() || now > stop_by_ns)) stopped = true;
  }

  void remove(std::uint64_t id) {
    const auto at = connections.find(id);
    if (at == connections.end() || !at->second->is_dead()) return;
    if (const auto count = per_address.find(at->second->peer());
        count != per_address.end() && --count->second == 0)
      per_address.erase(count);
    std::erase(dirty, at->second.get());
    connections.erase(at);
  }

  void flush() {
    for (std::size_t i = 0; i < dirty.size(); ++i) { // flush() may mark others
      dirty[i]->is_dirty = false;
      dirty[i]->flush();
    }
    dirty.clear();
  }

  void run() {
    sweep();
    while (!stopped) {
      io.run_one();
      for (int handled = 0; handled < 1'024 && io.poll_one() > 0; ++handled) {
      } // a bound: answers must get out
      handler.on_tick();
      flush();
    }
    boost::system::error_code ignored;
    acceptor.close(ignored);
    connections.clear();
  }
};

server::server(server_options options, server_handler& handler)
    : impl_(std::make_unique<impl>(*this, std::move(options), handler)) {}

server::~server() {
  stop();
}

void server::start() {
  impl_->bind();
  impl_->accept();
  impl_->thread = std::thread([this] { impl_->run(); });
}

void server::stop() {
  if (!impl_->thread.joinable()) return;
  asio::post(impl_->io, [this] {
    boost::system::error_code ignored;
    impl_->stopping = true;
    impl_->stop_by_ns = monotonic_ns() + impl_->options.drain_ns;
    impl_->acceptor.close(ignored);
    for (auto& [id, one] : impl_->connections) one->drain();
  });
  impl_->thread.join();
}

std::uint16_t server::port() const {
  return impl_->bound_port;
}
void server::post(std::function<void()> job) {
  asio::post(impl_->io, std::move(job));
}
const server_statistics& server::statistics() const {
  return impl_->statistics;
}

bool server::send(web_socket_id id, const std::shared_ptr<const std::string>& text,
                  std::uint64_t conflate) {
  auto* one = impl_->find(id);
  return one != nullptr && one->send(text, conflate);
}

void server::close(web_socket_id id, std::uint16_t code, std::string_view reason) {
  if (auto* one = impl_->find(id)) one->close_web_socket(code, reason);
}

void server::set_message_limit(web_socket_id id, std::size_t bytes_max) {
  if (auto* one = impl_->find(id)) one->set_message_limit(bytes_max);
}

std::size_t server::queued_bytes(web_socket_id id) const {
  const auto* one = impl_->find(id);
  return one == nullptr ? 0 : one->queued_bytes();
}

void responder::respond(http_response answer) const {
  if (owner_ == nullptr) return;
  if (auto* one = owner_->impl_->find(connection_)) one->respond(sequence_, std::move(answer));
}

bool responder::is_open() const {
  if (owner_ == nullptr) return false;
  const auto* one = owner_->impl_->find(connection_);
  return one != nullptr && one->waits_for(sequence_);
}

} // namespace rialto::net

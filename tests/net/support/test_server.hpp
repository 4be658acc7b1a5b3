// A server on a free port whose handler is made of lambdas. What they capture by reference is declared before the server, since they
// may run until it is gone.
#pragma once

#include "net/server/server.hpp"

#include <chrono>
#include <functional>
#include <future>
#include <thread>

namespace rialto::net::testing {

/// Unless told otherwise: answers 200 with "METHOD target body", accepts each WebSocket and echoes its texts.
class test_server final : public server_handler {
public:
  explicit test_server(server_options options = {})
      : server_(on_free_port(std::move(options)), *this) {}
  ~test_server() override { server_.stop(); }
  test_server(const test_server&) = delete;
  test_server& operator=(const test_server&) = delete;

  std::function<void(const http_request&, responder)> request = [](const http_request& asked,
                                                                   responder answer) {
    http_response response;
    response.content_type = "text/plain";
    response.body.append(asked.method)
      .append(" ")
      .append(asked.target)
      .append(" ")
      .append(asked.body);
    answer.respond(std::move(response));
  };
  std::function<std::optional<http_response>(const http_request&)> upgrade =
    [](const http_request&) { return std::nullopt; };
  std::function<void(web_socket_id, const http_request&)> open = [](auto&&...) {};
  std::function<void(web_socket_id, std::string_view, bool)> message =
    [this](web_socket_id id, std::string_view text, bool) {
      server_.send(id, std::make_shared<const std::string>(text));
    };
  std::function<void(web_socket_id)> closed = [](web_socket_id) {};
  std::function<void()> tick = [] {};

  test_server& start() {
    server_.start();
    return *this;
  }
  [[nodiscard]] std::uint16_t port() const { return server_.port(); }
  [[nodiscard]] server& operator*() { return server_; }
  [[nodiscard]] server* operator->() { return &server_; }

  /// Runs `job` on the io thread and waits for its result.
  template <class Job>
  auto on_io(Job job) {
    std::packaged_task<decltype(job())()> task(std::move(job));
    auto done = task.get_future();
    server_.post([&task] { task(); });
    if (done.wait_for(std::chrono::seconds(20)) != std::future_status::ready)
      throw std::runtime_error("the io thread has ended or hangs");
    return done.get();
  }
  /// A counter as the io thread has it once it has finished what the test has seen the effects of.
  template <class Counter>
  auto counted(Counter counter) {
    return on_io([&] { return (server_.statistics().*counter).load(); });
  }
  /// Asks the io thread until `condition` holds; false if it does not within 20 s.
  template <class Condition>
  bool wait_until(Condition condition) {
    for (int i = 0; i < 4'000; ++i) {
      if (on_io(condition)) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return false;
  }

private:
  static server_options on_free_port(server_options options) {
    options.port = 0;
    return options;
  }
  void on_request(const http_request& asked, responder answer) override {
    request(asked, std::move(answer));
  }
  std::optional<http_response> on_upgrade(const http_request& asked) override {
    return upgrade(asked);
  }
  void on_open(web_socket_id id, const http_request& asked) override { open(id, asked); }
  void on_message(web_socket_id id, std::string_view text, bool is_binary) override {
    message(id, text, is_binary);
  }
  void on_close(web_socket_id id) override { closed(id); }
  void on_tick() override { tick(); }

  server server_;
};

} // namespace rialto::net::testing

// storage/redis.hpp: one connection to a Redis server as values; hiredis stays inside redis.cpp.
//
// The room: blocking calls, made on a plain thread; one thread at a time. What is kept in Redis are copies, nothing
// durable rests on them. Without TLS: the server is on this machine or in a network of its own.
//   D1  no read, write or connect waits longer than its bound, so a server that hangs is a failure like any other
//   D2  a failure throws redis_error and the connection is good for nothing more; commands that waited may have happened or not
//   D3  no error's text holds a password
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

struct redisContext; // hiredis'

namespace rialto::storage {

struct redis_address {
  std::string host = "127.0.0.1"; // a name or an IP address
  std::uint16_t port = 6'379;
  std::string user = {},
              password = {}; // no password: none is sent; no user: the server's default one
  int database = 0;
  std::chrono::milliseconds connect_within{2'000}, answer_within{2'000};
};

struct redis_error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What a command was answered. An error is no reply: it is thrown.
struct redis_reply {
  enum class kind : std::uint8_t { nothing, text, number, list };
  kind is = kind::nothing;
  std::string text = {};
  std::int64_t number = 0;
  std::vector<redis_reply> items = {};
};

class redis_connection {
public:
  /// Connects, logs in and selects the database. The process must ignore SIGPIPE, or its thread block it.
  explicit redis_connection(const redis_address& to);
  ~redis_connection();
  redis_connection(redis_connection&&) noexcept;
  redis_connection& operator=(redis_connection&&) noexcept;

  /// Puts a command behind those that wait. Nothing is sent yet.
  void add(std::initializer_list<std::string_view> words);
  /// Bytes of the commands that wait, about.
  [[nodiscard]] std::size_t waiting_bytes() const { return waiting_bytes_; }
  /// Sends what waits in one go and reads the answers, in order. Throws the first error among them.
  std::vector<redis_reply> send();
  /// One command, its answer; nothing may be waiting.
  redis_reply ask(std::initializer_list<std::string_view> words);
  /// The next thing the server says: for subscribers.
  [[nodiscard]] redis_reply receive();

private:
  struct closer {
    void operator()(redisContext* context) const;
  };
  /// The server's next answer; an error of its own goes to `error`, if that is empty.
  [[nodiscard]] redis_reply read(std::string& error);

  std::unique_ptr<redisContext, closer> context_;
  std::size_t waiting_ = 0, waiting_bytes_ = 0;
};

} // namespace rialto::storage

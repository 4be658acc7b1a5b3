// net/binance/ws_api.hpp: the WebSocket API, /ws-api/v3: the requests of REST as messages on one socket.
//
// The room: what a message means; frames and queues are the server's (through stream_port). The handlers are those of
// rest. Owner: the io thread.
//
//   A1  every message gets exactly one answer with its id, errors included
//   A2  a connection that is logged on speaks for its key until it logs out, the key is revoked or expires
//   A3  at most in_flight_max messages of a connection wait for their answers
#pragma once

#include "net/api/stream.hpp"
#include "net/binance/message.hpp"
#include "net/binance/request.hpp"
#include "net/binance/socket_face.hpp"
#include "net/binance/weights.hpp"
#include "net/server/http.hpp"

#include <unordered_map>

namespace rialto::net::binance {

inline constexpr std::string_view ws_api_path = "/ws-api/v3";

/// Something that was added and keeps what it has for connections.
class socket_guest {
public:
  virtual ~socket_guest() = default;
  virtual void closed(web_socket_id id) = 0;
  /// What its key's session was let have, it has no more.
  virtual void logged_out(web_socket_id id) = 0;
  [[nodiscard]] virtual bool is_subscribed(web_socket_id id) const = 0;
};

class ws_api final : public socket_face {
public:
  static constexpr std::size_t in_flight_max = 1'000;

  ws_api(desk& at, weights& used, stream_port& port);
  /// Serves more than the table; before the first message.
  void serve(route more);
  /// Is told of connections; outlives this.
  void host(socket_guest& guest) { guest_ = &guest; }

  [[nodiscard]] bool owns(std::string_view path) const override { return path == ws_api_path; }
  [[nodiscard]] std::optional<failure> flaw_of(const http_request& from) override;
  void open(web_socket_id id, const http_request& from) override;
  void message(web_socket_id id, std::string_view text, bool is_binary) override;
  void closed(web_socket_id id) override;
  /// A key is revoked: connections that are logged on with it are no more.
  void key_ended(std::string_view key);
  /// An event of something that was added; false if the connection is gone.
  bool send(web_socket_id id, const std::shared_ptr<const std::string>& text);
  [[nodiscard]] bool is_open(web_socket_id id) const { return peers_.contains(id); }
  /// The key that a connection is logged on with; null: none.
  [[nodiscard]] std::shared_ptr<const api_key> session_of(web_socket_id id) const;
  [[nodiscard]] std::size_t connections() const { return peers_.size(); }

private:
  struct peer {
    std::string address;
    bool is_loopback = false, returns_limits = true;
    time_unit unit = time_unit::millisecond;
    std::size_t in_flight = 0;
    timestamp_ns connected_at, logged_on_at;
    std::shared_ptr<const api_key> session; // null: not logged on
  };
  [[nodiscard]] peer* find(web_socket_id id);
  void run(const peer& from, const route& where, const request_ptr& to);
  void answer(web_socket_id id, const std::string& message_id, bool returns_limits,
              std::int64_t used, const request& to, const reply& out);

  void log_on(const request_ptr& from);
  void log_out(const request_ptr& from);
  void tell_session(const request_ptr& from);
  void answer_session(const request_ptr& from, const peer& of);

  desk& desk_;
  weights& weights_;
  stream_port& port_;
  std::unordered_map<std::string_view, route> routes_; // by method
  socket_guest* guest_ = nullptr;
  std::unordered_map<web_socket_id, peer> peers_;
};

} // namespace rialto::net::binance

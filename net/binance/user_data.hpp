// net/binance/user_data.hpp: user data streams: who is told what happens to an account, over sockets of the WebSocket API and
// over listenKey sockets.
//
// The room: subscriptions and listen keys, in this node's memory: after a restart a listen key is unknown, and a client is
// told so when it connects. What is told comes from durable publications only (user_events.hpp). Owner: the io thread.
//
//   D1  a subscriber is told everything from its answer on, in order, or is ended: its socket closed or the end said. One
//       that does not read is disconnected by the server's bound on what waits
//   D2  a subscription ends with the key it was made with: revoked, expired, or logged out where the session made it
//   D3  at most listen_keys_max listen keys, one for an API key, each listen_key_ns long without a PUT; at most
//       subscriptions_max subscriptions of a connection
#pragma once

#include "net/binance/rest.hpp"
#include "net/binance/ws_api.hpp"

#include <deque>

namespace rialto::net::binance {

class user_data final : public socket_guest {
public:
  static constexpr std::size_t listen_keys_max = 10'000, subscriptions_max = 100;
  static constexpr std::int64_t listen_key_ns = 3'600'000'000'000;

  user_data(desk& at, stream_port& port) : desk_(at), port_(port) {}
  /// Adds its requests to both doors.
  void serve_on(rest& requests, ws_api& sockets);

  // ---- listenKey sockets, of market_streams
  [[nodiscard]] bool knows(std::string_view listen_key);
  /// False: it has ended meanwhile, or the connection has too many.
  bool listen(web_socket_id id, const std::string& listen_key, bool is_wrapped, time_unit unit);
  void leave(web_socket_id id, std::string_view listen_key);

  // ---- socket_guest
  void closed(web_socket_id id) override;
  void logged_out(web_socket_id id) override;
  [[nodiscard]] bool is_subscribed(web_socket_id id) const override;

  /// What one commit let out.
  void take(const std::vector<publication>& news);
  void key_ended(std::string_view key);
  /// Events may be missing: everybody is told to connect again.
  void news_lost();
  /// About every 100 ms: ends what is past its time.
  void tick();
  [[nodiscard]] std::size_t subscriptions() const;

private:
  struct listen_key {
    std::shared_ptr<const api_key> owner;
    std::int64_t until_ns = 0; // monotonic
  };
  /// How events are written for a subscriber.
  enum class form : std::uint8_t { bare, named, numbered };
  struct subscription {
    web_socket_id socket = 0;
    form how = form::bare;
    std::int64_t number = -1; // of the WebSocket API
    std::string listen_key;   // of a listenKey socket
    bool is_of_session = false;
    time_unit unit = time_unit::millisecond;
    std::shared_ptr<const api_key> key;
  };
  struct watched {
    std::uint64_t last_event = 0; // of the account's stream; 0: not known yet
    std::vector<subscription> subscribers;
  };
  struct connection {
    std::int64_t next_number = 0;
    std::vector<account_id> accounts; // one for each subscription
  };

  [[nodiscard]] bool has_room(web_socket_id id) const;
  void add(subscription one);
  /// Asks where an account's stream stands, so that a gap in it is seen.
  void find_place(account_id account);
  /// Ends those that `is_it`, and says so with `event`, where there is one.
  template <class IsIt>
  std::size_t end(IsIt is_it, std::string_view event);
  void forget(account_id account, const subscription& one);
  void send(const subscription& to, const std::string& event);
  void tell(account_id account, watched& to, const std::vector<const account_publication*>& all);
  void end_listen_key(const std::string& name);

  // Requests.
  void start(const request_ptr& from);
  void extend(const request_ptr& from);
  void stop(const request_ptr& from);
  void subscribe(const request_ptr& from, bool is_of_session);
  void unsubscribe(const request_ptr& from);
  void list(const request_ptr& from);

  desk& desk_;
  stream_port& port_;
  const ws_api* sockets_ = nullptr;
  std::unordered_map<std::string, listen_key, text_hash, std::equal_to<>> listen_keys_;
  std::unordered_map<std::string, std::string> names_; // API key -> its listen key
  std::unordered_map<account_id, watched> accounts_;
  std::unordered_map<web_socket_id, connection> connections_;
  std::int64_t next_sweep_ns_ = 0;
};

} // namespace rialto::net::binance

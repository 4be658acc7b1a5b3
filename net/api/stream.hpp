// net/api/stream.hpp: the WebSocket of the native API: subscriptions and order entry on one socket.
//
// The room: what a message means; frames and queues are the server's (through stream_port). The
// protocol is written down in net/api/STREAM.md. Owner: the io thread.
//
//   S1  every message gets exactly one answer with its id, errors included
//   S2  a subscriber sees every message of a channel once and in order from its snapshot or resume
//       point on; ticker and running candles may skip to the newest
//   S3  private channels deliver only to a connection whose token is good now
//   S4  per connection: subscriptions_max channels, in_flight_max unanswered messages
//   S5  what comes behind an `authenticate` waits until that is decided, at most waiting_bytes_max of it
#pragma once

#include "net/api/middleware.hpp"
#include "net/api/private_feed.hpp"
#include "net/server/server.hpp"

#include <deque>
#include <unordered_map>

namespace rialto::net {

/// What the stream asks of the server.
class stream_port {
public:
  virtual ~stream_port() = default;
  virtual bool send(web_socket_id id, const std::shared_ptr<const std::string>& text,
                    std::uint64_t conflate, bool may_wait) = 0;
  virtual void close(web_socket_id id, std::uint16_t code, std::string_view reason) = 0;
};

inline constexpr std::uint16_t close_session_ended = 4001;
inline constexpr std::uint16_t close_restart = 1012;

class stream_hub {
public:
  static constexpr std::size_t in_flight_max = 1'000, waiting_bytes_max = 256 << 10;

  stream_hub(desk& at, rate_limiter& limits, stream_port& port);

  void open(web_socket_id id, std::string_view address, bool is_loopback);
  void message(web_socket_id id, std::string_view text, bool is_binary);
  void closed(web_socket_id id);

  void broadcast(const std::vector<actors::channel_message>& messages);
  void tell(const account_publication& news);
  void session_ended(std::uint64_t session);
  /// Private messages may be missing: who hears them is told to connect again, and resumes from what is not kept here.
  void news_lost();
  /// Ends private channels of tokens that have expired; renews what accounts keep for connections.
  void tick();
  [[nodiscard]] std::size_t connections() const { return peers_.size(); }

private:
  struct private_subscription {
    bool is_on = false, is_live = false; // live: its snapshot is out
  };
  /// A guard that the account keeps for a connection and this edge renews.
  struct lease {
    account_id account;
    guard what;
    std::int64_t renewed_ns = 0;
  };
  struct message_text {
    std::string text;
    bool is_binary = false;
  };
  struct peer {
    web_socket_id id = 0;
    std::string address;
    bool is_limited = false;
    std::size_t in_flight = 0;
    std::shared_ptr<const session> who; // null: nobody
    account_id account;
    std::int64_t token_expires_s = 0;
    std::vector<std::string> channels; // public ones
    private_subscription privates[private_channels];
    bool is_deciding = false; // who it is
    bool goes_on = false;     // with what waited for that
    std::deque<message_text> waiting;
    std::size_t waiting_bytes = 0;
    std::vector<lease> leases; // one per market, session and account: bounded by the accounts'
  };
  struct subscriber {
    web_socket_id id = 0;
    std::uint64_t sent = 0; // messages up to this number are in its snapshot
  };
  /// One message on its way to its answer.
  struct ticket {
    web_socket_id peer = 0;
    std::string id = "null"; // JSON text
  };

  // stream.cpp
  void take(peer& from, std::string_view text, bool is_binary);
  /// Who a connection speaks for is decided: it goes on with what waited.
  void decided(web_socket_id id);
  void answer(const ticket& to, std::string_view result);
  void refuse(const ticket& to, const failure& why);
  void run(peer& from, const ticket& to, std::string_view op, json_object& body);
  void ping(const ticket& to, json_object& body);
  [[nodiscard]] peer* find(web_socket_id id);
  bool send(web_socket_id id, std::string text);

  // stream_session.cpp
  void authenticate(peer& from, const ticket& to, json_object& body);
  void accept(const ticket& to, std::shared_ptr<const session> who, std::int64_t expires_s,
              std::optional<std::uint64_t> wanted);
  void leave_account(peer& from);
  /// A call whose answer goes to `to`; null: refused.
  [[nodiscard]] call_ptr call_of(const peer& from, const ticket& to);
  void order_entry(const peer& from, const ticket& to, route_handler handler, json_object& body);
  [[nodiscard]] bool is_known(const peer& from) const;

  // stream_guards.cpp
  void cancel_on_disconnect(peer& from, const ticket& to, json_object& body);
  void end_connection(account_id account, web_socket_id id);
  void end_leases(const peer& from);
  void renew_leases();

  // stream_channels.cpp
  void subscribe(peer& from, const ticket& to, json_object& body);
  void unsubscribe(peer& from, const ticket& to, json_object& body);
  [[nodiscard]] std::vector<std::string> take_channels(const peer& from, json_object& body);
  [[nodiscard]] bool subscribe_public(peer& from, const std::string& channel,
                                      std::optional<std::uint64_t> resume_from,
                                      std::vector<std::shared_ptr<const std::string>>& out,
                                      std::uint64_t& sequence);
  [[nodiscard]] bool subscribe_private(peer& from, private_channel channel,
                                       std::optional<std::uint64_t> resume_from,
                                       std::vector<std::shared_ptr<const std::string>>& out,
                                       bool& needs_snapshot);
  void send_snapshot(web_socket_id id, account_id account, private_channel channel);
  void go_live(web_socket_id id, account_id account, private_channel channel,
               const std::string& data);
  void catch_up(account_id account, std::uint64_t sequence);
  void drop_public(web_socket_id id, const std::string& channel);

  desk& desk_;
  rate_limiter& limits_;
  stream_port& port_;
  private_feed feed_;
  std::uint64_t edge_life_; // tells this life's connections from those of earlier ones
  std::unordered_map<web_socket_id, peer> peers_;
  std::unordered_map<std::string, std::vector<subscriber>> subscribers_; // public channels
  std::unordered_map<account_id, std::vector<web_socket_id>> owners_;    // authenticated ones
};

} // namespace rialto::net

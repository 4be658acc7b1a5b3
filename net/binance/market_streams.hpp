// net/binance/market_streams.hpp: the stream connections, /ws and /stream: who listens to what, and the events on their way.
//
// The room: what a client says and whom an event is for; when there is one is live_stream's, frames and queues are the
// server's (through stream_port). A stream is made for its first listener and gone with its last. Owner: the io thread,
// but for wants().
//
//   S1  every message gets exactly one answer with its id, before any event of what it asked for
//   S2  an event is written once for each of four forms (bare or wrapped, ms or us); its bytes are shared by all listeners
//   S3  per connection: streams_max streams, messages_max messages a second, life_ns of life
//   S4  who cannot keep up with events that count one by one is disconnected by the server's bound on what waits; of
//       tickers and best levels he gets the newest
//   S5  addresses connect at most connects_max times in connects_ns
#pragma once

#include "net/api/stream.hpp"
#include "net/binance/live_stream.hpp"
#include "net/binance/socket_face.hpp"
#include "net/binance/stream_request.hpp"
#include "net/binance/user_data.hpp"

#include <array>
#include <atomic>

namespace rialto::net::binance {

class market_streams final : public socket_face {
public:
  static constexpr std::size_t streams_max = 1'024;
  static constexpr int messages_max = 5, connects_max = 300;
  static constexpr std::int64_t life_ns = 24 * 3'600'000'000'000, warning_ns = 600'000'000'000;
  static constexpr std::int64_t connects_ns = 300'000'000'000;
  static constexpr std::size_t addresses_max =
    50'000; // beyond, the one unseen for longest starts anew

  market_streams(desk& at, stream_port& port, user_data& users)
      : desk_(at), port_(port), users_(users) {}

  [[nodiscard]] bool owns(std::string_view path) const override { return is_stream_path(path); }
  [[nodiscard]] std::optional<failure> flaw_of(const http_request& from) override;
  void open(web_socket_id id, const http_request& from) override;
  void message(web_socket_id id, std::string_view text, bool is_binary) override;
  void closed(web_socket_id id) override;

  void take(const actors::market_numbers& news);
  /// About every 100 ms.
  void tick();
  /// Whether a market's numbers are for somebody; any thread.
  [[nodiscard]] bool wants(market_id market) const {
    return (wanted_.load(std::memory_order_seq_cst) & bit_of(market)) != 0;
  }
  [[nodiscard]] std::size_t connections() const { return peers_.size(); }
  [[nodiscard]] std::size_t streams() const { return feeds_.size(); }

private:
  static constexpr std::size_t forms = 4;
  struct peer {
    bool is_wrapped = false, is_limited = false, is_warned = false;
    time_unit unit = time_unit::millisecond;
    std::int64_t opened_ns = 0, second_ns = 0; // monotonic
    int messages = 0;                          // since second_ns
    std::vector<std::string> names;            // of streams and listen keys
    [[nodiscard]] std::size_t form() const {
      return (is_wrapped ? 2U : 0U) + (unit == time_unit::microsecond ? 1U : 0U);
    }
  };
  struct feed {
    std::string name;
    stream_topic topic;
    instrument spec; // blank for those of every market
    std::shared_ptr<live_stream> stream;
    std::array<std::vector<web_socket_id>, forms> listeners{};
    bool is_over = false; // broken, and its listeners are told
  };
  struct connects {
    std::int64_t since_ns = 0;
    int count = 0;
  };
  /// Several markets may share a bit: then one's numbers come although nobody wants them.
  [[nodiscard]] static std::uint64_t bit_of(market_id market) {
    return std::uint64_t{1} << (market.value % 64);
  }

  [[nodiscard]] peer* find(web_socket_id id);
  bool send(web_socket_id id, std::string text);
  /// What is wrong with a name; empty: nothing.
  [[nodiscard]] std::string flaw_of_name(const std::string& name);
  void add(web_socket_id id, peer& to, const std::string& name);
  void drop(web_socket_id id, peer& from, const std::string& name);
  void leave(web_socket_id id, std::size_t form, const std::string& name);
  void emit(const feed& of, const event_writer& write, bool replaces);
  void end_broken(feed& one);
  void refresh_wanted();

  void subscribe(web_socket_id id, peer& from, const stream_request& wish);
  void unsubscribe(web_socket_id id, peer& from, const stream_request& wish);
  void set_combined(web_socket_id id, peer& of, bool is_wrapped);
  void end_old(std::int64_t now_ns);

  desk& desk_;
  stream_port& port_;
  user_data& users_;
  std::unordered_map<web_socket_id, peer> peers_;
  std::unordered_map<std::string, feed> feeds_;               // by name
  std::unordered_map<market_id, std::vector<feed*>> markets_; // those that need a market's numbers
  std::atomic<std::uint64_t> wanted_{0};
  lru_map<std::string, connects, text_hash> addresses_{addresses_max};
  std::int64_t next_end_ns_ = 0;
};

} // namespace rialto::net::binance

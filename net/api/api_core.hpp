// net/api/api_core.hpp: the APIs without sockets: desk, limits, middleware, stream, their Binance-compatible
// counterparts, and what the actors deliver.
//
// The room: everything lives on one thread, reached through the poster given to attach(); deliver()
// and broadcast() come from other threads and only post. api.hpp puts it on a server, tests drive it
// directly.
#pragma once

#include "net/api/stream.hpp"
#include "net/binance/market_streams.hpp"
#include "net/binance/rest.hpp"
#include "net/binance/user_data.hpp"
#include "net/binance/ws_api.hpp"

namespace rialto::net {

class api_core final : public actors::edge {
public:
  api_core(actors::gate& entities, read_models_factory open_models, storage::tape_store& tape,
           api_settings settings, runtime::node_clock& clock, stream_port& port);
  ~api_core() override { stop(); }

  /// Before anything else.
  void attach(io_poster post);
  /// Ends the worker threads.
  void stop() { desk_.stop(); }

  // ---- any thread
  void deliver(std::shared_ptr<actors::release> what) override;
  void broadcast(std::vector<actors::channel_message> messages) override;
  [[nodiscard]] bool wants(market_id market) const override {
    return binance_streams_.wants(market);
  }
  void publish(std::shared_ptr<const actors::market_numbers> news) override;
  void news_lost() override;

  // ---- io thread
  void handle(const http_request& request, std::function<void(reply)> answer) {
    if (binance::is_rest_path(request.path))
      return binance_rest_.handle(request, std::move(answer));
    middleware_.handle(request, std::move(answer));
  }
  /// Why a WebSocket handshake is refused; empty: it is accepted.
  [[nodiscard]] std::optional<reply> refuse_upgrade(const http_request& request);
  /// A WebSocket: each belongs to whom its path names, until it is closed.
  void open(web_socket_id id, const http_request& request);
  void message(web_socket_id id, std::string_view text, bool is_binary);
  void closed(web_socket_id id);
  [[nodiscard]] stream_hub& streams() { return streams_; }
  [[nodiscard]] binance::rest& binance_rest() { return binance_rest_; }
  [[nodiscard]] binance::ws_api& binance_sockets() { return binance_sockets_; }
  [[nodiscard]] binance::market_streams& binance_streams() { return binance_streams_; }
  [[nodiscard]] binance::user_data& binance_user_data() { return user_data_; }
  [[nodiscard]] desk& at() { return desk_; }
  /// After what one poll read: what was asked leaves.
  void flush() { desk_.flush(); }
  /// About every 100 ms: deadlines and expired tokens.
  void sweep();

private:
  void take(actors::release& what);
  [[nodiscard]] bool is_same_origin(const http_request& request) const;

  desk desk_;
  rate_limiter limits_;
  middleware middleware_;
  stream_hub streams_;
  binance::weights weights_;
  binance::rest binance_rest_;
  binance::ws_api binance_sockets_;
  binance::user_data user_data_;
  binance::market_streams binance_streams_;
  std::vector<binance::socket_face*> faces_; // beside streams_
  std::unordered_map<web_socket_id, binance::socket_face*>
    owners_; // of connections that are not streams_'
};

} // namespace rialto::net

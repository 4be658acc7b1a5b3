// net/api/api.hpp: the native API as the server's handler and the actors' edge.
//
//   net::api made(gate, open_models, tape, settings, clock);
//   net::server web(options, made);
//   made.attach(web);     // before web.start() and before the actors get the edge
//   ...                   // actors let go of the edge (disconnect), then
//   web.stop(); made.stop();
#pragma once

#include "net/api/api_core.hpp"
#include "net/web/page_files.hpp"

namespace rialto::net {

class api final : public server_handler, public actors::edge, private stream_port {
public:
  api(actors::gate& entities, read_models_factory open_models, storage::tape_store& tape,
      api_settings settings, runtime::node_clock& clock)
      : core_(entities, std::move(open_models), tape, std::move(settings), clock, *this) {}

  void attach(server& out);
  /// Browsers get these where the API has no route; before the server starts. They outlive it.
  void show(const page_files& pages) { pages_ = &pages; }
  /// Ends the worker threads; the server must have stopped.
  void stop() { core_.stop(); }

  // ---- the actors' edge: any thread
  void deliver(std::shared_ptr<actors::release> what) override { core_.deliver(std::move(what)); }
  void broadcast(std::vector<actors::channel_message> messages) override {
    core_.broadcast(std::move(messages));
  }

  [[nodiscard]] bool wants(market_id market) const override { return core_.wants(market); }
  void publish(std::shared_ptr<const actors::market_numbers> news) override {
    core_.publish(std::move(news));
  }
  void news_lost() override { core_.news_lost(); }

  // ---- the server's handler: io thread
  void on_request(const http_request& request, responder answer) override;
  std::optional<http_response> on_upgrade(const http_request& request) override;
  void on_open(web_socket_id id, const http_request& request) override;
  void on_message(web_socket_id id, std::string_view text, bool is_binary) override;
  void on_close(web_socket_id id) override;
  void on_tick() override { core_.flush(); }
  void on_timer(std::int64_t) override { core_.sweep(); }

private:
  bool send(web_socket_id id, const std::shared_ptr<const std::string>& text,
            std::uint64_t conflate, bool may_wait) override;
  void close(web_socket_id id, std::uint16_t code, std::string_view reason) override;

  server* server_ = nullptr;
  const page_files* pages_ = nullptr;
  api_core core_;
};

} // namespace rialto::net

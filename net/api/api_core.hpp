// net/api/api_core.hpp: the native API without sockets: desk, limits, middleware, stream, and what
// the actors deliver.
//
// The room: everything lives on one thread, reached through the poster given to attach(); deliver()
// and broadcast() come from other threads and only post. api.hpp puts it on a server, tests drive it
// directly.
#pragma once

#include "net/api/stream.hpp"

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

  // ---- io thread
  void handle(const http_request& request, std::function<void(reply)> answer) {
    middleware_.handle(request, std::move(answer));
  }
  /// Why a WebSocket handshake is refused; empty: it is accepted.
  [[nodiscard]] std::optional<reply> refuse_upgrade(const http_request& request);
  [[nodiscard]] stream_hub& streams() { return streams_; }
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
};

} // namespace rialto::net

// app/node_health.hpp: fills the answer of GET admin/health from the gauges of core and server.
//
// Owned by serve(); read() is called on the io thread only. Rates are those since the read before,
// over a second at least, so that two readers do not see noise.
#pragma once

#include "app/node_core.hpp"
#include "net/api/node_health.hpp"

namespace rialto::net {
struct server_statistics;
}

namespace rialto::app {

class health_reader {
public:
  /// Both outlive it.
  explicit health_reader(node_core& core) : core_(core), started_ns_(core.clock().monotonic_ns()) {}
  /// Before the first read().
  void watch(const net::server_statistics& server) { server_ = &server; }
  [[nodiscard]] net::node_health read();

private:
  struct sample {
    std::int64_t at_ns = 0;
    std::uint64_t http = 0, stream = 0, entities = 0;
  };
  void put_rates(net::node_health& into);

  node_core& core_;
  const net::server_statistics* server_ = nullptr;
  const std::int64_t started_ns_;
  sample last_, rates_; // rates_: a second's
};

} // namespace rialto::app

// app/node_metrics.hpp: what /metrics shows of a node: each figure read from where it is counted.
#pragma once

#include "actors/feed_actor.hpp"
#include "actors/shard_actor.hpp"
#include "runtime/metrics.hpp"
#include "runtime/projection_thread.hpp"

namespace rialto::net {
struct redis_statistics;
struct server_statistics;
} // namespace rialto::net

namespace rialto::app {

void add_core_metrics(runtime::metrics_registry& metrics, const actors::shard_gauges& shard,
                      const actors::feed_gauges& feed, const storage::thread_lane& lane,
                      const runtime::projection_thread& projection,
                      const runtime::actor_registry& registry, const runtime::node_clock& clock);
void add_server_metrics(runtime::metrics_registry& metrics, const net::server_statistics& server);
void add_redis_metrics(runtime::metrics_registry& metrics, const net::redis_statistics& redis);

} // namespace rialto::app

#include "app/node_metrics.hpp"

#include "net/redis/redis_publisher.hpp"
#include "net/server/server.hpp"

namespace rialto::app {

void add_core_metrics(runtime::metrics_registry& metrics, const actors::shard_gauges& shard,
                      const actors::feed_gauges& feed, const storage::thread_lane& lane,
                      const runtime::projection_thread& projection,
                      const runtime::actor_registry& registry, const runtime::node_clock& clock) {
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& from) {
    metrics.add_read_counter(name, help, [&from] { return from.load(std::memory_order_relaxed); });
  };
  count("rialto_shard_requests_total", "Requests that reached the entities.", shard.requests);
  count("rialto_link_messages_total", "Messages between entities.", shard.messages);
  count("rialto_link_resends_total", "Messages sent again because no acknowledgement came.",
        shard.resends);
  count("rialto_records_total", "Records appended to the journal.", shard.records);
  count("rialto_entity_failures_total", "Entities that failed and were recovered.", shard.failures);
  count("rialto_journal_failures_total", "Commits that failed or whose fate was unknown.",
        shard.lane_failures);
  metrics.add_read_gauge("rialto_entities_active", "Entities in memory.",
                         [&] { return static_cast<std::int64_t>(shard.active.load()); });
  metrics.add_read_gauge("rialto_trading_suspended", "1 while the journal cannot be written.",
                         [&] { return shard.degraded ? 1 : 0; });

  metrics.add_read_counter("rialto_commits_total", "Commits of the journal.",
                           [&lane] { return lane.statistics().commits; });
  metrics.add_read_counter("rialto_journal_bytes_total", "Bytes appended to the journal.",
                           [&lane] { return lane.statistics().bytes; });
  metrics.add_read_counter("rialto_commit_ns_total", "Time spent in commits.",
                           [&lane] { return lane.statistics().commit_ns_total; });
  metrics.add_read_gauge("rialto_commit_ns_max", "Longest commit.", [&lane] {
    return static_cast<std::int64_t>(lane.statistics().commit_ns_max);
  });
  metrics.add_read_gauge("rialto_commit_queue", "Submissions that wait for a commit.",
                         [&lane] { return static_cast<std::int64_t>(lane.waiting()); });
  metrics.add_read_gauge(
    "rialto_projection_lag_rows", "Journal rows not yet in the read models.",
    [&projection] { return static_cast<std::int64_t>(projection.lag_rows()); });
  metrics.add_read_gauge("rialto_projection_lag_ns", "How long the read models have been behind.",
                         [&projection] { return projection.lag_ns(); });

  count("rialto_feed_messages_total", "Messages of the market data feed.", feed.messages);
  count("rialto_feed_gaps_total", "Holes in the feed's update ids.", feed.gaps);
  count("rialto_feed_resyncs_total", "Snapshots that brought a mirrored book into step.",
        feed.resyncs);
  count("rialto_feed_refused_total", "Feed messages that broke a rule.", feed.parse_errors);
  count("rialto_feed_left_out_total", "Levels and trades off our ticks or below a lot.",
        feed.off_tick);
  count("rialto_feed_book_checks_total", "Best prices compared with the source's own.",
        feed.book_checks);
  count("rialto_feed_book_mismatches_total", "Of those, the ones that differed.",
        feed.book_mismatches);
  metrics.add_read_gauge("rialto_feed_last_message_ns", "Time of the feed's last message.",
                         [&feed] { return feed.last_message_ns.load(); });

  metrics.add_read_gauge("rialto_actors", "Actors alive.",
                         [&registry] { return static_cast<std::int64_t>(registry.size()); });
  metrics.add_read_gauge("rialto_clock_held_back_ns",
                         "How far the wall clock stands ahead of what is stamped.",
                         [&clock] { return clock.held_back_ns(); });
}

void add_server_metrics(runtime::metrics_registry& metrics, const net::server_statistics& server) {
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& from) {
    metrics.add_read_counter(name, help, [&from] { return from.load(std::memory_order_relaxed); });
  };
  count("rialto_http_requests_total", "HTTP requests.", server.requests);
  count("rialto_http_refused_total", "Requests that could not be parsed or broke a limit.",
        server.parse_errors);
  count("rialto_http_timeouts_total", "Requests and connections that took too long.",
        server.timeouts);
  count("rialto_connections_accepted_total", "Connections accepted.", server.accepted);
  count("rialto_connections_refused_total", "Connections refused: too many.", server.refused);
  count("rialto_web_socket_messages_in_total", "WebSocket messages received.", server.messages_in);
  count("rialto_web_socket_messages_out_total", "WebSocket messages sent.", server.messages_out);
  count("rialto_web_socket_slow_total", "WebSockets closed because they read too slowly.",
        server.slow_consumers);
  count("rialto_socket_writes_total", "Writes to sockets.", server.writes);
  count("rialto_bytes_in_total", "Bytes received.", server.bytes_in);
  count("rialto_bytes_out_total", "Bytes sent.", server.bytes_out);
  metrics.add_read_gauge("rialto_connections", "Open connections.",
                         [&server] { return server.connections.load(); });
  metrics.add_read_gauge("rialto_web_sockets", "Open WebSockets.",
                         [&server] { return server.web_sockets.load(); });
}

void add_redis_metrics(runtime::metrics_registry& metrics, const net::redis_statistics& redis) {
  const auto count = [&](const char* name, const char* help,
                         const std::atomic<std::uint64_t>& from) {
    metrics.add_read_counter(name, help, [&from] { return from.load(std::memory_order_relaxed); });
  };
  count("rialto_redis_published_total", "Market data messages published in Redis.",
        redis.published);
  count("rialto_redis_dropped_total",
        "Messages that did not go to Redis because it was slow or away.", redis.dropped);
  count("rialto_redis_keys_total", "Keys written in Redis.", redis.keys);
  count("rialto_redis_reconnects_total", "Outages of Redis that ended.", redis.reconnects);
  metrics.add_read_gauge("rialto_redis_connected", "1 while Redis takes what it is sent.",
                         [&redis] { return redis.is_connected ? 1 : 0; });
}

} // namespace rialto::app

// net/api/node_health.hpp: what an operator wants to know of a node at a glance; the app fills it
// from its gauges. Copies only: reading it touches no path of an order.
#pragma once

#include <cstdint>
#include <string>

namespace rialto::net {

struct node_health {
  std::int64_t uptime_s = 0;

  std::uint64_t journal_last_position = 0, journal_waiting = 0, journal_commits = 0;
  std::uint64_t commit_ns_last = 0, commit_ns_max = 0; // of one commit, the sync included
  std::uint64_t journal_log_bytes = 0;                 // appended since it was last folded
  std::uint64_t journal_failures = 0;
  bool is_suspended = false; // the journal cannot be written now

  std::uint64_t lists_lag_rows = 0, lists_failures = 0;
  std::int64_t lists_lag_ns = 0;

  std::int64_t resident_bytes = 0, disk_free_bytes = 0, disk_total_bytes = 0;

  std::int64_t connections = 0, web_sockets = 0;
  std::uint64_t connections_accepted = 0, connections_refused = 0;
  std::uint64_t http_requests = 0, stream_messages = 0, entity_requests = 0;
  std::uint64_t http_requests_per_s = 0, stream_messages_per_s = 0, entity_requests_per_s = 0;
  std::uint64_t entities_in_memory = 0, entity_failures = 0;

  std::uint64_t feed_messages = 0, feed_gaps = 0, feed_resyncs = 0, feed_refused = 0;
  std::int64_t feed_last_message_ns = 0; // since 1970; 0: none yet
};

} // namespace rialto::net

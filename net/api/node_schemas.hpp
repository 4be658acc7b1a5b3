// net/api/node_schemas.hpp: the shapes of what a node says of itself: its feeds, its health.
//
// Read by schemas.cpp alone, which names every shape.
#pragma once

#include "net/api/routes.hpp"

namespace rialto::net::node_schemas {

using f = field_spec;

inline constexpr f feed[] = {
  {"name", "string", true, "binance, sim or replay"},
  {"source", "string", true, "Where its messages come from."},
  {"connected", "boolean", true, ""},
  {"last_problem", "string", true, "The newest thing that went wrong.", true},
  {"connections", "[]feed_connection", true, "Of a live feed."},
  {"streams", "[]feed_stream", true, "By symbol."},
  {"counters", "feed_counters", true, "Since the feed began."}};
inline constexpr f feed_connection[] = {
  {"number", "integer", true, ""},
  {"state", "string", true, "open, connecting or waiting"},
  {"age_ms", "integer", true, "How long it has been in this state."},
  {"last_message_age_ms", "integer", true, "", true},
  {"streams", "integer", true, "Subscriptions that the exchange confirmed."},
  {"messages", "integer", true, ""},
  {"reconnects", "integer", true, ""},
  {"last_problem", "string", true, "Why it ended last.", true}};
inline constexpr f feed_stream[] = {
  {"symbol", "string", true, ""},
  {"state", "string", true,
   "live: the book is known and current; syncing: it is being fetched; stale: it was known and "
   "cannot be believed now; off."},
  {"reason", "string", true, "Why it is not live.", true},
  {"last_message_age_ms", "integer", true, "", true},
  {"clock_skew_ms", "integer", true, "The exchange's event time minus our clock, smoothed."},
  {"messages", "integer", true, ""},
  {"gaps", "integer", true, "Holes in the update ids, and books that crossed themselves."},
  {"resyncs", "integer", true, "Snapshots that brought the book into step."},
  {"book_checks", "integer", true, "Best prices compared with the exchange's at the same update."},
  {"book_mismatches", "integer", true, "Of those, the ones that differed."}};
inline constexpr f feed_counters[] = {
  {"messages", "integer", true, ""},
  {"ignored", "integer", true, "Of a kind that is not used."},
  {"refused", "integer", true, "A field broke a rule."},
  {"gaps", "integer", true, ""},
  {"resyncs", "integer", true, ""},
  {"overflows", "integer", true, "Waiting updates that were given up."},
  {"book_checks", "integer", true, ""},
  {"book_mismatches", "integer", true, ""},
  {"problems", "integer", true, ""},
  {"stale", "integer", false, "Times a symbol went stale."},
  {"odd_times", "integer", false, "Trades whose time was a minute or more from ours."},
  {"connects", "integer", false, ""},
  {"connection_failures", "integer", false, ""},
  {"refused_subscriptions", "integer", false, ""},
  {"dropped", "integer", false, "Messages that came faster than they could be taken."},
  {"rest_requests", "integer", false, ""},
  {"rest_failures", "integer", false, ""},
  {"rest_refusals", "integer", false, "Answers 429 and 418."},
  {"rate_limit_waits", "integer", false, "Requests that waited for the exchange's limits."}};

inline constexpr f health_journal[] = {
  {"last_position", "integer", true, "Of its rows."},
  {"waiting_appends", "integer", true, "For a commit."},
  {"commits", "integer", true, "Since the node started."},
  {"last_commit_us", "integer", true, ""},
  {"longest_commit_us", "integer", true, ""},
  {"log_bytes", "integer", true, "Of the write-ahead log, not folded into the journal yet."},
  {"failures", "integer", true, "Commits that failed or whose fate was unknown."},
  {"suspended", "boolean", true, "The journal cannot be written now: orders are answered 503."}};
inline constexpr f health_lists[] = {
  {"lag_rows", "integer", true, "Journal rows not in the lists yet."},
  {"lag_ms", "integer", true, "For how long."},
  {"failures", "integer", true, ""}};
inline constexpr f health_disk[] = {
  {"free_bytes", "integer", true, "Of the data directory's disk."},
  {"total_bytes", "integer", true, ""}};
inline constexpr f health_memory[] = {
  {"resident_bytes", "integer", true, ""},
  {"entities", "integer", true, "Accounts, users and markets in it."}};
inline constexpr f health_connections[] = {
  {"open", "integer", true, "HTTP and WebSocket together."},
  {"web_sockets", "integer", true, ""},
  {"accepted", "integer", true, "Since the node started."},
  {"refused", "integer", true, "Too many."}};
inline constexpr f health_requests[] = {
  {"http", "integer", true, "Since the node started."},
  {"http_per_second", "integer", true, "Since this was last asked, over a second at least."},
  {"stream", "integer", true, "Messages from WebSockets."},
  {"stream_per_second", "integer", true, ""},
  {"entities", "integer", true, "What reached accounts, markets and users."},
  {"entities_per_second", "integer", true, ""}};
inline constexpr f health_actors[] = {
  {"running", "integer", true, ""},
  {"failed", "integer", true, "Given up; admin/actors names them."},
  {"entity_failures", "integer", true, "Entities that failed and were recovered."}};
inline constexpr f health_markets[] = {
  {"count", "integer", true, ""},
  {"stale", "integer", true, "Mirrored, and the feed is out of step."},
  {"not_open", "integer", true, "Of another status than open."}};
inline constexpr f health_feed[] = {
  {"source", "string", true, ""},
  {"messages", "integer", true, ""},
  {"last_message_age_ms", "integer", true, "Null: none came yet.", true},
  {"gaps", "integer", true, ""},
  {"resyncs", "integer", true, ""},
  {"refused", "integer", true, "Messages that broke a rule."}};
inline constexpr f health_of_node[] = {{"version", "string", true, ""},
                                       {"time", "time", true, ""},
                                       {"uptime_seconds", "integer", true, ""},
                                       {"ready", "boolean", true, ""},
                                       {"not_ready_because", "string", true, "", true},
                                       {"journal", "health_journal", true, ""},
                                       {"lists", "health_lists", true, ""},
                                       {"disk", "health_disk", true, ""},
                                       {"memory", "health_memory", true, ""},
                                       {"connections", "health_connections", true, ""},
                                       {"requests", "health_requests", true, ""},
                                       {"actors", "health_actors", true, ""},
                                       {"markets", "health_markets", true, ""},
                                       {"feed", "health_feed", true, ""}};

} // namespace rialto::net::node_schemas

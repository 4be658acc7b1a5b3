// How the node is, for its administrator: gauges that are counted anyway, put into one answer.
#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "runtime/actor_registry.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::int64_t ns_per_ms = 1'000'000;

std::string maybe_text(bool is_there, std::string_view text) {
  return is_there ? json_text(text) : "null";
}

std::string markets_json(const actors::directory& markets) {
  const auto& all = markets.by_symbol;
  const auto stale =
    std::count_if(all.begin(), all.end(), [](const auto& one) { return one.second.is_stale; });
  const auto closed = std::count_if(all.begin(), all.end(), [](const auto& one) {
    return one.second.spec.status != market_status::open;
  });
  return fmt::format(R"({{"count":{},"stale":{},"not_open":{}}})", all.size(), stale, closed);
}

std::string feed_json(const api_settings& settings, const node_health& is, timestamp_ns now) {
  const bool has_heard = is.feed_last_message_ns > 0;
  const auto age_ns = std::max<std::int64_t>(now.value - is.feed_last_message_ns, 0);
  return fmt::format(
    R"({{"source":{},"messages":{},"last_message_age_ms":{},"gaps":{},"resyncs":{},"refused":{}}})",
    json_text(settings.feed), is.feed_messages,
    has_heard ? std::to_string(age_ns / ns_per_ms) : "null", is.feed_gaps, is.feed_resyncs,
    is.feed_refused);
}

std::string edge_json(const node_health& is) {
  return fmt::format(
    R"("connections":{{"open":{},"web_sockets":{},"accepted":{},"refused":{}}},)"
    R"("requests":{{"http":{},"http_per_second":{},"stream":{},"stream_per_second":{},)"
    R"("entities":{},"entities_per_second":{}}})",
    is.connections, is.web_sockets, is.connections_accepted, is.connections_refused,
    is.http_requests, is.http_requests_per_s, is.stream_messages, is.stream_messages_per_s,
    is.entity_requests, is.entity_requests_per_s);
}

std::string storage_json(const node_health& is) {
  return fmt::format(
    R"("journal":{{"last_position":{},"waiting_appends":{},"commits":{},"last_commit_us":{},)"
    R"("longest_commit_us":{},"log_bytes":{},"failures":{},"suspended":{}}},)"
    R"("lists":{{"lag_rows":{},"lag_ms":{},"failures":{}}},)"
    R"("disk":{{"free_bytes":{},"total_bytes":{}}})",
    is.journal_last_position, is.journal_waiting, is.journal_commits, is.commit_ns_last / 1'000,
    is.commit_ns_max / 1'000, is.journal_log_bytes, is.journal_failures, is.is_suspended,
    is.lists_lag_rows, is.lists_lag_ns / ns_per_ms, is.lists_failures, is.disk_free_bytes,
    is.disk_total_bytes);
}

} // namespace

void get_health(desk& at, const call_ptr& from, json_object&) {
  const auto& settings = at.settings();
  const auto is = settings.health ? settings.health() : node_health{};
  const auto* registry = settings.actors;
  std::string why;
  const bool is_ready = at.gate().is_ready(why);
  from->done(
    200, fmt::format(
           R"({{"version":{},"time":"{}","uptime_seconds":{},"ready":{},"not_ready_because":{},{},)"
           R"("memory":{{"resident_bytes":{},"entities":{}}},{},)"
           R"("actors":{{"running":{},"failed":{},"entity_failures":{}}},"markets":{},"feed":{}}})",
           json_text(RIALTO_VERSION), format_time(at.now()), is.uptime_s, is_ready,
           maybe_text(!is_ready, why), storage_json(is), is.resident_bytes, is.entities_in_memory,
           edge_json(is), registry == nullptr ? 0 : registry->size(),
           registry == nullptr ? 0 : registry->failed_count(), is.entity_failures,
           markets_json(*at.gate().markets()), feed_json(settings, is, at.now())));
}

} // namespace rialto::net

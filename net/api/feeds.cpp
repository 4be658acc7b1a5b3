// How the feeds of this node are doing: each connection, each symbol, the counters.
#include "actors/feed/feed_report.hpp"
#include "net/api/handlers.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::int64_t ms_ns = 1'000'000;

std::string text_or_null(const std::string& text) {
  return text.empty() ? "null" : json_text(text);
}

/// Milliseconds since `then`; null: there was none.
std::string age_of(timestamp_ns then, timestamp_ns now) {
  if (then.value == 0) return "null";
  return std::to_string(std::max<std::int64_t>(0, now.value - then.value) / ms_ns);
}

void put_connection(std::string& out, const actors::connection_report& one, timestamp_ns now) {
  out += fmt::format(R"({{"number":{},"state":"{}","age_ms":{},"last_message_age_ms":{},)"
                     R"("streams":{},"messages":{},"reconnects":{},"last_problem":{}}})",
                     one.number, one.state, one.age_ns / ms_ns, age_of(one.last_message_at, now),
                     one.streams, one.messages, one.reconnects, text_or_null(one.last_problem));
}

void put_stream(std::string& out, const actors::stream_report& one, timestamp_ns now) {
  out += fmt::format(
    R"({{"symbol":{},"state":"{}","reason":{},"last_message_age_ms":{},"clock_skew_ms":{},)"
    R"("messages":{},"gaps":{},"resyncs":{},"book_checks":{},"book_mismatches":{}}})",
    json_text(one.symbol), to_string(one.state), text_or_null(one.reason),
    age_of(one.last_message_at, now), one.clock_skew_ns / ms_ns, one.messages, one.gaps,
    one.resyncs, one.book_checks, one.book_mismatches);
}

template <class Rows, class Put>
void put_list(std::string& out, std::string_view name, const Rows& rows, const Put& put) {
  out += fmt::format(R"(,"{}":[)", name);
  for (const auto& row : rows) {
    if (out.back() != '[') out += ',';
    put(row);
  }
  out += ']';
}

} // namespace

void get_feeds(desk& at, const call_ptr& from, json_object&) {
  const auto* board = at.settings().feeds;
  const auto report = board == nullptr ? nullptr : board->get();
  if (report == nullptr) return from->done(200, "[]");
  const auto now = at.now();
  auto out = fmt::format(R"([{{"name":{},"source":{},"connected":{},"last_problem":{})",
                         json_text(report->name), json_text(report->source),
                         report->connected ? "true" : "false", text_or_null(report->last_problem));
  put_list(out, "connections", report->connections,
           [&](const auto& one) { put_connection(out, one, now); });
  put_list(out, "streams", report->streams, [&](const auto& one) { put_stream(out, one, now); });
  out += R"(,"counters":{)";
  for (const auto& [name, count] : report->counters) {
    if (out.back() != '{') out += ',';
    out += fmt::format(R"("{}":{})", name, count);
  }
  from->done(200, out + "}}]");
}

} // namespace rialto::net

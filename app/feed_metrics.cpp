#include "app/feed_metrics.hpp"

#include <algorithm>

namespace rialto::app {

namespace {

using actors::feed_board;
using actors::stream_report;

constexpr std::int64_t ms_ns = 1'000'000;

/// `read` of the symbol's part of the report; 0 when there is none.
template <class Read>
auto of_symbol(const feed_board& board, const std::string& symbol, Read read)
  -> decltype(read(stream_report{})) {
  const auto report = board.get();
  if (!report) return 0;
  const auto at = std::find_if(report->streams.begin(), report->streams.end(),
                               [&](const stream_report& one) { return one.symbol == symbol; });
  return at == report->streams.end() ? 0 : read(*at);
}

std::uint64_t count_named(const feed_board& board, std::string_view name) {
  const auto report = board.get();
  if (!report) return 0;
  for (const auto& [known, count] : report->counters)
    if (known == name) return count;
  return 0;
}

} // namespace

feed_metrics::feed_metrics(runtime::metrics_registry& metrics, const feed_board& board,
                           runtime::node_clock& clock)
    : metrics_(metrics), board_(board), clock_(clock) {
  const auto count = [&](const char* name, const char* help, std::string_view counter) {
    metrics_.add_read_counter(name, help,
                              [&board, counter] { return count_named(board, counter); });
  };
  count("rialto_feed_connects_total", "Connections to the live market that were opened.",
        "connects");
  count("rialto_feed_connection_failures_total", "Connections that failed or ended.",
        "connection_failures");
  count("rialto_feed_stale_total", "Times a symbol of the live market went stale.", "stale");
  count("rialto_feed_dropped_total", "Live messages that came faster than they could be taken.",
        "dropped");
  count("rialto_feed_rest_requests_total", "REST requests to the live market.", "rest_requests");
  count("rialto_feed_rest_failures_total", "REST requests without a good answer.", "rest_failures");
  count("rialto_feed_rate_limit_waits_total", "REST requests that waited for the market's limits.",
        "rate_limit_waits");
  metrics_.add_read_gauge("rialto_feed_connections_open", "Open connections to the live market.",
                          [&board] {
                            const auto report = board.get();
                            if (!report) return std::int64_t{0};
                            return static_cast<std::int64_t>(
                              std::count_if(report->connections.begin(), report->connections.end(),
                                            [](const auto& one) { return one.state == "open"; }));
                          });
}

void feed_metrics::look() {
  const auto report = board_.get();
  if (!report) return;
  for (const auto& one : report->streams)
    if (seen_.insert(one.symbol).second) add_symbol(one.symbol);
}

void feed_metrics::add_symbol(const std::string& symbol) {
  const runtime::metric_labels labels{{"symbol", symbol}};
  const auto gauge = [&](const char* name, const char* help, auto read) {
    metrics_.add_read_gauge(
      name, help, [&board = board_, symbol, read] { return of_symbol(board, symbol, read); },
      labels);
  };
  const auto count = [&](const char* name, const char* help, std::uint64_t stream_report::*from) {
    metrics_.add_read_counter(
      name, help,
      [&board = board_, symbol, from] {
        return of_symbol(board, symbol,
                         [from](const stream_report& one) -> std::uint64_t { return one.*from; });
      },
      labels);
  };
  gauge("rialto_feed_symbol_live", "1 while the symbol's book is known and current.",
        [](const stream_report& one) -> std::int64_t {
          return one.state == actors::stream_state::live ? 1 : 0;
        });
  gauge("rialto_feed_symbol_message_age_ms", "Since the symbol's last message.",
        [&clock = clock_](const stream_report& one) -> std::int64_t {
          return one.last_message_at.value == 0
                   ? 0
                   : (clock.now().value - one.last_message_at.value) / ms_ns;
        });
  gauge("rialto_feed_symbol_clock_skew_ms", "The source's event time minus our clock, smoothed.",
        [](const stream_report& one) -> std::int64_t { return one.clock_skew_ns / ms_ns; });
  count("rialto_feed_symbol_messages_total", "Messages of the symbol.", &stream_report::messages);
  count("rialto_feed_symbol_gaps_total", "Holes in the symbol's update ids.", &stream_report::gaps);
  count("rialto_feed_symbol_resyncs_total", "Snapshots that brought the symbol's book into step.",
        &stream_report::resyncs);
  count("rialto_feed_symbol_book_mismatches_total",
        "Best prices of the symbol that were not the source's own.",
        &stream_report::book_mismatches);
}

} // namespace rialto::app

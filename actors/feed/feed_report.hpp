// actors/feed/feed_report.hpp: how a feed is doing, for people and monitors: each symbol, each connection, the counters.
//
// The room: data, and the one place where the feed actor leaves it and others read it. Thread-safe: a report is replaced whole.
#pragma once

#include "domain/money.hpp"

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rialto::actors {

/// live: the book is known and current. syncing: it is being fetched. stale: it was known and cannot be believed now. off: nothing
/// is asked of this symbol.
enum class stream_state : std::uint8_t { live, syncing, stale, off };

[[nodiscard]] constexpr std::string_view to_string(stream_state state) {
  switch (state) {
  case stream_state::live: return "live";
  case stream_state::syncing: return "syncing";
  case stream_state::stale: return "stale";
  case stream_state::off: break;
  }
  return "off";
}

struct stream_report {
  std::string symbol;
  stream_state state = stream_state::off;
  std::string reason;           // why it is not live; empty if it is
  timestamp_ns last_message_at; // 0: none yet
  std::int64_t clock_skew_ns =
    0; // the source's event time minus our clock, smoothed: transit counts as a negative skew
  std::uint64_t messages = 0, gaps = 0, resyncs = 0, book_checks = 0, book_mismatches = 0;
};

struct connection_report {
  std::uint64_t number = 0;
  std::string state; // "open", "connecting", "waiting"
  std::int64_t age_ns = 0;
  timestamp_ns last_message_at;
  std::uint64_t streams = 0, messages = 0, reconnects = 0;
  std::string last_problem;
};

struct feed_report {
  std::string name, source; // "binance"; where from: no secrets
  bool connected = false;
  std::vector<connection_report> connections;
  std::vector<stream_report> streams;
  std::vector<std::pair<std::string_view, std::uint64_t>> counters;
  std::string last_problem;
};

class feed_board {
public:
  void put(feed_report report) {
    auto made = std::make_shared<const feed_report>(std::move(report));
    const std::lock_guard held(lock_);
    report_ = std::move(made);
  }
  /// Null: there is no feed, or it has not begun.
  [[nodiscard]] std::shared_ptr<const feed_report> get() const {
    const std::lock_guard held(lock_);
    return report_;
  }

private:
  mutable std::mutex lock_;
  std::shared_ptr<const feed_report> report_;
};

} // namespace rialto::actors

// actors/feed/feed_source.hpp: what every source of market data looks like to the feed actor.
//
// The room: a source is a plain object that is asked `next(now)` on the feed actor's thread; it has
// no clock, thread or timer of its own. Replay, the simulated exchange, "none" and the live client
// stand behind this one interface.
//   F1  per symbol: a feed_depth follows only a feed_snapshot, and continues what was handed out
//       before it; after a feed_reset nothing but a feed_snapshot begins the book again
//   F2  the same source with the same calls hands out the same news
#pragma once

#include "actors/feed/feed_report.hpp"
#include "domain/feed.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace rialto::actors {

/// The source lost its place in this symbol's book: what was laid in of it is no longer true.
struct feed_reset {
  std::string symbol;
};

/// What a source hands on: decoded messages in their order, the depth ones already synchronised.
using feed_news =
  std::variant<feed_snapshot, feed_depth, feed_trade, feed_ticker, feed_statistics, feed_reset>;

/// Counters since the source began; last_problem says the newest thing that went wrong, and where.
struct feed_status {
  std::uint64_t messages = 0;     // decoded, of a kind we know
  std::uint64_t ignored = 0;      // well-formed, of a kind we do not use
  std::uint64_t parse_errors = 0; // refused: a field broke a rule
  std::uint64_t gaps = 0;         // update ids missing, or a book that crossed itself
  std::uint64_t resyncs = 0;      // snapshots that brought a book (back) into step
  std::uint64_t overflows = 0;    // buffers of waiting updates that were given up
  std::uint64_t book_checks = 0;  // best prices compared with the source's own at the same update
  std::uint64_t book_mismatches = 0; // of those, the ones that differed: the book was begun anew
  std::uint64_t problems = 0;        // files that ended early or could not be read on
  timestamp_ns last_message_at;      // time of the last one by the caller's clock; 0: none yet
  bool is_finished = false;          // nothing will come any more
  std::string last_problem;
};

/// The counters that every source has.
[[nodiscard]] inline feed_report report_of(std::string name, std::string source,
                                           const feed_status& status) {
  feed_report made;
  made.name = std::move(name);
  made.source = std::move(source);
  made.connected = !status.is_finished;
  made.counters = {{"messages", status.messages},       {"ignored", status.ignored},
                   {"refused", status.parse_errors},    {"gaps", status.gaps},
                   {"resyncs", status.resyncs},         {"overflows", status.overflows},
                   {"book_checks", status.book_checks}, {"book_mismatches", status.book_mismatches},
                   {"problems", status.problems}};
  made.last_problem = status.last_problem;
  return made;
}

class feed_source {
public:
  virtual ~feed_source() = default;
  /// Appends what is due at `now`, in order. One call does a bounded amount of work; what it left
  /// over shows as a next_due() that has passed. `now` never goes back.
  virtual void next(timestamp_ns now, std::vector<feed_news>& out) = 0;
  /// When to call again; empty: not before a request_snapshot.
  [[nodiscard]] virtual std::optional<timestamp_ns> next_due() const = 0;
  /// A market lost its mirror (it was recovered): the next call of next() hands out the whole book,
  /// if the source is in step; if not, the book comes as soon as it is.
  virtual void request_snapshot(std::string_view symbol) = 0;
  /// The symbol's book is known and current.
  [[nodiscard]] virtual bool is_synchronised(std::string_view symbol) const = 0;
  [[nodiscard]] virtual const feed_status& status() const = 0;
  /// How each symbol and connection is doing.
  [[nodiscard]] virtual feed_report report(timestamp_ns now) const {
    static_cast<void>(now);
    return report_of("feed", "feed", status());
  }
  /// A source with threads of its own calls `wake`, on any of them, when next() has something to do before next_due().
  virtual void wake_by(std::function<void()> wake) { static_cast<void>(wake); }
};

/// Feed "none": says nothing, ever.
class silent_source final : public feed_source {
public:
  silent_source() { status_.is_finished = true; }
  void next(timestamp_ns, std::vector<feed_news>&) override {}
  [[nodiscard]] std::optional<timestamp_ns> next_due() const override { return {}; }
  void request_snapshot(std::string_view) override {}
  [[nodiscard]] bool is_synchronised(std::string_view) const override { return false; }
  [[nodiscard]] const feed_status& status() const override { return status_; }
  [[nodiscard]] feed_report report(timestamp_ns) const override { return {}; }

private:
  feed_status status_;
};

/// Symbols whose whole book was asked for; each at most once, at most 10,000.
class snapshot_requests {
public:
  void add(std::string_view symbol) {
    if (symbols_.size() < 10'000 &&
        std::find(symbols_.begin(), symbols_.end(), symbol) == symbols_.end())
      symbols_.emplace_back(symbol);
  }
  [[nodiscard]] bool empty() const { return symbols_.empty(); }
  [[nodiscard]] std::vector<std::string> take() { return std::exchange(symbols_, {}); }

private:
  std::vector<std::string> symbols_;
};

} // namespace rialto::actors

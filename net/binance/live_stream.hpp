// net/binance/live_stream.hpp: one public stream: when it has an event and what the event says.
//
// The room: what changed in a market comes in as numbers, texts go out; who listens is market_streams'. A stream exists
// while somebody listens to it, so nothing is made for nobody. Owner: the io thread.
//
//   L1  an event is written once for every form it is listened to in, whoever many listen
//   L2  a depth stream's events follow on without gap or overlap; when that cannot be, the stream is broken and says so
//   L3  what a stream keeps is bounded: a book's changed levels, one open aggregate, the parts of one candle
#pragma once

#include "net/api/desk.hpp"
#include "net/binance/stream_names.hpp"
#include "net/binance/text.hpp"

#include <functional>
#include <memory>

namespace rialto::net::binance {

/// Appends one event's JSON.
using event_writer = std::function<void(std::string& out, time_unit unit)>;
/// Takes one event. `replaces`: whoever has not been sent the event before needs only this one.
using event_sink = std::function<void(const event_writer& write, bool replaces)>;

class live_stream {
public:
  virtual ~live_stream() = default;
  /// A change of its market, which is in the market's face already.
  virtual void take(const actors::face_change& change, const event_sink& out) {
    static_cast<void>(change), static_cast<void>(out);
  }
  /// Candles of its market that closed.
  virtual void take(const actors::closed_candles& closed, const event_sink& out) {
    static_cast<void>(closed), static_cast<void>(out);
  }
  /// About every 100 ms.
  virtual void tick(std::int64_t now_ns, const event_sink& out) {
    static_cast<void>(now_ns), static_cast<void>(out);
  }
  /// Something is missing: its listeners must begin anew.
  [[nodiscard]] virtual bool is_broken() const { return false; }
};

/// The stream of a topic; `spec` is of its market, blank for those of every market.
[[nodiscard]] std::shared_ptr<live_stream> make_live_stream(desk& at, const stream_topic& topic,
                                                            const instrument& spec);

// trade_streams.cpp
[[nodiscard]] std::shared_ptr<live_stream> make_trade_stream(desk& at, const stream_topic& topic,
                                                             const instrument& spec);
// book_streams.cpp
[[nodiscard]] std::shared_ptr<live_stream> make_book_stream(desk& at, const stream_topic& topic,
                                                            const instrument& spec);
// ticker_streams.cpp
[[nodiscard]] std::shared_ptr<live_stream> make_ticker_stream(desk& at, const stream_topic& topic,
                                                              const instrument& spec);
// kline_stream.cpp
[[nodiscard]] std::shared_ptr<live_stream> make_kline_stream(desk& at, const stream_topic& topic,
                                                             const instrument& spec);

/// When something is due that comes every `period_ns`, the first time at once.
class stream_pace {
public:
  explicit stream_pace(std::int64_t period_ns) : period_ns_(period_ns) {}
  [[nodiscard]] bool is_due(std::int64_t now_ns) {
    if (now_ns < due_ns_) return false;
    due_ns_ += period_ns_;
    if (due_ns_ <= now_ns) due_ns_ = now_ns + period_ns_ - slack_ns; // it was late
    return true;
  }

private:
  static constexpr std::int64_t slack_ns = 20'000'000; // of the timer that asks
  std::int64_t period_ns_, due_ns_ = 0;
};

} // namespace rialto::net::binance

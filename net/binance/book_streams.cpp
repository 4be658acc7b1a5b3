// Streams of the book: differences, the best levels, the best quotes.
#include "net/binance/depth_window.hpp"
#include "net/binance/live_stream.hpp"
#include "net/binance/markets.hpp"

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ms_ns = 1'000'000;

std::int64_t period_of(const stream_topic& topic) {
  return (topic.is_fast ? 100 : 1'000) * ms_ns;
}

class depth_stream final : public live_stream {
public:
  depth_stream(desk& at, const stream_topic& topic, const instrument& spec)
      : desk_(at), spec_(spec), pace_(period_of(topic)) {}

  void take(const actors::face_change& change, const event_sink&) override {
    is_broken_ |= !window_.take(change);
  }
  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (is_broken_ || !pace_.is_due(now_ns)) return;
    const auto event = window_.close();
    if (!event) return;
    out(
      [&](std::string& text, time_unit unit) {
        text.reserve(text.size() + 128 + 48 * (event->bids.size() + event->asks.size()));
        add(text, R"({"e":"depthUpdate","E":)", time_of(desk_.now(), unit), R"(,"s":")",
            spec_.symbol, R"(","U":)", event->first, R"(,"u":)", event->last, R"(,"b":)");
        add_levels(text, event->bids, spec_);
        text += R"(,"a":)";
        add_levels(text, event->asks, spec_);
        text += '}';
      },
      false);
  }
  [[nodiscard]] bool is_broken() const override { return is_broken_; }

private:
  desk& desk_;
  instrument spec_;
  stream_pace pace_;
  depth_window window_;
  bool is_broken_ = false;
};

/// What the face has when it is due: the newest, so a listener that is slow misses nothing that still counts.
class partial_depth_stream final : public live_stream {
public:
  partial_depth_stream(desk& at, const stream_topic& topic, const instrument& spec)
      : desk_(at), spec_(spec), levels_(topic.levels), pace_(period_of(topic)) {}

  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (!pace_.is_due(now_ns)) return;
    const auto seen = desk_.gate().look(spec_.symbol, levels_);
    if (!seen || seen->last_update == told_) return;
    told_ = seen->last_update;
    out(
      [&](std::string& text, time_unit) {
        add(text, R"({"lastUpdateId":)", seen->last_update, R"(,"bids":)");
        add_levels(text, seen->bids, spec_);
        text += R"(,"asks":)";
        add_levels(text, seen->asks, spec_);
        text += '}';
      },
      true);
  }

private:
  desk& desk_;
  instrument spec_;
  std::uint32_t levels_;
  std::uint64_t told_ = 0;
  stream_pace pace_;
};

class book_ticker_stream final : public live_stream {
public:
  explicit book_ticker_stream(const instrument& spec) : spec_(spec) {}

  void take(const actors::face_change& change, const event_sink& out) override {
    if (change.last_update == 0 || (change.bid == bid_ && change.ask == ask_)) return;
    bid_ = change.bid, ask_ = change.ask;
    out(
      [&](std::string& text, time_unit) {
        add(text, R"({"u":)", change.last_update, R"(,"s":")", spec_.symbol, R"(","b":")",
            decimal(bid_.price, spec_), R"(","B":")", decimal(bid_.size, spec_));
        add(text, R"(","a":")", decimal(ask_.price, spec_), R"(","A":")", decimal(ask_.size, spec_),
            R"("})");
      },
      true);
  }

private:
  instrument spec_;
  level_change bid_, ask_;
};

} // namespace

std::shared_ptr<live_stream> make_book_stream(desk& at, const stream_topic& topic,
                                              const instrument& spec) {
  switch (topic.kind) {
  case stream_kind::partial_depth: return std::make_shared<partial_depth_stream>(at, topic, spec);
  case stream_kind::book_ticker: return std::make_shared<book_ticker_stream>(spec);
  default: return std::make_shared<depth_stream>(at, topic, spec);
  }
}

} // namespace rialto::net::binance

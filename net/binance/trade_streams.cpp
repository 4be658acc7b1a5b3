// Streams of trades: each one, and taken together as REST's aggTrades has them (tape_reader.hpp, T2).
#include "net/binance/live_stream.hpp"
#include "net/binance/tape_reader.hpp"

namespace rialto::net::binance {

namespace {

class trade_stream final : public live_stream {
public:
  trade_stream(desk& at, const instrument& spec) : desk_(at), spec_(spec) {}

  void take(const actors::face_change& change, const event_sink& out) override {
    for (const auto& trade : change.trades)
      out([&](std::string& text, time_unit unit) { write(trade, text, unit); }, false);
  }

private:
  void write(const tape_entry& trade, std::string& text, time_unit unit) const {
    add(text, R"({"e":"trade","E":)", time_of(desk_.now(), unit), R"(,"s":")", spec_.symbol,
        R"(","t":)", trade.trade.value, R"(,"p":")", decimal(trade.price, spec_), R"(","q":")",
        decimal(trade.size, spec_));
    add(text, R"(","T":)", time_of(trade.at, unit), R"(,"m":)", bool_text(trade.buyer_is_maker),
        R"(,"M":true})");
  }
  desk& desk_;
  instrument spec_;
};

/// Holds the newest aggregate until a trade that is not of it comes, or the next tick.
class aggregate_stream final : public live_stream {
public:
  aggregate_stream(desk& at, const instrument& spec) : desk_(at), spec_(spec) {}

  void take(const actors::face_change& change, const event_sink& out) override {
    for (const auto& trade : change.trades) {
      if (open_ && extend(*open_, trade)) continue;
      tell(out);
      open_ = aggregate_of(trade);
    }
  }
  void tick(std::int64_t, const event_sink& out) override {
    tell(out);
    open_.reset();
  }

private:
  void tell(const event_sink& out) const {
    if (!open_) return;
    out(
      [this](std::string& text, time_unit unit) {
        add(text, R"({"e":"aggTrade","E":)", time_of(desk_.now(), unit), R"(,"s":")", spec_.symbol,
            R"(","a":)", open_->first.value, R"(,"p":")", decimal(open_->price, spec_),
            R"(","q":")", decimal(open_->size, spec_));
        add(text, R"(","f":)", open_->first.value, R"(,"l":)", open_->last.value, R"(,"T":)",
            time_of(open_->at, unit), R"(,"m":)", bool_text(open_->buyer_is_maker),
            R"(,"M":true})");
      },
      false);
  }
  desk& desk_;
  instrument spec_;
  std::optional<aggregate> open_;
};

} // namespace

std::shared_ptr<live_stream> make_trade_stream(desk& at, const stream_topic& topic,
                                               const instrument& spec) {
  if (topic.kind == stream_kind::trade) return std::make_shared<trade_stream>(at, spec);
  return std::make_shared<aggregate_stream>(at, spec);
}

} // namespace rialto::net::binance

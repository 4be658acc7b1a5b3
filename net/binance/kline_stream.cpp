// The running kline of one market and interval: once in two seconds while it changes (1s: every second), and when it closes.
//
// A stored interval's candle is the market's own. Of another one the closed parts are kept here: read once from the tape, then
// taken as they close, by their open times, so that what is read and told twice counts once.
#include "net/binance/day.hpp"
#include "net/binance/klines.hpp"
#include "net/binance/live_stream.hpp"

#include <map>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint32_t parts_max = 1'000; // of one candle; a month in a zone has 186
constexpr int waits_max = 30;              // ticks for the news that a candle has closed

struct piece {
  candle what;
  std::uint64_t last_trade = 0;
};
void join(piece& into, const piece& more) {
  merge(into.what, more.what);
  into.last_trade = std::max(into.last_trade, more.last_trade);
}

class kline_stream final : public live_stream, public std::enable_shared_from_this<kline_stream> {
public:
  kline_stream(desk& at, const stream_topic& topic, const instrument& spec)
      : desk_(at), spec_(spec), interval_(topic.interval), offset_ns_(topic.offset_ns),
        base_(stored_base(topic.interval, topic.offset_ns)),
        is_loaded_(base_ == topic.interval && topic.offset_ns == 0),
        pace_((interval_ == candle_interval::s1 ? 1 : 2) * second_ns) {}

  void take(const actors::closed_candles& closed, const event_sink& out) override {
    if (closed.interval != base_) return;
    for (std::size_t i = 0; i < closed.candles.size(); ++i) {
      const auto& one = closed.candles[i];
      const auto last = i < closed.last_trades.size() ? closed.last_trades[i] : 0;
      parts_[one.open_time] = {one, last};
      const auto open = open_of(one.open_time, interval_, offset_ns_);
      const auto end = close_of(open, interval_, offset_ns_);
      if (close_of(one.open_time, base_, 0) < end) continue;
      if (is_loaded_) tell(*sum_of(open, nullptr), true, out);
      parts_.erase(parts_.begin(), parts_.lower_bound(end));
    }
    while (parts_.size() > parts_max) parts_.erase(parts_.begin());
  }

  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (!is_loaded_) return load();
    if (!pace_.is_due(now_ns) && !is_late_) return;
    const auto live = desk_.gate().live_candle_of(spec_.market, base_);
    if (!live) return;
    const auto open = open_of(live->now.open_time, interval_, offset_ns_);
    is_late_ = told_ && !told_closed_ && told_->what.open_time < open && ++waits_ <= waits_max;
    if (is_late_) return; // its end is under way
    waits_ = 0;
    const piece running{live->now, live->last_trade};
    const auto sum = sum_of(open, &running);
    if (told_ && !told_closed_ && told_->what == sum->what) return;
    tell(*sum, false, out);
  }

private:
  /// Of the parts from `open` on and what runs; empty: there is none.
  [[nodiscard]] std::optional<piece> sum_of(timestamp_ns open, const piece* running) const {
    const auto end = close_of(open, interval_, offset_ns_);
    std::optional<piece> sum;
    const auto take = [&](const piece& one) {
      if (sum)
        join(*sum, one);
      else
        sum = one;
    };
    for (auto at = parts_.lower_bound(open); at != parts_.end() && at->first < end; ++at)
      if (running == nullptr || at->first < running->what.open_time) take(at->second);
    if (running != nullptr) take(*running);
    if (sum) sum->what.open_time = open;
    return sum;
  }

  void tell(const piece& sum, bool is_closed, const event_sink& out) {
    told_ = sum;
    told_closed_ = is_closed;
    const auto last = sum.what.trades == 0  ? 0
                      : sum.last_trade != 0 ? sum.last_trade
                                            : desk_.tape().last_trade_id(spec_.market);
    const auto span = span_of(last, sum.what.trades);
    out([&](std::string& text, time_unit unit) { write(sum.what, span, is_closed, text, unit); },
        !is_closed);
  }

  void write(const candle& one, const trade_span& span, bool is_closed, std::string& text,
             time_unit unit) const {
    const std::int64_t step_ns = unit == time_unit::millisecond ? 1'000'000 : 1'000;
    const auto end = close_of(one.open_time, interval_, offset_ns_);
    add(text, R"({"e":"kline","E":)", time_of(desk_.now(), unit), R"(,"s":")", spec_.symbol,
        R"(","k":{"t":)", time_of(one.open_time, unit), R"(,"T":)",
        time_of({end.value - step_ns}, unit), R"(,"s":")", spec_.symbol, R"(","i":")",
        to_string(interval_));
    add(text, R"(","f":)", span.first, R"(,"L":)", span.last, R"(,"o":")", decimal(one.open, spec_),
        R"(","c":")", decimal(one.close, spec_), R"(","h":")", decimal(one.high, spec_),
        R"(","l":")", decimal(one.low, spec_));
    add(text, R"(","v":")", decimal(one.volume, spec_), R"(","n":)", one.trades, R"(,"x":)",
        bool_text(is_closed), R"(,"q":")", decimal(one.quote_volume), R"(","V":")",
        decimal(one.taker_buy_volume, spec_));
    add(text, R"(","Q":")", decimal(taker_quote(one)), R"(","B":"0"}})");
  }

  /// The closed parts so far; once it is asked for, what closes later comes by itself.
  void load() {
    if (is_loading_) return;
    is_loading_ = true;
    const auto asked = std::make_shared<call>();
    asked->answer = [self = weak_from_this()](const reply&) { // no room to read: the next tick asks
      if (const auto still = self.lock()) still->is_loading_ = false;
    };
    kline_request wish;
    wish.market = spec_.market;
    wish.interval = base_;
    wish.from = open_of(desk_.now(), interval_, offset_ns_);
    wish.limit = parts_max;
    wish.now = desk_.now();
    desk_.read<std::vector<candle>>(
      asked, [&tape = desk_.tape(), wish](storage::read_models&) { return klines(tape, wish); },
      [self = weak_from_this()](const std::vector<candle>& found) {
        if (const auto still = self.lock()) still->take_past(found);
      });
  }
  void take_past(const std::vector<candle>& found) {
    for (const auto& one : found)
      if (!one.is_open) parts_.emplace(one.open_time, piece{one, 0}); // what was told is newer
    is_loaded_ = true;
  }

  desk& desk_;
  instrument spec_;
  candle_interval interval_;
  std::int64_t offset_ns_;
  candle_interval base_;
  bool is_loaded_, is_loading_ = false, is_late_ = false, told_closed_ = false;
  int waits_ = 0;
  std::map<timestamp_ns, piece> parts_; // closed ones, by open time
  std::optional<piece> told_;
  stream_pace pace_;
};

} // namespace

std::shared_ptr<live_stream> make_kline_stream(desk& at, const stream_topic& topic,
                                               const instrument& spec) {
  return std::make_shared<kline_stream>(at, topic, spec);
}

std::shared_ptr<live_stream> make_live_stream(desk& at, const stream_topic& topic,
                                              const instrument& spec) {
  switch (topic.kind) {
  case stream_kind::trade:
  case stream_kind::aggregate_trade: return make_trade_stream(at, topic, spec);
  case stream_kind::kline: return make_kline_stream(at, topic, spec);
  case stream_kind::depth:
  case stream_kind::partial_depth:
  case stream_kind::book_ticker: return make_book_stream(at, topic, spec);
  case stream_kind::ticker:
  case stream_kind::mini_ticker:
  case stream_kind::all_tickers:
  case stream_kind::all_mini_tickers:
  case stream_kind::average_price: break;
  }
  return make_ticker_stream(at, topic, spec);
}

} // namespace rialto::net::binance

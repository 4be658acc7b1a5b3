// Streams of the last day, of one market or of all, and of the average price. Once a second, of what changed.
#include "net/binance/day.hpp"
#include "net/binance/klines.hpp"
#include "net/binance/live_stream.hpp"

#include <map>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000, minute_ns = 60 * second_ns;
constexpr std::int64_t day_ns = 24 * 60 * minute_ns;

/// What of a market a ticker shows, in short: when it is the same, nothing is said again.
struct look_mark {
  std::uint64_t update = 0, trades = 0;
  trade_id last;
  timestamp_ns opened_at;
  friend bool operator==(const look_mark&, const look_mark&) = default;
};
look_mark mark_of(const actors::market_look& seen, bool with_quotes) {
  return {with_quotes ? seen.last_update : 0, seen.day.trades,
          seen.last_trade ? seen.last_trade->trade : trade_id{}, seen.day.open_time};
}

void write_mini(std::string& text, const actors::market_look& seen, timestamp_ns now,
                time_unit unit) {
  const auto& spec = seen.spec;
  const auto& day = seen.day;
  const auto open = opening_of(seen);
  const bool is_quiet = day.trades == 0;
  add(text, R"({"e":"24hrMiniTicker","E":)", time_of(now, unit), R"(,"s":")", spec.symbol,
      R"(","c":")", decimal(seen.last_price, spec), R"(","o":")", decimal(open, spec));
  add(text, R"(","h":")", decimal(is_quiet ? open : day.high, spec), R"(","l":")",
      decimal(is_quiet ? open : day.low, spec), R"(","v":")", decimal(day.volume, spec),
      R"(","q":")", decimal(day.quote_volume), R"("})");
}

void write_full(std::string& text, const actors::market_look& seen, storage::tape_store& tape,
                timestamp_ns now, time_unit unit) {
  const auto& spec = seen.spec;
  const auto& day = seen.day;
  const auto open = opening_of(seen), last = seen.last_price;
  const bool is_quiet = day.trades == 0;
  const auto bid = seen.bids.empty() ? level_change{} : seen.bids.front();
  const auto ask = seen.asks.empty() ? level_change{} : seen.asks.front();
  const auto span = ids_of(tape, seen, day.trades);
  add(text, R"({"e":"24hrTicker","E":)", time_of(now, unit), R"(,"s":")", spec.symbol, R"(","p":")",
      change(open, last, spec), R"(","P":")", percent(open, last), R"(","w":")",
      average(day, spec));
  add(text, R"(","x":")",
      decimal(seen.previous_close.value == 0 ? open : seen.previous_close, spec), R"(","c":")",
      decimal(last, spec), R"(","Q":")",
      decimal(seen.last_trade ? seen.last_trade->size : quantity_lots{}, spec));
  add(text, R"(","b":")", decimal(bid.price, spec), R"(","B":")", decimal(bid.size, spec),
      R"(","a":")", decimal(ask.price, spec), R"(","A":")", decimal(ask.size, spec));
  add(text, R"(","o":")", decimal(open, spec), R"(","h":")",
      decimal(is_quiet ? open : day.high, spec), R"(","l":")",
      decimal(is_quiet ? open : day.low, spec));
  add(text, R"(","v":")", decimal(day.volume, spec), R"(","q":")", decimal(day.quote_volume),
      R"(","O":)", time_of({now.value - day_ns}, unit), R"(,"C":)", time_of(now, unit));
  add(text, R"(,"F":)", span.first, R"(,"L":)", span.last, R"(,"n":)", day.trades, "}");
}

class ticker_stream final : public live_stream {
public:
  ticker_stream(desk& at, const stream_topic& topic)
      : desk_(at), symbol_(topic.symbol), is_full_(topic.kind == stream_kind::ticker) {}

  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (!pace_.is_due(now_ns)) return;
    const auto seen = desk_.gate().look(symbol_, is_full_ ? 1 : 0);
    if (!seen) return;
    const auto mark = mark_of(*seen, is_full_);
    if (told_ == mark) return;
    told_ = mark;
    out(
      [&](std::string& text, time_unit unit) {
        if (is_full_)
          write_full(text, *seen, desk_.tape(), desk_.now(), unit);
        else
          write_mini(text, *seen, desk_.now(), unit);
      },
      true);
  }

private:
  desk& desk_;
  std::string symbol_;
  bool is_full_;
  std::optional<look_mark> told_;
  stream_pace pace_{second_ns};
};

/// An array of the markets that changed since the last one; a listener who is new sees those that go on changing.
class all_tickers_stream final : public live_stream {
public:
  all_tickers_stream(desk& at, bool is_full) : desk_(at), is_full_(is_full) {}

  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (!pace_.is_due(now_ns)) return;
    std::vector<actors::market_look> changed;
    for (const auto& [symbol, entry] : desk_.gate().markets()->by_symbol) {
      auto seen = desk_.gate().look(symbol, is_full_ ? 1 : 0);
      if (!seen) continue;
      const auto mark = mark_of(*seen, is_full_);
      auto& told = told_[entry.spec.market];
      if (told == mark) continue;
      told = mark;
      changed.push_back(std::move(*seen));
    }
    if (changed.empty()) return;
    out(
      [&](std::string& text, time_unit unit) {
        add_list(text, changed, [&](const actors::market_look& seen) {
          if (is_full_)
            write_full(text, seen, desk_.tape(), desk_.now(), unit);
          else
            write_mini(text, seen, desk_.now(), unit);
        });
      },
      false);
  }

private:
  desk& desk_;
  bool is_full_;
  std::map<market_id, std::optional<look_mark>> told_;
  stream_pace pace_{second_ns};
};

/// The average of five minutes, as REST's avgPrice has it: read off the io thread.
class average_stream final : public live_stream,
                             public std::enable_shared_from_this<average_stream> {
public:
  average_stream(desk& at, const instrument& spec) : desk_(at), spec_(spec) {}

  void tick(std::int64_t now_ns, const event_sink& out) override {
    if (!pace_.is_due(now_ns)) return;
    if (price_) tell(out);
    read();
  }

private:
  void tell(const event_sink& out) {
    out(
      [this](std::string& text, time_unit unit) {
        add(text, R"({"e":"avgPrice","E":)", time_of(desk_.now(), unit), R"(,"s":")", spec_.symbol,
            R"(","i":"5m","w":")", *price_, R"(","T":)",
            traded_at_.value == 0 ? 0 : time_of(traded_at_, unit), "}");
      },
      true);
    price_.reset();
  }
  void read() {
    const auto seen = desk_.gate().look(spec_.symbol, 0);
    const auto mark = seen ? mark_of(*seen, false) : look_mark{};
    if (!seen || is_reading_ || told_ == mark) return;
    told_ = mark;
    traded_at_ = seen->last_trade ? seen->last_trade->at : timestamp_ns{};
    is_reading_ = true;
    const auto asked = std::make_shared<call>();
    asked->answer = [self = weak_from_this()](const reply&) { // no room to read: the next tick asks
      if (const auto still = self.lock()) still->is_reading_ = false, still->told_.reset();
    };
    const kline_request wish{spec_.market,
                             candle_interval::m1,
                             0,
                             {},
                             desk_.now(),
                             average_minutes,
                             desk_.gate().running_candle(spec_.market, candle_interval::m1),
                             desk_.now()};
    desk_.read<std::string>(
      asked,
      [&tape = desk_.tape(), wish, spec = spec_, last = seen->last_price](storage::read_models&) {
        return average_price(tape, wish, spec, last);
      },
      [self = weak_from_this()](std::string price) {
        if (const auto still = self.lock()) {
          still->is_reading_ = false;
          still->price_ = std::move(price);
        }
      });
  }

  desk& desk_;
  instrument spec_;
  std::optional<look_mark> told_;
  std::optional<std::string> price_;
  timestamp_ns traded_at_;
  bool is_reading_ = false;
  stream_pace pace_{second_ns};
};

} // namespace

std::shared_ptr<live_stream> make_ticker_stream(desk& at, const stream_topic& topic,
                                                const instrument& spec) {
  switch (topic.kind) {
  case stream_kind::all_tickers: return std::make_shared<all_tickers_stream>(at, true);
  case stream_kind::all_mini_tickers: return std::make_shared<all_tickers_stream>(at, false);
  case stream_kind::average_price: return std::make_shared<average_stream>(at, spec);
  default: return std::make_shared<ticker_stream>(at, topic);
  }
}

} // namespace rialto::net::binance

// Tickers: the last day, the last price, the best quotes, and rolling windows.
#include "net/binance/day.hpp"
#include "net/binance/klines.hpp"
#include "net/binance/markets.hpp"
#include "net/binance/tape_reader.hpp"

#include <algorithm>
#include <charconv>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t minute_ns = 60'000'000'000, day_ns = 24 * 60 * minute_ns;
constexpr std::size_t rolling_symbols_max = 100;

void add_best(std::string& out, const actors::market_look& seen) {
  const auto one = [&](std::string_view name, const std::vector<level_change>& levels) {
    const auto best = levels.empty() ? level_change{} : levels.front();
    add(out, R"(,")", name, R"(Price":")", decimal(best.price, seen.spec), R"(",")", name,
        R"(Qty":")", decimal(best.size, seen.spec), R"(")");
  };
  one("bid", seen.bids);
  one("ask", seen.asks);
}

/// What both shapes of the last day end with.
void add_day(std::string& out, desk& at, const actors::market_look& seen, time_unit unit) {
  const auto& spec = seen.spec;
  const auto now = at.now();
  const auto span = ids_of(at.tape(), seen, seen.day.trades);
  add(out, R"("openPrice":")", decimal(seen.day.open, spec), R"(","highPrice":")",
      decimal(seen.day.high, spec), R"(","lowPrice":")", decimal(seen.day.low, spec));
  add(out, R"(","volume":")", decimal(seen.day.volume, spec), R"(","quoteVolume":")",
      decimal(seen.day.quote_volume));
  add(out, R"(","openTime":)", time_of({now.value - day_ns}, unit), R"(,"closeTime":)",
      time_of(now, unit), R"(,"firstId":)", span.first, R"(,"lastId":)", span.last);
  add(out, R"(,"count":)", seen.day.trades, "}");
}

void add_full(std::string& out, desk& at, const actors::market_look& seen, time_unit unit) {
  const auto& spec = seen.spec;
  const auto& day = seen.day;
  const auto last = seen.last_price;
  const auto open = day.trades == 0 ? last : day.open;
  add(out, R"({"symbol":")", spec.symbol, R"(","priceChange":")", change(open, last, spec));
  add(out, R"(","priceChangePercent":")", percent(open, last), R"(","weightedAvgPrice":")",
      average(day, spec), R"(","prevClosePrice":")",
      decimal(seen.previous_close.value == 0 ? open : seen.previous_close, spec));
  add(out, R"(","lastPrice":")", decimal(last, spec), R"(","lastQty":")",
      decimal(seen.last_trade ? seen.last_trade->size : quantity_lots{}, spec), R"(")");
  add_best(out, seen);
  out += ',';
  add_day(out, at, seen, unit);
}

void add_mini(std::string& out, desk& at, const actors::market_look& seen, time_unit unit) {
  add(out, R"({"symbol":")", seen.spec.symbol, R"(","lastPrice":")",
      decimal(seen.last_price, seen.spec), R"(",)");
  add_day(out, at, seen, unit);
}

/// FULL unless it says MINI.
bool takes_mini(parameters& params) {
  const auto type = params.maybe_text("type");
  if (type && *type != "FULL" && *type != "MINI")
    params.refuse(request_error::value_invalid, "type");
  return type && *type == "MINI";
}

/// Answers with what `put` writes of every market asked for.
template <class Put>
void answer_each(desk& at, const request_ptr& from, bool needs_levels, Put put) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  bool is_one = false;
  const auto symbols = take_symbols(params, *markets, is_one);
  if (!params.done()) return from->fail(params.why());
  std::string out = is_one ? "" : "[";
  for (const auto& symbol : symbols) {
    const auto seen = at.gate().look(symbol, needs_levels ? 1 : 0);
    if (!seen) continue;
    if (!out.empty() && out.back() != '[') out += ',';
    put(out, *seen);
  }
  if (is_one && out.empty()) return from->fail(request_error::not_ready);
  if (!is_one) out += ']';
  from->done(200, std::move(out));
}

std::size_t count_of_symbols(const parameters& params) {
  const auto* listed = params.look("symbols");
  if (listed == nullptr) return params.has("symbol") ? 1 : SIZE_MAX;
  return static_cast<std::size_t>(std::count(listed->begin(), listed->end(), ',')) + 1;
}

/// Minutes of "1m" to "59m", "1h" to "23h", "1d" to "7d"; 0: it is none.
std::int64_t parse_window(std::string_view text) {
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc{} || end + 1 != text.data() + text.size() || count < 1) return 0;
  if (*end == 'm') return count <= 59 ? count : 0;
  if (*end == 'h') return count <= 23 ? count * 60 : 0;
  return *end == 'd' && count <= 7 ? count * 24 * 60 : 0;
}

} // namespace

int ticker_24hr_weight(const parameters& params) {
  const auto count = count_of_symbols(params);
  return count <= 20 ? 2 : count <= 100 ? 40 : 80;
}
int ticker_weight(const parameters& params) {
  return count_of_symbols(params) == 1 ? 2 : 4;
}
int rolling_ticker_weight(const parameters& params) {
  return static_cast<int>(std::min<std::size_t>(count_of_symbols(params) * 4, 200));
}

void get_ticker_24hr(desk& at, const request_ptr& from) {
  const bool is_mini = takes_mini(from->params);
  answer_each(at, from, !is_mini, [&](std::string& out, const actors::market_look& seen) {
    is_mini ? add_mini(out, at, seen, from->unit) : add_full(out, at, seen, from->unit);
  });
}

void get_ticker_price(desk& at, const request_ptr& from) {
  answer_each(at, from, false, [&](std::string& out, const actors::market_look& seen) {
    add(out, R"({"symbol":")", seen.spec.symbol, R"(","price":")",
        decimal(seen.last_price, seen.spec), R"("})");
  });
}

void get_book_ticker(desk& at, const request_ptr& from) {
  answer_each(at, from, true, [&](std::string& out, const actors::market_look& seen) {
    add(out, R"({"symbol":")", seen.spec.symbol, R"(")");
    add_best(out, seen);
    out += '}';
  });
}

void get_rolling_ticker(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const bool is_mini = takes_mini(params);
  const auto window = params.maybe_text("windowSize").value_or("1d");
  const auto minutes = parse_window(window);
  if (minutes == 0) params.refuse(request_error::value_invalid, "windowSize");
  bool is_one = false;
  if (!params.has("symbol") && !params.has("symbols"))
    params.refuse(request_error::missing_field, "symbol");
  const auto symbols = take_symbols(params, *markets, is_one);
  if (symbols.size() > rolling_symbols_max) params.refuse(request_error::value_invalid, "symbols");
  if (!params.done()) return from->fail(params.why());
  struct row {
    actors::market_look seen;
    std::optional<candle> running;
  };
  std::vector<row> rows;
  for (const auto& symbol : symbols)
    if (auto seen = at.gate().look(symbol, 0)) {
      const auto market = seen->spec.market;
      rows.push_back({std::move(*seen), at.gate().running_candle(market, candle_interval::m1)});
    }
  at.read<std::string>(
    from,
    [&at, &tape = at.tape(), rows = std::move(rows), minutes, is_one, is_mini, now = at.now(),
     unit = from->unit](storage::read_models&) {
      std::string out = is_one ? "" : "[";
      for (const auto& one : rows) {
        const auto& spec = one.seen.spec;
        const timestamp_ns open{(now.value / minute_ns - minutes + 1) * minute_ns};
        // Whole minutes, as the tape has them; all of them as one.
        candle sum;
        kline_request wish{spec.market, candle_interval::m1, 0, open, now, 1'000, one.running, now};
        for (auto from_time = open; from_time <= now;) {
          wish.from = from_time;
          const auto found = klines(tape, wish);
          for (const auto& minute : found) {
            if (minute.trades == 0) continue;
            if (sum.trades == 0) sum.open = sum.high = sum.low = minute.open;
            sum.high = std::max(sum.high, minute.high);
            sum.low = std::min(sum.low, minute.low);
            sum.close = minute.close;
            sum.volume += minute.volume;
            sum.quote_volume += minute.quote_volume;
            sum.trades += minute.trades;
          }
          if (found.size() < wish.limit) break;
          from_time = {found.back().open_time.value + minute_ns};
        }
        const auto last = one.seen.last_price;
        const auto first = sum.trades == 0 ? last : sum.open;
        const auto span = ids_of(at.tape(), one.seen, sum.trades);
        if (!out.empty() && out.back() != '[') out += ',';
        add(out, R"({"symbol":")", spec.symbol, R"(",)");
        if (!is_mini)
          add(out, R"("priceChange":")", change(first, last, spec), R"(","priceChangePercent":")",
              percent(first, last), R"(","weightedAvgPrice":")", average(sum, spec), R"(",)");
        add(out, R"("openPrice":")", decimal(first, spec), R"(","highPrice":")",
            decimal(sum.trades == 0 ? last : sum.high, spec), R"(","lowPrice":")",
            decimal(sum.trades == 0 ? last : sum.low, spec));
        add(out, R"(","lastPrice":")", decimal(last, spec), R"(","volume":")",
            decimal(sum.volume, spec), R"(","quoteVolume":")", decimal(sum.quote_volume));
        add(out, R"(","openTime":)", time_of(open, unit), R"(,"closeTime":)", time_of(now, unit));
        add(out, R"(,"firstId":)", span.first, R"(,"lastId":)", span.last, R"(,"count":)",
            sum.trades, "}");
      }
      if (!is_one) out += ']';
      return out;
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

} // namespace rialto::net::binance

// Public market data that is not a ticker: time, book, trades, klines, average price.
#include "net/binance/klines.hpp"
#include "net/binance/markets.hpp"
#include "net/binance/tape_reader.hpp"

#include <algorithm>
#include <charconv>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t depth_usual = 100, depth_max = 5'000, trades_usual = 500;

std::string trades_json(const std::vector<tape_entry>& trades, const instrument& spec,
                        time_unit unit) {
  std::string out;
  add_list(out, trades, [&](const tape_entry& one) {
    const auto value = notional(one.price, one.size, spec).value_or(amount_units{});
    add(out, R"({"id":)", one.trade.value, R"(,"price":")", decimal(one.price, spec));
    add(out, R"(","qty":")", decimal(one.size, spec), R"(","quoteQty":")", decimal(value));
    add(out, R"(","time":)", time_of(one.at, unit), R"(,"isBuyerMaker":)",
        bool_text(one.buyer_is_maker), R"(,"isBestMatch":true})");
  });
  return out;
}

std::string aggregates_json(const std::vector<aggregate>& trades, const instrument& spec,
                            time_unit unit) {
  std::string out;
  add_list(out, trades, [&](const aggregate& one) {
    add(out, R"({"a":)", one.first.value, R"(,"p":")", decimal(one.price, spec));
    add(out, R"(","q":")", decimal(one.size, spec), R"(","f":)", one.first.value, R"(,"l":)",
        one.last.value);
    add(out, R"(,"T":)", time_of(one.at, unit), R"(,"m":)", bool_text(one.buyer_is_maker),
        R"(,"M":true})");
  });
  return out;
}

std::string klines_json(const std::vector<candle>& found, const kline_request& wish,
                        const instrument& spec, time_unit unit) {
  std::string out;
  const std::int64_t step_ns = unit == time_unit::millisecond ? 1'000'000 : 1'000;
  add_list(out, found, [&](const candle& one) {
    const auto end = close_of(one.open_time, wish.interval, wish.offset_ns);
    add(out, "[", time_of(one.open_time, unit), R"(,")", decimal(one.open, spec), R"(",")",
        decimal(one.high, spec), R"(",")", decimal(one.low, spec), R"(",")");
    add(out, decimal(one.close, spec), R"(",")", decimal(one.volume, spec), R"(",)",
        time_of({end.value - step_ns}, unit), R"(,")", decimal(one.quote_volume), R"(",)");
    add(out, one.trades, R"(,")", decimal(one.taker_buy_volume, spec), R"(",")",
        decimal(taker_quote(one)), R"(","0"])");
  });
  return out;
}

/// A limit: 1 to `most`; more is lowered to it.
std::uint32_t take_limit(parameters& params, std::int64_t usual, std::int64_t most) {
  const auto given = params.maybe_whole("limit", 1, INT64_MAX).value_or(usual);
  return static_cast<std::uint32_t>(std::min(given, most));
}

} // namespace

void add_levels(std::string& out, const std::vector<level_change>& levels, const instrument& spec) {
  add_list(out, levels, [&](const level_change& one) {
    add(out, R"([")", decimal(one.price, spec), R"(",")", decimal(one.size, spec), R"("])");
  });
}

void get_ping(desk&, const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  from->done(200, "{}");
}

void get_time(desk& at, const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  std::string out;
  add(out, R"({"serverTime":)", from->time(at.now()), "}");
  from->done(200, std::move(out));
}

int depth_weight(const parameters& params) {
  std::int64_t limit = depth_usual;
  if (const auto* text = params.look("limit"))
    std::from_chars(text->data(), text->data() + text->size(), limit);
  return limit <= 100 ? 5 : limit <= 500 ? 25 : limit <= 1'000 ? 50 : 250;
}

void get_depth(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  const auto levels = take_limit(params, depth_usual, depth_max);
  if (!params.done()) return from->fail(params.why());
  const auto seen = at.gate().look(entry->spec.symbol, levels);
  if (!seen) return from->fail(request_error::not_ready);
  std::string out;
  out.reserve(64 + 48 * (seen->bids.size() + seen->asks.size()));
  add(out, R"({"lastUpdateId":)", seen->last_update, R"(,"bids":)");
  add_levels(out, seen->bids, seen->spec);
  out += R"(,"asks":)";
  add_levels(out, seen->asks, seen->spec);
  from->done(200, out + "}");
}

void get_trades(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  const auto limit = take_limit(params, trades_usual, trades_max);
  if (!params.done()) return from->fail(params.why());
  at.read<std::string>(
    from,
    [&tape = at.tape(), spec = entry->spec, limit, unit = from->unit](storage::read_models&) {
      return trades_json(tape_reader(tape, spec.market).newest(limit), spec, unit);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

void get_historical_trades(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  const auto limit = take_limit(params, trades_usual, trades_max);
  const auto first = params.maybe_whole("fromId", 0, INT64_MAX);
  if (!params.done()) return from->fail(params.why());
  at.read<std::string>(
    from,
    [&tape = at.tape(), spec = entry->spec, limit, first,
     unit = from->unit](storage::read_models&) {
      const tape_reader reader(tape, spec.market);
      return trades_json(first ? reader.from_id(static_cast<std::uint64_t>(*first), limit)
                               : reader.newest(limit),
                         spec, unit);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

void get_agg_trades(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  const auto limit = take_limit(params, trades_usual, trades_max);
  const auto first = params.maybe_whole("fromId", 0, INT64_MAX);
  const auto start = params.maybe_time("startTime"), end = params.maybe_time("endTime");
  if (first && (start || end)) params.refuse(request_error::combination_invalid, "fromId");
  if (start && end && *end < *start) params.refuse(request_error::combination_invalid, "endTime");
  if (!params.done()) return from->fail(params.why());
  at.read<std::string>(
    from,
    [&tape = at.tape(), spec = entry->spec, limit, first, start, end,
     unit = from->unit](storage::read_models&) {
      const tape_reader reader(tape, spec.market);
      const std::int64_t step_ns = unit == time_unit::millisecond ? 1'000'000 : 1'000;
      const timestamp_ns until{end ? end->value + step_ns : INT64_MAX}; // the end is included
      const auto found =
        first   ? reader.aggregates_from(static_cast<std::uint64_t>(*first), until, limit)
        : start ? reader.aggregates_from(reader.first_at(*start), until, limit)
        : end   ? reader.aggregates_until(until, limit)
                : reader.newest_aggregates(limit);
      return aggregates_json(found, spec, unit);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

void get_klines(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  kline_request wish;
  const auto interval_text = params.text("interval");
  if (const auto interval = parse_candle_interval(interval_text))
    wish.interval = *interval;
  else
    params.refuse(request_error::interval_invalid, "interval");
  if (const auto zone = params.maybe_text("timeZone")) {
    const auto offset = parse_time_zone(*zone);
    if (!offset) params.refuse(request_error::invalid_field, "timeZone");
    wish.offset_ns = offset.value_or(0);
  }
  wish.from = params.maybe_time("startTime");
  wish.to = params.maybe_time("endTime");
  wish.limit = take_limit(params, 500, 1'000);
  if (!params.done()) return from->fail(params.why());
  wish.market = entry->spec.market;
  wish.running = at.gate().running_candle(wish.market, stored_base(wish.interval, wish.offset_ns));
  wish.now = at.now();
  at.read<std::string>(
    from,
    [&tape = at.tape(), spec = entry->spec, wish, unit = from->unit](storage::read_models&) {
      return klines_json(klines(tape, wish), wish, spec, unit);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

void get_avg_price(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(params, *markets);
  if (!params.done()) return from->fail(params.why());
  const auto seen = at.gate().look(entry->spec.symbol, 0);
  if (!seen) return from->fail(request_error::not_ready);
  const auto running = at.gate().running_candle(entry->spec.market, candle_interval::m1);
  at.read<std::string>(
    from,
    [&tape = at.tape(), seen = *seen, running, now = at.now(),
     unit = from->unit](storage::read_models&) {
      const kline_request wish{
        seen.spec.market, candle_interval::m1, 0, {}, now, average_minutes, running, now};
      const auto price = average_price(tape, wish, seen.spec, seen.last_price);
      std::string out;
      add(out, R"({"mins":)", average_minutes, R"(,"price":")", price, R"(","closeTime":)",
          seen.last_trade ? time_of(seen.last_trade->at, unit) : 0, "}");
      return out;
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

} // namespace rialto::net::binance

// Public market data: what the channels say now, older trades and candles from the tape.
#include "actors/candle_face.hpp"
#include "domain/time_text.hpp"
#include "net/api/handlers.hpp"
#include "net/api/market_json.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"
#include "storage/candle_series_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::uint32_t trades_max = 1'000, candles_max = 1'000, levels_max = 1'000;

/// The entry of the symbol in the path; null: the call is answered.
const actors::market_entry* entry_of(const call_ptr& from, const actors::directory& markets) {
  const auto* entry = markets.find(from->path_values.at(0));
  if (entry == nullptr)
    from->fail(
      {request_error::symbol_not_found, "symbol is not the name of an instrument here", "symbol"});
  return entry;
}

/// The data of a channel's snapshot.
std::optional<std::string> channel_data(desk& at, const std::string& channel) {
  const auto message = at.gate().channel_snapshot(channel);
  if (!message) return {};
  return std::string(data_of(*message->bytes));
}

void answer_channel(desk& at, const call_ptr& from, std::string_view kind) {
  const auto markets = at.gate().markets();
  const auto* entry = entry_of(from, *markets);
  if (entry == nullptr) return;
  auto data = channel_data(at, fmt::format("{}.{}", kind, entry->spec.symbol));
  if (!data) return from->fail(request_error::not_ready);
  from->done(200, std::move(*data));
}

constexpr std::uint64_t ms_max = INT64_MAX / 1'000'000;

/// Milliseconds since the Unix epoch.
timestamp_ns from_ms(std::uint64_t ms) {
  return {static_cast<std::int64_t>(ms) * 1'000'000};
}

} // namespace

void get_instruments(desk& at, const call_ptr& from, json_object&) {
  const auto markets = at.gate().markets();
  std::string out = "[";
  for (const auto& [symbol, entry] : markets->by_symbol) {
    if (out.size() > 1) out += ',';
    out += instrument_json(entry);
  }
  from->done(200, out + "]");
}

void get_book(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto levels = query.number("levels", levels_max, levels_max);
  if (!query.ok()) return;
  const auto markets = at.gate().markets();
  const auto* entry = entry_of(from, *markets);
  if (entry == nullptr) return;
  const auto data = channel_data(at, "book." + entry->spec.symbol);
  if (!data) return from->fail(request_error::not_ready);
  from->done(200, with_levels(*data, levels));
}

void get_ticker(desk& at, const call_ptr& from, json_object&) {
  answer_channel(at, from, "ticker");
}

void get_trades(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto before = query.number("before", 0, (std::uint64_t{1} << 56) - 1);
  const auto limit = static_cast<std::uint32_t>(query.number("limit", 100, trades_max));
  if (!query.ok()) return;
  const auto markets = at.gate().markets();
  const auto* entry = entry_of(from, *markets);
  if (entry == nullptr) return;
  auto& tape = at.tape();
  at.read<std::string>(
    from,
    [&tape, spec = entry->spec, before, limit](storage::read_models&) {
      return trades_json(tape.trades(spec.market, before, limit), spec, limit);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

void get_candles(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const auto interval_text = query.text("interval");
  const auto interval = parse_candle_interval(interval_text.empty() ? "1m" : interval_text);
  if (!interval) query.refuse("interval", fmt::format("must be one of {}", candle_interval_names));
  const auto limit = static_cast<std::uint32_t>(query.number("limit", 500, candles_max));
  const auto start = from_ms(query.number("from", 0, ms_max));
  const auto end = from_ms(query.number("to", ms_max, ms_max));
  if (!query.ok()) return;
  const auto markets = at.gate().markets();
  const auto* entry = entry_of(from, *markets);
  if (entry == nullptr) return;
  const auto running = at.gate().running_candle(entry->spec.market, base_of(*interval));
  auto& tape = at.tape();
  at.read<std::string>(
    from,
    [&tape, spec = entry->spec,
     wish = storage::candle_wish{entry->spec.market, *interval, start, end, limit}, running,
     now = at.now()](storage::read_models&) {
      return candles_json(storage::read_candles(tape, wish, running, now), wish.interval, spec);
    },
    [from](std::string text) { from->done(200, std::move(text)); });
}

} // namespace rialto::net

#include "net/binance/klines.hpp"

#include "net/binance/text.hpp"
#include "storage/candle_series_reader.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t second_ns = 1'000'000'000;
constexpr std::uint32_t rows_max = storage::tape_store::rows_max;
constexpr int reads_max = 40; // of the tape, for one answer
constexpr timestamp_ns latest{8'000'000'000'000'000'000};

/// What the zone's candles are read as: in UTC the interval itself.
candle_interval part_of(const kline_request& wish) {
  return wish.offset_ns == 0 ? wish.interval : stored_base(wish.interval, wish.offset_ns);
}

/// Parts that open in [from, to), oldest first; the newest of them when there are more than `rows`.
std::vector<candle> parts(storage::tape_store& tape, const kline_request& wish, timestamp_ns from,
                          timestamp_ns to, std::uint32_t rows) {
  std::vector<candle> out; // newest first
  auto end = to;
  for (int reads = 0; reads < reads_max && out.size() < rows; ++reads) {
    const auto left =
      static_cast<std::uint32_t>(std::min<std::size_t>(rows - out.size(), rows_max));
    const auto found = storage::read_candles(tape, {wish.market, part_of(wish), from, end, left},
                                             wish.running, wish.now);
    if (found.empty()) break;
    out.insert(out.end(), found.rbegin(), found.rend());
    end = found.front().open_time;
    if (found.size() < left) break;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

std::vector<candle> grouped(const std::vector<candle>& parts, const kline_request& wish) {
  if (wish.offset_ns == 0) return parts;
  std::vector<candle> out;
  timestamp_ns end{std::numeric_limits<std::int64_t>::min()};
  for (const auto& one : parts) {
    if (one.open_time < end) {
      merge(out.back(), one);
      continue;
    }
    out.push_back(one);
    out.back().open_time = open_of(one.open_time, wish.interval, wish.offset_ns);
    end = close_of(out.back().open_time, wish.interval, wish.offset_ns);
  }
  return out;
}

/// The open time of the first stored candle in [from, to).
std::optional<timestamp_ns> first_from(storage::tape_store& tape, const kline_request& wish,
                                       timestamp_ns from, timestamp_ns to) {
  const auto base = stored_base(wish.interval, wish.offset_ns);
  const auto newest = tape.candles(wish.market, base, from, to, 1);
  if (newest.empty()) {
    if (wish.running && wish.running->open_time >= from && wish.running->open_time < to)
      return wish.running->open_time;
    return {};
  }
  auto low = from, high = newest[0].open_time;
  while (low < high) {
    const timestamp_ns middle{low.value + (high.value - low.value) / 2};
    const auto found = tape.candles(wish.market, base, from, {middle.value + 1}, 1);
    if (found.empty())
      low = {middle.value + 1};
    else
      high = found[0].open_time;
  }
  return high;
}

} // namespace

void merge(candle& into, const candle& more) {
  into.is_open = more.is_open;
  if (more.trades == 0) return;
  if (into.trades == 0) {
    const auto open_time = into.open_time;
    into = more;
    into.open_time = open_time;
    return;
  }
  into.close = more.close;
  into.high = std::max(into.high, more.high);
  into.low = std::min(into.low, more.low);
  into.volume += more.volume;
  into.taker_buy_volume += more.taker_buy_volume;
  into.quote_volume += more.quote_volume;
  into.trades += more.trades;
}

amount_units taker_quote(const candle& one) {
  if (one.volume.value == 0) return {};
  return {
    scale(one.quote_volume.value, one.taker_buy_volume.value, one.volume.value, rounding::down)
      .value_or(0)};
}

std::optional<std::int64_t> parse_time_zone(std::string_view text) {
  const bool is_west = text.starts_with('-');
  if (is_west || text.starts_with('+')) text.remove_prefix(1);
  const auto split = std::min(text.find(':'), text.size());
  const auto number = [](std::string_view part) -> std::optional<std::int64_t> {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (part.empty() || part.size() > 2 || error != std::errc{} ||
        end != part.data() + part.size() || value < 0)
      return {};
    return value;
  };
  const auto hours = number(text.substr(0, split));
  const auto minutes =
    split == text.size() ? std::optional<std::int64_t>{0} : number(text.substr(split + 1));
  if (!hours || !minutes || *minutes > 59) return {};
  const auto seconds = (*hours * 60 + *minutes) * 60 * (is_west ? -1 : 1);
  if (seconds < -12 * 3'600 || seconds > 14 * 3'600 || seconds % 900 != 0) return {};
  return seconds * second_ns;
}

candle_interval stored_base(candle_interval interval, std::int64_t offset_ns) {
  if (offset_ns == 0) return base_of(interval);
  // A month is a whole number of days, whatever its length.
  const auto length =
    length_ns(interval == candle_interval::month ? candle_interval::d1 : interval);
  auto best = candle_interval::s1;
  for (const auto one : all_candle_intervals)
    if (length % length_ns(one) == 0 && offset_ns % length_ns(one) == 0) best = one;
  return best;
}

timestamp_ns open_of(timestamp_ns at, candle_interval interval, std::int64_t offset_ns) {
  return {start_of(interval, {at.value + offset_ns}).value - offset_ns};
}

timestamp_ns close_of(timestamp_ns open, candle_interval interval, std::int64_t offset_ns) {
  return {end_of(interval, {open.value + offset_ns}).value - offset_ns};
}

std::string average_price(storage::tape_store& tape, const kline_request& wish,
                          const instrument& spec, price_ticks last) {
  constexpr std::int64_t minute_ns = 60 * second_ns;
  amount_units quote;
  quantity_lots base;
  for (const auto& one : klines(tape, wish)) {
    if (one.open_time.value <= wish.now.value - average_minutes * minute_ns) continue;
    quote += one.quote_volume;
    base += one.volume;
  }
  const auto units = base_amount(base, spec);
  if (!units || units->value <= 0) return decimal(last, spec);
  return decimal(
    amount_units{scale(quote.value, units_per_whole, units->value, rounding::down).value_or(0)});
}

std::vector<candle> klines(storage::tape_store& tape, const kline_request& wish) {
  const auto ratio =
    wish.offset_ns == 0
      ? 1U
      : static_cast<std::uint32_t>(length_ns(wish.interval) / length_ns(part_of(wish)));
  const auto last = std::min(wish.to.value_or(latest), latest);
  if (!wish.from) {
    // A kline belongs if it opens in time, whatever of it came later.
    const auto end =
      close_of(open_of(last, wish.interval, wish.offset_ns), wish.interval, wish.offset_ns);
    auto out = grouped(parts(tape, wish, {0}, end, wish.limit * ratio + ratio), wish);
    if (out.size() > wish.limit) out.erase(out.begin(), out.end() - wish.limit);
    return out;
  }
  std::vector<candle> out;
  auto from = open_of(*wish.from, wish.interval, wish.offset_ns);
  if (from < *wish.from) from = close_of(from, wish.interval, wish.offset_ns);
  for (int reads = 0; reads < reads_max && out.size() < wish.limit && from <= last; ++reads) {
    const auto first = first_from(tape, wish, from, {last.value + 1});
    if (!first) break;
    const auto begin = std::max(from, open_of(*first, wish.interval, wish.offset_ns));
    auto end = begin;
    const auto window = std::max(1U, std::min(wish.limit, rows_max / ratio));
    for (std::uint32_t i = 0; i < window && end <= last; ++i)
      end = close_of(end, wish.interval, wish.offset_ns);
    for (const auto& one : grouped(parts(tape, wish, begin, end, window * ratio), wish))
      if (out.size() < wish.limit && one.open_time <= last) out.push_back(one);
    from = end;
  }
  return out;
}

} // namespace rialto::net::binance

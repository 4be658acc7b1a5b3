#include "actors/candle_face.hpp"

#include "domain/time_text.hpp"

#include <fmt/format.h>

namespace rialto::actors {

std::string candle_json(const candle& one, candle_interval interval, const instrument& spec,
                        bool is_closed) {
  const auto price = [&](price_ticks ticks) { return format_price(ticks, spec); };
  auto text = fmt::format(
    R"({{"open_time":"{}","close_time":"{}","open":"{}","high":"{}","low":"{}","close":"{}",)",
    format_time(one.open_time), format_time({one.open_time.value + length_ns(interval)}),
    price(one.open), price(one.high), price(one.low), price(one.close));
  fmt::format_to(
    std::back_inserter(text),
    R"("volume":"{}","quote_volume":"{}","taker_buy_volume":"{}","trades":{},"closed":{}}})",
    format_quantity(one.volume, spec), format_amount(one.quote_volume),
    format_quantity(one.taker_buy_volume, spec), one.trades, is_closed);
  return text;
}

candle_face::candle_face(const instrument& spec, std::uint64_t sequence_base) : spec_(spec) {
  for (const auto interval : all_candle_intervals)
    series_.push_back({interval, candle_builder(interval, spec.units_per_tick_lot()),
                       channel_log(fmt::format("candles.{}.{}", to_string(interval), spec.symbol),
                                   500, sequence_base),
                       false});
}

std::string candle_face::json(const candle& one, candle_interval interval, bool is_closed) const {
  return candle_json(one, interval, spec_, is_closed);
}

void candle_face::note_closed(series& one, std::vector<candle>& made,
                              std::vector<closed_candles>& closed,
                              std::vector<channel_message>& out) {
  if (made.empty()) return;
  for (const auto& done : made) out.push_back(one.log.add(json(done, one.interval, true), false));
  closed.push_back({one.interval, std::move(made)});
  made.clear();
}

void candle_face::add(const std::vector<tape_entry>& trades, std::vector<closed_candles>& closed,
                      std::vector<channel_message>& out) {
  const std::lock_guard hold(lock_);
  std::vector<candle> made;
  for (auto& one : series_) {
    for (const auto& trade : trades) one.builder.add(trade, made);
    one.changed = true;
    note_closed(one, made, closed, out);
  }
}

void candle_face::advance(timestamp_ns now, std::vector<closed_candles>& closed,
                          std::vector<channel_message>& out) {
  const std::lock_guard hold(lock_);
  std::vector<candle> made;
  for (auto& one : series_) {
    one.builder.advance(now, made);
    note_closed(one, made, closed, out);
    if (one.changed && one.builder.current())
      out.push_back(one.log.add(json(*one.builder.current(), one.interval, false), true));
    one.changed = false;
  }
}

void candle_face::resume(candle_interval interval, const candle& open) {
  const std::lock_guard hold(lock_);
  for (auto& one : series_)
    if (one.interval == interval) one.builder.resume(open);
}

std::optional<candle> candle_face::current(candle_interval interval) const {
  const std::lock_guard hold(lock_);
  for (const auto& one : series_)
    if (one.interval == interval) return one.builder.current();
  return {};
}

std::optional<channel_message> candle_face::snapshot(std::string_view channel) const {
  const std::lock_guard hold(lock_);
  for (const auto& one : series_)
    if (one.log.channel() == channel)
      return one.log.snapshot(
        one.builder.current() ? json(*one.builder.current(), one.interval, false) : "null");
  return {};
}

std::optional<std::vector<channel_message>> candle_face::since(std::string_view channel,
                                                               std::uint64_t sequence) const {
  const std::lock_guard hold(lock_);
  for (const auto& one : series_)
    if (one.log.channel() == channel) return one.log.since(sequence);
  return {};
}

std::vector<closed_candles> candle_face::running() const {
  const std::lock_guard hold(lock_);
  std::vector<closed_candles> all;
  for (const auto& one : series_)
    if (one.builder.current()) all.push_back({one.interval, {*one.builder.current()}});
  return all;
}

} // namespace rialto::actors

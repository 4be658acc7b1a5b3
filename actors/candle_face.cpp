#include "actors/candle_face.hpp"

#include "domain/time_text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::actors {

std::string candle_json(const candle& one, candle_interval interval, const instrument& spec,
                        bool is_closed) {
  const auto price = [&](price_ticks ticks) { return format_price(ticks, spec); };
  auto text = fmt::format(
    R"({{"open_time":"{}","close_time":"{}","open":"{}","high":"{}","low":"{}","close":"{}",)",
    format_time(one.open_time), format_time(end_of(interval, one.open_time)), price(one.open),
    price(one.high), price(one.low), price(one.close));
  fmt::format_to(
    std::back_inserter(text),
    R"("volume":"{}","quote_volume":"{}","taker_buy_volume":"{}","trades":{},"closed":{}{}{}}})",
    format_quantity(one.volume, spec), format_amount(one.quote_volume),
    format_quantity(one.taker_buy_volume, spec), one.trades, is_closed,
    one.is_partial ? R"(,"partial":true)" : "", one.is_corrected ? R"(,"corrected":true)" : "");
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

void candle_face::note_closed(series& one, closing& made, std::vector<closed_candles>& closed,
                              std::vector<channel_message>& out) {
  if (made.candles.empty()) return;
  one.closed_to = end_of(one.interval, made.candles.back().open_time);
  for (const auto& done : made.candles)
    out.push_back(one.log.add(json(done, one.interval, true), false));
  closed.push_back({one.interval, std::move(made.candles), std::move(made.last_trades)});
  made = {};
}

void candle_face::note_trades(series& one, closing& made) {
  while (made.last_trades.size() < made.candles.size()) {
    const bool has_trades = made.candles[made.last_trades.size()].trades > 0;
    made.last_trades.push_back(has_trades ? one.last_trade : 0);
  }
}

void candle_face::add(const std::vector<tape_entry>& trades, std::vector<closed_candles>& closed,
                      std::vector<channel_message>& out) {
  const std::lock_guard hold(lock_);
  closing made;
  for (auto& one : series_) {
    for (const auto& trade : trades) {
      if (trade.trade.value <= counted_ || trade.at < one.closed_to) continue;
      one.builder.add(trade, made.candles);
      note_trades(one, made);
      one.last_trade = trade.trade.value;
    }
    one.changed = true;
    note_closed(one, made, closed, out);
  }
}

timestamp_ns candle_face::first_late(const std::vector<tape_entry>& trades) const {
  const std::lock_guard hold(lock_);
  const auto second = std::find_if(series_.begin(), series_.end(), [](const series& one) {
    return one.interval == candle_interval::s1;
  });
  const auto& open = second->builder.current(); // none after a time that nobody heard
  const auto begin = open ? open->open_time : second->closed_to;
  const auto late = std::find_if(trades.begin(), trades.end(),
                                 [&](const tape_entry& one) { return one.at < begin; });
  return late == trades.end() ? timestamp_ns{} : late->at;
}

void candle_face::advance(timestamp_ns now, std::vector<closed_candles>& closed,
                          std::vector<channel_message>& out) {
  const std::lock_guard hold(lock_);
  closing made;
  for (auto& one : series_) {
    one.builder.advance(now, made.candles);
    note_trades(one, made);
    note_closed(one, made, closed, out);
    if (one.changed && one.builder.current())
      out.push_back(one.log.add(json(*one.builder.current(), one.interval, false), true));
    one.changed = false;
  }
}

void candle_face::correct(candle_interval interval, const std::vector<candle>& corrected,
                          std::vector<channel_message>& out) {
  const std::lock_guard hold(lock_);
  for (auto& one : series_)
    if (one.interval == interval)
      for (const auto& now : corrected)
        out.push_back(one.log.add(json(now, interval, true), false));
}

void candle_face::set_deaf(bool is_deaf, timestamp_ns now) {
  const std::lock_guard hold(lock_);
  for (auto& one : series_) one.builder.set_deaf(is_deaf, now);
}

void candle_face::resume(candle_interval interval, const candle& open) {
  const std::lock_guard hold(lock_);
  for (auto& one : series_)
    if (one.interval == interval) one.builder.resume(open);
}

void candle_face::leave_out(std::uint64_t last_trade) {
  const std::lock_guard hold(lock_);
  counted_ = last_trade;
}

std::optional<candle> candle_face::current(candle_interval interval) const {
  const std::lock_guard hold(lock_);
  for (const auto& one : series_)
    if (one.interval == interval) return one.builder.current();
  return {};
}

std::optional<live_candle> candle_face::live(candle_interval interval) const {
  const std::lock_guard hold(lock_);
  for (const auto& one : series_)
    if (one.interval == interval && one.builder.current())
      return live_candle{*one.builder.current(), one.last_trade};
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
    if (one.builder.current()) {
      all.push_back({one.interval, {*one.builder.current()}});
      all.back().candles.back().is_open = true;
    }
  return all;
}

} // namespace rialto::actors

#include "net/binance/day.hpp"

namespace rialto::net::binance {

std::string percent(price_ticks from, price_ticks to) {
  if (from.value <= 0) return "0.000";
  const auto moved = static_cast<__int128>(to.value - from.value) * 100'000;
  const auto half = from.value / 2;
  const auto thousandths =
    static_cast<std::int64_t>((moved < 0 ? moved - half : moved + half) / from.value);
  return format_decimal8(thousandths * 100'000, 3);
}

std::string average(const candle& over, const instrument& spec) {
  const auto base = base_amount(over.volume, spec);
  if (!base || base->value <= 0) return decimal(amount_units{});
  return decimal(amount_units{
    scale(over.quote_volume.value, units_per_whole, base->value, rounding::down).value_or(0)});
}

trade_span span_of(std::uint64_t last, std::uint64_t count) {
  if (last == 0 || count == 0) return {};
  return {static_cast<std::int64_t>(last > count ? last - count + 1 : 1),
          static_cast<std::int64_t>(last)};
}

trade_span ids_of(storage::tape_store& tape, const actors::market_look& seen, std::uint64_t count) {
  return span_of(
    seen.last_trade ? seen.last_trade->trade.value : tape.last_trade_id(seen.spec.market), count);
}

} // namespace rialto::net::binance

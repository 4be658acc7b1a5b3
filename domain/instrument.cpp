#include "domain/instrument.hpp"

#include <algorithm>
#include <limits>

namespace rialto {

namespace {

bool is_name(std::string_view text, std::size_t size_min, std::size_t size_max) {
  return text.size() >= size_min && text.size() <= size_max &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

int decimals_of(std::int64_t units) {
  int decimals = asset_decimals;
  for (; decimals > 0 && units % 10 == 0; units /= 10) --decimals;
  return decimals;
}

std::optional<std::int64_t> multiple_of(std::string_view text, std::int64_t step) {
  const auto units = parse_decimal8(text);
  if (!units || *units == 0 || *units % step != 0) return {};
  return *units / step;
}

} // namespace

std::string check(const instrument& spec) {
  if (!is_name(spec.symbol, 2, 20)) return "symbol: 2 to 20 characters A-Z and 0-9";
  if (!is_name(spec.base, 1, 10)) return "base: 1 to 10 characters A-Z and 0-9";
  if (!is_name(spec.quote, 1, 10)) return "quote: 1 to 10 characters A-Z and 0-9";
  if (spec.base == spec.quote) return "quote: must differ from base";
  if (spec.tick_size.value <= 0) return "tick_size: must be positive";
  if (spec.lot_size.value <= 0) return "lot_size: must be positive";
  const auto product = static_cast<__int128>(spec.tick_size.value) * spec.lot_size.value;
  if (product % units_per_whole != 0)
    return "lot_size: tick_size x lot_size must be a whole number of 0.00000001 of the quote asset";
  if (product / units_per_whole > std::numeric_limits<std::int64_t>::max())
    return "lot_size: tick_size x lot_size is too large";
  if (spec.notional_min.value < 0) return "notional_min: must not be negative";
  if (spec.quantity_min.value < 1) return "quantity_min: at least one lot";
  if (spec.quantity_max < spec.quantity_min) return "quantity_max: must not be below quantity_min";
  if (!base_amount(spec.quantity_max, spec)) return "quantity_max: too large";
  if (auto flaw = check({spec.maker_fee, spec.taker_fee}, spec.fee_tiers); !flaw.empty())
    return flaw;
  if (spec.collar.value < 0 || spec.collar.value > 1'000'000) return "collar: between 0 and 1";
  if (spec.status < market_status::open || spec.status > market_status::auction)
    return "status: unknown";
  if (spec.mode != market_mode::own && spec.mode != market_mode::mirrored) return "mode: unknown";
  const auto is_share = [](rate_ppm rate) { return rate.value >= 0 && rate.value <= 1'000'000; };
  const auto is_span = [](std::int64_t seconds) {
    return seconds >= 1 && seconds <= instrument::span_seconds_max;
  };
  if (!is_share(spec.band)) return "band: between 0 and 1";
  if (!is_share(spec.halt_move)) return "halt_move: between 0 and 1";
  if (!is_span(spec.halt_window_seconds)) return "halt_window_seconds: between 1 and 86400";
  if (!is_span(spec.halt_seconds)) return "halt_seconds: between 1 and 86400";
  // The house's prices come from outside: it can neither wait for an auction nor take part in one.
  if (spec.mode == market_mode::mirrored && spec.halt_move.value != 0)
    return "halt_move: must be 0 in a mirrored market";
  if (spec.mode == market_mode::mirrored && spec.status == market_status::auction)
    return "status: a mirrored market holds no auction";
  if (spec.filters.market_quantity_max > spec.quantity_max)
    return "market_quantity_max: must not be above quantity_max";
  return check(spec.filters);
}

std::optional<price_ticks> parse_price(std::string_view text, const instrument& spec) {
  const auto ticks = multiple_of(text, spec.tick_size.value);
  return ticks ? std::optional{price_ticks{*ticks}} : std::nullopt;
}

std::optional<quantity_lots> parse_quantity(std::string_view text, const instrument& spec) {
  const auto lots = multiple_of(text, spec.lot_size.value);
  return lots ? std::optional{quantity_lots{*lots}} : std::nullopt;
}

std::string format_price(price_ticks price, const instrument& spec) {
  return format_decimal8(price.value * spec.tick_size.value, decimals_of(spec.tick_size.value));
}

std::string format_quantity(quantity_lots size, const instrument& spec) {
  return format_decimal8(size.value * spec.lot_size.value, decimals_of(spec.lot_size.value));
}

std::optional<amount_units> base_amount(quantity_lots size, const instrument& spec) {
  std::int64_t units = 0;
  if (__builtin_mul_overflow(size.value, spec.lot_size.value, &units)) return {};
  return amount_units{units};
}

} // namespace rialto

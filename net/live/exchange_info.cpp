#include "net/live/exchange_info.hpp"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>

namespace rialto::net {

namespace {

namespace dom = simdjson::dom;

struct broken_rule {
  std::string_view field, rule;
};

std::string_view text_at(const dom::object& from, std::string_view key) {
  std::string_view text;
  if (from[key].get(text) != simdjson::SUCCESS) throw broken_rule{key, "is missing or no text"};
  return text;
}

std::int64_t decimal_at(const dom::object& from, std::string_view key) {
  const auto value = parse_decimal8(text_at(from, key));
  if (!value) throw broken_rule{key, "is not a plain decimal with at most 8 decimals"};
  return *value;
}

/// The largest quantity may be beyond what we can hold: then it is as large as that.
std::int64_t large_decimal_at(const dom::object& from, std::string_view key) {
  return parse_decimal8(text_at(from, key)).value_or(INT64_MAX);
}

exchange_symbol read_symbol(const dom::object& from) {
  exchange_symbol made;
  made.symbol = text_at(from, "symbol");
  made.base = text_at(from, "baseAsset");
  made.quote = text_at(from, "quoteAsset");
  made.is_trading = text_at(from, "status") == "TRADING";
  dom::array filters;
  if (from["filters"].get(filters) != simdjson::SUCCESS)
    throw broken_rule{"filters", "is missing or no list"};
  for (const auto one : filters) {
    dom::object filter;
    if (one.get(filter) != simdjson::SUCCESS) throw broken_rule{"filters", "holds no object"};
    const auto kind = text_at(filter, "filterType");
    if (kind == "PRICE_FILTER") {
      made.tick8 = decimal_at(filter, "tickSize");
    } else if (kind == "LOT_SIZE") {
      made.step8 = decimal_at(filter, "stepSize");
      made.quantity_min8 = decimal_at(filter, "minQty");
      made.quantity_max8 = large_decimal_at(filter, "maxQty");
    } else if (kind == "NOTIONAL" || kind == "MIN_NOTIONAL") {
      made.notional_min8 = decimal_at(filter, "minNotional");
    }
  }
  if (made.tick8 <= 0) throw broken_rule{"tickSize", "is missing or zero"};
  if (made.step8 <= 0) throw broken_rule{"stepSize", "is missing or zero"};
  return made;
}

void set_limits(instrument& spec, const exchange_symbol& told) {
  const auto lot = spec.lot_size.value;
  spec.notional_min = {told.notional_min8};
  spec.quantity_min = {std::max<std::int64_t>(1, (told.quantity_min8 - 1) / lot + 1)};
  spec.quantity_max = {
    std::clamp<std::int64_t>(told.quantity_max8 / lot, spec.quantity_min.value,
                             std::max(spec.quantity_min.value, INT64_MAX / lot))};
}

} // namespace

std::optional<exchange_symbol> read_exchange_info(std::string_view body, std::string_view symbol,
                                                  std::string& why) {
  dom::parser parser;
  dom::array all;
  dom::element document;
  if (parser.parse(body.data(), body.size()).get(document) != simdjson::SUCCESS ||
      document["symbols"].get(all) != simdjson::SUCCESS) {
    why = "symbols: is missing or no list";
    return {};
  }
  try {
    for (const auto one : all) {
      dom::object entry;
      std::string_view name;
      if (one.get(entry) != simdjson::SUCCESS || entry["symbol"].get(name) != simdjson::SUCCESS ||
          name != symbol)
        continue;
      return read_symbol(entry);
    }
    why = "symbol: is not in the answer";
  } catch (const broken_rule& broken) {
    why = fmt::format("{}: {}", broken.field, broken.rule);
  }
  return {};
}

std::optional<instrument> instrument_of(const exchange_symbol& told, std::string& why) {
  instrument spec;
  spec.symbol = told.symbol;
  spec.base = told.base;
  spec.quote = told.quote;
  spec.tick_size = {told.tick8};
  spec.lot_size = {told.step8};
  spec.mode = market_mode::mirrored;
  const auto is_exact = [&] {
    return static_cast<__int128>(spec.tick_size.value) * spec.lot_size.value % units_per_whole == 0;
  };
  while (!is_exact() && spec.lot_size.value < units_per_whole) spec.lot_size.value *= 10;
  set_limits(spec, told);
  if (!told.is_trading) spec.status = market_status::halted;
  why = check(spec);
  if (!why.empty()) return {};
  return spec;
}

instrument updated(const instrument& ours, const exchange_symbol& told,
                   std::optional<bool> was_trading, std::string& why) {
  why.clear();
  auto spec = ours;
  if (told.tick8 % ours.tick_size.value != 0 && ours.tick_size.value % told.tick8 != 0)
    why = "tick_size: fits the exchange's in neither direction";
  else if (told.tick8 < ours.tick_size.value)
    why = "tick_size: is coarser than the exchange's; levels between two ticks are left out";
  set_limits(spec, told);
  if (!told.is_trading && spec.status == market_status::open)
    spec.status = market_status::halted;
  else if (told.is_trading && was_trading == false && spec.status == market_status::halted)
    spec.status = market_status::open;
  if (const auto fault = check(spec); !fault.empty()) {
    why = fault;
    return ours;
  }
  return spec;
}

} // namespace rialto::net

#include "net/binance/markets.hpp"

#include <algorithm>
#include <set>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ppm_per_bps = 100;

/// A multiplier as Binance writes it: "1.2". One that is off is `otherwise`.
std::string multiplier(rate_ppm rate, std::string_view otherwise) {
  return rate.value == 0 ? std::string(otherwise) : format_decimal8(rate.value * 100, 0);
}

void add_price_filter(std::string& out, const instrument& spec) {
  add(out, R"({"filterType":"PRICE_FILTER","minPrice":")", decimal(spec.filters.price_min, spec),
      R"(","maxPrice":")", decimal(spec.filters.price_max, spec), R"(","tickSize":")",
      decimal(spec.tick_size), R"("})");
}

void add_lot_filters(std::string& out, const instrument& spec) {
  add(out, R"(,{"filterType":"LOT_SIZE","minQty":")", decimal(spec.quantity_min, spec),
      R"(","maxQty":")", decimal(spec.quantity_max, spec), R"(","stepSize":")",
      decimal(spec.lot_size), R"("})");
  const auto most = spec.filters.market_quantity_max.value == 0 ? spec.quantity_max
                                                                : spec.filters.market_quantity_max;
  add(out, R"(,{"filterType":"MARKET_LOT_SIZE","minQty":"0.00000000","maxQty":")",
      decimal(most, spec), R"(","stepSize":"0.00000000"})");
}

void add_filters(std::string& out, const instrument& spec) {
  const auto& filters = spec.filters;
  out += '[';
  add_price_filter(out, spec);
  add_lot_filters(out, spec);
  if (filters.iceberg_parts_max != 0)
    add(out, R"(,{"filterType":"ICEBERG_PARTS","limit":)", filters.iceberg_parts_max, "}");
  const auto least = std::max<std::int64_t>(1, filters.trail_min.value / ppm_per_bps);
  const auto most =
    filters.trail_max.value == 0 ? std::int64_t{9'999} : filters.trail_max.value / ppm_per_bps;
  add(out, R"(,{"filterType":"TRAILING_DELTA","minTrailingAboveDelta":)", least,
      R"(,"maxTrailingAboveDelta":)", most, R"(,"minTrailingBelowDelta":)", least,
      R"(,"maxTrailingBelowDelta":)", most, "}");
  const bool has_percent = filters.bid_up.value != 0 || filters.bid_down.value != 0 ||
                           filters.ask_up.value != 0 || filters.ask_down.value != 0;
  if (has_percent)
    add(out, R"(,{"filterType":"PERCENT_PRICE_BY_SIDE","bidMultiplierUp":")",
        multiplier(filters.bid_up, "1000"), R"(","bidMultiplierDown":")",
        multiplier(filters.bid_down, "0"), R"(","askMultiplierUp":")",
        multiplier(filters.ask_up, "1000"), R"(","askMultiplierDown":")",
        multiplier(filters.ask_down, "0"), R"(","avgPriceMins":0})");
  add(out, R"(,{"filterType":"NOTIONAL","minNotional":")", decimal(spec.notional_min),
      R"(","applyMinToMarket":true,"maxNotional":")", decimal(amount_units{INT64_MAX}),
      R"(","applyMaxToMarket":false,"avgPriceMins":0})");
  if (filters.orders_max != 0)
    add(out, R"(,{"filterType":"MAX_NUM_ORDERS","maxNumOrders":)", filters.orders_max, "}");
  if (filters.algo_orders_max != 0)
    add(out, R"(,{"filterType":"MAX_NUM_ALGO_ORDERS","maxNumAlgoOrders":)", filters.algo_orders_max,
        "}");
  out += ']';
}

} // namespace

const actors::market_entry* take_symbol(parameters& params, const actors::directory& markets) {
  const auto symbol = params.text("symbol");
  if (symbol.empty()) return nullptr;
  const auto* entry = markets.find(symbol);
  if (entry == nullptr) params.refuse(request_error::symbol_not_found, "symbol");
  return entry;
}

market_id take_maybe_symbol(parameters& params, const actors::directory& markets) {
  if (!params.has("symbol")) return {};
  const auto* entry = take_symbol(params, markets);
  return entry == nullptr ? market_id{} : entry->spec.market;
}

std::vector<std::string> take_symbols(parameters& params, const actors::directory& markets,
                                      bool& is_one) {
  is_one = params.has("symbol");
  auto listed = params.maybe_list("symbols");
  if (is_one && listed) params.refuse(request_error::combination_invalid, "symbols");
  if (is_one) {
    const auto* entry = take_symbol(params, markets);
    return entry == nullptr ? std::vector<std::string>{} : std::vector{entry->spec.symbol};
  }
  std::vector<std::string> symbols;
  if (!listed) {
    for (const auto& [symbol, entry] : markets.by_symbol) symbols.push_back(symbol);
    return symbols;
  }
  std::set<std::string> seen;
  for (auto& one : *listed) {
    if (markets.find(one) == nullptr) params.refuse(request_error::symbol_not_found, "symbols");
    if (!seen.insert(one).second) params.refuse(request_error::duplicate_field, "symbols");
    symbols.push_back(std::move(one));
  }
  return symbols;
}

std::string_view status_word(market_status status) {
  switch (status) {
  case market_status::open:
  case market_status::post_only: return "TRADING";
  case market_status::cancel_only: return "BREAK";
  case market_status::halted: return "HALT";
  case market_status::auction: return "AUCTION_MATCH";
  }
  return "HALT";
}

std::string symbol_json(const instrument& spec) {
  std::string out;
  out.reserve(1'800);
  add(out, R"({"symbol":")", spec.symbol, R"(","status":")", status_word(spec.status));
  add(out, R"(","baseAsset":")", spec.base, R"(","baseAssetPrecision":8,"quoteAsset":")",
      spec.quote, R"(","quotePrecision":8,"quoteAssetPrecision":8,)");
  add(
    out, R"("baseCommissionPrecision":8,"quoteCommissionPrecision":8,"orderTypes":["LIMIT",)",
    R"("LIMIT_MAKER","MARKET","STOP_LOSS","STOP_LOSS_LIMIT","TAKE_PROFIT","TAKE_PROFIT_LIMIT"],)");
  add(out, R"("icebergAllowed":true,"ocoAllowed":true,"otoAllowed":true,"opoAllowed":false,)",
      R"("quoteOrderQtyMarketAllowed":true,"allowTrailingStop":true,"cancelReplaceAllowed":true,)",
      R"("amendAllowed":true,"pegInstructionsAllowed":false,"isSpotTradingAllowed":true,)",
      R"("isMarginTradingAllowed":false,"filters":)");
  add_filters(out, spec);
  add(out, R"(,"permissions":[],"permissionSets":[["SPOT"]],)",
      R"("defaultSelfTradePreventionMode":"NONE","allowedSelfTradePreventionModes":["NONE",)",
      R"("EXPIRE_TAKER","EXPIRE_MAKER","EXPIRE_BOTH","DECREMENT"]})");
  return out;
}

std::string rate_limits_json(const api_settings& settings) {
  std::string out;
  add(out, R"([{"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":)",
      settings.binance_weight_per_minute,
      R"(},{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":)",
      settings.account.orders_per_10s_max,
      R"(},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":)",
      settings.account.orders_per_day_max, "}]");
  return out;
}

void get_exchange_info(desk& at, const request_ptr& from) {
  auto& params = from->params;
  const auto markets = at.gate().markets();
  bool is_one = false;
  const bool is_named = params.has("symbol") || params.has("symbols");
  const auto symbols = take_symbols(params, *markets, is_one);
  const auto permissions = params.maybe_list("permissions");
  const auto status = params.maybe_text("symbolStatus");
  const auto shows_sets = params.maybe_flag("showPermissionSets").value_or(true);
  if (is_named && (permissions || status))
    params.refuse(request_error::combination_invalid, "symbolStatus");
  if (!params.done()) return from->fail(params.why());
  const bool is_spot = !permissions || std::find(permissions->begin(), permissions->end(),
                                                 "SPOT") != permissions->end();
  std::string out;
  add(out, R"({"timezone":"UTC","serverTime":)", from->time(at.now()), R"(,"rateLimits":)",
      rate_limits_json(at.settings()), R"(,"exchangeFilters":[],"symbols":[)");
  for (const auto& symbol : symbols) {
    const auto* entry = markets->find(symbol);
    if (entry == nullptr || !is_spot || (status && status_word(entry->spec.status) != *status))
      continue;
    if (out.back() != '[') out += ',';
    auto one = symbol_json(entry->spec);
    if (!shows_sets) {
      constexpr std::string_view sets = R"(,"permissionSets":[["SPOT"]])";
      one.erase(one.find(sets), sets.size());
    }
    out += one;
  }
  from->done(200, out + "]}");
}

} // namespace rialto::net::binance

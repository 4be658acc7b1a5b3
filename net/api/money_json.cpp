#include "net/api/money_json.hpp"

#include "domain/position.hpp"
#include "domain/time_text.hpp"
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

/// Of one whole base unit, in quote units, to the nearest.
amount_units average_of(const position_view& one) {
  const auto sum = static_cast<wide_units>(one.cost.value) * units_per_whole;
  return capped((sum + one.quantity.value / 2) / one.quantity.value);
}

template <class Range, class Put>
std::string list_json(const Range& all, Put put_one) {
  std::string out = "[";
  for (const auto& one : all) {
    if (out.size() > 1) out += ',';
    out += put_one(one);
  }
  return out + "]";
}

std::string maybe(bool is_known, const std::string& text) {
  return is_known ? "\"" + text + "\"" : "null";
}

} // namespace

std::string position_json(const position_view& one, const actors::directory& markets) {
  const auto* entry = markets.find(one.market);
  const bool is_listed = entry != nullptr;
  const bool is_marked = is_listed && entry->reference_price.value > 0;
  const auto worth = is_marked ? worth_of(one.quantity, entry->reference_price,
                                          entry->spec.units_per_tick_lot(), entry->spec.lot_size)
                               : amount_units{};
  return fmt::format(
    R"({{"symbol":{},"quantity":"{}","cost":"{}","average_price":{},"realised_pnl":"{}",)"
    R"("mark_price":{},"market_value":{},"unrealised_pnl":{}}})",
    maybe(is_listed, is_listed ? entry->spec.symbol : ""), format_amount(one.quantity),
    format_amount(one.cost),
    one.quantity.value > 0 ? maybe(true, format_amount(average_of(one))) : "null",
    format_amount(one.realised),
    maybe(is_marked, is_marked ? format_price(entry->reference_price, entry->spec) : ""),
    maybe(is_marked, format_amount(worth)),
    maybe(is_marked, format_amount(capped(static_cast<wide_units>(worth.value) - one.cost.value))));
}

std::string positions_json(const std::vector<position_view>& all,
                           const actors::directory& markets) {
  return list_json(all, [&](const position_view& one) { return position_json(one, markets); });
}

std::string fee_tiers_json(const std::vector<fee_tier>& tiers) {
  return list_json(tiers, [](const fee_tier& one) {
    return fmt::format(R"({{"volume_min":"{}","maker_fee":"{}","taker_fee":"{}"}})",
                       format_amount(one.volume_min), format_rate(one.rates.maker),
                       format_rate(one.rates.taker));
  });
}

std::string fees_json(amount_units volume, const instrument& spec) {
  const auto tier = tier_of(spec.fee_tiers, volume.value);
  const auto rates = rates_for({spec.maker_fee, spec.taker_fee}, spec.fee_tiers, volume.value);
  const bool has_next = tier < spec.fee_tiers.size();
  const auto next = has_next ? fee_tiers_json({spec.fee_tiers[tier]}) : "[null]";
  return fmt::format(
    R"({{"symbol":"{}","quote":"{}","volume_30d":"{}","tier":{},"maker_fee":"{}","taker_fee":"{}",)"
    R"("next_tier":{}}})",
    spec.symbol, spec.quote, format_amount(volume), tier, format_rate(rates.maker),
    format_rate(rates.taker), next.substr(1, next.size() - 2));
}

std::string statement_json(account_id account, timestamp_ns from, timestamp_ns to,
                           const std::vector<storage::statement_row>& rows) {
  return fmt::format(
    R"({{"account_id":{},"from":"{}","to":"{}","assets":{}}})", account.value, format_time(from),
    format_time(to), list_json(rows, [](const storage::statement_row& row) {
      return fmt::format(
        R"({{"asset":"{}","opening":"{}","deposits":"{}","withdrawals":"{}","bought":"{}",)"
        R"("sold":"{}","fees":"{}","rebates":"{}","closing":"{}"}})",
        row.asset, format_amount(row.opening), format_amount(row.deposits),
        format_amount(row.withdrawals), format_amount(row.bought), format_amount(row.sold),
        format_amount(row.fees), format_amount(row.rebates), format_amount(row.closing));
    }));
}

std::optional<rate_ppm> take_rate(json_object& body, std::string_view name) {
  auto text = body.maybe_text(name, 40);
  if (!text) return {};
  const bool is_negative = text->starts_with('-');
  if (is_negative) text->remove_prefix(1);
  const auto units = parse_decimal8(*text);
  if (!units || *units % 100 != 0 || *units > units_per_whole) {
    body.refuse(name, "must be a rate from -1 to 1 in a string with at most 6 decimals");
    return {};
  }
  return rate_ppm{is_negative ? -*units / 100 : *units / 100};
}

std::optional<std::vector<fee_tier>> take_fee_tiers(json_object& body) {
  std::vector<fee_tier> tiers;
  const bool is_there = body.take_objects("fee_tiers", fee_tiers_max, [&](json_object& one) {
    auto& tier = tiers.emplace_back();
    for (const auto* field : {"volume_min", "maker_fee", "taker_fee"}) (void)one.text(field, 40);
    tier.volume_min = take_amount(one, "volume_min").value_or(amount_units{});
    tier.rates.maker = take_rate(one, "maker_fee").value_or(rate_ppm{});
    tier.rates.taker = take_rate(one, "taker_fee").value_or(rate_ppm{});
  });
  return is_there ? std::optional{std::move(tiers)} : std::nullopt;
}

} // namespace rialto::net

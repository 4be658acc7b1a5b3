// What only an administrator may: move money in and out, list and change instruments.
#include "net/api/handlers.hpp"
#include "net/api/money_json.hpp"
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace rialto::net {

namespace {

bool is_reference(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) >= 0x20 && c != 0x7f; });
}

void transfer_of(desk& at, const call_ptr& from, json_object& body, transfer_kind kind) {
  query_reader query(from);
  const account_id account{query.path_number(0, "account_id", request_error::account_not_found)};
  if (!query.ok()) return;
  transfer command;
  command.kind = kind;
  command.asset = body.text("asset", 10);
  (void)body.text("amount", 40);
  command.amount = take_amount(body, "amount").value_or(amount_units{});
  command.reference = body.text("reference", 64);
  if (!is_reference(command.reference))
    body.refuse("reference", "must not contain control characters");
  const bool is_asset = std::all_of(command.asset.begin(), command.asset.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
  if (!is_asset) body.refuse("asset", "must be 1 to 10 characters A-Z and 0-9");
  if (!body.done()) return from->fail(body.why());
  at.ask(from, account, at.to_account(std::move(command)), [from](outcome& result) {
    const auto* view = std::get_if<transfer_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(201, transfer_json(*view));
  });
}

std::optional<quantity_lots> take_lots(json_object& body, std::string_view name,
                                       amount_units lot_size) {
  const auto amount = take_amount(body, name);
  if (!amount || lot_size.value <= 0) return {};
  if (amount->value % lot_size.value != 0) body.refuse(name, "must be a multiple of lot_size");
  return quantity_lots{amount->value / lot_size.value};
}

std::optional<std::int64_t> take_seconds(json_object& body, std::string_view name) {
  return body.maybe_integer(name, 1, instrument::span_seconds_max);
}

/// A decimal of 0 or more; 0 turns a filter off.
std::optional<std::int64_t> take_units(json_object& body, std::string_view name) {
  const auto text = body.maybe_text(name, 40);
  if (!text) return {};
  const auto units = parse_decimal8(*text);
  if (!units)
    body.refuse(name, "must be a decimal of 0 or more in a string with at most 8 decimals");
  return units;
}

std::optional<std::int64_t> take_steps(json_object& body, std::string_view name, amount_units step,
                                       std::string_view step_name) {
  const auto units = take_units(body, name);
  if (!units || step.value <= 0) return {};
  if (*units % step.value != 0)
    body.refuse(name, fmt::format("must be a multiple of {}", step_name));
  return *units / step.value;
}

std::optional<rate_ppm> take_multiplier(json_object& body, std::string_view name) {
  constexpr std::int64_t units_per_ppm = 100;
  const auto units = take_units(body, name);
  if (!units) return {};
  if (*units % units_per_ppm != 0) body.refuse(name, "must have at most 6 decimals");
  return rate_ppm{*units / units_per_ppm};
}

std::optional<std::uint32_t> take_count(json_object& body, std::string_view name) {
  const auto count = body.maybe_integer(name, 0, 10'000'000);
  if (!count) return {};
  return static_cast<std::uint32_t>(*count);
}

/// The filters that a body changes; what is empty stays.
struct filter_change {
  std::optional<std::int64_t> price_min, price_max, market_quantity_max;
  std::optional<rate_ppm> bid_up, bid_down, ask_up, ask_down, trail_min, trail_max;
  std::optional<std::uint32_t> orders_max, algo_orders_max, iceberg_parts_max;

  void apply_to(order_filters& filters) const {
    filters.price_min = {price_min.value_or(filters.price_min.value)};
    filters.price_max = {price_max.value_or(filters.price_max.value)};
    filters.market_quantity_max = {market_quantity_max.value_or(filters.market_quantity_max.value)};
    filters.bid_up = bid_up.value_or(filters.bid_up);
    filters.bid_down = bid_down.value_or(filters.bid_down);
    filters.ask_up = ask_up.value_or(filters.ask_up);
    filters.ask_down = ask_down.value_or(filters.ask_down);
    filters.trail_min = trail_min.value_or(filters.trail_min);
    filters.trail_max = trail_max.value_or(filters.trail_max);
    filters.orders_max = orders_max.value_or(filters.orders_max);
    filters.algo_orders_max = algo_orders_max.value_or(filters.algo_orders_max);
    filters.iceberg_parts_max = iceberg_parts_max.value_or(filters.iceberg_parts_max);
  }
};

filter_change take_filters(json_object& body, amount_units tick_size, amount_units lot_size) {
  filter_change change;
  change.price_min = take_steps(body, "price_min", tick_size, "tick_size");
  change.price_max = take_steps(body, "price_max", tick_size, "tick_size");
  change.market_quantity_max = take_steps(body, "market_quantity_max", lot_size, "lot_size");
  change.bid_up = take_multiplier(body, "bid_up");
  change.bid_down = take_multiplier(body, "bid_down");
  change.ask_up = take_multiplier(body, "ask_up");
  change.ask_down = take_multiplier(body, "ask_down");
  change.orders_max = take_count(body, "orders_max");
  change.algo_orders_max = take_count(body, "algo_orders_max");
  change.iceberg_parts_max = take_count(body, "iceberg_parts_max");
  change.trail_min = take_multiplier(body, "trail_min");
  change.trail_max = take_multiplier(body, "trail_max");
  return change;
}

/// What may change after listing; what is empty stays.
struct instrument_change {
  std::optional<amount_units> notional_min;
  std::optional<quantity_lots> quantity_min, quantity_max;
  std::optional<rate_ppm> maker_fee, taker_fee, collar, band, halt_move;
  std::optional<std::vector<fee_tier>> fee_tiers;
  std::optional<std::int64_t> halt_window_seconds, halt_seconds;
  std::int64_t auction_seconds = 0; // of the auction that status asks for; 0: halt_seconds
  std::optional<market_status> status;
  std::optional<market_mode> mode;
  filter_change filters;

  void apply_to(instrument& spec) const {
    spec.notional_min = notional_min.value_or(spec.notional_min);
    spec.quantity_min = quantity_min.value_or(spec.quantity_min);
    spec.quantity_max = quantity_max.value_or(spec.quantity_max);
    spec.maker_fee = maker_fee.value_or(spec.maker_fee);
    spec.taker_fee = taker_fee.value_or(spec.taker_fee);
    if (fee_tiers) spec.fee_tiers = *fee_tiers;
    spec.collar = collar.value_or(spec.collar);
    spec.band = band.value_or(spec.band);
    spec.halt_move = halt_move.value_or(spec.halt_move);
    spec.halt_window_seconds = halt_window_seconds.value_or(spec.halt_window_seconds);
    spec.halt_seconds = halt_seconds.value_or(spec.halt_seconds);
    spec.status = status.value_or(spec.status);
    spec.mode = mode.value_or(spec.mode);
    filters.apply_to(spec.filters);
  }
};

instrument_change take_change(json_object& body, amount_units tick_size, amount_units lot_size) {
  instrument_change change;
  change.filters = take_filters(body, tick_size, lot_size);
  change.notional_min = take_amount(body, "notional_min");
  change.quantity_min = take_lots(body, "quantity_min", lot_size);
  change.quantity_max = take_lots(body, "quantity_max", lot_size);
  change.maker_fee = take_rate(body, "maker_fee");
  change.taker_fee = take_rate(body, "taker_fee");
  change.fee_tiers = take_fee_tiers(body);
  change.collar = take_rate(body, "collar");
  change.band = take_rate(body, "band");
  change.halt_move = take_rate(body, "halt_move");
  change.halt_window_seconds = take_seconds(body, "halt_window_seconds");
  change.halt_seconds = take_seconds(body, "halt_seconds");
  const auto auction_seconds = take_seconds(body, "auction_seconds");
  change.auction_seconds = auction_seconds.value_or(0);
  if (const auto text = body.maybe_text("status")) {
    change.status = parse_market_status(*text);
    if (!change.status)
      body.refuse("status", "must be one of open, post_only, cancel_only, halted, auction");
  }
  if (auction_seconds && change.status != market_status::auction)
    body.refuse("auction_seconds", "goes with the status auction only");
  if (const auto text = body.maybe_text("mode")) {
    change.mode = parse_market_mode(*text);
    if (!change.mode) body.refuse("mode", "must be one of own, mirrored");
  }
  return change;
}

/// The domain's words are "field: rule".
void check_instrument(json_object& body, const instrument& spec) {
  if (!body.ok()) return;
  const auto fault = check(spec);
  if (fault.empty()) return;
  body.fail({reject_reason::instrument_invalid, fault, fault.substr(0, fault.find(':'))});
}

void answer_instrument(const call_ptr& from, outcome& result, const instrument& spec, int status) {
  const auto* view = std::get_if<market_view>(&result);
  from->done(status, instrument_json({view == nullptr ? spec : view->spec, {}, false}));
}

/// Answers once the directory, which follows the journal, has the instrument, so that who listed it can use it at
/// once; after so many looks, about 100 ms apart, in any case.
void answer_when_listed(desk& at, const call_ptr& from, const std::shared_ptr<outcome>& result,
                        const instrument& spec, int looks = 20) {
  if (looks == 0 || at.gate().markets()->find(spec.symbol) != nullptr)
    return answer_instrument(from, *result, spec, 201);
  at.later(1'000'000, [&at, from, result, spec, looks] {
    answer_when_listed(at, from, result, spec, looks - 1);
  });
}

} // namespace

void post_deposits(desk& at, const call_ptr& from, json_object& body) {
  transfer_of(at, from, body, transfer_kind::deposit);
}

void post_withdrawals(desk& at, const call_ptr& from, json_object& body) {
  transfer_of(at, from, body, transfer_kind::withdrawal);
}

void post_instruments(desk& at, const call_ptr& from, json_object& body) {
  instrument spec;
  spec.symbol = body.text("symbol", 20);
  spec.base = body.text("base", 10);
  spec.quote = body.text("quote", 10);
  (void)body.text("tick_size", 40);
  spec.tick_size = take_amount(body, "tick_size").value_or(amount_units{});
  (void)body.text("lot_size", 40);
  spec.lot_size = take_amount(body, "lot_size").value_or(amount_units{});
  if (spec.lot_size.value > 0) // as large as an amount may be
    spec.quantity_max = {std::min(spec.quantity_max.value, INT64_MAX / spec.lot_size.value)};
  const auto change = take_change(body, spec.tick_size, spec.lot_size);
  change.apply_to(spec);
  if (body.done()) check_instrument(body, spec);
  if (!body.ok()) return from->fail(body.why());
  const failure taken{reject_reason::already_exists, "symbol is listed already", "symbol"};
  if (at.gate().markets()->find(spec.symbol) != nullptr) return from->fail(taken);
  auto& gate = at.gate();
  at.read<market_id>( // drawing a number may wait for the disk
    from, [&gate](storage::read_models&) { return market_id{gate.next_id("market")}; },
    [&at, from, spec, taken, seconds = change.auction_seconds](market_id made) mutable {
      spec.market = made;
      at.ask(made, market_command{list_instrument{spec, seconds}},
             [&at, from, spec, taken](actors::answer& came) {
               if (came.how == actors::delivery::claim_taken) return from->fail(taken);
               if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
               if (const auto* no = std::get_if<rejection>(&came.result))
                 return from->fail(failure_of(*no));
               answer_when_listed(at, from, std::make_shared<outcome>(std::move(came.result)),
                                  spec);
             },
             {{"symbol:" + spec.symbol, made}});
    });
}

void patch_instrument(desk& at, const call_ptr& from, json_object& body) {
  const auto markets = at.gate().markets();
  const auto* entry = markets->find(from->path_values.at(0));
  if (entry == nullptr) return from->fail({request_error::symbol_not_found, {}, "symbol"});
  // Checked against the directory; laid onto what the market says, because an earlier change may not
  // be in the directory yet.
  const auto change = take_change(body, entry->spec.tick_size, entry->spec.lot_size);
  auto wanted = entry->spec;
  change.apply_to(wanted);
  if (body.done()) check_instrument(body, wanted);
  if (!body.ok()) return from->fail(body.why());
  const auto market = wanted.market;
  at.ask(from, market, market_command{get_market{}}, [&at, from, market, change](outcome& result) {
    const auto* view = std::get_if<market_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    auto spec = view->spec;
    change.apply_to(spec);
    at.ask(from, market, market_command{change_instrument{spec, change.auction_seconds}},
           [from, spec](outcome& changed) { answer_instrument(from, changed, spec, 200); });
  });
}

} // namespace rialto::net

// The account: balances, what it pays, how many orders it may still place.
#include "domain/fee_schedule.hpp"
#include "net/binance/trading.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ppm_per_bps = 100;

/// What the account pays in a market, by what it traded in 30 days.
fee_rates rates_in(const instrument& spec, const volumes_view& volumes) {
  const fee_rates below{spec.maker_fee, spec.taker_fee};
  if (spec.fee_tiers.empty()) return below;
  const auto traded = volumes.volumes.find(spec.quote);
  return rates_for(below, spec.fee_tiers,
                   traded == volumes.volumes.end() ? 0 : traded->second.value);
}

void add_rates(std::string& out, const fee_rates& rates) {
  add(out, R"({"maker":")", decimal(rates.maker), R"(","taker":")", decimal(rates.taker),
      R"(","buyer":"0.00000000","seller":"0.00000000"})");
}

/// Asks what was traded, and goes on with it.
void with_volumes(desk& at, const request_ptr& from,
                  std::function<void(const volumes_view& volumes)> then) {
  at.ask(from, from->account, at.to_account(get_volumes{}),
         [from, then = std::move(then)](outcome& result) {
           const auto* view = std::get_if<volumes_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           then(*view);
         });
}

void answer_account(desk& at, const request_ptr& from, const balances_view& view, bool omits_zero) {
  // One rate for the whole account: the highest of any market, so that nobody reckons with too little.
  fee_rates most{};
  const auto markets = at.gate().markets();
  for (const auto& [symbol, entry] : markets->by_symbol) {
    most.maker = std::max(most.maker, entry.spec.maker_fee);
    most.taker = std::max(most.taker, entry.spec.taker_fee);
  }
  std::string out;
  add(out, R"({"makerCommission":)", most.maker.value / ppm_per_bps, R"(,"takerCommission":)",
      most.taker.value / ppm_per_bps, R"(,"buyerCommission":0,"sellerCommission":0,)",
      R"("commissionRates":)");
  add_rates(out, most);
  const auto& scopes = from->key->scopes;
  add(out, R"(,"canTrade":)", bool_text(scopes.trade), R"(,"canWithdraw":)",
      bool_text(scopes.withdraw), R"(,"canDeposit":true,"brokered":false,)",
      R"("requireSelfTradePrevention":false,"preventSor":false,"updateTime":)");
  add(out, from->time(at.now()), R"(,"accountType":"SPOT","balances":[)");
  for (const auto& one : view.balances) {
    if (omits_zero && one.available.value == 0 && one.hold.value == 0) continue;
    if (out.back() != '[') out += ',';
    add(out, R"({"asset":")", one.asset, R"(","free":")", decimal(one.available), R"(","locked":")",
        decimal(one.hold), R"("})");
  }
  add(out, R"(],"permissions":["SPOT"],"uid":)", from->key->user.value, "}");
  from->done(200, std::move(out));
}

} // namespace

void get_account(desk& at, const request_ptr& from) {
  const bool omits_zero = from->params.maybe_flag("omitZeroBalances").value_or(false);
  if (!from->params.done()) return from->fail(from->params.why());
  at.ask(from, from->account, at.to_account(get_balances{}),
         [&at, from, omits_zero](outcome& result) {
           const auto* view = std::get_if<balances_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           answer_account(at, from, *view, omits_zero);
         });
}

void get_commission(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  const auto* entry = take_symbol(from->params, *markets);
  if (!from->params.done()) return from->fail(from->params.why());
  with_volumes(at, from, [from, spec = entry->spec](const volumes_view& volumes) {
    std::string out;
    add(out, R"({"symbol":")", spec.symbol, R"(","standardCommission":)");
    add_rates(out, rates_in(spec, volumes));
    out += R"(,"specialCommission":)";
    add_rates(out, {});
    out += R"(,"taxCommission":)";
    add_rates(out, {});
    add(out, R"(,"discount":{"enabledForAccount":false,"enabledForSymbol":false,)",
        R"("discountAsset":"","discount":"0.00000000"}})");
    from->done(200, std::move(out));
  });
}

void get_trade_fees(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  bool is_one = false;
  const auto symbols = take_symbols(from->params, *markets, is_one);
  if (!from->params.done()) return from->fail(from->params.why());
  with_volumes(at, from, [from, markets, symbols](const volumes_view& volumes) {
    std::string out;
    add_list(out, symbols, [&](const std::string& symbol) {
      const auto rates = rates_in(markets->find(symbol)->spec, volumes);
      add(out, R"({"symbol":")", symbol, R"(","makerCommission":")", decimal(rates.maker),
          R"(","takerCommission":")", decimal(rates.taker), R"("})");
    });
    from->done(200, std::move(out));
  });
}

void get_order_rate_limits(desk& at, const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  at.ask(from, from->account, at.to_account(get_order_counts{}), [&at, from](outcome& result) {
    const auto* view = std::get_if<order_counts_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    const auto& limits = at.settings().account;
    std::string out;
    add(out, R"([{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":)",
        limits.orders_per_10s_max, R"(,"count":)", view->counts.in_10s);
    add(out, R"(},{"rateLimitType":"ORDERS","interval":"DAY","intervalNum":1,"limit":)",
        limits.orders_per_day_max, R"(,"count":)", view->counts.in_day, "}]");
    from->counts = view->counts;
    from->done(200, std::move(out));
  });
}

void get_system_status(desk& at, const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  std::string why;
  from->done(200, at.gate().is_ready(why) ? R"({"status":0,"msg":"normal"})"
                                          : R"({"status":1,"msg":"system_maintenance"})");
}

void get_empty_list(desk&, const request_ptr& from) {
  for (const auto& one : from->params.all()) from->params.pass_over(one.name);
  if (!from->params.done()) return from->fail(from->params.why());
  from->done(200, "[]");
}

} // namespace rialto::net::binance

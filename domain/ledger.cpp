#include "domain/ledger.hpp"

#include "domain/account_balances.hpp"

namespace rialto {

namespace {

/// Collects the legs of one event.
struct legs {
  std::vector<posting> all;

  void add(const ledger_account& to, const std::string& asset, std::int64_t amount) {
    if (amount != 0) all.push_back({to, asset, {amount}});
  }
  void move(const ledger_account& from, const ledger_account& to, const std::string& asset,
            amount_units amount) {
    add(from, asset, -amount.value);
    add(to, asset, amount.value);
  }
};

struct account_legs {
  ledger_account available, hold;
  legs out;

  explicit account_legs(account_id account)
      : available{ledger_kind::available, account.value}, hold{ledger_kind::hold, account.value} {}

  void operator()(const account_opened&) {}
  void operator()(const account_configured&) {}
  void operator()(const trigger_noted&) {}
  void operator()(const guard_armed&) {}
  void operator()(const guard_disarmed&) {}
  void operator()(const guard_fired&) {}
  void operator()(const cancels_asked&) {}
  void operator()(const order_placed& one) {
    out.move(available, hold, one.order.way == side::buy ? one.quote : one.base, one.hold);
  }
  void operator()(const sliced_order_placed& one) {
    out.move(available, hold, one.order.way == side::buy ? one.quote : one.base, one.hold);
  }
  void operator()(const slice_placed&) {} // what it holds was its parent's
  void operator()(const slice_passed&) {}
  void operator()(const request_executed&) {}
  void operator()(const list_placed& one) {
    out.move(available, hold, one.orders[0].way == side::buy ? one.quote : one.base, one.hold);
  }
  void operator()(const exits_settled& one) { out.move(hold, available, one.asset, one.released); }
  void operator()(const amend_requested& one) {
    out.move(available, hold, one.asset, one.extra_hold);
  }
  void operator()(const cancel_requested&) {}
  void operator()(const fill_settled& one) {
    const ledger_account clearing{ledger_kind::clearing, one.market.value};
    const bool buys = one.way == side::buy;
    const auto& paid_asset = buys ? one.quote_asset : one.base_asset;
    const auto& received_asset = buys ? one.base_asset : one.quote_asset;
    const auto received = buys ? one.base : one.fill.notional;
    out.all.reserve(8);
    out.move(hold, clearing, paid_asset, buys ? one.fill.notional : one.base);
    out.add(clearing, received_asset, -received.value);
    out.add(available, received_asset, received.value - one.fill.fee.value);
    out.add({ledger_kind::fees, 0}, received_asset, one.fill.fee.value);
    out.move(hold, available, paid_asset, one.released);
    out.move(available, hold, received_asset, one.kept);
  }
  void operator()(const order_done& one) { out.move(hold, available, one.asset, one.released); }
  void operator()(const order_cut& one) { out.move(hold, available, one.asset, one.released); }
  void operator()(const amend_settled& one) { out.move(hold, available, one.asset, one.released); }
  void operator()(const transferred& one) {
    const ledger_account external{ledger_kind::external, 0};
    if (one.kind == transfer_kind::deposit)
      out.move(external, available, one.asset, one.amount);
    else
      out.move(available, external, one.asset, one.amount);
  }
};

constexpr bool may_be_negative(ledger_kind kind) {
  return kind != ledger_kind::available && kind != ledger_kind::hold;
}

} // namespace

std::string to_string(const ledger_account& one) {
  const auto number = std::to_string(one.number);
  switch (one.kind) {
  case ledger_kind::available: return "account/" + number + "/available";
  case ledger_kind::hold: return "account/" + number + "/hold";
  case ledger_kind::clearing: return "clearing/" + number;
  case ledger_kind::fees: return "fees";
  case ledger_kind::house: return "house";
  case ledger_kind::external: return "external";
  }
  return "unknown";
}

std::vector<posting> postings_of(const account_event& happened, account_id account) {
  account_legs visitor(account);
  std::visit(visitor, happened);
  return std::move(visitor.out.all);
}

std::vector<posting> postings_of(const market_event& happened, market_id market,
                                 const std::string& base, const std::string& quote) {
  const auto* trade = std::get_if<trade_executed>(&happened);
  if (trade == nullptr || (trade->taker && trade->maker)) return {};
  const ledger_account clearing{ledger_kind::clearing, market.value}, house{ledger_kind::house, 0};
  const bool user_buys =
    (trade->taker ? trade->taker_side : opposite(trade->taker_side)) == side::buy;
  legs out;
  // The user's account paid clearing and was paid from it: the house is the other side.
  out.move(user_buys ? clearing : house, user_buys ? house : clearing, quote, trade->notional);
  out.move(user_buys ? house : clearing, user_buys ? clearing : house, base, trade->base);
  return std::move(out.all);
}

void ledger::post(const posting& one) {
  sums_[{one.to, one.asset}] += one.amount.value;
}

std::string ledger::check() const {
  std::map<std::string, __int128> totals;
  for (const auto& [key, sum] : sums_) {
    const auto& [account, asset] = key;
    totals[asset] += sum;
    if (sum < 0 && !may_be_negative(account.kind))
      return to_string(account) + " has " + format_amount(capped(sum)) + " " + asset +
             ": it must not be negative";
  }
  for (const auto& [asset, total] : totals)
    if (total != 0)
      return "all accounts together have " + format_amount(capped(total)) + " " + asset +
             ": the sum must be zero";
  return {};
}

std::string ledger::check_drained() const {
  for (const auto& [key, sum] : sums_)
    if (key.first.kind == ledger_kind::clearing && sum != 0)
      return to_string(key.first) + " has " + format_amount(capped(sum)) + " " + key.second +
             ": with all links drained it must be zero";
  return {};
}

amount_units ledger::balance_of(const ledger_account& account, const std::string& asset) const {
  const auto at = sums_.find({account, asset});
  return at == sums_.end() ? amount_units{} : capped(at->second);
}

std::vector<ledger::balance> ledger::balances() const {
  std::vector<balance> all;
  all.reserve(sums_.size());
  for (const auto& [key, sum] : sums_) all.push_back({key.first, key.second, capped(sum)});
  return all;
}

} // namespace rialto

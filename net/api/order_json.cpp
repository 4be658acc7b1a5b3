#include "net/api/order_json.hpp"

#include "domain/time_text.hpp"
#include "net/json.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

auto into(std::string& out) {
  return std::back_inserter(out);
}

/// Appends `items` as an array, each written by `put_one`.
template <class Items, class Put>
void put_list(std::string& out, const Items& items, Put put_one) {
  out += '[';
  bool is_first = true;
  for (const auto& item : items) {
    if (!is_first) out += ',';
    is_first = false;
    put_one(item);
  }
  out += ']';
}

void put_or_null(std::string& out, std::string_view name, bool is_there, const std::string& text) {
  if (is_there)
    fmt::format_to(into(out), R"(,"{}":"{}")", name, text);
  else
    fmt::format_to(into(out), R"(,"{}":null)", name);
}

} // namespace

void put_fill(std::string& out, const fill_view& fill, std::string_view fee_asset,
              const instrument& spec) {
  fmt::format_to(into(out), R"({{"trade_id":{},"price":"{}","quantity":"{}","notional":"{}",)",
                 fill.trade.value, format_price(fill.price, spec), format_quantity(fill.size, spec),
                 format_amount(fill.notional));
  fmt::format_to(into(out), R"("fee":"{}","fee_asset":"{}","is_maker":{},"time":"{}"}})",
                 format_amount(fill.fee), fee_asset, fill.is_maker, format_time(fill.at));
}

void put_order(std::string& out, const order_view& order, const actors::directory& markets) {
  const auto* entry = markets.find(order.market);
  fmt::format_to(into(out), R"({{"order_id":{},"client_order_id":)", order.id.value);
  if (order.client_order_id.empty())
    out += "null";
  else
    put_json_text(out, order.client_order_id);
  fmt::format_to(into(out),
                 R"(,"symbol":{},"side":"{}","type":"{}","time_in_force":"{}","status":"{}")",
                 entry == nullptr ? "null" : '"' + entry->spec.symbol + '"', to_text(order.way),
                 to_text(order.type), to_text(order.tif), to_text(order.status));
  const bool has_price = entry != nullptr && order.price.value != 0;
  put_or_null(out, "price", has_price,
              has_price ? format_price(order.price, entry->spec) : std::string{});
  const bool has_size = entry != nullptr && order.size.value != 0;
  put_or_null(out, "quantity", has_size,
              has_size ? format_quantity(order.size, entry->spec) : std::string{});
  put_or_null(out, "executed_quantity", entry != nullptr,
              entry != nullptr ? format_quantity(order.executed, entry->spec) : std::string{});
  fmt::format_to(into(out), R"(,"executed_quote":"{}","created_at":"{}","updated_at":"{}",)",
                 format_amount(order.executed_quote), format_time(order.created_at),
                 format_time(order.updated_at));
  out += R"("fills":)";
  if (entry == nullptr) {
    out += "[]}";
    return;
  }
  const auto& fee_asset = order.way == side::buy ? entry->spec.base : entry->spec.quote;
  put_list(out, order.fills,
           [&](const fill_view& fill) { put_fill(out, fill, fee_asset, entry->spec); });
  out += '}';
}

std::string order_json(const order_view& order, const actors::directory& markets) {
  std::string out;
  out.reserve(512);
  put_order(out, order, markets);
  return out;
}

std::string orders_json(const std::vector<order_view>& orders, const actors::directory& markets) {
  std::string out;
  put_list(out, orders, [&](const order_view& order) { put_order(out, order, markets); });
  return out;
}

std::string execution_json(const storage::execution_row& row, const actors::directory& markets) {
  const auto* entry = markets.find(row.market);
  const instrument unlisted{};
  const auto& spec = entry == nullptr ? unlisted : entry->spec;
  auto out = fmt::format(R"({{"number":{},"order_id":{},"symbol":"{}","side":"{}",)", row.number,
                         row.order.value, spec.symbol, to_text(row.way));
  std::string fill;
  put_fill(fill, row.fill, row.fee_asset, spec);
  return out.append(fill, 1); // both are members of one object
}

std::string ledger_json(const storage::ledger_row& row) {
  auto out = fmt::format(R"({{"number":{},"account":)", row.number);
  put_json_text(out, row.account ? to_string(entity_id(row.account)) : row.ledger_account);
  fmt::format_to(into(out), R"(,"asset":"{}","amount":"{}","kind":)", row.asset,
                 format_amount(row.amount));
  put_json_text(out, row.kind);
  out += R"(,"reference":)";
  put_json_text(out, row.reference);
  fmt::format_to(into(out), R"(,"time":"{}"}})", format_time(row.at));
  return out;
}

std::string balances_json(const std::vector<balance_view>& balances) {
  std::string out;
  put_list(out, balances, [&](const balance_view& one) {
    fmt::format_to(into(out), R"({{"asset":"{}","available":"{}","hold":"{}"}})", one.asset,
                   format_amount(one.available), format_amount(one.hold));
  });
  return out;
}

std::string transfer_json(const transfer_view& view) {
  auto out =
    fmt::format(R"({{"account_id":{},"kind":"{}","asset":"{}","amount":"{}","reference":)",
                view.account.value, to_text(view.kind), view.asset, format_amount(view.amount));
  put_json_text(out, view.reference);
  fmt::format_to(into(out), R"(,"available":"{}","time":"{}"}})", format_amount(view.available),
                 format_time(view.at));
  return out;
}

std::string accounts_json(const std::vector<account_ref>& accounts) {
  std::string out;
  put_list(out, accounts, [&](const account_ref& one) {
    fmt::format_to(into(out), R"({{"account_id":{},"label":)", one.account.value);
    put_json_text(out, one.label);
    out += '}';
  });
  return out;
}

std::string user_json(const user_view& user) {
  auto out = fmt::format(R"({{"user_id":{},"email":)", user.id.value);
  put_json_text(out, user.email);
  fmt::format_to(into(out), R"(,"role":"{}","created_at":"{}","accounts":{}}})", to_text(user.role),
                 format_time(user.created_at), accounts_json(user.accounts));
  return out;
}

std::string instrument_json(const actors::market_entry& entry) {
  const auto& spec = entry.spec;
  auto out = fmt::format(R"({{"symbol":"{}","base":"{}","quote":"{}","tick_size":"{}",)",
                         spec.symbol, spec.base, spec.quote, format_amount(spec.tick_size));
  fmt::format_to(
    into(out), R"("lot_size":"{}","notional_min":"{}","quantity_min":"{}","quantity_max":"{}",)",
    format_amount(spec.lot_size), format_amount(spec.notional_min),
    format_quantity(spec.quantity_min, spec), format_quantity(spec.quantity_max, spec));
  fmt::format_to(into(out),
                 R"("maker_fee":"{}","taker_fee":"{}","collar":"{}","status":"{}","mode":"{}",)",
                 format_rate(spec.maker_fee), format_rate(spec.taker_fee), format_rate(spec.collar),
                 to_text(spec.status), to_text(spec.mode));
  fmt::format_to(into(out), R"("stale":{}}})", entry.is_stale);
  return out;
}

} // namespace rialto::net

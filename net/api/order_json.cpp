#include "net/api/order_json.hpp"

#include "domain/time_text.hpp"
#include "net/api/money_json.hpp"
#include "net/json.hpp"
#include "net/problem.hpp"

#include <fmt/format.h>

#include <charconv>

namespace rialto::net {

namespace {

auto into(std::string& out) {
  return std::back_inserter(out);
}

/// Appends texts and whole numbers as they are. For what is written once per order: it takes a third of fmt's time.
template <class... Pieces>
void add(std::string& out, const Pieces&... pieces) {
  const auto add_one = [&out](const auto& piece) {
    if constexpr (std::is_integral_v<std::decay_t<decltype(piece)>>) {
      char digits[24];
      out.append(digits, std::to_chars(digits, digits + sizeof digits, piece).ptr);
    } else {
      out += piece;
    }
  };
  (add_one(pieces), ...);
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
    add(out, ",\"", name, "\":\"", text, "\"");
  else
    add(out, ",\"", name, "\":null");
}

} // namespace

void put_fill(std::string& out, const fill_view& fill, std::string_view fee_asset,
              const instrument& spec) {
  add(out, R"({"trade_id":)", fill.trade.value, R"(,"price":")", format_price(fill.price, spec));
  add(out, R"(","quantity":")", format_quantity(fill.size, spec));
  add(out, R"(","notional":")", format_amount(fill.notional));
  add(out, R"(","fee":")", format_amount(fill.fee), R"(","fee_asset":")", fee_asset);
  add(out, R"(","is_maker":)", fill.is_maker ? "true" : "false");
  add(out, R"(,"time":")", format_time(fill.at), R"("})");
}

/// What it waits for, or waited for.
void put_trigger(std::string& out, const order_view& order, const instrument* spec) {
  if (!order.rules || order.rules->trigger.kind == trigger_kind::none) {
    out += R"(,"trigger":null)";
    return;
  }
  const auto& trigger = order.rules->trigger;
  add(out, R"(,"trigger":")", to_text(trigger.kind), "\"");
  const auto put_price = [&](std::string_view name, price_ticks price) {
    const bool is_there = spec != nullptr && price.value != 0;
    put_or_null(out, name, is_there, is_there ? format_price(price, *spec) : std::string{});
  };
  put_price("trigger_price", trigger.price);
  put_price("trail_amount", trigger.trail);
  if (trigger.trail_rate.value != 0)
    add(out, R"(,"trail_bps":)", trigger.trail_rate.value / 100);
  else
    out += R"(,"trail_bps":null)";
  add(out, R"(,"triggered":)", order.is_triggered ? "true" : "false");
}

/// What its price follows, within the limit that is its price.
void put_peg(std::string& out, const order_view& order, const instrument* spec) {
  const auto peg = order.rules.value_or(order_rules{}).peg;
  const bool is_there = peg.kind != peg_kind::none;
  put_or_null(out, "peg", is_there, std::string(to_text(peg.kind)));
  put_or_null(out, "peg_offset", is_there && spec != nullptr,
              is_there && spec != nullptr ? format_price(peg.offset, *spec) : std::string{});
}

/// How it goes in slices, and of which order it is one.
void put_slicing(std::string& out, const order_view& order) {
  if (order.parent)
    add(out, R"(,"parent_id":)", order.parent.value);
  else
    out += R"(,"parent_id":null)";
  if (!order.slicing) {
    out += R"(,"slicing":null)";
    return;
  }
  const auto& how = *order.slicing;
  add(out, R"(,"slicing":")", to_text(how.kind), R"(","weights":")",
      how.is_by_volume ? "volume" : "equal");
  add(out, R"(","start_at":")", format_time(how.start_at), R"(","end_at":")",
      format_time(how.end_at));
  add(out, R"(","slices":)", how.slices, R"(,"slices_sent":)", how.sent);
  const bool goes_on = how.next_at.value != 0 && !is_final(order.status);
  put_or_null(out, "next_slice_at", goes_on, goes_on ? format_time(how.next_at) : std::string{});
}

/// Why it ended, and what few orders ask for.
void put_rules(std::string& out, const order_view& order, const instrument* spec) {
  const auto why = problem_of(order.reason).code;
  put_or_null(out, "reason", order.reason != reject_reason::none, std::string(why));
  add(out, R"(,"self_trade_prevention":")", to_text(order.stp), "\"");
  const auto put_size = [&](std::string_view name, quantity_lots size, bool is_there) {
    put_or_null(out, name, is_there && spec != nullptr,
                is_there && spec != nullptr ? format_quantity(size, *spec) : std::string{});
  };
  put_size("prevented_quantity", order.prevented, true);
  const auto rules = order.rules.value_or(order_rules{});
  put_size("display_quantity", rules.display, rules.display.value != 0);
  put_size("min_quantity", rules.size_min, rules.size_min.value != 0);
  const bool expires = rules.expires_at.value != 0;
  put_or_null(out, "expires_at", expires, expires ? format_time(rules.expires_at) : std::string{});
  put_trigger(out, order, spec);
  put_peg(out, order, spec);
  if (order.list)
    add(out, R"(,"list_id":)", order.list.value, R"(,"pending":)",
        order.is_pending ? "true" : "false");
  else
    out += R"(,"list_id":null)";
  put_slicing(out, order);
}

void put_order(std::string& out, const order_view& order, const actors::directory& markets) {
  const auto* entry = markets.find(order.market);
  add(out, R"({"order_id":)", order.id.value, R"(,"client_order_id":)");
  if (order.client_order_id.empty())
    out += "null";
  else
    put_json_text(out, order.client_order_id);
  if (entry == nullptr)
    out += R"(,"symbol":null)";
  else
    add(out, R"(,"symbol":")", entry->spec.symbol, "\"");
  add(out, R"(,"side":")", to_text(order.way), R"(","type":")", to_text(order.type));
  add(out, R"(","time_in_force":")", to_text(order.tif), R"(","status":")", to_text(order.status),
      "\"");
  const bool has_price = entry != nullptr && order.price.value != 0;
  put_or_null(out, "price", has_price,
              has_price ? format_price(order.price, entry->spec) : std::string{});
  const bool has_size = entry != nullptr && order.size.value != 0;
  put_or_null(out, "quantity", has_size,
              has_size ? format_quantity(order.size, entry->spec) : std::string{});
  put_or_null(out, "executed_quantity", entry != nullptr,
              entry != nullptr ? format_quantity(order.executed, entry->spec) : std::string{});
  put_rules(out, order, entry == nullptr ? nullptr : &entry->spec);
  const auto created = format_time(order.created_at);
  add(out, R"(,"executed_quote":")", format_amount(order.executed_quote));
  add(out, R"(","created_at":")", created, R"(","updated_at":")");
  add(out, order.updated_at == order.created_at ? created : format_time(order.updated_at));
  out += R"(","fills":)";
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
                 R"("maker_fee":"{}","taker_fee":"{}","fee_tiers":{},"collar":"{}",)"
                 R"("status":"{}","mode":"{}",)",
                 format_rate(spec.maker_fee), format_rate(spec.taker_fee),
                 fee_tiers_json(spec.fee_tiers), format_rate(spec.collar), to_text(spec.status),
                 to_text(spec.mode));
  fmt::format_to(into(out),
                 R"("band":"{}","halt_move":"{}","halt_window_seconds":{},"halt_seconds":{},)",
                 format_rate(spec.band), format_rate(spec.halt_move), spec.halt_window_seconds,
                 spec.halt_seconds);
  const auto& filters = spec.filters;
  fmt::format_to(into(out), R"("price_min":"{}","price_max":"{}","market_quantity_max":"{}",)",
                 format_price(filters.price_min, spec), format_price(filters.price_max, spec),
                 format_quantity(filters.market_quantity_max, spec));
  fmt::format_to(into(out), R"("bid_up":"{}","bid_down":"{}","ask_up":"{}","ask_down":"{}",)",
                 format_rate(filters.bid_up), format_rate(filters.bid_down),
                 format_rate(filters.ask_up), format_rate(filters.ask_down));
  fmt::format_to(into(out), R"("orders_max":{},"algo_orders_max":{},"iceberg_parts_max":{},)",
                 filters.orders_max, filters.algo_orders_max, filters.iceberg_parts_max);
  fmt::format_to(into(out), R"("trail_min":"{}","trail_max":"{}","stale":{}}})",
                 format_rate(filters.trail_min), format_rate(filters.trail_max), entry.is_stale);
  return out;
}

} // namespace rialto::net

#include "net/binance/order_answer.hpp"

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ppm_per_bps = 100;

void add_names(std::string& out, const order_view& order, const instrument& spec) {
  add(out, R"({"symbol":")", spec.symbol, R"(","orderId":)", order.id.value, R"(,"orderListId":)",
      list_number(order.list), R"(,"clientOrderId":)");
  put_json_text(out, order.client_order_id);
}

/// From price to side.
void add_state(std::string& out, const order_view& order, const instrument& spec) {
  add(out, R"(,"price":")", decimal(order.price, spec), R"(","origQty":")",
      decimal(asked_size(order), spec));
  add(out, R"(","executedQty":")", decimal(order.executed, spec), R"(","origQuoteOrderQty":")",
      decimal(order.quote_quantity));
  add(out, R"(","cummulativeQuoteQty":")", decimal(order.executed_quote), R"(","status":")",
      status_word(order), R"(","timeInForce":")", tif_word(order));
  add(out, R"(","type":")", type_word(order), R"(","side":")", side_word(order.way), R"(")");
}

/// What only some orders have; `always`: an order asked for shows stop price and iceberg anyway.
void add_rules(std::string& out, const order_view& order, const instrument& spec, bool always) {
  const auto rules = order.rules.value_or(order_rules{});
  if (always || rules.trigger.price.value != 0)
    add(out, R"(,"stopPrice":")", decimal(rules.trigger.price, spec), R"(")");
  if (rules.trigger.trail_rate.value != 0)
    add(out, R"(,"trailingDelta":)", rules.trigger.trail_rate.value / ppm_per_bps);
  if (always || rules.display.value != 0)
    add(out, R"(,"icebergQty":")", decimal(rules.display, spec), R"(")");
  if (order.prevented.value != 0)
    add(out, R"(,"preventedQuantity":")", decimal(order.prevented, spec), R"(")");
}

} // namespace

std::int64_t list_number(order_id list) {
  return list ? static_cast<std::int64_t>(list.value) : -1;
}

quantity_lots asked_size(const order_view& order) {
  return order.size.value == 0 ? order.executed : order.size;
}

std::int64_t working_time(const order_view& order, time_unit unit) {
  if (!is_working(order)) return -1;
  const bool waited = order.rules && order.rules->trigger.kind != trigger_kind::none;
  return time_of(waited ? order.updated_at : order.created_at, unit);
}

std::string_view status_word(const order_view& order) {
  switch (order.status) {
  case order_status::new_order: return order.is_pending ? "PENDING_NEW" : "NEW";
  case order_status::partially_filled: return "PARTIALLY_FILLED";
  case order_status::filled: return "FILLED";
  case order_status::cancelled: return "CANCELED";
  case order_status::expired:
    return order.reason == reject_reason::self_trade ? "EXPIRED_IN_MATCH" : "EXPIRED";
  case order_status::rejected: break;
  }
  return "REJECTED";
}

std::string_view type_word(const order_view& order) {
  const auto trigger = order.rules ? order.rules->trigger.kind : trigger_kind::none;
  const bool is_market = order.type == order_type::market;
  switch (trigger) {
  case trigger_kind::stop: return is_market ? "STOP_LOSS" : "STOP_LOSS_LIMIT";
  case trigger_kind::take_profit: return is_market ? "TAKE_PROFIT" : "TAKE_PROFIT_LIMIT";
  case trigger_kind::none: break;
  }
  if (is_market) return "MARKET";
  return order.type == order_type::post_only ? "LIMIT_MAKER" : "LIMIT";
}

std::string_view tif_word(const order_view& order) {
  switch (order.tif) {
  case time_in_force::ioc: return order.type == order_type::market ? "GTC" : "IOC";
  case time_in_force::fok: return "FOK";
  case time_in_force::gtd: return "GTD"; // placed in our own words
  case time_in_force::gtc: break;
  }
  return "GTC";
}

std::string_view side_word(side way) {
  return way == side::buy ? "BUY" : "SELL";
}

std::string_view stp_word(stp_mode mode) {
  switch (mode) {
  case stp_mode::none: return "NONE";
  case stp_mode::expire_taker: return "EXPIRE_TAKER";
  case stp_mode::expire_maker: return "EXPIRE_MAKER";
  case stp_mode::expire_both: return "EXPIRE_BOTH";
  case stp_mode::decrement: return "DECREMENT";
  }
  return "NONE";
}

bool is_working(const order_view& order) {
  const bool waits = order.rules && order.rules->trigger.kind != trigger_kind::none;
  return !order.is_pending && (!waits || order.is_triggered);
}

std::string placed_json(const order_view& order, const instrument& spec, answer_kind kind,
                        time_unit unit) {
  std::string out;
  out.reserve(640);
  add_names(out, order, spec);
  add(out, R"(,"transactTime":)", time_of(order.updated_at, unit));
  if (kind == answer_kind::ack) return out + "}";
  add_state(out, order, spec);
  add_rules(out, order, spec, false);
  add(out, R"(,"workingTime":)", working_time(order, unit));
  if (kind == answer_kind::full) {
    const auto& fee_asset = order.way == side::buy ? spec.base : spec.quote;
    out += R"(,"fills":)";
    add_list(out, order.fills, [&](const fill_view& one) {
      add(out, R"({"price":")", decimal(one.price, spec), R"(","qty":")", decimal(one.size, spec));
      add(out, R"(","commission":")", decimal(one.fee), R"(","commissionAsset":")", fee_asset,
          R"(","tradeId":)", one.trade.value, "}");
    });
  }
  add(out, R"(,"selfTradePreventionMode":")", stp_word(order.stp), R"("})");
  return out;
}

std::string cancelled_json(const order_view& order, std::string_view cancel_id,
                           const instrument& spec, time_unit unit) {
  std::string out;
  out.reserve(512);
  add(out, R"({"symbol":")", spec.symbol, R"(","origClientOrderId":)");
  put_json_text(out, order.client_order_id);
  add(out, R"(,"orderId":)", order.id.value, R"(,"orderListId":)", list_number(order.list),
      R"(,"clientOrderId":)");
  put_json_text(out, cancel_id);
  add(out, R"(,"transactTime":)", time_of(order.updated_at, unit));
  add_state(out, order, spec);
  add_rules(out, order, spec, false);
  add(out, R"(,"selfTradePreventionMode":")", stp_word(order.stp), R"("})");
  return out;
}

void add_order(std::string& out, const order_view& order, const instrument& spec, time_unit unit) {
  add_names(out, order, spec);
  add_state(out, order, spec);
  add_rules(out, order, spec, true);
  add(out, R"(,"time":)", time_of(order.created_at, unit), R"(,"updateTime":)",
      time_of(order.updated_at, unit), R"(,"isWorking":)", bool_text(is_working(order)));
  add(out, R"(,"workingTime":)", working_time(order, unit), R"(,"selfTradePreventionMode":")",
      stp_word(order.stp), R"("})");
}

std::string amended_json(const order_view& order, std::string_view amend_id, const instrument& spec,
                         time_unit unit) {
  std::string out;
  add(out, R"({"transactTime":)", time_of(order.updated_at, unit), R"(,"executionId":)",
      order.id.value, R"(,"amendedOrder":{"symbol":")", spec.symbol, R"(","orderId":)",
      order.id.value, R"(,"orderListId":)", list_number(order.list), R"(,"origClientOrderId":)");
  put_json_text(out, order.client_order_id);
  out += R"(,"clientOrderId":)";
  put_json_text(out, amend_id);
  add(out, R"(,"price":")", decimal(order.price, spec), R"(","qty":")", decimal(order.size, spec));
  add(out, R"(","executedQty":")", decimal(order.executed, spec), R"(","preventedQty":")",
      decimal(order.prevented, spec), R"(","quoteOrderQty":")", decimal(order.quote_quantity));
  add(out, R"(","cumulativeQuoteQty":")", decimal(order.executed_quote), R"(","status":")",
      status_word(order), R"(","timeInForce":")", tif_word(order), R"(","type":")",
      type_word(order));
  add(out, R"(","side":")", side_word(order.way), R"(","workingTime":)", working_time(order, unit),
      R"(,"selfTradePreventionMode":")", stp_word(order.stp), R"("}})");
  return out;
}

void add_trade(std::string& out, const storage::execution_row& row, order_id list,
               const instrument& spec, time_unit unit) {
  const auto& fill = row.fill;
  add(out, R"({"symbol":")", spec.symbol, R"(","id":)", fill.trade.value, R"(,"orderId":)",
      row.order.value, R"(,"orderListId":)", list_number(list));
  add(out, R"(,"price":")", decimal(fill.price, spec), R"(","qty":")", decimal(fill.size, spec),
      R"(","quoteQty":")", decimal(fill.notional));
  add(out, R"(","commission":")", decimal(fill.fee), R"(","commissionAsset":")", row.fee_asset);
  add(out, R"(","time":)", time_of(fill.at, unit), R"(,"isBuyer":)",
      bool_text(row.way == side::buy), R"(,"isMaker":)", bool_text(fill.is_maker),
      R"(,"isBestMatch":true})");
}

} // namespace rialto::net::binance

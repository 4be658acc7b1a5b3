#include "net/binance/user_events.hpp"

#include "net/binance/order_answer.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t ppm_per_bps = 100;

bool is_report(const account_publication& one) {
  return one.order && one.change != order_change::none;
}

bool is_refusal(const account_publication& one) {
  return one.change == order_change::ended && one.order->status == order_status::rejected;
}

bool is_of_self_trade(const account_publication& one) {
  return one.change == order_change::ended && one.order->status == order_status::expired &&
         one.order->reason == reject_reason::self_trade;
}

std::string_view execution_word(const account_publication& one) {
  switch (one.change) {
  case order_change::filled: return "TRADE";
  case order_change::amended: return "REPLACED";
  case order_change::reduced: return "TRADE_PREVENTION";
  case order_change::ended:
    if (one.order->status == order_status::cancelled) return "CANCELED";
    if (one.order->status == order_status::rejected) return "REJECTED";
    return is_of_self_trade(one) ? "TRADE_PREVENTION" : "EXPIRED";
  case order_change::none:
  case order_change::placed:
  case order_change::opened:
  case order_change::triggered: break;
  }
  return "NEW";
}

std::string_view refusal_word(reject_reason why) {
  switch (why) {
  case reject_reason::insufficient_balance: return "INSUFFICIENT_BALANCES";
  case reject_reason::would_take: return "WOULD_MATCH_IMMEDIATELY";
  case reject_reason::would_trigger: return "STOP_PRICE_WOULD_TRIGGER_IMMEDIATELY";
  default: return "NONE";
  }
}

/// The cancel's own id; of one that nobody named, made from what it ended.
std::string cancel_name(const account_publication& one) {
  return one.cancel_name.empty() ? "cancel-" + std::to_string(one.order->id.value)
                                 : one.cancel_name;
}

/// What of an order was taken off it or dropped because of a trade with its owner.
void add_prevented(std::string& out, const account_publication& one, const instrument& spec) {
  const auto& order = *one.order;
  if (one.change == order_change::reduced) {
    add(out, R"(,"A":")", decimal(order.prevented, spec), R"(","B":")", decimal(one.reduced, spec),
        R"(")");
  } else if (is_of_self_trade(one)) {
    const auto left = asked_size(order) - order.executed - order.prevented;
    add(out, R"(,"A":")", decimal(order.prevented + left, spec), R"(","B":")", decimal(left, spec),
        R"(")");
  }
}

std::string report(const account_publication& one, const instrument& spec, timestamp_ns now,
                   time_unit unit) {
  const auto& order = *one.order;
  const auto rules = order.rules.value_or(order_rules{});
  const bool is_cancel =
    one.change == order_change::ended && order.status == order_status::cancelled;
  const auto* fill =
    one.change == order_change::filled && !order.fills.empty() ? &order.fills.front() : nullptr;
  std::string out;
  out.reserve(768);
  add(out, R"({"e":"executionReport","E":)", time_of(now, unit), R"(,"s":")", spec.symbol,
      R"(","c":)");
  put_json_text(out, is_cancel ? cancel_name(one) : order.client_order_id);
  add(out, R"(,"S":")", side_word(order.way), R"(","o":")", type_word(order), R"(","f":")",
      tif_word(order), R"(","q":")", decimal(asked_size(order), spec));
  add(out, R"(","p":")", decimal(order.price, spec), R"(","P":")",
      decimal(rules.trigger.price, spec), R"(","F":")", decimal(rules.display, spec), R"(","g":)",
      list_number(order.list), R"(,"C":)");
  put_json_text(out, is_cancel ? order.client_order_id : std::string{});
  add(out, R"(,"x":")", execution_word(one), R"(","X":")", status_word(order), R"(","r":")",
      is_refusal(one) ? refusal_word(order.reason) : "NONE", R"(","i":)", order.id.value);
  add(out, R"(,"l":")", decimal(fill == nullptr ? quantity_lots{} : fill->size, spec), R"(","z":")",
      decimal(order.executed, spec), R"(","L":")",
      decimal(fill == nullptr ? price_ticks{} : fill->price, spec));
  add(out, R"(","n":")", decimal(fill == nullptr ? amount_units{} : fill->fee), R"(","N":)");
  if (fill == nullptr)
    out += "null";
  else
    add(out, R"(")", order.way == side::buy ? spec.base : spec.quote, R"(")");
  add(out, R"(,"T":)", time_of(fill == nullptr ? one.at : fill->at, unit), R"(,"t":)",
      fill == nullptr ? std::int64_t{-1} : static_cast<std::int64_t>(fill->trade.value));
  add_prevented(out, one, spec);
  const bool is_on_book = is_working(order) && !is_final(order.status);
  add(out, R"(,"I":)", one.event_number, R"(,"w":)", bool_text(is_on_book), R"(,"m":)",
      bool_text(fill != nullptr && fill->is_maker), R"(,"M":)", bool_text(fill != nullptr),
      R"(,"O":)", time_of(order.created_at, unit));
  add(out, R"(,"Z":")", decimal(order.executed_quote), R"(","Y":")",
      decimal(fill == nullptr ? amount_units{} : fill->notional), R"(","Q":")",
      decimal(order.quote_quantity), R"(")");
  if (rules.trigger.trail_rate.value != 0)
    add(out, R"(,"d":)", rules.trigger.trail_rate.value / ppm_per_bps);
  if (is_working(order)) add(out, R"(,"W":)", working_time(order, unit));
  add(out, R"(,"V":")", stp_word(order.stp), R"("})");
  return out;
}

std::string list_status(const account_publication& one, const instrument& spec, timestamp_ns now,
                        time_unit unit) {
  const auto& list = *one.list;
  const auto number = list_number(one.order->list);
  std::string out;
  add(out, R"({"e":"listStatus","E":)", time_of(now, unit), R"(,"s":")", spec.symbol, R"(","g":)",
      number, R"(,"c":")", list.has_entry ? "OTO" : "OCO", R"(","l":")",
      list.has_ended ? "ALL_DONE" : "EXEC_STARTED", R"(","L":")",
      list.has_ended ? "ALL_DONE" : "EXECUTING", R"(","r":"NONE","C":"list-)", number, R"(","T":)",
      time_of(one.at, unit), R"(,"O":)");
  add_list(out, list.orders, [&](const listed_order& order) {
    add(out, R"({"s":")", spec.symbol, R"(","i":)", order.id.value, R"(,"c":)");
    put_json_text(out, order.client_order_id);
    out += '}';
  });
  return out + "}";
}

/// Balances changed by what is told since the last position.
class position {
public:
  void take(const account_publication& one) {
    if (one.balances.empty()) return;
    at_ = one.at;
    for (const auto& now : one.balances) {
      const auto known = std::find_if(changed_.begin(), changed_.end(),
                                      [&](const auto& other) { return other.asset == now.asset; });
      if (known == changed_.end())
        changed_.push_back(now);
      else
        *known = now;
    }
  }
  void tell(std::vector<std::string>& out, timestamp_ns now, time_unit unit) {
    if (changed_.empty()) return;
    std::string text;
    add(text, R"({"e":"outboundAccountPosition","E":)", time_of(now, unit), R"(,"u":)",
        time_of(at_, unit), R"(,"B":)");
    add_list(text, changed_, [&](const balance_view& one) {
      add(text, R"({"a":")", one.asset, R"(","f":")", decimal(one.available), R"(","l":")",
          decimal(one.hold), R"("})");
    });
    out.push_back(text + "}");
    changed_.clear();
  }

private:
  std::vector<balance_view> changed_;
  timestamp_ns at_;
};

std::string balance_update(const account_publication& one, timestamp_ns now, time_unit unit) {
  std::string out;
  add(out, R"({"e":"balanceUpdate","E":)", time_of(now, unit), R"(,"a":")",
      one.balances.front().asset, R"(","d":")", decimal(one.moved), R"(","T":)",
      time_of(one.at, unit), "}");
  return out;
}

} // namespace

std::vector<std::string> user_events(const std::vector<const account_publication*>& news,
                                     const actors::directory& markets, timestamp_ns now,
                                     time_unit unit) {
  std::vector<std::string> out;
  position changed;
  order_id about;
  for (std::size_t i = 0; i < news.size(); ++i) {
    const auto& one = *news[i];
    const auto order = one.order ? one.order->id : order_id{};
    if (order != about || one.moved.value != 0) changed.tell(out, now, unit);
    about = order;
    const auto* entry = one.order ? markets.find(one.order->market) : nullptr;
    const bool is_refused_next = one.change == order_change::placed && i + 1 < news.size() &&
                                 news[i + 1]->order && news[i + 1]->order->id == order &&
                                 is_refusal(*news[i + 1]); // U2
    if (is_report(one) && entry != nullptr && !is_refused_next) {
      out.push_back(report(one, entry->spec, now, unit));
      if (one.list) out.push_back(list_status(one, entry->spec, now, unit));
    }
    if (one.moved.value != 0 && !one.balances.empty())
      out.push_back(balance_update(one, now, unit));
    changed.take(one);
  }
  changed.tell(out, now, unit);
  return out;
}

} // namespace rialto::net::binance

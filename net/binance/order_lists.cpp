// Orders that end one another: OCO, OTO and OTOCO in Binance's words, which are the lists of domain/order_links.hpp.
//
// A list is named by the number of its first order; a name that a client gives it is told back and not kept.
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"
#include "net/binance/trading.hpp"

#include <algorithm>
#include <exception>

namespace rialto::net::binance {

namespace {

/// What is asked for, taken together.
struct list_wish {
  place_list list;
  std::string name; // of the list
  answer_kind answer = answer_kind::ack;
  instrument spec;
  bool is_sound = false;
};

/// One order of a list, whose parameters begin with `prefix`.
void take_leg(parameters& params, const std::string& prefix, const instrument& spec,
              place_order& order) {
  const auto type = parse_type(params.text(prefix + "Type"));
  order.client_order_id = take_client_id(params, prefix + "ClientOrderId");
  if (!type) return params.refuse(request_error::order_type_invalid, prefix + "Type");
  take_type_fields(params,
                   {prefix + "Price", prefix + "StopPrice", prefix + "TrailingDelta",
                    prefix + "IcebergQty", prefix + "TimeInForce"},
                   *type, spec, order);
}

/// What every list has: symbol, name, kind of answer, self-trade prevention.
list_wish take_frame(parameters& params, const actors::directory& markets, place_order& like) {
  list_wish wish;
  const auto* entry = take_symbol(params, markets);
  wish.name = take_client_id(params, "listClientOrderId");
  wish.answer = take_answer_kind(params, answer_kind::result);
  like.stp = take_stp(params);
  like.id_rule = client_id_rule::open_unique;
  if (entry == nullptr) return wish;
  like.terms = terms_of(*entry);
  wish.spec = entry->spec;
  wish.is_sound = true;
  return wish;
}

quantity_lots take_quantity(parameters& params, std::string_view name, const instrument& spec) {
  if (!params.has(name)) params.refuse(request_error::missing_field, name);
  return take_size(params, name, spec);
}

std::string_view list_status(const std::vector<order_view>& orders) {
  const bool is_over = std::all_of(orders.begin(), orders.end(),
                                   [](const order_view& one) { return is_final(one.status); });
  return is_over ? R"("listStatusType":"ALL_DONE","listOrderStatus":"ALL_DONE")"
                 : R"("listStatusType":"EXEC_STARTED","listOrderStatus":"EXECUTING")";
}

std::string name_of_list(order_id list) {
  return "list-" + std::to_string(list.value);
}

/// A list and its orders; `report` writes each order's own report, if they are asked for.
template <class Report>
std::string list_json(const std::vector<order_view>& orders, std::string_view name,
                      const instrument& spec, time_unit unit, bool has_entry, bool has_reports,
                      Report report) {
  std::string out;
  const auto& first = orders.front();
  timestamp_ns at;
  for (const auto& one : orders) at = std::max(at, one.updated_at);
  add(out, R"({"orderListId":)", first.list.value, R"(,"contingencyType":")",
      has_entry ? "OTO" : "OCO", R"(",)", list_status(orders), R"(,"listClientOrderId":)");
  put_json_text(out, name);
  add(out, R"(,"transactionTime":)", time_of(at, unit), R"(,"symbol":")", spec.symbol,
      R"(","orders":)");
  add_list(out, orders, [&](const order_view& one) {
    add(out, R"({"symbol":")", spec.symbol, R"(","orderId":)", one.id.value,
        R"(,"clientOrderId":)");
    put_json_text(out, one.client_order_id);
    out += '}';
  });
  if (has_reports) {
    out += R"(,"orderReports":)";
    add_list(out, orders, [&](const order_view& one) { out += report(one); });
  }
  return out + "}";
}

void send_list(desk& at, const request_ptr& from, list_wish wish) {
  if (!from->params.done()) return from->fail(from->params.why());
  try {
    for (auto& one : wish.list.orders) one.id = at.gate().next_order_id();
  } catch (const std::exception&) { // as for an order
    return from->fail(problem_of(actors::delivery::unavailable));
  }
  const bool has_entry = wish.list.has_entry;
  at.ask(
    from, from->account, marked(at, from, at.to_account(std::move(wish.list))),
    [from, has_entry, name = wish.name, kind = wish.answer, spec = wish.spec](outcome& result) {
      const auto* view = std::get_if<orders_view>(&result);
      if (view == nullptr || view->orders.empty()) return from->fail(request_error::internal);
      from->done(200, list_json(view->orders, name, spec, from->unit, has_entry, true,
                                [&](const order_view& one) {
                                  return placed_json(one, spec, kind, from->unit);
                                }));
    });
}

bool has_pending(const std::vector<order_view>& orders) {
  return std::any_of(orders.begin(), orders.end(),
                     [](const order_view& one) { return one.is_pending; });
}

/// The open orders of a list, oldest first.
std::vector<order_view> orders_of(const std::vector<order_view>& all, order_id list) {
  std::vector<order_view> found;
  for (const auto& one : all)
    if (one.list == list) found.push_back(one);
  return found;
}

std::string shown_list(const std::vector<order_view>& orders, const actors::directory& markets,
                       time_unit unit) {
  const auto* entry = markets.find(orders.front().market);
  return list_json(orders, name_of_list(orders.front().list),
                   entry == nullptr ? instrument{} : entry->spec, unit, has_pending(orders), false,
                   [](const order_view&) { return std::string(); });
}

/// orderListId, or the name that answers show for it.
order_id take_list_id(parameters& params, std::string_view client_name) {
  const auto id = params.maybe_whole("orderListId", 1, (std::int64_t{1} << 56) - 1);
  const auto name = params.maybe_text(client_name);
  if (id) return {static_cast<std::uint64_t>(*id)};
  if (!name) {
    params.refuse(request_error::missing_field, "orderListId");
    return {};
  }
  parameters number;
  if (name->starts_with("list-")) number.add("id", name->substr(5), false);
  return {static_cast<std::uint64_t>(
    number.maybe_whole("id", 1, (std::int64_t{1} << 56) - 1).value_or(0))};
}

} // namespace

void post_list_oco(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  place_order like;
  auto wish = take_frame(params, *markets, like);
  if (!wish.is_sound) return from->fail(params.why());
  like.way = take_side(params, "side");
  like.size = take_quantity(params, "quantity", wish.spec);
  for (const auto* leg : {"above", "below"}) {
    auto order = like;
    take_leg(params, leg, wish.spec, order);
    wish.list.orders.push_back(std::move(order));
  }
  send_list(at, from, std::move(wish));
}

void post_order_oco(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  place_order like;
  auto wish = take_frame(params, *markets, like);
  if (!wish.is_sound) return from->fail(params.why());
  like.way = take_side(params, "side");
  like.size = take_quantity(params, "quantity", wish.spec);
  auto limit = like, stop = like;
  limit.client_order_id = take_client_id(params, "limitClientOrderId");
  take_type_fields(params, {"price", "", "", "limitIcebergQty", ""},
                   {order_type::post_only, trigger_kind::none}, wish.spec, limit);
  stop.client_order_id = take_client_id(params, "stopClientOrderId");
  const bool has_limit = params.has("stopLimitPrice");
  take_type_fields(
    params,
    {"stopLimitPrice", "stopPrice", "trailingDelta", "stopIcebergQty", "stopLimitTimeInForce"},
    {has_limit ? order_type::limit : order_type::market, trigger_kind::stop}, wish.spec, stop);
  wish.list.orders = {std::move(limit), std::move(stop)};
  send_list(at, from, std::move(wish));
}

namespace {

/// The working order, then the exits that its end lets in.
void post_entry(desk& at, const request_ptr& from, std::initializer_list<const char*> exits) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  place_order like;
  auto wish = take_frame(params, *markets, like);
  if (!wish.is_sound) return from->fail(params.why());
  wish.list.has_entry = true;
  auto entry = like;
  entry.way = take_side(params, "workingSide");
  entry.size = take_quantity(params, "workingQuantity", wish.spec);
  take_leg(params, "working", wish.spec, entry);
  wish.list.orders.push_back(std::move(entry));
  like.way = take_side(params, "pendingSide");
  like.size = take_quantity(params, "pendingQuantity", wish.spec);
  for (const auto* leg : exits) {
    auto order = like;
    take_leg(params, leg, wish.spec, order);
    wish.list.orders.push_back(std::move(order));
  }
  send_list(at, from, std::move(wish));
}

} // namespace

void post_list_oto(desk& at, const request_ptr& from) {
  post_entry(at, from, {"pending"});
}

void post_list_otoco(desk& at, const request_ptr& from) {
  post_entry(at, from, {"pendingAbove", "pendingBelow"});
}

void delete_list(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto list = take_list_id(params, "listClientOrderId");
  const auto cancel_id = take_client_id(params, "newClientOrderId");
  if (!params.done()) return from->fail(params.why());
  at.ask(from, from->account, at.to_account(get_orders{entry->spec.market}),
         [&at, from, list, cancel_id, spec = entry->spec](outcome& result) {
           const auto* view = std::get_if<orders_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           auto orders = orders_of(view->orders, list);
           if (orders.empty()) return from->fail(reject_reason::unknown_order);
           // The newest one: a pending exit takes all of its list along, and so does one of two.
           at.ask(
             from, from->account,
             marked(at, from,
                    at.to_account(
                      rialto::cancel{orders.back().id, {}, cancel_restriction::none, cancel_id})),
             [from, orders, cancel_id, spec](outcome& ended) mutable {
               const auto* last = std::get_if<order_view>(&ended);
               if (last == nullptr) return from->fail(request_error::internal);
               const bool has_entry = has_pending(orders);
               for (auto& one : orders) {
                 one.status = order_status::cancelled;
                 one.updated_at = last->updated_at;
               }
               from->done(200, list_json(orders, name_of_list(orders.front().list), spec,
                                         from->unit, has_entry, true, [&](const order_view& one) {
                                           return cancelled_json(one, cancel_id, spec, from->unit);
                                         }));
             });
         });
}

void get_list(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  const auto list = take_list_id(from->params, "origClientOrderId");
  if (!from->params.done()) return from->fail(from->params.why());
  at.ask(from, from->account, at.to_account(get_orders{}),
         [&at, from, list, markets](outcome& result) {
           const auto* view = std::get_if<orders_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           const auto orders = orders_of(view->orders, list);
           if (!orders.empty()) return from->done(200, shown_list(orders, *markets, from->unit));
           at.ask(from->account, at.to_account(rialto::get_order{list}),
                  [from, list, markets](actors::answer& came) {
                    const auto* first = std::get_if<order_view>(&came.result);
                    if (came.how != actors::delivery::done) return from->fail(problem_of(came.how));
                    if (first == nullptr || first->list != list)
                      return from->fail(request_error::order_not_found);
                    from->done(200, shown_list({*first}, *markets, from->unit));
                  });
         });
}

void get_open_lists(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  if (!from->params.done()) return from->fail(from->params.why());
  at.ask(from, from->account, at.to_account(get_orders{}), [from, markets](outcome& result) {
    const auto* view = std::get_if<orders_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    std::map<order_id, std::vector<order_view>> lists;
    for (const auto& one : view->orders)
      if (one.list) lists[one.list].push_back(one);
    std::string out;
    add_list(out, lists,
             [&](const auto& one) { out += shown_list(one.second, *markets, from->unit); });
    from->done(200, std::move(out));
  });
}

} // namespace rialto::net::binance

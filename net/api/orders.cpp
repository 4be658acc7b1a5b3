// Order entry: place, amend, cancel; the same functions serve HTTP and the stream.
#include "domain/volume_weights.hpp"
#include "net/api/handlers.hpp"
#include "net/api/list_body.hpp"
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>

#include <exception>

namespace rialto::net {

namespace {

/// Answers with the order the outcome holds.
void answer_order(desk& at, const call_ptr& from, outcome& result, int status) {
  const auto* view = std::get_if<order_view>(&result);
  if (view == nullptr) return from->fail(request_error::internal);
  at.order_markets().put(view->id, view->market);
  from->done(status, order_json(*view, *at.gate().markets()));
}

/// What an amend asks, before its instrument is known: the texts.
struct amend_wish {
  order_id id;
  std::string price, quantity;
};

/// Price and quantity of a wish in ticks and lots of the instrument.
void send_amend(desk& at, const call_ptr& from, const amend_wish& wish, market_id market) {
  const auto markets = at.gate().markets();
  const auto* entry = markets->find(market);
  if (entry == nullptr) return from->fail(reject_reason::unknown_market);
  std::string text = "{";
  if (!wish.price.empty()) text += R"("price":)" + json_text(wish.price);
  if (!wish.price.empty() && !wish.quantity.empty()) text += ',';
  if (!wish.quantity.empty()) text += R"("quantity":)" + json_text(wish.quantity);
  auto& fields = at.reader().read(text + "}");
  const auto price = take_price(fields, entry->spec, false);
  const auto size = take_quantity(fields, entry->spec, false);
  if (!fields.ok()) return from->fail(fields.why());
  at.ask(from, from->account, at.to_account(amend{wish.id, price, size, terms_of(*entry)}),
         [&at, from](outcome& result) { answer_order(at, from, result, 200); });
}

void amend_order(desk& at, const call_ptr& from, order_id id, json_object& body) {
  amend_wish wish{id, {}, {}};
  wish.price = body.maybe_text("price", 40).value_or("");
  wish.quantity = body.maybe_text("quantity", 40).value_or("");
  if (body.ok() && wish.price.empty() && wish.quantity.empty())
    body.fail({request_error::missing_field, "price or quantity is required", "price"});
  if (!body.done()) return from->fail(body.why());
  if (const auto* market = at.order_markets().find(id)) return send_amend(at, from, wish, *market);
  at.ask(from, from->account, at.to_account(get_order{id}), [&at, from, wish](outcome& result) {
    const auto* view = std::get_if<order_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    at.order_markets().put(view->id, view->market);
    send_amend(at, from, wish, view->market);
  });
}

void cancel_order_of(desk& at, const call_ptr& from, order_id id) {
  at.ask(from, from->account, at.to_account(cancel{id}),
         [&at, from](outcome& result) { answer_order(at, from, result, 200); });
}

/// Draws the order's id, and those of its slices behind it, and asks its account.
void send_order(desk& at, const call_ptr& from, place_order order) {
  try {
    order.id = at.gate().next_order_id(1 + (order.slicing ? order.slicing->slices : 0));
  } catch (const std::exception&) { // a block of numbers was used up and the disk gives no other
    return from->fail(problem_of(actors::delivery::unavailable));
  }
  const auto drawn = order.id;
  at.ask(from, from->account, at.to_account(std::move(order)), [&at, from, drawn](outcome& result) {
    const auto* view = std::get_if<order_view>(&result);
    // Another id: the client order id was known, and this is that order as it is now.
    answer_order(at, from, result, view != nullptr && view->id != drawn ? 200 : 201);
  });
}

/// The same for a VWAP: its slices weigh what earlier days' candles say.
void send_weighed(desk& at, const call_ptr& from, place_order order) {
  auto how = *order.slicing;
  if (how.start_at.value == 0) how.start_at = at.now();
  at.read<std::vector<std::uint32_t>>(
    from,
    [&tape = at.tape(), market = order.terms.market, how](storage::read_models&) {
      std::vector<candle> past;
      for (int day = 1; day <= weight_days_max; ++day) {
        const auto [first, last] = weighed_on(how, day);
        const auto found =
          tape.candles(market, candle_interval::m1, first, last, storage::tape_store::rows_max);
        past.insert(past.end(), found.begin(), found.end());
      }
      return volume_weights(how, past);
    },
    [&at, from, order = std::move(order)](std::vector<std::uint32_t> weights) mutable {
      order.slicing->weights = std::move(weights);
      send_order(at, from, std::move(order));
    });
}

order_id take_order_id(json_object& body) {
  const auto id = body.maybe_integer("order_id", 1, (std::int64_t{1} << 56) - 1);
  if (!id) body.fail({request_error::missing_field, "order_id is required", "order_id"});
  return {static_cast<std::uint64_t>(id.value_or(0))};
}

} // namespace

void post_orders(desk& at, const call_ptr& from, json_object& body) {
  auto order = take_order(body, *at.gate().markets());
  if (!body.ok()) return from->fail(body.why());
  if (order.slicing && order.slicing->kind == slicing_kind::vwap)
    return send_weighed(at, from, std::move(order));
  send_order(at, from, std::move(order));
}

void post_order_lists(desk& at, const call_ptr& from, json_object& body) {
  auto list = take_list(body, *at.gate().markets());
  if (!body.ok()) return from->fail(body.why());
  try {
    for (auto& one : list.orders) one.id = at.gate().next_order_id();
  } catch (const std::exception&) { // as for an order
    return from->fail(problem_of(actors::delivery::unavailable));
  }
  const auto drawn = list.orders[0].id;
  at.ask(from, from->account, at.to_account(std::move(list)), [&at, from, drawn](outcome& result) {
    const auto* view = std::get_if<orders_view>(&result);
    if (view == nullptr || view->orders.empty()) return from->fail(request_error::internal);
    for (const auto& one : view->orders) at.order_markets().put(one.id, one.market);
    const auto list_id = view->orders[0].id;
    from->done(list_id == drawn ? 201 : 200,
               fmt::format(R"({{"list_id":{},"orders":{}}})", list_id.value,
                           orders_json(view->orders, *at.gate().markets())));
  });
}

void patch_order(desk& at, const call_ptr& from, json_object& body) {
  query_reader query(from);
  const order_id id{query.path_number(0, "order_id", request_error::order_not_found)};
  if (query.ok()) amend_order(at, from, id, body);
}

void delete_order(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  const order_id id{query.path_number(0, "order_id", request_error::order_not_found)};
  if (query.ok()) cancel_order_of(at, from, id);
}

void stream_amend(desk& at, const call_ptr& from, json_object& body) {
  amend_order(at, from, take_order_id(body), body);
}

void stream_cancel(desk& at, const call_ptr& from, json_object& body) {
  const auto id = take_order_id(body);
  if (!body.done()) return from->fail(body.why());
  cancel_order_of(at, from, id);
}

} // namespace rialto::net

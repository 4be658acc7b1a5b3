// One order at a time: place, test, cancel, cancel all, amend.
#include "net/api/order_body.hpp"
#include "net/api/order_json.hpp"
#include "net/binance/trading.hpp"

#include <exception>

namespace rialto::net::binance {

namespace {

refusal fails(const request_ptr& from) {
  return [from](const failure& why) { from->fail(why); };
}

const actors::market_entry* entry_of(const actors::directory& markets, market_id market) {
  return markets.find(market);
}

/// Goes on with the open or lately final order that is named.
void find_named(desk& at, const request_ptr& from, const order_name& name, market_id market,
                order_result then, refusal otherwise) {
  account_command command = name.id
                              ? at.to_account(rialto::get_order{name.id})
                              : at.to_account(get_order_by_client_id{name.client_order_id, market});
  ask_order(
    at, from, std::move(command),
    [name, market, then = std::move(then), otherwise](order_view& order) {
      const bool is_it = order.market == market && (name.client_order_id.empty() ||
                                                    name.client_order_id == order.client_order_id);
      if (!is_it) return otherwise(reject_reason::unknown_order);
      then(order);
    },
    otherwise);
}

} // namespace

account_command marked(desk&, const request_ptr& from, account_command command, unsigned step) {
  command.mark = from->mark;
  if (command.mark.hash != 0) command.mark.hash += step;
  return command;
}

void ask_order(desk& at, const request_ptr& from, account_command command, order_result then,
               refusal otherwise) {
  at.ask(from->account, std::move(command),
         [from, then = std::move(then), otherwise = std::move(otherwise)](actors::answer& came) {
           if (came.how != actors::delivery::done) return otherwise(problem_of(came.how));
           if (const auto* no = std::get_if<rejection>(&came.result))
             return otherwise(failure_of(*no));
           auto* order = std::get_if<order_view>(&came.result);
           if (order == nullptr) return otherwise(request_error::internal);
           then(*order);
         });
}

void place(desk& at, const request_ptr& from, place_order order, unsigned step, order_result then,
           refusal otherwise) {
  try {
    order.id = at.gate().next_order_id();
  } catch (const std::exception&) { // a block of numbers was used up and the disk gives no other
    return otherwise(problem_of(actors::delivery::unavailable));
  }
  ask_order(
    at, from, marked(at, from, at.to_account(std::move(order)), step),
    [from, then = std::move(then)](order_view& placed) {
      from->counts = placed.counts;
      then(placed);
    },
    std::move(otherwise));
}

void cancel_named(desk& at, const request_ptr& from, const order_name& name, market_id market,
                  cancel_restriction only, const std::string& cancel_id, order_result then,
                  refusal otherwise) {
  if (name.id && !name.client_order_id.empty()) { // both must be right
    return find_named(
      at, from, name, market,
      [&at, from, market, only, cancel_id, then = std::move(then), otherwise](order_view& found) {
        cancel_named(at, from, {found.id, {}}, market, only, cancel_id, then, otherwise);
      },
      otherwise);
  }
  // A cancel that was executed before has nothing to cancel, whatever the placement's text.
  const auto refused = [otherwise = std::move(otherwise)](const failure& why) {
    const bool is_repeated = why.what.code == problem_of(reject_reason::request_repeated).code;
    otherwise(is_repeated ? failure(reject_reason::unknown_order) : why);
  };
  account_command command =
    name.id ? at.to_account(rialto::cancel{name.id, market, only, cancel_id})
            : at.to_account(cancel_by_client_id{name.client_order_id, market, only, cancel_id});
  ask_order(at, from, marked(at, from, std::move(command)), std::move(then), refused);
}

void post_order(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto wish = take_order(from->params, *markets);
  if (!from->params.done()) return from->fail(from->params.why());
  const auto market = wish.order.terms.market;
  place(
    at, from, std::move(wish.order), 0,
    [markets, from, market, kind = wish.answer](order_view& order) {
      const auto* entry = entry_of(*markets, market);
      from->done(200, placed_json(order, entry->spec, kind, from->unit));
    },
    fails(from));
}

void post_order_test(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  auto wish = take_order(params, *markets);
  const bool shows_rates = params.maybe_flag("computeCommissionRates").value_or(false);
  if (!params.done()) return from->fail(params.why());
  wish.order.is_test = true;
  try {
    wish.order.id = at.gate().next_order_id();
  } catch (const std::exception&) {
    return from->fail(problem_of(actors::delivery::unavailable));
  }
  const auto terms = wish.order.terms;
  at.ask(from, from->account, at.to_account(std::move(wish.order)),
         [from, terms, shows_rates](outcome&) {
           if (!shows_rates) return from->done(200, "{}");
           std::string out;
           add(out, R"({"standardCommissionForOrder":{"maker":")", decimal(terms.maker_fee),
               R"(","taker":")", decimal(terms.taker_fee));
           add(out,
               R"("},"specialCommissionForOrder":{"maker":"0.00000000","taker":"0.00000000"},)",
               R"("taxCommissionForOrder":{"maker":"0.00000000","taker":"0.00000000"},)",
               R"("discount":{"enabledForAccount":false,"enabledForSymbol":false,)",
               R"("discountAsset":"","discount":"0.00000000"}})");
           from->done(200, std::move(out));
         });
}

void delete_order(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto name = take_order_name(params, "orderId", "origClientOrderId");
  const auto cancel_id = take_client_id(params, "newClientOrderId");
  const auto only = take_restriction(params);
  if (!params.done()) return from->fail(params.why());
  cancel_named(
    at, from, name, entry->spec.market, only, cancel_id,
    [markets, from, spec = entry->spec, cancel_id](order_view& order) {
      from->done(200, cancelled_json(order, cancel_id, spec, from->unit));
    },
    fails(from));
}

void delete_open_orders(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  if (!params.done()) return from->fail(params.why());
  const auto cancel_id = make_api_text().substr(0, 22);
  at.ask(from, from->account,
         marked(at, from, at.to_account(cancel_all{entry->spec.market, {}, cancel_id})),
         [&at, from, cancel_id, spec = entry->spec](outcome& result) {
           auto* view = std::get_if<orders_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           if (view->orders.empty()) return from->fail(reject_reason::unknown_order);
           for (auto& order : view->orders) { // asked for here, done by its market in the same step
             if (!is_final(order.status)) order.status = order_status::cancelled;
             order.updated_at = std::max(order.updated_at, at.now());
           }
           std::string out;
           add_list(out, view->orders, [&](const order_view& order) {
             out += cancelled_json(order, cancel_id, spec, from->unit);
           });
           from->done(200, std::move(out));
         });
}

void put_amend(desk& at, const request_ptr& from) {
  const auto markets = at.gate().markets();
  auto& params = from->params;
  const auto* entry = take_symbol(params, *markets);
  const auto name = take_order_name(params, "orderId", "origClientOrderId");
  const auto amend_id = take_client_id(params, "newClientOrderId");
  quantity_lots size;
  if (!params.has("newQty")) params.refuse(request_error::missing_field, "newQty");
  if (entry != nullptr) size = take_size(params, "newQty", entry->spec);
  if (params.ok() && size.value == 0) params.refuse(request_error::quantity_off_lot, "newQty");
  if (!params.done()) return from->fail(params.why());
  find_named(
    at, from, name, entry->spec.market,
    [&at, from, size, amend_id, spec = entry->spec, terms = terms_of(*entry)](order_view& order) {
      // Only less keeps the place in the queue.
      if (is_final(order.status)) return from->fail(reject_reason::unknown_order);
      if (size >= order.size) return from->fail(reject_reason::amend_not_allowed);
      ask_order(
        at, from, marked(at, from, at.to_account(amend{order.id, {}, size, terms})),
        [from, amend_id, spec](order_view& amended) {
          from->done(200, amended_json(amended, amend_id, spec, from->unit));
        },
        fails(from));
    },
    fails(from));
}

} // namespace rialto::net::binance

// Mass cancel and the dead-man timer; the same functions serve HTTP and the stream.
#include "domain/account_timers.hpp"
#include "net/api/guard_json.hpp"
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"
#include "net/api/query.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

void send_cancel_all(desk& at, const call_ptr& from, const cancel_all& wish) {
  at.ask(from, from->account, at.to_account(wish), [&at, from](outcome& result) {
    const auto* view = std::get_if<orders_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(200, fmt::format(R"({{"asked":{},"orders":{}}})", view->asked,
                                orders_json(view->orders, *at.gate().markets())));
  });
}

} // namespace

void delete_orders(desk& at, const call_ptr& from, json_object&) {
  query_reader query(from);
  cancel_all wish;
  wish.market = query.market(*at.gate().markets());
  if (!query.ok()) return;
  if (from->query.find("side") != from->query.end()) {
    wish.way = parse_side(query.text("side"));
    if (!wish.way) query.refuse("side", "must be one of buy, sell");
  }
  if (query.ok()) send_cancel_all(at, from, wish);
}

void stream_cancel_all(desk& at, const call_ptr& from, json_object& body) {
  cancel_all wish;
  wish.market = take_maybe_symbol(body, *at.gate().markets());
  if (const auto text = body.maybe_text("side")) {
    wish.way = parse_side(*text);
    if (!wish.way) body.refuse("side", "must be one of buy, sell");
  }
  if (!body.done()) return from->fail(body.why());
  send_cancel_all(at, from, wish);
}

void post_cancel_all_after(desk& at, const call_ptr& from, json_object& body) {
  guard wish;
  wish.key = {guard_kind::timer, from->who->id, take_maybe_symbol(body, *at.gate().markets())};
  wish.timeout_ns = take_milliseconds(body, "timeout_ms", account_timers::timeout_ns_min,
                                      account_timers::timeout_ns_max, true);
  if (!body.done()) return from->fail(body.why());
  at.ask(from, from->account, at.to_account(arm_guard{wish, false}),
         [&at, from, wish](outcome& result) {
           const auto* view = std::get_if<guards_view>(&result);
           if (view == nullptr) return from->fail(request_error::internal);
           from->done(200, guard_json(view->guards.empty() ? wish : view->guards.front(),
                                      *at.gate().markets()));
         });
}

void get_cancel_all_after(desk& at, const call_ptr& from, json_object&) {
  at.ask(from, from->account, at.to_account(get_guards{}), [&at, from](outcome& result) {
    const auto* view = std::get_if<guards_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(200, guards_json(view->guards, *at.gate().markets()));
  });
}

} // namespace rialto::net

// Cancel-on-disconnect: a connection arms a guard in its account and this edge renews it while the connection lives.
// That it fires needs nobody here: the account does it at the deadline, after the death of the edge as well.
#include "domain/account_timers.hpp"
#include "net/api/guard_json.hpp"
#include "net/api/stream.hpp"

#include <algorithm>

namespace rialto::net {

void stream_hub::cancel_on_disconnect(peer& from, const ticket& to, json_object& body) {
  const auto one = call_of(from, to);
  if (!one) return;
  const auto markets = desk_.gate().markets();
  guard wish;
  wish.key = {guard_kind::connection, from.who->id, take_maybe_symbol(body, *markets)};
  wish.grace_ns = take_milliseconds(body, "grace_ms", 0, account_timers::grace_ns_max, false);
  const auto* enabled = body.take("enabled");
  if (enabled != nullptr && enabled->kind != json_kind::boolean)
    body.refuse("enabled", "must be true or false");
  wish.timeout_ns = enabled == nullptr || enabled->boolean ? lease_ns : 0;
  wish.edge = edge_life_;
  wish.connection = from.id;
  if (!body.done()) return refuse(to, body.why());
  const auto account = one->account;
  desk_.ask(one, account, desk_.to_account(arm_guard{wish, false}),
            [this, one, account, wish](outcome& result) {
              const auto* view = std::get_if<guards_view>(&result);
              if (view == nullptr) return one->fail(request_error::internal);
              const bool is_armed = !view->guards.empty();
              if (auto* there = find(wish.connection)) {
                std::erase_if(there->leases, [&](const lease& known) {
                  return known.account == account && known.what.key == wish.key;
                });
                if (is_armed)
                  there->leases.push_back({account, wish, desk_.clock().monotonic_ns()});
              } else if (is_armed) { // it closed while the account was asked
                end_connection(account, wish.connection);
              }
              one->done(
                200, guard_json(is_armed ? view->guards.front() : wish, *desk_.gate().markets()));
            });
}

void stream_hub::end_connection(account_id account, web_socket_id id) {
  desk_.ask(account, desk_.to_account(close_connection{edge_life_, id}), [](actors::answer&) {});
}

void stream_hub::end_leases(const peer& from) {
  std::vector<account_id> told;
  for (const auto& one : from.leases) {
    if (std::find(told.begin(), told.end(), one.account) != told.end()) continue;
    told.push_back(one.account);
    end_connection(one.account, from.id);
  }
}

void stream_hub::renew_leases() {
  const auto now_ns = desk_.clock().monotonic_ns();
  std::vector<std::pair<web_socket_id, lease>>
    due; // an answer may come at once and change the lists
  for (auto& [id, from] : peers_)
    for (auto& one : from.leases) {
      if (now_ns - one.renewed_ns < lease_renew_ns) continue;
      one.renewed_ns = now_ns;
      due.emplace_back(id, one);
    }
  for (const auto& [id, one] : due)
    desk_.ask(one.account, desk_.to_account(arm_guard{one.what, true}),
              [this, id = id, account = one.account, key = one.what.key](actors::answer& came) {
                const auto* view = std::get_if<guards_view>(&came.result);
                if (came.how != actors::delivery::done || view == nullptr) return;
                auto* there = find(id);
                // It has fired, or a newer connection has it.
                if (view->guards.empty() && there != nullptr)
                  std::erase_if(there->leases, [&](const lease& known) {
                    return known.account == account && known.what.key == key;
                  });
              });
}

} // namespace rialto::net

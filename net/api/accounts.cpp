// The caller: who he is, his accounts, their balances.
#include "net/api/handlers.hpp"
#include "net/api/order_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

void get_me(desk&, const call_ptr& from, json_object&) {
  from->done(200, user_json(from->who->user->view));
}

void get_accounts(desk&, const call_ptr& from, json_object&) {
  from->done(200, accounts_json(from->who->user->view.accounts));
}

void post_accounts(desk& at, const call_ptr& from, json_object& body) {
  const std::string label(body.text("label", 64));
  const bool has_control = std::any_of(label.begin(), label.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (has_control) body.refuse("label", "must not contain control characters");
  if (!body.done()) return from->fail(body.why());
  auto& gate = at.gate();
  at.read<account_id>( // drawing a number may wait for the disk
    from, [&gate](storage::read_models&) { return account_id{gate.next_id("account")}; },
    [&at, from, label](account_id made) {
      const auto user = from->who->user->view.id;
      at.ask(from, user, user_command{add_account{made, label}},
             [&at, from, label, user, made](outcome& result) {
               if (const auto* view = std::get_if<user_view>(&result))
                 at.update_accounts(user, view->accounts);
               at.when_open(made, [from, label, made] {
                 from->done(201, fmt::format(R"({{"account_id":{},"label":{}}})", made.value,
                                             json_text(label)));
               });
             });
    });
}

namespace {
void answer_settings(const call_ptr& from, outcome& result) {
  const auto* view = std::get_if<account_view>(&result);
  if (view == nullptr) return from->fail(request_error::internal);
  from->done(200, fmt::format(R"({{"account_id":{},"label":{},"self_trade_prevention":"{}"}})",
                              view->account.value, json_text(view->label), to_text(view->stp)));
}
} // namespace

void get_account_settings(desk& at, const call_ptr& from, json_object&) {
  at.ask(from, from->account, at.to_account(rialto::get_account{}),
         [from](outcome& result) { answer_settings(from, result); });
}

void patch_account_settings(desk& at, const call_ptr& from, json_object& body) {
  const auto mode = parse_stp_mode(body.text("self_trade_prevention"));
  if (!mode)
    body.refuse("self_trade_prevention",
                "must be one of none, expire_taker, expire_maker, expire_both, decrement");
  if (!body.done()) return from->fail(body.why());
  at.ask(from, from->account, at.to_account(configure_account{*mode}),
         [from](outcome& result) { answer_settings(from, result); });
}

void get_account_balances(desk& at, const call_ptr& from, json_object&) {
  at.ask(from, from->account, at.to_account(get_balances{}), [from](outcome& result) {
    const auto* view = std::get_if<balances_view>(&result);
    if (view == nullptr) return from->fail(request_error::internal);
    from->done(200, balances_json(view->balances));
  });
}

} // namespace rialto::net

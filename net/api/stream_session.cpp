// Who a stream speaks for, and order entry on it.
#include "domain/time_text.hpp"
#include "net/api/stream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

bool stream_hub::is_known(const peer& from) const {
  return from.who != nullptr && from.token_expires_s > desk_.now_s();
}

void stream_hub::authenticate(peer& from, const ticket& to, json_object& body) {
  const std::string token(body.text("access_token", token_signer::token_bytes_max));
  const auto wanted = body.maybe_integer("account_id", 1, (std::int64_t{1} << 56) - 1);
  if (!body.done()) return refuse(to, body.why());
  token_fault fault{};
  const auto claims = desk_.signer().verify(token, desk_.now_s(), fault);
  if (!claims) {
    const auto what =
      fault == token_fault::expired ? request_error::token_expired : request_error::unauthenticated;
    return refuse(to, {what, {}, "access_token"});
  }
  std::optional<std::uint64_t> account;
  if (wanted) account = static_cast<std::uint64_t>(*wanted);
  from.is_deciding = true;
  desk_.identify(token, [this, to, account, expires_s = claims->expires_at_s](
                          std::shared_ptr<const session> who, const failure& why) {
    if (who)
      accept(to, std::move(who), expires_s, account);
    else
      refuse(to, {why.what, why.detail, "access_token"});
    decided(to.peer);
  });
}

void stream_hub::accept(const ticket& to, std::shared_ptr<const session> who,
                        std::int64_t expires_s, std::optional<std::uint64_t> wanted) {
  auto* from = find(to.peer);
  if (from == nullptr) return;
  failure why;
  const auto account =
    select_account(who->user->view, wanted ? std::to_string(*wanted) : std::string{}, why);
  if (!account)
    return refuse(to, {why.what, "account_id is not one of the caller's", "account_id"});
  if (from->account != *account) {
    leave_account(*from);
    from->account = *account;
    owners_[*account].push_back(from->id);
  }
  from->who = std::move(who);
  from->token_expires_s = expires_s;
  answer(to, fmt::format(R"({{"user_id":{},"account_id":{},"expires_at":"{}"}})",
                         from->who->user->view.id.value, account->value,
                         format_time({expires_s * 1'000'000'000})));
}

void stream_hub::leave_account(peer& from) {
  if (!from.account) return;
  const auto at = owners_.find(from.account);
  if (at != owners_.end()) {
    std::erase(at->second, from.id);
    if (at->second.empty()) owners_.erase(at);
  }
  for (auto& one : from.privates) one = {};
  from.account = {};
  from.who = nullptr;
}

void stream_hub::tick() {
  renew_leases();
  for (auto& [id, one] : peers_) {
    if (one.who == nullptr || is_known(one)) continue;
    std::string closed;
    for (const auto channel : private_channel_all)
      if (one.privates[static_cast<std::size_t>(channel)].is_on)
        closed += fmt::format(R"({}"{}")", closed.empty() ? "" : ",", to_text(channel));
    leave_account(one);
    send(id,
         fmt::format(R"({{"channel":"session","data":{{"event":"token-expired","closed":[{}]}}}})",
                     closed));
  }
}

void stream_hub::session_ended(std::uint64_t session) {
  if (session == 0) return;
  std::vector<web_socket_id> ended;
  for (const auto& [id, one] : peers_)
    if (one.who != nullptr && one.who->id == session) ended.push_back(id);
  for (const auto id : ended) {
    leave_account(*find(id));
    port_.close(id, close_session_ended, "the session has ended");
  }
}

void stream_hub::news_lost() {
  feed_.forget();
  std::vector<web_socket_id> ended;
  for (const auto& [id, one] : peers_)
    if (one.who != nullptr) ended.push_back(id);
  for (const auto id : ended)
    port_.close(id, close_restart, "events may be missing; connect again");
}

call_ptr stream_hub::call_of(const peer& from, const ticket& to) {
  if (!is_known(from)) {
    const auto what =
      from.who == nullptr ? request_error::unauthenticated : request_error::token_expired;
    refuse(to, {what, "authenticate first", "op"});
    return nullptr;
  }
  if (from.is_limited &&
      !limits_.order(from.who->user->view.id, desk_.clock().monotonic_ns()).allowed) {
    refuse(to, {request_error::too_many_requests, "orders, amendments and cancels"});
    return nullptr;
  }
  auto one = std::make_shared<call>();
  one->who = from.who;
  one->account = from.account;
  one->answer = [this, to](reply out) {
    if (out.status < 400) return answer(to, out.body);
    auto* there = find(to.peer);
    if (there == nullptr) return;
    --there->in_flight;
    send(to.peer, fmt::format(R"({{"id":{},"ok":false,"error":{}}})", to.id, out.body));
  };
  return one;
}

void stream_hub::order_entry(const peer& from, const ticket& to, route_handler handler,
                             json_object& body) {
  if (const auto one = call_of(from, to)) handler(desk_, one, body);
}

} // namespace rialto::net

#include "net/binance/user_data.hpp"

#include "net/binance/user_events.hpp"

#include <algorithm>

namespace rialto::net::binance {

namespace {

constexpr std::int64_t sweep_ns = 1'000'000'000;
constexpr std::string_view terminated = "eventStreamTerminated", expired = "listenKeyExpired";

/// It says only where the stream stands: what led there may not have been told.
bool is_mark(const account_publication& news) {
  return !news.order && news.balances.empty() && !news.fired;
}

} // namespace

// ---- subscriptions

bool user_data::has_room(web_socket_id id) const {
  const auto at = connections_.find(id);
  return at == connections_.end() || at->second.accounts.size() < subscriptions_max;
}

void user_data::add(subscription one) {
  const auto account = one.key->account;
  connections_[one.socket].accounts.push_back(account);
  auto& its = accounts_[account].subscribers;
  its.push_back(std::move(one));
  if (its.size() == 1) find_place(account);
}

void user_data::find_place(account_id account) {
  desk_.ask(account, desk_.to_account(get_account{}), [this, account](actors::answer& came) {
    const auto* view = std::get_if<account_view>(&came.result);
    const auto at = accounts_.find(account);
    if (view == nullptr || at == accounts_.end()) return; // the next event says it
    if (at->second.last_event == 0) at->second.last_event = view->told;
  });
}

void user_data::forget(account_id account, const subscription& one) {
  const auto at = connections_.find(one.socket);
  if (at == connections_.end()) return;
  auto& accounts = at->second.accounts;
  if (const auto mine = std::find(accounts.begin(), accounts.end(), account);
      mine != accounts.end())
    accounts.erase(mine);
}

void user_data::send(const subscription& to, const std::string& event) {
  std::string text;
  text.reserve(event.size() + 96);
  switch (to.how) {
  case form::bare: text = event; break;
  case form::named:
    binance::add(text, R"({"stream":")", to.listen_key, R"(","data":)", event, "}");
    break;
  case form::numbered:
    binance::add(text, R"({"subscriptionId":)", to.number, R"(,"event":)", event, "}");
    break;
  }
  port_.send(to.socket, std::make_shared<const std::string>(std::move(text)), 0, false);
}

template <class IsIt>
std::size_t user_data::end(IsIt is_it, std::string_view event) {
  std::size_t ended = 0;
  for (auto at = accounts_.begin(); at != accounts_.end();) {
    auto& all = at->second.subscribers;
    for (std::size_t i = 0; i < all.size();) {
      if (!is_it(all[i])) {
        ++i;
        continue;
      }
      const auto gone = std::move(all[i]);
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
      forget(at->first, gone);
      ++ended;
      if (event.empty()) continue;
      std::string text;
      binance::add(text, R"({"e":")", gone.how == form::numbered ? terminated : event, R"(","E":)",
                   time_of(desk_.now(), gone.unit));
      if (gone.how != form::numbered)
        binance::add(text, R"(,"listenKey":")", gone.listen_key, R"(")");
      send(gone, text + "}");
    }
    at = all.empty() ? accounts_.erase(at) : std::next(at);
  }
  return ended;
}

void user_data::closed(web_socket_id id) {
  const auto at = connections_.find(id);
  if (at == connections_.end()) return;
  const auto mine = std::move(at->second.accounts);
  connections_.erase(at);
  for (const auto account : mine) {
    const auto known = accounts_.find(account);
    if (known == accounts_.end()) continue;
    std::erase_if(known->second.subscribers, [id](const auto& one) { return one.socket == id; });
    if (known->second.subscribers.empty()) accounts_.erase(known);
  }
}

void user_data::logged_out(web_socket_id id) {
  end([id](const subscription& one) { return one.socket == id && one.is_of_session; }, terminated);
}

bool user_data::is_subscribed(web_socket_id id) const {
  const auto at = connections_.find(id);
  return at != connections_.end() && !at->second.accounts.empty();
}

std::size_t user_data::subscriptions() const {
  std::size_t count = 0;
  for (const auto& [account, one] : accounts_) count += one.subscribers.size();
  return count;
}

// ---- events

void user_data::take(const std::vector<publication>& news) {
  if (accounts_.empty()) return;
  std::map<account_id, std::vector<const account_publication*>> by_account;
  for (const auto& one : news)
    if (const auto* mine = std::get_if<account_publication>(&one))
      if (accounts_.contains(mine->account)) by_account[mine->account].push_back(mine);
  for (const auto& [account, its] : by_account) tell(account, accounts_.at(account), its);
}

void user_data::tell(account_id account, watched& to,
                     const std::vector<const account_publication*>& all) {
  std::vector<const account_publication*> news;
  for (const auto* one : all) {
    if (one->event_number < to.last_event) continue; // of a former owner, late
    if (is_mark(*one) && to.last_event != 0 && one->event_number != to.last_event) { // D1
      const auto subscribers = to.subscribers;
      for (const auto& gone : subscribers)
        if (gone.how != form::numbered)
          port_.close(gone.socket, close_restart, "events may be missing; connect again");
      end([&](const subscription& each) { return each.key->account == account; }, terminated);
      return;
    }
    to.last_event = one->event_number;
    news.push_back(one);
  }
  const auto markets = desk_.gate().markets();
  for (const auto unit : {time_unit::millisecond, time_unit::microsecond}) {
    const bool is_wanted = std::any_of(to.subscribers.begin(), to.subscribers.end(),
                                       [unit](const auto& one) { return one.unit == unit; });
    if (!is_wanted) continue;
    for (const auto& event : user_events(news, *markets, desk_.now(), unit))
      for (const auto& one : to.subscribers)
        if (one.unit == unit) send(one, event);
  }
}

void user_data::key_ended(std::string_view key) {
  if (const auto name = names_.find(std::string(key)); name != names_.end())
    end_listen_key(std::string(name->second));
  end([key](const subscription& one) { return one.key->key == key; }, expired);
}

void user_data::news_lost() {
  for (const auto& [account, one] : accounts_)
    for (const auto& each : one.subscribers)
      port_.close(each.socket, close_restart, "events may be missing; connect again");
  end([](const subscription&) { return true; }, "");
}

void user_data::tick() {
  const auto now_ns = desk_.clock().monotonic_ns();
  if (now_ns < next_sweep_ns_) return;
  next_sweep_ns_ = now_ns + sweep_ns;
  std::vector<std::string> over;
  for (const auto& [name, one] : listen_keys_)
    if (one.until_ns <= now_ns) over.push_back(name);
  for (const auto& name : over) end_listen_key(name);
  const auto now = desk_.now();
  end(
    [now](const subscription& one) {
      return one.key->expires_at.value != 0 && one.key->expires_at <= now;
    },
    expired);
}

// ---- listen keys

bool user_data::knows(std::string_view listen_key) {
  const auto at = listen_keys_.find(listen_key);
  return at != listen_keys_.end() && at->second.until_ns > desk_.clock().monotonic_ns();
}

bool user_data::listen(web_socket_id id, const std::string& listen_key, bool is_wrapped,
                       time_unit unit) {
  if (!knows(listen_key) || !has_room(id)) return false;
  leave(id, listen_key);
  subscription one;
  one.socket = id;
  one.how = is_wrapped ? form::named : form::bare;
  one.listen_key = listen_key;
  one.unit = unit;
  one.key = listen_keys_.find(listen_key)->second.owner;
  add(std::move(one));
  return true;
}

void user_data::leave(web_socket_id id, std::string_view listen_key) {
  end(
    [&](const subscription& one) {
      return one.socket == id && one.how != form::numbered && one.listen_key == listen_key;
    },
    {});
}

void user_data::end_listen_key(const std::string& name) {
  const auto gone = listen_keys_.extract(name);
  if (gone.empty()) return;
  names_.erase(gone.mapped().owner->key);
  end([&](const subscription& one) { return one.how != form::numbered && one.listen_key == name; },
      expired);
}

// ---- requests

void user_data::serve_on(rest& requests, ws_api& sockets) {
  sockets.host(*this);
  sockets_ = &sockets;
  desk_.watch_keys([this](const std::string& key) { key_ended(key); });
  using handler = void (user_data::*)(const request_ptr& from);
  const auto serve = [&](std::string_view method, std::string_view path, std::string_view word,
                         security who, int weight, handler what) {
    const route one{method, path,
                    word,   who,
                    weight, [this, what](desk&, const request_ptr& from) { (this->*what)(from); }};
    requests.serve(one);
    sockets.serve(one);
  };
  constexpr std::string_view path = "/api/v3/userDataStream";
  serve("POST", path, "userDataStream.start", security::key, 2, &user_data::start);
  serve("PUT", path, "userDataStream.ping", security::key, 2, &user_data::extend);
  serve("DELETE", path, "userDataStream.stop", security::key, 2, &user_data::stop);
  serve("", "", "userDataStream.unsubscribe", security::none, 2, &user_data::unsubscribe);
  serve("", "", "session.subscriptions", security::none, 2, &user_data::list);
  sockets.serve({"", "", "userDataStream.subscribe.signature", security::read, 2,
                 [this](desk&, const request_ptr& from) { subscribe(from, false); }});
  sockets.serve({"", "", "userDataStream.subscribe", security::none, 2,
                 [this, &sockets](desk&, const request_ptr& from) {
                   from->key = sockets.session_of(from->socket);
                   if (!from->key) return from->fail(request_error::connection_not_signed);
                   subscribe(from, true);
                 }});
}

void user_data::start(const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  const auto until_ns = desk_.clock().monotonic_ns() + listen_key_ns;
  auto& name = names_[from->key->key];
  if (name.empty()) {
    if (listen_keys_.size() >= listen_keys_max) {
      names_.erase(from->key->key);
      return from->fail(request_error::too_many_pending);
    }
    name = make_api_text();
  }
  listen_keys_[name] = {from->key, until_ns};
  from->done(200, R"({"listenKey":")" + name + R"("})");
}

void user_data::extend(const request_ptr& from) {
  const std::string name(from->params.text("listenKey"));
  if (!from->params.done()) return from->fail(from->params.why());
  const auto at = listen_keys_.find(name);
  if (!knows(name) || at->second.owner->account != from->key->account)
    return from->fail(request_error::listen_key_unknown);
  at->second.until_ns = desk_.clock().monotonic_ns() + listen_key_ns;
  from->done(200, "{}");
}

void user_data::stop(const request_ptr& from) {
  const std::string name(from->params.text("listenKey"));
  if (!from->params.done()) return from->fail(from->params.why());
  const auto at = listen_keys_.find(name);
  if (!knows(name) || at->second.owner->account != from->key->account)
    return from->fail(request_error::listen_key_unknown);
  end_listen_key(name);
  from->done(200, "{}");
}

void user_data::subscribe(const request_ptr& from, bool is_of_session) {
  if (!from->params.done()) return from->fail(from->params.why());
  if (!sockets_->is_open(from->socket)) return; // it went while its key was looked for
  if (!has_room(from->socket)) return from->fail(request_error::too_many_subscriptions);
  subscription one;
  one.socket = from->socket;
  one.how = form::numbered;
  one.number = connections_[from->socket].next_number++;
  one.is_of_session = is_of_session;
  one.unit = from->unit;
  one.key = from->key;
  std::string answer;
  binance::add(answer, R"({"subscriptionId":)", one.number, "}");
  from->done(200, std::move(answer)); // before its first event
  add(std::move(one));
}

void user_data::unsubscribe(const request_ptr& from) {
  const auto number = from->params.maybe_whole("subscriptionId", 0, INT64_MAX);
  if (!from->params.done()) return from->fail(from->params.why());
  const auto is_it = [&](const subscription& one) {
    return one.socket == from->socket && one.how == form::numbered &&
           (!number || one.number == *number);
  };
  if (end(is_it, terminated) == 0 && number)
    return from->fail({request_error::value_invalid, {}, "subscriptionId"});
  from->done(200, "{}");
}

void user_data::list(const request_ptr& from) {
  if (!from->params.done()) return from->fail(from->params.why());
  std::vector<std::int64_t> numbers;
  for (const auto& [account, its] : accounts_)
    for (const auto& one : its.subscribers)
      if (one.socket == from->socket && one.how == form::numbered) numbers.push_back(one.number);
  std::sort(numbers.begin(), numbers.end());
  std::string out;
  add_list(out, numbers,
           [&](std::int64_t number) { binance::add(out, R"({"subscriptionId":)", number, "}"); });
  from->done(200, std::move(out));
}

} // namespace rialto::net::binance

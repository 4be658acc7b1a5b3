#include "tests/simulation/stream_desk.hpp"

#include "net/api/order_json.hpp"

namespace rialto::simulation {

void stream_desk::publish(const std::vector<publication>& news) {
  for (const auto& one : news) std::visit([this](const auto& held) { take(held); }, one);
}

/// As market_data_actor does.
void stream_desk::take(const market_publication& news) {
  auto& face = faces_[news.market];
  if (!face) {
    if (!news.spec) return;
    face = std::make_unique<actors::market_face>(*news.spec, sequence_base_);
  }
  if (news.last_update != 0 && !news.is_snapshot && !face->follows(news.first_update))
    ask_({0, news.market, market_command{republish{}}, {}}, {});
  for (const auto& message : face->apply(news))
    for (const auto& [client, one] : subscriptions_)
      if (one.wish.channel == message.channel && message.sequence > one.sent) one.to(message.bytes);
}

void stream_desk::take(const account_publication& news) {
  if (!feed_.is_watched(news.account)) return;
  if (!news.order && news.balances.empty() && !news.fired) {
    if (feed_.stands_at(news.account, news.event_number)) return;
    for (auto& [client, one] : subscriptions_)
      if (one.is_live && one.wish.account == news.account) {
        one.is_live = false;
        ask_snapshot(client, one.wish);
      }
    return;
  }
  const auto messages = net::messages_of(news, *markets_);
  feed_.add(news.account, news.event_number, messages);
  for (const auto& message : messages)
    for (const auto& [client, one] : subscriptions_)
      if (one.is_live && one.wish.account == news.account &&
          one.wish.channel == net::to_text(message.channel))
        one.to(message.text);
}

actors::market_face* stream_desk::face_of(std::string_view channel) {
  const auto* entry = markets_->find(channel.substr(channel.find('.') + 1));
  const auto at = entry == nullptr ? faces_.end() : faces_.find(entry->spec.market);
  return at == faces_.end() ? nullptr : at->second.get();
}

bool stream_desk::subscribe(std::uint64_t client, const stream_wish& wish, const sink& to) {
  auto& made = subscriptions_[client];
  made = {wish, to};
  const auto own = net::parse_private_channel(wish.channel);
  return own ? open_private(client, made, *own) : open_public(made);
}

/// As stream_hub::subscribe_public does.
bool stream_desk::open_public(subscription& made) {
  auto* const face = face_of(made.wish.channel);
  if (face == nullptr) return false; // its first publication is a snapshot
  if (made.wish.resume_from) {
    if (auto missed = face->since(made.wish.channel, *made.wish.resume_from)) {
      if (broken_ == broken_rule::resume_skips_one && !missed->empty())
        missed->erase(missed->begin());
      made.sent = *made.wish.resume_from;
      for (const auto& message : *missed) {
        made.to(message.bytes);
        made.sent = message.sequence;
      }
      return true;
    }
  }
  const auto snapshot = face->book_snapshot();
  made.sent = snapshot.sequence;
  made.to(snapshot.bytes);
  return false;
}

/// As stream_hub::subscribe_private and go_live do.
bool stream_desk::open_private(std::uint64_t client, subscription& made,
                               net::private_channel channel) {
  const auto account = made.wish.account;
  feed_.watch(account);
  if (made.wish.resume_from) {
    if (const auto missed = feed_.since(account, channel, *made.wish.resume_from)) {
      for (const auto& message : *missed) made.to(message.text);
      made.is_live = true;
      return true;
    }
  }
  ask_snapshot(client, made.wish);
  return false;
}

void stream_desk::ask_snapshot(std::uint64_t client, const stream_wish& wish) {
  const auto account = wish.account;
  const auto channel = *net::parse_private_channel(wish.channel);
  account_command command{get_balances{}, {}};
  if (channel == net::private_channel::orders) command.body = get_orders{};
  ask_({0, account, command, {}}, [this, client, account, channel](actors::answer& came) {
    const auto at = subscriptions_.find(client);
    if (at == subscriptions_.end() || at->second.is_live) return;
    std::string data;
    if (const auto* orders = std::get_if<orders_view>(&came.result))
      data = net::orders_json(orders->orders, *markets_);
    if (const auto* balances = std::get_if<balances_view>(&came.result))
      data = net::balances_json(balances->balances);
    if (came.how != actors::delivery::done || data.empty()) data = "null"; // it comes again
    at->second.is_live = data != "null";
    at->second.to(std::make_shared<const std::string>(
      net::private_snapshot(channel, feed_.last(account), data)));
  });
}

} // namespace rialto::simulation

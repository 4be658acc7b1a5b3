// Subscribing: public channels from the markets' faces, private ones from the account and its ring.
#include "net/api/guard_json.hpp"
#include "net/api/money_json.hpp"
#include "net/api/order_json.hpp"
#include "net/api/stream.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace rialto::net {

namespace {

constexpr std::size_t channels_a_message = 100, channel_bytes_max = 64;

bool is_in(const std::vector<std::string>& list, std::string_view one) {
  return std::find(list.begin(), list.end(), one) != list.end();
}

} // namespace

std::vector<std::string> stream_hub::take_channels(const peer& from, json_object& body) {
  std::vector<std::string> channels;
  if (const auto one = body.maybe_text("channel", channel_bytes_max)) channels.emplace_back(*one);
  for (const auto one : body.maybe_texts("channels", channels_a_message)) {
    if (one.size() > channel_bytes_max) body.refuse("channels", "has a name that is too long");
    if (!is_in(channels, one)) channels.emplace_back(one);
  }
  if (channels.empty())
    body.fail({request_error::missing_field, "channel or channels is required", "channels"});
  for (const auto& channel : channels) {
    if (!body.ok()) break;
    if (parse_private_channel(channel)) {
      if (!is_known(from))
        body.fail(
          {request_error::unauthenticated, channel + " needs authenticate first", "channels"});
    } else if (!desk_.gate().channel_snapshot(channel)) {
      body.fail({request_error::channel_not_found,
                 "channels are book.SYMBOL, trades.SYMBOL, ticker.SYMBOL, candles.INTERVAL.SYMBOL, "
                 "orders, executions, balances, guards",
                 "channels"});
    }
  }
  return channels;
}

void stream_hub::subscribe(peer& from, const ticket& to, json_object& body) {
  const auto resume = body.maybe_integer("resume_from", 0, INT64_MAX);
  const auto channels = take_channels(from, body);
  if (resume && channels.size() > 1) body.refuse("resume_from", "goes with one channel only");
  if (!body.done()) return refuse(to, body.why());
  std::size_t count = from.channels.size();
  for (const auto& one : from.privates) count += one.is_on ? 1 : 0;
  for (const auto& channel : channels) { // one that is there already starts anew
    const auto own = parse_private_channel(channel);
    const bool is_there =
      own ? from.privates[static_cast<std::size_t>(*own)].is_on : is_in(from.channels, channel);
    count += is_there ? 0 : 1;
  }
  if (count > desk_.settings().subscriptions_max)
    return refuse(to, {request_error::too_many_subscriptions,
                       fmt::format("at most {} a connection", desk_.settings().subscriptions_max),
                       "channels"});
  std::optional<std::uint64_t> resume_from;
  if (resume) resume_from = static_cast<std::uint64_t>(*resume);
  std::string result;
  std::vector<std::shared_ptr<const std::string>> first; // after the answer, before anything live
  std::vector<private_channel> snapshots;
  for (const auto& channel : channels) {
    bool resumed = false;
    std::uint64_t sequence = 0;
    if (const auto own = parse_private_channel(channel)) {
      bool needs_snapshot = false;
      resumed = subscribe_private(from, *own, resume_from, first, needs_snapshot);
      if (needs_snapshot) snapshots.push_back(*own);
      sequence = feed_.last(from.account);
    } else {
      resumed = subscribe_public(from, channel, resume_from, first, sequence);
    }
    fmt::format_to(std::back_inserter(result), R"({}{{"channel":{},"seq":{},"resumed":{}}})",
                   result.empty() ? "" : ",", json_text(channel), sequence, resumed);
  }
  const auto id = from.id;
  const auto account = from.account;
  answer(to, fmt::format(R"({{"subscribed":[{}]}})", result));
  for (const auto& text : first) port_.send(id, text, 0, false);
  for (const auto channel : snapshots) send_snapshot(id, account, channel);
}

bool stream_hub::subscribe_public(peer& from, const std::string& channel,
                                  std::optional<std::uint64_t> resume_from,
                                  std::vector<std::shared_ptr<const std::string>>& out,
                                  std::uint64_t& sequence) {
  // A second subscription starts the channel anew.
  drop_public(from.id, channel);
  if (!is_in(from.channels, channel)) from.channels.push_back(channel);
  bool resumed = false;
  if (resume_from) {
    if (const auto missed = desk_.gate().channel_since(channel, *resume_from)) {
      resumed = true;
      sequence = *resume_from;
      for (const auto& message : *missed) {
        out.push_back(message.bytes);
        sequence = message.sequence;
      }
    }
  }
  if (!resumed) {
    if (const auto snapshot = desk_.gate().channel_snapshot(channel)) {
      sequence = snapshot->sequence;
      out.push_back(snapshot->bytes);
    }
  }
  subscribers_[channel].push_back({from.id, sequence});
  return resumed;
}

bool stream_hub::subscribe_private(peer& from, private_channel channel,
                                   std::optional<std::uint64_t> resume_from,
                                   std::vector<std::shared_ptr<const std::string>>& out,
                                   bool& needs_snapshot) {
  feed_.watch(from.account);
  auto& own = from.privates[static_cast<std::size_t>(channel)];
  own = {true, false};
  if (resume_from) {
    if (const auto missed = feed_.since(from.account, channel, *resume_from)) {
      for (const auto& message : *missed) out.push_back(message.text);
      own.is_live = true;
      return true;
    }
  }
  needs_snapshot = true;
  return false;
}

void stream_hub::send_snapshot(web_socket_id id, account_id account, private_channel channel) {
  if (channel == private_channel::executions) return go_live(id, account, channel, "[]");
  auto command = desk_.to_account(get_balances{});
  if (channel == private_channel::orders) command.body = get_orders{};
  if (channel == private_channel::guards) command.body = get_guards{};
  if (channel == private_channel::positions) command.body = get_positions{};
  desk_.ask(account, command, [this, id, account, channel](actors::answer& came) {
    if (const auto* view = std::get_if<orders_view>(&came.result);
        view != nullptr && came.how == actors::delivery::done)
      return go_live(id, account, channel, orders_json(view->orders, *desk_.gate().markets()));
    if (const auto* view = std::get_if<balances_view>(&came.result);
        view != nullptr && came.how == actors::delivery::done)
      return go_live(id, account, channel, balances_json(view->balances));
    if (const auto* view = std::get_if<positions_view>(&came.result);
        view != nullptr && came.how == actors::delivery::done)
      return go_live(id, account, channel,
                     positions_json(view->positions, *desk_.gate().markets()));
    if (const auto* view = std::get_if<guards_view>(&came.result);
        view != nullptr && came.how == actors::delivery::done)
      return go_live(id, account, channel, guards_json(view->guards, *desk_.gate().markets()));
    auto* one = find(id);
    if (one == nullptr || one->account != account) return;
    one->privates[static_cast<std::size_t>(channel)] = {};
    const auto why = came.how == actors::delivery::done ? failure{reject_reason::unknown_account}
                                                        : failure{problem_of(came.how)};
    send(id,
         fmt::format(R"({{"channel":"{}","error":{}}})", to_text(channel), problem_json(why, "")));
  });
}

void stream_hub::go_live(web_socket_id id, account_id account, private_channel channel,
                         const std::string& data) {
  auto* one = find(id);
  if (one == nullptr || one->account != account || !is_known(*one)) return;
  auto& own = one->privates[static_cast<std::size_t>(channel)];
  if (!own.is_on || own.is_live) return;
  // Answers come before the publications of the same commit, so everything up to last() is in it.
  own.is_live = true;
  send(id, private_snapshot(channel, feed_.last(account), data));
}

/// A mark: whoever listens has missed something gets a fresh snapshot.
void stream_hub::catch_up(account_id account, std::uint64_t sequence) {
  const auto at = owners_.find(account);
  if (feed_.stands_at(account, sequence) || at == owners_.end()) return;
  for (const auto id : std::vector(at->second)) {
    auto* one = find(id);
    if (one == nullptr || !is_known(*one)) continue;
    for (const auto channel : private_channel_all) {
      auto& own = one->privates[static_cast<std::size_t>(channel)];
      if (!own.is_live) continue; // its snapshot comes
      own.is_live = false;
      send_snapshot(id, account, channel);
    }
  }
}

void stream_hub::unsubscribe(peer& from, const ticket& to, json_object& body) {
  const auto channels = take_channels(from, body);
  if (!body.done()) return refuse(to, body.why());
  std::string result;
  for (const auto& channel : channels) {
    if (const auto own = parse_private_channel(channel)) {
      from.privates[static_cast<std::size_t>(*own)] = {};
    } else {
      drop_public(from.id, channel);
      std::erase(from.channels, channel);
    }
    result += (result.empty() ? "" : ",") + json_text(channel);
  }
  answer(to, fmt::format(R"({{"unsubscribed":[{}]}})", result));
}

void stream_hub::drop_public(web_socket_id id, const std::string& channel) {
  const auto at = subscribers_.find(channel);
  if (at == subscribers_.end()) return;
  std::erase_if(at->second, [&](const subscriber& one) { return one.id == id; });
  if (at->second.empty()) subscribers_.erase(at);
}

} // namespace rialto::net

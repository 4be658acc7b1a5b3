#include "net/api/private_feed.hpp"

#include "net/api/guard_json.hpp"
#include "net/api/money_json.hpp"
#include "net/api/order_json.hpp"

#include <fmt/format.h>

namespace rialto::net {

namespace {

constexpr std::size_t message_overhead = 96; // of the deque and the shared text

std::shared_ptr<const std::string> wrap(private_channel channel, std::uint64_t sequence,
                                        std::string_view data) {
  return std::make_shared<const std::string>(
    fmt::format(R"({{"channel":"{}","seq":{},"data":{}}})", to_text(channel), sequence, data));
}

} // namespace

std::string_view to_text(private_channel channel) {
  switch (channel) {
  case private_channel::orders: return "orders";
  case private_channel::executions: return "executions";
  case private_channel::balances: return "balances";
  case private_channel::positions: return "positions";
  case private_channel::guards: return "guards";
  }
  return "";
}

std::optional<private_channel> parse_private_channel(std::string_view text) {
  for (const auto one : private_channel_all)
    if (to_text(one) == text) return one;
  return {};
}

std::vector<private_message> messages_of(const account_publication& news,
                                         const actors::directory& markets) {
  std::vector<private_message> out;
  const auto add = [&](private_channel channel, std::string_view data) {
    out.push_back({news.event_number, channel, wrap(channel, news.event_number, data)});
  };
  if (news.order) {
    add(private_channel::orders, order_json(*news.order, markets));
    const auto& order = *news.order;
    const auto* entry = markets.find(order.market);
    for (const auto& fill : order.fills) {
      if (entry == nullptr) continue;
      const auto& spec = entry->spec;
      const storage::execution_row row{news.event_number,
                                       news.account,
                                       order.id,
                                       order.market,
                                       order.way,
                                       fill,
                                       order.way == side::buy ? spec.base : spec.quote};
      add(private_channel::executions, execution_json(row, markets));
    }
  }
  if (!news.balances.empty()) add(private_channel::balances, balances_json(news.balances));
  if (news.position) add(private_channel::positions, positions_json({*news.position}, markets));
  if (news.fired) add(private_channel::guards, fired_json(*news.fired, markets));
  return out;
}

std::string private_snapshot(private_channel channel, std::uint64_t sequence,
                             std::string_view data) {
  return fmt::format(R"({{"channel":"{}","seq":{},"snapshot":true,"data":{}}})", to_text(channel),
                     sequence, data);
}

void private_feed::watch(account_id account) {
  if (is_watched(account)) return;
  rings_.put(account, std::make_shared<ring>());
  if (rings_.size() <= accounts_max) return;
  bytes_ -= rings_.oldest()->bytes;
  rings_.pop_oldest();
}

void private_feed::drop_front(ring& one) {
  const auto bytes = one.kept.front().text->size() + message_overhead;
  one.floor = one.kept.front().sequence + 1;
  one.bytes -= bytes;
  bytes_ -= bytes;
  one.kept.pop_front();
}

void private_feed::add(account_id account, std::uint64_t sequence,
                       const std::vector<private_message>& messages) {
  const auto* found = rings_.find(account);
  if (found == nullptr) return;
  auto& one = **found;
  if (one.floor == UINT64_MAX) one.floor = sequence;
  one.last = sequence;
  for (const auto& message : messages) {
    const auto bytes = message.text->size() + message_overhead;
    one.kept.push_back(message);
    one.bytes += bytes;
    bytes_ += bytes;
  }
  while (one.kept.size() > messages_max_) drop_front(one);
  while (bytes_ > bytes_max && rings_.size() > 1) { // F2; this ring is the newest
    bytes_ -= rings_.oldest()->bytes;
    rings_.pop_oldest();
  }
}

bool private_feed::stands_at(account_id account, std::uint64_t sequence) {
  const auto* found = rings_.find(account);
  if (found == nullptr || (*found)->last == sequence) return true;
  auto& one = **found;
  bytes_ -= one.bytes;
  one = {.floor = sequence + 1, .last = sequence, .kept = {}};
  return false;
}

void private_feed::forget() {
  rings_.clear();
  bytes_ = 0;
}

std::uint64_t private_feed::last(account_id account) {
  const auto* found = rings_.find(account);
  return found == nullptr ? 0 : (*found)->last;
}

std::optional<std::vector<private_message>>
private_feed::since(account_id account, private_channel channel, std::uint64_t sequence) {
  const auto* found = rings_.find(account);
  if (found == nullptr) return {};
  const auto& one = **found;
  if (sequence < one.floor || sequence > one.last) return {};
  std::vector<private_message> out;
  std::size_t of_that_number = 0;
  for (const auto& message : one.kept)
    if (message.sequence >= sequence && message.channel == channel) {
      out.push_back(message);
      of_that_number += message.sequence == sequence ? 1 : 0;
    }
  if (of_that_number == 1) out.erase(out.begin()); // who has that number has all of it
  return out;
}

} // namespace rialto::net

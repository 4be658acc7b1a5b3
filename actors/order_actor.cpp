#include "actors/order_actor.hpp"

#include <algorithm>
#include <chrono>

namespace rialto::actors {

namespace {

/// The same command about this very order; anything else is none of an order's.
bool aim(entity_command& command, order_id id) {
  auto* const to_account = std::get_if<account_command>(&command);
  if (to_account == nullptr) return false;
  if (auto* const one = std::get_if<amend>(&to_account->body))
    one->id = id;
  else if (auto* const one = std::get_if<cancel>(&to_account->body))
    one->id = id;
  else if (auto* const one = std::get_if<get_order>(&to_account->body))
    one->id = id;
  else
    return false;
  return true;
}

} // namespace

order_actor::order_actor(caf::actor_config& config, runtime::actor_surroundings around, order_id id,
                         entity_id account, entity_id above, const caf::actor& parent,
                         caf::actor shard, std::shared_ptr<watched_orders> watched,
                         std::int64_t idle_ns)
    : tracked_actor(config, around, "order", to_string(entity_id(id)), to_string(above)), id_(id),
      account_(account), shard_(std::move(shard)), watched_(std::move(watched)), idle_ns_(idle_ns),
      used_at_(now()) {
  watched_->add(id_);
  monitor(parent);
  set_down_handler([this](const caf::down_msg&) { quit(); });
}

caf::behavior order_actor::behave() {
  // What the order is like now comes as an answer, behind everything it rests on; changes come as news.
  auto ask = std::make_shared<std::vector<actors::request>>();
  ask->push_back({order_token_bit | id_.value, account_, account_command{get_order{id_}, {}}, {}});
  send(shard_, request_batch{std::move(ask)});
  delayed_send(this, std::chrono::nanoseconds(idle_ns_), tick{});
  return {
    [this](const request_batch& batch) { pass_on(batch); },
    [this](const order_news& news) { take(*news.order); },
    [this](get_order_state) {
      used_at_ = now();
      return state_;
    },
    [this](tick) {
      const auto left_ns = used_at_.value + idle_ns_ - now().value;
      if (left_ns <= 0) return quit();
      delayed_send(this, std::chrono::nanoseconds(std::max<std::int64_t>(left_ns, 1'000'000)),
                   tick{});
    },
  };
}

/// Its account decides and answers; an order is only where one asks.
void order_actor::pass_on(const request_batch& batch) {
  used_at_ = now();
  auto onward = std::make_shared<std::vector<actors::request>>();
  for (auto& one : *batch.requests) {
    auto& sent = onward->emplace_back(std::move(one));
    // Of no kind: the shard answers that there is no such entity.
    sent.to = aim(sent.command, id_) ? account_ : entity_id{};
  }
  send(shard_, request_batch{std::move(onward)});
}

void order_actor::take(const order_view& news) {
  const bool is_known = news.account.value != 0;
  if (is_known) {
    state_.order = std::make_shared<order_view>(news);
    ++state_.news;
  }
  if (!is_known || is_final(news.status)) quit(); // no working order any more
}

void order_actor::on_exit() {
  watched_->remove(id_);
  shard_ = nullptr;
  tracked_actor::on_exit();
}

} // namespace rialto::actors

#include "actors/durable_router.hpp"

#include <map>

namespace rialto::actors {

void durable_router::connect_shard(caf::actor shard) {
  const std::lock_guard hold(lock_);
  shard_ = std::move(shard);
}

void durable_router::connect_hub(caf::actor hub) {
  const std::lock_guard hold(lock_);
  hub_ = std::move(hub);
}

void durable_router::connect_edge(edge* out) {
  const std::lock_guard hold(edge_lock_);
  edge_ = out;
}

void durable_router::deliver(std::shared_ptr<release> what) {
  const std::lock_guard hold(edge_lock_);
  if (edge_ != nullptr) edge_->deliver(std::move(what));
}

void durable_router::news_lost() {
  const std::lock_guard hold(edge_lock_);
  if (edge_ != nullptr) edge_->news_lost();
}

void durable_router::watch(std::shared_ptr<watched_orders> orders) {
  const std::lock_guard hold(lock_);
  watched_ = std::move(orders);
}

/// Takes out the answers to orders' actors and copies for them what the owner's stream is told.
void durable_router::tell_orders(release& out) {
  const auto tell = [this](const order_view& order) {
    caf::anon_send(shard_, order_news{std::make_shared<order_view>(order)});
  };
  std::erase_if(out.answers, [&](answer& one) {
    if ((one.token & order_token_bit) == 0) return false;
    if (const auto* const view = std::get_if<order_view>(&one.result)) {
      tell(*view);
    } else if (one.how == delivery::done) { // the account says: unknown
      order_view unknown;
      unknown.id = {one.token & ~order_token_bit};
      tell(unknown);
    }
    return true;
  });
  for (const auto& one : out.publications) {
    const auto* const news = std::get_if<account_publication>(&one);
    if (news != nullptr && news->order && watched_->contains(news->order->id)) tell(*news->order);
  }
}

void durable_router::operator()(std::vector<storage::notice>& notices) {
  auto out = std::make_shared<release>();
  std::vector<publication> all;
  std::map<storage::shard_id, storage::position> heads;
  const bool may_read = !may_read_ || may_read_();
  for (auto& one : notices) {
    const auto before = out->answers.size();
    trading_shard::release_of(one, out->answers, all);
    for (const auto& [shard, at] : one.rows) heads[shard] = std::max(heads[shard], at);
    if (may_read || !one.rows.empty()) continue;
    for (auto i = before; i < out->answers.size(); ++i) // reads: another node may know more
      out->answers[i] = {out->answers[i].token, delivery::unavailable, {}};
  }
  std::vector<market_publication> news;
  for (auto& one : all) {
    if (auto* market = std::get_if<market_publication>(&one))
      news.push_back(std::move(*market));
    else
      out->publications.push_back(std::move(one));
  }
  // Before anybody hears of it: who then asks for a list sees it there.
  for (const auto& [shard, at] : heads) head_moved_(shard, at);
  const std::lock_guard hold(lock_);
  if (shard_ && watched_ && !watched_->is_empty()) tell_orders(*out);
  if (far_) far_(*out, news, rows(heads.begin(), heads.end()));
  if (hub_ && news_->put(news)) caf::anon_send(hub_, news_waiting{});
  if (shard_)
    caf::anon_send(
      shard_, durable_batch{std::make_shared<std::vector<storage::notice>>(std::move(notices))});
  // Last, so that what a client asks for after its answer finds what the answer promised: a user's first account is opened by a message that
  // the shard lets go with this batch.
  if (!out->answers.empty() || !out->publications.empty()) deliver(std::move(out));
}

/// Public news of a market that runs on another node.
void durable_router::show(std::vector<market_publication> news) {
  const std::lock_guard hold(lock_);
  if (hub_ && news_->put(news)) caf::anon_send(hub_, news_waiting{});
}

} // namespace rialto::actors

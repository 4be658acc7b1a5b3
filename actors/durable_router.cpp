#include "actors/durable_router.hpp"

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
  const std::lock_guard hold(lock_);
  edge_ = out;
}

void durable_router::operator()(std::vector<storage::notice>& notices) {
  auto out = std::make_shared<release>();
  std::vector<publication> all;
  storage::position head = 0;
  for (auto& one : notices) {
    trading_shard::release_of(one, out->answers, all);
    head = std::max(head, one.at);
  }
  auto news = std::make_shared<std::vector<market_publication>>();
  for (auto& one : all) {
    if (auto* market = std::get_if<market_publication>(&one))
      news->push_back(std::move(*market));
    else
      out->publications.push_back(std::move(one));
  }
  // Held while delivering: once connect_edge(nullptr) returns, the edge is not called any more.
  const std::lock_guard hold(lock_);
  if (edge_ != nullptr && (!out->answers.empty() || !out->publications.empty()))
    edge_->deliver(std::move(out));
  if (hub_ && !news->empty()) caf::anon_send(hub_, market_news{std::move(news)});
  if (shard_)
    caf::anon_send(
      shard_, durable_batch{std::make_shared<std::vector<storage::notice>>(std::move(notices))});
  if (head != 0) head_moved_(head);
}

} // namespace rialto::actors

// actors/durable_router.hpp: runs on the lane's thread after every commit and sends each thing where it waits.
//
// The room: answers, users' streams and the directory's news go to the edge in one post; market news to the market data hub; the notices
// themselves to the shard, which takes acknowledgements and index positions from them. Nothing else sees effects before they are durable.
#pragma once

#include "actors/market_news_box.hpp"
#include "actors/messages.hpp"
#include "actors/order_actor.hpp"
#include "actors/world.hpp"

#include <functional>
#include <mutex>

namespace rialto::actors {

class durable_router {
public:
  /// Called with the journal's new head after a commit; must be cheap.
  explicit durable_router(std::function<void(storage::position)> head_moved)
      : head_moved_(std::move(head_moved)) {}

  void connect_shard(caf::actor shard);
  void connect_hub(caf::actor hub);
  /// What the hub takes when it hears news_waiting.
  [[nodiscard]] std::shared_ptr<market_news_box> news() const { return news_; }
  /// nullptr while there is none: answers are then dropped (nobody waits for them).
  void connect_edge(edge* out);
  /// Orders whose actors are told of every change, through the shard's actor.
  void watch(std::shared_ptr<watched_orders> orders);
  /// The lane's durable handler.
  void operator()(std::vector<storage::notice>& notices);

private:
  void tell_orders(release& out);

  std::function<void(storage::position)> head_moved_;
  std::shared_ptr<market_news_box> news_ = std::make_shared<market_news_box>();
  std::mutex lock_;
  caf::actor shard_, hub_;
  edge* edge_ = nullptr;
  std::shared_ptr<watched_orders> watched_;
};

} // namespace rialto::actors

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
  /// Called with the new head of each shard that a commit has written to; must be cheap.
  using head_handler = std::function<void(storage::shard_id, storage::position)>;
  explicit durable_router(head_handler head_moved) : head_moved_(std::move(head_moved)) {}

  using rows = std::vector<std::pair<storage::shard_id, storage::position>>;
  /// Takes out the answers of other nodes and shows them the news; may take out what must not be shown here yet.
  using far_release = std::function<void(release&, std::vector<market_publication>&, const rows&)>;
  /// A node whose lease is in doubt may answer what the journal has just confirmed, and nothing else.
  void guard_reads(std::function<bool()> may_leave) { may_read_ = std::move(may_leave); }

  void connect_shard(caf::actor shard);
  void connect_hub(caf::actor hub);
  /// What the hub takes when it hears news_waiting.
  [[nodiscard]] std::shared_ptr<market_news_box> news() const { return news_; }
  /// nullptr while there is none: answers are then dropped (nobody waits for them). Once it returns, the former one is not called any more.
  void connect_edge(edge* out);
  /// To this node's edge; from any thread.
  void deliver(std::shared_ptr<release> what);
  void news_lost();
  /// To this node's market data hub: news of markets that run elsewhere.
  void show(std::vector<market_publication> news);
  /// Other nodes; before the first commit.
  void connect_far(far_release far) { far_ = std::move(far); }
  /// Orders whose actors are told of every change, through the shard's actor.
  void watch(std::shared_ptr<watched_orders> orders);
  /// The lane's durable handler.
  void operator()(std::vector<storage::notice>& notices);

private:
  void tell_orders(release& out);

  head_handler head_moved_;
  far_release far_;
  std::function<bool()> may_read_;
  std::shared_ptr<market_news_box> news_ = std::make_shared<market_news_box>();
  std::mutex lock_;
  caf::actor shard_, hub_;
  std::mutex edge_lock_; // innermost
  edge* edge_ = nullptr;
  std::shared_ptr<watched_orders> watched_;
};

} // namespace rialto::actors

// app/node_cluster.hpp: a node's part in a cluster: joins membership (runtime/cluster_driver), links (runtime/mesh) and mail
// (actors/cluster/mail) to this node's shards, edge and market data.
//
// The room: wiring; decides nothing. Callbacks come on threads of the driver, the links, the lane and the actors, and each only posts.
//
//   N1  no shard is opened before attach(): its actor is there then
//   N2  after leave() or a lost lease nothing is served here; a process that must not live on under its name ends (on_left)
#pragma once

#include "actors/cluster/child_news.hpp"
#include "actors/cluster/mail.hpp"
#include "actors/cluster/questions.hpp"
#include "actors/durable_router.hpp"
#include "actors/feed_actor.hpp"
#include "actors/public_faces.hpp"
#include "runtime/cluster_driver.hpp"
#include "runtime/mesh/mesh.hpp"
#include "runtime/projection_thread.hpp"
#include "runtime/settings_list.hpp"
#include "runtime/worker_pool.hpp"

#include <condition_variable>
#include <set>
#include <thread>

namespace rialto::app {

/// What of the settings concerns the cluster. Throws std::runtime_error that names a setting and its rule.
[[nodiscard]] runtime::cluster_options cluster_options_of(const runtime::node_settings& settings);
[[nodiscard]] runtime::mesh_options mesh_options_of(const runtime::node_settings& settings);

class node_cluster final : public runtime::cluster_host, public actors::shard_outside {
public:
  /// Listens for other nodes and joins the cluster; returns when the number of its shards is known. Throws std::runtime_error when that does not come
  /// about within 60 s.
  node_cluster(const runtime::node_settings& settings, caf::actor_system& system,
               runtime::actor_surroundings around);
  ~node_cluster() override;

  struct parts {
    actors::durable_router& router;
    actors::public_faces& faces;
    runtime::projection_thread& lists;
    std::function<caf::actor()> shards; // invalid: not now
    storage::tape_store& tape;
    actors::edge& out;
    bool has_feed = false; // the settings name one
  };
  /// From now on shards may come.
  void attach(parts to);
  /// Requests of this node's edge.
  void submit(std::vector<actors::request> requests) { mail_->submit(std::move(requests)); }
  /// Hands all shards over; true when that is done within the time. Requests of this node's edge go on.
  bool drain(std::chrono::seconds within);
  /// Behind a drain, when nothing is asked here any more: out of the cluster, in order.
  void leave();
  /// Ends links and membership.
  void stop();

  [[nodiscard]] storage::shard_id shard_count() const { return driver_->shard_count(); }
  [[nodiscard]] bool leads() const { return driver_->status().leads; }
  /// One node follows the feed: the owner of the feed's shard, so whoever takes that over takes it up as well.
  [[nodiscard]] bool has_feed() const { return feed_route().is_here; }
  [[nodiscard]] storage::epoch epoch_of(entity_id id) const {
    return driver_->route_of(storage::shard_of(id, shard_count())).at_epoch;
  }
  [[nodiscard]] runtime::cluster::shard_route feed_route() const {
    return driver_->route_of(storage::feed_shard(shard_count()));
  }
  /// The others send it what the public sees.
  [[nodiscard]] bool shows_markets() const { return (roles_ & roles_that_show) != 0; }
  [[nodiscard]] bool has_left() const { return has_left_; }
  [[nodiscard]] runtime::cluster_driver& driver() { return *driver_; }
  [[nodiscard]] runtime::mesh& links() { return *mesh_; }
  [[nodiscard]] const actors::mail_statistics& mail() const { return mail_->statistics(); }
  /// Called once, on a thread of the driver, when this node has no shard any more and may leave.
  std::function<void()> on_emptied;
  [[nodiscard]] const actors::tape_relay_statistics& tape() const { return tape_->statistics(); }
  /// No trades of this market are on their way from another node's tape.
  [[nodiscard]] bool is_whole(market_id market) const {
    return !is_attached_ || tape_->is_whole(market);
  }
  [[nodiscard]] bool owns(market_id market) const {
    return driver_->route_of(storage::shard_of(market, shard_count())).is_here;
  }
  /// What this node's feed says of its markets, for all nodes.
  void beat(const std::vector<actors::feed_context::market_state>& states);
  /// Past candles that this node's feed learned, for all nodes.
  void share_candles(market_id market, const std::vector<candle>& closed) {
    if (is_attached_) mail_->share_candles(market, closed);
  }
  /// Markets whose mirror this node's feed must lay in anew.
  [[nodiscard]] std::vector<market_id> take_wanted_mirrors();
  /// Called once, on a thread of the driver, when this process is out of the cluster.
  std::function<void(runtime::leave_reason)> on_left;
  /// Who answers tools, and other nodes for this one alone, on a thread each; until stop(). What other nodes ask waits for no node.
  using answerer = std::function<std::string(std::string_view question, std::string_view who)>;
  void answer_questions(answerer to_tools, answerer to_nodes);
  /// Questions to other nodes.
  [[nodiscard]] actors::cluster_questions& questions() { return questions_; }

  /// What parents here know of their children; null before attach().
  [[nodiscard]] const actors::child_news* children() const { return children_.get(); }
  /// Its name; empty: nobody alive.
  [[nodiscard]] std::string name_of(runtime::cluster::incarnation id);

  // ---- shard_outside, from the shards' actor
  void send(std::vector<runtime::envelope<actors::trading_world>> messages) override;
  void acknowledge(std::vector<actors::link_receipt> receipts) override;
  void pass_on(std::vector<actors::request> requests) override;
  void children_changed(std::vector<actors::child_change> all) override { children_->changed(all); }
  void opened(storage::shard_id shard, runtime::cluster::turn_number turn) override;
  void open_failed(storage::shard_id shard, runtime::cluster::turn_number turn,
                   storage::epoch journal_epoch) override;
  void drained(storage::shard_id shard, runtime::cluster::turn_number turn) override;
  void fenced(storage::shard_id shard, storage::epoch at_epoch,
              storage::epoch journal_epoch) override;

private:
  // ---- cluster_host, from the driver
  void joined(runtime::cluster::incarnation me) override;
  void open_shard(runtime::cluster::shard_id shard, storage::epoch at_epoch,
                  runtime::cluster::turn_number turn) override;
  void stop_shard(runtime::cluster::shard_id shard, runtime::cluster::turn_number turn) override;
  void resume_shard(runtime::cluster::shard_id shard, runtime::cluster::turn_number turn) override;
  void drop_shard(runtime::cluster::shard_id shard) override;
  void lease_changed(runtime::cluster::own_lease to) override;
  void peers_changed(const std::vector<runtime::cluster_peer>& peers) override;
  void emptied() override;
  void left(runtime::leave_reason why, const std::string& detail) override;

  template <class Message>
  void to_shards(Message what);
  void link_peers(const std::vector<runtime::cluster_peer>& peers);
  void link_changed(runtime::cluster::incarnation who, runtime::link_state now);
  void show_own_markets();
  [[nodiscard]] actors::child_news_surroundings child_surroundings();
  void answer_tool(const std::string& question, const std::function<void(std::string)>& answer);
  void answer_node(runtime::cluster::incarnation from, actors::protocol::question_frame frame);
  void keep_mail();
  actors::mail_surroundings surroundings_of_mail();
  void watch_tapes();
  void watch_feed();

  /// An edge for its clients, a feed to know what it feeds.
  static constexpr runtime::cluster::role_set roles_that_show =
    runtime::cluster::role_edge | runtime::cluster::role_market_data;

  runtime::node_clock& clock_;
  runtime::cluster::role_set roles_ = 0;
  std::unique_ptr<parts> parts_; // as mail_, null before attach()
  std::unique_ptr<actors::tape_relay> tape_;
  std::unique_ptr<actors::feed_watch> feed_;
  std::unique_ptr<actors::cluster_mail> mail_;
  std::unique_ptr<actors::child_news> children_;
  std::atomic<bool> is_attached_{false}, is_empty_{false}, has_left_{false};
  std::vector<runtime::cluster_peer> peers_; // under lock_
  std::unique_ptr<runtime::mesh> mesh_;
  std::unique_ptr<runtime::cluster_driver> driver_;
  std::mutex lock_;
  std::condition_variable wake_;
  bool is_stopping_ = false;
  answerer to_tools_, to_nodes_; // under lock_
  static constexpr std::size_t questions_max = 16;
  actors::cluster_questions questions_;
  // Two: nodes that wait for one another's answers must not wait for one another's threads.
  runtime::worker_pool tools_{"inspect", 1, questions_max, runtime::when_stopped::drop_waiting};
  std::set<market_id> wanted_mirrors_; // under lock_
  // Reads and writes of the tape; an answer may wait for news that are on their way to it.
  runtime::worker_pool tape_work_{"tape", 2, 256, runtime::when_stopped::drop_waiting};
  runtime::worker_pool replies_{"inspect-reply", 1, questions_max,
                                runtime::when_stopped::drop_waiting};
  std::thread keeper_; // of the mail's time
};

} // namespace rialto::app

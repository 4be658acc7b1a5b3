// tests/actors/running_shard.hpp: a shard as it runs in a node: its actors on CAF's threads, a journal on disk, a lane's thread; on demand the
// market data actors and a feed. No edge: the test is it.
#pragma once

#include "actors/feed_actor.hpp"
#include "actors/market_data.hpp"
#include "actors/shard_actor.hpp"
#include "tests/storage/temporary_directory.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>

namespace rialto::actors {

class running_shard final : public edge {
public:
  using directory = std::shared_ptr<storage::temporary_directory>;

  /// `in`: where another has stopped before it; it goes on there.
  explicit running_shard(order_supervision orders = {}, std::int64_t idle_ns = 60'000'000'000,
                         storage::position tail_rows_max = 200'000,
                         directory in = std::make_shared<storage::temporary_directory>());
  ~running_shard() override;
  void news_lost() override {} // one node misses nothing

  /// Submits one command and waits for its answer; throws after ten seconds.
  answer ask(entity_id to, entity_command command, std::vector<storage::claim> claims = {});
  /// Waits until it is so; false after ten seconds.
  bool wait_until(const std::function<bool()>& is_so);
  /// The actor of an entity or working order; invalid if there is none.
  caf::actor find(entity_id id);
  [[nodiscard]] caf::actor shard() const { return shard_; }
  /// Ends an actor as a fault in it would.
  void fail(entity_id id, const std::string& why);
  [[nodiscard]] std::optional<runtime::actor_info> row(entity_id id) const {
    return registry.find(to_string(id));
  }
  /// How often its actor was started again; 0 also while it has no row. For wait_until: between its end and its return there is no row.
  [[nodiscard]] std::uint32_t restarts(entity_id id) const {
    const auto found = row(id);
    return found ? found->restarts : 0;
  }
  [[nodiscard]] bool is_given_up(entity_id id) const {
    const auto found = row(id);
    return found && found->is_failed;
  }

  /// A market BTC/USDT with number 1 and users 1, 2... with an account of the same number and a million of each asset.
  void set_up(std::uint64_t users, market_mode mode = market_mode::own);
  /// Starts the market data actors; what subscribers are told goes to `out`, which outlives this. To be called before set_up().
  void show_markets(edge& out);
  /// Starts the feed actor, once the market shows its face.
  void start_feed(std::function<std::unique_ptr<feed_source>()> open);
  /// A limit order of account 1 that rests, at 100 - `step` x 0.01.
  order_id rest(std::uint64_t account, std::int64_t step);

  [[nodiscard]] market_terms terms() const;

  void deliver(std::shared_ptr<release> what) override;
  void broadcast(std::vector<channel_message>) override {}

  runtime::actor_registry registry;
  runtime::system_clock clock;
  shard_gauges gauges;
  feed_gauges feed;
  public_faces faces;
  /// Answers to what was submitted through the gate, not by ask(): told on the lane's thread. Their tokens begin here.
  static constexpr std::uint64_t first_own_token = 1'000'000'000;
  std::function<void(answer&)> on_answer;
  [[nodiscard]] gate& door() { return gate_; }
  [[nodiscard]] storage::journal& store() { return *store_; }
  std::chrono::milliseconds dwell{
    0}; // the lane's thread is held up so long after it delivered answers

private:
  directory directory_;
  std::unique_ptr<storage::journal> store_;
  std::unique_ptr<storage::tape_store> tape_;
  local_gate gate_;
  std::map<storage::shard_id, storage::stream_index> indexes_;
  std::atomic<bool> stopping_{false};
  durable_router router_;
  storage::thread_lane lane_;
  runtime::worker_thread loader_{"loader", 1'000};
  runtime::worker_thread saver_{"saver", 1'000};
  caf::actor_system_config config_;
  caf::actor_system system_;
  caf::actor shard_, hub_, feed_;
  std::mutex lock_;
  std::condition_variable came_;
  std::map<std::uint64_t, answer> answers_;
  std::uint64_t next_token_ = 1, next_order_ = 1;
  instrument spec_;
};

} // namespace rialto::actors

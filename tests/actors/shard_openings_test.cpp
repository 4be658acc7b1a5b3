// A shard that is lost and comes back at the epoch it had, while the lane still has appends of its earlier opening: the real actor, lane and loader on
// a journal whose appends are held back.
#include "actors/shard_actor.hpp"
#include "storage/testing/held_journal.hpp"
#include "storage/testing/simulated_journal.hpp"

#include <doctest/doctest.h>

#include <condition_variable>
#include <future>
#include <set>

using namespace rialto;
using namespace rialto::actors;

namespace {

constexpr storage::shard_id shard_count = 16;
const account_id hers{1};
const auto home = storage::shard_of(hers, shard_count);

/// The shards' actor of a cluster's node; the test is its edge and the rest of the cluster.
class node_of_shards final : public edge, public shard_outside {
public:
  node_of_shards() {
    runtime::shard_options options;
    options.shard_count = shard_count;
    const auto context = std::make_shared<shard_context>(shard_context{store,
                                                                       lane_,
                                                                       indexes_,
                                                                       loader_,
                                                                       saver_,
                                                                       gate_,
                                                                       router_,
                                                                       gauges_,
                                                                       options,
                                                                       stopping_,
                                                                       150,
                                                                       {},
                                                                       200'000,
                                                                       50,
                                                                       this});
    router_.connect_edge(this);
    shards_ =
      system_.spawn<shard_actor>(runtime::actor_surroundings{registry_, clock_}, "node", context);
    router_.connect_shard(shards_);
  }
  ~node_of_shards() override {
    store.let_go();
    stopping_ = true;
    router_.connect_edge(nullptr);
    caf::anon_send_exit(std::exchange(shards_, {}), caf::exit_reason::user_shutdown);
    system_.await_all_actors_done();
    router_.connect_shard(nullptr);
    loader_.stop();
    saver_.stop();
  }

  void open(runtime::cluster::turn_number turn) { tell(open_shard{home, 1, turn}); }
  void drop() { tell(drop_shard{home}); }
  void stop(runtime::cluster::turn_number turn) { tell(stop_shard{home, turn}); }
  void make_account() {
    auto messages = std::make_shared<std::vector<runtime::envelope<trading_world>>>();
    messages->push_back({user_id{1}, hers, 1, open_account{hers, {1}, "main"}, 0, {}});
    tell(link_batch{messages});
  }
  /// Without waiting for its answer, whose token is the amount.
  void deposit(std::uint64_t amount) {
    const transfer money{transfer_kind::deposit,
                         "USDT",
                         {static_cast<std::int64_t>(amount)},
                         "r" + std::to_string(amount)};
    auto asked = std::make_shared<std::vector<request>>();
    asked->push_back({amount, hers, account_command{money, {}}, {}});
    tell(request_batch{asked});
  }
  delivery answer_to(std::uint64_t token) {
    std::unique_lock hold(lock_);
    REQUIRE(
      came_.wait_for(hold, std::chrono::seconds(10), [&] { return answers_.contains(token); }));
    return answers_.at(token);
  }
  [[nodiscard]] bool is_opened(runtime::cluster::turn_number turn) {
    const std::lock_guard hold(lock_);
    return opened_.contains(turn);
  }
  void wait_opened(runtime::cluster::turn_number turn) {
    std::unique_lock hold(lock_);
    REQUIRE(came_.wait_for(hold, std::chrono::seconds(10), [&] { return opened_.contains(turn); }));
  }
  [[nodiscard]] bool is_drained(runtime::cluster::turn_number turn) {
    const std::lock_guard hold(lock_);
    return drained_.contains(turn);
  }
  void wait_drained(runtime::cluster::turn_number turn) {
    std::unique_lock hold(lock_);
    REQUIRE(
      came_.wait_for(hold, std::chrono::seconds(10), [&] { return drained_.contains(turn); }));
  }
  /// Whatever can be done without the lane has been done: the actor's mailbox, then its loader's queue, then what that sent back.
  void settle() {
    round_trip();
    std::promise<void> done;
    REQUIRE(loader_.post([&] { done.set_value(); }));
    done.get_future().wait();
    round_trip();
  }
  /// The sum of an account's deposits as its records say, whose numbers follow one another.
  std::int64_t deposited() {
    std::uint64_t next = 1;
    for (const auto& row : disk.rows(home)) {
      const bool is_sound = storage::each_record(
        row, [](entity_id stream) { return stream == entity_id(hers); },
        [&](const storage::record& one) {
          CHECK(one.first_event == next);
          next = one.first_event + std::max<std::uint32_t>(1, one.event_count);
        });
      CHECK(is_sound);
    }
    trading_world world;
    const auto index = storage::load_stream_index(store, home);
    const auto found = recover_entities(store, home, world, {{hers, index.positions_of(hers)}});
    REQUIRE(found[0].problem == "");
    return static_cast<const trading_entity<account>&>(*found[0].entity)
      .state()
      .balances()
      .available("USDT")
      .value;
  }

  // ---- edge
  void deliver(std::shared_ptr<release> what) override {
    const std::lock_guard hold(lock_);
    for (const auto& one : what->answers) answers_[one.token] = one.how;
    came_.notify_all();
  }
  void broadcast(std::vector<channel_message>) override {}
  void news_lost() override {}
  // ---- shard_outside
  void send(std::vector<runtime::envelope<trading_world>>) override {}
  void acknowledge(std::vector<link_receipt>) override {}
  void pass_on(std::vector<request>) override {}
  void opened(storage::shard_id, runtime::cluster::turn_number turn) override {
    const std::lock_guard hold(lock_);
    opened_.insert(turn);
    came_.notify_all();
  }
  void open_failed(storage::shard_id, runtime::cluster::turn_number, storage::epoch) override {
    FAIL("the shard is not opened");
  }
  void drained(storage::shard_id, runtime::cluster::turn_number turn) override {
    const std::lock_guard hold(lock_);
    drained_.insert(turn);
    came_.notify_all();
  }
  void fenced(storage::shard_id, storage::epoch, storage::epoch) override {}

  storage::simulated_journal disk;
  storage::held_journal store{disk};

private:
  template <class What>
  void tell(What one) {
    caf::anon_send(shards_, std::move(one));
  }
  void round_trip() {
    caf::scoped_actor self{system_};
    self->request(shards_, std::chrono::seconds(10), find_actor{hers})
      .receive([](const caf::actor&) {}, [](const caf::error& why) { FAIL(caf::to_string(why)); });
  }

  runtime::actor_registry registry_;
  runtime::system_clock clock_;
  public_faces faces_;
  shard_gauges gauges_;
  local_gate gate_{store, faces_, clock_};
  std::map<storage::shard_id, storage::stream_index> indexes_;
  std::atomic<bool> stopping_{false};
  durable_router router_{[](storage::shard_id, storage::position) {}};
  storage::thread_lane lane_{store, [this](std::vector<storage::notice>& some) { router_(some); }};
  runtime::worker_thread loader_{"loader", 1'000};
  runtime::worker_thread saver_{"saver", 1'000};
  caf::actor_system_config config_;
  caf::actor_system system_{config_};
  caf::actor shards_;
  std::mutex lock_;
  std::condition_variable came_;
  std::map<std::uint64_t, delivery> answers_;
  std::set<runtime::cluster::turn_number> opened_, drained_;
};

/// One append is held back, a second one waits behind it.
void begin(node_of_shards& node) {
  node.open(1);
  node.wait_opened(1);
  node.make_account();
  node.deposit(1);
  REQUIRE(node.answer_to(1) == delivery::done);
  node.store.hold();
  node.deposit(10);
  node.store.wait_for_append();
  node.deposit(100);
}

} // namespace

TEST_CASE("openings: what an earlier opening of a shard had under way is decided before the next "
          "one is read") {
  node_of_shards node;
  begin(node);
  node.drop();
  node.open(2);
  node.settle();
  CHECK_FALSE(node.is_opened(2));
  node.deposit(1'000); // for whoever thinks that it owns the shard
  node.settle();
  node.store.let_go();
  node.wait_opened(2);
  CHECK(node.answer_to(10) == delivery::done);
  CHECK(node.answer_to(100) == delivery::done);
  node.deposit(10'000);
  CHECK(node.answer_to(10'000) == delivery::done);
  CHECK(node.deposited() == 10'111);
}

TEST_CASE("openings: an append of unknown fate is, too, and what stood behind it is not done") {
  for (const auto fault :
       {storage::journal_fault::unknown_written, storage::journal_fault::unknown_lost}) {
    node_of_shards node;
    begin(node);
    node.disk.plan_next(fault);
    node.drop();
    node.open(2);
    node.settle();
    node.store.let_go();
    node.wait_opened(2);
    CHECK(node.answer_to(10) == delivery::unknown);
    CHECK(node.answer_to(100) == delivery::unavailable);
    node.deposit(10'000);
    CHECK(node.answer_to(10'000) == delivery::done);
    CHECK(node.deposited() == (fault == storage::journal_fault::unknown_written ? 10'011 : 10'001));
  }
}

TEST_CASE("openings: an order to open that was taken back opens nothing") {
  node_of_shards node;
  begin(node);
  node.drop();
  node.open(2);
  node.drop();
  node.settle();
  node.store.let_go();
  CHECK(node.answer_to(100) == delivery::done);
  node.settle();
  CHECK_FALSE(node.is_opened(2));
  node.open(3);
  node.wait_opened(3);
  CHECK(node.deposited() == 111);
}

TEST_CASE("openings: a shard that is left is told to be drained behind its last append, and behind "
          "the lane's return") {
  node_of_shards node;
  begin(node);
  node.stop(2);
  node.settle();
  CHECK_FALSE(node.is_drained(2));
  node.disk.plan_next(storage::journal_fault::unknown_written);
  node.store.let_go();
  node.wait_drained(2);
  CHECK(node.answer_to(10) == delivery::unknown);
  CHECK(node.deposited() == 11);
}

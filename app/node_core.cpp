#include "app/node_core.hpp"

#include "actors/feed_actor.hpp"
#include "app/bootstrap.hpp"
#include "app/data_directory.hpp"
#include "app/node_feed.hpp"
#include "app/node_metrics.hpp"
#include "runtime/log.hpp"
#include "runtime/secret_file.hpp"
#include "runtime/supervisor.hpp"
#include "storage/archiving.hpp"
#include "storage/crash_point.hpp"
#include "storage/sqlite_journal.hpp"
#include "storage/thread_name.hpp"

#include <caf/all.hpp>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace rialto::app {

using namespace std::chrono_literals;
using runtime::log_info;

namespace {

constexpr storage::shard_id only_shard = 0;
// Under load the log is folded more often than the setting says, so that it stays within the length that it was given.
constexpr std::int64_t log_bytes = 64 << 20;
constexpr std::uint64_t log_bytes_max = log_bytes / 4;
constexpr std::int64_t day_ns = 86'400'000'000'000;

caf::actor_system_config& configured(caf::actor_system_config& config,
                                     const runtime::node_settings& settings) {
  // Work sharing: an idle node costs nothing, and one worker is fastest on one core.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", static_cast<std::size_t>(*settings.actors_threads));
  return config;
}

/// Read models that are ahead of the journal belong to another one (an older copy was put back): they are made anew.
std::unique_ptr<storage::projector> fitting_projector(storage::journal& store,
                                                      const std::string& directory) {
  auto made = storage::open_projector(directory);
  const auto heads = store.heads();
  const auto head = heads.find(only_shard);
  if (made->cursor(only_shard) > (head == heads.end() ? 0 : head->second.last)) made->reset();
  return made;
}

storage::sqlite_journal_options journal_options() {
  storage::sqlite_journal_options made;
  made.recent_bytes = 32 << 20; // a second of the highest load
  made.log_bytes = log_bytes;
  return made;
}

market_mode mode_of(const runtime::node_settings& settings) {
  return settings.feed_source->source == runtime::feed_choice::kind::none ? market_mode::own
                                                                          : market_mode::mirrored;
}

} // namespace

/// In the order in which they stand on one another; destroyed backwards.
struct node_core::parts {
  runtime::node_settings settings;
  std::string directory, key;
  runtime::system_clock clock;
  runtime::metrics_registry metrics;
  runtime::actor_registry registry;
  std::unique_ptr<storage::journal> store;
  std::unique_ptr<storage::projector> projector;
  std::unique_ptr<storage::tape_store> tape;
  storage::stream_index index;
  actors::public_faces faces{actors::sequence_base(clock.wall())};
  actors::local_gate gate;
  actors::shard_gauges gauges;
  actors::feed_gauges feed;
  std::atomic<bool> stopping{false};
  std::unique_ptr<runtime::projection_thread> projection;
  actors::durable_router router;
  storage::thread_lane lane;
  runtime::worker_thread loader{"loader", 200'000};
  runtime::worker_thread saver{"saver", 1'000};
  caf::actor_system_config config;
  caf::actor_system system;
  caf::actor root;
  std::mutex keeper_lock;
  std::condition_variable keeper_wake;
  bool keeper_ends = false;
  std::thread keeper;

  explicit parts(const runtime::node_settings& chosen)
      : settings(chosen), directory(*chosen.data_directory),
        store(storage::open_sqlite_journal(directory, journal_options())),
        projector(fitting_projector(*store, directory)), tape(storage::open_tape_store(directory)),
        index(storage::load_stream_index(*store, only_shard)), gate(*store, faces, clock),
        projection(std::make_unique<runtime::projection_thread>(*store, *projector, only_shard)),
        router([this](storage::position head) { projection->note_head(head); }),
        lane(
          *store, [this](std::vector<storage::notice>& notices) { router(notices); },
          static_cast<std::size_t>(*chosen.journal_commit_queue)),
        system(configured(config, chosen)) {}
};

node_core::node_core(const runtime::node_settings& settings) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  make_data_directory(*settings.data_directory);
  auto key = runtime::load_token_key(*settings.data_directory, *settings.auth_token_key);
  parts_ = std::make_unique<parts>(settings);
  parts_->key = std::move(key);
}

node_core::~node_core() {
  if (parts_) stop();
}

void node_core::start(actors::edge& out) {
  auto& all = *parts_;
  storage::crash_point("start-opened");
  const runtime::actor_surroundings around{all.registry, all.clock};
  all.router.connect_edge(&out);
  all.gate.follow(*all.projection);
  const auto known = all.index.entities(); // from here on the index is the shard actor's
  const auto known_markets = static_cast<std::size_t>(std::count_if(
    known.begin(), known.end(), [](entity_id id) { return id.kind() == entity_kind::market; }));

  runtime::shard_options options;
  options.id = only_shard;
  options.lane_capacity = static_cast<std::size_t>(*all.settings.journal_commit_queue);
  options.idle_ns = *all.settings.actors_idle_seconds * 1'000'000'000;
  options.snapshot_events = static_cast<std::uint64_t>(*all.settings.storage_snapshot_events);
  for (const auto& note : {all.projector->note(), all.tape->note()})
    if (!note.empty()) runtime::log_warning("storage", "{}", note);
  const auto heads = all.store->heads();
  if (const auto head = heads.find(only_shard); head != heads.end()) {
    options.at_epoch = head->second.at_epoch;
    all.projection->note_head(head->second.last);
  }
  const auto shard = std::make_shared<actors::shard_context>(actors::shard_context{
    *all.store, all.lane, all.index, all.loader, all.saver, all.gate, all.router, all.gauges,
    options, all.stopping, static_cast<std::uint64_t>(*all.settings.storage_checkpoint_seconds) * 5,
    actors::order_supervision{.idle_ns = options.idle_ns}});
  const auto data = std::make_shared<actors::market_data_context>(actors::market_data_context{
    all.faces, *all.tape, out,
    [&gate = all.gate](market_id id) {
      std::vector<actors::request> ask;
      ask.push_back({0, id, market_command{republish{}}, {}});
      gate.submit(std::move(ask));
    },
    all.router.news(), std::chrono::milliseconds(*all.settings.market_data_flush_milliseconds)});

  runtime::supervisor_spec tree{
    .name = "node", .strategy = runtime::restart_strategy::one_for_one, .children = {}};
  tree.children.push_back({.id = "market_data",
                           .start =
                             [around, data, &all](caf::event_based_actor& parent) {
                               auto made = caf::actor(
                                 parent.spawn<actors::market_data_hub>(around, "node", data));
                               all.router.connect_hub(made);
                               return made;
                             },
                           .limits = {}});
  // A shard that fails holds entities whose state nobody can vouch for: the process ends and recovers from the journal.
  tree.children.push_back({.id = "shard/0",
                           .start =
                             [around, shard, &all](caf::event_based_actor& parent) {
                               auto made = caf::actor(
                                 parent.spawn<actors::shard_actor>(around, "node", shard));
                               all.router.connect_shard(made);
                               all.gate.connect(made);
                               return made;
                             },
                           .limits = {.restarts_max = 0},
                           .essential = true});
  if (all.settings.feed_source->source != runtime::feed_choice::kind::none) {
    const auto feed = std::make_shared<actors::feed_context>(
      actors::feed_context{[&all] { return open_feed(all.settings); },
                           [&all](actors::feed_source& source, const instrument& spec) {
                             introduce_market(source, spec, *all.tape, all.faces, all.clock.now());
                           },
                           all.faces, all.feed, [&gate = all.gate] { return gate.shard(); },
                           [&gate = all.gate] {
                             std::string why;
                             return gate.is_ready(why);
                           }});
    static_cast<void>(
      open_feed(all.settings)); // a recording that cannot be read is told before anything starts
    tree.children.push_back({.id = "feed",
                             .start =
                               [around, feed](caf::event_based_actor& parent) {
                                 return caf::actor(
                                   parent.spawn<actors::feed_actor>(around, "node", feed));
                               },
                             .limits = {}});
  }
  all.root = all.system.spawn<runtime::supervisor_actor>(around, "", std::move(tree));
  add_core_metrics(all.metrics, all.gauges, all.feed, all.lane, *all.projection, all.registry,
                   all.clock);
  all.keeper = std::thread([this] { keep_house(); });
  storage::crash_point("start-recovering");
  make_usable(known_markets);
  storage::crash_point("start-usable");
}

/// Waits until every market that the journal knows, and every first one, shows its face.
void node_core::make_usable(std::size_t known_markets) {
  auto& all = *parts_;
  auto requests = first_requests(all.gate, all.directory, mode_of(all.settings));
  const auto listings =
    std::count_if(requests.begin(), requests.end(),
                  [](const actors::request& one) { return one.to.kind() == entity_kind::market; });
  if (!requests.empty()) all.gate.submit(std::move(requests));
  const auto wanted = known_markets + static_cast<std::size_t>(listings);
  const auto until = std::chrono::steady_clock::now() + 60s;
  const auto is_usable = [&] {
    return all.faces.markets()->by_symbol.size() >= wanted &&
           all.store->find_claim("email:" + std::string(admin_email));
  };
  while (!is_usable()) {
    if (std::chrono::steady_clock::now() > until)
      throw std::runtime_error("the markets do not recover within 60 s; see the log");
    std::this_thread::sleep_for(5ms);
  }
  all.gate.set_ready(true, "");
  log_info("node", "{} markets are open for orders", wanted);
}

/// What must be done now and then, off every path: tape to disk, the journal's log into its file, old trades away.
void node_core::keep_house() {
  storage::name_thread("keeper");
  auto& all = *parts_;
  const auto checkpoint_every = *all.settings.storage_checkpoint_seconds;
  for (std::int64_t second = 1;; ++second) {
    if (keeper_ends_within(1s)) return;
    try {
      all.tape->flush();
      if (second % checkpoint_every == 0 || all.store->log_bytes() > log_bytes_max)
        static_cast<void>(all.store->checkpoint_log());
      if (second % 3'600 == 0)
        all.tape->prune({all.clock.now().value - *all.settings.tape_keep_days * day_ns});
      if (second % 3'600 == 600) archive_old_rows();
    } catch (const std::exception& problem) { // a full disk, mostly: the next second tries again
      if (second % 60 == 0) runtime::log_warning("keeper", "{}", problem.what());
    }
  }
}

bool node_core::keeper_ends_within(std::chrono::milliseconds pause) {
  auto& all = *parts_;
  std::unique_lock hold(all.keeper_lock);
  return all.keeper_wake.wait_for(hold, pause, [&] { return all.keeper_ends; });
}

/// A third of the keeper's time at most, and the rest of its work goes on in between.
void node_core::archive_old_rows() {
  auto& all = *parts_;
  const auto after_days = *all.settings.storage_archive_after_days;
  if (after_days == 0) return;
  storage::archive_rule rule;
  rule.shard = only_shard;
  rule.before = {all.clock.now().value - after_days * day_ns};
  rule.projected = all.projection->projected();
  auto next_look = std::chrono::steady_clock::now() + 1s;
  rule.go_on = [&] {
    if (std::chrono::steady_clock::now() >= next_look) {
      next_look = std::chrono::steady_clock::now() + 1s;
      all.tape->flush();
      static_cast<void>(all.store->checkpoint_log());
    }
    return !keeper_ends_within(50ms);
  };
  for (const auto& one : storage::archive_when_due(*all.store, rule).files)
    log_info("keeper", "{}: {} rows, {} bytes in {}", one.path, one.last - one.first + 1, one.bytes,
             one.stored_bytes);
}

void node_core::disconnect_edge() {
  parts_->router.connect_edge(nullptr);
}

void node_core::stop() {
  auto& all = *parts_;
  if (!all.root) return;
  all.gate.disconnect();
  all.stopping = true;
  {
    const std::lock_guard hold(all.keeper_lock);
    all.keeper_ends = true;
    all.keeper_wake.notify_all();
  }
  if (all.keeper.joinable()) all.keeper.join();
  for (int wait = 0; all.lane.waiting() > 0 && wait < 5'000; ++wait)
    std::this_thread::sleep_for(1ms);
  storage::crash_point("stop-drained");
  caf::anon_send_exit(all.root, caf::exit_reason::user_shutdown);
  all.root = nullptr;
  all.system.await_all_actors_done();
  all.router.connect_shard(nullptr);
  all.router.connect_hub(nullptr);
  all.loader.stop();
  all.saver.stop();
  all.projection->stop();
  all.tape->flush();
  storage::crash_point("stop-index");
  storage::save_stream_index(*all.store, only_shard, all.index);
  all.store->checkpoint_log();
}

actors::gate& node_core::gate() {
  return parts_->gate;
}
storage::tape_store& node_core::tape() {
  return *parts_->tape;
}
runtime::metrics_registry& node_core::metrics() {
  return parts_->metrics;
}
runtime::node_clock& node_core::clock() {
  return parts_->clock;
}
runtime::actor_registry& node_core::registry() {
  return parts_->registry;
}
const std::string& node_core::token_key() const {
  return parts_->key;
}
const std::string& node_core::data_directory() const {
  return parts_->directory;
}

} // namespace rialto::app

#include "app/node_core.hpp"

#include "actors/feed_actor.hpp"
#include "app/bootstrap.hpp"
#include "app/data_directory.hpp"
#include "app/feed_metrics.hpp"
#include "app/journal_choice.hpp"
#include "app/node_feed.hpp"
#include "app/node_metrics.hpp"
#include "app/node_parts.hpp"
#include "runtime/log.hpp"
#include "runtime/mesh/mesh.hpp"
#include "runtime/secret_file.hpp"
#include "runtime/supervisor.hpp"
#include "storage/archiving.hpp"
#include "storage/crash_point.hpp"
#include "storage/thread_name.hpp"

#include <caf/all.hpp>
#include <sodium.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>
#include <unistd.h>

namespace rialto::app {

using namespace std::chrono_literals;
using runtime::log_info;

namespace {

constexpr storage::shard_id only_shard = 0;
constexpr storage::shard_id shards_max = 4'096; // as cluster.shards allows
// Under load the log is folded more often than the setting says, so that it stays within the length that it was given.
constexpr std::uint64_t log_bytes_max = 16 << 20;
constexpr std::int64_t day_ns = 86'400'000'000'000;

caf::actor_system_config& configured(caf::actor_system_config& config,
                                     const runtime::node_settings& settings) {
  // Work sharing: an idle node costs nothing, and one worker is fastest on one core.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", static_cast<std::size_t>(*settings.actors_threads));
  runtime::configure_mesh(config);
  return config;
}

/// Read models that are ahead of the journal belong to another one (an older copy was put back): they are made anew.
std::unique_ptr<storage::projector> fitting_projector(storage::journal& store,
                                                      const std::string& directory) {
  auto made = storage::open_projector(directory);
  const auto heads = store.heads();
  for (storage::shard_id shard = 0; shard < shards_max; ++shard) {
    const auto head = heads.find(shard);
    if (made->cursor(shard) <= (head == heads.end() ? 0 : head->second.last)) continue;
    made->reset();
    break;
  }
  return made;
}

/// Those that have not ended yet, for the log.
std::string names_of_some(const runtime::actor_registry& registry) {
  std::string names;
  for (const auto& one : registry.list({.limit = 10}))
    names += (names.empty() ? "" : ", ") + one.name;
  return fmt::format("{} of {}: {}", std::min<std::size_t>(registry.size(), 10), registry.size(),
                     names);
}

} // namespace

node_core::parts::parts(const runtime::node_settings& chosen)
    : settings(chosen), directory(*chosen.data_directory), lock(lock_data_directory(chosen)),
      store(chosen.cluster_node->empty() ? open_journal_of(only_shard, chosen)
                                         : open_journal(chosen)),
      projector(fitting_projector(*store, directory)), tape(storage::open_tape_store(directory)),
      gate(*store, faces, clock), live(settings.feed_symbols->words, gate, *tape, faces, clock),
      router([this](storage::shard_id shard, storage::position head) {
        projection->note_head(shard, head);
      }),
      lane(
        *store, [this](std::vector<storage::notice>& notices) { router(notices); },
        static_cast<std::size_t>(*chosen.journal_commit_queue)),
      system(configured(config, chosen)) {
  if (!chosen.cluster_node->empty()) {
    cluster = std::make_unique<node_cluster>(settings, system,
                                             runtime::actor_surroundings{registry, clock});
    shard_count = cluster->shard_count();
  }
  projection = std::make_unique<runtime::projection_thread>(*store, *projector, shard_count);
}

node_core::node_core(const runtime::node_settings& settings) {
  if (sodium_init() < 0) throw std::runtime_error("libsodium does not start");
  make_data_directory(*settings.data_directory);
  const auto keys = key_directory(settings);
  auto key = runtime::load_token_key(keys, *settings.auth_token_key);
  auto secret_key = runtime::load_secret_key(keys);
  parts_ = std::make_unique<parts>(settings);
  parts_->key = std::move(key);
  parts_->secret_key = std::move(secret_key);
}

node_core::~node_core() {
  if (parts_) stop();
}

void node_core::start(actors::edge& out) {
  auto& all = *parts_;
  storage::crash_point("start-opened");
  const runtime::actor_surroundings around{all.registry, all.clock};
  all.router.connect_edge(&out);
  all.live.connect(out);
  if (all.cluster)
    all.live.share_with([&all](market_id market, const std::vector<candle>& closed) {
      all.cluster->share_candles(market, closed);
    });
  all.gate.follow(*all.projection);
  if (!all.cluster) all.indexes[only_shard] = storage::load_stream_index(*all.store, only_shard);
  // From here on the indexes are the shard actor's.
  const auto known = all.cluster ? std::vector<entity_id>{} : all.indexes.at(only_shard).entities();
  const auto known_markets = static_cast<std::size_t>(std::count_if(
    known.begin(), known.end(), [](entity_id id) { return id.kind() == entity_kind::market; }));

  runtime::shard_options options;
  options.id = only_shard;
  options.shard_count = all.shard_count;
  options.lane_capacity = static_cast<std::size_t>(*all.settings.journal_commit_queue);
  options.idle_ns = *all.settings.actors_idle_seconds * 1'000'000'000;
  options.snapshot_events = static_cast<std::uint64_t>(*all.settings.storage_snapshot_events);
  for (const auto& note : {all.projector->note(), all.tape->note()})
    if (!note.empty()) runtime::log_warning("storage", "{}", note);
  for (const auto& [at, head] : all.store->heads()) {
    if (at >= all.shard_count) continue;
    if (at == only_shard) options.at_epoch = head.at_epoch;
    all.projection->note_head(at, head.last);
  }
  const auto shard = std::make_shared<actors::shard_context>(actors::shard_context{
    *all.store, all.lane, all.indexes, all.loader, all.saver, all.gate, all.router, all.gauges,
    options, all.stopping, static_cast<std::uint64_t>(*all.settings.storage_checkpoint_seconds) * 5,
    actors::order_supervision{.idle_ns = options.idle_ns}});
  shard->outside = all.cluster.get();
  const auto data = std::make_shared<actors::market_data_context>(actors::market_data_context{
    all.faces, *all.tape, out,
    [&gate = all.gate](market_id id) {
      std::vector<actors::request> ask;
      ask.push_back({0, id, market_command{republish{}}, {}});
      gate.submit(std::move(ask));
    },
    all.router.news(), std::chrono::milliseconds(*all.settings.market_data_flush_milliseconds)});
  if (all.cluster) data->is_whole = [&all](market_id id) { return all.cluster->is_whole(id); };

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
      actors::feed_context{[&all] { return all.open_source(); },
                           [&all](actors::feed_source& source, const instrument& spec) {
                             introduce_market(source, spec, *all.tape, all.faces, all.clock.now());
                           },
                           all.faces, all.feed, [&gate = all.gate] { return gate.shard(); },
                           [&gate = all.gate] {
                             std::string why;
                             return gate.is_ready(why);
                           }});
    if (all.cluster) {
      feed->is_mine = [&all] { return all.cluster->has_feed(); };
      feed->epoch_of = [&all](market_id id) { return all.cluster->epoch_of(id); };
      feed->beat = [&all](const auto& states) { all.cluster->beat(states); };
      feed->take_wanted = [&all] { return all.cluster->take_wanted_mirrors(); };
    }
    feed->board = &all.board;
    feed->markets_changed = [&all](actors::feed_source& source, const actors::directory& markets) {
      follow_markets(source, all.live, markets);
    };
    feed->makes_mirrored = all.settings.feed_source->source != runtime::feed_choice::kind::binance;
    // A recording that cannot be read is told before anything starts.
    if (!all.cluster) all.board.put(all.open_source()->report(all.clock.now()));
    tree.children.push_back({.id = "feed",
                             .start =
                               [around, feed](caf::event_based_actor& parent) {
                                 return caf::actor(
                                   parent.spawn<actors::feed_actor>(around, "node", feed));
                               },
                             .limits = {}});
  }
  all.root = all.system.spawn<runtime::supervisor_actor>(around, "", std::move(tree));
  all.root->attach_functor([&all](const caf::error& why) {
    if (why && why != caf::exit_reason::user_shutdown)
      all.fail(); // what it was is in the log already
  });
  add_core_metrics(all.metrics, all.gauges, all.feed, all.lane, *all.projection, all.registry,
                   all.clock);
  all.keeper = std::thread([this] { keep_house(); });
  storage::crash_point("start-recovering");
  if (all.cluster)
    join_cluster(out);
  else
    make_usable(known_markets);
  storage::crash_point("start-usable");
}

/// Waits until every market that the journal knows, and every first one, shows its face.
void node_core::make_usable(std::size_t known_markets) {
  auto& all = *parts_;
  auto requests = first_requests(all.gate, all.directory, first_market_mode(all.settings));
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
  feed_metrics feed(all.metrics, all.board, all.clock);
  const auto checkpoint_every = *all.settings.storage_checkpoint_seconds;
  for (std::int64_t second = 1;; ++second) {
    if (keeper_ends_within(1s)) return;
    try {
      feed.look();
      all.tape->flush();
      if (all.cluster) follow_heads();
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
  if (after_days == 0 || all.cluster) return; // PostgreSQL keeps all rows
  storage::archive_rule rule;
  rule.shard = only_shard;
  rule.before = {all.clock.now().value - after_days * day_ns};
  rule.projected = all.projection->projected(only_shard);
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

bool node_core::has_failed() const {
  return parts_->has_failed;
}

void node_core::parts::fail() {
  if (!has_failed.exchange(true)) ::kill(::getpid(), SIGTERM);
}

void node_core::disconnect_edge() {
  parts_->router.connect_edge(nullptr);
}

void node_core::stop() {
  auto& all = *parts_;
  if (!all.root) return;
  all.watch.step("the thread that keeps house");
  all.gate.disconnect();
  all.stopping = true;
  {
    const std::lock_guard hold(all.keeper_lock);
    all.keeper_ends = true;
    all.keeper_wake.notify_all();
  }
  if (all.keeper.joinable()) all.keeper.join();
  if (all.cluster && all.has_failed) look_for_lost_rows();
  all.watch.step("the appends under way");
  for (int wait = 0; all.lane.waiting() > 0 && wait < 5'000; ++wait)
    std::this_thread::sleep_for(1ms);
  storage::crash_point("stop-drained");
  all.watch.step("the links to other nodes");
  if (all.cluster) all.cluster->stop();
  all.watch.step("actors", [&all] { return names_of_some(all.registry); });
  caf::anon_send_exit(all.root, caf::exit_reason::user_shutdown);
  all.root = nullptr;
  all.system.await_all_actors_done();
  all.router.connect_shard(nullptr);
  all.router.connect_hub(nullptr);
  all.watch.step("histories that are read");
  all.loader.stop();
  all.watch.step("snapshots that are saved");
  all.saver.stop();
  all.watch.step("the lists");
  all.projection->stop();
  all.watch.step("the tape");
  all.tape->flush();
  storage::crash_point("stop-index");
  all.watch.step("the journal");
  for (const auto& [shard, index] : all.indexes)
    storage::save_stream_index(*all.store, shard, index);
  all.store->checkpoint_log();
  all.watch.step("its threads");
  if (all.has_lost_rows)
    all.projector->reset(); // last: what it may throw keeps nothing else from its end
}

runtime::stop_watch& node_core::watch() {
  return parts_->watch;
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
const actors::feed_board& node_core::feeds() const {
  return parts_->board;
}
const std::string& node_core::token_key() const {
  return parts_->key;
}
const std::string& node_core::secret_key() const {
  return parts_->secret_key;
}
const std::string& node_core::data_directory() const {
  return parts_->directory;
}

caf::actor_system& node_core::actors() {
  return parts_->system;
}
std::vector<caf::actor> node_core::shards() const {
  return {parts_->gate.shard()};
}
caf::actor node_core::root() const {
  return parts_->root;
}
std::map<storage::shard_id, storage::journal_head> node_core::heads() const {
  const auto& all = *parts_;
  if (!all.cluster) return all.store->heads();
  std::map<storage::shard_id, storage::journal_head> found; // without a word to the lane's session
  for (const auto& [shard, last] : all.store->last_rows())
    found[shard] = {last, all.cluster->driver().route_of(shard).at_epoch};
  return found;
}

void node_core::put_health(net::node_health& into) const {
  const auto& all = *parts_;
  const auto commits = all.lane.statistics();
  into.lists_lag_rows = all.projection->lag_rows();
  into.lists_lag_ns = all.projection->lag_ns();
  into.lists_failures = all.projection->failures();
  into.journal_last_position = all.projection->rows_projected() + into.lists_lag_rows;
  into.journal_waiting = all.lane.waiting();
  into.journal_commits = commits.commits;
  into.commit_ns_last = commits.commit_ns_last;
  into.commit_ns_max = commits.commit_ns_max;
  into.journal_log_bytes = all.store->log_bytes();
  into.journal_failures = all.gauges.lane_failures;
  into.is_suspended = all.gauges.degraded;
  into.entity_requests = all.gauges.requests;
  into.entities_in_memory = all.gauges.active;
  into.entity_failures = all.gauges.failures;
  into.feed_messages = all.feed.messages;
  into.feed_gaps = all.feed.gaps;
  into.feed_resyncs = all.feed.resyncs;
  into.feed_refused = all.feed.parse_errors;
  into.feed_last_message_ns = all.feed.last_message_ns;
}

} // namespace rialto::app

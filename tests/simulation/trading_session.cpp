#include "tests/simulation/trading_session.hpp"

#include "domain/assert.hpp"

namespace rialto::simulation {

namespace {

std::vector<instrument> instruments_of(int markets) {
  std::vector<instrument> all;
  for (int i = 1; i <= markets; ++i) all.push_back(instrument_of(static_cast<std::uint64_t>(i)));
  return all;
}

std::shared_ptr<const actors::directory> directory_of(const std::vector<instrument>& all) {
  auto made = std::make_shared<actors::directory>();
  for (const auto& spec : all) {
    made->symbols[spec.market] = spec.symbol;
    made->by_symbol[spec.symbol] = {spec, {}, false};
  }
  return made;
}

struct fired_asserts_throw {
  bool before = assert_throws(true);
  ~fired_asserts_throw() { assert_throws(before); }
};

placement placement_of(const session_spec& spec) {
  if (spec.where) return *spec.where;
  switch (spec.seed % 5) {
  case 0:
  case 1: return placement::one_lane;
  case 2:
  case 3: return placement::by_kind;
  default: return placement::by_hash;
  }
}

} // namespace

session_spec quiet_session(std::uint64_t seed) {
  session_spec spec;
  spec.seed = seed;
  return spec;
}

session_spec stormy_session(std::uint64_t seed) {
  auto spec = quiet_session(seed);
  spec.faults = {.message_lost = 0.02,
                 .message_doubled = 0.03,
                 .message_slow = 0.05,
                 .commit_fault = 0.01,
                 .disk_away = 0.003,
                 .slow_disk = 0.01,
                 .crash = 0.006,
                 .crash_in_call = 0.01,
                 .power_cut = 0.5,
                 .death_in_recovery = 0.2,
                 .clock_jump = 0.01,
                 .partition = 0.01,
                 .takeover = 0.005,
                 .kill_entity = 0.01,
                 .drop_stream = 0.05};
  return spec;
}

trading_session::trading_session(const session_spec& spec)
    : spec_(spec), instruments_(instruments_of(spec.markets)), stage_{random(spec.seed),
                                                                      spec.faults, spec.broken},
      cluster_((stage_.markets = directory_of(instruments_), stage_), placement_of(spec), spec.lie),
      promises_(stage_, cluster_), traders_(stage_, cluster_, promises_, spec.users, instruments_) {
  cluster_.answered = [this](const actors::answer& one) { traders_.take(one); };
}

std::uint64_t trading_session::trades() const {
  return promises_.journal().trades;
}

std::vector<std::string> trading_session::run() try {
  const fired_asserts_throw guard; // they are told with their seed
  if (!set_up()) return {"the set-up does not drain"};
  cluster_.nodes()[0]->die_in(spec_.die_in);
  step("a trader acts", 0, [this] { live(); });
  while (actions_ < spec_.actions && !is_broken() && stage_.queue.run_next()) promises_.look();
  if (!is_broken()) finish();
  return promises_.violations();
} catch (const std::exception& problem) {
  return {std::string("a node does not recover: ") + problem.what()};
}

void trading_session::step(const char* what, std::int64_t ns, std::function<void()> then) {
  stage_.queue.after(ns, what, std::move(then));
}

bool trading_session::set_up() {
  cluster_.calm();
  traders_.set_up();
  if (!cluster_.drain([this] { promises_.look(); })) return false;
  std::uint64_t number = 1;
  const auto follow = [&](entity_id of, const std::string& channel) {
    for (int i = 0; i < 2; ++i)
      streams_.push_back(std::make_unique<stream_client>(stage_, cluster_, number++, of, channel));
  };
  follow(instruments_.front().market, "book." + instruments_.front().symbol);
  follow(traders_.accounts().front(), "orders");
  follow(traders_.accounts().front(), "balances");
  return true;
}

/// One action of a trader, and what may go wrong meanwhile.
void trading_session::live() {
  ++actions_;
  if (is_quiet()) compare_streams();
  traders_.act();
  cluster_.stir();
  for (std::size_t i = 1; i < streams_.size(); i += 2)
    if (stage_.chance(stage_.plan.drop_stream)) {
      ++stage_.counts.streams_dropped;
      streams_[i]->drop();
    }
  step("a trader acts", traders_.thinking_ns(), [this] { live(); });
}

bool trading_session::is_quiet() const {
  return cluster_.is_quiet() && std::all_of(streams_.begin(), streams_.end(),
                                            [](const auto& one) { return one->is_quiet(); });
}

void trading_session::compare_streams() {
  for (std::size_t i = 0; i + 1 < streams_.size(); i += 2)
    promises_.compare(*streams_[i], *streams_[i + 1]);
}

void trading_session::finish() {
  const auto look = [this] { promises_.look(); };
  bool drained = cluster_.drain(look);
  for (int i = 0; drained && i < 1'000'000 && !is_quiet(); ++i) { // the streams catch up
    drained = stage_.queue.run_next();
    look();
  }
  if (is_broken()) return;
  for (const auto& node : cluster_.nodes())
    if (!node->is_quiet()) promises_.note("a node still waits for " + node->waits_for());
  if (!drained || !is_quiet()) promises_.note("the streams or messages do not come to rest");
  if (is_broken()) return;
  for (const auto& node : cluster_.nodes())
    for (const auto& one : node->failures()) promises_.note("an entity failed: " + one);
  compare_streams();
  promises_.finish();
}

void trading_session::count(tally& all) const {
  const auto& one = stage_.counts;
  all["orders acknowledged"] += promises_.acknowledged_count();
  all["orders refused for the journal's sake"] += promises_.refused_count();
  all["orders sent again"] += traders_.retries();
  all["orders whose answer did not come"] += traders_.timeouts();
  all["registrations refused by a claim"] += traders_.refused_users();
  all["trades"] += trades();
  all["auctions that ended"] += promises_.journal().auctions;
  all["slices of larger orders"] += promises_.journal().slices;
  all["messages between clients and nodes"] += one.messages;
  all["messages lost"] += one.messages_lost;
  all["messages doubled"] += one.messages_doubled;
  all["messages that came late"] += one.messages_slow;
  all["messages overtaken by later ones"] += one.messages_overtaken;
  all["messages cut off by a partition"] += one.messages_cut;
  all["messages to a dead node"] += one.messages_to_the_dead;
  all["partitions, one-way"] += one.partitions_one_way;
  all["partitions, both ways"] += one.partitions_both_ways;
  all["link messages within a lane: dropped"] += one.local_lost;
  all["link messages within a lane: doubled"] += one.local_doubled;
  all["link messages between lanes"] += one.links_sent;
  all["link receipts between lanes"] += one.link_receipts;
  all["clock jumps forward"] += one.jumps_forward;
  all["clock jumps forward, held back"] += one.held_back;
  all["clock jumps back"] += one.jumps_back;
  all["commits and loads that were slow"] += one.slow_disk;
  all["times the disk was away"] += one.disk_away;
  all["deaths of the process"] += one.kills;
  all["power cuts"] += one.power_cuts;
  all["deaths while another node went on"] += one.alone;
  all["deaths within an append"] += one.deaths_in_append;
  all["deaths within a save"] += one.deaths_in_save;
  all["deaths within a recovery"] += one.deaths_in_recovery;
  all["takeovers"] += one.takeovers;
  all["appends of who was taken over, refused"] += one.stale_appends;
  all["entities killed by hand"] += one.entities_killed;
  all["entities passivated"] += one.passivated;
  all["recoveries from a snapshot"] += one.from_snapshot;
  all["recoveries from a snapshot older than the journal"] += one.from_older_snapshot;
  all["recoveries without the newest snapshot"] += one.lost_snapshots;
  all["rebuilt from a snapshot and compared"] += promises_.rebuilt();
  all["streams dropped"] += one.streams_dropped;
  all["streams resumed"] += one.streams_resumed;
  all["streams begun anew"] += one.streams_anew;
  all["stream messages"] += one.stream_messages;
  all["streams compared"] += promises_.compared();
  for (const auto& node : cluster_.nodes()) {
    const auto& disk = node->disk().counts();
    const auto faults = [&](storage::journal_fault fault) {
      const auto at = disk.faults.find(fault);
      return at == disk.faults.end() ? 0 : at->second;
    };
    all["commits accepted"] += faults(storage::journal_fault::none);
    all["commits refused: disk full"] += faults(storage::journal_fault::failed);
    all["commits refused: stale"] += faults(storage::journal_fault::stale);
    all["commits refused: disk away"] += disk.refused_away;
    all["commits of unknown fate, written"] += faults(storage::journal_fault::unknown_written);
    all["commits of unknown fate, lost"] += faults(storage::journal_fault::unknown_lost);
    all["appends in flight at a crash: whole"] += disk.rows_found;
    all["appends in flight at a crash: absent"] += disk.rows_absent;
    all["appends in flight at a crash: torn"] += disk.rows_torn;
    all["unsynced snapshots and checkpoints: found"] += disk.values_found;
    all["unsynced snapshots and checkpoints: lost"] += disk.values_lost;
    all["unsynced snapshots and checkpoints: torn"] += disk.values_torn;
  }
}

} // namespace rialto::simulation

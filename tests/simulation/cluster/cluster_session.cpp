#include "tests/simulation/cluster/cluster_session.hpp"

#include <algorithm>

namespace rialto::simulation {

namespace {

constexpr std::int64_t ms = 1'000'000, second = 1'000 * ms;
constexpr std::size_t violations_max = 20;

} // namespace

cluster_spec honest_cluster(std::uint64_t seed, std::size_t nodes, std::uint32_t shards,
                            std::uint32_t moves_per_second) {
  cluster_spec spec;
  spec.seed = seed;
  spec.nodes = nodes;
  spec.shards = shards;
  spec.placement.moves_per_second = moves_per_second;
  spec.placement.moves_under_way_max = moves_per_second;
  spec.lie.placement = spec.placement;
  return spec;
}

cluster_session::cluster_session(const cluster_spec& spec)
    : spec_(spec), chance_(spec.seed), database_(queue_, spec.shards, spec.placement,
                                                 [this](const std::string& what) { broken(what); }),
      copies_(spec.shards), away_since_ns_(spec.shards, -1) {
  for (std::size_t i = 0; i < spec.nodes; ++i)
    nodes_.push_back(
      std::make_unique<cluster_node>(queue_, chance_, database_, *this, spec.lie, i));
  for (std::uint32_t i = 0; i < spec.shards; ++i)
    if (chance_.chance(0.1)) database_.age_journal(i, chance_.below(4));
}

void cluster_session::broken(const std::string& what) {
  queue_.note(what);
  if (violations_.size() < violations_max)
    violations_.push_back("at " + std::to_string(queue_.elapsed_ns() / ms) + " ms: " + what);
}

void cluster_session::serves(cluster_node& node, shard_id shard, storage::epoch at_epoch) {
  for (const auto& [other, epoch] : copies_[shard]) {
    if (other == &node) {
      broken(node.name() + " opened shard " + std::to_string(shard) + " twice");
      continue;
    }
    // The older copy may be there still, or just now be opened by an answer that comes late: of no use to anyone.
    const auto& older = epoch < at_epoch ? *other : node;
    if (older.may_read() || !database_.is_gone(older.id()))
      broken("shard " + std::to_string(shard) + " is served by " + node.name() + " at epoch " +
             std::to_string(at_epoch) + " and by " + other->name() + " at " +
             std::to_string(epoch));
  }
  copies_[shard].emplace_back(&node, at_epoch);
  if (const auto at = awaited_.find(shard); at != awaited_.end()) {
    at->second->push_back(queue_.elapsed_ns() - lost_at_ns_);
    awaited_.erase(at);
  }
}

void cluster_session::serves_no_more(cluster_node& node, shard_id shard) {
  std::erase_if(copies_[shard], [&](const auto& one) { return one.first == &node; });
}

bool cluster_session::is_served(shard_id shard) const {
  const auto& row = database_.shards()[shard];
  return std::any_of(copies_[shard].begin(), copies_[shard].end(), [&](const auto& one) {
    return !one.first->is_hung() && one.first->id() == row.owner && one.second == row.at_epoch;
  });
}

bool cluster_session::all_served() const {
  for (shard_id i = 0; i < spec_.shards; ++i)
    if (!is_served(i)) return false;
  return true;
}

bool cluster_session::is_balanced() const {
  std::map<incarnation, std::uint32_t> counts;
  for (const auto& node : nodes_) {
    if (node->is_draining()) return false; // it will leave
    if (node->is_running()) counts[node->id()] = 0;
  }
  if (counts.contains(nobody)) return false; // it will join
  for (const auto& row : database_.shards()) {
    if (row.next != nobody || row.wanted != nobody || !counts.contains(row.owner)) return false;
    ++counts[row.owner];
  }
  const auto [least, most] = std::minmax_element(
    counts.begin(), counts.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most->second - least->second <= 1;
}

void cluster_session::run_until(std::int64_t elapsed_ns, const std::function<bool()>& is_enough) {
  for (bool goes_on = true; goes_on && queue_.elapsed_ns() < elapsed_ns;) {
    const auto step = std::min(queue_.elapsed_ns() + 50 * ms, elapsed_ns);
    bool is_there = false;
    queue_.after(step - queue_.elapsed_ns(), "look", [&] { is_there = true; });
    while (!is_there && queue_.run_next()) {
    }
    goes_on = !is_enough();
  }
}

void cluster_session::start_all() {
  for (auto& node : nodes_) node->start();
}

bool cluster_session::settle(std::int64_t limit_ns) {
  bool is_settled = false;
  run_until(queue_.elapsed_ns() + limit_ns,
            [&] { return is_settled = is_balanced() && all_served(); });
  return is_settled;
}

std::vector<std::string> cluster_session::run() {
  for (auto& node : nodes_)
    if (chance_.chance(0.8) || node->number() == 0) node->start();
  is_stormy_ = true;
  database_.set_slow(true);
  queue_.after(5 * second, "fault", [this] { fault(); });
  run_until(spec_.storm_ns, [] { return false; });
  calm_down();
  const auto last_fault = queue_.elapsed_ns();
  const auto limit = 30 * second + 2 * second * spec_.shards / spec_.placement.moves_per_second;
  run_until(last_fault + limit, [&] {
    const auto since = queue_.elapsed_ns() - last_fault;
    if (served_after_ns_ < 0 && all_served()) served_after_ns_ = since;
    if (since >= spec_.served_ns - spec_.away_ns) look_at_absences();
    if (balanced_after_ns_ < 0 && is_balanced()) balanced_after_ns_ = since;
    if (!is_balanced()) balanced_after_ns_ = -1;
    return balanced_after_ns_ >= 0 && since > balanced_after_ns_ + 5 * second &&
           since > spec_.served_ns + 5 * second;
  });
  if (served_after_ns_ < 0) broken("not all shards were ever served after the last fault");
  if (balanced_after_ns_ < 0) broken("no balance after the last fault");
  return violations_;
}

void cluster_session::look_at_absences() {
  const auto now = queue_.elapsed_ns();
  for (shard_id i = 0; i < spec_.shards; ++i) {
    auto& since = away_since_ns_[i];
    if (is_served(i))
      since = -1;
    else if (since < 0)
      since = now;
    else if (now - since > spec_.away_ns)
      broken("shard " + std::to_string(i) + " is away for " + std::to_string((now - since) / ms) +
             " ms");
  }
}

cluster_node* cluster_session::some_node() {
  std::vector<cluster_node*> fit;
  for (auto& node : nodes_)
    if (node->is_running() && !node->is_hung() && !node->is_cut()) fit.push_back(node.get());
  return fit.empty() ? nullptr : fit[chance_.below(fit.size())];
}

cluster_node* cluster_session::leading_node() {
  for (auto& node : nodes_)
    if (node->is_running() && !node->is_hung() && node->id() != nobody &&
        node->id() == database_.leader())
      return node.get();
  return nullptr;
}

std::size_t cluster_session::healthy() const {
  return static_cast<std::size_t>(std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) {
    return node->is_running() && !node->is_hung() && !node->is_cut() && !node->is_draining();
  }));
}

void cluster_session::tell_mesh(incarnation who, bool is_closed) {
  if (who == nobody) return;
  if (is_closed) database_.note_closed(who);
  for (auto& node : nodes_)
    if (node->is_running() && node->id() != who)
      queue_.after(chance_.between(ms, 5 * ms), is_closed ? "peer closed" : "peer connected",
                   [&node = *node, who, is_closed] { node.peer(who, is_closed); });
}

void cluster_session::kill(cluster_node& node, std::int64_t back_in_ns) {
  const auto who = node.id();
  node.kill();
  tell_mesh(who, true);
  if (back_in_ns < 0) return;
  queue_.after(back_in_ns, "starts", [&node] {
    if (!node.is_running()) node.start();
  });
}

void cluster_session::fault() {
  if (!is_stormy_) return;
  queue_.after(chance_.between(50 * ms, 2 * second), "fault", [this] { fault(); });
  static constexpr const char* kinds[] = {
    "killed",      "killed", "killed",  "leader killed",    "hung",    "hung",
    "leader hung", "cut",    "cut",     "leader cut",       "drained", "drained",
    "wish",        "wish",   "started", "connection flaps", "started", "database restarted",
    "clock jumps"};
  const char* what = kinds[chance_.below(std::size(kinds))];
  fail_one(what, std::string_view(what).starts_with("leader") ? leading_node() : some_node());
}

void cluster_session::fail_one(const char* what, cluster_node* node) {
  const std::string_view kind = what;
  const auto is = [&](std::string_view word) { return kind.ends_with(word); };
  const auto now_and_then = [&] { return chance_.between(200 * ms, 8 * second); };
  const bool needs_node = is("killed") || is("hung") || is("cut") || is("drained") || is("flaps");
  if (needs_node && (node == nullptr || node->id() == nobody)) return;
  if ((is("killed") || is("hung") || is("cut") || is("drained")) && healthy() <= spec_.nodes / 2)
    return;
  // Membership expects no two steps that are too small to see within one lease.
  if (is("jumps") && queue_.elapsed_ns() - jumped_at_ns_ < 4 * second) return;
  ++faults_[what];
  if (queue_.is_traced()) queue_.print(std::string(what) + (needs_node ? " " + node->name() : ""));
  if (is("killed")) {
    kill(*node, chance_.chance(0.7) ? now_and_then() : -1);
  } else if (is("hung")) {
    node->hang();
    queue_.after(now_and_then(), "goes on", [node] { node->go_on(); });
  } else if (is("cut")) {
    const auto way = chance_.below(3);
    node->cut(way != 1, way != 2);
    const bool is_mesh_cut = chance_.chance(0.4);
    const auto who = node->id();
    if (is_mesh_cut) tell_mesh(who, true);
    queue_.after(now_and_then(), "healed", [this, node, who, is_mesh_cut] {
      node->cut(false, false);
      if (is_mesh_cut) tell_mesh(who, false);
    });
  } else if (is("drained")) {
    node->drain();
  } else if (is("wish")) {
    if (const auto* to = nodes_[chance_.below(nodes_.size())].get(); to->id() != nobody)
      database_.wish(static_cast<shard_id>(chance_.below(spec_.shards)), to->id());
  } else if (is("started")) {
    auto& one = *nodes_[chance_.below(nodes_.size())];
    if (!one.is_running()) one.start();
  } else if (is("flaps")) {
    const auto who = node->id();
    tell_mesh(who, true);
    queue_.after(chance_.between(100 * ms, second), "mends",
                 [this, who] { tell_mesh(who, false); });
  } else if (is("restarted")) {
    database_.stop();
    queue_.after(chance_.between(100 * ms, 5 * second), "database starts", [this] {
      if (!database_.is_up()) database_.start();
    });
  } else {
    jumped_at_ns_ = queue_.elapsed_ns();
    database_.jump_clock(chance_.chance(0.5) ? chance_.between(-10 * second, 10 * second)
                                             : chance_.between(-200 * ms, 200 * ms));
  }
}

void cluster_session::calm_down() {
  is_stormy_ = false;
  database_.set_slow(false);
  if (!database_.is_up()) database_.start();
  for (auto& node : nodes_) {
    node->cut(false, false);
    if (node->is_hung()) node->go_on();
    if (!node->is_running() && chance_.chance(0.5)) node->start();
  }
}

std::vector<std::int64_t> cluster_session::lose(loss how, bool is_leader) {
  cluster_node* node = nullptr;
  while (node == nullptr || node->leads() != is_leader)
    node = is_leader ? leading_node() : some_node();
  pass(chance_.between(0, 250 * ms)); // anywhere between two renewals
  std::vector<std::int64_t> took;
  lost_at_ns_ = queue_.elapsed_ns();
  for (const auto& [shard, at_epoch] : node->open_shards()) awaited_[shard] = &took;
  if (how == loss::killed) kill(*node, -1);
  if (how == loss::hung) node->hang();
  if (how == loss::cut) node->cut(true, true);
  run_until(queue_.elapsed_ns() + 60 * second, [&] { return awaited_.empty(); });
  if (!awaited_.empty()) broken("a lost node's shards did not come back");
  awaited_.clear();
  node->cut(false, false);
  if (how == loss::hung) node->go_on();
  if (how == loss::killed) node->start();
  return took;
}

std::int64_t cluster_session::join_one() {
  nodes_.push_back(
    std::make_unique<cluster_node>(queue_, chance_, database_, *this, spec_.lie, nodes_.size()));
  nodes_.back()->start();
  const auto began = queue_.elapsed_ns();
  return settle(600 * second) ? queue_.elapsed_ns() - began : -1;
}

std::int64_t cluster_session::drain_one() {
  auto* node = some_node();
  node->drain();
  const auto began = queue_.elapsed_ns();
  run_until(began + 600 * second, [&] { return !node->is_running(); });
  return node->is_running() ? -1 : queue_.elapsed_ns() - began;
}

} // namespace rialto::simulation

#include "runtime/cluster/placement.hpp"

#include "storage/shard_map.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace rialto::runtime::cluster {

namespace {

bool has_just_moved(const cluster_rows& rows, const shard_row& row) {
  constexpr std::int64_t second_ns = 1'000'000'000;
  return row.moved_at.value != 0 && rows.database_now().value - row.moved_at.value < second_ns;
}

/// The shards that one set of nodes shares.
struct share {
  role_set role = 0;
  std::vector<const shard_row*> shards;
};

/// What each node that may own a share's shards has or is about to get of them. The least and the most loaded one are at the
/// ends; of equals the older incarnation comes first.
class loads {
public:
  loads(const cluster_rows& rows, const share& mine) {
    for (const auto& node : rows.nodes())
      if (may_own(node, mine.role)) count_.emplace(node.id, 0);
    for (const auto* row : mine.shards) {
      const auto at = count_.find(row->next != nobody ? row->next : row->owner);
      if (at != count_.end()) ++at->second;
    }
    for (const auto& [node, count] : count_) order_.emplace(count, node);
  }
  [[nodiscard]] bool empty() const { return count_.empty(); }
  [[nodiscard]] bool contains(incarnation node) const { return count_.contains(node); }
  [[nodiscard]] incarnation least() const { return order_.begin()->second; }
  [[nodiscard]] incarnation most() const {
    return order_.lower_bound({order_.rbegin()->first, nobody})->second;
  }
  [[nodiscard]] std::int64_t spread() const {
    return order_.rbegin()->first - order_.begin()->first;
  }
  void add(incarnation node, std::int64_t count) {
    const auto at = count_.find(node);
    if (at == count_.end()) return;
    order_.erase({at->second, node});
    at->second += count;
    order_.emplace(at->second, node);
  }

private:
  std::map<incarnation, std::int64_t> count_;
  std::set<std::pair<std::int64_t, incarnation>> order_;
};

/// Plans one share; what it begins to move leaves less for the next one.
class planner {
public:
  planner(const cluster_rows& rows, const placement_options& options, bool has_gap,
          const share& mine, std::int64_t& budget, placement_plan& plan)
      : rows_(rows), options_(options), has_gap_(has_gap), mine_(mine.shards), loads_(rows, mine),
        is_changed_(rows.shards().size()), budget_(budget), plan_(plan) {}

  void run() {
    if (loads_.empty()) return;
    for (const auto* row : mine_)
      if (!rows_.is_alive(row->owner)) assign(*row);
    for (const auto* row : mine_)
      if (row->next != nobody && rows_.is_alive(row->owner)) look_after_move(*row);
    for (const auto* row : mine_)
      if (row->wanted != nobody && !is_changed_[row->shard]) grant(*row);
    for (const auto* row : mine_) {
      if (budget_ <= 0) break;
      if (is_free(*row) && !loads_.contains(row->owner)) begin_move(*row, loads_.least());
    }
    balance();
  }

private:
  shard_change& change(const shard_row& row, change_reason why) {
    is_changed_[row.shard] = true;
    plan_.changes.push_back({row.shard, row.at_epoch, row.next, row.wanted, row.owner, row.at_epoch,
                             row.next, row.wanted, why});
    return plan_.changes.back();
  }
  /// A second move within the second would overwrite the stamp that P3 counts.
  [[nodiscard]] bool is_free(const shard_row& row) const {
    return !is_changed_[row.shard] && row.next == nobody && !has_just_moved(rows_, row) &&
           rows_.is_alive(row.owner);
  }
  void give(const shard_row& row, incarnation to, change_reason why) {
    auto& made = change(row, why);
    made.owner = to;
    made.at_epoch = row.at_epoch + 1;
    made.next = nobody;
  }
  void assign(const shard_row& row) {
    const bool goes_on = loads_.contains(row.next); // and is counted there already
    const auto to = goes_on ? row.next : loads_.least();
    if (!goes_on) loads_.add(to, 1);
    give(row, to, change_reason::assigned);
  }
  void look_after_move(const shard_row& row) {
    if (loads_.contains(row.next)) {
      if (!has_gap_ && rows_.database_now().value - row.changed_at.value >= options_.handover_ns)
        give(row, row.next, change_reason::forced);
      return;
    }
    // The target went away. An owner that may keep the shard keeps it.
    const auto to = loads_.contains(row.owner) ? nobody : loads_.least();
    loads_.add(to == nobody ? row.owner : to, 1);
    change(row, change_reason::redirected).next = to;
  }
  void grant(const shard_row& row) {
    if (!loads_.contains(row.wanted)) {
      plan_.refused.push_back({row.shard, row.wanted});
      change(row, change_reason::redirected).wanted = nobody;
    } else if ((row.next != nobody ? row.next : row.owner) == row.wanted) {
      change(row, change_reason::redirected).wanted = nobody;
    } else if (budget_ > 0 && is_free(row)) {
      begin_move(row, row.wanted);
    }
  }
  void begin_move(const shard_row& row, incarnation to) {
    loads_.add(row.owner, -1);
    loads_.add(to, 1);
    auto& made = change(row, change_reason::moved);
    made.next = to;
    made.wanted = row.wanted == to ? nobody : row.wanted;
    --budget_;
  }
  void balance() {
    while (budget_ > 0 && loads_.spread() > 1) {
      const auto from = loads_.most();
      const shard_row* best = nullptr; // what moved longest ago, so a wish is not undone at once
      for (const auto* row : mine_)
        if (row->owner == from && is_free(*row) && row->wanted == nobody &&
            (best == nullptr || row->moved_at < best->moved_at))
          best = row;
      if (best == nullptr) return; // all that it has is on its way or just came
      begin_move(*best, loads_.least());
    }
  }

  const cluster_rows& rows_;
  const placement_options& options_;
  bool has_gap_;
  const std::vector<const shard_row*>& mine_;
  loads loads_;
  std::vector<bool> is_changed_;
  std::int64_t& budget_;
  placement_plan& plan_;
};

/// One share per role; roles that the same nodes have share one, so that a node's shards are counted together.
std::vector<share> shares_of(const cluster_rows& rows) {
  std::map<std::vector<incarnation>, share> made; // by who may own it
  std::map<role_set, share*> of;
  for (const auto role : {role_users, role_trading, role_market_data}) {
    std::vector<incarnation> able;
    for (const auto& node : rows.nodes())
      if (may_own(node, role)) able.push_back(node.id);
    of[role] = &made.try_emplace(std::move(able), share{role, {}}).first->second;
  }
  for (const auto& row : rows.shards())
    of[role_of(row.shard, rows.shards().size())]->shards.push_back(&row);
  std::vector<share> all;
  for (const auto role : {role_users, role_trading, role_market_data})
    if (of[role]->role == role) all.push_back(*of[role]);
  return all;
}

} // namespace

role_set role_of(shard_id shard, std::size_t shard_count) {
  const auto count = static_cast<shard_id>(shard_count);
  if (storage::is_only_feed(shard, count)) return role_market_data;
  return shard < storage::users_shards(count) ? role_users : role_trading;
}

bool may_own(const node_row& node, role_set role) {
  return node.state == node_state::up && (node.roles & role) != 0;
}

placement_plan plan_placement(const cluster_rows& rows, const placement_options& options,
                              bool has_gap) {
  std::int64_t recent = 0, under_way = 0;
  for (const auto& row : rows.shards()) {
    if (has_just_moved(rows, row)) ++recent;
    if (row.next != nobody) ++under_way;
  }
  auto budget = std::min<std::int64_t>(options.moves_per_second - recent,
                                       options.moves_under_way_max - under_way);
  placement_plan plan;
  for (const auto& mine : shares_of(rows))
    planner(rows, options, has_gap, mine, budget, plan).run();
  std::sort(plan.changes.begin(), plan.changes.end(),
            [](const shard_change& a, const shard_change& b) { return a.shard < b.shard; });
  return plan;
}

} // namespace rialto::runtime::cluster

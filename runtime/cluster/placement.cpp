#include "runtime/cluster/placement.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace rialto::runtime::cluster {

namespace {

/// What each node that may own shards has or is about to get. The least and the most loaded one are at the ends;
/// of equals the older incarnation comes first.
class loads {
public:
  loads(const cluster_rows& rows, const placement_options& options) {
    for (const auto& node : rows.nodes())
      if (may_own(node, options)) count_.emplace(node.id, 0);
    for (const auto& row : rows.shards()) {
      const auto at = count_.find(row.next != nobody ? row.next : row.owner);
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

class planner {
public:
  planner(const cluster_rows& rows, const placement_options& options, bool has_gap)
      : rows_(rows), options_(options), has_gap_(has_gap), loads_(rows, options),
        is_changed_(rows.shards().size()) {
    std::int64_t recent = 0, under_way = 0;
    for (const auto& row : rows.shards()) {
      if (has_just_moved(row)) ++recent;
      if (row.next != nobody) ++under_way;
    }
    budget_ = std::min<std::int64_t>(options.moves_per_second - recent,
                                     options.moves_under_way_max - under_way);
  }

  placement_plan run() {
    if (loads_.empty()) return {};
    for (const auto& row : rows_.shards())
      if (!rows_.is_alive(row.owner)) assign(row);
    for (const auto& row : rows_.shards())
      if (row.next != nobody && rows_.is_alive(row.owner)) look_after_move(row);
    for (const auto& row : rows_.shards())
      if (row.wanted != nobody && !is_changed_[row.shard]) grant(row);
    for (const auto& row : rows_.shards()) {
      if (budget_ <= 0) break;
      if (is_free(row) && !loads_.contains(row.owner)) begin_move(row, loads_.least());
    }
    balance();
    std::sort(plan_.changes.begin(), plan_.changes.end(),
              [](const shard_change& a, const shard_change& b) { return a.shard < b.shard; });
    return std::move(plan_);
  }

private:
  static constexpr std::int64_t second_ns = 1'000'000'000;

  shard_change& change(const shard_row& row, change_reason why) {
    is_changed_[row.shard] = true;
    plan_.changes.push_back({row.shard, row.at_epoch, row.next, row.wanted, row.owner, row.at_epoch,
                             row.next, row.wanted, why});
    return plan_.changes.back();
  }
  [[nodiscard]] bool has_just_moved(const shard_row& row) const {
    return row.moved_at.value != 0 && rows_.database_now().value - row.moved_at.value < second_ns;
  }
  /// A second move within the second would overwrite the stamp that P3 counts.
  [[nodiscard]] bool is_free(const shard_row& row) const {
    return !is_changed_[row.shard] && row.next == nobody && !has_just_moved(row) &&
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
      for (const auto& row : rows_.shards())
        if (row.owner == from && is_free(row) && row.wanted == nobody &&
            (best == nullptr || row.moved_at < best->moved_at))
          best = &row;
      if (best == nullptr) return; // all that it has is on its way or just came
      begin_move(*best, loads_.least());
    }
  }

  const cluster_rows& rows_;
  const placement_options& options_;
  bool has_gap_;
  loads loads_;
  std::vector<bool> is_changed_;
  std::int64_t budget_ = 0;
  placement_plan plan_;
};

} // namespace

bool may_own(const node_row& node, const placement_options& options) {
  return node.state == node_state::up && (node.roles & options.role) != 0;
}

placement_plan plan_placement(const cluster_rows& rows, const placement_options& options,
                              bool has_gap) {
  return planner(rows, options, has_gap).run();
}

} // namespace rialto::runtime::cluster

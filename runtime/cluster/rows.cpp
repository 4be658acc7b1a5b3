#include "runtime/cluster/rows.hpp"

#include <algorithm>

namespace rialto::runtime::cluster {

std::span<const shard_id> cluster_rows::apply(const rows_read& read) {
  changed_.clear();
  nodes_ = read.nodes;
  std::sort(nodes_.begin(), nodes_.end(),
            [](const node_row& a, const node_row& b) { return a.id < b.id; });
  database_now_ = read.database_now;
  leader_ = read.leader;
  if (read.version < version_) return changed_;
  version_ = read.version;
  for (const auto& row : read.changed_shards) {
    if (row.shard >= shards_.size()) {
      const auto known = shards_.size();
      shards_.resize(row.shard + 1);
      for (auto i = known; i < shards_.size(); ++i) shards_[i].shard = static_cast<shard_id>(i);
    }
    auto& mine = shards_[row.shard];
    if (row.at_epoch < mine.at_epoch || row == mine) continue;
    mine = row;
    changed_.push_back(row.shard);
  }
  return changed_;
}

const node_row* cluster_rows::find(incarnation id) const {
  const auto at = std::lower_bound(nodes_.begin(), nodes_.end(), id,
                                   [](const node_row& row, incarnation of) { return row.id < of; });
  return at == nodes_.end() || at->id != id ? nullptr : &*at;
}

bool cluster_rows::is_alive(incarnation id) const {
  const auto* row = find(id);
  return row != nullptr && row->state != node_state::gone;
}

} // namespace rialto::runtime::cluster

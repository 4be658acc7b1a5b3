#include "tests/simulation/cluster/cluster_database.hpp"

#include <algorithm>

namespace rialto::simulation {

cluster_database::cluster_database(event_queue& queue, std::uint32_t shards,
                                   placement_options options, complaint broken)
    : queue_(queue), options_(options), broken_(std::move(broken)), started_(queue.now()),
      shards_(shards), version_of_(shards, 0), journal_(shards) {
  for (std::uint32_t i = 0; i < shards; ++i) {
    shards_[i].shard = i;
    version_of_[i] = ++version_;
    by_version_[version_] = i;
  }
}

void cluster_database::stop() {
  is_up_ = false;
  sessions_.clear();
  lock_holder_ = 0;
}

void cluster_database::start() {
  is_up_ = true;
  started_ = clock();
}

cluster_database::session cluster_database::connect(incarnation who, session former) {
  close(former);
  sessions_[++last_session_] = who;
  return last_session_;
}

void cluster_database::close(session which) {
  sessions_.erase(which);
  if (which != 0 && lock_holder_ == which) lock_holder_ = 0;
}

node_row* cluster_database::find(incarnation who) {
  for (auto& [name, row] : nodes_)
    if (row.id == who) return &row;
  return nullptr;
}

bool cluster_database::is_gone(incarnation who) const {
  return std::none_of(nodes_.begin(), nodes_.end(), [&](const auto& one) {
    return one.second.id == who && one.second.state != node_state::gone;
  });
}

incarnation cluster_database::leader() const {
  const auto at = sessions_.find(lock_holder_);
  return at == sessions_.end() ? nobody : at->second;
}

incarnation cluster_database::join(session by, const std::string& name, role_set roles) {
  ++counts_.statements;
  ++counts_.rows_written;
  auto& row = nodes_[name];
  row = {.id = ++last_incarnation_, .name = name, .address = name, .roles = roles};
  row.renewed_at = clock();
  renewed_truly_[row.id] = queue_.now();
  sessions_[by] = row.id;
  return row.id;
}

void cluster_database::leave(incarnation who) {
  ++counts_.statements;
  if (auto* row = find(who)) row->state = node_state::gone;
}

rows_read cluster_database::renew(incarnation me, node_state declared, std::uint64_t since) {
  ++counts_.statements;
  rows_read read;
  if (auto* row = find(me); row != nullptr && row->state != node_state::gone) {
    ++counts_.rows_written;
    row->renewed_at = clock();
    ++row->renewal;
    row->state = declared;
    renewed_truly_[me] = queue_.now();
    read.is_renewed = true;
  }
  read.database_now = clock();
  read.database_started = started_;
  read.leader = leader();
  read.version = version_;
  for (const auto& [name, row] : nodes_) read.nodes.push_back(row);
  for (auto at = by_version_.upper_bound(since); at != by_version_.end(); ++at)
    read.changed_shards.push_back(shards_[at->second]);
  counts_.rows_read += read.nodes.size() + read.changed_shards.size();
  return read;
}

bool cluster_database::try_lock(session by) {
  ++counts_.statements;
  if (lock_holder_ == 0) lock_holder_ = by;
  return lock_holder_ == by;
}

void cluster_database::unlock(session by) {
  ++counts_.statements;
  if (lock_holder_ == by) lock_holder_ = 0;
}

void cluster_database::end_holder(const expired_node& holder) {
  ++counts_.statements;
  const auto* row = find(holder.who);
  if (leader() != holder.who) return;
  if (row != nullptr && row->state != node_state::gone && row->renewal != holder.renewal) return;
  ++counts_.ended_holders;
  close(lock_holder_);
}

void cluster_database::write(session by, const write_deaths& what) {
  ++counts_.statements;
  if (by != lock_holder_) {
    ++counts_.late_writes;
    return;
  }
  for (const auto& dead : what.gone) {
    auto* row = find(dead.who);
    if (row == nullptr || row->state == node_state::gone || row->renewal != dead.renewal) {
      ++counts_.deaths_refused;
      continue;
    }
    const auto silent = queue_.now().value - renewed_truly_[dead.who].value;
    const membership_times times;
    if (silent < times.reads_ns ||
        (!closed_.contains(dead.who) && silent < times.lease_ns - times.jump_ns))
      broken_("node " + row->name + " was declared gone " + std::to_string(silent / 1'000'000) +
              " ms after it renewed");
    row->state = node_state::gone;
    ++counts_.deaths;
    ++counts_.rows_written;
  }
}

void cluster_database::write(session by, const write_changes& what) {
  ++counts_.statements;
  if (by != lock_holder_) {
    ++counts_.late_writes;
    return;
  }
  for (const auto& made : what.changes) {
    auto& row = shards_[made.shard];
    if (row.at_epoch != made.seen_epoch || row.next != made.seen_next ||
        row.wanted != made.seen_wanted) {
      ++counts_.changes_refused;
      continue;
    }
    const auto before = row;
    row.owner = made.owner;
    row.at_epoch = made.at_epoch;
    row.next = made.next;
    row.wanted = made.wanted;
    row.changed_at = clock();
    if (made.why == change_reason::moved) {
      row.moved_at = clock();
      count_move();
    }
    changed(row, before);
  }
}

void cluster_database::count_move() {
  ++counts_.moves;
  std::erase_if(recent_moves_,
                [&](timestamp_ns at) { return at.value <= clock().value - 1'000'000'000; });
  recent_moves_.push_back(clock());
  if (recent_moves_.size() > options_.moves_per_second)
    broken_(std::to_string(recent_moves_.size()) + " moves began within a second");
}

void cluster_database::pass(incarnation me, const pass_on& what) {
  ++counts_.statements;
  auto& row = shards_[what.shard];
  if (row.owner != me || row.at_epoch != what.seen_epoch || row.next != what.seen_next) {
    ++counts_.changes_refused;
    return;
  }
  const auto before = row;
  row.owner = what.to;
  row.at_epoch = what.to_epoch;
  row.next = nobody;
  row.changed_at = clock();
  changed(row, before);
}

void cluster_database::wish(shard_id shard, incarnation to) {
  auto& row = shards_[shard];
  const auto before = row;
  row.wanted = to;
  changed(row, before);
}

void cluster_database::changed(shard_row& row, const shard_row& before) {
  ++counts_.rows_written;
  by_version_.erase(version_of_[row.shard]);
  by_version_[version_of_[row.shard] = ++version_] = row.shard;
  if (row.at_epoch < before.at_epoch ||
      (row.owner != before.owner && row.at_epoch == before.at_epoch))
    broken_("shard " + std::to_string(row.shard) + " changed its owner at epoch " +
            std::to_string(row.at_epoch) + " behind " + std::to_string(before.at_epoch));
  const auto [at, is_new] = owner_of_epoch_.try_emplace({row.shard, row.at_epoch}, row.owner);
  if (at->second != row.owner)
    broken_("shard " + std::to_string(row.shard) + " has two owners of epoch " +
            std::to_string(row.at_epoch));
}

storage::epoch cluster_database::take_over(incarnation me, shard_id shard, storage::epoch to) {
  ++counts_.statements;
  auto& head = journal_[shard];
  const bool is_mine = head.at_epoch == to && head.owner == me;
  if (head.at_epoch >= to && !is_mine) {
    ++counts_.takeovers_refused;
    return head.at_epoch;
  }
  if (owner_of_epoch_[{shard, to}] != me)
    broken_("shard " + std::to_string(shard) + " was taken over at epoch " + std::to_string(to) +
            " by one whom no row ever named");
  head = {to, me};
  ++counts_.rows_written;
  return 0;
}

std::uint64_t cluster_database::epoch_sum() const {
  std::uint64_t sum = 0;
  for (const auto& head : journal_) sum += head.at_epoch;
  return sum;
}

} // namespace rialto::simulation

#include "runtime/cluster/shard_duty.hpp"

#include <algorithm>

namespace rialto::runtime::cluster {

void shard_duty::step(const duty_input& input, timestamp_ns now, std::vector<duty_output>& out) {
  if (const auto* joined = std::get_if<node_joined>(&input)) {
    drop_all(out);
    me_ = joined->me;
    is_all_new_ = true;
  } else if (const auto* lease = std::get_if<lease_changed>(&input)) {
    has_lease_ = lease->to == own_lease::confirmed;
    is_all_new_ = is_all_new_ || has_lease_;
    if (lease->to == own_lease::lost || lease->to == own_lease::none) drop_all(out);
  } else if (const auto* rows = std::get_if<rows_changed>(&input)) {
    look(*rows, now, out);
  } else if (const auto* opened = std::get_if<shard_opened>(&input)) {
    if (auto* mine = find(opened->shard, opened->turn, phase::opening)) {
      mine->is = phase::serving;
      mine->is_open = true;
      mine->is_just_open = true; // what the row said meanwhile was left for now
      mine->failures = 0;
    }
  } else if (const auto* failed = std::get_if<shard_open_failed>(&input)) {
    if (auto* mine = find(failed->shard, failed->turn, phase::opening)) {
      const bool is_stale = failed->journal_epoch > 0;
      auto wait = times_.retry_ns;
      for (std::uint32_t i = 0; i < mine->failures && wait < times_.retry_max_ns; ++i) wait *= 2;
      ++mine->failures;
      mine->is = is_stale ? phase::stale : phase::resting;
      mine->journal_epoch = failed->journal_epoch;
      mine->since = {is_stale ? now.value : now.value + std::min(wait, times_.retry_max_ns)};
    }
  } else if (const auto* drained = std::get_if<shard_drained>(&input)) {
    if (auto* mine = find(drained->shard, drained->turn, phase::stopping))
      mine->is = phase::drained;
  } else if (const auto* ended = std::get_if<pass_on_ended>(&input)) {
    if (auto* mine = find(ended->shard, ended->turn, phase::passing)) {
      mine->is = phase::passed;
      mine->since = now;
    }
  } else if (const auto* fenced = std::get_if<shard_fenced>(&input)) {
    const auto at = copies_.find(fenced->shard);
    if (at == copies_.end() || at->second.at_epoch != fenced->at_epoch || !at->second.is_open)
      return;
    out.push_back(drop_shard{fenced->shard});
    at->second.is_open = false;
    at->second.is = phase::stale;
    at->second.journal_epoch = fenced->journal_epoch;
    at->second.since = now;
  }
}

shard_duty::copy* shard_duty::find(shard_id shard, turn_number turn, phase expected) {
  const auto at = copies_.find(shard);
  if (at == copies_.end() || at->second.turn != turn || at->second.is != expected) return nullptr;
  return &at->second;
}

void shard_duty::look(const rows_changed& in, timestamp_ns now, std::vector<duty_output>& out) {
  const auto& shards = in.rows.shards();
  if (is_all_new_) {
    is_all_new_ = !has_lease_;
    for (const auto& row : shards) look_at(row, in.sent, now, out);
    return;
  }
  for (const auto shard : in.changed) look_at(shards[shard], in.sent, now, out);
  std::vector<shard_id> unsettled;
  for (const auto& [shard, mine] : copies_)
    if (mine.is != phase::serving || mine.is_just_open) unsettled.push_back(shard);
  for (const auto shard : unsettled) look_at(shards[shard], in.sent, now, out);
}

void shard_duty::look_at(const shard_row& row, timestamp_ns sent, timestamp_ns now,
                         std::vector<duty_output>& out) {
  const bool is_mine = me_ != nobody && row.owner == me_;
  auto at = copies_.find(row.shard);
  if (at != copies_.end() && (!is_mine || at->second.at_epoch != row.at_epoch)) {
    out.push_back(drop_shard{row.shard});
    copies_.erase(at);
    at = copies_.end();
  }
  if (!is_mine) return;
  if (at == copies_.end()) {
    if (!has_lease_) return;
    at = copies_.emplace(row.shard, copy{}).first;
    at->second.at_epoch = row.at_epoch;
    at->second.is = phase::drained; // nothing is open, so nothing holds it
  }
  advance(at->second, row, sent, now, out);
}

void shard_duty::advance(copy& mine, const shard_row& row, timestamp_ns sent, timestamp_ns now,
                         std::vector<duty_output>& out) {
  const auto to = row.next == me_ ? nobody : row.next;
  if (mine.is == phase::passed && sent >= mine.since) mine.is = phase::drained;
  switch (mine.is) {
  case phase::opening:
  case phase::passing:
  case phase::passed: return;
  case phase::serving:
    mine.is_just_open = false;
    if (to == nobody) return;
    mine.is = phase::stopping;
    mine.turn = ++last_turn_;
    out.push_back(stop_shard{row.shard, mine.turn});
    return;
  case phase::resting:
    if (to != nobody)
      pass(mine, row, to, row.at_epoch + 1, out);
    else if (has_lease_ && now >= mine.since)
      open(mine, row.shard, out);
    return;
  case phase::stale:
    if (sent >= mine.since)
      pass(mine, row, to == nobody ? me_ : to, std::max(row.at_epoch, mine.journal_epoch) + 1, out);
    return;
  case phase::stopping:
  case phase::drained:
    if (to != nobody) {
      if (mine.is == phase::drained) pass(mine, row, to, row.at_epoch + 1, out);
    } else if (mine.is_open) {
      mine.is = phase::serving;
      mine.turn = ++last_turn_;
      out.push_back(resume_shard{row.shard, mine.turn});
    } else if (has_lease_) {
      open(mine, row.shard, out);
    }
    return;
  }
}

void shard_duty::open(copy& mine, shard_id shard, std::vector<duty_output>& out) {
  mine.is = phase::opening;
  mine.turn = ++last_turn_;
  out.push_back(open_shard{shard, mine.at_epoch, mine.turn});
}

void shard_duty::pass(copy& mine, const shard_row& row, incarnation to, storage::epoch to_epoch,
                      std::vector<duty_output>& out) {
  mine.is = phase::passing;
  mine.turn = ++last_turn_;
  out.push_back(pass_on{row.shard, mine.turn, row.at_epoch, row.next, to, to_epoch});
}

void shard_duty::drop_all(std::vector<duty_output>& out) {
  for (const auto& [shard, mine] : copies_) out.push_back(drop_shard{shard});
  copies_.clear();
}

shard_route shard_duty::where(const cluster_rows& rows, shard_id shard) const {
  if (shard >= rows.shards().size()) return {};
  const auto& row = rows.shards()[shard];
  const auto at = copies_.find(shard);
  const bool is_here = at != copies_.end() && at->second.is == phase::serving &&
                       at->second.at_epoch == row.at_epoch && row.owner == me_;
  return {row.owner, row.at_epoch, row.next != nobody, is_here};
}

bool shard_duty::owns_nothing(const cluster_rows& rows) const {
  return copies_.empty() &&
         std::none_of(rows.shards().begin(), rows.shards().end(), [&](const shard_row& row) {
           return me_ != nobody && (row.owner == me_ || row.next == me_);
         });
}

std::size_t shard_duty::serving() const {
  return static_cast<std::size_t>(
    std::count_if(copies_.begin(), copies_.end(),
                  [](const auto& one) { return one.second.is == phase::serving; }));
}

} // namespace rialto::runtime::cluster

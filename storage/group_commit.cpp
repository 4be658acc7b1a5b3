#include "storage/group_commit.hpp"

#include "domain/assert.hpp"
#include "storage/record.hpp"

#include <algorithm>
#include <chrono>

namespace rialto::storage {

namespace {

bool is_barrier(const submission& one) {
  return one.batch.rows.empty() && one.batch.claims.empty();
}

std::size_t bytes_of(const submission& one) {
  std::size_t bytes = 0;
  for (const auto& row : one.batch.rows) bytes += row.blob.size();
  return bytes;
}

} // namespace

void group_commit::commit_next(std::deque<submission>& waiting, std::vector<notice>& out) {
  RIALTO_ASSERT(!waiting.empty());
  if (has_failed_) {
    for (; !waiting.empty(); waiting.pop_front()) note(out, waiting.front(), append_result::failed);
    return;
  }
  if (is_barrier(waiting.front())) { // everything before it is decided
    for (; !waiting.empty() && is_barrier(waiting.front()); waiting.pop_front())
      note(out, waiting.front(), append_result::accepted);
    return;
  }
  take_group(waiting);
  const auto batch = batch_of_group();
  const auto outcome = append(batch);
  if (outcome.result == append_result::accepted) {
    ++statistics_.commits;
    statistics_.rows += batch.rows.size();
    for (const auto& row : batch.rows) {
      heads_[row.shard].last = row.predecessor + 1;
      statistics_.bytes += row.blob.size();
    }
  } else if (outcome.result != append_result::claim_taken) {
    has_failed_ = true;
    failure_ = outcome.detail;
  }
  for (auto& one : group_) note(out, one, outcome.result);
  group_.clear();
}

void group_commit::take_group(std::deque<submission>& waiting) {
  group_epochs_.clear();
  group_bytes_ = 0;
  do {
    auto& one = waiting.front();
    for (const auto& row : one.batch.rows) group_epochs_[row.shard] = row.at_epoch;
    group_bytes_ += bytes_of(one);
    group_.push_back(std::move(one));
    waiting.pop_front();
    if (!group_.front().batch.claims.empty()) return; // L4
  } while (!waiting.empty() && joins(waiting.front()));
}

bool group_commit::joins(const submission& one) const {
  if (!one.batch.claims.empty()) return false;
  if (group_bytes_ + bytes_of(one) > group_bytes_max) return false;
  return std::all_of(one.batch.rows.begin(), one.batch.rows.end(), [this](const auto& row) {
    const auto at = group_epochs_.find(row.shard);
    return at == group_epochs_.end() || at->second == row.at_epoch; // else the journal must judge
  });
}

/// One row per shard, behind that shard's head.
journal_batch group_commit::batch_of_group() {
  journal_batch batch;
  const auto with_rows =
    std::count_if(group_.begin(), group_.end(), [](const auto& one) { return !is_barrier(one); });
  if (with_rows == 1) { // nothing to merge; it is the front, for a leading barrier is no group
    auto& only = group_.front().batch;
    for (auto& row : only.rows)
      batch.rows.push_back({row.shard, row.at_epoch, 0, std::move(row.blob)});
    batch.claims = std::move(only.claims);
  } else {
    for (const auto& [shard, at_epoch] : group_epochs_) {
      blob_writer merged;
      for (const auto& one : group_)
        for (const auto& row : one.batch.rows)
          if (row.shard == shard) merged.add_blob(row.blob);
      batch.rows.push_back({shard, at_epoch, 0, merged.finish()});
    }
  }
  for (auto& row : batch.rows) row.predecessor = heads_[row.shard].last;
  return batch;
}

append_outcome group_commit::append(const journal_batch& batch) {
  const auto begun = std::chrono::steady_clock::now();
  append_outcome outcome;
  try {
    outcome = store_.append(batch);
  } catch (const std::exception& problem) { // out of memory, say: nobody knows how far it came
    outcome = {append_result::unknown, problem.what()};
  }
  const auto elapsed = static_cast<std::uint64_t>(
    std::chrono::nanoseconds(std::chrono::steady_clock::now() - begun).count());
  statistics_.commit_ns_last = elapsed;
  statistics_.commit_ns_max = std::max(statistics_.commit_ns_max, elapsed);
  statistics_.commit_ns_total += elapsed;
  return outcome;
}

void group_commit::note(std::vector<notice>& out, submission& one, append_result result) {
  ++statistics_.submissions;
  auto& made = out.emplace_back();
  made.result = result;
  made.waiting = std::move(one.waiting);
  if (result != append_result::accepted) return;
  for (const auto& row : one.batch.rows) made.rows.emplace_back(row.shard, heads_[row.shard].last);
}

const std::map<shard_id, journal_head>& group_commit::restart() {
  auto found = store_.heads();
  for (const auto& [shard, known] : heads_) {
    const auto at = found.find(shard);
    const auto last = at == found.end() ? 0 : at->second.last;
    if (last < known.last)
      throw journal_behind("shard " + std::to_string(shard) + " ends at row " +
                           std::to_string(last) + " of the journal, row " +
                           std::to_string(known.last) +
                           " was acknowledged: an old copy of the journal was put back, or a "
                           "standby that lagged took over");
  }
  heads_ = std::move(found);
  has_failed_ = false;
  return heads_;
}

} // namespace rialto::storage

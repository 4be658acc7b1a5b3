#include "actors/journal_merge.hpp"

#include <algorithm>

namespace rialto::actors {

/// Makes sure that there is a next record; false behind the last row.
bool journal_merge::fill(shard_rows& one) {
  while (one.next == one.records.size()) {
    const auto row = one.rows();
    if (!row) return false;
    one.at = row->at;
    one.records = judge_.open(one.shard, row->at, row->blob);
    one.next = 0;
  }
  return true;
}

void journal_merge::take_next(shard_rows& one) {
  judge_.take(one.shard, one.at, one.records[one.next++]);
}

/// A turn ends with the row, so the shards stay about as near in time as they were.
void journal_merge::run() {
  for (;;) {
    std::erase_if(waiting_, [&](shard_rows& one) { return !fill(one); });
    if (waiting_.empty()) return;
    bool has_gone = false;
    for (auto& one : waiting_)
      while (one.next < one.records.size() && judge_.is_cause_known(one.records[one.next])) {
        take_next(one);
        has_gone = true;
      }
    if (has_gone) continue;
    const auto oldest = std::min_element(
      waiting_.begin(), waiting_.end(), [](const shard_rows& left, const shard_rows& right) {
        return left.records[left.next].at < right.records[right.next].at;
      });
    take_next(*oldest);
  }
}

} // namespace rialto::actors

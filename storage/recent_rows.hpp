// storage/recent_rows.hpp: the newest rows of a journal, kept in memory for who follows it.
//
// The room: inside an engine. Holds only rows that are durable, without gap up to the head; at most `bytes_max` of blobs, the oldest go. Whoever
// reads behind it asks the engine's table. Thread-safe.
#pragma once

#include "storage/journal.hpp"

#include <deque>
#include <mutex>

namespace rialto::storage {

class recent_rows {
public:
  using blob = std::shared_ptr<const std::string>;

  explicit recent_rows(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// The shard's next row, durable.
  void add(shard_id shard, position at, std::string_view bytes) {
    if (bytes_max_ == 0) return;
    auto made = std::make_shared<const std::string>(bytes);
    const std::lock_guard hold(lock_);
    auto& one = shards_[shard];
    if (at != one.first + one.rows.size()) {
      bytes_ -= one.bytes;
      one = {at, 0, {}};
    }
    one.bytes += made->size();
    bytes_ += made->size();
    one.rows.push_back(std::move(made));
    for (; bytes_ > bytes_max_ && one.rows.size() > 1; ++one.first) {
      one.bytes -= one.rows.front()->size();
      bytes_ -= one.rows.front()->size();
      one.rows.pop_front();
    }
  }
  /// The rows are not what the table holds any more, or nobody knows.
  void clear() {
    const std::lock_guard hold(lock_);
    shards_.clear();
    bytes_ = 0;
  }
  /// Puts rows from `first` on into `out`, at most `rows_max`. False: that row is not among them (or not written yet).
  [[nodiscard]] bool get(shard_id shard, position first, std::size_t rows_max,
                         std::vector<blob>& out) const {
    out.clear();
    const std::lock_guard hold(lock_);
    const auto at = shards_.find(shard);
    if (at == shards_.end() || first < at->second.first) return false;
    const auto& rows = at->second.rows;
    for (auto i = first - at->second.first; i < rows.size() && out.size() < rows_max; ++i)
      out.push_back(rows[i]);
    return !out.empty();
  }

private:
  struct shard_rows {
    position first = 0; // of rows.front()
    std::size_t bytes = 0;
    std::deque<blob> rows;
  };
  const std::size_t bytes_max_;
  mutable std::mutex lock_;
  std::map<shard_id, shard_rows> shards_;
  std::size_t bytes_ = 0;
};

} // namespace rialto::storage

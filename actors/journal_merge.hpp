// actors/journal_merge.hpp: a journal's shards in one order that keeps causes before what they cause.
// No CAF.
//
// The room: between the rows of each shard, in their order, and the judge (journal_checker.hpp). No
// table says how the rows of several shards lay in time. And one commit writes to several shards records
// that cause each other back and forth, so no order of whole rows would do: the merge is per record.
//   M1  a record goes when the records before it in its shard and the one that sent the message it takes
//       have gone; any such order is as good as another, for all that entities know of each other
//       are messages
//   M2  if no shard can go on, a cause is missing: the oldest record that waits goes all the same, and
//       the judge says what is wrong with it
//   M3  per shard one row is decoded
#pragma once

#include "actors/journal_checker.hpp"

#include <functional>
#include <optional>

namespace rialto::actors {

struct merged_row {
  storage::position at = 0;
  std::string_view blob; // until the next one of the same shard is asked for
};

class journal_merge {
public:
  /// The next row of a shard; empty behind the last one.
  using next_row = std::function<std::optional<merged_row>()>;

  explicit journal_merge(journal_checker& judge) : judge_(judge) {}

  void add(storage::shard_id shard, next_row rows) {
    waiting_.push_back({shard, std::move(rows), 0, {}, 0});
  }
  /// Hands all rows of all shards to the judge. What a source throws goes through.
  void run();

private:
  struct shard_rows {
    storage::shard_id shard = 0;
    next_row rows;
    storage::position at = 0;
    std::vector<storage::record> records; // of that row
    std::size_t next = 0;                 // of these
  };
  [[nodiscard]] bool fill(shard_rows& one);
  void take_next(shard_rows& one);

  journal_checker& judge_;
  std::vector<shard_rows> waiting_; // shards that have not come to their end
};

} // namespace rialto::actors

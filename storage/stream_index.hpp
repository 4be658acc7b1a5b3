// storage/stream_index.hpp: which rows of a shard hold records of which entity, in memory.
//
// The room: it lets one entity be recovered without reading the journal. Kept by the shard's owner
// as its commits become durable, saved as a checkpoint, completed from the journal's tail at start
// and after a commit of unknown fate. One owner, not thread-safe.
//   I1  every record in a row up to covers() is indexed, or older than its entity's snapshot
//   I2  an entity once noted stays known, with or without positions
// Memory: about 100 bytes an entity and 1 to 3 bytes a position; forget_before() bounds the latter.
#pragma once

#include "storage/journal.hpp"

#include <unordered_map>

namespace rialto::storage {

/// The streams of consecutive rows, read on any thread, taken in by the index's owner.
struct index_tail {
  position first = 0, last = 0; // last < first: no rows
  std::vector<std::pair<entity_id, position>> notes;
};
/// Rows from `first` to the end, at most `rows_max`. Throws journal_error on a damaged row.
[[nodiscard]] index_tail read_index_tail(journal& store, shard_id shard, position first,
                                         std::size_t rows_max = 100'000);

class stream_index {
public:
  /// The row `at` holds records of `id`. Positions of an entity rise; a known one changes nothing.
  void note(entity_id id, position at);
  /// Every stream of the durable row `at` has been noted (a row may be without any).
  void note_row(position at) {
    if (at == covers_ + 1) covers_ = at;
  }
  void take(const index_tail& tail);
  /// Rows before `first_kept` are no longer needed to recover the entity: a snapshot has them.
  void forget_before(entity_id id, position first_kept);

  [[nodiscard]] bool contains(entity_id id) const { return entries_.contains(id); }
  /// Rising; empty if there are none or the entity is unknown.
  [[nodiscard]] std::vector<position> positions_of(entity_id id) const;
  /// The newest of them, forgotten or not; 0: none.
  [[nodiscard]] position last_position_of(entity_id id) const {
    const auto at = entries_.find(id);
    return at == entries_.end() ? 0 : at->second.last;
  }
  [[nodiscard]] std::vector<entity_id> entities() const; // ascending
  [[nodiscard]] position covers() const { return covers_; }
  /// The first row that is needed to recover an entity; 0: none is. first_needed(): of all of them,
  /// and never behind covers(), for of later rows nothing is known.
  [[nodiscard]] position first_of(entity_id id) const;
  [[nodiscard]] position first_needed() const;
  /// At most `count_max` entities that need a row before `row`; which ones is nobody's business.
  [[nodiscard]] std::vector<entity_id> needing_before(position row, std::size_t count_max) const;

  [[nodiscard]] std::string encode() const;
  /// Empty if damaged or of another version.
  [[nodiscard]] static std::optional<stream_index> decode(std::string_view bytes);

private:
  /// Positions as differences from one to the next, 7 bits a byte, the first one from `before`.
  struct entry {
    position before = 0, last = 0;
    std::string differences;
    [[nodiscard]] position first() const; // 0: none
  };
  std::unordered_map<entity_id, entry> entries_; // walked only to be sorted
  position covers_ = 0;
};

/// The saved index, or an empty one, completed from the journal. One that knows rows which the journal has lost (a standby that lagged took
/// over) is replaced there and then. Throws journal_error.
[[nodiscard]] stream_index load_stream_index(journal& store, shard_id shard);
/// What was saved last, as it is; empty if there is nothing sound. From any thread. It may lag behind:
/// then rows that are covered by now look needed, never the other way round.
[[nodiscard]] std::optional<stream_index> load_saved_index(journal& store, shard_id shard);
/// Saves it as checkpoint "stream_index/SHARD". Throws journal_error.
void save_stream_index(journal& store, shard_id shard, const stream_index& index);

} // namespace rialto::storage

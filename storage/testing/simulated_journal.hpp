// storage/testing/simulated_journal.hpp: a journal in memory with a disk that can forget, for
// simulations and tests of what stands on a journal.
//
// The room: the rules of storage/journal.hpp over maps, and faults by plan. Deterministic: no file,
// no clock, no thread of its own (calls may come from several; one mutex).
//   T1  what was acknowledged survives crash(); snapshots and checkpoints survive it from the next
//       synced call on (append, draw_ids, take_over, heads), as in sqlite_journal
//   T2  a row of unknown fate is either never seen or there from the next heads() on; a crash()
//       before that decides as the fault said
#pragma once

#include "storage/journal.hpp"

#include <mutex>

namespace rialto::storage {

enum class journal_fault : std::uint8_t { none, failed, stale, unknown_written, unknown_lost };

/// What happens to the n-th append (from 1), counted over the journal's life.
struct journal_fault_plan {
  std::map<std::uint64_t, journal_fault> at_append;
  /// A fault on about `per_mille` of the first `appends`, chosen by the seed.
  [[nodiscard]] static journal_fault_plan from_seed(std::uint64_t seed, std::uint64_t appends,
                                                    std::uint32_t per_mille);
};

class simulated_journal final : public journal {
public:
  simulated_journal() = default;
  explicit simulated_journal(journal_fault_plan plan) : plan_(std::move(plan)) {}

  /// The process or machine dies and starts again: what was not synced is gone.
  void crash();
  /// Every call fails until set to false (a disk that went away): append says `failed`, all others
  /// throw.
  void set_broken(bool broken);
  [[nodiscard]] std::uint64_t appends() const;

  [[nodiscard]] append_outcome append(const journal_batch& batch) override;
  [[nodiscard]] std::map<shard_id, journal_head> heads() override;
  [[nodiscard]] journal_head take_over(shard_id shard) override;
  void read(shard_id shard, position first,
            const std::function<bool(position, std::string_view blob)>& row) override;
  [[nodiscard]] std::optional<entity_id> find_claim(std::string_view key) override;
  void save_snapshot(const snapshot& made) override;
  [[nodiscard]] std::optional<snapshot> load_snapshot(entity_id entity) override;
  [[nodiscard]] std::map<entity_id, timestamp_ns> wake_times() override;
  void save_checkpoint(std::string_view name, std::string_view bytes) override;
  [[nodiscard]] std::optional<std::string> load_checkpoint(std::string_view name) override;
  [[nodiscard]] std::uint64_t draw_ids(std::string_view sequence, std::uint64_t count) override;
  bool checkpoint_log() override;

private:
  /// A map whose changes since the last sync can be taken back.
  template <class Key, class Value>
  struct synced_map {
    std::map<Key, Value, std::less<>> now;
    std::map<Key, std::optional<Value>> former; // of what changed since the last sync
    void put(const Key& key, Value value);
    void forget_unsynced();
  };
  struct shard_rows {
    epoch at_epoch = 0;
    std::vector<std::string> blobs; // position p is blobs[p - 1]
  };

  void check_disk() const;
  void sync();
  void write(const journal_batch& batch);

  mutable std::mutex lock_;
  journal_fault_plan plan_;
  std::uint64_t appends_ = 0;
  bool is_broken_ = false, session_over_ = false;
  std::map<shard_id, shard_rows> shards_;
  std::map<std::string, entity_id, std::less<>> claims_;
  std::map<std::string, std::uint64_t, std::less<>> sequences_;
  std::optional<journal_batch> undecided_; // written, not yet seen
  synced_map<entity_id, snapshot> snapshots_;
  synced_map<std::string, std::string> checkpoints_;
};

} // namespace rialto::storage
